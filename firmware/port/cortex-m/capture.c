/* SPDX-License-Identifier: Apache-2.0 */
/* Edges through a ring, from an interrupt to the reader. */
#include "firmware/port/cortex-m/capture.h"

enum { TRACK_BITS = 2 };
static const uint32_t interval_max = UINT32_MAX >> TRACK_BITS;
_Static_assert((CAPTURE_RING_LEN & (CAPTURE_RING_LEN - 1)) == 0, "the counters wrap with the ring");

void capture_edge(struct capture *capture, enum tally_f2f_track track, uint32_t now_us)
{
    uint32_t interval = now_us - capture->track_us[track];
    uint32_t put = capture->put;
    capture->track_us[track] = now_us;
    capture->last_us = now_us;
    if (put - capture->taken >= CAPTURE_RING_LEN) {
        capture->is_overrun = true;
        return;
    }
    interval = interval < interval_max ? interval : interval_max;
    capture->ring[put % CAPTURE_RING_LEN] = interval << TRACK_BITS | (uint32_t)track;
    capture->put = put + 1; /* after the entry: the main loop reads up to here */
}

static void begin(struct capture *capture, struct tally_reader *reader)
{
    capture->is_swiping =
        tally_reader_event(reader, TALLY_READER_SWIPE_BEGINS) == TALLY_READER_LISTEN;
    capture->is_ignoring = !capture->is_swiping;
}

static void take_edges(struct capture *capture, struct tally_reader *reader)
{
    uint32_t put = capture->put;
    while (capture->taken != put) {
        uint32_t *entry = &capture->ring[capture->taken % CAPTURE_RING_LEN];
        if (capture->is_swiping) {
            tally_reader_flux(reader, (enum tally_f2f_track)(*entry & ((1u << TRACK_BITS) - 1)),
                              *entry >> TRACK_BITS);
        }
        *entry = 0; /* it was a card */
        capture->taken++;
    }
}

static void end(struct capture *capture, struct tally_reader *reader)
{
    if (capture->is_swiping) {
        (void)tally_reader_event(reader, capture->is_overrun ? TALLY_READER_SWIPE_LOST
                                                             : TALLY_READER_SWIPE_ENDS);
    }
    capture->is_swiping = false;
    capture->is_ignoring = false;
    capture->is_overrun = false;
}

void capture_poll(struct capture *capture, struct tally_reader *reader, uint32_t now_us)
{
    /* With a sign: an edge may have come since now_us was read, and must not look like an age
     * ago. */
    bool is_silent = (int32_t)(now_us - capture->last_us) >= CAPTURE_SILENCE_US;
    bool is_under_way = capture->is_swiping || capture->is_ignoring;
    uint32_t waiting = capture->put - capture->taken;
    if (!is_under_way && waiting >= CAPTURE_EDGES_MIN) {
        begin(capture, reader);
        is_under_way = true;
    }
    if (is_under_way || is_silent) {
        take_edges(capture, reader);
    }
    if (is_under_way && is_silent) {
        end(capture, reader);
    }
}
