/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of changed rows that grows with them. */
#include "app/store/changes.h"

#include <assert.h>

#include "app/base/alloc.h"

enum { BUCKETS_MIN = 64 };

/* FNV-1a, 32 bits: rows are our own, so no one can choose keys that collide on purpose but for till
 * references, of which an overlay holds a few hundred. */
static uint32_t hash_of(enum state_table table, struct tally_slice key)
{
    uint32_t hash = 2166136261u ^ (uint32_t)table;
    for (size_t i = 0; i < key.len; i++) {
        hash = (hash ^ key.data[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

static bool is_for(const struct change *change, uint32_t hash, enum state_table table,
                   struct tally_slice key)
{
    return change->hash == hash && change->table == table && change->key_len == key.len &&
           memcmp(change->key, key.data, key.len) == 0;
}

static enum tally_status make_room(struct changes *changes, size_t count)
{
    size_t wanted = changes->bucket_count == 0 ? BUCKETS_MIN : changes->bucket_count;
    while (wanted < count && wanted < SIZE_MAX / 4) {
        wanted *= 2;
    }
    if (wanted == changes->bucket_count) {
        return TALLY_OK;
    }
    struct change **buckets = tally_alloc(wanted, sizeof(struct change *));
    if (buckets == NULL) {
        return changes->bucket_count == 0 ? TALLY_E_NO_MEMORY : TALLY_OK; /* longer chains */
    }
    for (size_t i = 0; i < changes->bucket_count; i++) {
        while (changes->buckets[i] != NULL) {
            struct change *change = changes->buckets[i];
            changes->buckets[i] = change->next;
            change->next = buckets[change->hash % wanted];
            buckets[change->hash % wanted] = change;
        }
    }
    tally_free(changes->buckets);
    changes->buckets = buckets;
    changes->bucket_count = wanted;
    return TALLY_OK;
}

static void insert(struct changes *changes, struct change *change)
{
    struct tally_slice key = {change->key, change->key_len};
    struct change **at = &changes->buckets[change->hash % changes->bucket_count];
    for (; *at != NULL; at = &(*at)->next) {
        if (is_for(*at, change->hash, change->table, key)) {
            struct change *old = *at;
            change->next = old->next;
            *at = change;
            tally_free(old);
            return;
        }
    }
    change->next = NULL;
    *at = change;
    changes->count++;
}

static enum tally_status say(struct changes *changes, enum state_table table,
                             struct tally_slice key, struct tally_slice value, bool removed)
{
    if (key.len == 0 || key.len > STATE_KEY_LEN_MAX ||
        value.len > SIZE_MAX - sizeof(struct change)) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(make_room(changes, changes->count + 1));
    struct change *change = tally_alloc(1, sizeof *change + value.len);
    if (change == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    change->hash = hash_of(table, key);
    change->table = table;
    change->removed = removed;
    change->key_len = key.len;
    memcpy(change->key, key.data, key.len);
    change->value_len = value.len;
    if (value.len > 0) {
        memcpy(change->value, value.data, value.len);
    }
    insert(changes, change);
    return TALLY_OK;
}

enum tally_status changes_put(struct changes *changes, enum state_table table,
                              struct tally_slice key, struct tally_slice value)
{
    return say(changes, table, key, value, false);
}

enum tally_status changes_remove(struct changes *changes, enum state_table table,
                                 struct tally_slice key)
{
    return say(changes, table, key, (struct tally_slice){NULL, 0}, true);
}

const struct change *changes_find(const struct changes *changes, enum state_table table,
                                  struct tally_slice key)
{
    if (changes->count == 0 || key.len > STATE_KEY_LEN_MAX) {
        return NULL;
    }
    uint32_t hash = hash_of(table, key);
    const struct change *change = changes->buckets[hash % changes->bucket_count];
    while (change != NULL && !is_for(change, hash, table, key)) {
        change = change->next;
    }
    return change;
}

enum tally_status changes_make_ready(struct changes *into, const struct changes *from)
{
    return make_room(into, into->count + from->count);
}

void changes_merge(struct changes *into, struct changes *from)
{
    assert(into->bucket_count > 0);
    for (size_t i = 0; i < from->bucket_count; i++) {
        while (from->buckets[i] != NULL) {
            struct change *change = from->buckets[i];
            from->buckets[i] = change->next;
            insert(into, change);
        }
    }
    from->count = 0;
    changes_free(from);
}

const struct change *changes_next(const struct changes *changes, const struct change *before)
{
    size_t bucket = 0;
    if (before != NULL) {
        if (before->next != NULL) {
            return before->next;
        }
        bucket = before->hash % changes->bucket_count + 1;
    }
    for (; bucket < changes->bucket_count; bucket++) {
        if (changes->buckets[bucket] != NULL) {
            return changes->buckets[bucket];
        }
    }
    return NULL;
}

void changes_free(struct changes *changes)
{
    for (size_t i = 0; i < changes->bucket_count; i++) {
        while (changes->buckets[i] != NULL) {
            struct change *change = changes->buckets[i];
            changes->buckets[i] = change->next;
            tally_free(change);
        }
    }
    tally_free(changes->buckets);
    *changes = (struct changes){0};
}
