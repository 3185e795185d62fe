/* SPDX-License-Identifier: Apache-2.0 */
/* Who owes whom. */
#include "app/core/clearing.h"

#include <assert.h>

enum { MICRO = 1000000 };

static enum tally_status add_points(int64_t *sum, const struct tally_event *event,
                                    enum tally_move_kind given, enum tally_move_kind taken_back)
{
    int64_t more = 0;
    TALLY_TRY(tally_add(tally_event_points(event, TALLY_PURSE_POINTS, given),
                        -tally_event_points(event, TALLY_PURSE_POINTS, taken_back), &more));
    return tally_add(*sum, more, sum);
}

enum tally_status tally_clearing_add(const struct tally_programme *programme,
                                     struct tally_clearing *merchants,
                                     const struct tally_event *event, uint32_t shop)
{
    assert(programme != NULL);
    assert(merchants != NULL);
    assert(event != NULL);

    const struct tally_merchant *merchant = tally_programme_merchant(programme, shop);
    if (merchant == NULL) {
        return TALLY_OK; /* the programme's own: what is left once the others have paid */
    }
    struct tally_clearing *one = &merchants[merchant - programme->merchants];
    struct tally_clearing next = *one;
    TALLY_TRY(add_points(&next.issued, event, TALLY_MOVE_EARN, TALLY_MOVE_UNEARN));
    TALLY_TRY(add_points(&next.redeemed, event, TALLY_MOVE_REDEEM, TALLY_MOVE_UNREDEEM));
    *one = next;
    return TALLY_OK;
}

/* points * price into the sum of what is owed, or of what is due. */
static enum tally_status add_price(struct tally_wide *owed, struct tally_wide *due, int64_t points,
                                   int64_t price_micro)
{
    bool is_owed = (points < 0) == (price_micro < 0);
    uint64_t amount = points < 0 ? -(uint64_t)points : (uint64_t)points;
    uint64_t price = price_micro < 0 ? -(uint64_t)price_micro : (uint64_t)price_micro;
    return tally_wide_add(is_owed ? owed : due, amount, price);
}

static struct tally_wide wide_less(struct tally_wide left, struct tally_wide right)
{
    return (struct tally_wide){left.high - right.high - (left.low < right.low),
                               left.low - right.low};
}

static enum tally_status owes_of(const struct tally_merchant *merchant,
                                 const struct tally_clearing *one, int64_t *ret_minor)
{
    struct tally_wide owed = {0, 0}, due = {0, 0};
    int64_t minor = 0;
    TALLY_TRY(add_price(&owed, &due, one->issued, merchant->issue_price_micro));
    TALLY_TRY(add_price(&due, &owed, one->redeemed, merchant->redeem_price_micro));
    bool is_due = owed.high != due.high ? owed.high < due.high : owed.low < due.low;
    struct tally_wide net = is_due ? wide_less(due, owed) : wide_less(owed, due);
    TALLY_TRY(tally_wide_scale(net, 1, MICRO, TALLY_ROUND_HALF_EVEN, &minor));
    *ret_minor = is_due ? -minor : minor;
    return TALLY_OK;
}

enum tally_status tally_clearing_settle(const struct tally_programme *programme,
                                        struct tally_clearing *merchants)
{
    assert(programme != NULL);
    assert(merchants != NULL);

    int64_t total = 0, owes = 0;
    for (size_t i = 0; i < programme->merchant_count; i++) {
        TALLY_TRY(owes_of(&programme->merchants[i], &merchants[i], &owes));
        TALLY_TRY(tally_add(total, owes, &total));
    }
    if (total == INT64_MIN) {
        return TALLY_E_OVERFLOW;
    }
    for (size_t i = 0; i < programme->merchant_count; i++) {
        TALLY_TRY(owes_of(&programme->merchants[i], &merchants[i], &merchants[i].owes_minor));
    }
    merchants[programme->merchant_count].owes_minor = -total;
    return TALLY_OK;
}

bool tally_clearing_next(const struct tally_programme *programme, struct tally_clearing *merchants,
                         size_t *ret_from, size_t *ret_to, int64_t *ret_minor)
{
    assert(programme != NULL);
    assert(merchants != NULL);
    assert(ret_from != NULL);
    assert(ret_to != NULL);
    assert(ret_minor != NULL);

    size_t from = 0, to = 0;
    for (size_t i = 1; i <= programme->merchant_count; i++) {
        from = merchants[i].owes_minor > merchants[from].owes_minor ? i : from;
        to = merchants[i].owes_minor < merchants[to].owes_minor ? i : to;
    }
    if (merchants[from].owes_minor <= 0 || merchants[to].owes_minor >= 0) {
        return false;
    }
    int64_t owes = merchants[from].owes_minor, due = -merchants[to].owes_minor;
    int64_t minor = owes < due ? owes : due;
    merchants[from].owes_minor -= minor;
    merchants[to].owes_minor += minor;
    *ret_from = from;
    *ret_to = to;
    *ret_minor = minor;
    return true;
}
