/* app/terminal/receipt.h: what a member reads: the lines below a till's receipt, and the two lines
 * of a customer display.
 *
 * Paper is thrown away and a display is read by the whole queue: neither shows more of a name than
 * a first name, and a receipt shows none.
 *
 * Units    points whole; columns are those of a receipt printer, where a Chinese character takes
 *          two.
 * Memory   facts are borrowed; a line lives during the call of its taker.
 * Threads  pure. */
#ifndef TALLY_TERMINAL_RECEIPT_H
#define TALLY_TERMINAL_RECEIPT_H

#include "app/till/till.h"
#include "hal/printer/escpos.h"

enum receipt_language { RECEIPT_ENGLISH = 0, RECEIPT_CHINESE };

enum { RECEIPT_TEXT_MAX = 256 }; /* bytes of a line, with its NUL; columns as till.h */

/* Units of a purse that a member has: stamps, vouchers. */
struct receipt_purse {
    struct tally_name name;
    int64_t units;
};

struct receipt_facts {
    const char *programme; /* its name */
    int64_t earned;        /* by what was sold; below 0: taken back by a void or refund */
    int64_t used;          /* paid with, or spent on rewards; below 0: given back */
    int64_t balance;       /* usable now, less what is owed */
    int64_t pending;
    int64_t debt;
    struct tally_name tier; /* both empty: not said */
    const struct receipt_purse *purses;
    size_t purse_count;
    struct tally_name reward; /* the nearest one that the points do not reach */
    int64_t reward_missing;   /* points; 0: there is none */
    int32_t expiry_day;       /* TALLY_DAY_NEVER: nothing lapses */
    int64_t expiry_points;
};

/* What an event did, and where the member stands after it (now, that is: a receipt made later says
 * what is true later). The nearest reward is one that anybody may have today for points alone, as
 * often as they like. `purses` has room for all of the programme; those with units in them are
 * listed. Events are sales, voids and refunds. */
struct receipt_facts receipt_facts_of(const struct tally_event *event,
                                      const struct till_member *member,
                                      struct receipt_purse *purses);

struct receipt_line {
    const char *text; /* UTF-8, no wider than the columns; a title is not centred yet */
    bool is_title;
};
typedef void receipt_take_fn(void *context, const struct receipt_line *line);

/* Gives the lines one after the other: the title, then what is on the left and its number on the
 * right, on two lines where they do not fit on one. */
void receipt_write(const struct receipt_facts *facts, enum receipt_language language,
                   size_t columns, receipt_take_fn *take, void *context);

/* The same as a document for a receipt printer, cut behind it; `link` (NULL: none) is the member's
 * own page as a QR code. Free with hal_escpos_free(); its status says whether it is whole. */
void receipt_document(const struct receipt_facts *facts, enum receipt_language language,
                      enum hal_charset charset, size_t columns, const char *link,
                      struct hal_escpos *ret_document);

/* ------------------------------------------------------------------ customer display */

/* The part of a name that a queue may read: the first word, "Ada" of "Ada Lovelace"; of a Chinese
 * name the given name behind a star, "*伟" of "李伟". Empty where there is none. */
void receipt_first_name(const char *name, char text[RECEIPT_TEXT_MAX]);

/* When a card has been read: "Welcome, Ada", "12,840 points". In English a name that English
 * displays have no letters for is left out. */
void receipt_welcome(enum receipt_language language, const char *name, int64_t points,
                     char upper[RECEIPT_TEXT_MAX], char lower[RECEIPT_TEXT_MAX]);

/* When a sale is recorded: "+135 points", "You have 12,975". */
void receipt_thanks(const struct receipt_facts *facts, enum receipt_language language,
                    char upper[RECEIPT_TEXT_MAX], char lower[RECEIPT_TEXT_MAX]);

#endif
