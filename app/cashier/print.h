/* app/cashier/print.h: answers of tallyd as text on standard output, for people in a shell.
 *
 * Memory   JSON is borrowed for the call.
 * Threads  one, after lang_open(). */
#ifndef TALLY_CASHIER_PRINT_H
#define TALLY_CASHIER_PRINT_H

#include "app/cashier/words.h"

void print_json(const json_t *json); /* one line */
void print_member(const json_t *member, const struct words_currency *currency);
/* What the sale would do, and every rule's reasons. */
void print_quote(const json_t *quote, const struct words_currency *currency);
/* Of a sale, void or refund. */
void print_receipt(const json_t *receipt, const struct words_currency *currency);
/* Of a hold, release or adjustment. */
void print_moved(const json_t *moved, const struct words_currency *currency);
void print_status(const json_t *status);
void print_verified(const json_t *verified);
/* A line for each reader. */
void print_readers(const json_t *readers);
void print_paired(const json_t *paired);

#endif
