/* SPDX-License-Identifier: Apache-2.0 */
/* Magnetic stripe readers: which bytes of a report are tracks, and which digits of a track are the
 * card's number. */
#include "hal/reader/msr.h"

#include "firmware/reports.h"

#include <assert.h>
#include <string.h>

/* MagneSafe V5, "reader encryption status": two bytes, the high one first. */
enum { USAGE_ENCRYPTION = 0x42, ENCRYPTION_LOW_BYTE = 1, ENCRYPTION_ENABLED = 0x04 };

/* Which usages hold the tracks. The first map that fits wins: a reader that masks payment cards
 * fills the plain fields with ciphertext once it has keys, and keeps club cards readable only in
 * the masked ones. */
struct usage_map {
    uint16_t page;
    uint16_t status; /* of track 1, the others follow; 0: the page knows no status */
    uint16_t len;
    uint16_t data;
    bool may_mask;
    bool may_hold_codes; /* characters of 6 or 4 bits, side by side or each in a byte of its own */
};

static const struct usage_map usage_maps[] = {
    {TALLY_MSR_USAGE_PAGE, TALLY_MSR_USAGE_STATUS_1, 0x47, 0x4a, true,
     false}, /* MagTek MagneSafe V5, masked */
    {TALLY_MSR_USAGE_PAGE, TALLY_MSR_USAGE_STATUS_1, TALLY_MSR_USAGE_LEN_1, TALLY_MSR_USAGE_DATA_1,
     false, false},
    {0x8e, 0, 0x11, 0x21, false, true}, /* HID Point of Sale Usage Tables 1.02 */
};
enum { USAGE_MAPS = sizeof(usage_maps) / sizeof(usage_maps[0]) };
_Static_assert((int)HAL_TRACKS == (int)TALLY_MSR_TRACKS, "one map serves all tracks");

struct search {
    struct hal_msr_track found[USAGE_MAPS][HAL_TRACKS];
    struct hal_hid_field encryption;
    struct hal_hid_field counter, mac;
    bool has_vendor_fields; /* some input stands on MagTek's page */
};

static void note_field(struct hal_hid_field *slot, const struct hal_hid_field *field,
                       uint16_t usage_first, unsigned track)
{
    bool is_new = slot->count == 0;
    if (is_new && usage_first != 0 && field->usage == usage_first + track) {
        *slot = *field;
    }
}

static void on_field(void *context, const struct hal_hid_field *field)
{
    struct search *search = context;
    if (field->page == TALLY_MSR_USAGE_PAGE) {
        search->has_vendor_fields = true;
        note_field(&search->encryption, field, USAGE_ENCRYPTION, 0);
        note_field(&search->counter, field, TALLY_MSR_USAGE_COUNTER, 0);
        note_field(&search->mac, field, TALLY_MSR_USAGE_MAC, 0);
    }
    for (unsigned i = 0; i < USAGE_MAPS; i++) {
        const struct usage_map *map = &usage_maps[i];
        for (unsigned track = 0; field->page == map->page && track < HAL_TRACKS; track++) {
            struct hal_msr_track *found = &search->found[i][track];
            note_field(&found->status, field, map->status, track);
            note_field(&found->len, field, map->len, track);
            note_field(&found->data, field, map->data, track);
        }
    }
}

static bool track_exists(const struct hal_msr_track *track)
{
    return track->len.count != 0 && track->data.count != 0;
}

/* Track 1 has characters of 6 bits, the others of 4; the parity bit is gone. */
static bool is_packed(const struct hal_hid_field *data, size_t track_index)
{
    return data->element_bits == (track_index == 0 ? 6 : 4);
}

/* A track is text: whole bytes in one report, with a length that stands in the same report; or
 * codes, where there can be any. */
static bool track_is_sound(const struct hal_msr_track *track, size_t track_index,
                           bool may_hold_codes)
{
    bool is_bytes = track->data.element_bits == 8 && track->data.bit_at % 8 == 0;
    bool is_codes = may_hold_codes && is_packed(&track->data, track_index);
    bool same_report =
        track->data.report_id == track->len.report_id &&
        (track->status.count == 0 || track->status.report_id == track->len.report_id);
    return (is_bytes || is_codes) && same_report && track->len.element_bits <= 32 &&
           track->status.element_bits <= 32;
}

/* Takes over the tracks of the map that fits. */
static enum tally_status take_tracks(const struct hal_msr_track *tracks,
                                     struct hal_msr_layout *layout)
{
    for (size_t i = 0; i < HAL_TRACKS; i++) {
        if (!track_exists(&tracks[i])) {
            continue;
        }
        if (!track_is_sound(&tracks[i], i, layout->may_hold_codes)) {
            return TALLY_E_DEVICE;
        }
        if (layout->report_id != 0 && layout->report_id != tracks[i].data.report_id) {
            return TALLY_E_DEVICE; /* one swipe in two reports: no reader that we know of does */
        }
        layout->tracks[i] = tracks[i];
        layout->report_id = tracks[i].data.report_id;
    }
    return TALLY_OK;
}

enum tally_status hal_msr_layout(const uint8_t *descriptor, size_t len,
                                 struct hal_msr_layout *ret_layout)
{
    assert(ret_layout != NULL);

    struct search search = {.has_vendor_fields = false};
    struct hal_hid_sizes sizes;
    TALLY_TRY(hal_hid_walk(descriptor, len, on_field, &search, &sizes));

    const struct hal_msr_track *tracks = NULL;
    struct hal_msr_layout layout = {.sizes = sizes,
                                    .encryption = search.encryption,
                                    .counter = search.counter,
                                    .mac = search.mac};
    for (size_t i = 0; i < USAGE_MAPS && tracks == NULL; i++) {
        if (track_exists(&search.found[i][0]) || track_exists(&search.found[i][1])) {
            tracks = search.found[i];
            layout.may_mask = usage_maps[i].may_mask;
            layout.may_hold_codes = usage_maps[i].may_hold_codes;
        }
    }
    if (tracks != NULL) {
        TALLY_TRY(take_tracks(tracks, &layout));
    } else {
        layout.is_one_text = search.has_vendor_fields && !sizes.has_report_ids &&
                             sizes.input_len == HAL_MSR_TEXT_REPORT_LEN;
    }
    if (tracks == NULL && !layout.is_one_text) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_layout = layout;
    return TALLY_OK;
}

/* Codes of a track that was unpacked. */
struct unpacked {
    uint8_t text[HAL_TRACKS][HAL_MSR_PACKED_MAX];
};

/* Codes are characters from which this was taken (ISO/IEC 7811-2: 6 and 4 bits without parity), and
 * the start sentinel shows whether it was. 0: the field holds characters. */
static uint8_t taken_off(size_t track_index, uint32_t first_element)
{
    bool is_track_1 = track_index == 0;
    uint32_t start = is_track_1 ? '%' : ';';
    uint8_t offset = is_track_1 ? ' ' : '0';
    return first_element == start - offset ? offset : 0;
}

/* The `len` elements of a track as characters. Damaged where one is no character. */
static enum tally_status unpack(const struct hal_hid_field *data, const uint8_t *report,
                                size_t report_len, size_t track_index, uint8_t *text,
                                struct hal_track *track)
{
    uint32_t element = 0;
    TALLY_TRY(hal_hid_element(data, report, report_len, 0, &element));
    uint8_t offset = taken_off(track_index, element);
    if (track->len > HAL_MSR_PACKED_MAX || offset == 0) {
        track->state = HAL_TRACK_DAMAGED;
        return TALLY_OK;
    }
    for (size_t i = 0; i < track->len; i++) {
        TALLY_TRY(hal_hid_element(data, report, report_len, (uint32_t)i, &element));
        if (element > (uint32_t)(track_index == 0 ? 0x3f : 0x0f)) {
            track->state = HAL_TRACK_DAMAGED;
            return TALLY_OK;
        }
        text[i] = (uint8_t)(element + offset);
    }
    track->text = text;
    return TALLY_OK;
}

static bool reaches_into(const struct hal_hid_field *data, size_t len)
{
    uint64_t end_bit = data->bit_at + (uint64_t)data->count * data->element_bits;
    return end_bit <= (uint64_t)len * 8;
}

static enum tally_status view_track(const struct hal_msr_layout *layout, size_t track_index,
                                    const uint8_t *report, size_t len, struct unpacked *unpacked,
                                    struct hal_track *ret_view)
{
    const struct hal_msr_track *track = &layout->tracks[track_index];
    struct hal_track view = {.state = HAL_TRACK_EMPTY};
    uint32_t flags = 0, text_len = 0;
    if (!track_exists(track)) {
        *ret_view = view;
        return TALLY_OK;
    }
    if (track->status.count != 0) {
        TALLY_TRY(hal_hid_element(&track->status, report, len, 0, &flags));
    }
    TALLY_TRY(hal_hid_element(&track->len, report, len, 0, &text_len));
    if (!reaches_into(&track->data, len)) {
        return TALLY_E_DEVICE;
    }
    bool is_bytes = track->data.element_bits == 8;
    if ((flags & TALLY_MSR_STATUS_ERROR) != 0 || text_len > track->data.count) {
        view.state = HAL_TRACK_DAMAGED;
    } else if (text_len > 0) {
        const uint8_t *text = report + track->data.bit_at / 8;
        view = (struct hal_track){HAL_TRACK_GOOD, text, text_len};
        if (!is_bytes || (layout->may_hold_codes && taken_off(track_index, text[0]) != 0)) {
            TALLY_TRY(
                unpack(&track->data, report, len, track_index, unpacked->text[track_index], &view));
        }
    }
    *ret_view = view;
    return TALLY_OK;
}

/* The manuals do not say which byte of the text's length comes first. Only one reading fits, but
 * for 256, 257 and lengths that hold no card; behind the text may stand one of an earlier card. */
static bool text_len_of(const uint8_t *at, size_t *ret_len)
{
    enum { TEXT_LEN_MAX = HAL_MSR_TEXT_REPORT_LEN - HAL_MSR_TEXT_AT };
    size_t little = at[0] | (size_t)at[1] << 8, big = at[1] | (size_t)at[0] << 8;
    *ret_len = little <= TEXT_LEN_MAX ? little : big;
    return *ret_len <= TEXT_LEN_MAX;
}

/* ID TECH mode: statuses and lengths of the tracks as in the other mode, then one text. */
static enum tally_status view_text(const uint8_t *report, size_t len,
                                   struct hal_track views[HAL_TRACKS])
{
    if (len != HAL_MSR_TEXT_REPORT_LEN) {
        return TALLY_E_DEVICE;
    }
    size_t text_len = 0;
    if (!text_len_of(report + HAL_MSR_TEXT_LEN_AT, &text_len)) {
        return TALLY_E_CARD_UNREADABLE;
    }
    hal_tracks_split(report + HAL_MSR_TEXT_AT, text_len, views);
    bool is_track_3_alone = report[TALLY_MSR_LEN_AT + 1] == 0 &&
                            views[2].state == HAL_TRACK_EMPTY && report[TALLY_MSR_LEN_AT + 2] != 0;
    if (is_track_3_alone && views[1].state == HAL_TRACK_GOOD) { /* both may begin with ; */
        views[2] = views[1];
        views[1] = (struct hal_track){.state = HAL_TRACK_EMPTY};
    }
    for (size_t i = 0; i < HAL_TRACKS; i++) {
        if ((report[TALLY_MSR_STATUS_AT + i] & TALLY_MSR_STATUS_ERROR) != 0) {
            views[i].state = HAL_TRACK_DAMAGED;
        }
    }
    return TALLY_OK;
}

/* A reader with keys masks what is laid out like a payment card, club cards included: the first and
 * last digits stay, so the prefix would still be ours. Not to know whether it does counts as
 * yes. */
static bool may_be_masked(const struct hal_msr_layout *layout, const uint8_t *report, size_t len)
{
    uint32_t status = 0;
    bool is_known =
        hal_hid_element(&layout->encryption, report, len, ENCRYPTION_LOW_BYTE, &status) == TALLY_OK;
    bool encrypts = !is_known || (status & ENCRYPTION_ENABLED) != 0;
    return layout->may_mask && encrypts;
}

static enum tally_status judge(const struct hal_msr_layout *layout, const uint8_t *report,
                               size_t len, const struct tally_card_rules *rules,
                               struct unpacked *unpacked, struct tally_card *ret_card)
{
    if (layout->report_id != 0 && len > 0 && report[0] != layout->report_id) {
        return TALLY_E_NOT_FOUND;
    }
    struct hal_track views[HAL_TRACKS] = {{.state = HAL_TRACK_EMPTY}};
    if (layout->is_one_text) {
        TALLY_TRY(view_text(report, len, views));
    } else {
        for (size_t i = 0; i < HAL_TRACKS; i++) {
            TALLY_TRY(view_track(layout, i, report, len, unpacked, &views[i]));
        }
    }
    return hal_tracks_card(views, rules, may_be_masked(layout, report, len), ret_card);
}

enum tally_status hal_msr_read(const struct hal_msr_layout *layout, uint8_t *report, size_t len,
                               const struct tally_card_rules *rules, struct tally_card *ret_card)
{
    assert(layout != NULL);
    assert(report != NULL || len == 0);
    assert(rules != NULL);
    assert(ret_card != NULL);

    struct unpacked unpacked;
    enum tally_status status = judge(layout, report, len, rules, &unpacked, ret_card);
    explicit_bzero(&unpacked, sizeof unpacked);
    if (len > 0) {
        explicit_bzero(report, len);
    }
    return status;
}
