/* SPDX-License-Identifier: Apache-2.0 */
/* Head office's rows beside the terminal's own drawer, and the proof that finds a difference. */
#include "tests/unit/store/fixture.h"

#include <stdlib.h>

#include "app/crypto/crypto.h"
#include "app/store/internal.h"
#include "app/store/rows.h"

enum { HQ_DRAWER = 0, OTHER_TERMINAL = 9, LOTS_MAX = 4 };

struct paper_row {
    struct tally_lot lots[LOTS_MAX];
    struct tally_purse purses[LOTS_MAX];
    uint8_t bytes[512];
    uint8_t handles[2][TALLY_HANDLE_LEN];
    struct tally_msg_member_row member;
    struct tally_msg_account_row row;
};

static struct tally_lot a_lot(uint32_t drawer, int64_t points)
{
    return (struct tally_lot){.drawer = drawer, .expires_day = SHOP_EXPIRES, .points = points};
}

/* An account that earned what its lots (rising by purse) hold, with one member who has the cards
 * 1.. */
static void fill_row(struct paper_row *paper, uint64_t account, const struct tally_lot *lots,
                     size_t lot_count, uint64_t as_of_seq, size_t cards)
{
    struct tally_account content = {.lots = paper->lots, .purses = paper->purses};
    tally_account_clear(&content);
    content.id = account;
    for (size_t i = 0; i < lot_count; i++) {
        size_t last = content.purse_count;
        if (last == 0 || content.purses[last - 1].purse != lots[i].purse) {
            content.purses[content.purse_count++] = (struct tally_purse){.purse = lots[i].purse};
        }
        content.purses[content.purse_count - 1].earned += lots[i].points;
        content.lots[content.lot_count++] = lots[i];
    }
    size_t len = 0;
    assert_status(TALLY_OK,
                  tally_account_encode(&content, paper->bytes, sizeof paper->bytes, &len));
    memset(paper->handles[0], 1, TALLY_HANDLE_LEN);
    memset(paper->handles[1], 2, TALLY_HANDLE_LEN);
    paper->member = (struct tally_msg_member_row){.member = SHOP_MEMBER,
                                                  .account = account,
                                                  .home_shop = 4,
                                                  .profile = text("profile"),
                                                  .wrapped_key = text("key"),
                                                  .handles = paper->handles,
                                                  .handle_count = cards};
    paper->row = (struct tally_msg_account_row){.account = {paper->bytes, len},
                                                .members = &paper->member,
                                                .member_count = 1,
                                                .as_of_seq = as_of_seq,
                                                .as_of_epoch = as_of_seq > 0};
}

/* Head office's word that an account goes on as another one. */
static void fill_ended_row(struct paper_row *paper, uint64_t account, uint64_t into,
                           uint64_t as_of_seq)
{
    struct tally_account content = {0};
    size_t len = 0;
    tally_account_clear(&content);
    content.id = account;
    content.merged_into = into;
    assert_status(TALLY_OK,
                  tally_account_encode(&content, paper->bytes, sizeof paper->bytes, &len));
    paper->row = (struct tally_msg_account_row){
        .account = {paper->bytes, len}, .as_of_seq = as_of_seq, .as_of_epoch = as_of_seq > 0};
}

static uint64_t apply(struct shop *shop, const struct paper_row *paper, uint64_t cursor)
{
    uint64_t left_out = 99;
    assert_status(TALLY_OK, store_apply_rows(shop->store, &paper->row, 1, cursor, &left_out));
    return left_out;
}

static int64_t purse_in(struct shop *shop, uint32_t purse, uint32_t drawer)
{
    struct store_account found;
    assert_status(TALLY_OK, store_account_get(shop->store, SHOP_ACCOUNT, &found));
    int64_t points =
        tally_account_in_drawer(&found.book.account, purse, drawer, SHOP_DAY, SHOP_NOW_MS);
    store_account_free(&found);
    return points;
}

static int64_t points_in(struct shop *shop, uint32_t drawer)
{
    return purse_in(shop, TALLY_PURSE_POINTS, drawer);
}

static uint64_t cursor_of(struct shop *shop)
{
    uint64_t cursor = 99;
    assert_status(TALLY_OK, store_cursor(shop->store, &cursor));
    return cursor;
}

static void rows_and_cursor_are_there_after_opening_again(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300), a_lot(OTHER_TERMINAL, 50)};
    uint64_t member = 0;
    fill_row(&paper, SHOP_ACCOUNT, lots, 2, 0, 2);
    assert_int_equal(0, cursor_of(&shop));
    assert_int_equal(0, apply(&shop, &paper, 17));
    shop_close(&shop);
    shop_open(&shop);
    assert_int_equal(17, cursor_of(&shop));
    assert_int_equal(300, points_in(&shop, HQ_DRAWER));
    assert_int_equal(50, points_in(&shop, OTHER_TERMINAL));
    assert_status(TALLY_OK, store_card_get(shop.store, paper.handles[1], &member));
    assert_int_equal(SHOP_MEMBER, member);
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void members_that_lmdb_does_not_know_do_not_wait_and_events_wait_minutes(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    assert_int_equal(-1, store_checkpoint_within_ms(shop.store));
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_int_equal(250, store_checkpoint_within_ms(shop.store));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    assert_int_equal(-1, store_checkpoint_within_ms(shop.store));
    assert_int_equal(0, apply(&shop, &paper, 6)); /* known by now: only an account that changed */
    sell(shop.store, 1, 10);
    assert_int_equal(5 * 60 * 1000, store_checkpoint_within_ms(shop.store));
    shop_end(&shop);
}

static void cards_that_change_hands_or_are_blocked_do_not_wait_either(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    uint64_t member = 0;
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 2);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    paper.member.blocked = &paper.handles[0]; /* lost: a crash may not let it in again */
    paper.member.blocked_count = 1;
    assert_int_equal(0, apply(&shop, &paper, 6));
    assert_int_equal(250, store_checkpoint_within_ms(shop.store));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    assert_int_equal(0, apply(&shop, &paper, 7));
    assert_int_equal(5 * 60 * 1000, store_checkpoint_within_ms(shop.store));
    paper.member.handle_count = 1; /* the other one is taken away */
    assert_int_equal(0, apply(&shop, &paper, 8));
    assert_int_equal(250, store_checkpoint_within_ms(shop.store));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    paper.member.handle_count = 2; /* and given back: used at once, and the terminal crashes */
    assert_int_equal(0, apply(&shop, &paper, 9));
    sell(shop.store, 1, 10);
    struct shop crashed = shop_copy(&shop);
    shop_open(&crashed);
    assert_status(TALLY_OK, store_card_get(crashed.store, paper.handles[1], &member));
    assert_status(TALLY_E_BLOCKED, store_card_get(crashed.store, paper.handles[0], &member));
    shop_end(&crashed);
    shop_end(&shop);
}

static void a_member_who_moves_to_another_account_does_not_wait(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    fill_row(&paper, 101, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 6));
    assert_int_equal(250, store_checkpoint_within_ms(shop.store));
    shop_end(&shop);
}

static uint64_t lmdb_seq(struct shop *shop)
{
    struct store_head head;
    store_head(shop->store, &head);
    return head.lmdb_seq;
}

static void
a_member_of_head_offices_is_known_after_a_crash_that_follows_its_first_event(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300)};
    uint64_t member = 0;
    fill_row(&paper, SHOP_ACCOUNT, lots, 1, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    sell(shop.store, 1, 10);
    struct shop crashed = shop_copy(&shop);
    shop_open(&crashed);
    assert_true(has_sale(crashed.store, 1));
    assert_status(TALLY_OK, store_card_get(crashed.store, paper.handles[0], &member));
    assert_int_equal(SHOP_MEMBER, member);
    assert_int_equal(300, points_in(&crashed, HQ_DRAWER));
    assert_int_equal(10, points_in(&crashed, SHOP_TERMINAL));
    assert_int_equal(5, cursor_of(&crashed));
    assert_verifies(crashed.store);
    shop_end(&crashed);
    shop_end(&shop);
}

static void an_event_of_a_member_whom_lmdb_knows_costs_no_batch(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    sell(shop.store, 1, 10); /* a batch, and then the event */
    sell(shop.store, 2, 10);
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 2, 1);
    assert_int_equal(0, apply(&shop, &paper, 6)); /* the echo of these two */
    sell(shop.store, 3, 10);
    assert_int_equal(0, lmdb_seq(&shop));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    sell(shop.store, 4, 10);
    fill_row(&paper, 101, NULL, 0, 0, 1);
    paper.member.member = 56; /* waits, and buys nothing */
    memset(paper.handles[0], 3, TALLY_HANDLE_LEN);
    assert_int_equal(0, apply(&shop, &paper, 7));
    sell(shop.store, 5, 10);
    assert_int_equal(3, lmdb_seq(&shop));
    assert_int_equal(250, store_checkpoint_within_ms(shop.store));
    shop_end(&shop);
}

static void a_row_that_does_not_know_our_newest_event_is_left_out_whole(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300)};
    uint64_t member = 0;
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 10);
    fill_row(&paper, SHOP_ACCOUNT, lots, 1, 1, 1);
    assert_int_equal(1, apply(&shop, &paper, 5));
    assert_int_equal(5, cursor_of(&shop)); /* a newer one follows once head office has it */
    assert_int_equal(0, points_in(&shop, HQ_DRAWER));
    assert_int_equal(20, points_in(&shop, SHOP_TERMINAL));
    assert_status(TALLY_E_NOT_FOUND, store_card_get(shop.store, paper.handles[0], &member));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void lots_in_our_own_drawer_stay_and_all_else_is_head_offices_word(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300), a_lot(SHOP_TERMINAL, 20)};
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 10);
    fill_row(&paper, SHOP_ACCOUNT, lots, 2, 2, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_int_equal(300, points_in(&shop, HQ_DRAWER));
    assert_int_equal(20, points_in(&shop, SHOP_TERMINAL));
    lots[1].points = 5000; /* head office may not put points into our drawer by a row */
    fill_row(&paper, SHOP_ACCOUNT, lots, 2, 2, 1);
    assert_int_equal(0, apply(&shop, &paper, 6));
    assert_int_equal(20, points_in(&shop, SHOP_TERMINAL));
    lots[0].points = 250;
    fill_row(&paper, SHOP_ACCOUNT, lots, 1, 2, 1); /* nor take any out */
    assert_int_equal(0, apply(&shop, &paper, 7));
    assert_int_equal(20, points_in(&shop, SHOP_TERMINAL));
    assert_int_equal(250, points_in(&shop, HQ_DRAWER));
    assert_verifies(shop.store);
    assert_status(TALLY_OK, try_sell(shop.store, 3, 0, 20, NULL));
    assert_int_equal(0, points_in(&shop, SHOP_TERMINAL));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void holds_and_other_purses_of_our_own_drawer_stay_too(void **state)
{
    (void)state;
    enum { STAMPS = 77, VOUCHERS = 78 };
    struct shop shop = a_shop();
    struct paper_row paper;
    sell(shop.store, 1, 100);
    assert_status(TALLY_OK, try_hold(shop.store, "hold-1", 30));
    assert_status(TALLY_OK, try_award(shop.store, STAMPS, 3));
    /* Head office knows this drawer as it was never: no hold, vouchers instead of stamps. */
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300), a_lot(SHOP_TERMINAL, 1),
                               a_lot(SHOP_TERMINAL, 9)};
    lots[2].purse = VOUCHERS;
    fill_row(&paper, SHOP_ACCOUNT, lots, 3, 3, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_int_equal(70, points_in(&shop, SHOP_TERMINAL));
    assert_int_equal(300, points_in(&shop, HQ_DRAWER));
    assert_int_equal(3, purse_in(&shop, STAMPS, SHOP_TERMINAL));
    assert_int_equal(0, purse_in(&shop, VOUCHERS, SHOP_TERMINAL));
    assert_verifies(shop.store);
    assert_status(TALLY_OK, try_release(shop.store, 2, 30));
    assert_int_equal(100, points_in(&shop, SHOP_TERMINAL));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_card_that_is_taken_away_is_no_longer_found(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    uint64_t member = 0;
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 2);
    assert_int_equal(0, apply(&shop, &paper, 1));
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 2));
    assert_status(TALLY_OK, store_card_get(shop.store, paper.handles[0], &member));
    assert_status(TALLY_E_NOT_FOUND, store_card_get(shop.store, paper.handles[1], &member));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_card_that_head_office_blocks_is_blocked_and_let_in_again(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    uint64_t member = 0;
    for (int both = 0; both < 2; both++) { /* a blocked one may be among the others, too */
        fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 2);
        assert_int_equal(0, apply(&shop, &paper, 1));
        assert_status(TALLY_OK, store_card_get(shop.store, paper.handles[1], &member));
        fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, both == 0 ? 1 : 2);
        paper.member.blocked = &paper.handles[1];
        paper.member.blocked_count = 1;
        assert_int_equal(0, apply(&shop, &paper, 2));
        assert_status(TALLY_OK, store_card_get(shop.store, paper.handles[0], &member));
        assert_status(TALLY_E_BLOCKED, store_card_get(shop.store, paper.handles[1], &member));
        assert_verifies(shop.store);
    }
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 3)); /* taken away altogether */
    assert_status(TALLY_E_NOT_FOUND, store_card_get(shop.store, paper.handles[1], &member));
    assert_verifies(shop.store);
    shop_end(&shop);
}

/* Head office enrolled the member; the journal alone does not know who that is. */
static void a_card_that_was_linked_here_comes_back_with_the_row_after_a_rebuild(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    char path[512];
    uint8_t linked[TALLY_HANDLE_LEN];
    uint64_t member = 0;
    memset(linked, 2, sizeof linked);
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(0, apply(&shop, &paper, 1));
    assert_status(TALLY_OK, try_card(shop.store, SHOP_MEMBER, SHOP_ACCOUNT, TALLY_CARD_LINK, 2, 0));
    assert_status(TALLY_OK, store_card_get(shop.store, linked, &member));
    assert_verifies(shop.store);
    shop_close(&shop);
    path_in(&shop, "state.mdb", path);
    write_file(path, "x", 1);
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_status(TALLY_E_NOT_FOUND, store_card_get(shop.store, linked, &member));
    assert_verifies(shop.store);
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_int_equal(1, apply(&shop, &paper, 1)); /* head office has not heard of the link */
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 1, 2);
    assert_int_equal(0, apply(&shop, &paper, 2));
    assert_status(TALLY_OK, store_card_get(shop.store, linked, &member));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void points_of_an_ended_account_are_sent_on_once_and_arrive_whole(void **state)
{
    (void)state;
    enum { INTO = 200 };
    const enum tally_move_kind out = TALLY_MOVE_ADJUST_OUT, in = TALLY_MOVE_ADJUST_IN;
    struct shop shop = a_shop();
    struct paper_row paper;
    uint64_t account = 0, seq = 0, existing = 0;
    uint32_t epoch = 0;
    sell(shop.store, 1, 40);
    assert_status(TALLY_E_INVALID, try_transfer(shop.store, SHOP_ACCOUNT, INTO, out, 40, NULL));
    assert_status(TALLY_E_NOT_FOUND, try_transfer(shop.store, 999, INTO, out, 40, NULL));
    assert_status(TALLY_E_INVALID, try_transfer(shop.store, INTO, SHOP_ACCOUNT, in, 40, NULL));
    fill_ended_row(&paper, SHOP_ACCOUNT, INTO, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_status(TALLY_E_INVALID, try_transfer(shop.store, SHOP_ACCOUNT, 201, out, 40, NULL));
    assert_status(TALLY_E_INVALID,
                  try_transfer(shop.store, SHOP_ACCOUNT, INTO, TALLY_MOVE_FORGIVE_DEBT, 40, NULL));
    assert_status(TALLY_E_NOT_FOUND, store_sent_get(shop.store, &account, &epoch, &seq));
    assert_int_equal(1, head_seq(shop.store));

    assert_status(TALLY_OK, try_transfer(shop.store, SHOP_ACCOUNT, INTO, out, 40, NULL));
    assert_int_equal(0, points_of(shop.store, SHOP_ACCOUNT));
    struct shop crashed = shop_copy(&shop);
    shop_open(&crashed);
    for (int round = 0; round < 2; round++) {
        assert_status(TALLY_OK, store_sent_get(crashed.store, &account, &epoch, &seq));
        assert_true(account == SHOP_ACCOUNT && epoch == 1 && seq == 2);
        assert_status(TALLY_E_EXISTS,
                      try_transfer(crashed.store, SHOP_ACCOUNT, INTO, out, 1, &existing));
        assert_int_equal(2, existing);
        assert_status(TALLY_E_INVALID,
                      try_transfer(crashed.store, INTO, SHOP_ACCOUNT, in, 41, NULL));
        assert_status(TALLY_E_INVALID,
                      try_transfer(crashed.store, 201, SHOP_ACCOUNT, in, 40, NULL));
        assert_status(TALLY_E_INVALID, try_transfer(crashed.store, INTO, SHOP_ACCOUNT,
                                                    TALLY_MOVE_ADJUST_DEBT, 40, NULL));
        assert_verifies(crashed.store);
        shop_close(&crashed);
        shop_open(&crashed);
    }
    assert_status(TALLY_OK, try_transfer(crashed.store, INTO, SHOP_ACCOUNT, in, 40, NULL));
    assert_int_equal(40, points_of(crashed.store, INTO));
    for (int round = 0; round < 2; round++) {
        assert_status(TALLY_E_NOT_FOUND, store_sent_get(crashed.store, &account, &epoch, &seq));
        assert_status(TALLY_E_INVALID,
                      try_transfer(crashed.store, INTO, SHOP_ACCOUNT, in, 40, NULL));
        assert_verifies(crashed.store);
        shop_close(&crashed);
        shop_open(&crashed);
    }
    shop_end(&crashed);
    shop_end(&shop);
}

static void malformed_rows_change_nothing_not_even_the_good_ones_beside_them(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row good, bad;
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300)};
    uint64_t left_out = 99;
    sell(shop.store, 1, 10);
    fill_row(&good, SHOP_ACCOUNT, lots, 1, 1, 1);
    for (int kind = 0; kind < 3; kind++) {
        fill_row(&bad, 200, lots, 1, 0, 1);
        if (kind == 0) {
            bad.row.account.len--;
        } else if (kind == 1) {
            bad.bytes[0] ^= 0xff; /* a layout that no one knows */
        } else {
            bad.member.account = 201; /* a member of another account */
        }
        struct tally_msg_account_row rows[2] = {good.row, bad.row};
        assert_status(TALLY_E_INVALID, store_apply_rows(shop.store, rows, 2, 9, &left_out));
        assert_int_equal(99, left_out);
        assert_int_equal(0, cursor_of(&shop));
        assert_int_equal(0, points_in(&shop, HQ_DRAWER));
    }
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void rows_are_refused_before_there_is_a_writer(void **state)
{
    (void)state;
    struct shop shop = an_unenrolled_shop();
    struct paper_row paper;
    uint64_t left_out = 0;
    fill_row(&paper, SHOP_ACCOUNT, NULL, 0, 0, 1);
    assert_status(TALLY_E_NOT_READY, store_apply_rows(shop.store, &paper.row, 1, 1, &left_out));
    shop_end(&shop);
}

static void after_a_rebuild_the_cursor_is_zero_and_rows_can_come_again(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct paper_row paper;
    char path[512];
    struct tally_lot lots[] = {a_lot(HQ_DRAWER, 300), a_lot(SHOP_TERMINAL, 10)};
    sell(shop.store, 1, 10);
    fill_row(&paper, SHOP_ACCOUNT, lots, 2, 1, 1);
    assert_int_equal(0, apply(&shop, &paper, 5));
    shop_close(&shop);
    path_in(&shop, "state.mdb", path);
    write_file(path, "x", 1);
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_int_equal(0, cursor_of(&shop));
    assert_int_equal(0, points_in(&shop, HQ_DRAWER));
    assert_int_equal(10, points_in(&shop, SHOP_TERMINAL));
    assert_int_equal(0, apply(&shop, &paper, 5));
    assert_int_equal(300, points_in(&shop, HQ_DRAWER));
    assert_verifies(shop.store);
    shop_end(&shop);
}

/* ------------------------------------------------------------------ the proof */

static void plant(struct shop *shop, enum state_table table, struct tally_slice key,
                  const struct tally_buffer *value)
{
    struct changes changes = {0};
    if (value == NULL) {
        assert_status(TALLY_OK, changes_remove(&changes, table, key));
    } else {
        assert_status(TALLY_OK, changes_put(&changes, table, key, tally_buffer_slice(value)));
    }
    assert_status(TALLY_OK, changes_make_ready(&shop->store->overlay, &changes));
    changes_merge(&shop->store->overlay, &changes);
    assert_status(TALLY_OK, store_write_state(shop->store));
}

static void assert_differs(struct shop *shop)
{
    struct store_verified verified = {0};
    assert_status(TALLY_E_MISMATCH, store_verify(shop->store, NULL, NULL, &verified));
    assert_true(strlen(verified.difference) > 0);
    print_message("  found: %s\n", verified.difference);
}

static struct shop a_busy_shop(void)
{
    struct shop shop = a_shop();
    assert_status(TALLY_OK, try_enrol(shop.store, SHOP_MEMBER, SHOP_ACCOUNT, 9));
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 20);
    const struct tally_returned_line line = {0, 1000, 0};
    assert_status(TALLY_OK, try_refund(shop.store, 3, "refund-1", &line, 1, 6, NULL));
    return shop;
}

static void planted_points_are_found(void **state)
{
    (void)state;
    struct shop shop = a_busy_shop();
    struct view view = store_view(shop.store);
    struct tally_buffer value = {0};
    struct row_account row;
    uint8_t key[ROW_ID_KEY_LEN];
    row_id_key(SHOP_ACCOUNT, key);
    assert_verifies(shop.store);
    assert_status(TALLY_OK,
                  view_get(&view, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value));
    assert_status(TALLY_OK, row_account_decode(tally_buffer_slice(&value), &row));
    row.book.account.lots[0].points += 1;
    row.book.account.purses[0].earned += 1; /* it still adds up */
    value.len = 0;
    assert_status(TALLY_OK, row_account_encode(&row, &value));
    plant(&shop, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value);
    assert_differs(&shop);
    row.from_hq = true; /* nor does it help to say that head office did it */
    value.len = 0;
    assert_status(TALLY_OK, row_account_encode(&row, &value));
    plant(&shop, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value);
    assert_differs(&shop);
    row_account_free(&row);
    tally_buffer_free(&value);
    shop_end(&shop);
}

static void a_hold_or_purse_of_our_own_that_is_not_the_journals_is_found(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        struct shop shop = a_busy_shop();
        struct view view = store_view(shop.store);
        struct tally_buffer value = {0};
        struct row_account row;
        uint8_t key[ROW_ID_KEY_LEN];
        row_id_key(SHOP_ACCOUNT, key);
        assert_status(TALLY_OK, try_hold(shop.store, "hold-1", 5));
        assert_verifies(shop.store);
        assert_status(TALLY_OK, view_get(&view, STATE_ACCOUNTS,
                                         (struct tally_slice){key, sizeof key}, &value));
        assert_status(TALLY_OK, row_account_decode(tally_buffer_slice(&value), &row));
        struct tally_account *account = &row.book.account;
        assert_int_equal(2, account->lot_count);
        assert_int_equal(1, account->hold_count);
        if (kind == 0) {
            account->holds[0].until_ms++;
        } else if (kind == 1) {
            account->holds[0].hold++;
            account->lots[1].hold++;
        } else if (kind == 2) {
            account->purses[0].purse = account->lots[0].purse = account->lots[1].purse = 5;
        }
        row.from_hq = true;
        value.len = 0;
        assert_status(TALLY_OK, row_account_encode(&row, &value));
        plant(&shop, STATE_ACCOUNTS, (struct tally_slice){key, sizeof key}, &value);
        if (kind < 3) {
            assert_differs(&shop);
        } else {
            assert_verifies(shop.store);
        }
        row_account_free(&row);
        tally_buffer_free(&value);
        shop_end(&shop);
    }
}

static void rows_that_are_missing_from_an_index_are_found(void **state)
{
    (void)state;
    uint8_t handle[TALLY_HANDLE_LEN], account[ROW_ID_KEY_LEN], member[ROW_ID_KEY_LEN],
        sale[ROW_EVENT_KEY_LEN];
    memset(handle, 9, sizeof handle);
    row_id_key(SHOP_ACCOUNT, account);
    row_id_key(SHOP_MEMBER, member);
    row_event_key(&(struct tally_event_id){SHOP_TERMINAL, 1, 3}, sale);
    const struct {
        enum state_table table;
        struct tally_slice key;
    } rows[] = {{STATE_CARDS, {handle, sizeof handle}},
                {STATE_MEMBERS, {member, sizeof member}},
                {STATE_ACCOUNTS, {account, sizeof account}},
                {STATE_REFS, text("sale-1")},
                {STATE_REVERSALS, {sale, sizeof sale}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct shop shop = a_busy_shop();
        plant(&shop, rows[i].table, rows[i].key, NULL);
        assert_differs(&shop);
        shop_end(&shop);
    }
}

static void a_card_that_is_let_in_without_a_word_is_found(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        struct shop shop = a_busy_shop();
        struct tally_buffer value = {0};
        uint8_t handle[TALLY_HANDLE_LEN], card[ROW_CARD_LEN];
        memset(handle, 9, sizeof handle);
        if (kind == 0) {
            assert_status(TALLY_OK,
                          try_card(shop.store, SHOP_MEMBER, SHOP_ACCOUNT, TALLY_CARD_BLOCK, 9, 0));
        }
        assert_verifies(shop.store);
        row_card_encode(SHOP_MEMBER, kind == 1, card);
        assert_status(TALLY_OK, tally_buffer_append(&value, card, sizeof card));
        plant(&shop, STATE_CARDS, (struct tally_slice){handle, sizeof handle}, &value);
        assert_differs(&shop);
        tally_buffer_free(&value);
        shop_end(&shop);
    }
}

static void a_reference_that_no_event_carries_is_found(void **state)
{
    (void)state;
    struct shop shop = a_busy_shop();
    struct tally_buffer value = {0};
    uint8_t event[ROW_EVENT_LEN];
    row_event_encode(1, 2, event);
    assert_status(TALLY_OK, tally_buffer_append(&value, event, sizeof event));
    plant(&shop, STATE_REFS, text("sale-77"), &value);
    assert_differs(&shop);
    tally_buffer_free(&value);
    shop_end(&shop);
}

static void a_reversal_that_no_event_made_is_found(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        struct shop shop = a_busy_shop();
        struct tally_returned_line line = {0, kind == 0 ? 999 : 1000, 0};
        struct row_reversal row = {kind == 1, 1, kind == 2 ? 3 : 4, &line, 1};
        struct tally_buffer value = {0};
        uint8_t sale[ROW_EVENT_KEY_LEN];
        assert_verifies(shop.store);
        assert_status(TALLY_OK, row_reversal_encode(&row, &value));
        row_event_key(&(struct tally_event_id){SHOP_TERMINAL, 1, 3}, sale);
        plant(&shop, STATE_REVERSALS, (struct tally_slice){sale, sizeof sale}, &value);
        assert_differs(&shop);
        tally_buffer_free(&value);
        shop_end(&shop);
    }
}

static void a_row_of_a_reversal_comes_back_as_it_was_and_malformed_ones_are_refused(void **state)
{
    (void)state;
    struct tally_returned_line lines[] = {{0, 1000, 0}, {4, INT64_MAX, 0}};
    const struct row_reversal row = {true, 3, UINT64_MAX, lines, 2};
    struct tally_buffer value = {0};
    struct row_reversal back = {0};
    assert_status(TALLY_OK, row_reversal_encode(&row, &value));
    assert_status(TALLY_OK, row_reversal_decode(tally_buffer_slice(&value), &back));
    assert_true(back.is_void && back.epoch == 3 && back.seq == UINT64_MAX);
    assert_int_equal(2, back.line_count);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(lines[i].line, back.lines[i].line);
        assert_true(lines[i].quantity_milli == back.lines[i].quantity_milli);
    }
    row_reversal_free(&back);
    for (size_t len = 0; len < value.len; len++) {
        bool whole = len == 16 || len == 28;
        assert_status(whole ? TALLY_OK : TALLY_E_STORE_DAMAGED,
                      row_reversal_decode((struct tally_slice){value.data, len}, &back));
        row_reversal_free(&back);
    }
    const struct {
        size_t at;
        uint8_t byte;
        enum tally_status status;
    } wrong[] = {{0, 0, TALLY_E_STORE_DAMAGED},     {0, 2, TALLY_E_STORE_VERSION},
                 {1, 2, TALLY_E_STORE_DAMAGED},     {2, 1, TALLY_E_STORE_DAMAGED},
                 {16, 4, TALLY_E_STORE_DAMAGED},    {28, 0, TALLY_E_STORE_DAMAGED},
                 {39, 0x80, TALLY_E_STORE_DAMAGED}, {27, 0xFF, TALLY_E_STORE_DAMAGED}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t before = value.data[wrong[i].at];
        value.data[wrong[i].at] = wrong[i].byte;
        assert_status(wrong[i].status, row_reversal_decode(tally_buffer_slice(&value), &back));
        value.data[wrong[i].at] = before;
    }
    tally_buffer_free(&value);
}

static void a_changed_byte_of_the_journal_breaks_the_chain(void **state)
{
    (void)state;
    struct shop shop = a_busy_shop();
    struct store_verified verified = {0};
    char path[512];
    path_in(&shop, "journal/00000001-00000001.journal", path);
    struct tally_buffer bytes = read_file(path);
    bytes.data[4096 + 100] ^= 1;
    write_file(path, bytes.data, bytes.len);
    assert_status(TALLY_E_CHAIN, store_verify(shop.store, NULL, NULL, &verified));
    assert_true(strlen(verified.difference) > 0);
    tally_buffer_free(&bytes);
    shop_end(&shop);
}

int main(void)
{
    assert_status(TALLY_OK, tally_crypto_start());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_cursor_are_there_after_opening_again),
        cmocka_unit_test(members_that_lmdb_does_not_know_do_not_wait_and_events_wait_minutes),
        cmocka_unit_test(
            a_member_of_head_offices_is_known_after_a_crash_that_follows_its_first_event),
        cmocka_unit_test(cards_that_change_hands_or_are_blocked_do_not_wait_either),
        cmocka_unit_test(a_member_who_moves_to_another_account_does_not_wait),
        cmocka_unit_test(an_event_of_a_member_whom_lmdb_knows_costs_no_batch),
        cmocka_unit_test(a_row_that_does_not_know_our_newest_event_is_left_out_whole),
        cmocka_unit_test(lots_in_our_own_drawer_stay_and_all_else_is_head_offices_word),
        cmocka_unit_test(holds_and_other_purses_of_our_own_drawer_stay_too),
        cmocka_unit_test(a_card_that_is_taken_away_is_no_longer_found),
        cmocka_unit_test(a_card_that_head_office_blocks_is_blocked_and_let_in_again),
        cmocka_unit_test(a_card_that_was_linked_here_comes_back_with_the_row_after_a_rebuild),
        cmocka_unit_test(points_of_an_ended_account_are_sent_on_once_and_arrive_whole),
        cmocka_unit_test(malformed_rows_change_nothing_not_even_the_good_ones_beside_them),
        cmocka_unit_test(rows_are_refused_before_there_is_a_writer),
        cmocka_unit_test(after_a_rebuild_the_cursor_is_zero_and_rows_can_come_again),
        cmocka_unit_test(planted_points_are_found),
        cmocka_unit_test(a_hold_or_purse_of_our_own_that_is_not_the_journals_is_found),
        cmocka_unit_test(rows_that_are_missing_from_an_index_are_found),
        cmocka_unit_test(a_card_that_is_let_in_without_a_word_is_found),
        cmocka_unit_test(a_reference_that_no_event_carries_is_found),
        cmocka_unit_test(a_reversal_that_no_event_made_is_found),
        cmocka_unit_test(a_row_of_a_reversal_comes_back_as_it_was_and_malformed_ones_are_refused),
        cmocka_unit_test(a_changed_byte_of_the_journal_breaks_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
