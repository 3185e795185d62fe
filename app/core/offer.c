/* SPDX-License-Identifier: Apache-2.0 */
/* Rewards that a member could claim. */
#include "app/core/offer.h"

#include "app/core/deal.h"
#include "app/core/used.h"

#include <assert.h>

static struct tally_counts carve_used(struct tally_carver *carver,
                                      const struct tally_programme *programme)
{
    struct tally_counts used = {.cap = tally_used_max(programme)};
    used.items = tally_carve_list(carver, used.cap, sizeof *used.items);
    return used;
}

size_t tally_offers_room(const struct tally_programme *programme)
{
    struct tally_carver carver = {0};
    (void)carve_used(&carver, programme);
    return carver.at;
}

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* The conditions on anything but the basket. */
static bool may_hold(const struct tally_reward *reward, const struct tally_scene *scene)
{
    struct tally_when when = reward->when;
    when.channels = when.tenders = when.codes = (struct tally_words){0};
    when.basket_minor_min = 0;
    return tally_when_holds(&when, scene);
}

static int64_t times_of(const struct tally_reward *reward, const struct tally_scene *scene,
                        const struct tally_account *account, const struct tally_occasion *occasion)
{
    int64_t times = reward->kind == TALLY_REWARD_PERCENT ? 1 : INT64_MAX;
    if (reward->is_automatic || !may_hold(reward, scene)) {
        return 0;
    }
    if (reward->cost > 0) {
        struct tally_balance balance =
            tally_account_balance(account, reward->cost_purse, occasion->day, occasion->now_ms);
        times = least(times, balance.usable < 0 ? 0 : balance.usable / reward->cost);
    }
    for (size_t i = 0; i < reward->limit_count; i++) {
        times = least(times, tally_cap_left(&reward->limits[i], &reward->when, scene->seen,
                                            TALLY_COUNT_REWARD, reward->id, scene->day));
    }
    if (reward->total_max > 0 && occasion->stock != NULL) {
        times = least(times, occasion->stock(occasion->stock_context, reward->id));
    }
    return times;
}

enum tally_status tally_offers(const struct tally_programme *programme,
                               const struct tally_account *account,
                               const struct tally_occasion *occasion, uint32_t shop, void *room,
                               size_t room_len, struct tally_offer *offers, size_t *ret_count)
{
    assert(programme != NULL);
    assert(account != NULL);
    assert(occasion != NULL);
    assert(offers != NULL || programme->reward_count == 0);
    assert(ret_count != NULL);

    struct tally_carver carver = {.block = room, .len = room_len};
    struct tally_counts used = carve_used(&carver, programme);
    struct tally_basket basket = {.shop = shop};
    struct tally_seen seen = {0};
    size_t count = 0;
    if (carver.failed) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_seen_read(programme, account, occasion, &used, &seen));
    const struct tally_scene scene = {
        .programme = programme, .basket = &basket, .seen = &seen, .day = occasion->day};
    for (size_t i = 0; i < programme->reward_count; i++) {
        int64_t times = times_of(&programme->rewards[i], &scene, account, occasion);
        if (times > 0) {
            offers[count++] = (struct tally_offer){i, times};
        }
    }
    *ret_count = count;
    return TALLY_OK;
}
