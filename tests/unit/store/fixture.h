/* tests/unit/store/fixture.h: a store in a directory of its own, and what happens in a shop.
 *
 * Errors   a helper that can't do its work fails the test. */
#ifndef TALLY_TESTS_STORE_FIXTURE_H
#define TALLY_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/store/store.h"

enum {
    SHOP_TERMINAL = 7,
    SHOP_ACCOUNT = 100,
    SHOP_MEMBER = 55,
    SHOP_DAY = 20000,
    SHOP_EXPIRES = 20365,
    SHOP_NOW_MS = 1700000000
};

#define assert_status(expected, call)                                                              \
    do {                                                                                           \
        enum tally_status got_status = (call);                                                     \
        if (got_status != (expected)) {                                                            \
            fail_msg("%s: %s, not %s", #call, tally_status_name(got_status),                       \
                     tally_status_name(expected));                                                 \
        }                                                                                          \
    } while (0)

struct shop {
    char base[256]; /* removed at the end */
    char dir[300];
    struct store *store; /* NULL: closed */
    struct store_opened opened;
};

/* A new store that terminal 7 writes to in epoch 1; the same without a writer; the same closed. */
struct shop a_shop(void);
struct shop an_unenrolled_shop(void);
void shop_end(struct shop *shop);

enum tally_status shop_try_open(struct shop *shop);
void shop_open(struct shop *shop);
void shop_close(struct shop *shop);

/* A copy of its files as they are now, open or not. */
struct shop shop_copy(const struct shop *shop);

/* Sale "sale-<number>" of SHOP_ACCOUNT: earns `earned` points, redeems `redeemed` from the lot that
 * sells expire in. */
enum tally_status try_sell(struct store *store, unsigned number, int64_t earned, int64_t redeemed,
                           uint64_t *ret_existing_seq);
enum tally_status try_sell_to(struct store *store, uint64_t account, unsigned number,
                              int64_t earned, int64_t redeemed, uint64_t *ret_existing_seq);
void sell(struct store *store, unsigned number, int64_t earned);
enum tally_status try_void_sale(struct store *store, uint64_t sale_seq, const char *ref,
                                int64_t points, uint64_t *ret_existing_seq);
/* Lines of that sale; it has one of 3,000 thousandths. */
enum tally_status try_refund(struct store *store, uint64_t sale_seq, const char *ref,
                             const struct tally_returned_line *lines, size_t line_count,
                             int64_t points, uint64_t *ret_existing_seq);
enum tally_status try_hold(struct store *store, const char *ref, int64_t points);
enum tally_status try_release(struct store *store, uint64_t hold, int64_t points);
enum tally_status try_award(struct store *store, uint32_t purse, int64_t points);
enum tally_status try_adjust(struct store *store, uint32_t drawer, int64_t points);
/* A standing or a block. */
enum tally_status try_what_is_head_offices(struct store *store, enum tally_event_type type);
/* TALLY_MOVE_ADJUST_DEBT: the points come in, and one is owed. */
enum tally_status try_transfer(struct store *store, uint64_t account, uint64_t other,
                               enum tally_move_kind kind, int64_t points,
                               uint64_t *ret_existing_seq);
enum tally_status try_card(struct store *store, uint64_t member, uint64_t account,
                           enum tally_card_action action, uint8_t card, uint8_t old);
enum tally_status try_enrol(struct store *store, uint64_t member, uint64_t account, uint8_t card);
enum tally_status try_enrol_with_phone(struct store *store, uint64_t member, uint64_t account,
                                       uint8_t card, uint8_t phone);
enum tally_status try_grant(struct store *store, uint64_t grant_seq, uint32_t to, int64_t points);

bool has_sale(struct store *store, unsigned number);
uint64_t head_seq(struct store *store);
int64_t points_of(struct store *store, uint64_t account);
/* Encoded; the caller frees. */
struct tally_buffer account_bytes(struct store *store, uint64_t account);
void assert_verifies(struct store *store);

struct tally_slice text(const char *words);
void path_in(const struct shop *shop, const char *name, char ret_path[512]);
bool file_exists(const struct shop *shop, const char *name);
/* Whole files. */
struct tally_buffer read_file(const char *path);
void write_file(const char *path, const void *bytes, size_t len);

#endif
