/* SPDX-License-Identifier: Apache-2.0 */
/* The book: an account that grows as it needs to, and stays as it was when something goes wrong. */
#include "app/base/alloc.h"
#include "app/base/book.h"
#include "tests/unit/core/fold.h"

/* The linker sends calls of tally_realloc here: allocations left before one fails; -1: none
 * does. */
static int allocations_left = -1;

void *__real_tally_realloc(void *old, size_t count, size_t size);
void *__wrap_tally_realloc(void *old, size_t count, size_t size);
void *__wrap_tally_realloc(void *old, size_t count, size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left -= allocations_left > 0 ? 1 : 0;
    return __real_tally_realloc(old, count, size);
}

static struct happening a_sale(uint64_t seq)
{
    struct happening sale = a_happening(TALLY_EVENT_SALE, TERMINAL, seq);
    moves(&sale, TALLY_MOVE_EARN, (uint32_t)(seq % 7), 21000 + (int32_t)(seq % 1000), 0, 5);
    counts(&sale, TALLY_COUNT_RULE, (uint32_t)seq, TODAY, TODAY, 1);
    return sale;
}

static void happens(struct tally_book *book, struct happening happening)
{
    assert_int_equal(tally_book_apply(book, event_of(&happening)), TALLY_OK);
    assert_int_equal(tally_account_check(&book->account), TALLY_OK);
}

static bool are_same(const struct tally_account *left, const struct tally_account *right)
{
    struct tally_book books[2] = {{.account = *left}, {.account = *right}};
    struct tally_buffer bytes[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tally_book_encode(&books[i], &bytes[i]), TALLY_OK);
    }
    bool same =
        bytes[0].len == bytes[1].len && memcmp(bytes[0].data, bytes[1].data, bytes[0].len) == 0;
    tally_buffer_free(&bytes[0]);
    tally_buffer_free(&bytes[1]);
    return same;
}

static void a_zeroed_book_is_an_empty_account(void **state)
{
    (void)state;
    struct tally_book book = {0};
    struct tally_buffer bytes = {0};
    assert_int_equal(tally_book_encode(&book, &bytes), TALLY_OK);
    assert_int_equal(bytes.len, 2);
    assert_int_equal(tally_book_decode(&book, tally_buffer_slice(&bytes)), TALLY_OK);
    assert_true(book.account.id == 0 && book.account.last_sale_day == INT32_MIN);
    tally_buffer_free(&bytes);
    tally_book_free(&book);
    tally_book_free(&book);
    happens(&book, a_sale(1));
    assert_int_equal(book.account.since_day, TODAY);
    tally_book_free(&book);
}

static void a_book_grows_with_what_happens(void **state)
{
    (void)state;
    struct tally_book book = {0}, copy = {0};
    for (uint64_t seq = 1; seq <= 3000; seq++) {
        struct happening sale = a_sale(seq);
        assert_int_equal(tally_book_apply(&book, event_of(&sale)), TALLY_OK);
    }
    assert_int_equal(tally_account_check(&book.account), TALLY_OK);
    assert_true(book.account.lot_count == 3000 && book.account.count_count == 3000 &&
                book.account.purse_count == 7);
    assert_int_equal(tally_book_copy(&copy, &book.account), TALLY_OK);
    assert_true(are_same(&book.account, &copy.account));
    happens(&copy, a_sale(3001));
    assert_false(are_same(&book.account, &copy.account));
    tally_book_free(&book);
    tally_book_free(&copy);
}

static void bytes_are_appended_and_come_back(void **state)
{
    (void)state;
    struct tally_book book = {0}, back = {0};
    struct tally_buffer bytes = {0};
    happens(&book, a_sale(1));
    assert_int_equal(tally_buffer_append(&bytes, "abc", 3), TALLY_OK);
    assert_int_equal(tally_book_encode(&book, &bytes), TALLY_OK);
    assert_memory_equal(bytes.data, "abc", 3);
    happens(&back, a_sale(2));
    const struct tally_slice account = {bytes.data + 3, bytes.len - 3};
    assert_int_equal(tally_book_decode(&back, account), TALLY_OK);
    assert_true(are_same(&book.account, &back.account));
    tally_buffer_free(&bytes);
    tally_book_free(&book);
    tally_book_free(&back);
}

static void what_is_refused_leaves_a_book_as_it_was(void **state)
{
    (void)state;
    struct tally_book book = {0}, before = {0};
    happens(&book, a_sale(1));
    assert_int_equal(tally_book_copy(&before, &book.account), TALLY_OK);
    struct happening greedy = a_happening(TALLY_EVENT_SALE, TERMINAL, 2);
    moves(&greedy, TALLY_MOVE_REDEEM, 0, 21000, 0, 6);
    assert_int_equal(tally_book_apply(&book, event_of(&greedy)), TALLY_E_POINTS_SHORT);
    assert_true(are_same(&book.account, &before.account));
    static const uint8_t damaged[] = {1, 9, 1, 1}, newer[] = {2, 0};
    assert_int_equal(tally_book_decode(&book, (struct tally_slice){damaged, sizeof damaged}),
                     TALLY_E_STORE_DAMAGED);
    assert_int_equal(tally_book_decode(&book, (struct tally_slice){newer, sizeof newer}),
                     TALLY_E_STORE_VERSION);
    assert_int_equal(tally_book_decode(&book, (struct tally_slice){NULL, 0}),
                     TALLY_E_STORE_DAMAGED);
    assert_true(are_same(&book.account, &before.account));
    happens(&book, a_sale(3));
    tally_book_free(&book);
    tally_book_free(&before);
}

static void damaged_bytes_do_not_ask_for_much_memory(void **state)
{
    (void)state;
    struct tally_book book = {0};
    uint8_t bytes[4096] = {1, 9, 0, 0xFF, 0x1F}; /* 4095 lots in as many bytes */
    allocations_left = 0;
    assert_int_equal(tally_book_decode(&book, (struct tally_slice){bytes, sizeof bytes}),
                     TALLY_E_STORE_DAMAGED);
    allocations_left = -1;
    tally_book_free(&book);
}

static void a_cleared_book_begins_again(void **state)
{
    (void)state;
    struct tally_book book = {0};
    happens(&book, a_sale(1));
    tally_book_clear(&book);
    assert_true(book.account.id == 0 && book.account.since_day == INT32_MAX &&
                book.account.lot_count == 0 && book.account.room.lots > 0);
    struct happening another = a_sale(2);
    another.event.account = ACCOUNT + 1;
    happens(&book, another);
    assert_true(book.account.id == ACCOUNT + 1);
    tally_book_free(&book);
}

/* Each allocation in turn fails; `change` is told which change to try. */
static void fails_whole_without_memory(enum tally_status (*change)(struct tally_book *,
                                                                   const struct tally_book *),
                                       const struct tally_book *other)
{
    int failures = 0;
    for (;; failures++) {
        struct tally_book book = {0}, before = {0};
        happens(&book, a_sale(1));
        assert_int_equal(tally_book_copy(&before, &book.account), TALLY_OK);
        allocations_left = failures;
        enum tally_status status = change(&book, other);
        allocations_left = -1;
        bool same = are_same(&book.account, &before.account);
        tally_book_free(&book);
        tally_book_free(&before);
        if (status == TALLY_OK) {
            assert_false(same);
            break;
        }
        assert_int_equal(status, TALLY_E_NO_MEMORY);
        assert_true(same);
    }
    assert_true(failures > 2);
}

static enum tally_status apply_change(struct tally_book *book, const struct tally_book *other)
{
    (void)other;
    struct happening sale = a_sale(2);
    return tally_book_apply(book, event_of(&sale));
}

static enum tally_status copy_change(struct tally_book *book, const struct tally_book *other)
{
    return tally_book_copy(book, &other->account);
}

static enum tally_status decode_change(struct tally_book *book, const struct tally_book *other)
{
    uint8_t bytes[1024];
    size_t len = 0;
    assert_int_equal(tally_account_encode(&other->account, bytes, sizeof bytes, &len), TALLY_OK);
    return tally_book_decode(book, (struct tally_slice){bytes, len});
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    struct tally_book other = {0};
    for (uint64_t seq = 1; seq < 20; seq++) {
        happens(&other, a_sale(seq));
    }
    fails_whole_without_memory(apply_change, &other);
    fails_whole_without_memory(copy_change, &other);
    fails_whole_without_memory(decode_change, &other);
    struct tally_buffer bytes = {0};
    allocations_left = 0;
    assert_int_equal(tally_book_encode(&other, &bytes), TALLY_E_NO_MEMORY);
    allocations_left = -1;
    assert_int_equal(bytes.len, 0);
    tally_book_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_book_is_an_empty_account),
        cmocka_unit_test(a_book_grows_with_what_happens),
        cmocka_unit_test(bytes_are_appended_and_come_back),
        cmocka_unit_test(what_is_refused_leaves_a_book_as_it_was),
        cmocka_unit_test(damaged_bytes_do_not_ask_for_much_memory),
        cmocka_unit_test(a_cleared_book_begins_again),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
