/* app/store/rows.h: what the rows of the state hold, and their bytes (STORE.md).
 *
 * Memory   decoded rows own their lots, texts and handles until their _free; slices are borrowed.
 * Errors   TALLY_E_STORE_DAMAGED for malformed bytes.
 * Threads  pure. */
#ifndef TALLY_STORE_ROWS_H
#define TALLY_STORE_ROWS_H

#include "app/core/account.h"
#include "app/store/changes.h"

enum { ROW_ID_KEY_LEN = 8, ROW_VOID_KEY_LEN = 12 };

struct row_account {
    bool from_hq;       /* head office's word is in it: this journal alone can't make it again */
    uint32_t own_epoch; /* this terminal's newest event on it; 0: none */
    uint64_t own_seq;
    struct tally_account account;
    struct tally_lot *lots; /* owned; what the account's lots point at */
};

/* Room for `spare_lots` beyond what it holds. */
TALLY_MUST_USE enum tally_status row_account_decode(struct tally_slice value, size_t spare_lots,
                                                    struct row_account *ret_row);
/* Appends. */
TALLY_MUST_USE enum tally_status row_account_encode(const struct row_account *row,
                                                    struct tally_buffer *ret_value);
void row_account_free(struct row_account *row);

/* An account from the bytes of app/core/ACCOUNT.md, with room for `spare_lots` more.
 *   TALLY_OK, TALLY_E_STORE_DAMAGED, TALLY_E_STORE_VERSION, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status row_account_from_bytes(struct tally_slice bytes, size_t spare_lots,
                                                        struct tally_account *ret_account,
                                                        struct tally_lot **ret_lots);

struct row_member {
    uint64_t account;
    uint32_t home_shop;
    struct tally_slice profile;
    struct tally_slice wrapped_key;
    const uint8_t *handles; /* handle_count times TALLY_HANDLE_LEN bytes */
    size_t handle_count;
};

/* Everything in it points into `value`. */
TALLY_MUST_USE enum tally_status row_member_decode(struct tally_slice value,
                                                   struct row_member *ret_row);
TALLY_MUST_USE enum tally_status row_member_encode(const struct row_member *row,
                                                   struct tally_buffer *ret_value);

/* Cards hold a member; refs and voids hold an event of this terminal. */
TALLY_MUST_USE enum tally_status row_card_decode(struct tally_slice value, uint64_t *ret_member);
TALLY_MUST_USE enum tally_status row_event_decode(struct tally_slice value, uint32_t *ret_epoch,
                                                  uint64_t *ret_seq);
void row_event_encode(uint32_t epoch, uint64_t seq, uint8_t ret_value[12]);
void row_id_key(uint64_t id, uint8_t ret_key[ROW_ID_KEY_LEN]);
void row_void_key(uint32_t epoch, uint64_t seq, uint8_t ret_key[ROW_VOID_KEY_LEN]);

/* Whether one row is well formed, and an account keeps its invariants. */
TALLY_MUST_USE enum tally_status row_check(enum state_table table, struct tally_slice key,
                                           struct tally_slice value);

#endif
