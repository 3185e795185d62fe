/* SPDX-License-Identifier: Apache-2.0 */
/* Money and points as people write them. */
#include "app/cashier/money.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 32 }; /* 19 digits, 6 separators, a point */

static const struct {
    const char *code;
    const char *sign;
} signs[] = {{"CNY", "¥"}, {"JPY", "¥"}, {"EUR", "€"}, {"GBP", "£"}, {"USD", "$"}};

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

/* Thousands in groups of three. */
static void grouped(uint64_t number, char text[NUMBER_TEXT_MAX])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, number);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

static uint64_t power_of_ten(uint32_t exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0) {
        power *= 10;
    }
    return power;
}

void money_points_text(int64_t points, char text[MONEY_TEXT_MAX])
{
    char number[NUMBER_TEXT_MAX];
    grouped(magnitude(points), number);
    snprintf(text, MONEY_TEXT_MAX, "%s%s", points < 0 ? "-" : "", number);
}

/* Without the sign of the number. */
static void magnitude_text(int64_t minor, uint32_t exponent, char text[NUMBER_TEXT_MAX])
{
    assert(exponent <= 4);
    uint64_t unit = power_of_ten(exponent);
    grouped(magnitude(minor) / unit, text);
    if (exponent > 0) {
        size_t len = strlen(text);
        snprintf(text + len, NUMBER_TEXT_MAX - len, ".%0*" PRIu64, (int)exponent,
                 magnitude(minor) % unit);
    }
}

void money_number_text(int64_t minor, uint32_t exponent, char text[MONEY_TEXT_MAX])
{
    char number[NUMBER_TEXT_MAX];
    magnitude_text(minor, exponent, number);
    snprintf(text, MONEY_TEXT_MAX, "%s%s", minor < 0 ? "-" : "", number);
}

void money_text(int64_t minor, uint32_t exponent, const char *currency, char text[MONEY_TEXT_MAX])
{
    char number[NUMBER_TEXT_MAX];
    magnitude_text(minor, exponent, number);
    const char *minus = minor < 0 ? "-" : "";
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strcmp(signs[i].code, currency) == 0) {
            snprintf(text, MONEY_TEXT_MAX, "%s%s%s", minus, signs[i].sign, number);
            return;
        }
    }
    snprintf(text, MONEY_TEXT_MAX, "%s%.3s%s%s", minus, currency, currency[0] != '\0' ? " " : "",
             number);
}

/* number * 10 + digit. */
static enum tally_status push_digit(int64_t *number, char digit)
{
    if (digit < '0' || digit > '9') {
        return TALLY_E_INVALID;
    }
    if (*number > (INT64_MAX - (digit - '0')) / 10) {
        return TALLY_E_OVERFLOW;
    }
    *number = *number * 10 + (digit - '0');
    return TALLY_OK;
}

enum tally_status money_parse(const char *text, uint32_t exponent, int64_t *ret_minor)
{
    int64_t minor = 0;
    uint32_t decimals = 0;
    bool in_decimals = false;
    if (text[0] < '0' || text[0] > '9') {
        return TALLY_E_INVALID;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '.' && !in_decimals && at[1] != '\0') {
            in_decimals = true;
            continue;
        }
        if (in_decimals && ++decimals > exponent) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(push_digit(&minor, *at));
    }
    for (; decimals < exponent; decimals++) {
        TALLY_TRY(push_digit(&minor, '0'));
    }
    *ret_minor = minor;
    return TALLY_OK;
}

enum tally_status money_parse_points(const char *text, int64_t *ret_points)
{
    return money_parse(text, 0, ret_points);
}

int64_t money_type_digit(int64_t number, int digit)
{
    int64_t limit = (int64_t)power_of_ten(MONEY_TYPED_DIGITS_MAX);
    assert(number >= 0 && number < limit && digit >= 0 && digit <= 9);
    return number >= limit / 10 ? number : number * 10 + digit;
}
