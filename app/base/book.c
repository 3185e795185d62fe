/* SPDX-License-Identifier: Apache-2.0 */
/* An account that owns its memory. */
#include "app/base/book.h"

#include "app/base/alloc.h"

#include <assert.h>

/* ------------------------------------------------------------------ memory */

/* At least `needed` entries: *block grows by half, so that growing one by one stays cheap. */
static enum tally_status grow(void **block, size_t size, size_t needed, size_t *room)
{
    if (needed <= *room) {
        return TALLY_OK;
    }
    size_t target = *room + *room / 2;
    target = target < needed ? needed : target;
    void *grown = tally_realloc(*block, target, size);
    if (grown == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *block = grown;
    *room = target;
    return TALLY_OK;
}

static enum tally_status grow_purses(struct tally_account *account, size_t needed)
{
    void *block = account->purses;
    TALLY_TRY(grow(&block, sizeof account->purses[0], needed, &account->room.purses));
    account->purses = block;
    return TALLY_OK;
}

static enum tally_status grow_lots(struct tally_account *account, size_t needed)
{
    void *block = account->lots;
    TALLY_TRY(grow(&block, sizeof account->lots[0], needed, &account->room.lots));
    account->lots = block;
    return TALLY_OK;
}

static enum tally_status grow_counts(struct tally_account *account, size_t needed)
{
    void *block = account->counts;
    TALLY_TRY(grow(&block, sizeof account->counts[0], needed, &account->room.counts));
    account->counts = block;
    return TALLY_OK;
}

static enum tally_status grow_holds(struct tally_account *account, size_t needed)
{
    void *block = account->holds;
    TALLY_TRY(grow(&block, sizeof account->holds[0], needed, &account->room.holds));
    account->holds = block;
    return TALLY_OK;
}

static enum tally_status reserve(struct tally_account *account,
                                 const struct tally_account_room *needed)
{
    TALLY_TRY(grow_purses(account, needed->purses));
    TALLY_TRY(grow_lots(account, needed->lots));
    TALLY_TRY(grow_counts(account, needed->counts));
    return grow_holds(account, needed->holds);
}

static void free_arrays(struct tally_account *account)
{
    tally_free(account->purses);
    tally_free(account->lots);
    tally_free(account->counts);
    tally_free(account->holds);
}

/* What was written into the spare arrays is the account from now on. */
static void turn_over(struct tally_book *book)
{
    struct tally_account before = book->account;
    book->account = book->spare;
    book->spare = before;
}

/* ------------------------------------------------------------------ changes */

enum tally_status tally_book_apply(struct tally_book *book, const struct tally_event *event)
{
    assert(book != NULL);
    assert(event != NULL);

    struct tally_account_room needed = tally_account_room(&book->account, event);
    TALLY_TRY(reserve(&book->spare, &needed));
    TALLY_TRY(tally_account_apply(&book->account, event, &book->spare));
    turn_over(book);
    return TALLY_OK;
}

enum tally_status tally_book_decode(struct tally_book *book, struct tally_slice bytes)
{
    assert(book != NULL);

    struct tally_account_room needed = {0};
    TALLY_TRY(tally_account_room_of(bytes.data, bytes.len, &needed));
    TALLY_TRY(reserve(&book->spare, &needed));
    TALLY_TRY(tally_account_decode(&book->spare, bytes.data, bytes.len));
    turn_over(book);
    return TALLY_OK;
}

static void copy_bytes(void *to, const void *from, size_t len)
{
    if (len > 0) {
        memcpy(to, from, len);
    }
}

enum tally_status tally_book_copy(struct tally_book *book, const struct tally_account *from)
{
    assert(book != NULL);
    assert(from != NULL);

    struct tally_account_room needed = {from->purse_count, from->lot_count, from->count_count,
                                        from->hold_count};
    TALLY_TRY(reserve(&book->spare, &needed));
    struct tally_account copy = *from;
    copy.purses = book->spare.purses;
    copy.lots = book->spare.lots;
    copy.counts = book->spare.counts;
    copy.holds = book->spare.holds;
    copy.room = book->spare.room;
    copy_bytes(copy.purses, from->purses, from->purse_count * sizeof copy.purses[0]);
    copy_bytes(copy.lots, from->lots, from->lot_count * sizeof copy.lots[0]);
    copy_bytes(copy.counts, from->counts, from->count_count * sizeof copy.counts[0]);
    copy_bytes(copy.holds, from->holds, from->hold_count * sizeof copy.holds[0]);
    book->spare = copy;
    turn_over(book);
    return TALLY_OK;
}

enum tally_status tally_book_encode(const struct tally_book *book, struct tally_buffer *ret_bytes)
{
    assert(book != NULL);
    assert(ret_bytes != NULL);

    size_t len = tally_account_encoded_len(&book->account);
    TALLY_TRY(tally_buffer_reserve(ret_bytes, len));
    TALLY_TRY(tally_account_encode(&book->account, ret_bytes->data + ret_bytes->len, len, &len));
    ret_bytes->len += len;
    return TALLY_OK;
}

void tally_book_clear(struct tally_book *book)
{
    assert(book != NULL);

    tally_account_clear(&book->account);
}

void tally_book_free(struct tally_book *book)
{
    assert(book != NULL);

    free_arrays(&book->account);
    free_arrays(&book->spare);
    *book = (struct tally_book){0};
}
