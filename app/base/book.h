/* app/base/book.h: an account that owns its memory and grows with what happens to it.
 *
 * Memory   a zeroed book is an empty account (as every account with id 0 is, whatever its other
 *          fields say); free it with tally_book_free(). `account` points into the book's own
 *          arrays and changes with every call that changes the book.
 * Errors   on anything but TALLY_OK the book is as it was.
 * Threads  one at a time. */
#ifndef TALLY_BASE_BOOK_H
#define TALLY_BASE_BOOK_H

#include "app/base/buffer.h"
#include "app/core/account.h"

struct tally_book {
    struct tally_account account;
    struct tally_account spare; /* arrays that the next change is written into */
};

/* Statuses of tally_account_apply; TALLY_E_NO_MEMORY is the heap's. */
TALLY_MUST_USE enum tally_status tally_book_apply(struct tally_book *book,
                                                  const struct tally_event *event);
/* Replaces what the book holds. Statuses of tally_account_decode. */
TALLY_MUST_USE enum tally_status tally_book_decode(struct tally_book *book,
                                                   struct tally_slice bytes);
TALLY_MUST_USE enum tally_status tally_book_copy(struct tally_book *book,
                                                 const struct tally_account *from);
/* Appends. TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_book_encode(const struct tally_book *book,
                                                   struct tally_buffer *ret_bytes);
/* Makes it an account before its first event, days and all, and keeps its memory. */
void tally_book_clear(struct tally_book *book);
void tally_book_free(struct tally_book *book);

#endif
