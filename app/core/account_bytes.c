/* SPDX-License-Identifier: Apache-2.0 */
/* An account as bytes: ACCOUNT.md. */
#include "app/core/account.h"

#include <assert.h>

enum {
    VERSION = 1,
    HAS_SALE = 1, /* what is there of an account */
    HAS_STANDING = 2,
    HAS_FLOOR = 4,
    HAS_BLOCK = 8,
    HAS_MERGED = 16,
    FLAGS_MAX = 31,
    LOT_DRAWER = 1, /* what follows of a lot */
    LOT_PURSE = 2,
    LOT_HELD = 4,
    LOT_BEGINS = 8,
    LOT_HEAD_MAX = 15,
    COUNT_WHAT = 15, /* the counter, and what follows of it */
    COUNT_OF = 16,
    COUNT_DAYS = 32,
    COUNT_HEAD_MAX = 63,
    DAY_CODES = 4 /* days that have a code of their own */
};

static const int32_t day_codes[DAY_CODES] = {0, TALLY_DAY_NEVER, TALLY_DAY_ACTIVE, INT32_MIN};

/* The span that the first counter is compared with. */
static const struct tally_span lifetime = {INT32_MIN, TALLY_DAY_NEVER};

/* ------------------------------------------------------------------ out */

/* Where bytes go: counted alone, written, or compared with others. So there is one description of
 * the layout, and what a decoder accepts is exactly what an encoder writes. */
struct sink {
    uint8_t *data;        /* NULL: not written */
    const uint8_t *match; /* NULL: not compared */
    size_t cap;           /* of data or match */
    size_t at;
    bool differs;
};

static void put_byte(struct sink *sink, uint8_t byte)
{
    if (sink->data != NULL && sink->at < sink->cap) {
        sink->data[sink->at] = byte;
    }
    if (sink->match != NULL && (sink->at >= sink->cap || sink->match[sink->at] != byte)) {
        sink->differs = true;
    }
    sink->at++;
}

static void put_number(struct sink *sink, uint64_t value)
{
    while (value > 0x7F) {
        put_byte(sink, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put_byte(sink, (uint8_t)value);
}

static void put_signed(struct sink *sink, int64_t value)
{
    put_number(sink, tally_zigzag(value));
}

static void put_day(struct sink *sink, int32_t day, int32_t base)
{
    for (uint32_t code = 0; code < DAY_CODES; code++) {
        if (day == day_codes[code]) {
            put_number(sink, code);
            return;
        }
    }
    put_number(sink, DAY_CODES + tally_zigzag((int64_t)day - base));
}

static void put_standing(struct sink *sink, const struct tally_standing *standing, tally_hlc time,
                         int32_t base)
{
    put_number(sink, time);
    put_number(sink, standing->tier);
    put_day(sink, standing->since_day, base);
    put_day(sink, standing->until_day, base);
}

static bool has_standing(const struct tally_standing *standing, tally_hlc time)
{
    return time != 0 || standing->tier != 0 || standing->since_day != 0 || standing->until_day != 0;
}

static void put_facts(struct sink *sink, const struct tally_account *account)
{
    int32_t base = account->newest_day;
    bool has_sale = account->last_sale_day != INT32_MIN || account->last_sale_time != 0 ||
                    account->last_sale_shop != 0;
    bool stands = has_standing(&account->standing, account->standing_time);
    bool has_floor = has_standing(&account->floor, account->floor_time);
    bool has_block = account->blocked || account->blocked_time != 0;
    bool has_merged = account->merged_into != 0;
    put_number(sink, account->last.terminal);
    put_number(sink, account->last.epoch);
    put_number(sink, account->last.seq);
    put_signed(sink, account->newest_day);
    put_day(sink, account->since_day, base);
    put_day(sink, account->active_until_day, base);
    put_number(sink, (has_sale ? HAS_SALE : 0U) | (stands ? HAS_STANDING : 0U) |
                         (has_floor ? HAS_FLOOR : 0U) | (has_block ? HAS_BLOCK : 0U) |
                         (has_merged ? HAS_MERGED : 0U));
    if (has_sale) {
        put_day(sink, account->last_sale_day, base);
        put_number(sink, account->last_sale_time);
        put_number(sink, account->last_sale_shop);
    }
    if (stands) {
        put_standing(sink, &account->standing, account->standing_time, base);
    }
    if (has_floor) {
        put_standing(sink, &account->floor, account->floor_time, base);
    }
    if (has_block) {
        put_number(sink, account->blocked ? 1 : 0);
        put_number(sink, account->blocked_time);
    }
    if (has_merged) {
        put_number(sink, account->merged_into);
    }
}

static void put_purses(struct sink *sink, const struct tally_account *account)
{
    for (size_t i = 0; i < account->purse_count; i++) {
        const struct tally_purse *purse = &account->purses[i];
        put_number(sink, purse->purse);
        put_signed(sink, purse->earned);
        put_signed(sink, purse->redeemed);
        put_signed(sink, purse->expired);
        put_signed(sink, purse->adjusted);
        put_number(sink, (uint64_t)purse->debt);
    }
}

static void put_lots(struct sink *sink, const struct tally_account *account)
{
    struct tally_lot last = {.drawer = 0, .purse = 0};
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        bool is_drawer = lot->drawer != last.drawer, is_purse = lot->purse != last.purse;
        bool is_held = lot->hold != 0, begins = lot->from_day != 0;
        put_number(sink, (is_drawer ? LOT_DRAWER : 0U) | (is_purse ? LOT_PURSE : 0U) |
                             (is_held ? LOT_HELD : 0U) | (begins ? LOT_BEGINS : 0U));
        if (is_drawer) {
            put_number(sink, lot->drawer);
        }
        if (is_purse) {
            put_number(sink, lot->purse);
        }
        if (is_held) {
            put_number(sink, lot->hold);
        }
        put_day(sink, lot->expires_day, account->newest_day);
        if (begins) {
            put_day(sink, lot->from_day, account->newest_day);
        }
        put_number(sink, (uint64_t)lot->points);
        last = *lot;
    }
}

static void put_counts(struct sink *sink, const struct tally_account *account)
{
    struct tally_span last = lifetime;
    for (size_t i = 0; i < account->count_count; i++) {
        const struct tally_count *count = &account->counts[i];
        bool has_of = count->of != 0;
        bool has_days = count->from_day != last.from_day || count->until_day != last.until_day;
        put_number(sink,
                   (uint64_t)count->what | (has_of ? COUNT_OF : 0U) | (has_days ? COUNT_DAYS : 0U));
        if (has_of) {
            put_number(sink, count->of);
        }
        if (has_days) {
            put_day(sink, count->from_day, account->newest_day);
            put_day(sink, count->until_day, account->newest_day);
        }
        put_signed(sink, count->amount);
        last = (struct tally_span){count->from_day, count->until_day};
    }
}

static void put_account(struct sink *sink, const struct tally_account *account)
{
    put_number(sink, VERSION);
    put_number(sink, account->id);
    if (account->id == 0) {
        return;
    }
    put_number(sink, account->purse_count);
    put_number(sink, account->lot_count);
    put_number(sink, account->count_count);
    put_number(sink, account->hold_count);
    put_facts(sink, account);
    put_purses(sink, account);
    put_lots(sink, account);
    put_counts(sink, account);
    for (size_t i = 0; i < account->hold_count; i++) {
        put_number(sink, account->holds[i].drawer);
        put_number(sink, account->holds[i].hold);
        put_signed(sink, account->holds[i].until_ms);
    }
}

size_t tally_account_encoded_len(const struct tally_account *account)
{
    assert(account != NULL);

    struct sink sink = {.cap = 0};
    put_account(&sink, account);
    return sink.at;
}

enum tally_status tally_account_encode(const struct tally_account *account, uint8_t *bytes,
                                       size_t cap, size_t *ret_len)
{
    assert(account != NULL);
    assert(bytes != NULL);
    assert(ret_len != NULL);

    struct sink sink = {.data = bytes, .cap = cap};
    put_account(&sink, account);
    if (sink.at > cap) {
        return TALLY_E_NO_MEMORY;
    }
    *ret_len = sink.at;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ in */

static uint64_t read_up_to(struct tally_reader *reader, uint64_t max)
{
    uint64_t value = tally_read_varint(reader);
    if (value > max) {
        reader->failed = true;
        return 0;
    }
    return value;
}

static uint32_t read_u32(struct tally_reader *reader)
{
    return (uint32_t)read_up_to(reader, UINT32_MAX);
}

static int64_t read_signed(struct tally_reader *reader)
{
    return tally_unzigzag(tally_read_varint(reader));
}

static int32_t day_within(struct tally_reader *reader, int64_t day)
{
    if (day < INT32_MIN || day > INT32_MAX) {
        reader->failed = true;
        return 0;
    }
    return (int32_t)day;
}

static int32_t read_day(struct tally_reader *reader, int32_t base)
{
    uint64_t value = read_up_to(reader, UINT64_C(1) << 34); /* the zigzag of any difference */
    if (value < DAY_CODES) {
        return day_codes[value];
    }
    return day_within(reader, base + tally_unzigzag(value - DAY_CODES));
}

static struct tally_standing read_standing(struct tally_reader *reader, int32_t base,
                                           tally_hlc *ret_time)
{
    *ret_time = tally_read_varint(reader);
    struct tally_standing standing = {.tier = read_u32(reader)};
    standing.since_day = read_day(reader, base);
    standing.until_day = read_day(reader, base);
    return standing;
}

static void read_facts(struct tally_reader *reader, struct tally_account *account)
{
    account->last.terminal = read_u32(reader);
    account->last.epoch = read_u32(reader);
    account->last.seq = tally_read_varint(reader);
    account->newest_day = day_within(reader, read_signed(reader));
    int32_t base = account->newest_day;
    account->since_day = read_day(reader, base);
    account->active_until_day = read_day(reader, base);
    uint64_t flags = read_up_to(reader, FLAGS_MAX);
    if ((flags & HAS_SALE) != 0) {
        account->last_sale_day = read_day(reader, base);
        account->last_sale_time = tally_read_varint(reader);
        account->last_sale_shop = read_u32(reader);
    }
    if ((flags & HAS_STANDING) != 0) {
        account->standing = read_standing(reader, base, &account->standing_time);
    }
    if ((flags & HAS_FLOOR) != 0) {
        account->floor = read_standing(reader, base, &account->floor_time);
    }
    if ((flags & HAS_BLOCK) != 0) {
        account->blocked = read_up_to(reader, 1) != 0;
        account->blocked_time = tally_read_varint(reader);
    }
    if ((flags & HAS_MERGED) != 0) {
        account->merged_into = tally_read_varint(reader);
    }
}

static struct tally_purse read_purse(struct tally_reader *reader)
{
    struct tally_purse purse = {.purse = read_u32(reader)};
    purse.earned = read_signed(reader);
    purse.redeemed = read_signed(reader);
    purse.expired = read_signed(reader);
    purse.adjusted = read_signed(reader);
    purse.debt = (int64_t)read_up_to(reader, INT64_MAX);
    return purse;
}

static struct tally_lot read_lot(struct tally_reader *reader, const struct tally_lot *last,
                                 int32_t base)
{
    uint64_t head = read_up_to(reader, LOT_HEAD_MAX);
    struct tally_lot lot = {.drawer = last->drawer, .purse = last->purse};
    if ((head & LOT_DRAWER) != 0) {
        lot.drawer = read_u32(reader);
    }
    if ((head & LOT_PURSE) != 0) {
        lot.purse = read_u32(reader);
    }
    if ((head & LOT_HELD) != 0) {
        lot.hold = tally_read_varint(reader);
    }
    lot.expires_day = read_day(reader, base);
    if ((head & LOT_BEGINS) != 0) {
        lot.from_day = read_day(reader, base);
    }
    lot.points = (int64_t)read_up_to(reader, INT64_MAX);
    return lot;
}

static struct tally_count read_count(struct tally_reader *reader, struct tally_span last,
                                     int32_t base)
{
    uint64_t head = read_up_to(reader, COUNT_HEAD_MAX);
    struct tally_count count = {.what = (enum tally_counter)(head & COUNT_WHAT),
                                .from_day = last.from_day,
                                .until_day = last.until_day};
    if ((head & COUNT_OF) != 0) {
        count.of = read_u32(reader);
    }
    if ((head & COUNT_DAYS) != 0) {
        count.from_day = read_day(reader, base);
        count.until_day = read_day(reader, base);
    }
    count.amount = read_signed(reader);
    return count;
}

static struct tally_open_hold read_hold(struct tally_reader *reader)
{
    struct tally_open_hold hold = {.drawer = read_u32(reader)};
    hold.hold = tally_read_varint(reader);
    hold.until_ms = read_signed(reader);
    return hold;
}

static void read_arrays(struct tally_reader *reader, struct tally_account *account)
{
    for (size_t i = 0; i < account->purse_count; i++) {
        account->purses[i] = read_purse(reader);
    }
    struct tally_lot lot = {.drawer = 0, .purse = 0};
    for (size_t i = 0; i < account->lot_count; i++) {
        lot = account->lots[i] = read_lot(reader, &lot, account->newest_day);
    }
    struct tally_span span = lifetime;
    for (size_t i = 0; i < account->count_count; i++) {
        account->counts[i] = read_count(reader, span, account->newest_day);
        span = (struct tally_span){account->counts[i].from_day, account->counts[i].until_day};
    }
    for (size_t i = 0; i < account->hold_count; i++) {
        account->holds[i] = read_hold(reader);
    }
}

/* Whether that many entries fit `len` bytes, at the fewest bytes each can have: what damaged bytes
 * claim is not believed before memory is asked for. */
static bool fits(const struct tally_account_room *room, size_t len)
{
    return (uint64_t)room->purses * 6 + (uint64_t)room->lots * 3 + (uint64_t)room->counts * 2 +
               (uint64_t)room->holds * 3 <=
           len;
}

/* Version, id and how many entries there are. */
static enum tally_status read_start(struct tally_reader *reader, uint64_t *ret_id,
                                    struct tally_account_room *ret_room)
{
    uint64_t version = tally_read_varint(reader);
    if (reader->failed || version == 0) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (version > VERSION) {
        return TALLY_E_STORE_VERSION;
    }
    struct tally_account_room room = {0};
    uint64_t id = tally_read_varint(reader);
    if (id != 0) {
        room.purses = (size_t)read_up_to(reader, reader->len);
        room.lots = (size_t)read_up_to(reader, reader->len);
        room.counts = (size_t)read_up_to(reader, reader->len);
        room.holds = (size_t)read_up_to(reader, reader->len);
    }
    if (reader->failed || !fits(&room, reader->len)) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_id = id;
    *ret_room = room;
    return TALLY_OK;
}

enum tally_status tally_account_room_of(const uint8_t *bytes, size_t len,
                                        struct tally_account_room *ret_room)
{
    assert(bytes != NULL || len == 0);
    assert(ret_room != NULL);

    struct tally_reader reader = {.data = bytes, .len = len};
    uint64_t id = 0;
    return read_start(&reader, &id, ret_room);
}

/* Whether an encoder writes exactly these bytes for it. */
static bool is_what_is_written(const struct tally_account *account, const uint8_t *bytes,
                               size_t len)
{
    struct sink sink = {.match = bytes, .cap = len};
    put_account(&sink, account);
    return !sink.differs && sink.at == len;
}

enum tally_status tally_account_decode(struct tally_account *account, const uint8_t *bytes,
                                       size_t len)
{
    assert(account != NULL);
    assert(bytes != NULL || len == 0);

    struct tally_reader reader = {.data = bytes, .len = len};
    struct tally_account_room room = {0};
    uint64_t id = 0;
    TALLY_TRY(read_start(&reader, &id, &room));
    if (account->room.purses < room.purses || account->room.lots < room.lots ||
        account->room.counts < room.counts || account->room.holds < room.holds) {
        return TALLY_E_NO_MEMORY;
    }
    struct tally_account read = *account;
    tally_account_clear(&read);
    if (id != 0) {
        read.id = id;
        read.purse_count = room.purses;
        read.lot_count = room.lots;
        read.count_count = room.counts;
        read.hold_count = room.holds;
        read_facts(&reader, &read);
        read_arrays(&reader, &read);
    }
    if (reader.failed || !is_what_is_written(&read, bytes, len)) {
        return TALLY_E_STORE_DAMAGED;
    }
    TALLY_TRY(tally_account_check(&read));
    *account = read;
    return TALLY_OK;
}
