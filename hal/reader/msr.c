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
};

static const struct usage_map usage_maps[] = {
    {TALLY_MSR_USAGE_PAGE, TALLY_MSR_USAGE_STATUS_1, 0x47, 0x4a,
     true}, /* MagTek MagneSafe V5, masked */
    {TALLY_MSR_USAGE_PAGE, TALLY_MSR_USAGE_STATUS_1, TALLY_MSR_USAGE_LEN_1, TALLY_MSR_USAGE_DATA_1,
     false},
    {0x8e, 0, 0x11, 0x21, false}, /* HID Point of Sale Usage Tables 1.02 */
};
enum { USAGE_MAPS = sizeof(usage_maps) / sizeof(usage_maps[0]) };
_Static_assert(HAL_MSR_TRACKS == (int)TALLY_MSR_TRACKS, "one map serves all tracks");

struct search {
    struct hal_msr_track found[USAGE_MAPS][HAL_MSR_TRACKS];
    struct hal_hid_field encryption;
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
        note_field(&search->encryption, field, USAGE_ENCRYPTION, 0);
    }
    for (unsigned i = 0; i < USAGE_MAPS; i++) {
        const struct usage_map *map = &usage_maps[i];
        for (unsigned track = 0; field->page == map->page && track < HAL_MSR_TRACKS; track++) {
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

/* A track is text: whole bytes in one report, with a length that stands in the same report. */
static bool track_is_sound(const struct hal_msr_track *track)
{
    bool is_bytes = track->data.element_bits == 8 && track->data.bit_at % 8 == 0;
    bool same_report =
        track->data.report_id == track->len.report_id &&
        (track->status.count == 0 || track->status.report_id == track->len.report_id);
    return is_bytes && same_report && track->len.element_bits <= 32 &&
           track->status.element_bits <= 32;
}

enum tally_status hal_msr_layout(const uint8_t *descriptor, size_t len,
                                 struct hal_msr_layout *ret_layout)
{
    assert(ret_layout != NULL);

    struct search search = {0};
    struct hal_hid_sizes sizes;
    TALLY_TRY(hal_hid_walk(descriptor, len, on_field, &search, &sizes));

    const struct hal_msr_track *tracks = NULL;
    struct hal_msr_layout layout = {.sizes = sizes, .encryption = search.encryption};
    for (size_t i = 0; i < USAGE_MAPS && tracks == NULL; i++) {
        if (track_exists(&search.found[i][0]) || track_exists(&search.found[i][1])) {
            tracks = search.found[i];
            layout.may_mask = usage_maps[i].may_mask;
        }
    }
    if (tracks == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    for (size_t i = 0; i < HAL_MSR_TRACKS; i++) {
        if (!track_exists(&tracks[i])) {
            continue;
        }
        if (!track_is_sound(&tracks[i])) {
            return TALLY_E_DEVICE;
        }
        if (layout.report_id != 0 && layout.report_id != tracks[i].data.report_id) {
            return TALLY_E_DEVICE; /* one swipe in two reports: no reader that we know of does */
        }
        layout.tracks[i] = tracks[i];
        layout.report_id = tracks[i].data.report_id;
    }
    *ret_layout = layout;
    return TALLY_OK;
}

enum track_state { TRACK_EMPTY, TRACK_DAMAGED, TRACK_GOOD };

struct track_view {
    enum track_state state;
    const uint8_t *text; /* in the report */
    size_t len;
};

/* The at most one number of a report. */
struct candidate {
    uint8_t digits[TALLY_CARD_LEN_MAX];
    size_t count;       /* 0: no track names a number */
    bool has_separator; /* more follows the number, as on a payment card */
    bool is_whole;      /* there is text, and no track was damaged */
};

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static enum tally_status view_track(const struct hal_msr_track *track, const uint8_t *report,
                                    size_t len, struct track_view *ret_view)
{
    struct track_view view = {.state = TRACK_EMPTY};
    if (!track_exists(track)) {
        *ret_view = view;
        return TALLY_OK;
    }
    uint32_t flags = 0, text_len = 0;
    if (track->status.count != 0) {
        TALLY_TRY(hal_hid_element(&track->status, report, len, 0, &flags));
    }
    TALLY_TRY(hal_hid_element(&track->len, report, len, 0, &text_len));
    size_t text_at = track->data.bit_at / 8;
    if (text_at > len || len - text_at < track->data.count) {
        return TALLY_E_DEVICE;
    }
    if ((flags & TALLY_MSR_STATUS_ERROR) != 0 || text_len > track->data.count) {
        view.state = TRACK_DAMAGED;
    } else if (text_len > 0) {
        view = (struct track_view){TRACK_GOOD, report + text_at, text_len};
    }
    *ret_view = view;
    return TALLY_OK;
}

/* The number of a track: after the start sentinel, digits up to the separator or the end sentinel.
 * Track 1 may carry a format code, one letter (ISO/IEC 7813; N to Z are the issuer's own), and
 * groups the digits of some cards with spaces. Leaves count 0 when the track names no number. */
static void find_number(const struct track_view *view, uint8_t start, uint8_t separator,
                        struct candidate *candidate)
{
    size_t at = 0, count = 0;
    if (view->state != TRACK_GOOD || view->text[at++] != start) {
        return;
    }
    bool is_track_1 = start == '%';
    if (is_track_1 && at < view->len && view->text[at] >= 'A' && view->text[at] <= 'Z') {
        at++;
    }
    for (; at < view->len; at++) {
        uint8_t byte = view->text[at];
        if (byte == separator || byte == '?') {
            candidate->count = count;
            candidate->has_separator = byte == separator;
            return;
        }
        if (is_track_1 && byte == ' ') {
            continue;
        }
        if (!is_digit(byte) || count == TALLY_CARD_LEN_MAX) {
            return;
        }
        candidate->digits[count++] = byte;
    }
    /* no separator and no end sentinel: cut off */
}

static enum tally_status find_candidate(const struct hal_msr_layout *layout, const uint8_t *report,
                                        size_t len, struct candidate *candidate)
{
    struct track_view views[HAL_MSR_TRACKS];
    bool has_text = false, has_damage = false;
    for (size_t i = 0; i < HAL_MSR_TRACKS; i++) {
        TALLY_TRY(view_track(&layout->tracks[i], report, len, &views[i]));
        has_text = has_text || views[i].state == TRACK_GOOD;
        has_damage = has_damage || views[i].state == TRACK_DAMAGED;
    }
    find_number(&views[1], ';', '=', candidate);
    if (candidate->count == 0) {
        find_number(&views[0], '%', '^', candidate);
    }
    candidate->is_whole = has_text && !has_damage;
    return TALLY_OK;
}

/* A reader with keys masks what is laid out like a payment card, club cards included: the first and
 * last digits stay, so the prefix would still be ours. Not to know whether it does counts as yes.
 */
static bool may_be_masked(const struct hal_msr_layout *layout, const uint8_t *report, size_t len,
                          const struct candidate *candidate)
{
    uint32_t status = 0;
    bool is_known =
        hal_hid_element(&layout->encryption, report, len, ENCRYPTION_LOW_BYTE, &status) == TALLY_OK;
    bool encrypts = !is_known || (status & ENCRYPTION_ENABLED) != 0;
    return layout->may_mask && candidate->has_separator && encrypts;
}

static enum tally_status judge(const struct hal_msr_layout *layout, const uint8_t *report,
                               size_t len, const struct tally_card_rules *rules,
                               struct candidate *candidate)
{
    if (layout->report_id != 0 && len > 0 && report[0] != layout->report_id) {
        return TALLY_E_NOT_FOUND;
    }
    TALLY_TRY(find_candidate(layout, report, len, candidate));
    enum tally_status status = TALLY_E_UNKNOWN_CARD;
    if (candidate->count > 0) {
        status = tally_card_classify(rules, candidate->digits, candidate->count);
    }
    if (status == TALLY_OK && may_be_masked(layout, report, len, candidate)) {
        return TALLY_E_UNKNOWN_CARD;
    }
    if (status == TALLY_E_UNKNOWN_CARD && !candidate->is_whole) {
        return TALLY_E_CARD_UNREADABLE; /* the track that is ours may be the one that failed */
    }
    return status;
}

enum tally_status hal_msr_read(const struct hal_msr_layout *layout, uint8_t *report, size_t len,
                               const struct tally_card_rules *rules, struct tally_card *ret_card)
{
    assert(layout != NULL);
    assert(report != NULL || len == 0);
    assert(rules != NULL);
    assert(ret_card != NULL);

    struct candidate candidate = {.count = 0};
    enum tally_status status = judge(layout, report, len, rules, &candidate);
    if (status == TALLY_OK) {
        struct tally_card card = {.kind = TALLY_CARD_NUMBER,
                                  .entry = TALLY_ENTRY_SWIPED,
                                  .strength = TALLY_STRENGTH_STATIC,
                                  .len = (uint8_t)candidate.count};
        memcpy(card.bytes, candidate.digits, candidate.count);
        *ret_card = card;
        explicit_bzero(&card, sizeof card);
    }
    explicit_bzero(&candidate, sizeof candidate);
    if (len > 0) {
        explicit_bzero(report, len);
    }
    return status;
}
