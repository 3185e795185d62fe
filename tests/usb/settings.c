/* SPDX-License-Identifier: Apache-2.0 */
/* Words to settings. */
#include "tests/usb/settings.h"

#include <stdio.h>
#include <string.h>

static bool is(const char *words, const char *wanted)
{
    return strcmp(words, wanted) == 0;
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
    } else if (strncmp(words, "uri ", 4) == 0 && strlen(words + 4) <= HAL_URI_PREFIX_LEN_MAX) {
        snprintf(settings->tag.uri_prefix, sizeof settings->tag.uri_prefix, "%s", words + 4);
    } else {
        return false;
    }
    return true;
}
