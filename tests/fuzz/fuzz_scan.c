/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever text is scanned, tapped or typed: at most a card of ours, the same one each time but for
 * codes that are used up, and tracks that lie inside of the text. The first byte is the
 * symbology. */
#include "tests/fuzz/fuzz_card.h"

#include "hal/reader/scan.h"
#include "hal/reader/tracks.h"

#include <string.h>

static void claim_tracks(const uint8_t *text, size_t len,
                         const struct hal_reader_settings *settings)
{
    struct hal_track tracks[HAL_TRACKS];
    struct tally_card card;
    hal_tracks_split(text, len, tracks);
    for (size_t i = 0; i < HAL_TRACKS; i++) {
        bool is_inside = tracks[i].text >= text && tracks[i].len <= len &&
                         tracks[i].text + tracks[i].len <= text + len;
        FUZZ_CLAIM(tracks[i].text == NULL || is_inside);
    }
    if (hal_tracks_card(tracks, &settings->rules, false, &card) == TALLY_OK) {
        claim_card(settings, &card);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hal_code_memory memory;
    struct hal_reader_settings settings = fuzz_settings(&memory);
    if (size == 0) {
        return 0;
    }
    enum hal_symbology symbology = (enum hal_symbology)(data[0] % (HAL_SYMBOLOGY_PLAIN + 1));
    const uint8_t *text = data + 1;
    size_t len = size - 1;
    struct tally_card card = {.len = 0}, again = {.len = 0};
    enum tally_status status =
        hal_scan_card(&settings, symbology, TALLY_ENTRY_SCANNED, text, len, &card);
    if (status == TALLY_OK) {
        claim_card(&settings, &card);
    }
    enum tally_status second =
        hal_scan_card(&settings, symbology, TALLY_ENTRY_SCANNED, text, len, &again);
    if (status == TALLY_OK && card.strength == TALLY_STRENGTH_PROVEN) {
        FUZZ_CLAIM(second == TALLY_E_CODE_USED);
    } else {
        FUZZ_CLAIM(second == status && memcmp(&card, &again, sizeof card) == 0);
    }
    claim_tracks(text, len, &settings);
    return 0;
}
