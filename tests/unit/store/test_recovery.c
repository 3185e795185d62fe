/* SPDX-License-Identifier: Apache-2.0 */
/* Power cuts, kills, failing disks and a state that is gone: what was answered is there. */
#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/crypto/crypto.h"
#include "app/store/journal.h"
#include "tests/unit/store/faults.h"

static const char *const segment = "journal/00000001-00000001.journal";

/* ------------------------------------------------------------------ torn tails */

static size_t end_of_records(const struct tally_buffer *bytes)
{
    size_t end = bytes->len;
    while (end > JOURNAL_HEADER_LEN && bytes->data[end - 1] == 0) {
        end--;
    }
    return end;
}

enum tear { TEAR_TRUNCATE, TEAR_ZERO, TEAR_CORRUPT, TEAR_COUNT };

static void tear_at(const struct shop *shop, const struct tally_buffer *whole, size_t at,
                    enum tear tear)
{
    char path[512];
    path_in(shop, segment, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    uint8_t other = whole->data[at] ^ 0x5a;
    static const uint8_t zeros[4096];
    assert_true(fd >= 0);
    if (tear == TEAR_TRUNCATE) {
        assert_int_equal(0, ftruncate(fd, (off_t)at));
    } else if (tear == TEAR_ZERO) {
        assert_int_equal(sizeof zeros, pwrite(fd, zeros, sizeof zeros, (off_t)at));
    } else {
        assert_int_equal(1, pwrite(fd, &other, 1, (off_t)at));
    }
    close(fd);
}

/* Three answered sales, the state knowing one of them; the fourth is cut at every byte. */
static void a_torn_sale_is_whole_or_absent_and_those_before_it_are_there(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char path[512];
    sell(shop.store, 1, 10);
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    sell(shop.store, 2, 20);
    sell(shop.store, 3, 30);
    path_in(&shop, segment, path);
    struct tally_buffer before = read_file(path);
    sell(shop.store, 4, 40);
    struct tally_buffer whole = read_file(path);
    size_t start = end_of_records(&before) / 8 * 8, end = end_of_records(&whole);
    unsigned absent = 0, images = 0;
    while (whole.data[start] == before.data[start]) {
        start++; /* the padding of the third record */
    }
    for (enum tear tear = 0; tear < TEAR_COUNT; tear++) {
        for (size_t at = start; at < end; at++) {
            struct shop cut = shop_copy(&shop);
            tear_at(&cut, &whole, at, tear);
            shop_open(&cut);
            assert_false(cut.opened.rebuilt);
            bool there = has_sale(cut.store, 4);
            absent += !there;
            images++;
            assert_true(has_sale(cut.store, 1) && has_sale(cut.store, 2) && has_sale(cut.store, 3));
            assert_int_equal(there ? 4 : 3, head_seq(cut.store));
            assert_int_equal(there ? 100 : 60, points_of(cut.store, SHOP_ACCOUNT));
            for (unsigned more = 5; more < 8; more++) {
                sell(cut.store, more, 1);
            }
            shop_close(&cut);
            shop_open(&cut);
            assert_int_equal(0, cut.opened.cut_bytes);
            assert_int_equal(there ? 103 : 63, points_of(cut.store, SHOP_ACCOUNT));
            if (at % 16 == 0) {
                assert_verifies(cut.store);
            }
            shop_end(&cut);
        }
    }
    print_message("%u images, sale absent in %u\n", images, absent);
    assert_true(absent >= images - 16); /* zeros where zeros were leave it whole */
    tally_buffer_free(&before);
    tally_buffer_free(&whole);
    shop_end(&shop);
}

/* ------------------------------------------------------------------ kills and failing disks */

enum { SCRIPT_SALES = 6, SCRIPT_ROWS_BEFORE = 4 };

/* What a terminal does: sales, a batch, sales, head office's rows with the member that all these
 * sales name, sales, an orderly close.
 * Sets a bit of *answered for each sale that was answered. */
static void run_script(struct shop *shop, volatile unsigned *answered)
{
    for (unsigned i = 0; i < SCRIPT_SALES; i++) {
        if (try_sell(shop->store, i + 1, INT64_C(1) << i, 0, NULL) == TALLY_OK) {
            *answered |= 1u << i;
        }
        if (i == 1 || i == 4) {
            (void)!store_checkpoint(shop->store);
        }
        if (i + 1 == SCRIPT_ROWS_BEFORE) {
            struct tally_account account = {0};
            uint8_t bytes[256];
            uint64_t left_out = 0;
            size_t len = 0;
            tally_account_clear(&account);
            account.id = 300;
            assert_status(TALLY_OK, tally_account_encode(&account, bytes, sizeof bytes, &len));
            struct tally_msg_member_row member = {.member = SHOP_MEMBER, .account = 300};
            struct tally_msg_account_row row = {
                .account = {bytes, len}, .members = &member, .member_count = 1};
            (void)!store_apply_rows(shop->store, &row, 1, 9, &left_out);
        }
    }
    shop_close(shop);
}

/* Every answered sale is there; every other is whole or absent; the store works on. */
static void assert_nothing_answered_is_lost(struct shop *shop, unsigned answered)
{
    shop_open(shop);
    int64_t points = 0;
    for (unsigned i = 0; i < SCRIPT_SALES; i++) {
        bool there = has_sale(shop->store, i + 1);
        assert_true(there || (answered & 1u << i) == 0);
        points += there ? INT64_C(1) << i : 0;
    }
    assert_int_equal(points, points_of(shop->store, SHOP_ACCOUNT));
    assert_verifies(shop->store);
    for (unsigned more = 0; more < 3; more++) {
        sell(shop->store, 100 + more, 100);
    }
    assert_int_equal(points + 300, points_of(shop->store, SHOP_ACCOUNT));
}

/* So is the member of a sale that was answered after head office's rows had come. */
static void assert_member_is_known(struct shop *shop, unsigned answered)
{
    struct store_member member;
    if (answered >> SCRIPT_ROWS_BEFORE != 0) {
        assert_status(TALLY_OK, store_member_get(shop->store, SHOP_MEMBER, &member));
        store_member_free(&member);
    }
}

static unsigned operations_of_the_script(void)
{
    struct shop shop = a_shop();
    unsigned answered = 0;
    faults_plan((struct fault_plan){0});
    run_script(&shop, &answered);
    unsigned operations = fault_seen;
    assert_int_equal((1 << SCRIPT_SALES) - 1, answered);
    shop_end(&shop);
    return operations;
}

static void a_write_or_sync_that_fails_once_loses_nothing_answered(void **state)
{
    (void)state;
    const int errors[] = {EIO, ENOSPC};
    unsigned operations = operations_of_the_script();
    print_message("%u writes and syncs\n", operations);
    for (unsigned at = 1; at <= operations; at++) {
        for (size_t which = 0; which < 2; which++) {
            struct shop shop = a_shop();
            unsigned answered = 0;
            faults_plan((struct fault_plan){
                .fault = FAULT_ERROR, .at = at, .error = errors[which], .part = at * 37 % 256});
            run_script(&shop, &answered);
            faults_plan((struct fault_plan){0});
            assert_nothing_answered_is_lost(&shop, answered);
            if (errors[which] != ENOSPC) { /* without room only the journal goes on */
                assert_member_is_known(&shop, answered);
            }
            shop_end(&shop);
        }
    }
}

static void a_failed_sync_stops_every_later_commit(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    sell(shop.store, 1, 10);
    faults_plan((struct fault_plan){.fault = FAULT_ERROR, .at = 2, .error = EIO});
    assert_status(TALLY_E_STORE_IO, try_sell(shop.store, 2, 10, 0, NULL));
    assert_status(TALLY_E_STORE_IO, try_sell(shop.store, 3, 10, 0, NULL));
    assert_status(TALLY_E_STORE_IO, store_checkpoint(shop.store));
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    faults_plan((struct fault_plan){0});
    shop_close(&shop);
    shop_open(&shop);
    assert_false(has_sale(shop.store, 3));
    sell(shop.store, 3, 10);
    shop_end(&shop);
}

/* A child runs the script and dies in the middle of its n-th write or sync. */
static void kill_at(unsigned at, unsigned part)
{
    struct shop shop = a_shop();
    shop_close(&shop);
    volatile unsigned *answered =
        mmap(NULL, sizeof *answered, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(answered != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        shop_open(&shop);
        faults_plan((struct fault_plan){.fault = FAULT_KILL, .at = at, .part = part});
        run_script(&shop, answered);
        _exit(0);
    }
    int how = 0;
    assert_int_equal(child, waitpid(child, &how, 0));
    assert_true(WIFSIGNALED(how) || (WIFEXITED(how) && WEXITSTATUS(how) == 0));
    assert_nothing_answered_is_lost(&shop, *answered);
    assert_member_is_known(&shop, *answered);
    munmap((void *)(uintptr_t)answered, sizeof *answered);
    shop_end(&shop);
}

static void a_kill_in_any_write_or_sync_loses_nothing_answered(void **state)
{
    (void)state;
    const char *given = getenv("TALLY_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("TALLY_SEED=%u\n", seed);
    unsigned operations = operations_of_the_script();
    for (unsigned at = 1; at <= operations; at++) {
        seed = seed * 1103515245u + 12345u;
        kill_at(at, seed >> 16 & 0xff);
    }
}

/* ------------------------------------------------------------------ a state that is wrong */

static void damage_remove(const char *path)
{
    assert_int_equal(0, unlink(path));
}

static void damage_empty(const char *path)
{
    assert_int_equal(0, truncate(path, 0));
}

static void damage_zero(const char *path)
{
    struct tally_buffer bytes = read_file(path);
    memset(bytes.data, 0, bytes.len);
    write_file(path, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
}

static void damage_garbage(const char *path)
{
    struct tally_buffer bytes = read_file(path);
    uint32_t seed = 4711;
    for (size_t i = 0; i < bytes.len; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes.data[i] = (uint8_t)(seed >> 16);
    }
    write_file(path, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
}

static void damage_pages(const char *path)
{
    struct tally_buffer bytes = read_file(path);
    memset(bytes.data + 8192, 0xa5, bytes.len - 8192); /* both meta pages stay */
    write_file(path, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
}

static void damage_half(const char *path)
{
    struct tally_buffer bytes = read_file(path);
    assert_int_equal(0, truncate(path, 8192 + 4096));
    tally_buffer_free(&bytes);
}

static void a_state_that_is_gone_or_wrong_is_made_again_from_the_journal(void **state)
{
    (void)state;
    void (*const damages[])(const char *) = {damage_remove,  damage_empty, damage_zero,
                                             damage_garbage, damage_pages, damage_half};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct shop shop = a_shop();
        char path[512];
        assert_status(TALLY_OK, store_meta_put(shop.store, "programme", text("document")));
        assert_status(TALLY_OK, try_enrol(shop.store, SHOP_MEMBER, SHOP_ACCOUNT, 9));
        sell(shop.store, 1, 10);
        sell(shop.store, 2, 20);
        assert_status(TALLY_OK, try_grant(shop.store, 4, SHOP_TERMINAL, 7));
        assert_status(TALLY_OK, try_sell(shop.store, 3, 0, 12, NULL));
        struct tally_buffer before = account_bytes(shop.store, SHOP_ACCOUNT);
        shop_close(&shop);
        path_in(&shop, "state.mdb", path);
        damages[i](path);
        shop_open(&shop);
        assert_true(shop.opened.rebuilt);
        assert_int_equal(5, shop.opened.replayed);
        assert_int_equal(i > 0, file_exists(&shop, "state.mdb.bad-1"));
        struct tally_buffer after = account_bytes(shop.store, SHOP_ACCOUNT), meta = {0};
        assert_int_equal(before.len, after.len);
        assert_memory_equal(before.data, after.data, before.len);
        assert_int_equal(4, store_grant_seq(shop.store));
        assert_status(TALLY_OK, store_meta_get(shop.store, "programme", &meta));
        uint8_t handle[TALLY_HANDLE_LEN];
        uint64_t member = 0;
        memset(handle, 9, sizeof handle);
        assert_status(TALLY_OK, store_card_get(shop.store, handle, &member));
        assert_int_equal(SHOP_MEMBER, member);
        assert_verifies(shop.store);
        sell(shop.store, 4, 1);
        shop_close(&shop);
        shop_open(&shop);
        assert_false(shop.opened.rebuilt);
        tally_buffer_free(&before);
        tally_buffer_free(&after);
        tally_buffer_free(&meta);
        shop_end(&shop);
    }
}

/* LMDB commits by one write of a meta page, and trusts what it then finds there. */
static void a_meta_page_that_is_torn_at_any_byte_loses_nothing(void **state)
{
    (void)state;
    enum { META_END = 160 };
    struct shop shop = a_shop();
    char path[512], guard[512];
    path_in(&shop, "state.mdb", path);
    path_in(&shop, "state.mdb.guard", guard);
    for (unsigned i = 1; i <= 40; i++) {
        sell(shop.store, i, 1);
        if (i % 8 == 0) {
            assert_status(TALLY_OK, store_checkpoint(shop.store));
        }
    }
    sell(shop.store, 41, 1);
    struct tally_buffer before = read_file(path), guard_before = read_file(guard);
    assert_status(TALLY_OK, store_checkpoint(shop.store));
    struct tally_buffer after = read_file(path);
    size_t page = memcmp(before.data, after.data, META_END) != 0 ? 0 : 4096;
    unsigned rebuilt = 0;
    for (size_t image_number = 0; image_number < 2 * META_END; image_number++) {
        size_t cut = image_number / 2;
        bool end_is_old = image_number % 2 == 0; /* sectors may be written in any order */
        struct shop torn = shop_copy(&shop);
        struct tally_buffer image = {0};
        assert_status(TALLY_OK, tally_buffer_append(&image, after.data, after.len));
        if (end_is_old) {
            memcpy(image.data + page + cut, before.data + page + cut, META_END - cut);
        } else {
            memcpy(image.data + page, before.data + page, cut);
        }
        path_in(&torn, "state.mdb", path);
        write_file(path, image.data, image.len);
        path_in(&torn, "state.mdb.guard", guard); /* it is written behind the meta page */
        write_file(guard, guard_before.data, guard_before.len);
        shop_open(&torn);
        rebuilt += torn.opened.rebuilt;
        for (unsigned i = 42; i <= 44; i++) {
            sell(torn.store, i, 1);
            assert_status(TALLY_OK, store_checkpoint(torn.store));
        }
        assert_int_equal(44, points_of(torn.store, SHOP_ACCOUNT));
        assert_verifies(torn.store);
        shop_end(&torn);
        tally_buffer_free(&image);
    }
    assert_int_equal(0, rebuilt); /* the other page is put in its place */
    tally_buffer_free(&guard_before);
    tally_buffer_free(&before);
    tally_buffer_free(&after);
    shop_end(&shop);
}

static void a_state_whose_guard_is_gone_is_made_again(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char path[512];
    sell(shop.store, 1, 10);
    shop_close(&shop);
    path_in(&shop, "state.mdb.guard", path);
    assert_int_equal(0, truncate(path, 100));
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    shop_close(&shop);
    shop_open(&shop);
    assert_false(shop.opened.rebuilt);
    shop_end(&shop);
}

static void a_state_of_another_journal_is_made_again(void **state)
{
    (void)state;
    struct shop shop = a_shop(), other = a_shop();
    char from[512], to[512];
    sell(shop.store, 1, 10);
    sell(other.store, 2, 20);
    shop_close(&shop);
    shop_close(&other);
    path_in(&other, "state.mdb", from);
    path_in(&shop, "state.mdb", to);
    struct tally_buffer bytes = read_file(from);
    write_file(to, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
    path_in(&other, "state.mdb.guard", from);
    path_in(&shop, "state.mdb.guard", to);
    bytes = read_file(from);
    write_file(to, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    assert_verifies(shop.store);
    shop_end(&shop);
    shop_end(&other);
}

static void a_journal_that_is_shorter_than_the_state_is_damaged_and_left_alone(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char path[512];
    sell(shop.store, 1, 10);
    path_in(&shop, segment, path);
    struct tally_buffer old = read_file(path);
    sell(shop.store, 2, 10);
    shop_close(&shop);
    write_file(path, old.data, old.len);
    assert_status(TALLY_E_STORE_DAMAGED, shop_try_open(&shop));
    assert_status(TALLY_E_STORE_DAMAGED, shop_try_open(&shop));
    assert_false(file_exists(&shop, "state.mdb.bad-1"));
    tally_buffer_free(&old);
    shop_end(&shop);
}

static void a_row_that_rots_is_found_when_read_and_made_again_at_the_next_opening(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char path[512];
    sell(shop.store, 1, 10);
    shop_close(&shop);
    path_in(&shop, "state.mdb", path);
    struct tally_buffer bytes = read_file(path);
    static const uint8_t key[] = {0, 0, 0, 0, 0, 0, 0, SHOP_ACCOUNT};
    for (size_t i = 8192; i + 64 < bytes.len; i++) {
        if (memcmp(bytes.data + i, key, sizeof key) == 0) {
            bytes.data[i + 30] ^= 1; /* inside its value */
        }
    }
    write_file(path, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
    shop_open(&shop); /* it was closed in good order: rows are not all read */
    struct store_account account;
    assert_status(TALLY_E_STORE_DAMAGED, store_account_get(shop.store, SHOP_ACCOUNT, &account));
    assert_status(TALLY_E_STORE_IO, try_sell(shop.store, 2, 10, 0, NULL));
    shop_close(&shop);
    shop_open(&shop);
    assert_true(shop.opened.rebuilt);
    assert_int_equal(10, points_of(shop.store, SHOP_ACCOUNT));
    shop_end(&shop);
}

static void a_store_of_a_newer_program_is_refused_untouched(void **state)
{
    (void)state;
    struct shop shop = a_shop();
    char format[512], path[512];
    sell(shop.store, 1, 10);
    shop_close(&shop);
    path_in(&shop, "format", format);
    path_in(&shop, "state.mdb", path);
    struct tally_buffer old = read_file(format), before = read_file(path);
    write_file(format, "tallystick store 2\n", 19);
    assert_status(TALLY_E_STORE_VERSION, shop_try_open(&shop));
    struct tally_buffer after = read_file(path);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
    assert_false(file_exists(&shop, "state.mdb.bad-1"));
    write_file(format, old.data, old.len);
    shop_open(&shop);
    assert_false(shop.opened.rebuilt);
    tally_buffer_free(&old);
    tally_buffer_free(&before);
    tally_buffer_free(&after);
    shop_end(&shop);
}

int main(void)
{
    assert_status(TALLY_OK, tally_crypto_start());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_sync_stops_every_later_commit),
        cmocka_unit_test(a_state_that_is_gone_or_wrong_is_made_again_from_the_journal),
        cmocka_unit_test(a_meta_page_that_is_torn_at_any_byte_loses_nothing),
        cmocka_unit_test(a_state_whose_guard_is_gone_is_made_again),
        cmocka_unit_test(a_state_of_another_journal_is_made_again),
        cmocka_unit_test(a_journal_that_is_shorter_than_the_state_is_damaged_and_left_alone),
        cmocka_unit_test(a_row_that_rots_is_found_when_read_and_made_again_at_the_next_opening),
        cmocka_unit_test(a_store_of_a_newer_program_is_refused_untouched),
        cmocka_unit_test(a_write_or_sync_that_fails_once_loses_nothing_answered),
        cmocka_unit_test(a_kill_in_any_write_or_sync_loses_nothing_answered),
        cmocka_unit_test(a_torn_sale_is_whole_or_absent_and_those_before_it_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
