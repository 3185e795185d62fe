/* app/core/guard.h: whether something looks like fraud: allow, warn or refuse, and why.
 *
 * Memory   the cashiers' counts are the caller's; nothing is allocated.
 * Threads  pure but for the counts. */
#ifndef TALLY_CORE_GUARD_H
#define TALLY_CORE_GUARD_H

#include "app/core/account.h"
#include "app/core/programme.h"

enum tally_verdict { TALLY_ALLOW = 0, TALLY_WARN = 1, TALLY_REFUSE = 2 };

struct tally_ruling {
    enum tally_verdict verdict; /* the gravest */
    enum tally_guard_kind kind; /* of the first guard that is as grave; 0: none */
    int64_t value;              /* what it found */
    int64_t limit;
};

/* One cashier at one terminal, this hour and this day; kept by the terminal, by cashier. */
struct tally_cashier_count {
    int64_t hour; /* since 1970 */
    int64_t sales_in_hour;
    int32_t day;
    int64_t earned_in_day;
};

struct tally_guard_scene {
    const struct tally_account *account;
    const struct tally_cashier_count *cashier; /* NULL: not known */
    const struct tally_event *event;           /* planned: SALE or ADJUST */
    int64_t now_ms;
    bool is_own_card; /* the member is the cashier */
};

/* The ruling on a planned event, before it is committed. */
struct tally_ruling tally_guard_rule(const struct tally_programme *programme,
                                     const struct tally_guard_scene *scene);

/* Counts a committed sale. */
void tally_guard_count(struct tally_cashier_count *cashier, const struct tally_event *event,
                       int64_t now_ms);

/* "card_sales_hour": as programme documents, tills and stories call it; "" for none. Never NULL. */
const char *tally_guard_name(enum tally_guard_kind kind);

/* One plain sentence in English: "this card: 7 sales in this hour, 6 are all right". Returns its
 * length, cut to cap - 1; always terminated where cap is above 0. */
size_t tally_guard_text(const struct tally_ruling *ruling, char *text, size_t cap);

#endif
