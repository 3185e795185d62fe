/* firmware/port/cortex-m/capture.h: from the edges of the head's amplifiers to swipes.
 *
 * An interrupt notes each edge; the main loop turns them into a swipe. A swipe begins with a run of
 * edges and ends with silence.
 *
 * Units    microseconds of a clock that may wrap
 * Memory   one struct; no heap
 * Errors   edges that come faster than the main loop takes them lose their swipe (red light)
 * Threads  capture_edge() in one interrupt, the rest in the main loop of the same processor */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_CAPTURE_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_CAPTURE_H

#include "firmware/core/reader.h"

enum {
    CAPTURE_RING_LEN = 256, /* 3 ms of three tracks at 150 cm/s; a power of two */
    CAPTURE_EDGES_MIN = 16, /* fewer are a spark, not a card */
    /* At 5 cm/s a zero of track 2 lasts 7 ms; a card that stops for longer than this is two
     * swipes. */
    CAPTURE_SILENCE_US = 100000
};

struct capture {
    uint32_t ring[CAPTURE_RING_LEN]; /* interval, and the track in the two lowest bits */
    volatile uint32_t put;           /* counts on for ever; the interrupt's */
    volatile uint32_t taken;         /* the main loop's */
    volatile uint32_t last_us;       /* of any track */
    volatile bool is_overrun;
    uint32_t track_us[TALLY_MSR_TRACKS]; /* the last edge of each; the interrupt's */
    bool is_swiping;                     /* the reader listens to us */
    bool is_ignoring;                    /* it was busy when this swipe began */
};

/* All zero is a fresh one. An edge on a track: from the interrupt. */
void capture_edge(struct capture *capture, enum tally_f2f_track track, uint32_t now_us);

/* Tells the reader what has come since the last call. At least every 2 ms while edges come. */
void capture_poll(struct capture *capture, struct tally_reader *reader, uint32_t now_us);

#endif
