/* app/till/read.h: JSON values into C values, each checked, each refusal with the value's path.
 * Not for other rooms.
 *
 * Memory   texts are borrowed from the JSON.
 * Errors   a reader returns false with *ret_fault set; outputs may be written in part.
 * Threads  any. */
#ifndef TALLY_TILL_READ_H
#define TALLY_TILL_READ_H

#include "app/till/request.h"

enum { TILL_PATH_LEN_MAX = 64 };

/* Always false, so that a check can end with `return till_fault_say(...)`. */
bool till_fault_say(struct till_fault *ret_fault, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How many bytes of a foreign key an error shows: never half a character. */
int till_key_shown(const char *key);

/* A text of len_min..len_max bytes without control characters; `path` names it in the error. */
TALLY_MUST_USE bool till_read_text(const json_t *value, const char *path, size_t len_min,
                                   size_t len_max, const char **ret_text,
                                   struct till_fault *ret_fault);
TALLY_MUST_USE bool till_read_integer(const json_t *value, const char *path, int64_t min,
                                      int64_t max, int64_t *ret_integer,
                                      struct till_fault *ret_fault);
/* Decimal digits of a number from 1 to 2^64 - 1, without a leading zero. */
TALLY_MUST_USE bool till_read_number_text(const json_t *value, const char *path,
                                          uint64_t *ret_number, struct till_fault *ret_fault);

/* One key of an object in a list. */
enum till_part_kind { TILL_PART_TEXT, TILL_PART_INTEGER, TILL_PART_TEXTS };
struct till_part {
    const char *name;
    enum till_part_kind kind;
    bool required;
    int64_t min, max; /* of an integer; bytes of a text */
    size_t offset;    /* of a struct tally_slice, an int64_t, or a json_t * (TEXTS: an array, not
                         looked into) in what is read */
};

/* The object `value`, number `index` of the list `list`, into the struct at `into`. */
TALLY_MUST_USE bool till_read_object(json_t *value, const char *list, size_t index,
                                     const struct till_part *parts, size_t part_count, void *into,
                                     struct till_fault *ret_fault);

/* `value` is an array of min..max entries. */
TALLY_MUST_USE bool till_read_count(const json_t *value, const char *list, size_t min, size_t max,
                                    size_t *ret_count, struct till_fault *ret_fault);

/* ------------------------------------------------------------------ baskets (basket.c) */

TALLY_MUST_USE bool till_read_lines(json_t *value, struct till_request *request,
                                    struct till_fault *ret_fault);
TALLY_MUST_USE bool till_read_tenders(json_t *value, struct till_request *request,
                                      struct till_fault *ret_fault);
TALLY_MUST_USE bool till_read_codes(json_t *value, struct till_request *request,
                                    struct till_fault *ret_fault);
TALLY_MUST_USE bool till_read_claims(json_t *value, struct till_request *request,
                                     struct till_fault *ret_fault);
/* Lines that come back. */
TALLY_MUST_USE bool till_read_returned(json_t *value, struct till_request *request,
                                       struct till_fault *ret_fault);

#endif
