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
    const struct tally_line line = {
        .sku = text("4006381333931"), .quantity_milli = 3000, .amount_minor = 2500};
    const struct tally_line_paid paid = {.line = 0, .points_minor = redeemed};
    const struct tally_share share = {.line = 0, .points = earned};
    const struct tally_count count = {TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, 1};
    struct tally_move moves[2];
    size_t move_count = 0;
    if (redeemed > 0) {
        moves[move_count++] = (struct tally_move){
            .kind = TALLY_MOVE_REDEEM, .expires_day = SHOP_EXPIRES, .points = redeemed};
    }
    if (earned > 0) {
        moves[move_count++] = (struct tally_move){
            .kind = TALLY_MOVE_EARN, .expires_day = SHOP_EXPIRES, .points = earned};
    }
    struct tally_event event = {
        .type = TALLY_EVENT_SALE,
        .account = account,
        .member = SHOP_MEMBER,
        .effects = {.moves = moves, .move_count = move_count, .counts = &count, .count_count = 1}};
    event.as.sale = (struct tally_sale){.ref = text(ref),
                                        .cashier = text("anna"),
                                        .basket = {.lines = &line, .line_count = 1},
                                        .seen = {.days_away = -1},
                                        .total_minor = 2500,
                                        .redeemed_minor = redeemed,
                                        .paid = &paid,
                                        .paid_count = redeemed > 0,
                                        .shares = &share,
                                        .share_count = earned > 0};
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

static struct tally_event reversal(enum tally_event_type type, uint64_t sale_seq, const char *ref)
{
    struct tally_event event = {.type = type, .account = SHOP_ACCOUNT, .member = SHOP_MEMBER};
    event.as.reversal =
        (struct tally_reversal){.ref = text(ref),
                                .sale = {.terminal = SHOP_TERMINAL, .epoch = 1, .seq = sale_seq},
                                .sale_day = SHOP_DAY};
    return event;
}

enum tally_status try_void_sale(struct store *store, uint64_t sale_seq, const char *ref,
                                int64_t points, uint64_t *ret_existing_seq)
{
    const struct tally_move taken = {
        .kind = TALLY_MOVE_UNEARN, .expires_day = SHOP_EXPIRES, .points = points};
    const struct tally_count count = {TALLY_COUNT_SALES, 0, INT32_MIN, TALLY_DAY_NEVER, -1};
    struct tally_event event = reversal(TALLY_EVENT_VOID, sale_seq, ref);
    event.effects = (struct tally_effects){
        .moves = &taken, .move_count = 1, .counts = &count, .count_count = 1};
    return commit(store, &event, (struct tally_slice){0}, ret_existing_seq);
}

enum tally_status try_refund(struct store *store, uint64_t sale_seq, const char *ref,
                             const struct tally_returned_line *lines, size_t line_count,
                             int64_t points, uint64_t *ret_existing_seq)
{
    const struct tally_move taken = {
        .kind = TALLY_MOVE_UNEARN, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = reversal(TALLY_EVENT_REFUND, sale_seq, ref);
    event.effects = (struct tally_effects){.moves = &taken, .move_count = points > 0};
    event.as.reversal.lines = lines;
    event.as.reversal.line_count = line_count;
    return commit(store, &event, (struct tally_slice){0}, ret_existing_seq);
}

enum tally_status try_hold(struct store *store, const char *ref, int64_t points)
{
    const struct tally_move held = {
        .kind = TALLY_MOVE_HOLD, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_HOLD,
                                .account = SHOP_ACCOUNT,
                                .effects = {.moves = &held, .move_count = 1}};
    event.as.hold = (struct tally_hold){.ref = text(ref), .until_ms = SHOP_NOW_MS + 60000};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

enum tally_status try_release(struct store *store, uint64_t hold, int64_t points)
{
    const struct tally_move freed = {
        .kind = TALLY_MOVE_RELEASE, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_RELEASE,
                                .account = SHOP_ACCOUNT,
                                .effects = {.moves = &freed, .move_count = 1, .hold = hold}};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

enum tally_status try_award(struct store *store, uint32_t purse, int64_t points)
{
    const struct tally_move given = {
        .kind = TALLY_MOVE_EARN, .purse = purse, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_AWARD,
                                .account = SHOP_ACCOUNT,
                                .effects = {.moves = &given, .move_count = 1}};
    event.as.award = (struct tally_award){.award = 1};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

enum tally_status try_adjust(struct store *store, uint32_t drawer, int64_t points)
{
    const struct tally_move given = {
        .kind = TALLY_MOVE_ADJUST_IN, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_ADJUST,
                                .account = SHOP_ACCOUNT,
                                .effects = {.moves = &given, .move_count = 1}};
    event.as.adjust =
        (struct tally_adjust){.drawer = drawer, .reason = text("goodwill"), .who = text("anna")};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

enum tally_status try_what_is_head_offices(struct store *store, enum tally_event_type type)
{
    struct tally_event event = {.type = type, .account = SHOP_ACCOUNT};
    event.effects.has_floor = type == TALLY_EVENT_STANDING;
    event.effects.has_block = event.effects.blocked = type == TALLY_EVENT_BLOCK;
    event.as.given = (struct tally_given){.reason = text("matched"), .who = text("anna")};
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

enum tally_status try_transfer(struct store *store, uint64_t account, uint64_t other,
                               enum tally_move_kind kind, int64_t points,
                               uint64_t *ret_existing_seq)
{
    const bool owes = kind == TALLY_MOVE_ADJUST_DEBT;
    const struct tally_move moves[] = {
        {.kind = owes ? TALLY_MOVE_ADJUST_IN : kind, .expires_day = SHOP_EXPIRES, .points = points},
        {.kind = TALLY_MOVE_ADJUST_DEBT, .points = 1}};
    struct tally_event event = {.type = TALLY_EVENT_TRANSFER,
                                .account = account,
                                .effects = {.moves = moves, .move_count = owes ? 2 : 1},
                                .as.transfer = {.other = other}};
    return commit(store, &event, (struct tally_slice){0}, ret_existing_seq);
}

enum tally_status try_card(struct store *store, uint64_t member, uint64_t account,
                           enum tally_card_action action, uint8_t card, uint8_t old)
{
    struct tally_event event = {
        .type = TALLY_EVENT_CARD, .account = account, .member = member, .as.card.action = action};
    memset(event.as.card.handle, card, TALLY_HANDLE_LEN);
    if (action == TALLY_CARD_REPLACE) {
        memset(event.as.card.old, old, TALLY_HANDLE_LEN);
    }
    return commit(store, &event, (struct tally_slice){0}, NULL);
}

static struct tally_event enrolment(uint64_t member, uint64_t account, uint8_t card)
{
    struct tally_event event = {.type = TALLY_EVENT_ENROL, .account = account, .member = member};
    event.as.enrol = (struct tally_enrol){.home_shop = 3, .profile = text("sealed profile")};
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
    const struct tally_move move = {
        .kind = TALLY_MOVE_GRANT, .expires_day = SHOP_EXPIRES, .points = points};
    struct tally_event event = {.type = TALLY_EVENT_GRANT,
                                .account = SHOP_ACCOUNT,
                                .effects = {.moves = &move, .move_count = 1}};
    event.as.grant = (struct tally_grant){.grant_seq = grant_seq, .to_terminal = to};
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
    enum tally_status status = store_account_get(store, account, &found);
    if (status == TALLY_E_NOT_FOUND) {
        return 0;
    }
    assert_status(TALLY_OK, status);
    int64_t points = tally_account_in_drawer(&found.book.account, TALLY_PURSE_POINTS, SHOP_TERMINAL,
                                             SHOP_DAY, SHOP_NOW_MS);
    store_account_free(&found);
    return points;
}

struct tally_buffer account_bytes(struct store *store, uint64_t account)
{
    struct store_account found;
    struct tally_buffer bytes = {0};
    assert_status(TALLY_OK, store_account_get(store, account, &found));
    assert_status(TALLY_OK, tally_book_encode(&found.book, &bytes));
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
