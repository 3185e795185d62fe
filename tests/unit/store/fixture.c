/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, and what happens in a shop. */
#include "tests/unit/store/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tally_slice text(const char *words)
{
    return (struct tally_slice){(const uint8_t *)words, strlen(words)};
}

void path_in(const struct shop *shop, const char *name, char ret_path[512])
{
    snprintf(ret_path, 512, "%s/%s", shop->dir, name);
}

bool file_exists(const struct shop *shop, const char *name)
{
    char path[512];
    path_in(shop, name, path);
    return access(path, F_OK) == 0;
}

struct tally_buffer read_file(const char *path)
{
    struct tally_buffer bytes = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    assert_true(fd >= 0);
    assert_int_equal(0, fstat(fd, &about));
    assert_status(TALLY_OK, tally_buffer_reserve(&bytes, (size_t)about.st_size));
    while (bytes.len < (size_t)about.st_size) {
        ssize_t got = read(fd, bytes.data + bytes.len, (size_t)about.st_size - bytes.len);
        assert_true(got > 0);
        bytes.len += (size_t)got;
    }
    close(fd);
    return bytes;
}

void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const uint8_t *from = bytes;
    while (len > 0) {
        ssize_t written = write(fd, from, len);
        assert_true(written > 0);
        from += written;
        len -= (size_t)written;
    }
    close(fd);
}

/* ------------------------------------------------------------------ the directory */

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

static struct shop a_directory(void)
{
    struct shop shop = {0};
    const char *where = getenv("TMPDIR");
    snprintf(shop.base, sizeof shop.base, "%s/tally-store-XXXXXX", where == NULL ? "/tmp" : where);
    assert_non_null(mkdtemp(shop.base));
    snprintf(shop.dir, sizeof shop.dir, "%s/store", shop.base);
    return shop;
}

static void copy_tree(const char *from, const char *to)
{
    assert_int_equal(0, mkdir(to, 0700));
    DIR *dir = opendir(from);
    assert_non_null(dir);
    struct dirent *entry;
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        char source[512], target[512];
        struct stat about;
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        assert_int_equal(0, stat(source, &about));
        if (S_ISDIR(about.st_mode)) {
            copy_tree(source, target);
        } else if (strstr(entry->d_name, "-lock") == NULL) { /* closing it would drop its locks */
            struct tally_buffer bytes = read_file(source);
            write_file(target, bytes.data, bytes.len);
            tally_buffer_free(&bytes);
        }
    }
    assert_int_equal(0, errno);
    closedir(dir);
}

enum tally_status shop_try_open(struct shop *shop)
{
    struct store_options options = {.dir = shop->dir};
    return store_open(&options, &shop->opened, &shop->store);
}

void shop_open(struct shop *shop)
{
    assert_status(TALLY_OK, shop_try_open(shop));
}

void shop_close(struct shop *shop)
{
    store_close(shop->store);
    shop->store = NULL;
}

struct shop an_unenrolled_shop(void)
{
    struct shop shop = a_directory();
    shop_open(&shop);
    return shop;
}

struct shop a_shop(void)
{
    struct shop shop = an_unenrolled_shop();
    assert_status(TALLY_OK, store_set_writer(shop.store, SHOP_TERMINAL, 1));
    return shop;
}

struct shop shop_copy(const struct shop *shop)
{
    struct shop copy = a_directory();
    copy_tree(shop->dir, copy.dir);
    return copy;
}

void shop_end(struct shop *shop)
{
    shop_close(shop);
    nftw(shop->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ------------------------------------------------------------------ what happens in it */

static enum tally_status commit(struct store *store, struct tally_event *event,
                                struct tally_slice sidecar, uint64_t *ret_existing_seq)
{
    uint64_t existing = 0;
    event->business_day = SHOP_DAY;
    event->programme_version = 1;
    return store_commit(store, event, sidecar, SHOP_NOW_MS,
                        ret_existing_seq == NULL ? &existing : ret_existing_seq);
}

enum tally_status try_sell_to(struct store *store, uint64_t account, unsigned number,
                              int64_t earned, int64_t redeemed, uint64_t *ret_existing_seq)
{
    char ref[32];
    snprintf(ref, sizeof ref, "sale-%u", number);
    struct tally_line line = {
        .sku = text("4006381333931"), .quantity_milli = 1000, .amount_minor = 2500};
    struct tally_move spent = {.expires_day = SHOP_EXPIRES, .points = redeemed};
    struct tally_event event = {.type = TALLY_EVENT_SALE};
    event.as.sale = (struct tally_sale){.account = account,
                                        .member = SHOP_MEMBER,
                                        .ref = text(ref),
                                        .cashier = text("anna"),
                                        .lines = &line,
                                        .line_count = 1,
                                        .total_minor = 2500,
                                        .redeemed_points = redeemed,
                                        .redeemed_minor = redeemed,
                                        .spent = &spent,
                                        .spent_count = redeemed > 0,
                                        .earned_points = earned,
                                        .earned_expires_day = SHOP_EXPIRES,
                                        .qualifying = 2500,
                                        .multiplier_pct = 100};
    return commit(store, &event, (struct tally_slice){0}, ret_existing_seq);
}

enum tally_status try_sell(struct store *store, unsigned number, int64_t earned, int64_t redeemed,
                           uint64_t *ret_existing_seq)
{
    return try_sell_to(store, SHOP_ACCOUNT, number, earned, redeemed, ret_existing_seq);
}

void sell(struct store *store, unsigned number, int64_t earned)
{
    assert_status(TALLY_OK, try_sell(store, number, earned, 0, NULL));
}

enum tally_status try_void_sale(struct store *store, uint64_t sale_seq, const char *ref,
                                int64_t points, uint64_t *ret_existing_seq)
{
    struct tally_move taken = {.expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_VOID};
    event.as.voided =
        (struct tally_void){.account = SHOP_ACCOUNT,
                            .member = SHOP_MEMBER,
                            .ref = text(ref),
                            .sale = {.terminal = SHOP_TERMINAL, .epoch = 1, .seq = sale_seq},
                            .taken = &taken,
                            .taken_count = 1,
                            .earned_points = points,
                            .qualifying = 2500,
                            .sale_day = SHOP_DAY};
    return commit(store, &event, (struct tally_slice){0}, ret_existing_seq);
}

static struct tally_event enrolment(uint64_t member, uint64_t account, uint8_t card)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL};
    event.as.enrol = (struct tally_enrol){
        .account = account, .member = member, .home_shop = 3, .profile = text("sealed profile")};
    memset(event.as.enrol.handle, card, TALLY_HANDLE_LEN);
    return event;
}

enum tally_status try_enrol(struct store *store, uint64_t member, uint64_t account, uint8_t card)
{
    struct tally_event event = enrolment(member, account, card);
    return commit(store, &event, text("wrapped key"), NULL);
}

enum tally_status try_enrol_with_phone(struct store *store, uint64_t member, uint64_t account,
                                       uint8_t card, uint8_t phone)
{
    struct tally_event event = enrolment(member, account, card);
    event.as.enrol.has_phone_handle = true;
    memset(event.as.enrol.phone_handle, phone, TALLY_HANDLE_LEN);
    return commit(store, &event, text("wrapped key"), NULL);
}

enum tally_status try_grant(struct store *store, uint64_t grant_seq, uint32_t to, int64_t points)
{
    struct tally_move move = {.expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_GRANT};
    event.as.grant = (struct tally_grant){.account = SHOP_ACCOUNT,
                                          .grant_seq = grant_seq,
                                          .to_terminal = to,
                                          .moves = &move,
                                          .move_count = 1};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

/* ------------------------------------------------------------------ what is then there */

bool has_sale(struct store *store, unsigned number)
{
    char ref[32];
    uint64_t seq = 0;
    snprintf(ref, sizeof ref, "sale-%u", number);
    enum tally_status status = store_ref_get(store, text(ref), &seq);
    assert_true(status == TALLY_OK || status == TALLY_E_NOT_FOUND);
    return status == TALLY_OK;
}

uint64_t head_seq(struct store *store)
{
    struct store_head head;
    store_head(store, &head);
    return head.seq;
}

int64_t points_of(struct store *store, uint64_t account)
{
    struct store_account found;
    enum tally_status status = store_account_get(store, account, 0, &found);
    if (status == TALLY_E_NOT_FOUND) {
        return 0;
    }
    assert_status(TALLY_OK, status);
    int64_t points = tally_account_in_drawer(&found.account, SHOP_TERMINAL, SHOP_DAY);
    store_account_free(&found);
    return points;
}

struct tally_buffer account_bytes(struct store *store, uint64_t account)
{
    struct store_account found;
    struct tally_buffer bytes = {0};
    assert_status(TALLY_OK, store_account_get(store, account, 0, &found));
    size_t len = tally_account_encoded_len(&found.account);
    assert_status(TALLY_OK, tally_buffer_reserve(&bytes, len));
    assert_status(TALLY_OK, tally_account_encode(&found.account, bytes.data, len, &bytes.len));
    store_account_free(&found);
    return bytes;
}

void assert_verifies(struct store *store)
{
    struct store_verified verified = {0};
    enum tally_status status = store_verify(store, NULL, NULL, &verified);
    if (status != TALLY_OK) {
        fail_msg("%s: %s", tally_status_name(status), verified.difference);
    }
    assert_string_equal("", verified.difference);
}
