/* app/proto/event_codec.h: events as bytes, in the journal and on the wire (tally.v1.Event).
 *
 * The same event always encodes to the same bytes, on every architecture: fields in the order of
 * their numbers, zeros left out. A decoder skips fields that it doesn't know, so the bytes of an
 * event are kept and passed on as they came, never encoded again.
 *
 * Units    lengths are bytes; points, money and days as app/core/event.h.
 * Memory   a decoded event owns its arrays until tally_event_decoded_free(); its text slices point
 *          into the bytes it was decoded from.
 * Errors   on anything but TALLY_OK outputs are as before.
 * Threads  any; nothing is shared. */
#ifndef TALLY_PROTO_EVENT_CODEC_H
#define TALLY_PROTO_EVENT_CODEC_H

#include "app/base/buffer.h"
#include "app/core/event.h"

/* Of one event. Baskets of thousands of lines stay far below it, but the limits of event.h all used
 * at once go beyond: such an event is refused. A record of the journal and a message have room. */
enum { TALLY_EVENT_LEN_MAX = 960 * 1024 };

struct tally_event_decoded {
    struct tally_event event;
    /* Owned: what the event's arrays point at. */
    struct tally_move *moves;
    struct tally_count *counts;
    struct tally_line *lines;
    struct tally_tender *tenders;
    struct tally_slice *codes;
    struct tally_claim *claims;
    struct tally_count *used;
    struct tally_line_paid *paid;
    struct tally_share *shares;
    struct tally_exchange *exchanges;
    struct tally_returned_line *returned;
};

/* Every limit that event.h and basket.h state holds: tally_effects_check and tally_basket_check,
 * lengths of texts, UTF-8, signs, order and number of everything; seq and account are not 0, the
 * business day and a reversal's sale_day lie within 2000..2199, a sale's total is that of its
 * lines and no line paid more than its amount. Refs are not empty (but for a release), `visits` and
 * `days_member` are 0 or more, `days_away` -1 or more; a void has no lines and a refund has some;
 * a transfer goes to another account. Whether sums agree with the programme is head office's
 * business, whether points are there is the fold's. TALLY_OK, TALLY_E_INVALID */
TALLY_MUST_USE enum tally_status tally_event_limits(const struct tally_event *event);

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
