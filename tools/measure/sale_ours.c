/* SPDX-License-Identifier: Apache-2.0 */
/* A sale by our store: store_commit, and the batches that bring LMDB up. */
#include "tools/measure/sale.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/proto/event_codec.h"
#include "app/store/journal.h"
#include "app/store/store.h"

enum { POPULATE_ROWS = 4096, ACCOUNT_BYTES_MAX = 256 };

struct sale_parts {
    char ref[32];
    struct tally_line line;
    struct tally_move move;
    struct tally_count counts[2];
    struct tally_share share;
    struct tally_event event;
};

/* One line that earns: points into a lot, and what tiers count. */
static void make_sale(struct sale_parts *parts, uint64_t number, uint64_t account)
{
    snprintf(parts->ref, sizeof parts->ref, "T07-20261122-%08" PRIu64, number);
    parts->line = (struct tally_line){.sku = {(const uint8_t *)"4006381333931", 13},
                                      .quantity_milli = 1000,
                                      .amount_minor = SALE_POINTS * 100};
    parts->move = (struct tally_move){
        .kind = TALLY_MOVE_EARN, .expires_day = SALE_EXPIRES, .points = SALE_POINTS};
    parts->counts[0] = (struct tally_count){TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1};
    parts->counts[1] = (struct tally_count){TALLY_COUNT_SPEND, 0, SALE_YEAR_FROM, SALE_YEAR_UNTIL,
                                            SALE_POINTS * 100};
    parts->share = (struct tally_share){.points = SALE_POINTS};
    parts->event = (struct tally_event){.business_day = SALE_DAY,
                                        .programme_version = 1,
                                        .type = TALLY_EVENT_SALE,
                                        .account = account,
                                        .member = account};
    parts->event.effects = (struct tally_effects){
        .moves = &parts->move, .move_count = 1, .counts = parts->counts, .count_count = 2};
    parts->event.as.sale =
        (struct tally_sale){.ref = {(const uint8_t *)parts->ref, strlen(parts->ref)},
                            .cashier = {(const uint8_t *)"anna", 4},
                            .basket = {.lines = &parts->line, .line_count = 1},
                            .seen = {.minute = 720, .days_away = -1},
                            .total_minor = SALE_POINTS * 100,
                            .shares = &parts->share,
                            .share_count = 1};
}

void sale_record(uint64_t number, uint64_t account, struct tally_buffer *ret_bytes)
{
    static const uint8_t header[JOURNAL_RECORD_HEADER_LEN] = {1};
    struct sale_parts parts;
    make_sale(&parts, number, account);
    parts.event.id = (struct tally_event_id){.terminal = SALE_TERMINAL, .epoch = 1, .seq = number};
    parts.event.time = UINT64_C(1763800000000) << 16;
    ret_bytes->len = 0;
    if (tally_buffer_append(ret_bytes, header, sizeof header) != TALLY_OK ||
        tally_event_encode(&parts.event, ret_bytes) != TALLY_OK) {
        bench_die("a sale does not encode");
    }
    while (ret_bytes->len % 8 != 0) {
        if (tally_buffer_append(ret_bytes, "", 1) != TALLY_OK) {
            bench_die("no memory");
        }
    }
}

static void populate(struct store *store, uint64_t members)
{
    static uint8_t bytes[POPULATE_ROWS][ACCOUNT_BYTES_MAX];
    static uint8_t handles[POPULATE_ROWS][1][TALLY_HANDLE_LEN];
    static struct tally_msg_member_row member[POPULATE_ROWS];
    static struct tally_msg_account_row rows[POPULATE_ROWS];
    static const uint8_t profile[96];
    for (uint64_t next = 1; next <= members;) {
        size_t count = 0;
        uint64_t left_out = 0;
        for (; count < POPULATE_ROWS && next <= members; count++, next++) {
            struct tally_lot lot = {.expires_day = SALE_EXPIRES - 100, .points = 500};
            struct tally_purse purse = {.earned = 500};
            struct tally_account account = {.id = next,
                                            .since_day = SALE_DAY - 100,
                                            .last_sale_day = SALE_DAY - 100,
                                            .newest_day = SALE_DAY - 100,
                                            .purses = &purse,
                                            .purse_count = 1,
                                            .lots = &lot,
                                            .lot_count = 1,
                                            .room = {.purses = 1, .lots = 1}};
            size_t len = 0;
            bench_check(tally_account_encode(&account, bytes[count], ACCOUNT_BYTES_MAX, &len),
                        "encode");
            tally_store_le(handles[count][0], 8, next * UINT64_C(0x9E3779B97F4A7C15));
            member[count] = (struct tally_msg_member_row){.member = next,
                                                          .account = next,
                                                          .profile = {profile, sizeof profile},
                                                          .wrapped_key = {profile, 60},
                                                          .handles = handles[count],
                                                          .handle_count = 1};
            rows[count] = (struct tally_msg_account_row){
                .account = {bytes[count], len}, .members = &member[count], .member_count = 1};
        }
        bench_check(store_apply_rows(store, rows, count, next, &left_out), "members");
    }
}

static void *ours_open(const char *dir, uint64_t members)
{
    struct store_options options = {.dir = dir};
    struct store_opened opened;
    struct store *store = NULL;
    bench_check(store_open(&options, &opened, &store), "open");
    bench_check(store_set_writer(store, SALE_TERMINAL, 1), "writer");
    populate(store, members);
    bench_check(store_checkpoint(store), "checkpoint");
    return store;
}

static void ours_sell(void *self, uint64_t number, uint64_t account)
{
    struct sale_parts parts;
    uint64_t existing = 0;
    make_sale(&parts, number, account);
    bench_check(store_commit(self, &parts.event, (struct tally_slice){NULL, 0},
                             INT64_C(1763800000000), &existing),
                "commit");
    if (store_checkpoint_within_ms(self) == 0) {
        bench_check(store_checkpoint(self), "checkpoint");
    }
}

static void ours_finish(void *self)
{
    bench_check(store_checkpoint(self), "checkpoint");
}

static void ours_close(void *self)
{
    store_close(self);
}

const struct sale_way sale_ours = {"ours", ours_open, ours_sell, ours_finish, ours_close};
