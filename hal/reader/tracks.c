/* SPDX-License-Identifier: Apache-2.0 */
/* Tracks of a magnetic stripe: which part of a text is which track, and which digits of a track are
 * the card's number. */
#include "hal/reader/tracks.h"

#include "app/core/bytes.h"

#include <assert.h>
#include <string.h>

/* The at most one number of a stripe. */
struct candidate {
    uint8_t digits[TALLY_CARD_LEN_MAX];
    size_t count;       /* 0: no track names a number */
    bool has_separator; /* more follows the number, as on a payment card */
    bool is_whole;      /* there is text, and no track was damaged */
};

/* The number of a track: after the start sentinel, digits up to the separator or the end sentinel.
 * Track 1 may carry a format code, one letter (ISO/IEC 7813; N to Z are the issuer's own), and
 * groups the digits of some cards with spaces. Leaves count 0 when the track names no number. */
static void find_number(const struct hal_track *track, uint8_t start, uint8_t separator,
                        struct candidate *candidate)
{
    size_t at = 0, count = 0;
    if (track->state != HAL_TRACK_GOOD || track->len == 0 || track->text[at++] != start) {
        return;
    }
    bool is_track_1 = start == '%';
    if (is_track_1 && at < track->len && track->text[at] >= 'A' && track->text[at] <= 'Z') {
        at++;
    }
    for (; at < track->len; at++) {
        uint8_t byte = track->text[at];
        if (byte == separator || byte == '?') {
            candidate->count = count;
            candidate->has_separator = byte == separator;
            return;
        }
        if (is_track_1 && byte == ' ') {
            continue;
        }
        if (!tally_is_digit(byte) || count == TALLY_CARD_LEN_MAX) {
            return;
        }
        candidate->digits[count++] = byte;
    }
    /* no separator and no end sentinel: cut off */
}

static void find_candidate(const struct hal_track tracks[HAL_TRACKS], struct candidate *candidate)
{
    bool has_text = false, has_damage = false;
    for (size_t i = 0; i < HAL_TRACKS; i++) {
        has_text = has_text || tracks[i].state == HAL_TRACK_GOOD;
        has_damage = has_damage || tracks[i].state == HAL_TRACK_DAMAGED;
    }
    find_number(&tracks[1], ';', '=', candidate);
    if (candidate->count == 0) {
        find_number(&tracks[0], '%', '^', candidate);
    }
    candidate->is_whole = has_text && !has_damage;
}

static enum tally_status judge(const struct candidate *candidate,
                               const struct tally_card_rules *rules, bool may_mask)
{
    enum tally_status status = TALLY_E_UNKNOWN_CARD;
    if (candidate->count > 0) {
        status = tally_card_classify(rules, candidate->digits, candidate->count);
    }
    if (status == TALLY_OK && may_mask && candidate->has_separator) {
        return TALLY_E_UNKNOWN_CARD;
    }
    if (status == TALLY_E_UNKNOWN_CARD && !candidate->is_whole) {
        return TALLY_E_CARD_UNREADABLE; /* the track that is ours may be the one that failed */
    }
    return status;
}

enum tally_status hal_tracks_card(const struct hal_track tracks[HAL_TRACKS],
                                  const struct tally_card_rules *rules, bool may_mask,
                                  struct tally_card *ret_card)
{
    assert(tracks != NULL);
    assert(rules != NULL);
    assert(ret_card != NULL);

    struct candidate candidate = {.count = 0};
    find_candidate(tracks, &candidate);
    enum tally_status status = judge(&candidate, rules, may_mask);
    if (status == TALLY_OK) {
        tally_card_from_number(TALLY_ENTRY_SWIPED, candidate.digits, candidate.count, ret_card);
    }
    explicit_bzero(&candidate, sizeof candidate);
    return status;
}

/* ---- tracks in one text ---- */

enum { NO_TRACK = HAL_TRACKS };

/* The track, counted from 0, that begins with this character. */
static size_t track_of(uint8_t sentinel)
{
    switch (sentinel) {
    case '%':
        return 0;
    case ';':
    case '@':
        return 1;
    case '+':
    case '#':
    case '&':
        return 2;
    default:
        return NO_TRACK;
    }
}

bool hal_tracks_are_text(const uint8_t *text, size_t len)
{
    assert(text != NULL || len == 0);
    return len > 0 && track_of(text[0]) != NO_TRACK;
}

/* A reader may send the LRC behind the end sentinel: one character, which can look like a start
 * sentinel. No track has a sentinel or nothing at all behind its own. */
static bool is_lrc(const uint8_t *text, size_t len, size_t at)
{
    return at + 1 >= len || text[at + 1] == '\r' || text[at + 1] == '\n' ||
           track_of(text[at + 1]) != NO_TRACK;
}

static struct hal_track closed_track(const uint8_t *text, size_t len)
{
    bool is_undecodable = len == 3 && text[1] == 'E';
    struct hal_track track = {is_undecodable ? HAL_TRACK_DAMAGED : HAL_TRACK_GOOD, text, len};
    if (len == 2) {
        track.state = HAL_TRACK_EMPTY; /* sentinels alone */
    }
    return track;
}

static void note_track(struct hal_track tracks[HAL_TRACKS], size_t number,
                       const struct hal_track *found)
{
    bool is_second_5_bit = number == 1 && tracks[1].text != NULL && found->text[0] == ';';
    struct hal_track *slot = &tracks[is_second_5_bit ? 2 : number];
    bool is_twice = slot->text != NULL;
    *slot = *found;
    if (is_twice) {
        slot->state = HAL_TRACK_DAMAGED;
    }
}

void hal_tracks_split(const uint8_t *text, size_t len, struct hal_track ret_tracks[HAL_TRACKS])
{
    assert(text != NULL || len == 0);
    assert(ret_tracks != NULL);

    struct hal_track tracks[HAL_TRACKS] = {{.state = HAL_TRACK_EMPTY}};
    size_t at = 0;
    while (at < len) {
        size_t number = track_of(text[at]);
        if (number == NO_TRACK) {
            at++;
            continue;
        }
        const uint8_t *end = memchr(text + at, '?', len - at);
        struct hal_track found = {HAL_TRACK_DAMAGED, text + at, len - at};
        if (end != NULL) {
            found = closed_track(text + at, (size_t)(end - text) - at + 1);
        }
        note_track(tracks, number, &found);
        at += found.len;
        if (at < len && is_lrc(text, len, at)) {
            at++;
        }
    }
    for (size_t i = 0; i < HAL_TRACKS; i++) {
        ret_tracks[i] = tracks[i];
    }
}
