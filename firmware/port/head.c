/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of the head protocol: words to commands, numbers to flux. */
#include "firmware/port/head.h"

#include <string.h>

static const struct {
    const char *name;
    enum tally_head_command command;
    enum tally_head_result port_result;
} commands[] = {
    {"begin", TALLY_HEAD_BEGIN_LINE, TALLY_HEAD_MORE},
    {"end", TALLY_HEAD_END_LINE, TALLY_HEAD_MORE},
    {"swipe", TALLY_HEAD_SWIPE_LINE, TALLY_HEAD_MORE},
    {"plug", TALLY_HEAD_PORT_LINE, TALLY_HEAD_PLUG},
    {"unplug", TALLY_HEAD_PORT_LINE, TALLY_HEAD_UNPLUG},
    {"unplug-mid-report", TALLY_HEAD_PORT_LINE, TALLY_HEAD_UNPLUG_MID_REPORT},
    {"status", TALLY_HEAD_PORT_LINE, TALLY_HEAD_STATUS},
    {"tap", TALLY_HEAD_TEXT_LINE, TALLY_HEAD_TAP},
    {"untap", TALLY_HEAD_PORT_LINE, TALLY_HEAD_UNTAP},
    {"press", TALLY_HEAD_PORT_LINE, TALLY_HEAD_PRESS},
    {"release", TALLY_HEAD_PORT_LINE, TALLY_HEAD_RELEASE},
};
_Static_assert(sizeof "unplug-mid-report" <= TALLY_HEAD_WORD_LEN_MAX + 1, "every command fits");

static void fail(struct tally_head *head, const char *error)
{
    if (head->error == NULL) {
        head->error = error;
    }
}

static bool swipe_is_ours(const struct tally_head *head, const struct tally_reader *reader)
{
    return head->has_swipe && reader->state == TALLY_READER_SWIPING &&
           reader->swipe_number == head->swipe_number;
}

static void begin_swipe(struct tally_head *head, struct tally_reader *reader)
{
    if (reader->state == TALLY_READER_OFF) {
        fail(head, "no terminal has configured the reader");
    } else if (tally_reader_event(reader, TALLY_READER_SWIPE_BEGINS) != TALLY_READER_LISTEN) {
        fail(head, "busy: another swipe or its report is under way");
    } else {
        head->has_swipe = true;
        head->swipe_number = reader->swipe_number;
        head->tracks_given = 0;
    }
}

static void begin_track(struct tally_head *head, struct tally_reader *reader)
{
    const char *name = head->word;
    if (head->word_len != 2 || name[0] != 'T' || name[1] < '1' || name[1] > '3') {
        fail(head, "a track is T1, T2 or T3");
        return;
    }
    head->track = (enum tally_f2f_track)(name[1] - '1');
    if (!head->in_batch) {
        begin_swipe(head, reader);
    }
    uint8_t bit = (uint8_t)(1u << head->track);
    if (head->error == NULL && (head->tracks_given & bit) != 0) {
        fail(head, "this track has had its line");
    }
    head->tracks_given |= bit;
}

static void take_interval(struct tally_head *head, struct tally_reader *reader)
{
    uint64_t interval = 0;
    for (uint8_t i = 0; i < head->word_len; i++) {
        if (head->word[i] < '0' || head->word[i] > '9' || interval > UINT32_MAX) {
            interval = 0;
            break;
        }
        interval = interval * 10 + (uint64_t)(head->word[i] - '0');
    }
    if (interval == 0 || interval > UINT32_MAX) {
        fail(head, "an interval is a number of microseconds, 1 to 4294967295");
    } else if (swipe_is_ours(head, reader)) {
        tally_reader_flux(reader, head->track, (uint32_t)interval);
    }
}

static void take_command(struct tally_head *head)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(head->word, commands[i].name) == 0) {
            head->command = commands[i].command;
            head->port_result = commands[i].port_result;
            head->text_len = 0;
            head->text[0] = '\0';
            return;
        }
    }
    fail(head, "unknown command");
}

static void take_word(struct tally_head *head, struct tally_reader *reader)
{
    head->word[head->word_len] = '\0';
    if (head->error != NULL) {
        /* the rest of the line is skipped */
    } else if (head->word_count == 0) {
        take_command(head);
    } else if (head->command != TALLY_HEAD_SWIPE_LINE) {
        fail(head, "this command stands alone on its line");
    } else if (head->word_count == 1) {
        begin_track(head, reader);
    } else {
        take_interval(head, reader);
    }
    head->word_count = head->word_count < 2 ? (uint8_t)(head->word_count + 1) : 2;
    head->word_len = 0;
}

static void lose_swipe(struct tally_head *head, struct tally_reader *reader)
{
    if (swipe_is_ours(head, reader)) {
        (void)tally_reader_event(reader, TALLY_READER_SWIPE_LOST);
    }
    head->has_swipe = false;
    head->in_batch = false;
}

static enum tally_head_result end_swipe(struct tally_head *head, struct tally_reader *reader)
{
    if (!swipe_is_ours(head, reader)) {
        fail(head, "the reader was unplugged during the swipe");
        return TALLY_HEAD_ERROR;
    }
    (void)tally_reader_event(reader, TALLY_READER_SWIPE_ENDS);
    head->has_swipe = false;
    head->in_batch = false;
    return TALLY_HEAD_REPORT;
}

static enum tally_head_result begin_batch(struct tally_head *head, struct tally_reader *reader)
{
    if (head->in_batch) {
        fail(head, "`begin` twice without `end`");
        return TALLY_HEAD_ERROR;
    }
    begin_swipe(head, reader);
    head->in_batch = head->error == NULL;
    return head->in_batch ? TALLY_HEAD_OK : TALLY_HEAD_ERROR;
}

static enum tally_head_result end_batch(struct tally_head *head, struct tally_reader *reader)
{
    if (!head->in_batch) {
        fail(head, "`end` without `begin`");
        return TALLY_HEAD_ERROR;
    }
    return end_swipe(head, reader);
}

static enum tally_head_result finish_line(struct tally_head *head, struct tally_reader *reader)
{
    if (head->error != NULL) {
        return TALLY_HEAD_ERROR;
    }
    switch (head->command) {
    case TALLY_HEAD_NO_COMMAND: /* an empty line */
        return TALLY_HEAD_MORE;
    case TALLY_HEAD_BEGIN_LINE:
        return begin_batch(head, reader);
    case TALLY_HEAD_END_LINE:
        return end_batch(head, reader);
    case TALLY_HEAD_SWIPE_LINE:
        if (head->word_count < 2) {
            fail(head, "a track is T1, T2 or T3");
            return TALLY_HEAD_ERROR;
        }
        return head->in_batch ? TALLY_HEAD_OK : end_swipe(head, reader);
    case TALLY_HEAD_PORT_LINE:
    case TALLY_HEAD_TEXT_LINE:
        return head->port_result;
    }
    return TALLY_HEAD_ERROR;
}

static void take_text(struct tally_head *head, char character)
{
    if (head->text_len == 0 && character == ' ') {
        return;
    }
    if (head->text_len < TALLY_HEAD_TEXT_LEN_MAX) {
        head->text[head->text_len++] = character;
        head->text[head->text_len] = '\0';
    } else {
        fail(head, "the text is too long");
    }
}

enum tally_head_result tally_head_push(struct tally_head *head, struct tally_reader *reader,
                                       char character, const char **ret_error)
{
    *ret_error = NULL;
    bool is_end = character == '\n', is_gap = character == ' ' || character == '\r';
    if (!is_end && head->command == TALLY_HEAD_TEXT_LINE) {
        if (character != '\r') {
            take_text(head, character);
        }
        return TALLY_HEAD_MORE;
    }
    if (!is_end && !is_gap) {
        if (head->word_len < TALLY_HEAD_WORD_LEN_MAX) {
            head->word[head->word_len++] = character;
        } else {
            fail(head, "a word is too long");
        }
        return TALLY_HEAD_MORE;
    }
    if (head->word_len > 0) {
        take_word(head, reader);
    }
    if (!is_end) {
        return TALLY_HEAD_MORE;
    }
    enum tally_head_result result = finish_line(head, reader);
    if (result == TALLY_HEAD_ERROR) {
        *ret_error = head->error;
        lose_swipe(head, reader);
    }
    head->error = NULL;
    head->command = TALLY_HEAD_NO_COMMAND;
    head->word_count = 0;
    return result;
}

void tally_head_gone(struct tally_head *head, struct tally_reader *reader)
{
    lose_swipe(head, reader);
}
