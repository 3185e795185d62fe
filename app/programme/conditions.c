/* SPDX-License-Identifier: Apache-2.0 */
/* Compares conditions: which is wider, and whether two can hold at once. */
#include "app/programme/conditions.h"

enum { SHOP_PAIRS_MAX = 1000000 }; /* longer lists are not compared: nobody means to */

/* ------------------------------------------------------------------ words */

static int compare_words(const struct tally_word *left, const struct tally_word *right)
{
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    return strcmp(left->text, right->text);
}

/* How many of `some` are in `all`. */
static size_t words_in(const struct tally_words *some, const struct tally_words *all)
{
    size_t found = 0;
    for (size_t i = 0, j = 0; i < some->count && j < all->count;) {
        int order = compare_words(&some->items[i], &all->items[j]);
        found += order == 0 ? 1 : 0;
        i += order <= 0 ? 1 : 0;
        j += order >= 0 ? 1 : 0;
    }
    return found;
}

static bool words_are_in(const struct tally_words *some, const struct tally_words *all)
{
    return words_in(some, all) == some->count;
}

/* Of conditions, where no word says nothing. */
static bool words_cover(const struct tally_words *wide, const struct tally_words *narrow)
{
    return wide->count == 0 || (narrow->count > 0 && words_are_in(narrow, wide));
}

static bool words_meet(const struct tally_words *left, const struct tally_words *right)
{
    return left->count == 0 || right->count == 0 || words_in(left, right) > 0;
}

/* ------------------------------------------------------------------ shops */

static bool has_shop(const struct tally_when *when, uint32_t shop)
{
    for (size_t i = 0; i < when->shop_count; i++) {
        if (when->shops[i] == shop) {
            return true;
        }
    }
    return false;
}

static size_t shops_in(const struct tally_when *some, const struct tally_when *all)
{
    size_t found = 0;
    for (size_t i = 0; i < some->shop_count; i++) {
        found += has_shop(all, some->shops[i]) ? 1 : 0;
    }
    return found;
}

static bool are_comparable(const struct tally_when *left, const struct tally_when *right)
{
    return right->shop_count == 0 || left->shop_count <= SHOP_PAIRS_MAX / right->shop_count;
}

static bool shops_cover(const struct tally_when *wide, const struct tally_when *narrow)
{
    return wide->shop_count == 0 || (narrow->shop_count > 0 && are_comparable(wide, narrow) &&
                                     shops_in(narrow, wide) == narrow->shop_count);
}

static bool shops_meet(const struct tally_when *left, const struct tally_when *right)
{
    return left->shop_count == 0 || right->shop_count == 0 || !are_comparable(left, right) ||
           shops_in(left, right) > 0;
}

/* ------------------------------------------------------------------ days and hours */

static bool days_cover(const struct tally_when *wide, const struct tally_when *narrow)
{
    return wide->from_day <= narrow->from_day && wide->until_day >= narrow->until_day &&
           (wide->weekdays == 0 ||
            (narrow->weekdays != 0 && (narrow->weekdays & ~wide->weekdays) == 0));
}

static bool days_meet(const struct tally_when *left, const struct tally_when *right)
{
    return left->from_day <= right->until_day && right->from_day <= left->until_day &&
           (left->weekdays == 0 || right->weekdays == 0 || (left->weekdays & right->weekdays) != 0);
}

static bool hours_cover(const struct tally_when *wide, const struct tally_when *narrow)
{
    if (wide->hour_count == 0) {
        return true;
    }
    for (size_t i = 0; i < narrow->hour_count; i++) {
        bool covered = false;
        for (size_t j = 0; j < wide->hour_count; j++) {
            covered = covered || (wide->hours[j].from_minute <= narrow->hours[i].from_minute &&
                                  wide->hours[j].until_minute >= narrow->hours[i].until_minute);
        }
        if (!covered) {
            return false;
        }
    }
    return narrow->hour_count > 0;
}

static bool hours_meet(const struct tally_when *left, const struct tally_when *right)
{
    bool meet = left->hour_count == 0 || right->hour_count == 0;
    for (size_t i = 0; i < left->hour_count; i++) {
        for (size_t j = 0; j < right->hour_count; j++) {
            meet = meet || (left->hours[i].from_minute < right->hours[j].until_minute &&
                            right->hours[j].from_minute < left->hours[i].until_minute);
        }
    }
    return meet;
}

/* ------------------------------------------------------------------ visits and amounts */

/* A limit of 0 says nothing; else smaller is narrower. */
static bool most_covers(int64_t wide, int64_t narrow)
{
    return wide == 0 || (narrow != 0 && narrow <= wide);
}

static bool visits_cover(const struct tally_when *wide, const struct tally_when *narrow)
{
    return most_covers(wide->visit_first, narrow->visit_first) &&
           (wide->visit_every == 0 ||
            (narrow->visit_every != 0 && narrow->visit_every % wide->visit_every == 0)) &&
           wide->away_days <= narrow->away_days &&
           most_covers(wide->joined_days, narrow->joined_days);
}

/* The day is in its week and in its month; the week is not in the month. */
static bool birthday_covers(uint32_t wide, uint32_t narrow)
{
    return wide == 0 || wide == narrow || narrow == TALLY_BIRTHDAY_DAY;
}

static bool amounts_cover(const struct tally_when *wide, const struct tally_when *narrow)
{
    bool is_money = wide->basket_minor_min > 0 || wide->spend_minor_min > 0;
    return (!is_money || wide->spend_without_tax == narrow->spend_without_tax) &&
           wide->basket_minor_min <= narrow->basket_minor_min &&
           wide->spend_minor_min <= narrow->spend_minor_min &&
           wide->quantity_milli_min <= narrow->quantity_milli_min;
}

/* ------------------------------------------------------------------ lines */

static bool selects_all(const struct tally_selector *lines)
{
    return lines->skus.count == 0 && lines->categories.count == 0;
}

static bool lines_cover(const struct tally_selector *wide, const struct tally_selector *narrow)
{
    bool selected =
        selects_all(wide) || (!selects_all(narrow) && words_are_in(&narrow->skus, &wide->skus) &&
                              words_are_in(&narrow->categories, &wide->categories));
    return selected && words_are_in(&wide->except_skus, &narrow->except_skus) &&
           words_are_in(&wide->except_categories, &narrow->except_categories) &&
           wide->price_minor_min <= narrow->price_minor_min;
}

bool lines_are_excepted(const struct tally_selector *lines, const struct tally_selector *but)
{
    return !selects_all(lines) && words_are_in(&lines->skus, &but->except_skus) &&
           words_are_in(&lines->categories, &but->except_categories);
}

/* Two lists of SKUs, or two of categories, that share nothing are taken to be apart. */
static bool lines_meet(const struct tally_selector *left, const struct tally_selector *right)
{
    if (lines_are_excepted(left, right) || lines_are_excepted(right, left)) {
        return false;
    }
    bool mixed = (left->skus.count > 0 && right->categories.count > 0) ||
                 (left->categories.count > 0 && right->skus.count > 0);
    return selects_all(left) || selects_all(right) || mixed ||
           words_in(&left->skus, &right->skus) > 0 ||
           words_in(&left->categories, &right->categories) > 0;
}

/* ------------------------------------------------------------------ both */

bool reach_covers(struct reach wide, struct reach narrow)
{
    return days_cover(wide.when, narrow.when) && hours_cover(wide.when, narrow.when) &&
           visits_cover(wide.when, narrow.when) &&
           birthday_covers(wide.when->birthday, narrow.when->birthday) &&
           amounts_cover(wide.when, narrow.when) && shops_cover(wide.when, narrow.when) &&
           words_cover(&wide.when->channels, &narrow.when->channels) &&
           words_cover(&wide.when->tiers, &narrow.when->tiers) &&
           words_cover(&wide.when->merchants, &narrow.when->merchants) &&
           words_cover(&wide.when->tenders, &narrow.when->tenders) &&
           words_cover(&wide.when->codes, &narrow.when->codes) &&
           lines_cover(wide.lines, narrow.lines);
}

/* Tenders and codes may come together: two lists of them that share nothing still meet. */
bool reach_meets(struct reach left, struct reach right)
{
    return days_meet(left.when, right.when) && hours_meet(left.when, right.when) &&
           shops_meet(left.when, right.when) &&
           words_meet(&left.when->channels, &right.when->channels) &&
           words_meet(&left.when->tiers, &right.when->tiers) &&
           words_meet(&left.when->merchants, &right.when->merchants) &&
           lines_meet(left.lines, right.lines);
}

/* ------------------------------------------------------------------ what never holds */

static bool has_weekday(const struct tally_when *when, int32_t first_day)
{
    int32_t from = when->from_day > first_day ? when->from_day : first_day;
    for (int32_t day = from; day < from + 7 && day <= when->until_day; day++) {
        if ((when->weekdays & 1U << tally_day_weekday(day)) != 0) {
            return true;
        }
    }
    return false;
}

static bool has_merchants_shop(const struct tally_programme *programme,
                               const struct tally_when *when)
{
    for (size_t i = 0; i < when->shop_count; i++) {
        const struct tally_merchant *merchant = tally_programme_merchant(programme, when->shops[i]);
        if (merchant != NULL &&
            tally_words_have(&when->merchants, merchant->code, strlen(merchant->code))) {
            return true;
        }
    }
    return false;
}

const char *when_never(const struct tally_programme *programme, const struct tally_when *when,
                       int32_t first_day)
{
    if (when->until_day < first_day) {
        return "it ends before the programme begins";
    }
    if (when->weekdays != 0 && !has_weekday(when, first_day)) {
        return "none of its weekdays is among its days";
    }
    if (when->visit_first > 0 && when->visit_every > when->visit_first) {
        return "visit_every is beyond visit_first";
    }
    if (when->away_days > 0 && when->visit_first == 1) {
        return "who buys for the first time was never away";
    }
    if (when->joined_days > 0 && when->away_days >= when->joined_days) {
        return "who was away that long joined longer ago";
    }
    if (when->shop_count > 0 && when->merchants.count > 0 && !has_merchants_shop(programme, when)) {
        return "none of its shops is one of its merchants'";
    }
    return NULL;
}
