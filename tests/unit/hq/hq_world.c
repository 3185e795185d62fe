/* SPDX-License-Identifier: Apache-2.0 */
/* A head office and its terminals for tests. */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
#include "app/core/reversal.h"
#include "app/proto/event_codec.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

void world_open(struct world *world)
{
    *world = (struct world){.now_ms = WORLD_NOW};
    char problem[HQ_PROBLEM_MAX];
    OK(tally_crypto_start());
    snprintf(world->dir, sizeof world->dir, "/tmp/tally-hq-XXXXXX");
    assert_non_null(mkdtemp(world->dir));
    OK(hq_dir_init(world->dir, "localhost,127.0.0.1", WORLD_NOW, problem));
    OK(hq_keys_load(world->dir, &world->keys, problem));
    OK(hq_store_open(world->dir, false, &world->store));
}

void world_close(struct world *world)
{
    hq_store_close(world->store);
    hq_keys_free(&world->keys);
    nftw(world->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ------------------------------------------------------------------ terminals */

void world_token(struct world *world, uint8_t first_byte, uint32_t terminal,
                 uint8_t ret_hash[TALLY_HASH_LEN])
{
    memset(ret_hash, 0x5a, TALLY_HASH_LEN);
    ret_hash[0] = first_byte;
    OK(hq_store_token_add(world->store, ret_hash, 7, terminal, world->now_ms + 900000));
}

void till_csr(struct till *till, struct tally_buffer *ret_csr)
{
    OK(tally_key_generate(&till->key_pem));
    OK(tally_csr_make(tally_buffer_slice(&till->key_pem), "terminal", ret_csr));
}

void till_open(struct world *world, struct till *till, uint8_t token_byte, uint32_t terminal)
{
    *till = (struct till){.world = world};
    uint8_t hash[TALLY_HASH_LEN];
    struct tally_buffer csr = {0};
    struct hq_terminal row;
    struct hq_issuer issuer = {tally_buffer_slice(&world->keys.ca_key),
                               tally_buffer_slice(&world->keys.ca_cert)};
    world_token(world, token_byte, terminal, hash);
    till_csr(till, &csr);
    OK(hq_store_enrol(world->store, hash, tally_buffer_slice(&csr), "test 1", &issuer,
                      world->now_ms, &row, &till->cert_der));
    OK(tally_cert_pin(tally_buffer_slice(&till->cert_der), till->pin));
    assert_memory_equal(till->pin, row.pin, TALLY_HASH_LEN);
    till->number = row.number;
    till->shop = row.shop;
    till->epoch = row.epoch;
    tally_buffer_free(&csr);
}

void till_rewind(struct till *till, uint64_t seq)
{
    for (uint64_t i = seq; i < till->seq; i++) {
        tally_buffer_free(&till->events[i]);
        tally_buffer_free(&till->sidecars[i]);
    }
    till->seq = seq;
}

void till_close(struct till *till)
{
    till_rewind(till, 0);
    tally_buffer_wipe(&till->key_pem);
    tally_buffer_free(&till->cert_der);
}

/* ------------------------------------------------------------------ events */

void till_write(struct till *till, struct tally_event *event)
{
    assert_in_range(till->seq, 0, WORLD_JOURNAL_MAX - 1);
    event->id = (struct tally_event_id){till->number, till->epoch, till->seq + 1};
    int64_t ahead_ms = till->days_ahead * INT64_C(86400000);
    event->time = (uint64_t)(WORLD_NOW + ahead_ms + (int64_t)till->seq) << 16;
    event->business_day = WORLD_DAY + till->days_ahead + till->business_days_off;
    struct tally_buffer *bytes = &till->events[till->seq];
    OK(tally_event_encode(event, bytes));
    OK(tally_chain_next(till->chains[till->seq], tally_buffer_slice(bytes),
                        till->chains[till->seq + 1]));
    till->seq++;
}

static void enrol(struct till *till, uint64_t account, uint8_t card, const uint8_t *phone)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = account, .member = account};
    event.as.enrol = (struct tally_enrol){.home_shop = till->shop,
                                          .profile = {(const uint8_t *)"sealed", 6},
                                          .has_phone_handle = phone != NULL};
    memset(event.as.enrol.handle, card, TALLY_HANDLE_LEN);
    memset(event.as.enrol.phone_handle, phone != NULL ? *phone : 0, TALLY_HANDLE_LEN);
    till_write(till, &event);
    OK(tally_buffer_append(&till->sidecars[till->seq - 1], "wrapped", 7));
}

void till_enrol(struct till *till, uint64_t account, uint8_t card)
{
    enrol(till, account, card, NULL);
}

void till_enrol_with_phone(struct till *till, uint64_t account, uint8_t card, uint8_t phone)
{
    enrol(till, account, card, &phone);
}

static size_t move_if(struct tally_move *moves, size_t count, enum tally_move_kind kind,
                      int64_t points)
{
    if (points > 0) {
        moves[count] = (struct tally_move){.kind = kind, .expires_day = LOT_DAY, .points = points};
        count++;
    }
    return count;
}

void till_sale(struct till *till, uint64_t account, int64_t earned, int64_t spent)
{
    struct tally_line line = {.sku = {(const uint8_t *)"tea", 3},
                              .quantity_milli = 1000,
                              .amount_minor = earned * 100 + spent};
    struct tally_line_paid paid = {.line = 0, .points_minor = spent};
    struct tally_share share = {.line = 0, .points = earned};
    struct tally_move moves[2];
    size_t count = move_if(moves, 0, TALLY_MOVE_REDEEM, spent);
    count = move_if(moves, count, TALLY_MOVE_EARN, earned);
    char ref[32];
    snprintf(ref, sizeof ref, "R%u-%llu", till->number, (unsigned long long)till->seq + 1);
    struct tally_event event = {.type = TALLY_EVENT_SALE,
                                .programme_version = 1,
                                .account = account,
                                .member = account,
                                .effects = {.moves = moves, .move_count = count}};
    event.as.sale = (struct tally_sale){
        .ref = {(const uint8_t *)ref, strlen(ref)},
        .basket = {.lines = &line, .line_count = 1, .shop = till->shop, .points = spent},
        .total_minor = earned * 100 + spent,
        .redeemed_minor = spent,
        .paid = &paid,
        .paid_count = spent > 0 ? 1 : 0,
        .shares = &share,
        .share_count = earned > 0 ? 1 : 0};
    till_write(till, &event);
}

void till_void(struct till *till, uint64_t account, uint64_t seq, int64_t earned, int64_t spent)
{
    struct tally_move moves[2];
    size_t count = move_if(moves, 0, TALLY_MOVE_UNREDEEM, spent);
    count = move_if(moves, count, TALLY_MOVE_UNEARN, earned);
    struct tally_event event = {.type = TALLY_EVENT_VOID,
                                .programme_version = 1,
                                .account = account,
                                .member = account,
                                .effects = {.moves = moves, .move_count = count}};
    event.as.reversal = (struct tally_reversal){.ref = {(const uint8_t *)"V", 1},
                                                .sale = {till->number, till->epoch, seq},
                                                .sale_day = WORLD_DAY,
                                                .amount_minor = earned * 100 + spent,
                                                .redeemed_minor = spent};
    till_write(till, &event);
}

void till_sell(struct till *till, const struct tally_programme *programme, uint64_t account,
               int64_t amount_minor, int64_t claimed)
{
    struct tally_line line = {
        .sku = {(const uint8_t *)"tea", 3}, .quantity_milli = 2000, .amount_minor = amount_minor};
    const struct tally_basket basket = {.lines = &line, .line_count = 1, .shop = till->shop};
    const struct tally_occasion occasion = {.terminal = till->number,
                                            .now_ms = WORLD_NOW,
                                            .day = WORLD_DAY,
                                            .minute = tally_programme_minute(programme, WORLD_NOW),
                                            .member = account};
    struct tally_book book = {0};
    struct tally_quote quote;
    struct tally_event event;
    struct tally_move move;
    char ref[32];
    tally_account_clear(&book.account);
    book.account.id = account;
    size_t room_len = tally_sale_room(programme, &book.account, &basket);
    void *room = tally_alloc(room_len, 1);
    assert_non_null(room);
    OK(tally_sale_plan(programme, &book.account, &basket, &occasion, room, room_len, &event,
                       &quote));
    assert_int_equal(event.effects.move_count, 1);
    move = event.effects.moves[0];
    move.points = claimed == 0 ? move.points : claimed;
    event.effects.moves = &move;
    snprintf(ref, sizeof ref, "S%u-%llu", till->number, (unsigned long long)till->seq + 1);
    event.as.sale.ref = (struct tally_slice){(const uint8_t *)ref, strlen(ref)};
    till_write(till, &event);
    tally_free(room);
}

void till_refund(struct till *till, const struct tally_programme *programme, uint64_t seq,
                 int64_t quantity_milli, int64_t before_milli)
{
    struct tally_event_decoded sale;
    struct tally_book book = {0};
    struct tally_event event;
    const struct tally_returned_line line = {0, quantity_milli, before_milli};
    OK(tally_event_decode(tally_buffer_slice(&till->events[seq - 1]), &sale));
    OK(hq_store_account(till->world->store, sale.event.account, &book));
    const struct tally_refund_request request = {.sale = &sale.event,
                                                 .lines = &line,
                                                 .line_count = 1,
                                                 .terminal = till->number,
                                                 .now_ms = WORLD_NOW,
                                                 .day = WORLD_DAY};
    size_t room_len = tally_refund_room(&book.account, &request);
    void *room = tally_alloc(room_len, 1);
    assert_non_null(room);
    char ref[32];
    OK(tally_refund_plan(programme, &book.account, &request, room, room_len, &event));
    snprintf(ref, sizeof ref, "B%u-%llu", till->number, (unsigned long long)till->seq + 1);
    event.as.reversal.ref = (struct tally_slice){(const uint8_t *)ref, strlen(ref)};
    till_write(till, &event);
    tally_free(room);
    tally_book_free(&book);
    tally_event_decoded_free(&sale);
}

/* ------------------------------------------------------------------ push */

void till_push_encode(const struct till *till, uint64_t first, uint64_t last,
                      struct tally_buffer *ret_message)
{
    struct tally_msg_record records[WORLD_JOURNAL_MAX];
    struct tally_msg_push_request request = {.epoch = till->epoch, .first_seq = first};
    for (uint64_t seq = first; seq <= last; seq++) {
        records[seq - first] =
            (struct tally_msg_record){tally_buffer_slice(&till->events[seq - 1]),
                                      tally_buffer_slice(&till->sidecars[seq - 1])};
    }
    request.records = records;
    request.record_count = (size_t)(last + 1 - first);
    memcpy(request.chain_before, till->chains[first - 1], TALLY_HASH_LEN);
    memcpy(request.chain_after, till->chains[last], TALLY_HASH_LEN);
    OK(tally_msg_push_request_encode(&request, ret_message));
}

struct hq_push till_push(struct till *till, uint64_t first, uint64_t last)
{
    struct tally_buffer message = {0};
    till_push_encode(till, first, last, &message);
    struct hq_push push = {.message = tally_buffer_slice(&message)};
    memcpy(push.pin, till->pin, TALLY_HASH_LEN);
    struct hq_push *pushes[] = {&push};
    OK(hq_store_push(till->world->store, pushes, 1, till->world->now_ms));
    push.message = (struct tally_slice){NULL, 0};
    tally_buffer_free(&message);
    return push;
}

void till_push_all(struct till *till)
{
    struct hq_push push = till_push(till, 1, till->seq);
    if (push.status != TALLY_OK) {
        print_error("refused: %s\n", push.text);
    }
    OK(push.status);
    assert_int_equal(push.reply.acked_seq, till->seq);
    assert_memory_equal(push.reply.chain, till->chains[till->seq], TALLY_HASH_LEN);
}

void till_push_rest(struct till *till, uint64_t first)
{
    struct hq_push push = till_push(till, first, till->seq);
    struct hq_verified verified;
    if (push.status != TALLY_OK) {
        print_error("refused: %s\n", push.text);
    }
    OK(push.status);
    OK(hq_store_verify(till->world->store, &verified));
}

/* ------------------------------------------------------------------ looking */

int64_t world_balance(struct world *world, uint64_t account)
{
    struct tally_book found;
    OK(hq_store_account(world->store, account, &found));
    struct tally_balance balance =
        tally_account_balance(&found.account, TALLY_PURSE_POINTS, WORLD_DAY, world->now_ms);
    OK(tally_account_check(&found.account));
    tally_book_free(&found);
    return balance.usable;
}

int64_t world_drawer(struct world *world, uint64_t account, uint32_t drawer)
{
    struct tally_book found;
    OK(hq_store_account(world->store, account, &found));
    int64_t points = tally_account_in_drawer(&found.account, TALLY_PURSE_POINTS, drawer, WORLD_DAY,
                                             world->now_ms);
    tally_book_free(&found);
    return points;
}

struct flag_search {
    const char *words;
    uint64_t count;
};

static enum tally_status count_flag(void *context, const struct hq_flag *flag)
{
    struct flag_search *search = context;
    search->count += strstr(flag->text, search->words) != NULL;
    return TALLY_OK;
}

uint64_t world_flags(struct world *world)
{
    struct flag_search search = {"", 0};
    OK(hq_store_flags(world->store, count_flag, &search));
    return search.count;
}

uint64_t world_member(struct world *world, uint8_t card)
{
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0, account = 0;
    memset(handle, card, sizeof handle);
    enum tally_status status = hq_store_card(world->store, handle, &member, &account);
    assert_true(status == TALLY_OK || status == TALLY_E_NOT_FOUND);
    return status == TALLY_OK ? member : 0;
}

bool world_is_flagged(struct world *world, const char *words)
{
    struct flag_search search = {words, 0};
    OK(hq_store_flags(world->store, count_flag, &search));
    return search.count > 0;
}

/* An opening balance needs rules: which metric counts, how long points last. */
static void publish_once(struct world *world)
{
    struct tally_buffer text = {0};
    uint32_t version = 0;
    enum tally_status status = hq_store_programme_newest(world->store, &version, &text);
    tally_buffer_free(&text);
    if (status == TALLY_E_NOT_FOUND) {
        tally_programme_document_free(world_publish(world));
    }
}

void world_import(struct world *world, uint8_t card, int64_t points, int32_t expires_day,
                  uint64_t *ret_account)
{
    struct tally_buffer profile = {0};
    struct tally_msg_profile person = {.name = {(const uint8_t *)"Ada", 3}};
    OK(tally_msg_profile_encode(&person, &profile));
    struct hq_import_row row = {.home_shop = 7,
                                .profile = tally_buffer_slice(&profile),
                                .points = points,
                                .expires_day = expires_day,
                                .qualifying = 50000};
    memset(row.handle, card, TALLY_HANDLE_LEN);
    struct hq_import_known known = {9, 9};
    uint64_t member = 0;
    publish_once(world);
    OK(hq_store_import(world->store, world->keys.data_key, &row, 1, world->now_ms, &known));
    assert_int_equal(known.cards, 0);
    assert_int_equal(known.phones, 0);
    OK(hq_store_card(world->store, row.handle, &member, ret_account));
    tally_buffer_free(&profile);
}

/* `field` is a key of the sample document with its value; another one takes its place. */
static void replace_field(struct tally_buffer *text, const char *field, const char *with)
{
    OK(tally_buffer_append(text, "", 1));
    char *at = strstr((char *)text->data, field);
    assert_non_null(at);
    struct tally_buffer changed = {0};
    size_t before = (size_t)(at - (char *)text->data), after = before + strlen(field);
    OK(tally_buffer_append(&changed, text->data, before));
    OK(tally_buffer_append(&changed, with, strlen(with)));
    OK(tally_buffer_append(&changed, text->data + after, text->len - 1 - after));
    tally_buffer_free(text);
    *text = changed;
}

static void sample_read(const char *name, struct tally_buffer *text)
{
    char path[512];
    const char *folder_end = strrchr(TALLY_CLUB_JSON, '/');
    snprintf(path, sizeof path, "%.*s/%s", (int)(folder_end - TALLY_CLUB_JSON), TALLY_CLUB_JSON,
             name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    OK(tally_buffer_reserve(text, 65536));
    text->len = fread(text->data, 1, 65536, file);
    fclose(file);
}

static struct tally_programme_document *publish(struct world *world, struct tally_buffer *text)
{
    struct tally_buffer signature = {0};
    struct tally_programme_document *document = NULL;
    OK(tally_programme_parse(tally_buffer_slice(text), &document, NULL));
    OK(tally_sign(tally_buffer_slice(&world->keys.programme_key), tally_buffer_slice(text),
                  &signature));
    OK(hq_store_programme_put(world->store, tally_programme_of(document)->version,
                              tally_buffer_slice(text), tally_buffer_slice(&signature)));
    tally_buffer_free(text);
    tally_buffer_free(&signature);
    return document;
}

struct tally_programme_document *world_publish_version(struct world *world, uint32_t version,
                                                       const char *effective_from)
{
    struct tally_buffer text = {0};
    char field[64];
    sample_read("club.json", &text);
    snprintf(field, sizeof field, "\"version\": %" PRIu32, version);
    replace_field(&text, "\"version\": 1", field);
    snprintf(field, sizeof field, "\"%s\"", effective_from);
    replace_field(&text, "\"2026-01-01T00:00:00+08:00\"", field);
    return publish(world, &text);
}

struct tally_programme_document *world_publish_with(struct world *world, const char *more)
{
    struct tally_buffer text = {0};
    sample_read("club.json", &text);
    replace_field(&text, "\"version\": 1,", more);
    return publish(world, &text);
}

struct tally_programme_document *world_publish_sample(struct world *world, const char *name)
{
    struct tally_buffer text = {0};
    sample_read(name, &text);
    return publish(world, &text);
}

struct tally_programme_document *world_publish(struct world *world)
{
    return world_publish_version(world, 1, "2026-01-01T00:00:00+08:00");
}
