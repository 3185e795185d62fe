/* app/cashier/money.h: money and points as people write them.
 *
 * Units    minor units; exponent is ISO 4217's, 0..4.
 * Memory   texts go into the caller's buffer and are cut to it, always terminated.
 * Threads  pure. */
#ifndef TALLY_CASHIER_MONEY_H
#define TALLY_CASHIER_MONEY_H

#include "app/core/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MONEY_TEXT_MAX = 48,        /* any int64 with separators, point and currency */
    MONEY_TYPED_DIGITS_MAX = 12 /* of an amount typed at the till */
};

/* 1234567 -> "1,234,567". */
void money_points_text(int64_t points, char text[MONEY_TEXT_MAX]);

/* 1234550 with exponent 2 -> "12,345.50". */
void money_number_text(int64_t minor, uint32_t exponent, char text[MONEY_TEXT_MAX]);

/* The same with the currency as its people write it: a sign where there is one, else the code:
 * "¥12,345.50", "CHF 12,345.50", "-€3.00". */
void money_text(int64_t minor, uint32_t exponent, const char *currency, char text[MONEY_TEXT_MAX]);

/* "128.50", "128.5" or "128" into minor units; no sign, no separators, not more decimals than the
 * currency has.
 *   TALLY_OK, TALLY_E_INVALID, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status money_parse(const char *text, uint32_t exponent,
                                             int64_t *ret_minor);

/* "1200" into a whole number of 0 or more. TALLY_OK, TALLY_E_INVALID, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status money_parse_points(const char *text, int64_t *ret_points);

/* A number grows by a typed digit as it does on a till: from the right. One digit too many changes
 * nothing. */
int64_t money_type_digit(int64_t number, int digit);

#endif
