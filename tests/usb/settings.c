/* SPDX-License-Identifier: Apache-2.0 */
/* Words to settings. */
#include "tests/usb/settings.h"

#include "hal/reader/code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t clock_ms;
static struct hal_code_memory codes;

struct hal_reader_settings settings_of_the_shop(void)
{
    static const struct tally_card_rule rules[] = {
        {"600585", 7},  {"600585", 8},  {"600585", 9},  {"600585", 10},
        {"600585", 11}, {"600585", 12}, {"600585", 13}, {"600585", 14},
        {"600585", 15}, {"600585", 16}, {"600585", 17},
    };
    return (struct hal_reader_settings){.rules = {rules, sizeof rules / sizeof rules[0]}};
}

static int64_t tell_clock(void *context)
{
    return *(const int64_t *)context;
}

static void set_clock(struct hal_reader_settings *settings, int64_t to_ms)
{
    clock_ms = to_ms;
    if (settings->codes == NULL) {
        for (uint8_t i = 0; i < HAL_READER_KEY_LEN; i++) {
            settings->keys.code_key[i] = i;
        }
        settings->keys.has_code_key = true;
        settings->wall_ms = tell_clock;
        settings->wall_context = &clock_ms;
        settings->codes = &codes;
        hal_code_memory_start(&codes, to_ms);
    }
}

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
    int64_t to_ms = 0;
    if (sscanf(words, "clock %" SCNd64, &to_ms) == 1) {
        set_clock(settings, to_ms);
    } else if (is(words, "uid yes") || is(words, "uid no")) {
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
    } else if (is(words, "no_cards yes") || is(words, "no_cards no")) {
        settings->no_cards = is(words, "no_cards yes");
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
