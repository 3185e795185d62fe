/* firmware/port/head.h: the magnetic head as lines of text, for ports that have no head of their
 * own.
 *
 * The protocol is in port/linux-gadget/README.md. A line may be of any length: it is read character
 * by character and its intervals go straight into the reader. A carriage return is ignored.
 *
 * Units    intervals in microseconds
 * Memory   one small struct for each talker; no heap
 * Errors   a line that is not understood is skipped to its end and takes its swipe with it
 * Threads  pure; all talkers of one reader share a thread */
#ifndef TALLY_FIRMWARE_PORT_HEAD_H
#define TALLY_FIRMWARE_PORT_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/core/reader.h"

enum { TALLY_HEAD_WORD_LEN_MAX = 20, TALLY_HEAD_TEXT_LEN_MAX = 1000 };

enum tally_head_result {
    TALLY_HEAD_MORE = 0, /* the line goes on */
    TALLY_HEAD_OK,       /* answer "ok" */
    TALLY_HEAD_ERROR,    /* answer "error TEXT" */
    TALLY_HEAD_REPORT,   /* the reader is REPORTING: send it, answer when it is taken or dropped */
    TALLY_HEAD_PLUG,     /* the other commands belong to the port */
    TALLY_HEAD_UNPLUG,
    TALLY_HEAD_UNPLUG_MID_REPORT,
    TALLY_HEAD_STATUS,
    TALLY_HEAD_TAP, /* the card that head->text describes is put on the slot; wipe the text */
    TALLY_HEAD_UNTAP,
    TALLY_HEAD_PRESS, /* the button */
    TALLY_HEAD_RELEASE
};

enum tally_head_command {
    TALLY_HEAD_NO_COMMAND = 0,
    TALLY_HEAD_BEGIN_LINE,
    TALLY_HEAD_END_LINE,
    TALLY_HEAD_SWIPE_LINE,
    TALLY_HEAD_PORT_LINE,
    TALLY_HEAD_TEXT_LINE /* the port's too; the rest of the line is for it */
};

/* All zero is a fresh talker. Private to head.c. */
struct tally_head {
    char word[TALLY_HEAD_WORD_LEN_MAX + 1];
    uint8_t word_len;
    uint8_t word_count; /* complete words of this line */
    enum tally_head_command command;
    enum tally_head_result port_result; /* of a TALLY_HEAD_PORT_LINE or TALLY_HEAD_TEXT_LINE */
    enum tally_f2f_track track;
    const char *error;     /* of this line; NULL while it is good */
    uint32_t swipe_number; /* of the reader, when our swipe began */
    bool has_swipe;        /* we began one */
    bool in_batch;         /* between `begin` and `end` */
    uint8_t tracks_given;  /* bit n: track n + 1 has had its line */
    uint16_t text_len;
    char text[TALLY_HEAD_TEXT_LEN_MAX + 1]; /* of a TALLY_HEAD_TEXT_LINE; ends with a zero */
};

/* One more character. Tells the reader SWIPE_BEGINS, flux, SWIPE_ENDS, SWIPE_LOST as lines say.
 * *ret_error is a static text when the result is TALLY_HEAD_ERROR, else NULL. */
enum tally_head_result tally_head_push(struct tally_head *head, struct tally_reader *reader,
                                       char character, const char **ret_error);

/* The talker is gone; a swipe it had begun is lost. */
void tally_head_gone(struct tally_head *head, struct tally_reader *reader);

#endif
