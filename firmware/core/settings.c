/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: ranges, properties, record. */
#include "firmware/core/settings.h"

enum { TRACKS_ALL = 0x07, FIRST_PRINTABLE = 0x20, LAST_PRINTABLE = 0x7e };

struct tally_settings tally_settings_factory(void)
{
    return (struct tally_settings){
        .form = TALLY_MSR_FORM_SURESWIPE, .polling_ms = TALLY_MSR_POLLING_MS, .tracks = TRACKS_ALL};
}

/* ---- properties ---- */

static bool set_byte(uint8_t *field, const uint8_t *data, uint8_t len, uint8_t min, uint8_t max)
{
    if (len != 1 || data[0] < min || data[0] > max) {
        return false;
    }
    *field = data[0];
    return true;
}

static bool set_text(uint8_t *field, uint8_t *field_len, const uint8_t *data, uint8_t len)
{
    if (len > TALLY_MSR_AFFIX_LEN_MAX) {
        return false;
    }
    for (uint8_t i = 0; i < len; i++) {
        if (data[i] < FIRST_PRINTABLE || data[i] > LAST_PRINTABLE) {
            return false;
        }
    }
    for (uint8_t i = 0; i < TALLY_MSR_AFFIX_LEN_MAX; i++) {
        field[i] = i < len ? data[i] : 0;
    }
    *field_len = len;
    return true;
}

bool tally_settings_set(struct tally_settings *settings, uint8_t property, const uint8_t *data,
                        uint8_t len)
{
    switch (property) {
    case TALLY_MSR_PROP_POLLING_MS:
        return set_byte(&settings->polling_ms, data, len, 1, 255);
    case TALLY_MSR_PROP_TRACKS:
        return set_byte(&settings->tracks, data, len, 1, TRACKS_ALL);
    case TALLY_MSR_PROP_FORM:
        return set_byte(&settings->form, data, len, 0, TALLY_MSR_FORM_COUNT - 1);
    case TALLY_MSR_PROP_PREFIX:
        return set_text(settings->prefix, &settings->prefix_len, data, len);
    case TALLY_MSR_PROP_SUFFIX:
        return set_text(settings->suffix, &settings->suffix_len, data, len);
    default:
        return false;
    }
}

static void copy(uint8_t *to, const uint8_t from[TALLY_MSR_AFFIX_LEN_MAX])
{
    for (uint8_t i = 0; i < TALLY_MSR_AFFIX_LEN_MAX; i++) {
        to[i] = from[i];
    }
}

bool tally_settings_get(const struct tally_settings *settings, uint8_t property,
                        uint8_t ret_data[TALLY_MSR_FEATURE_DATA_LEN_MAX], uint8_t *ret_len)
{
    *ret_len = 1;
    switch (property) {
    case TALLY_MSR_PROP_POLLING_MS:
        ret_data[0] = settings->polling_ms;
        return true;
    case TALLY_MSR_PROP_TRACKS:
        ret_data[0] = settings->tracks;
        return true;
    case TALLY_MSR_PROP_FORM:
        ret_data[0] = settings->form;
        return true;
    case TALLY_MSR_PROP_PREFIX:
        *ret_len = settings->prefix_len;
        copy(ret_data, settings->prefix);
        return true;
    case TALLY_MSR_PROP_SUFFIX:
        *ret_len = settings->suffix_len;
        copy(ret_data, settings->suffix);
        return true;
    default:
        *ret_len = 0;
        return false;
    }
}

/* ---- record ---- */

/* offsets */
enum {
    VERSION_AT = 0,
    FORM_AT = 1,
    POLLING_AT = 2,
    TRACKS_AT = 3,
    PREFIX_LEN_AT = 4,
    SUFFIX_LEN_AT = 5,
    PREFIX_AT = 6,
    SUFFIX_AT = PREFIX_AT + TALLY_MSR_AFFIX_LEN_MAX
};

void tally_settings_write(const struct tally_settings *settings,
                          uint8_t ret_record[TALLY_SETTINGS_RECORD_LEN])
{
    ret_record[VERSION_AT] = TALLY_SETTINGS_RECORD_VERSION;
    ret_record[FORM_AT] = settings->form;
    ret_record[POLLING_AT] = settings->polling_ms;
    ret_record[TRACKS_AT] = settings->tracks;
    ret_record[PREFIX_LEN_AT] = settings->prefix_len;
    ret_record[SUFFIX_LEN_AT] = settings->suffix_len;
    copy(ret_record + PREFIX_AT, settings->prefix);
    copy(ret_record + SUFFIX_AT, settings->suffix);
}

bool tally_settings_read(const uint8_t record[TALLY_SETTINGS_RECORD_LEN],
                         struct tally_settings *ret_settings)
{
    struct tally_settings settings = tally_settings_factory();
    bool is_good =
        record[VERSION_AT] == TALLY_SETTINGS_RECORD_VERSION &&
        tally_settings_set(&settings, TALLY_MSR_PROP_FORM, record + FORM_AT, 1) &&
        tally_settings_set(&settings, TALLY_MSR_PROP_POLLING_MS, record + POLLING_AT, 1) &&
        tally_settings_set(&settings, TALLY_MSR_PROP_TRACKS, record + TRACKS_AT, 1) &&
        tally_settings_set(&settings, TALLY_MSR_PROP_PREFIX, record + PREFIX_AT,
                           record[PREFIX_LEN_AT]) &&
        tally_settings_set(&settings, TALLY_MSR_PROP_SUFFIX, record + SUFFIX_AT,
                           record[SUFFIX_LEN_AT]);
    if (is_good) {
        *ret_settings = settings;
    }
    return is_good;
}
