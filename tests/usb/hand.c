/* SPDX-License-Identifier: Apache-2.0 */
/* Words to tracks, tracks to flux, flux to lines. */
#include "tests/usb/hand.h"

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

static bool write_track(FILE *out, const struct tally_swipe_hand *hand, int track, const char *text)
{
    static struct tally_swipe_flux flux;
    if (!tally_swipe_flux(hand, track, text, &flux)) {
        return false;
    }
    fprintf(out, "swipe T%d", track);
    for (size_t i = 0; i < flux.count; i++) {
        fprintf(out, " %" PRIu32, flux.intervals[i]);
    }
    fprintf(out, "\n");
    return true;
}

char *hand_swipe(const char *words, bool is_damaged)
{
    const struct tally_swipe_hand hand = {.seed = 1, .speed_cms = 30, .is_damaged = is_damaged};
    const char *tracks[HAND_TRACKS];
    char *lines = NULL, *copy = strdup(words);
    size_t len = 0;
    FILE *out = open_memstream(&lines, &len);
    bool is_good = out != NULL && copy != NULL && hand_tracks(copy, tracks);
    if (is_good) {
        fprintf(out, "begin\n");
        for (int track = 1; track <= HAND_TRACKS && is_good; track++) {
            const char *text = tracks[track - 1];
            is_good = text == NULL || write_track(out, &hand, track, text);
        }
        fprintf(out, "end\n");
    }
    fclose(out);
    free(copy);
    if (!is_good) {
        free(lines);
        lines = NULL;
    }
    return lines;
}
