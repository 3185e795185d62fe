/* hal/reader/tracks.h: from the texts of a card's tracks to at most one card; the same for readers
 * that send each track in a field of its own, and for those that send or type all of them as one
 * text.
 *
 * Units    lengths are characters.
 * Memory   nothing is allocated; tracks borrow from the caller's report or text.
 * Threads  pure.
 * Privacy  what was copied of a track is wiped before return; the text itself is the caller's to
 * wipe. */
#ifndef HAL_READER_TRACKS_H
#define HAL_READER_TRACKS_H

#include "app/core/card.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HAL_TRACKS = 3 };

enum hal_track_state { HAL_TRACK_EMPTY = 0, HAL_TRACK_DAMAGED, HAL_TRACK_GOOD };

struct hal_track {
    enum hal_track_state state;
    const uint8_t *text; /* when good: ASCII from start to end sentinel, both included */
    size_t len;
};

/* The card on a stripe: the number of track 2, else that of track 1 (ISO/IEC 7813; track 3 carries
 * none). `may_mask`: the reader may have overwritten digits of what is laid out like a payment
 * card, so that two cards of ours would look the same.
 *   TALLY_OK                 *ret_card is a card of ours, swiped
 *   TALLY_E_PAYMENT_CARD     refused
 *   TALLY_E_UNKNOWN_CARD     refused: all that was on the card was read and names no card of ours,
 *                            or the number may be masked
 *   TALLY_E_CARD_UNREADABLE  damaged or empty tracks: swipe again */
TALLY_MUST_USE enum tally_status hal_tracks_card(const struct hal_track tracks[HAL_TRACKS],
                                                 const struct tally_card_rules *rules,
                                                 bool may_mask, struct tally_card *ret_card);

/* Whether a text is that of a stripe: it begins with a start sentinel of track 1, 2 or 3. */
bool hal_tracks_are_text(const uint8_t *text, size_t len);

/* Finds the tracks in one text, each from its start sentinel to its end sentinel `?`: track 1
 * begins with `%`, track 2 with `;` or `@`, track 3 with `+`, `#` or `&`, and a second `;` is track
 * 3 (MagTek 99875206, properties 19h to 1Eh; ISO/IEC 7811-2). Whatever stands outside of sentinels
 * is passed over, an LRC too. A track is damaged that has `E` for its data, no end sentinel, or a
 * start sentinel twice. */
void hal_tracks_split(const uint8_t *text, size_t len, struct hal_track ret_tracks[HAL_TRACKS]);

#endif
