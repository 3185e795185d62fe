/* SPDX-License-Identifier: Apache-2.0 */
/* What was sold, how it was paid, what was shown and claimed, and what comes back. */
#include "app/till/read.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES_MAX = 1000000 };

#define PARTS(parts) parts, sizeof(parts) / sizeof((parts)[0])

static bool no_memory(struct till_fault *ret_fault)
{
    return till_fault_say(ret_fault, TILL_INTERNAL_ERROR, "not enough memory");
}

/* ------------------------------------------------------------------ lines */

struct line_read {
    struct tally_line line;
    json_t *categories; /* borrowed; NULL: none */
};

static const struct till_part line_parts[] = {
    {"sku", TILL_PART_TEXT, false, 0, TALLY_TEXT_LEN_MAX, offsetof(struct line_read, line.sku)},
    {"categories", TILL_PART_TEXTS, false, 0, 0, offsetof(struct line_read, categories)},
    {"quantity_milli", TILL_PART_INTEGER, false, 1, INT64_MAX,
     offsetof(struct line_read, line.quantity_milli)},
    {"amount_minor", TILL_PART_INTEGER, true, 0, INT64_MAX,
     offsetof(struct line_read, line.amount_minor)},
    {"tax_minor", TILL_PART_INTEGER, false, 0, INT64_MAX,
     offsetof(struct line_read, line.tax_minor)},
    {"discount_minor", TILL_PART_INTEGER, false, 0, INT64_MAX,
     offsetof(struct line_read, line.discount_minor)},
};

/* The engine takes a line's categories as one text with commas; `room` holds what `categories_len`
 * counted. */
static bool join_categories(const json_t *categories, size_t index, char **room,
                            struct tally_slice *ret_joined, struct till_fault *ret_fault)
{
    char path[TILL_PATH_LEN_MAX];
    char *start = *room;
    size_t count = 0;
    snprintf(path, sizeof path, "lines[%zu].categories", index);
    if (!till_read_count(categories, path, 0, TALLY_CATEGORIES_MAX, &count, ret_fault)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = NULL;
        snprintf(path, sizeof path, "lines[%zu].categories[%zu]", index, i);
        if (!till_read_text(json_array_get(categories, i), path, 1, TALLY_TEXT_LEN_MAX, &text,
                            ret_fault)) {
            return false;
        }
        if (strchr(text, ',') != NULL) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS, "%s: must not hold a comma",
                                  path);
        }
        size_t len = strlen(text);
        if (i > 0) {
            *(*room)++ = ',';
        }
        memcpy(*room, text, len);
        *room += len;
    }
    *ret_joined = (struct tally_slice){(const uint8_t *)start, (size_t)(*room - start)};
    if (ret_joined->len > TALLY_CATEGORIES_LEN_MAX) {
        return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                              "lines[%zu].categories: are longer than %d bytes together", index,
                              TALLY_CATEGORIES_LEN_MAX);
    }
    return true;
}

/* Room for every line's categories and their commas, whatever else they are. */
static size_t categories_len(const json_t *lines)
{
    size_t len = 1, i = 0, j = 0;
    json_t *line = NULL, *category = NULL;
    json_array_foreach(lines, i, line)
    {
        json_array_foreach(json_object_get(line, "categories"), j, category)
        {
            len += json_string_length(category) + 1;
        }
    }
    return len;
}

bool till_read_lines(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    struct till_arrays *arrays = &request->arrays;
    size_t count = 0;
    if (!till_read_count(value, "lines", 1, TALLY_LINES_MAX, &count, ret_fault)) {
        return false;
    }
    arrays->lines = tally_alloc(count, sizeof(*arrays->lines));
    arrays->categories = tally_alloc(categories_len(value), 1);
    if (arrays->lines == NULL || arrays->categories == NULL) {
        return no_memory(ret_fault);
    }
    char *room = arrays->categories;
    for (size_t i = 0; i < count; i++) {
        struct line_read read = {.line.quantity_milli = 1000};
        if (!till_read_object(json_array_get(value, i), "lines", i, PARTS(line_parts), &read,
                              ret_fault)) {
            return false;
        }
        if (read.categories != NULL &&
            !join_categories(read.categories, i, &room, &read.line.categories, ret_fault)) {
            return false;
        }
        if (read.line.tax_minor > read.line.amount_minor) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                                  "lines[%zu].tax_minor: must not be above amount_minor", i);
        }
        arrays->lines[i] = read.line;
    }
    request->params.basket.lines = arrays->lines;
    request->params.basket.line_count = count;
    return true;
}

/* ------------------------------------------------------------------ tenders and codes */

static const struct till_part tender_parts[] = {
    {"kind", TILL_PART_TEXT, true, 1, TALLY_TEXT_LEN_MAX, offsetof(struct tally_tender, kind)},
    {"amount_minor", TILL_PART_INTEGER, true, 1, INT64_MAX,
     offsetof(struct tally_tender, amount_minor)},
};

bool till_read_tenders(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    size_t count = 0;
    if (!till_read_count(value, "tenders", 0, TALLY_TENDERS_MAX, &count, ret_fault)) {
        return false;
    }
    struct tally_tender *tenders = tally_alloc(count, sizeof(*tenders));
    if (tenders == NULL) {
        return no_memory(ret_fault);
    }
    request->arrays.tenders = tenders;
    for (size_t i = 0; i < count; i++) {
        if (!till_read_object(json_array_get(value, i), "tenders", i, PARTS(tender_parts),
                              &tenders[i], ret_fault)) {
            return false;
        }
    }
    request->params.basket.tenders = tenders;
    request->params.basket.tender_count = count;
    return true;
}

bool till_read_codes(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    size_t count = 0;
    if (!till_read_count(value, "codes", 0, TALLY_PROMO_CODES_MAX, &count, ret_fault)) {
        return false;
    }
    struct tally_slice *codes = tally_alloc(count, sizeof(*codes));
    if (codes == NULL) {
        return no_memory(ret_fault);
    }
    request->arrays.codes = codes;
    for (size_t i = 0; i < count; i++) {
        char path[TILL_PATH_LEN_MAX];
        const char *text = NULL;
        snprintf(path, sizeof path, "codes[%zu]", i);
        if (!till_read_text(json_array_get(value, i), path, 1, TALLY_TEXT_LEN_MAX, &text,
                            ret_fault)) {
            return false;
        }
        codes[i] = tally_slice_text(text);
    }
    request->params.basket.codes = codes;
    request->params.basket.code_count = count;
    return true;
}

/* ------------------------------------------------------------------ claims */

struct claim_read {
    struct tally_slice reward;
    int64_t times;
};

static const struct till_part claim_parts[] = {
    {"reward", TILL_PART_TEXT, true, 1, TALLY_TEXT_LEN_MAX, offsetof(struct claim_read, reward)},
    {"times", TILL_PART_INTEGER, false, 1, TIMES_MAX, offsetof(struct claim_read, times)},
};

static int compare_claims(const void *left, const void *right)
{
    const struct tally_claim *a = left, *b = right;
    return (a->reward > b->reward) - (a->reward < b->reward);
}

bool till_read_claims(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    size_t count = 0;
    if (!till_read_count(value, "claims", 0, TALLY_CLAIMS_MAX, &count, ret_fault)) {
        return false;
    }
    struct tally_claim *claims = tally_alloc(count, sizeof(*claims));
    if (claims == NULL) {
        return no_memory(ret_fault);
    }
    request->arrays.claims = claims;
    for (size_t i = 0; i < count; i++) {
        struct claim_read read = {.times = 1};
        if (!till_read_object(json_array_get(value, i), "claims", i, PARTS(claim_parts), &read,
                              ret_fault)) {
            return false;
        }
        claims[i] = (struct tally_claim){tally_word_id(read.reward.data, read.reward.len),
                                         (uint32_t)read.times};
        for (size_t j = 0; j < i; j++) {
            if (claims[j].reward == claims[i].reward) {
                return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                                      "claims[%zu].reward: is claimed before; use times", i);
            }
        }
    }
    if (count > 0) {
        qsort(claims, count, sizeof(*claims), compare_claims);
    }
    request->params.basket.claims = claims;
    request->params.basket.claim_count = count;
    return true;
}

/* ------------------------------------------------------------------ lines that come back */

struct returned_read {
    int64_t line;
    int64_t quantity_milli;
};

static const struct till_part returned_parts[] = {
    {"line", TILL_PART_INTEGER, true, 0, TALLY_LINES_MAX - 1, offsetof(struct returned_read, line)},
    {"quantity_milli", TILL_PART_INTEGER, true, 1, INT64_MAX,
     offsetof(struct returned_read, quantity_milli)},
};

static int compare_returned(const void *left, const void *right)
{
    const struct tally_returned_line *a = left, *b = right;
    return (a->line > b->line) - (a->line < b->line);
}

bool till_read_returned(json_t *value, struct till_request *request, struct till_fault *ret_fault)
{
    size_t count = 0;
    if (!till_read_count(value, "lines", 1, TALLY_LINES_MAX, &count, ret_fault)) {
        return false;
    }
    struct tally_returned_line *returned = tally_alloc(count, sizeof(*returned));
    if (returned == NULL) {
        return no_memory(ret_fault);
    }
    request->arrays.returned = returned;
    for (size_t i = 0; i < count; i++) {
        struct returned_read read = {0};
        if (!till_read_object(json_array_get(value, i), "lines", i, PARTS(returned_parts), &read,
                              ret_fault)) {
            return false;
        }
        returned[i] = (struct tally_returned_line){.line = (uint32_t)read.line,
                                                   .quantity_milli = read.quantity_milli};
    }
    qsort(returned, count, sizeof(*returned), compare_returned);
    for (size_t i = 1; i < count; i++) {
        if (returned[i].line == returned[i - 1].line) {
            return till_fault_say(ret_fault, TILL_INVALID_PARAMS,
                                  "lines: line %u is there more than once",
                                  (unsigned)returned[i].line);
        }
    }
    request->params.returned = returned;
    request->params.returned_count = count;
    return true;
}

void till_params_free(struct till_request *request)
{
    struct till_arrays *arrays = &request->arrays;
    tally_free(arrays->lines);
    tally_free(arrays->categories);
    tally_free(arrays->tenders);
    tally_free(arrays->codes);
    tally_free(arrays->claims);
    tally_free(arrays->returned);
    *arrays = (struct till_arrays){0};
}
