/* app/core/basket.h: what a till sold, as the rules see it.
 *
 * Units    money in minor units, quantities in thousandths.
 * Memory   borrowed from whoever made the basket.
 * Threads  plain data. */
#ifndef TALLY_CORE_BASKET_H
#define TALLY_CORE_BASKET_H

#include "app/core/bytes.h"
#include "app/core/types.h"

enum {
    TALLY_TEXT_LEN_MAX = 64,        /* bytes of a reference, SKU, cashier, code or reason */
    TALLY_CATEGORIES_LEN_MAX = 256, /* bytes of a line's categories together */
    TALLY_CATEGORIES_MAX = 16,      /* of one line */
    TALLY_LINES_MAX = 5000,
    TALLY_TENDERS_MAX = 64,
    TALLY_PROMO_CODES_MAX = 64,
    TALLY_CLAIMS_MAX = 64
};

/* One event moves no more than this. It takes millions of such events to overflow an account, so an
 * overflow is the fault of whoever writes those, not of the honest terminal that writes the
 * next. */
#define TALLY_POINTS_MAX INT64_C(1000000000000)    /* 10^12 points */
#define TALLY_MONEY_MAX  INT64_C(1000000000000000) /* 10^15 minor units */

struct tally_line {
    struct tally_slice sku;        /* UTF-8, 0..TALLY_TEXT_LEN_MAX bytes */
    struct tally_slice categories; /* UTF-8, separated by commas: "food,red"; may be empty */
    int64_t quantity_milli;        /* above 0 */
    int64_t amount_minor;          /* of the whole line, tax included, after the till's own
                                      discounts; 0 or more */
    int64_t tax_minor;             /* of that, 0..amount_minor */
    int64_t discount_minor;        /* that the till has taken off already; 0 or more */
};

/* How a part was paid, with money or what the till takes for it: "cash", "card", "gift_card". What
 * points pay is no tender: the engine says how much that is. */
struct tally_tender {
    struct tally_slice kind;
    int64_t amount_minor; /* above 0 */
};

/* A reward that the cashier chose for this basket. */
struct tally_claim {
    uint32_t reward; /* tally_word_id of its code */
    uint32_t times;  /* 1 and up; of a free item: how many */
};

struct tally_basket {
    const struct tally_line *lines;
    size_t line_count; /* 1..TALLY_LINES_MAX */
    const struct tally_tender *tenders;
    size_t tender_count;             /* 0: paid with money of no kind in particular */
    const struct tally_slice *codes; /* promotion codes that were shown or typed */
    size_t code_count;
    const struct tally_claim *claims; /* rising by reward, each once */
    size_t claim_count;
    struct tally_slice channel; /* "till", "web", "app"; may be empty */
    uint32_t shop;              /* 0: not known */
    int64_t points;             /* to redeem as payment; 0 or more */
};

/* FNV-1a of a code's bytes, 32 bits, never 0: what events, counters and claims say instead of the
 * code. A programme in which two codes have one id does not pass its check. */
uint32_t tally_word_id(const void *text, size_t len);

/* Every limit above holds: lengths, counts, signs, UTF-8, and the money together fits.
 *   TALLY_OK, TALLY_E_INVALID
 *   TALLY_E_OVERFLOW  amounts, tenders, discounts or quantities are above TALLY_MONEY_MAX together,
 *                     or points above TALLY_POINTS_MAX */
TALLY_MUST_USE enum tally_status tally_basket_check(const struct tally_basket *basket,
                                                    int64_t *ret_total_minor);

#endif
