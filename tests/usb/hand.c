/* SPDX-License-Identifier: Apache-2.0 */
/* Words to tracks, tracks to flux, flux to lines. */
#include "tests/usb/hand.h"

#include "tests/usb/must.h"
#include "tools/swipe/swipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool hand_tracks(char *words, const char *ret_tracks[HAND_TRACKS])
{
    bool is_good = true;
    size_t track = HAND_TRACKS;
    for (size_t i = 0; i < HAND_TRACKS; i++) {
        ret_tracks[i] = NULL;
    }
    for (char *word = strsep(&words, " "); word != NULL; word = strsep(&words, " ")) {
        bool is_name = word[0] == 'T' && word[1] >= '1' && word[1] <= '3' && word[2] == '\0';
        if (is_name) {
            track = (size_t)(word[1] - '1');
        } else if (track < HAND_TRACKS && ret_tracks[track] == NULL) {
            ret_tracks[track] = word;
        } else {
            is_good = false;
        }
    }
    return is_good && track < HAND_TRACKS;
}

struct lines {
    char *text;
    size_t len;
};

static void put_text(struct lines *lines, const char *text)
{
    size_t len = strlen(text);
    lines->text = realloc(lines->text, lines->len + len + 1);
    MUST(lines->text != NULL);
    memcpy(lines->text + lines->len, text, len + 1);
    lines->len += len;
}

static bool put_track(struct lines *lines, const struct tally_swipe_hand *hand, int track,
                      const char *text)
{
    static struct tally_swipe_flux flux;
    char word[32];
    if (!tally_swipe_flux(hand, track, text, &flux)) {
        return false;
    }
    snprintf(word, sizeof word, "swipe T%d", track);
    put_text(lines, word);
    for (size_t i = 0; i < flux.count; i++) {
        snprintf(word, sizeof word, " %" PRIu32, flux.intervals[i]);
        put_text(lines, word);
    }
    put_text(lines, "\n");
    return true;
}

char *hand_swipe(const char *words, bool is_damaged)
{
    const struct tally_swipe_hand hand = {.seed = 1, .speed_cms = 30, .is_damaged = is_damaged};
    const char *tracks[HAND_TRACKS];
    struct lines lines = {NULL, 0};
    char *copy = strdup(words);
    bool is_good = copy != NULL && hand_tracks(copy, tracks);
    put_text(&lines, "begin\n");
    for (int track = 1; track <= HAND_TRACKS && is_good; track++) {
        const char *text = tracks[track - 1];
        is_good = text == NULL || put_track(&lines, &hand, track, text);
    }
    put_text(&lines, "end\n");
    free(copy);
    if (!is_good) {
        free(lines.text);
        lines.text = NULL;
    }
    return lines.text;
}
