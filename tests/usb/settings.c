/* SPDX-License-Identifier: Apache-2.0 */
/* Words to settings. */
#include "tests/usb/settings.h"

#include <stdio.h>
#include <string.h>

static bool is(const char *words, const char *wanted)
{
    return strcmp(words, wanted) == 0;
}

/* One reader, with the key of REPORTS.md's example; counters begin anew. */
static void pair_with(struct hal_reader_settings *settings, const char *serial)
{
    static struct hal_reader_pair pair;
    static struct hal_reader_pairs pairs = {.pairs = &pair, .count = 1};
    memset(&pair, 0, sizeof pair);
    snprintf(pair.serial, sizeof pair.serial, "%s", serial);
    for (size_t i = 0; i < sizeof pair.key; i++) {
        pair.key[i] = (uint8_t)i;
    }
    settings->pairs = &pairs;
}

bool settings_read(struct hal_reader_settings *settings, const char *words)
{
    if (is(words, "uid yes") || is(words, "uid no")) {
        settings->accepts_uid = is(words, "uid yes");
    } else if (is(words, "wedge known")) {
        settings->wedge.choice = HAL_WEDGE_KNOWN;
    } else if (is(words, "wedge none")) {
        settings->wedge.choice = HAL_WEDGE_NONE;
    } else if (is(words, "wedge all")) {
        settings->wedge.choice = HAL_WEDGE_ALL;
    } else if (is(words, "layout us")) {
        settings->wedge.layout = HAL_LAYOUT_US;
    } else if (is(words, "layout german")) {
        settings->wedge.layout = HAL_LAYOUT_GERMAN;
    } else if (is(words, "layout french")) {
        settings->wedge.layout = HAL_LAYOUT_FRENCH;
    } else if (is(words, "only_paired yes") || is(words, "only_paired no")) {
        settings->only_paired = is(words, "only_paired yes");
    } else if (strncmp(words, "pair ", 5) == 0 && strlen(words + 5) <= HAL_READER_SERIAL_LEN_MAX) {
        pair_with(settings, words + 5);
    } else if (strncmp(words, "uri ", 4) == 0 && strlen(words + 4) <= HAL_URI_PREFIX_LEN_MAX) {
        snprintf(settings->tag.uri_prefix, sizeof settings->tag.uri_prefix, "%s", words + 4);
    } else {
        return false;
    }
    return true;
}
