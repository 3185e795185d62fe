/* app/store/changes.h: changed rows in memory: the overlay, and what one commit is about to change.
 *
 * Units    lengths are bytes.
 * Memory   owns copies of keys and values; a found change is borrowed until the next call.
 * Errors   TALLY_E_NO_MEMORY leaves everything as it was.
 * Threads  one at a time. */
#ifndef TALLY_STORE_CHANGES_H
#define TALLY_STORE_CHANGES_H

#include "app/base/buffer.h"

/* The tables of the state, in the order in which they are written. */
enum state_table {
    STATE_ACCOUNTS = 0, /* account, big-endian */
    STATE_MEMBERS,      /* member, big-endian */
    STATE_CARDS,        /* handle */
    STATE_REFS,         /* the till's reference */
    STATE_REVERSALS,    /* terminal, epoch and seq of a sale that came back, big-endian */
    STATE_SENT,         /* account that ended and was sent on from this drawer, big-endian */
    STATE_TABLE_COUNT
};

enum { STATE_KEY_LEN_MAX = 64 };

struct change {
    struct change *next;
    uint32_t hash;
    enum state_table table;
    bool removed; /* then the value is empty */
    size_t key_len;
    size_t value_len;
    uint8_t key[STATE_KEY_LEN_MAX];
    uint8_t value[];
};

/* A zeroed struct is empty. */
struct changes {
    struct change **buckets;
    size_t bucket_count;
    size_t count;
};

/* The newest word on a row replaces the one before. */
TALLY_MUST_USE enum tally_status changes_put(struct changes *changes, enum state_table table,
                                             struct tally_slice key, struct tally_slice value);
TALLY_MUST_USE enum tally_status changes_remove(struct changes *changes, enum state_table table,
                                                struct tally_slice key);

/* NULL: nothing is said about this row. */
const struct change *changes_find(const struct changes *changes, enum state_table table,
                                  struct tally_slice key);

/* Moves everything into `into`, which must have been made ready for it, and empties `from`. */
TALLY_MUST_USE enum tally_status changes_make_ready(struct changes *into,
                                                    const struct changes *from);
void changes_merge(struct changes *into, struct changes *from);

/* All changes, in no order: NULL begins and ends. */
const struct change *changes_next(const struct changes *changes, const struct change *before);

void changes_free(struct changes *changes);

#endif
