/* app/proto/event_codec.h: events as bytes, in the journal and on the wire (tally.v1.Event).
 *
 * The same event always encodes to the same bytes, on every architecture: fields in the order of
 * their numbers, zeros left out. A decoder skips fields that it doesn't know, so the bytes of an
 * event are kept and passed on as they came, never encoded again.
 *
 * Units    lengths are bytes; points, money and days as app/core/event.h.
 * Memory   a decoded event owns its arrays of lines and moves until tally_event_decoded_free(); its
 *          text slices point into the bytes it was decoded from.
 * Errors   on anything but TALLY_OK outputs are as before.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROTO_EVENT_CODEC_H
#define TALLY_PROTO_EVENT_CODEC_H

#include "app/base/buffer.h"
#include "app/core/event.h"

/* The largest event that the limits of event.h allow fits; longer ones are refused unread. */
enum { TALLY_EVENT_LEN_MAX = 512 * 1024 };

struct tally_event_decoded {
    struct tally_event event;
    struct tally_line *lines; /* owned; what the event's lines point at */
    struct tally_move
        *moves; /* owned: a sale's spent, a void's returned, or a grant's or adjust's */
    struct tally_move *taken; /* owned: a void's taken */
};

/* Every limit that event.h states holds: lengths of texts, UTF-8, numbers and order of moves,
 * numbers of lines, signs; seq and account are not 0, a sale's and a void's ref is not empty.
 * Whether sums agree is the fold's business (tally_account_apply). TALLY_OK, TALLY_E_INVALID */
TALLY_MUST_USE enum tally_status tally_event_limits(const struct tally_event *event);
TALLY_MUST_USE enum tally_status tally_grant_limits(const struct tally_grant *grant);

/* Appends the event to ret_bytes.
 *   TALLY_OK, TALLY_E_INVALID (a limit is exceeded), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_event_encode(const struct tally_event *event,
                                                    struct tally_buffer *ret_bytes);

/*   TALLY_OK
 *   TALLY_E_INVALID    malformed, a `what` that is unknown, missing or there twice, text that isn't
 *                      UTF-8, a limit exceeded
 *   TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_event_decode(struct tally_slice bytes,
                                                    struct tally_event_decoded *ret_decoded);

/* A zeroed struct and one that was freed are allowed. */
void tally_event_decoded_free(struct tally_event_decoded *decoded);

#endif
