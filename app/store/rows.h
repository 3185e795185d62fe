/* app/store/rows.h: what the rows of the state hold, and their bytes (STORE.md).
 *
 * Memory   decoded rows own their books and lines until their _free; slices are borrowed.
 * Errors   TALLY_E_STORE_DAMAGED for malformed bytes.
 * Threads  pure. */
#ifndef TALLY_STORE_ROWS_H
#define TALLY_STORE_ROWS_H

#include "app/base/book.h"
#include "app/store/changes.h"

enum { ROW_ID_KEY_LEN = 8, ROW_EVENT_KEY_LEN = 16, ROW_EVENT_LEN = 12, ROW_CARD_LEN = 9 };

struct row_account {
    bool from_hq;       /* head office's word is in it: this journal alone can't make it again */
    uint32_t own_epoch; /* this terminal's newest event on it; 0: none */
    uint64_t own_seq;
    struct tally_book book;
};

TALLY_MUST_USE enum tally_status row_account_decode(struct tally_slice value,
                                                    struct row_account *ret_row);
/* Appends. */
TALLY_MUST_USE enum tally_status row_account_encode(const struct row_account *row,
                                                    struct tally_buffer *ret_value);
void row_account_free(struct row_account *row);

struct row_member {
    uint64_t account;
    uint32_t home_shop;
    struct tally_slice profile;
    struct tally_slice wrapped_key;
    const uint8_t *handles; /* cards that work: handle_count times TALLY_HANDLE_LEN bytes */
    size_t handle_count;
    const uint8_t *blocked; /* and those that are blocked */
    size_t blocked_count;
};

/* Everything in it points into `value`. */
TALLY_MUST_USE enum tally_status row_member_decode(struct tally_slice value,
                                                   struct row_member *ret_row);
TALLY_MUST_USE enum tally_status row_member_encode(const struct row_member *row,
                                                   struct tally_buffer *ret_value);

/* What came back of one sale, as far as this journal says. */
struct row_reversal {
    bool is_void;   /* all of it, on its day */
    uint32_t epoch; /* of the newest void or refund */
    uint64_t seq;
    struct tally_returned_line *lines; /* owned: what refunds took back, quantity_milli of each;
                                          rising; quantity_before_milli is 0 */
    size_t line_count;
};

TALLY_MUST_USE enum tally_status row_reversal_decode(struct tally_slice value,
                                                     struct row_reversal *ret_row);
/* Appends. */
TALLY_MUST_USE enum tally_status row_reversal_encode(const struct row_reversal *row,
                                                     struct tally_buffer *ret_value);
/* What a row says once `event`, a void or refund of its sale, is added. `before` may be zeroed.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status row_reversal_add(const struct row_reversal *before,
                                                  const struct tally_event *event,
                                                  struct row_reversal *ret_after);
void row_reversal_free(struct row_reversal *row);

/* Whether `handle` is among `count` of them. */
bool row_handles_have(const uint8_t *handles, size_t count, const uint8_t *handle);

/* Cards hold a member; refs and what was sent hold an event of this terminal. */
TALLY_MUST_USE enum tally_status row_card_decode(struct tally_slice value, uint64_t *ret_member,
                                                 bool *ret_blocked);
void row_card_encode(uint64_t member, bool blocked, uint8_t ret_value[ROW_CARD_LEN]);
TALLY_MUST_USE enum tally_status row_event_decode(struct tally_slice value, uint32_t *ret_epoch,
                                                  uint64_t *ret_seq);
void row_event_encode(uint32_t epoch, uint64_t seq, uint8_t ret_value[ROW_EVENT_LEN]);
void row_id_key(uint64_t id, uint8_t ret_key[ROW_ID_KEY_LEN]);
void row_event_key(const struct tally_event_id *id, uint8_t ret_key[ROW_EVENT_KEY_LEN]);

/* Whether one row is well formed, and an account keeps its invariants. */
TALLY_MUST_USE enum tally_status row_check(enum state_table table, struct tally_slice key,
                                           struct tally_slice value);

#endif
