/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: what one event does to the points of one account. */
#include "app/core/account.h"

#include <assert.h>

/* ------------------------------------------------------------------ lots */

static bool lot_is_before(const struct tally_lot *lot, uint32_t drawer, int32_t day)
{
    return lot->drawer < drawer || (lot->drawer == drawer && lot->expires_day < day);
}

/* Index of the first lot that is not before (drawer, day); lot_count if all are. */
static size_t lot_index(const struct tally_account *account, uint32_t drawer, int32_t day)
{
    size_t low = 0, high = account->lot_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lot_is_before(&account->lots[middle], drawer, day)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int64_t lot_points(const struct tally_account *account, uint32_t drawer, int32_t day)
{
    size_t at = lot_index(account, drawer, day);
    if (at == account->lot_count || account->lots[at].drawer != drawer ||
        account->lots[at].expires_day != day) {
        return 0;
    }
    return account->lots[at].points;
}

/* Adds to a lot, which appears if it wasn't there. Room and sum were checked before. */
static void lot_give(struct tally_account *account, uint32_t drawer, int32_t day, int64_t points)
{
    if (points == 0) {
        return;
    }
    size_t at = lot_index(account, drawer, day);
    struct tally_lot *lots = account->lots;
    if (at == account->lot_count || lots[at].drawer != drawer || lots[at].expires_day != day) {
        assert(account->lot_count < account->lot_cap);
        for (size_t i = account->lot_count; i > at; i--) {
            lots[i] = lots[i - 1];
        }
        lots[at] = (struct tally_lot){.drawer = drawer, .expires_day = day};
        account->lot_count++;
    }
    lots[at].points += points;
}

static void lots_remove(struct tally_account *account, size_t from, size_t count)
{
    for (size_t i = from; i + count < account->lot_count; i++) {
        account->lots[i] = account->lots[i + count];
    }
    account->lot_count -= count;
}

/* Takes from a lot, which goes when it is empty. That it holds enough was checked before. */
static void lot_take(struct tally_account *account, uint32_t drawer, int32_t day, int64_t points)
{
    if (points == 0) {
        return;
    }
    size_t at = lot_index(account, drawer, day);
    assert(at < account->lot_count && account->lots[at].points >= points);
    account->lots[at].points -= points;
    if (account->lots[at].points == 0) {
        lots_remove(account, at, 1);
    }
}

/* The lots of `drawer` whose last day is before `day`: [first, end), and what they hold. */
struct lapse {
    size_t first;
    size_t end;
    int64_t points;
};

static struct lapse lapse_find(const struct tally_account *account, uint32_t drawer, int32_t day)
{
    struct lapse lapse = {lot_index(account, drawer, INT32_MIN), lot_index(account, drawer, day),
                          0};
    for (size_t i = lapse.first; i < lapse.end; i++) {
        lapse.points += account->lots[i].points;
    }
    return lapse;
}

static enum tally_status lots_sum(const struct tally_account *account, int64_t *ret_points)
{
    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        TALLY_TRY(tally_add(points, account->lots[i].points, &points));
    }
    *ret_points = points;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ totals */

static int32_t year_of(int32_t day)
{
    int32_t year = 0, month = 0, of_month = 0;
    tally_day_to_date(day, &year, &month, &of_month);
    return year;
}

/* Only the newest year seen and the one before it are kept; the result does not depend on the order
 * in which the years come. */
static enum tally_status qualify(struct tally_account *account, int32_t year, int64_t amount)
{
    if (account->qualifying_year == 0 || year > account->qualifying_year) {
        bool follows = account->qualifying_year != 0 && year == account->qualifying_year + 1;
        account->qualifying_before = follows ? account->qualifying : 0;
        account->qualifying_year = year;
        account->qualifying = amount;
        return TALLY_OK;
    }
    if (year == account->qualifying_year) {
        return tally_add(account->qualifying, amount, &account->qualifying);
    }
    if (year == account->qualifying_year - 1) {
        return tally_add(account->qualifying_before, amount, &account->qualifying_before);
    }
    return TALLY_OK;
}

static enum tally_status count_visit(struct tally_account *account, int32_t day)
{
    TALLY_TRY(tally_add(account->visits, 1, &account->visits));
    if (account->visits == 1 || day > account->last_visit_day) {
        account->last_visit_day = day;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ one event, decided */

/* What an event does to lots, in this order: lapse, give_first, take, give_last. All of it is
 * checked against the account before anything is changed. */
struct change {
    uint32_t drawer;
    bool lapses;
    struct lapse lapse;
    const struct tally_move *give; /* given before the taking */
    size_t give_count;
    const struct tally_move *take;
    size_t take_count;
    bool take_clamps; /* a grant: take what is there */
    uint32_t take_drawer;
    int64_t entering; /* all points that enter lots */
    int32_t lot_day;  /* of the two single lots below */
    int64_t lot_here; /* enters `drawer` */
    int64_t lot_hq;   /* enters head office's drawer */
};

static enum tally_status decide_sale(const struct tally_event *event, struct tally_account *next,
                                     struct change *change)
{
    const struct tally_sale *sale = &event->as.sale;
    int64_t spent = 0;
    TALLY_TRY(tally_moves_sum(sale->spent, sale->spent_count, &spent));
    if (spent != sale->redeemed_points || sale->earned_points < 0 || sale->debt_paid < 0 ||
        sale->debt_paid > sale->earned_points || sale->qualifying < 0) {
        return TALLY_E_INVALID;
    }
    int64_t paid = sale->debt_paid < next->debt ? sale->debt_paid : next->debt;
    change->take = sale->spent;
    change->take_count = sale->spent_count;
    change->lot_day = sale->earned_expires_day;
    change->lot_here = sale->earned_points - sale->debt_paid;
    change->lot_hq = sale->debt_paid - paid;
    change->entering = sale->earned_points - paid;
    next->debt -= paid;
    TALLY_TRY(tally_add(next->earned, sale->earned_points, &next->earned));
    TALLY_TRY(tally_add(next->redeemed, sale->redeemed_points, &next->redeemed));
    TALLY_TRY(count_visit(next, event->business_day));
    return qualify(next, year_of(event->business_day), sale->qualifying);
}

static enum tally_status decide_void(const struct tally_event *event, struct tally_account *next,
                                     struct change *change)
{
    const struct tally_void *voided = &event->as.voided;
    int64_t returned = 0, taken = 0, undone = 0;
    TALLY_TRY(tally_moves_sum(voided->returned, voided->returned_count, &returned));
    TALLY_TRY(tally_moves_sum(voided->taken, voided->taken_count, &taken));
    if (voided->debt_added < 0 || voided->qualifying < 0) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(tally_add(taken, voided->debt_added, &undone));
    if (returned != voided->redeemed_points || undone != voided->earned_points ||
        voided->sale.terminal != event->id.terminal) {
        return TALLY_E_INVALID;
    }
    change->give = voided->returned;
    change->give_count = voided->returned_count;
    change->take = voided->taken;
    change->take_count = voided->taken_count;
    change->entering = returned;
    TALLY_TRY(tally_add(next->debt, voided->debt_added, &next->debt));
    TALLY_TRY(tally_add(next->earned, -voided->earned_points, &next->earned));
    TALLY_TRY(tally_add(next->redeemed, -returned, &next->redeemed));
    TALLY_TRY(tally_add(next->visits, -1, &next->visits));
    return qualify(next, year_of(voided->sale_day), -voided->qualifying);
}

static enum tally_status decide_grant(const struct tally_event *event, struct tally_account *next,
                                      struct change *change)
{
    const struct tally_grant *grant = &event->as.grant;
    TALLY_TRY(tally_moves_sum(grant->moves, grant->move_count, &change->entering));
    if (grant->to_terminal == TALLY_TERMINAL_HQ) {
        return TALLY_E_INVALID;
    }
    change->lapses = false;
    change->drawer = grant->to_terminal;
    change->give = grant->moves;
    change->give_count = grant->move_count;
    change->take = grant->moves;
    change->take_count = grant->move_count;
    change->take_drawer = TALLY_TERMINAL_HQ;
    change->take_clamps = true;
    for (size_t i = 0; i < grant->move_count; i++) {
        int64_t there = lot_points(next, TALLY_TERMINAL_HQ, grant->moves[i].expires_day);
        if (there < grant->moves[i].points) {
            TALLY_TRY(tally_add(next->adjusted, grant->moves[i].points - there, &next->adjusted));
        }
    }
    return TALLY_OK;
}

static enum tally_status decide_adjust(const struct tally_event *event, struct tally_account *next,
                                       struct change *change)
{
    const struct tally_adjust *adjust = &event->as.adjust;
    int64_t moved = 0;
    TALLY_TRY(tally_moves_sum(adjust->moves, adjust->move_count, &moved));
    if ((adjust->points < 0 ? -moved : moved) != adjust->points || adjust->qualifying < 0) {
        return TALLY_E_INVALID;
    }
    change->lapses = false;
    change->drawer = adjust->drawer;
    change->take_drawer = adjust->drawer;
    if (adjust->points < 0) {
        change->take = adjust->moves;
        change->take_count = adjust->move_count;
    } else {
        change->give = adjust->moves;
        change->give_count = adjust->move_count;
        change->entering = moved;
    }
    TALLY_TRY(tally_add(next->adjusted, adjust->points, &next->adjusted));
    if (adjust->qualifying == 0) {
        return TALLY_OK;
    }
    return qualify(next, year_of(event->business_day), adjust->qualifying);
}

static enum tally_status decide(const struct tally_event *event, struct tally_account *next,
                                struct change *change)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return decide_sale(event, next, change);
    case TALLY_EVENT_VOID:
        return decide_void(event, next, change);
    case TALLY_EVENT_ENROL:
        return TALLY_OK;
    case TALLY_EVENT_GRANT:
        return decide_grant(event, next, change);
    case TALLY_EVENT_ADJUST:
        return decide_adjust(event, next, change);
    }
    return TALLY_E_INVALID;
}

static int64_t move_points(const struct tally_move *moves, size_t count, int32_t day)
{
    for (size_t i = 0; i < count && moves[i].expires_day <= day; i++) {
        if (moves[i].expires_day == day) {
            return moves[i].points;
        }
    }
    return 0;
}

/* Every lot holds what is to be taken from it, once the lapsed are gone and the given have come. */
static enum tally_status check_takes(const struct tally_account *account,
                                     const struct change *change, int32_t day)
{
    if (change->take_clamps) {
        return TALLY_OK;
    }
    for (size_t i = 0; i < change->take_count; i++) {
        const struct tally_move *move = &change->take[i];
        bool lapsed = change->lapses && move->expires_day < day;
        int64_t there = lapsed ? 0 : lot_points(account, change->take_drawer, move->expires_day);
        there += move_points(change->give, change->give_count, move->expires_day);
        if (there < move->points) {
            return TALLY_E_POINTS_SHORT;
        }
    }
    return TALLY_OK;
}

static void change_lots(struct tally_account *account, const struct change *change)
{
    lots_remove(account, change->lapse.first, change->lapse.end - change->lapse.first);
    for (size_t i = 0; i < change->give_count; i++) {
        lot_give(account, change->drawer, change->give[i].expires_day, change->give[i].points);
    }
    for (size_t i = 0; i < change->take_count; i++) {
        int64_t points = change->take[i].points;
        if (change->take_clamps) {
            int64_t there = lot_points(account, change->take_drawer, change->take[i].expires_day);
            points = there < points ? there : points;
        }
        lot_take(account, change->take_drawer, change->take[i].expires_day, points);
    }
    lot_give(account, change->drawer, change->lot_day, change->lot_here);
    lot_give(account, TALLY_TERMINAL_HQ, change->lot_day, change->lot_hq);
}

size_t tally_account_lots_needed(const struct tally_account *account,
                                 const struct tally_event *event)
{
    assert(account != NULL);
    assert(event != NULL);

    switch (event->type) {
    case TALLY_EVENT_SALE:
        return account->lot_count + 2;
    case TALLY_EVENT_VOID:
        return account->lot_count + event->as.voided.returned_count;
    case TALLY_EVENT_GRANT:
        return account->lot_count + event->as.grant.move_count;
    case TALLY_EVENT_ADJUST:
        return account->lot_count + event->as.adjust.move_count;
    case TALLY_EVENT_ENROL:
        break;
    }
    return account->lot_count;
}

enum tally_status tally_account_apply(struct tally_account *account,
                                      const struct tally_event *event)
{
    assert(account != NULL);
    assert(event != NULL);

    uint64_t id = tally_event_account(event);
    if (id == 0 || (account->id != 0 && account->id != id)) {
        return TALLY_E_INVALID;
    }
    struct tally_account next = *account; /* shares the lots, which stay as they are for now */
    struct change change = {
        .drawer = event->id.terminal, .take_drawer = event->id.terminal, .lapses = true};
    TALLY_TRY(decide(event, &next, &change));
    int64_t sum = 0;
    TALLY_TRY(lots_sum(account, &sum));
    TALLY_TRY(tally_add(sum, change.entering, &sum)); /* so no single lot can overflow either */
    TALLY_TRY(check_takes(account, &change, event->business_day));
    if (change.lapses) {
        change.lapse = lapse_find(account, change.drawer, event->business_day);
        TALLY_TRY(tally_add(next.expired, change.lapse.points, &next.expired));
    }
    if (account->lot_cap < tally_account_lots_needed(account, event)) {
        return TALLY_E_NO_MEMORY;
    }
    change_lots(&next, &change);
    next.id = id;
    next.last = event->id;
    *account = next;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ questions */

int64_t tally_account_balance(const struct tally_account *account, int32_t day)
{
    assert(account != NULL);

    int64_t points = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        if (account->lots[i].expires_day >= day) {
            points += account->lots[i].points;
        }
    }
    return points - account->debt;
}

int64_t tally_account_in_drawer(const struct tally_account *account, uint32_t drawer, int32_t day)
{
    assert(account != NULL);

    int64_t points = 0;
    for (size_t i = lot_index(account, drawer, day);
         i < account->lot_count && account->lots[i].drawer == drawer; i++) {
        points += account->lots[i].points;
    }
    return points;
}

size_t tally_account_tier(const struct tally_account *account,
                          const struct tally_programme *programme, int32_t day)
{
    assert(account != NULL);
    assert(programme != NULL);

    int32_t ahead = account->qualifying_year - year_of(day);
    if (account->qualifying_year == 0 || ahead < -1 || ahead > 1) {
        return 0;
    }
    size_t newest = tally_programme_tier_of(programme, account->qualifying);
    size_t before = tally_programme_tier_of(programme, account->qualifying_before);
    if (ahead == -1) {
        return newest; /* the newest year seen is the year before this one */
    }
    return ahead == 1 || before > newest ? before : newest;
}

size_t tally_account_tier_after(const struct tally_account *account,
                                const struct tally_programme *programme, int32_t day,
                                int64_t qualifying)
{
    assert(account != NULL);

    struct tally_account after = *account;
    if (qualify(&after, year_of(day), qualifying) != TALLY_OK) {
        return programme->tier_count - 1; /* more than fits: nothing is out of reach */
    }
    return tally_account_tier(&after, programme, day);
}

enum tally_status tally_account_check(const struct tally_account *account)
{
    assert(account != NULL);

    int64_t held = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        if (lot->points <= 0 || (i > 0 && !lot_is_before(lot - 1, lot->drawer, lot->expires_day))) {
            return TALLY_E_STORE_DAMAGED;
        }
    }
    if (account->debt < 0 || lots_sum(account, &held) != TALLY_OK) {
        return TALLY_E_STORE_DAMAGED;
    }
    held -= account->debt;
    /* unsigned: a sum of totals may leave int64 on the way to a difference that fits */
    uint64_t explained = (uint64_t)account->earned - (uint64_t)account->redeemed -
                         (uint64_t)account->expired + (uint64_t)account->adjusted;
    return explained == (uint64_t)held ? TALLY_OK : TALLY_E_STORE_DAMAGED;
}

/* ------------------------------------------------------------------ bytes: ACCOUNT.md */

enum { LAYOUT_VERSION = 1, HEAD_LEN = 102, LOT_LEN = 16 };

size_t tally_account_encoded_len(const struct tally_account *account)
{
    assert(account != NULL);

    return HEAD_LEN + account->lot_count * LOT_LEN;
}

enum tally_status tally_account_encode(const struct tally_account *account, uint8_t *bytes,
                                       size_t cap, size_t *ret_len)
{
    assert(account != NULL);
    assert(bytes != NULL);
    assert(ret_len != NULL);

    if (cap < tally_account_encoded_len(account)) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_writer writer = {.data = bytes, .cap = cap};
    tally_write_le(&writer, 2, LAYOUT_VERSION);
    tally_write_le(&writer, 8, account->id);
    tally_write_le(&writer, 8, (uint64_t)account->earned);
    tally_write_le(&writer, 8, (uint64_t)account->redeemed);
    tally_write_le(&writer, 8, (uint64_t)account->expired);
    tally_write_le(&writer, 8, (uint64_t)account->adjusted);
    tally_write_le(&writer, 8, (uint64_t)account->debt);
    tally_write_le(&writer, 4, (uint32_t)account->qualifying_year);
    tally_write_le(&writer, 8, (uint64_t)account->qualifying);
    tally_write_le(&writer, 8, (uint64_t)account->qualifying_before);
    tally_write_le(&writer, 8, (uint64_t)account->visits);
    tally_write_le(&writer, 4, (uint32_t)account->last_visit_day);
    tally_write_le(&writer, 4, account->last.terminal);
    tally_write_le(&writer, 4, account->last.epoch);
    tally_write_le(&writer, 8, account->last.seq);
    tally_write_le(&writer, 4, account->lot_count);
    for (size_t i = 0; i < account->lot_count; i++) {
        tally_write_le(&writer, 4, account->lots[i].drawer);
        tally_write_le(&writer, 4, (uint32_t)account->lots[i].expires_day);
        tally_write_le(&writer, 8, (uint64_t)account->lots[i].points);
    }
    assert(!writer.failed);
    *ret_len = writer.at;
    return TALLY_OK;
}

static int64_t read_i64(struct tally_reader *reader)
{
    return (int64_t)tally_read_le(reader, 8);
}

static int32_t read_i32(struct tally_reader *reader)
{
    return (int32_t)(uint32_t)tally_read_le(reader, 4);
}

static void read_head(struct tally_reader *reader, struct tally_account *account)
{
    account->id = tally_read_le(reader, 8);
    account->earned = read_i64(reader);
    account->redeemed = read_i64(reader);
    account->expired = read_i64(reader);
    account->adjusted = read_i64(reader);
    account->debt = read_i64(reader);
    account->qualifying_year = read_i32(reader);
    account->qualifying = read_i64(reader);
    account->qualifying_before = read_i64(reader);
    account->visits = read_i64(reader);
    account->last_visit_day = read_i32(reader);
    account->last.terminal = (uint32_t)tally_read_le(reader, 4);
    account->last.epoch = (uint32_t)tally_read_le(reader, 4);
    account->last.seq = tally_read_le(reader, 8);
}

enum tally_status tally_account_decode(struct tally_account *account, const uint8_t *bytes,
                                       size_t len, size_t *ret_lots_needed)
{
    assert(account != NULL);
    assert(bytes != NULL || len == 0);
    assert(ret_lots_needed != NULL);

    struct tally_reader reader = {.data = bytes, .len = len};
    uint64_t version = tally_read_le(&reader, 2);
    if (reader.failed || version == 0) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (version > LAYOUT_VERSION) {
        return TALLY_E_STORE_VERSION;
    }
    struct tally_account next = {.lots = account->lots, .lot_cap = account->lot_cap};
    read_head(&reader, &next);
    uint64_t count = tally_read_le(&reader, 4);
    if (reader.failed || (len - HEAD_LEN) % LOT_LEN != 0 || count != (len - HEAD_LEN) / LOT_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (count > next.lot_cap) {
        *ret_lots_needed = (size_t)count;
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        next.lots[i].drawer = (uint32_t)tally_read_le(&reader, 4);
        next.lots[i].expires_day = read_i32(&reader);
        next.lots[i].points = read_i64(&reader);
    }
    next.lot_count = (size_t)count;
    TALLY_TRY(tally_account_check(&next));
    *ret_lots_needed = (size_t)count;
    *account = next;
    return TALLY_OK;
}
