/* firmware/port/pn532.h: a card slot (usb/port.h) made of an NXP PN532 at the end of a serial line.
 *
 * Frames and commands: PN532 user manual (UM0701-02), 6.2 and 7. The line is the port's: it writes
 * what it is told and hands in what arrives, in pieces of any size. 115200 baud, 8N1, as the chip
 * starts.
 *
 * Units    lengths are bytes, times are milliseconds of any monotonic clock; it may wrap
 * Memory   one struct; no heap
 * Errors   a chip that is silent, or whose frames stay damaged, is BROKEN until it answers again
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_PORT_PN532_H
#define TALLY_FIRMWARE_PORT_PN532_H

#include "firmware/usb/port.h"

enum {
    TALLY_PN532_BODY_LEN_MAX = 265,   /* TFI, command, and 263 bytes: the chip's own limit */
    TALLY_PN532_ANSWER_MS_MAX = 1000, /* to all commands but an exchange with a card, which ... */
    TALLY_PN532_CARD_MS_MAX = 6000,   /* ... may wait for the longest FWT, 4949 ms */
    TALLY_PN532_REPEATS_MAX = 3       /* of a damaged frame */
};

enum tally_pn532_job { TALLY_PN532_NO_JOB = 0, TALLY_PN532_LOOK, TALLY_PN532_EXCHANGE };

/* What the next byte from the chip is. */
enum tally_pn532_byte {
    TALLY_PN532_AT_ZERO = 0, /* of the start code 00 FF; preambles are zeros too */
    TALLY_PN532_AT_START,
    TALLY_PN532_AT_LEN,
    TALLY_PN532_AT_LCS,
    TALLY_PN532_AT_LEN_HIGH, /* of an extended frame */
    TALLY_PN532_AT_LEN_LOW,
    TALLY_PN532_AT_LCS_EXTENDED,
    TALLY_PN532_AT_BODY,
    TALLY_PN532_AT_DCS
};

/* Private to pn532.c but for `slot`. */
struct tally_pn532 {
    struct tally_card_slot slot; /* give its address to tally_ports */
    void (*write)(void *line, const uint8_t *bytes, size_t len);
    void *line;

    enum tally_pn532_job job;
    enum tally_card_status result; /* of the job; WAIT: under way */
    uint8_t asked;                 /* command whose answer is awaited, FF: none */
    uint8_t repeats;               /* left */
    bool is_awake;
    bool is_set_up;
    bool must_release;
    bool is_selected;
    bool was_seen; /* `card` is the one that the last look found */
    struct tally_slot_card card;
    uint32_t now_ms;
    uint32_t asked_ms;

    enum tally_pn532_byte expects;
    uint16_t body_len; /* as the frame announces */
    uint16_t body_at;
    uint8_t sum;
    uint8_t body[TALLY_PN532_BODY_LEN_MAX];

    uint16_t command_len;
    uint8_t command[TALLY_CARD_COMMAND_LEN_MAX]; /* of an exchange */
    uint16_t answer_len;
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
};

/* `write` sends all bytes or loses the line: then nothing arrives, and the slot is BROKEN in
 * time. */
void tally_pn532_init(struct tally_pn532 *pn532,
                      void (*write)(void *line, const uint8_t *bytes, size_t len), void *line);

/* Bytes from the chip. Call tally_usb_device_time() afterwards: an answer may be complete. */
void tally_pn532_received(struct tally_pn532 *pn532, const uint8_t *bytes, size_t len);

/* The time; before each tally_usb_device_time() is often enough. */
void tally_pn532_time(struct tally_pn532 *pn532, uint32_t now_ms);

#endif
