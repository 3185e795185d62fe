/* SPDX-License-Identifier: Apache-2.0 */
/* What a store does on a good day, and what it refuses. */
#include "tests/unit/store/fixture.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/crypto/crypto.h"
#include "app/proto/event_codec.h"

static void a_new_store_is_created_and_has_no_writer(void **state)
{
    (void)state;
    struct shop shop = an_unenrolled_shop();
    struct store_head head;
    store_head(shop.store, &head);
    assert_true(shop.opened.created);
    assert_false(shop.opened.rebuilt);
    assert_int_equal(0, head.terminal);
    assert_status(TALLY_E_NOT_READY, try_sell(shop.store, 1, 10, 0, NULL));
    shop_close(&shop);
    shop_open(&shop);
    assert_false(shop.opened.created);
    shop_end(&shop);
}

static void answered_sales_are_there_after_closing_and_opening(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 20);
    shop_close(&shop);
    shop_open(&shop);
    assert_int_equal(0, shop.opened.replayed); /* the close brought the state up */
    assert_false(shop.opened.rebuilt);
    assert_int_equal(2, head_seq(shop.store));
    assert_int_equal(30, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void answered_sales_are_replayed_when_the_store_was_not_closed(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    sell(shop.store, 1, 10);
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    sell(shop.store, 2, 20);
    struct shop later = shop_copy(&shop);
    shop_open(&later);
    assert_int_equal(1, later.opened.replayed);
    assert_false(later.opened.rebuilt);
    assert_int_equal(30, points_of(later.store, SHOP_ACCOUNT));
    assert_verifies(later.store);
    shop_end(&later);
    shop_end(&shop);
}

static void a_sale_with_a_known_reference_is_answered_with_the_first_one(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint64_t existing = 0;
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 10);
    assert_status(TALLY_E_EXISTS, try_sell(shop.store, 1, 10, 0, &existing));
    assert_int_equal(1, existing);
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    existing = 0;
    assert_status(TALLY_E_EXISTS, try_sell(shop.store, 2, 99, 0, &existing));
    assert_int_equal(2, existing);
    assert_int_equal(2, head_seq(shop.store));
    assert_int_equal(20, points_of(shop.store, SHOP_ACCOUNT));
    shop_end(&shop);
}

static void redeeming_more_than_the_drawer_holds_writes_nothing(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    sell(shop.store, 1, 10);
    assert_status(TALLY_E_POINTS_SHORT, try_sell(shop.store, 2, 0, 11, NULL));
    assert_int_equal(1, head_seq(shop.store));
    assert_false(has_sale(shop.store, 2));
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    assert_status(TALLY_OK, try_sell(shop.store, 2, 0, 10, NULL));
    assert_int_equal(0, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_sale_is_voided_once(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint64_t existing = 0;
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 10);
    assert_status(TALLY_OK, try_void_sale(shop.store, 1, "void-1", 10, NULL));
    assert_status(TALLY_E_EXISTS, try_void_sale(shop.store, 1, "void-2", 10, &existing));
    assert_int_equal(3, existing);
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static struct tally_event_id sale_of(uint64_t seq)
{
    return (struct tally_event_id){SHOP_TERMINAL, 1, seq};
}

/* What came back of a sale, of line 0 and line 4. */
static void assert_back(struct store *store, uint64_t sale_seq, int64_t line_0, int64_t line_4,
                        uint32_t newest_epoch, uint64_t newest_seq)
{
    struct store_reversal back = {0};
    struct tally_event_id sale = sale_of(sale_seq);
    assert_status(TALLY_OK, store_reversal_get(store, &sale, &back));
    assert_false(back.is_void);
    assert_int_equal(newest_epoch, back.newest_epoch);
    assert_int_equal(newest_seq, back.newest_seq);
    size_t next = 0;
    if (line_0 > 0) {
        assert_int_equal(0, back.lines[next].line);
        assert_int_equal(line_0, back.lines[next++].quantity_before_milli);
    }
    if (line_4 > 0) {
        assert_int_equal(4, back.lines[next].line);
        assert_int_equal(line_4, back.lines[next++].quantity_before_milli);
    }
    assert_int_equal(next, back.line_count);
    store_reversal_free(&back);
}

static void refunds_of_a_sale_add_up_and_say_what_came_back_before(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct tally_returned_line first = {4, 500, 0}, lines[2] = {{0, 1000, 0}, {4, 250, 500}};
    struct store_reversal none = {0};
    struct tally_event_id sale = sale_of(1);
    sell(shop.store, 1, 30);
    assert_status(TALLY_E_NOT_FOUND, store_reversal_get(shop.store, &sale, &none));
    assert_status(TALLY_OK, try_refund(shop.store, 1, "r1", &first, 1, 5, NULL));
    assert_back(shop.store, 1, 0, 500, 1, 2);
    assert_status(TALLY_E_INVALID, try_refund(shop.store, 1, "r2", &first, 1, 5, NULL));
    first.quantity_before_milli = 501;
    assert_status(TALLY_E_INVALID, try_refund(shop.store, 1, "r2", &first, 1, 5, NULL));
    assert_int_equal(2, head_seq(shop.store));
    assert_status(TALLY_OK, try_refund(shop.store, 1, "r2", lines, 2, 5, NULL));
    assert_back(shop.store, 1, 1000, 750, 1, 3);
    lines[0].quantity_before_milli = 1000;
    assert_status(TALLY_OK, try_refund(shop.store, 1, "r3", lines, 1, 5, NULL));
    assert_int_equal(15, points_of(shop.store, SHOP_ACCOUNT));
    struct shop crashed = shop_copy(&shop); /* only the journal has them yet */
    shop_open(&crashed);
    assert_back(crashed.store, 1, 2000, 750, 1, 4);
    assert_verifies(crashed.store);
    shop_end(&crashed);
    shop_close(&shop);
    shop_open(&shop);
    assert_back(shop.store, 1, 2000, 750, 1, 4);
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_sale_is_not_voided_after_a_refund_nor_refunded_after_a_void(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    const struct tally_returned_line line = {0, 1000, 0};
    uint64_t existing = 0;
    sell(shop.store, 1, 10);
    sell(shop.store, 2, 10);
    assert_status(TALLY_OK, try_refund(shop.store, 1, "refund-1", &line, 1, 3, NULL));
    assert_status(TALLY_E_EXISTS, try_void_sale(shop.store, 1, "void-1", 10, &existing));
    assert_int_equal(3, existing);
    assert_status(TALLY_OK, try_void_sale(shop.store, 2, "void-2", 10, NULL));
    assert_status(TALLY_E_EXISTS, try_refund(shop.store, 2, "refund-2", &line, 1, 3, &existing));
    assert_int_equal(4, existing);
    struct store_reversal back = {0};
    struct tally_event_id sale = sale_of(2);
    assert_status(TALLY_OK, store_reversal_get(shop.store, &sale, &back));
    assert_true(back.is_void);
    assert_int_equal(4, back.newest_seq);
    assert_int_equal(0, back.line_count);
    store_reversal_free(&back);
    assert_int_equal(7, points_of(shop.store, SHOP_ACCOUNT));
    assert_int_equal(4, head_seq(shop.store));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_sale_of_an_epoch_before_is_refunded_and_still_not_twice(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct tally_returned_line line = {0, 1000, 0};
    uint64_t existing = 99;
    sell(shop.store, 1, 10);
    assert_status(TALLY_OK, try_refund(shop.store, 1, "refund-1", &line, 1, 3, NULL));
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL, 2));
    assert_back(shop.store, 1, 1000, 0, 1, 2);
    assert_status(TALLY_E_INVALID, try_refund(shop.store, 1, "refund-2", &line, 1, 3, NULL));
    assert_status(TALLY_E_EXISTS, try_void_sale(shop.store, 1, "void-1", 10, &existing));
    assert_int_equal(0, existing);
    line.quantity_before_milli = 1000;
    assert_status(TALLY_OK, try_refund(shop.store, 1, "refund-2", &line, 1, 3, NULL));
    assert_back(shop.store, 1, 2000, 0, 2, 1);
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void held_points_are_not_spent_and_come_back_when_they_are_released(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint64_t seq = 0;
    sell(shop.store, 1, 100);
    assert_status(TALLY_OK, try_hold(shop.store, "hold-1", 30));
    assert_status(TALLY_E_EXISTS, try_hold(shop.store, "hold-1", 30));
    assert_status(TALLY_OK, store_ref_get(shop.store, text("hold-1"), &seq));
    assert_int_equal(2, seq);
    assert_int_equal(70, points_of(shop.store, SHOP_ACCOUNT));
    assert_status(TALLY_E_POINTS_SHORT, try_sell(shop.store, 2, 0, 71, NULL));
    assert_status(TALLY_E_NOT_FOUND, try_release(shop.store, 3, 30));
    assert_status(TALLY_E_POINTS_SHORT, try_release(shop.store, 2, 31));
    assert_int_equal(2, head_seq(shop.store));
    shop_close(&shop);
    shop_open(&shop);
    assert_status(TALLY_OK, try_release(shop.store, 2, 30));
    assert_int_equal(100, points_of(shop.store, SHOP_ACCOUNT));
    assert_status(TALLY_E_NOT_FOUND, try_release(shop.store, 2, 30));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_terminal_writes_for_its_own_drawer_and_not_what_is_head_offices_alone(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    assert_status(TALLY_OK, try_adjust(shop.store, SHOP_TERMINAL, 5));
    assert_status(TALLY_OK, try_award(shop.store, TALLY_PURSE_POINTS, 7));
    assert_status(TALLY_E_INVALID, try_adjust(shop.store, TALLY_TERMINAL_HQ, 5));
    assert_status(TALLY_E_INVALID, try_adjust(shop.store, 8, 5));
    assert_status(TALLY_E_INVALID, try_what_is_head_offices(shop.store, TALLY_EVENT_STANDING));
    assert_status(TALLY_E_INVALID, try_what_is_head_offices(shop.store, TALLY_EVENT_BLOCK));
    assert_int_equal(2, head_seq(shop.store));
    assert_int_equal(12, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void a_second_member_joins_an_account_that_is_there(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store_member found;
    struct store_counts counts;
    assert_status(TALLY_OK, try_enrol(shop.store, 55, SHOP_ACCOUNT, 9));
    sell(shop.store, 1, 10);
    assert_status(TALLY_OK, try_enrol(shop.store, 56, SHOP_ACCOUNT, 10));
    assert_status(TALLY_E_EXISTS, try_enrol(shop.store, 57, SHOP_ACCOUNT, 9));
    assert_status(TALLY_OK, store_member_get(shop.store, 56, &found));
    assert_int_equal(SHOP_ACCOUNT, found.account);
    store_member_free(&found);
    assert_status(TALLY_OK, store_counts(shop.store, &counts));
    assert_int_equal(2, counts.members);
    assert_int_equal(1, counts.accounts);
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void an_enrolled_member_is_found_by_card_with_key_and_profile(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint8_t handle[TALLY_HANDLE_LEN], other[TALLY_HANDLE_LEN];
    memset(handle, 9, sizeof handle);
    memset(other, 8, sizeof other);
    assert_status(TALLY_OK, try_enrol(shop.store, 55, 100, 9));
    assert_status(TALLY_E_EXISTS, try_enrol(shop.store, 55, 100, 10)); /* the member */
    assert_status(TALLY_E_EXISTS, try_enrol(shop.store, 56, 101, 9));  /* the card */
    for (int round = 0; round < 2; round++) {
        uint64_t member = 0;
        struct store_member found;
        assert_status(TALLY_OK, store_card_get(shop.store, handle, &member));
        assert_status(TALLY_E_NOT_FOUND, store_card_get(shop.store, other, &member));
        assert_int_equal(55, member);
        assert_status(TALLY_OK, store_member_get(shop.store, member, &found));
        assert_int_equal(100, found.account);
        assert_int_equal(3, found.home_shop);
        assert_memory_equal("sealed profile", found.profile.data, found.profile.len);
        assert_int_equal(14, found.profile.len);
        assert_memory_equal("wrapped key", found.wrapped_key.data, found.wrapped_key.len);
        assert_int_equal(11, found.wrapped_key.len);
        store_member_free(&found);
        struct store_counts counts;
        assert_status(TALLY_OK, store_counts(shop.store, &counts));
        assert_int_equal(1, counts.members);
        assert_int_equal(1, counts.accounts);
        shop_close(&shop);
        shop_open(&shop);
    }
    shop_end(&shop);
}

static enum tally_status find_card(struct store *store, uint8_t card, uint64_t *ret_member)
{
    uint8_t handle[TALLY_HANDLE_LEN];
    memset(handle, card, sizeof handle);
    return store_card_get(store, handle, ret_member);
}

static void assert_cards_after_the_changes(struct store *store)
{
    uint64_t member = 0;
    assert_status(TALLY_E_BLOCKED, find_card(store, 9, &member));
    assert_int_equal(55, member); /* so that it can be let in again */
    assert_status(TALLY_OK, find_card(store, 10, &member));
    assert_status(TALLY_E_BLOCKED, find_card(store, 11, &member));
    assert_status(TALLY_OK, find_card(store, 12, &member));
    assert_int_equal(55, member);
    assert_verifies(store);
}

static void cards_are_linked_replaced_blocked_and_let_in_again(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store *store = shop.store;
    uint64_t member = 0;
    assert_status(TALLY_OK, try_enrol(store, 55, 100, 9));
    assert_status(TALLY_OK, try_card(store, 55, 100, TALLY_CARD_LINK, 10, 0));
    assert_status(TALLY_OK, try_card(store, 55, 100, TALLY_CARD_BLOCK, 10, 0));
    assert_status(TALLY_E_BLOCKED, find_card(store, 10, &member));
    assert_status(TALLY_OK, try_card(store, 55, 100, TALLY_CARD_UNBLOCK, 10, 0));
    assert_status(TALLY_OK, find_card(store, 10, &member));
    assert_status(TALLY_OK, try_card(store, 55, 100, TALLY_CARD_REPLACE, 11, 9));
    assert_status(TALLY_OK, try_card(store, 55, 100, TALLY_CARD_REPLACE, 12, 11));
    assert_cards_after_the_changes(store);
    struct shop crashed = shop_copy(&shop); /* only the journal has them yet */
    shop_open(&crashed);
    assert_cards_after_the_changes(crashed.store);
    shop_end(&crashed);
    shop_close(&shop);
    shop_open(&shop);
    assert_cards_after_the_changes(shop.store);
    shop_end(&shop);
}

static void a_card_of_somebody_else_is_neither_linked_nor_blocked(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store *store = shop.store;
    assert_status(TALLY_OK, try_enrol(store, 55, 100, 9));
    assert_status(TALLY_OK, try_enrol(store, 56, 101, 10));
    assert_status(TALLY_OK, try_card(store, 56, 101, TALLY_CARD_LINK, 11, 0));
    assert_status(TALLY_OK, try_card(store, 56, 101, TALLY_CARD_BLOCK, 11, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 55, 100, TALLY_CARD_LINK, 10, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 55, 100, TALLY_CARD_LINK, 9, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 56, 101, TALLY_CARD_LINK, 11, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 55, 100, TALLY_CARD_REPLACE, 11, 9));
    assert_status(TALLY_E_EXISTS, try_enrol(store, 57, 102, 11)); /* blocked, and still theirs */
    assert_status(TALLY_E_NOT_FOUND, try_card(store, 55, 100, TALLY_CARD_REPLACE, 12, 10));
    assert_status(TALLY_E_NOT_FOUND, try_card(store, 55, 100, TALLY_CARD_REPLACE, 12, 13));
    assert_status(TALLY_E_NOT_FOUND, try_card(store, 55, 100, TALLY_CARD_BLOCK, 10, 0));
    assert_status(TALLY_E_NOT_FOUND, try_card(store, 55, 100, TALLY_CARD_UNBLOCK, 11, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 55, 100, TALLY_CARD_UNBLOCK, 9, 0));
    assert_status(TALLY_E_EXISTS, try_card(store, 56, 101, TALLY_CARD_BLOCK, 11, 0));
    assert_status(TALLY_E_NOT_FOUND, try_card(store, 77, 100, TALLY_CARD_LINK, 12, 0));
    assert_status(TALLY_E_INVALID, try_card(store, 55, 101, TALLY_CARD_LINK, 12, 0));
    assert_int_equal(4, head_seq(store));
    assert_verifies(store);
    shop_end(&shop);
}

static uint64_t member_of(struct store *store, uint8_t card)
{
    uint8_t handle[TALLY_HANDLE_LEN];
    uint64_t member = 0;
    memset(handle, card, sizeof handle);
    enum tally_status status = store_card_get(store, handle, &member);
    assert_true(status == TALLY_OK || status == TALLY_E_NOT_FOUND);
    return status == TALLY_OK ? member : 0;
}

static void a_member_enrolled_with_card_and_phone_number_is_found_by_either(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    assert_status(TALLY_OK, try_enrol_with_phone(shop.store, 55, 100, 9, 10));
    struct shop crashed = shop_copy(&shop); /* only the journal has it yet */
    shop_open(&crashed);
    struct store *stores[] = {shop.store, crashed.store};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(55, member_of(stores[i], 9));
        assert_int_equal(55, member_of(stores[i], 10));
        assert_verifies(stores[i]);
    }
    shop_end(&crashed);
    shop_close(&shop);
    shop_open(&shop);
    assert_int_equal(55, member_of(shop.store, 9));
    assert_int_equal(55, member_of(shop.store, 10));
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void neither_handle_of_an_enrolment_may_belong_to_somebody(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    assert_status(TALLY_OK, try_enrol_with_phone(shop.store, 55, 100, 9, 10));
    assert_status(TALLY_E_EXISTS, try_enrol_with_phone(shop.store, 56, 101, 9, 11));
    assert_status(TALLY_E_EXISTS, try_enrol_with_phone(shop.store, 56, 101, 11, 10));
    assert_status(TALLY_E_EXISTS, try_enrol_with_phone(shop.store, 56, 101, 11, 9));
    assert_status(TALLY_E_EXISTS, try_enrol(shop.store, 56, 101, 10));
    assert_int_equal(1, head_seq(shop.store));
    assert_int_equal(0, member_of(shop.store, 11)); /* a refusal leaves nothing behind */
    assert_status(TALLY_OK, try_enrol_with_phone(shop.store, 56, 101, 11, 12));
    assert_int_equal(56, member_of(shop.store, 12));
    shop_end(&shop);
}

static void a_grant_is_journalled_once_and_only_for_this_terminal(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    assert_int_equal(0, store_grant_seq(shop.store));
    assert_status(TALLY_E_INVALID, try_grant(shop.store, 1, 8, 50));
    assert_status(TALLY_OK, try_grant(shop.store, 1, SHOP_TERMINAL, 50));
    assert_status(TALLY_E_EXISTS, try_grant(shop.store, 1, SHOP_TERMINAL, 50));
    assert_int_equal(50, points_of(shop.store, SHOP_ACCOUNT));
    struct shop later = shop_copy(&shop);
    shop_open(&later);
    assert_int_equal(1, store_grant_seq(later.store));
    shop_end(&later);
    shop_end(&shop);
}

static void events_are_read_back_byte_for_byte_with_their_chain(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint8_t before[TALLY_HASH_LEN] = {0}, after[TALLY_HASH_LEN], chain[TALLY_HASH_LEN];
    struct store_head head;
    for (unsigned i = 1; i <= 50; i++) {
        sell(shop.store, i, i);
    }
    assert_status(TALLY_OK, try_enrol(shop.store, 60, 101, 1));
    for (uint64_t seq = 1; seq <= 51; seq++) {
        struct tally_buffer event = {0}, sidecar = {0};
        struct tally_event_decoded decoded = {0};
        assert_status(TALLY_OK, store_event_get(shop.store, seq, &event, &sidecar, chain));
        assert_status(TALLY_OK, tally_chain_next(before, tally_buffer_slice(&event), after));
        assert_memory_equal(after, chain, TALLY_HASH_LEN);
        memcpy(before, after, TALLY_HASH_LEN);
        assert_status(TALLY_OK, tally_event_decode(tally_buffer_slice(&event), &decoded));
        assert_int_equal(seq, decoded.event.id.seq);
        assert_int_equal(SHOP_TERMINAL, decoded.event.id.terminal);
        assert_int_equal(seq == 51 ? 11 : 0, sidecar.len);
        tally_event_decoded_free(&decoded);
        tally_buffer_free(&event);
        tally_buffer_free(&sidecar);
    }
    store_head(shop.store, &head);
    assert_memory_equal(head.chain, before, TALLY_HASH_LEN);
    struct tally_buffer event = {0}, sidecar = {0};
    assert_status(TALLY_E_NOT_FOUND, store_event_get(shop.store, 0, &event, &sidecar, chain));
    assert_status(TALLY_E_NOT_FOUND, store_event_get(shop.store, 52, &event, &sidecar, chain));
    assert_status(TALLY_OK, store_event_get(shop.store, 3, &event, &sidecar, chain));
    tally_buffer_free(&event);
    shop_end(&shop);
}

static void events_of_an_epoch_before_are_read_back_too(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    uint32_t epoch = 0;
    uint64_t seq = 0, last = 0;
    while (last < 10500) { /* two segments, and one made ahead of time */
        sell(shop.store, (unsigned)++last, 1);
    }
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    assert_true(file_exists(&shop, "journal/00000001-00000003.journal"));
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL + 1, 5));
    sell(shop.store, (unsigned)last + 1, 1);
    for (int round = 0; round < 2; round++) {
        for (uint64_t of = 1; of <= last; of = of < 4 || of + 997 > last ? of + 1 : of + 997) {
            char ref[32];
            snprintf(ref, sizeof ref, "sale-%u", (unsigned)of);
            assert_status(TALLY_OK, store_ref_get(shop.store, text(ref), &seq));
            assert_int_equal(0, seq);
            assert_status(TALLY_OK, store_ref_epoch_get(shop.store, text(ref), &epoch, &seq));
            assert_int_equal(1, epoch);
            assert_int_equal(of, seq);
            struct tally_buffer event = {0};
            struct tally_event_decoded decoded = {0};
            assert_status(TALLY_OK, store_event_of_epoch(shop.store, epoch, seq, &event));
            assert_status(TALLY_OK, tally_event_decode(tally_buffer_slice(&event), &decoded));
            assert_int_equal(SHOP_TERMINAL, decoded.event.id.terminal);
            assert_int_equal(of, decoded.event.id.seq);
            tally_event_decoded_free(&decoded);
            tally_buffer_free(&event);
        }
        struct tally_buffer none = {0};
        assert_status(TALLY_OK, store_event_of_epoch(shop.store, 5, 1, &none));
        none.len = 0;
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 1, last + 1, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 1, UINT64_MAX, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 1, 0, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 5, 2, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 3, 1, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 6, 1, &none));
        assert_status(TALLY_E_NOT_FOUND, store_event_of_epoch(shop.store, 0, 1, &none));
        assert_int_equal(0, none.len);
        tally_buffer_free(&none);
        shop_close(&shop);
        shop_open(&shop);
    }
    assert_verifies(shop.store);
    shop_end(&shop);
}

static void time_never_goes_backwards_whatever_the_clock_does(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store_head first, second;
    sell(shop.store, 1, 10);
    store_head(shop.store, &first);
    sell(shop.store, 2, 10); /* the same instant */
    store_head(shop.store, &second);
    assert_true(second.time > first.time);
    shop_close(&shop);
    shop_open(&shop);
    store_head(shop.store, &first);
    assert_true(first.time == second.time);
    shop_end(&shop);
}

static void a_new_epoch_starts_at_one_and_keeps_the_points(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store_head head;
    uint64_t existing = 99;
    sell(shop.store, 1, 10);
    store_acked(shop.store, 1);
    assert_status(TALLY_E_EXISTS, store_set_writer(shop.store, SHOP_TERMINAL, 1));
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL, 3));
    assert_status(TALLY_E_EXISTS, store_set_writer(shop.store, SHOP_TERMINAL, 2));
    store_head(shop.store, &head);
    assert_int_equal(3, head.epoch);
    assert_int_equal(0, head.seq);
    assert_int_equal(0, head.acked_seq);
    shop_close(&shop);
    shop_open(&shop);
    assert_status(TALLY_E_EXISTS, try_sell(shop.store, 1, 10, 0, &existing));
    assert_int_equal(0, existing); /* of an epoch before this one */
    assert_status(TALLY_OK, try_sell(shop.store, 2, 5, 10, NULL));
    store_head(shop.store, &head);
    assert_int_equal(1, head.seq);
    assert_int_equal(5, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    struct shop later = shop_copy(&shop);
    shop_open(&later);
    assert_int_equal(5, points_of(later.store, SHOP_ACCOUNT));
    shop_end(&later);
    shop_end(&shop);
}

static void a_new_epoch_has_no_grants_yet_also_after_a_replay_and_a_rebuild(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char path[512];
    assert_status(TALLY_OK, try_grant(shop.store, 4, SHOP_TERMINAL, 50));
    struct shop crashed = shop_copy(&shop);
    shop_open(&crashed);
    assert_int_equal(4, store_grant_seq(crashed.store));
    shop_end(&crashed);
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL, 2));
    assert_int_equal(0, store_grant_seq(shop.store));
    shop_close(&shop);
    shop_open(&shop);
    assert_int_equal(0, store_grant_seq(shop.store));
    shop_close(&shop);
    path_in(&shop, "state.mdb", path);
    write_file(path, "x", 1);
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_int_equal(0, store_grant_seq(shop.store));
    assert_status(TALLY_OK, try_grant(shop.store, 2, SHOP_TERMINAL, 7));
    shop_close(&shop);
    write_file(path, "x", 1);
    shop_open(&shop);
    assert_int_equal(2, store_grant_seq(shop.store));
    assert_int_equal(57, points_of(shop.store, SHOP_ACCOUNT));
    shop_end(&shop);
}

static void small_records_are_kept_replaced_and_deleted(void **state)
{
    (void)state;
    struct shop shop = an_unenrolled_shop();
    struct tally_buffer value = {0};
    assert_status(TALLY_E_NOT_FOUND, store_meta_get(shop.store, "keys", &value));
    assert_status(TALLY_OK, store_meta_put(shop.store, "keys", text("one")));
    assert_status(TALLY_OK, store_meta_put(shop.store, "keys", text("two")));
    assert_status(TALLY_E_INVALID, store_meta_put(shop.store, "../keys", text("out")));
    assert_status(TALLY_E_INVALID, store_meta_put(shop.store, "", text("out")));
    shop_close(&shop);
    shop_open(&shop);
    assert_status(TALLY_OK, store_meta_get(shop.store, "keys", &value));
    assert_int_equal(3, value.len);
    assert_memory_equal("two", value.data, 3);
    char path[512];
    struct stat about;
    path_in(&shop, "meta/keys", path);
    assert_int_equal(0, stat(path, &about));
    assert_int_equal(0600, about.st_mode & 0777);
    assert_status(TALLY_OK, store_meta_put(shop.store, "keys", (struct tally_slice){0}));
    assert_status(TALLY_E_NOT_FOUND, store_meta_get(shop.store, "keys", &value));
    tally_buffer_free(&value);
    shop_end(&shop);
}

static void a_second_process_is_refused(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct shop other = shop;
        _exit((int)shop_try_open(&other));
    }
    int how = 0;
    assert_int_equal(child, waitpid(child, &how, 0));
    assert_true(WIFEXITED(how));
    assert_int_equal(TALLY_E_STORE_IN_USE, WEXITSTATUS(how));
    sell(shop.store, 1, 10);
    shop_end(&shop);
}

static void a_checkpoint_is_due_after_so_many_events(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store_head head;
    for (unsigned i = 1; i <= 1023; i++) {
        sell(shop.store, i, 1);
        assert_int_not_equal(0, store_checkpoint_within_ms(shop.store));
    }
    sell(shop.store, 1024, 1);
    assert_int_equal(0, store_checkpoint_within_ms(shop.store));
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    assert_int_not_equal(0, store_checkpoint_within_ms(shop.store));
    store_head(shop.store, &head);
    assert_int_equal(1024, head.lmdb_seq);
    assert_int_equal(1024, points_of(shop.store, SHOP_ACCOUNT));
    shop_end(&shop);
}

static void what_head_office_holds_is_remembered_and_never_beyond_the_head(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    struct store_head head;
    sell(shop.store, 1, 1);
    sell(shop.store, 2, 1);
    store_acked(shop.store, 1);
    store_acked(shop.store, 3); /* not ours */
    store_acked(shop.store, 0); /* never back */
    shop_close(&shop);
    shop_open(&shop);
    store_head(shop.store, &head);
    assert_int_equal(1, head.acked_seq);
    shop_end(&shop);
}

static void the_map_grows_up_to_its_limit_and_then_says_full(void **state)
{
    (void)state;
    struct shop shop = an_unenrolled_shop();
    shop_close(&shop);
    struct store_options options = {.dir = shop.dir, .map_bytes_max = 20 << 20};
    assert_status(TALLY_OK, store_open(&options, &shop.opened, &shop.store));
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL, 1));
    enum { ROWS = 512, PROFILE = 4000 };
    static uint8_t profile[PROFILE], account[256];
    enum tally_status status = TALLY_OK;
    uint64_t next = 1, left_out = 0, cursor = 0, cursor_then = 0;
    while (status == TALLY_OK && next < 20000) {
        static struct tally_msg_member_row members[ROWS];
        static struct tally_msg_account_row rows[ROWS];
        static uint8_t accounts[ROWS][256];
        for (size_t i = 0; i < ROWS; i++, next++) {
            struct tally_account one = {0};
            size_t len = 0;
            tally_account_clear(&one);
            one.id = next;
            assert_status(TALLY_OK, tally_account_encode(&one, account, sizeof account, &len));
            memcpy(accounts[i], account, len);
            members[i] = (struct tally_msg_member_row){
                .member = next, .account = next, .profile = {profile, PROFILE}};
            rows[i] = (struct tally_msg_account_row){
                .account = {accounts[i], len}, .members = &members[i], .member_count = 1};
        }
        status = store_apply_rows(shop.store, rows, ROWS, next, &left_out);
        cursor = status == TALLY_OK ? next : cursor;
    }
    assert_status(TALLY_E_STORE_FULL, status);
    struct store_counts counts;
    assert_status(TALLY_OK, store_counts(shop.store, &counts));
    assert_true(counts.lmdb_bytes > 16u << 20);   /* it has grown beyond where it starts */
    assert_int_equal(cursor - 1, counts.members); /* whole pulls only */
    assert_status(TALLY_OK, store_cursor(shop.store, &cursor_then));
    assert_int_equal(cursor, cursor_then);
    sell(shop.store, 1, 10); /* the journal goes on */
    assert_status(TALLY_OK,  /* also for a member whose row waits for room */
                  try_card(shop.store, cursor - 1, cursor - 1, TALLY_CARD_LINK, 9, 0));
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    shop_end(&shop);
}

int main(void)
{
    assert_status(TALLY_OK, tally_crypto_start());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_created_and_has_no_writer),
        cmocka_unit_test(answered_sales_are_there_after_closing_and_opening),
        cmocka_unit_test(answered_sales_are_replayed_when_the_store_was_not_closed),
        cmocka_unit_test(a_sale_with_a_known_reference_is_answered_with_the_first_one),
        cmocka_unit_test(redeeming_more_than_the_drawer_holds_writes_nothing),
        cmocka_unit_test(a_sale_is_voided_once),
        cmocka_unit_test(refunds_of_a_sale_add_up_and_say_what_came_back_before),
        cmocka_unit_test(a_sale_is_not_voided_after_a_refund_nor_refunded_after_a_void),
        cmocka_unit_test(a_sale_of_an_epoch_before_is_refunded_and_still_not_twice),
        cmocka_unit_test(held_points_are_not_spent_and_come_back_when_they_are_released),
        cmocka_unit_test(a_terminal_writes_for_its_own_drawer_and_not_what_is_head_offices_alone),
        cmocka_unit_test(a_second_member_joins_an_account_that_is_there),
        cmocka_unit_test(an_enrolled_member_is_found_by_card_with_key_and_profile),
        cmocka_unit_test(cards_are_linked_replaced_blocked_and_let_in_again),
        cmocka_unit_test(a_card_of_somebody_else_is_neither_linked_nor_blocked),
        cmocka_unit_test(a_member_enrolled_with_card_and_phone_number_is_found_by_either),
        cmocka_unit_test(neither_handle_of_an_enrolment_may_belong_to_somebody),
        cmocka_unit_test(a_grant_is_journalled_once_and_only_for_this_terminal),
        cmocka_unit_test(events_are_read_back_byte_for_byte_with_their_chain),
        cmocka_unit_test(events_of_an_epoch_before_are_read_back_too),
        cmocka_unit_test(time_never_goes_backwards_whatever_the_clock_does),
        cmocka_unit_test(a_new_epoch_starts_at_one_and_keeps_the_points),
        cmocka_unit_test(a_new_epoch_has_no_grants_yet_also_after_a_replay_and_a_rebuild),
        cmocka_unit_test(small_records_are_kept_replaced_and_deleted),
        cmocka_unit_test(a_second_process_is_refused),
        cmocka_unit_test(a_checkpoint_is_due_after_so_many_events),
        cmocka_unit_test(what_head_office_holds_is_remembered_and_never_beyond_the_head),
        cmocka_unit_test(the_map_grows_up_to_its_limit_and_then_says_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
