/* SPDX-License-Identifier: Apache-2.0 */
/* From a stripe reader's report to a card, a refusal, or "swipe again"; and nothing left behind. */
#include "hal/reader/msr.h"

#include "tests/unit/hal/hid_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

/* A real club card (it fails Luhn), a test number of a payment brand, and a number nobody
 * claims. */
#define OURS         "60058541029558180"
#define OURS_TRACK_2 ";60058541029558180=9904?"
#define PAYMENT_2    ";4111111111111111=30011010000?"
#define PAYMENT_1    "%B4111111111111111^DOE/JANE^30011010000?"
#define UNKNOWN_2    ";92101707137827464=2456?"
#define UNKNOWN_1    "%B92101707137827464^X^2456?"

static const struct tally_card_rule own_rules[] = {{"600585", 17}};
static const struct tally_card_rules rules = {own_rules, 1};

static struct hal_msr_layout layout_of(const struct build *descriptor)
{
    struct hal_msr_layout layout;
    assert_int_equal(TALLY_OK, hal_msr_layout(descriptor->data, descriptor->len, &layout));
    return layout;
}

static struct hal_msr_layout sureswipe(void)
{
    struct build descriptor = sureswipe_descriptor();
    return layout_of(&descriptor);
}

/* Reads in a block of exactly `len` bytes, checks that it was wiped whatever came of it. */
static enum tally_status read_and_check_wiped(const struct hal_msr_layout *layout,
                                              const uint8_t *report, size_t len,
                                              struct tally_card *card)
{
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    for (size_t i = 0; i < len; i++) {
        copy[i] = report[i];
    }
    enum tally_status status = hal_msr_read(layout, len == 0 ? NULL : copy, len, &rules, card);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(0, copy[i]);
    }
    test_free(copy);
    return status;
}

static enum tally_status swipe_damaged(const char *const tracks[3], size_t damaged_track,
                                       struct tally_card *card)
{
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    if (damaged_track != 0) {
        damage_track(report, damaged_track);
    }
    struct hal_msr_layout layout = sureswipe();
    return read_and_check_wiped(&layout, report, sizeof report, card);
}

static enum tally_status swipe(const char *track_1, const char *track_2, const char *track_3,
                               struct tally_card *card)
{
    const char *const tracks[] = {track_1, track_2, track_3};
    return swipe_damaged(tracks, 0, card);
}

static void expect_ours(const struct tally_card *card)
{
    assert_int_equal(TALLY_CARD_NUMBER, card->kind);
    assert_int_equal(TALLY_ENTRY_SWIPED, card->entry);
    assert_int_equal(strlen(OURS), card->len);
    assert_memory_equal(OURS, card->bytes, card->len);
}

static void expect_refused(enum tally_status expected, const char *track_1, const char *track_2,
                           const char *track_3)
{
    struct tally_card card, untouched;
    memset(&card, 0x5a, sizeof card);
    memset(&untouched, 0x5a, sizeof untouched);
    assert_int_equal(expected, swipe(track_1, track_2, track_3, &card));
    assert_memory_equal(&untouched, &card, sizeof card);
}

static void a_club_card_on_track_2_is_read(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe(NULL, OURS_TRACK_2, NULL, &card));
    expect_ours(&card);
    assert_int_equal(TALLY_OK, swipe(NULL, ";" OURS "?", NULL, &card));
    expect_ours(&card);
}

static void a_club_card_on_track_1_is_read_with_and_without_format_code(void **state)
{
    (void)state;
    static const char *const tracks[] = {"%N" OURS "^MEMBER^?", "%B" OURS "^MEMBER^?", "%" OURS "?",
                                         "%B6005 854102955818 0^MEMBER^?"};
    for (size_t i = 0; i < sizeof tracks / sizeof tracks[0]; i++) {
        struct tally_card card;
        assert_int_equal(TALLY_OK, swipe(tracks[i], NULL, NULL, &card));
        expect_ours(&card);
    }
}

static void track_2_decides_when_both_tracks_name_a_number(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe(UNKNOWN_1, OURS_TRACK_2, NULL, &card));
    expect_ours(&card);
    expect_refused(TALLY_E_PAYMENT_CARD, "%N" OURS "^MEMBER^?", PAYMENT_2, NULL);
}

static void track_1_helps_when_track_2_names_no_number(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe("%N" OURS "^M^?", ";=2456?", NULL, &card));
    expect_ours(&card);
}

static void a_payment_card_is_refused(void **state)
{
    (void)state;
    expect_refused(TALLY_E_PAYMENT_CARD, NULL, PAYMENT_2, NULL);
    expect_refused(TALLY_E_PAYMENT_CARD, PAYMENT_1, NULL, NULL);
    expect_refused(TALLY_E_PAYMENT_CARD, PAYMENT_1, PAYMENT_2, NULL);
    expect_refused(TALLY_E_PAYMENT_CARD, "%B3782 822463 10005^DOE/JANE^3001?", NULL, NULL);
}

static void a_card_that_nobody_claims_is_refused_as_unknown(void **state)
{
    (void)state;
    expect_refused(TALLY_E_UNKNOWN_CARD, NULL, UNKNOWN_2, NULL);
    expect_refused(TALLY_E_UNKNOWN_CARD, NULL, ";00007399=?", NULL);
    expect_refused(TALLY_E_PAYMENT_CARD, NULL, ";600585410295581800=9904?", NULL); /* 18 digits: not
                                                   ours, and in the range of a payment brand */
}

static void tracks_without_a_number_are_refused_as_unknown(void **state)
{
    (void)state;
    static const char *const tracks[] = {
        ";E?", ";?", ";=2456?", "60058541029558180=?", ";" OURS, "+" OURS "?", ";6005x85=?", ";"};
    for (size_t i = 0; i < sizeof tracks / sizeof tracks[0]; i++) {
        expect_refused(TALLY_E_UNKNOWN_CARD, NULL, tracks[i], NULL);
    }
    expect_refused(TALLY_E_UNKNOWN_CARD, "%CABC^DEF?", NULL, NULL);
    expect_refused(TALLY_E_UNKNOWN_CARD, NULL, NULL, ";" OURS "=?"); /* track 3 carries no number */
}

static void a_number_longer_than_any_card_is_refused(void **state)
{
    (void)state;
    char track[TALLY_MSR_TRACK_LEN_MAX + 1] = ";";
    memset(track + 1, '6', sizeof track - 3);
    track[sizeof track - 2] = '?';
    track[sizeof track - 1] = '\0';
    expect_refused(TALLY_E_UNKNOWN_CARD, NULL, track, NULL);
}

static void an_empty_swipe_is_unreadable(void **state)
{
    (void)state;
    expect_refused(TALLY_E_CARD_UNREADABLE, NULL, NULL, NULL);
}

static void a_good_track_is_accepted_beside_a_damaged_one(void **state)
{
    (void)state;
    const char *const on_2[] = {"%B1^X^?", OURS_TRACK_2, NULL};
    const char *const on_1[] = {"%N" OURS "^M^?", ";1=?", NULL};
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe_damaged(on_2, 1, &card));
    expect_ours(&card);
    assert_int_equal(TALLY_OK, swipe_damaged(on_1, 2, &card));
    expect_ours(&card);
}

static void an_unknown_number_beside_a_damaged_track_means_swipe_again(void **state)
{
    (void)state;
    const char *const tracks[] = {UNKNOWN_1, OURS_TRACK_2, NULL};
    struct tally_card card;
    assert_int_equal(TALLY_E_CARD_UNREADABLE, swipe_damaged(tracks, 2, &card));
}

static void a_payment_card_with_a_damaged_track_is_still_a_payment_card(void **state)
{
    (void)state;
    const char *const tracks[] = {PAYMENT_1, PAYMENT_2, NULL};
    struct tally_card card;
    assert_int_equal(TALLY_E_PAYMENT_CARD, swipe_damaged(tracks, 1, &card));
    assert_int_equal(TALLY_E_PAYMENT_CARD, swipe_damaged(tracks, 2, &card));
}

static void the_text_of_a_track_marked_damaged_is_not_used(void **state)
{
    (void)state;
    const char *const tracks[] = {NULL, OURS_TRACK_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    report[TALLY_MSR_STATUS_AT + 1] = TALLY_MSR_STATUS_ERROR; /* and leaves its length standing */
    struct hal_msr_layout layout = sureswipe();
    struct tally_card card;
    assert_int_equal(TALLY_E_CARD_UNREADABLE,
                     read_and_check_wiped(&layout, report, sizeof report, &card));
}

static void a_length_that_does_not_fit_its_field_makes_a_track_damaged(void **state)
{
    (void)state;
    const char *const tracks[] = {NULL, OURS_TRACK_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    struct hal_msr_layout layout = sureswipe();
    struct tally_card card;
    sureswipe_report(report, tracks);
    /* Fits: the separator ends the number. */
    report[TALLY_MSR_LEN_AT + 1] = TALLY_MSR_TRACK_LEN_MAX;
    assert_int_equal(TALLY_OK, read_and_check_wiped(&layout, report, sizeof report, &card));
    sureswipe_report(report, tracks);
    report[TALLY_MSR_LEN_AT + 1] = TALLY_MSR_TRACK_LEN_MAX + 1;
    assert_int_equal(TALLY_E_CARD_UNREADABLE,
                     read_and_check_wiped(&layout, report, sizeof report, &card));
}

static void every_report_that_is_cut_short_is_refused_and_wiped(void **state)
{
    (void)state;
    const char *const tracks[] = {PAYMENT_1, OURS_TRACK_2, NULL};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    struct hal_msr_layout layout = sureswipe();
    struct tally_card card;
    for (size_t len = 0; len < sizeof report; len++) {
        assert_int_equal(TALLY_E_DEVICE, read_and_check_wiped(&layout, report, len, &card));
    }
    assert_int_equal(TALLY_OK, read_and_check_wiped(&layout, report, sizeof report, &card));
}

static void no_rules_mean_no_card(void **state)
{
    (void)state;
    const char *const tracks[] = {NULL, OURS_TRACK_2, NULL};
    const struct tally_card_rules none = {NULL, 0};
    uint8_t report[TALLY_MSR_REPORT_LEN];
    sureswipe_report(report, tracks);
    struct hal_msr_layout layout = sureswipe();
    struct tally_card card;
    assert_int_not_equal(TALLY_OK, hal_msr_read(&layout, report, sizeof report, &none, &card));
}

static void a_reader_after_the_usb_if_page_is_read(void **state)
{
    (void)state;
    struct build descriptor = pos_page_descriptor(3);
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[1 + 3 * 81] = {3};
    report[1 + 81] = sizeof OURS_TRACK_2 - 1;
    memcpy(report + 1 + 81 + 1, OURS_TRACK_2, sizeof OURS_TRACK_2 - 1);
    struct tally_card card;
    assert_int_equal(TALLY_OK, read_and_check_wiped(&layout, report, sizeof report, &card));
    expect_ours(&card);
    report[0] = 4; /* another report of the same device */
    assert_int_equal(TALLY_E_NOT_FOUND,
                     read_and_check_wiped(&layout, report, sizeof report, &card));
    for (size_t len = 0; len < sizeof report; len++) {
        report[0] = 3;
        assert_int_equal(TALLY_E_DEVICE, read_and_check_wiped(&layout, report, len, &card));
    }
}

/* A Dynamag's report; `encryption` is its status: 2 has keys, 6 uses them. */
static enum tally_status swipe_dynamag(const char *track_2, uint8_t encryption,
                                       struct tally_card *card)
{
    struct build descriptor = dynamag_descriptor();
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[856];
    memset(report, 0xc7, sizeof report); /* the plain fields hold ciphertext */
    memset(report, 0, 3);
    report[493] = 0;
    report[494] = encryption;
    memset(report + 505, 0, 3);
    report[506] = (uint8_t)strlen(track_2);
    memcpy(report + 620, track_2, strlen(track_2));
    return read_and_check_wiped(&layout, report, sizeof report, card);
}

static void a_magnesafe_reader_is_read_by_its_masked_tracks(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe_dynamag(OURS_TRACK_2, 2, &card));
    expect_ours(&card);
}

static void a_number_that_may_be_masked_is_nobodys_card(void **state)
{
    (void)state;
    struct tally_card card;
    static const char masked[] = ";60058500000008180=9904?";
    assert_int_equal(TALLY_E_UNKNOWN_CARD, swipe_dynamag(masked, 6, &card));
    assert_int_equal(TALLY_E_UNKNOWN_CARD, swipe_dynamag(OURS_TRACK_2, 6, &card));
    assert_int_equal(TALLY_E_PAYMENT_CARD, swipe_dynamag(PAYMENT_2, 6, &card));
    /* Not laid out to be masked. */
    assert_int_equal(TALLY_OK, swipe_dynamag(";" OURS "?", 6, &card));
    expect_ours(&card);
}

static void the_published_dynamag_report_is_refused_as_a_payment_card(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/magtek/ex03-hid-seclevel2.hex", "rb");
    if (file == NULL) {
        skip();
    }
    uint8_t report[856];
    size_t len = 0;
    unsigned byte = 0;
    while (len < sizeof report && fscanf(file, "%2x", &byte) == 1) {
        report[len++] = (uint8_t)byte;
    }
    fclose(file);
    assert_int_equal(sizeof report, len);
    struct build descriptor = dynamag_descriptor();
    struct hal_msr_layout layout = layout_of(&descriptor);
    struct tally_card card;
    assert_int_equal(TALLY_E_PAYMENT_CARD, read_and_check_wiped(&layout, report, len, &card));
    for (size_t cut = 0; cut < 844; cut++) { /* behind 843 stands nothing that we read */
        assert_int_equal(TALLY_E_DEVICE, read_and_check_wiped(&layout, report, cut, &card));
    }
}

static void a_newer_magnesafe_reader_is_read_at_the_same_places(void **state)
{
    (void)state;
    struct build descriptor = dynamag_descriptor_of(true);
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[887] = {0};
    assert_int_equal(sizeof report, layout.sizes.input_len);
    report[506] = sizeof OURS_TRACK_2 - 1;
    memcpy(report + 620, OURS_TRACK_2, sizeof OURS_TRACK_2 - 1);
    struct tally_card card;
    assert_int_equal(TALLY_OK, read_and_check_wiped(&layout, report, sizeof report, &card));
    expect_ours(&card);
}

/* ---- codes instead of characters ---- */

static void put_bits(uint8_t *report, size_t bit_at, unsigned width, uint8_t value)
{
    for (unsigned i = 0; i < width; i++) {
        report[(bit_at + i) / 8] |= (uint8_t)(((value >> i) & 1u) << ((bit_at + i) % 8));
    }
}

static void put_codes(uint8_t *report, size_t bit_at, unsigned width, char taken_off,
                      const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        put_bits(report, bit_at + i * width, width, (uint8_t)(text[i] - taken_off));
    }
}

enum { PACKED_1_AT = 3 * 8, PACKED_2_AT = PACKED_1_AT + 80 * 6, PACKED_LEN = 3 + 60 + 54 + 54 };

static enum tally_status swipe_packed(const char *track_1, const char *track_2,
                                      struct tally_card *card)
{
    struct build descriptor = packed_page_descriptor();
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[PACKED_LEN] = {(uint8_t)strlen(track_1), (uint8_t)strlen(track_2)};
    put_codes(report, PACKED_1_AT, 6, ' ', track_1);
    put_codes(report, PACKED_2_AT, 4, '0', track_2);
    return read_and_check_wiped(&layout, report, sizeof report, card);
}

static void tracks_in_codes_side_by_side_are_read(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_OK, swipe_packed("", OURS_TRACK_2, &card));
    expect_ours(&card);
    assert_int_equal(TALLY_OK, swipe_packed("%N" OURS "^MEMBER^?", "", &card));
    expect_ours(&card);
    assert_int_equal(TALLY_E_PAYMENT_CARD, swipe_packed(PAYMENT_1, PAYMENT_2, &card));
    assert_int_equal(TALLY_E_UNKNOWN_CARD, swipe_packed("", UNKNOWN_2, &card));
}

static void a_track_in_codes_without_its_start_sentinel_is_damaged(void **state)
{
    (void)state;
    struct tally_card card;
    assert_int_equal(TALLY_E_CARD_UNREADABLE, swipe_packed("", "60058541029558180=?", &card));
}

static void tracks_in_codes_in_bytes_of_their_own_are_read(void **state)
{
    (void)state;
    struct build descriptor = pos_page_descriptor(3);
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[1 + 3 * 81] = {3};
    report[1 + 81] = sizeof OURS_TRACK_2 - 1;
    put_codes(report, 8 * (1 + 81 + 1), 8, '0', OURS_TRACK_2);
    struct tally_card card;
    uint8_t copy[sizeof report];
    memcpy(copy, report, sizeof copy);
    assert_int_equal(TALLY_OK, read_and_check_wiped(&layout, copy, sizeof copy, &card));
    expect_ours(&card);
    report[1 + 81 + 1 + 4] = 0x10; /* no code of 4 bits */
    assert_int_equal(TALLY_E_CARD_UNREADABLE,
                     read_and_check_wiped(&layout, report, sizeof report, &card));
}

static void a_packed_report_that_is_cut_short_is_refused(void **state)
{
    (void)state;
    struct build descriptor = packed_page_descriptor();
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[PACKED_LEN] = {0, sizeof OURS_TRACK_2 - 1};
    put_codes(report, PACKED_2_AT, 4, '0', OURS_TRACK_2);
    struct tally_card card;
    for (size_t len = 0; len < sizeof report; len++) {
        assert_int_equal(TALLY_E_DEVICE, read_and_check_wiped(&layout, report, len, &card));
    }
}

/* ---- ID TECH mode ---- */

struct one_text {
    const char *text;
    uint8_t status[3];
    uint8_t lens[3];
    bool big_endian;
};

static enum tally_status swipe_text(const struct one_text *swipe, struct tally_card *card)
{
    struct build descriptor = one_text_descriptor();
    struct hal_msr_layout layout = layout_of(&descriptor);
    uint8_t report[HAL_MSR_TEXT_REPORT_LEN];
    memset(report, 0, sizeof report);
    size_t len = strlen(swipe->text);
    memcpy(report, swipe->status, 3);
    memcpy(report + 3, swipe->lens, 3);
    report[7] = (uint8_t)(swipe->big_endian ? len >> 8 : len);
    report[8] = (uint8_t)(swipe->big_endian ? len : len >> 8);
    memcpy(report + 9, swipe->text, len);
    memcpy(report + 9 + len, OURS_TRACK_2, 24); /* of the customer before: must not be read */
    return read_and_check_wiped(&layout, report, sizeof report, card);
}

static void a_reader_that_sends_one_text_is_read_by_its_sentinels(void **state)
{
    (void)state;
    struct tally_card card;
    struct one_text swipe = {.text = "<< %B1^X^?" OURS_TRACK_2 ">>\r", .lens = {7, 24, 0}};
    assert_int_equal(TALLY_OK, swipe_text(&swipe, &card));
    expect_ours(&card);
    swipe.big_endian = true;
    assert_int_equal(TALLY_OK, swipe_text(&swipe, &card));
    expect_ours(&card);
    swipe.text = PAYMENT_1 PAYMENT_2;
    assert_int_equal(TALLY_E_PAYMENT_CARD, swipe_text(&swipe, &card));
    swipe.text = "";
    assert_int_equal(TALLY_E_CARD_UNREADABLE, swipe_text(&swipe, &card));
}

static void a_damaged_track_of_one_text_is_not_used(void **state)
{
    (void)state;
    struct tally_card card;
    struct one_text swipe = {.text = OURS_TRACK_2, .status = {0, 1, 0}, .lens = {0, 24, 0}};
    assert_int_equal(TALLY_E_CARD_UNREADABLE, swipe_text(&swipe, &card));
}

static void a_text_that_is_track_3_alone_is_no_number(void **state)
{
    (void)state;
    struct tally_card card;
    struct one_text swipe = {.text = OURS_TRACK_2, .lens = {0, 0, 24}};
    assert_int_equal(TALLY_E_UNKNOWN_CARD, swipe_text(&swipe, &card));
}

static void devices_that_are_no_stripe_readers_are_left_alone(void **state)
{
    (void)state;
    struct hal_msr_layout layout;
    struct build mouse = {.len = 0};
    put_item(&mouse, ITEM_USAGE_PAGE, 0x01);
    put_item(&mouse, ITEM_USAGE, 0x02);
    put_item(&mouse, ITEM_COLLECTION, 1);
    put_item(&mouse, ITEM_REPORT_SIZE, 8);
    put_inputs_in_row(&mouse, 0x30, 0x32, 1); /* X, Y, Z: MagTek's numbers on another page */
    put_bare(&mouse, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_NOT_FOUND, hal_msr_layout(mouse.data, mouse.len, &layout));

    struct build vendor = {.len = 0};
    put_reader_head(&vendor, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&vendor); /* lengths, but no tracks */
    put_bare(&vendor, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_NOT_FOUND, hal_msr_layout(vendor.data, vendor.len, &layout));
}

static void a_reader_whose_tracks_are_not_bytes_is_refused(void **state)
{
    (void)state;
    struct hal_msr_layout layout;
    struct build narrow = {.len = 0};
    put_reader_head(&narrow, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&narrow);
    put_item(&narrow, ITEM_REPORT_SIZE, 6);
    put_inputs_in_row(&narrow, 0x30, 0x32, 80);
    put_bare(&narrow, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_DEVICE, hal_msr_layout(narrow.data, narrow.len, &layout));

    struct build askew = {.len = 0};
    put_reader_head(&askew, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&askew);
    put_item(&askew, ITEM_REPORT_SIZE, 3);
    put_input(&askew, 0x77, 1);
    put_item(&askew, ITEM_REPORT_SIZE, 8);
    put_inputs_in_row(&askew, 0x30, 0x32, 80);
    put_bare(&askew, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_DEVICE, hal_msr_layout(askew.data, askew.len, &layout));
}

static void a_reader_that_spreads_a_track_over_two_reports_is_refused(void **state)
{
    (void)state;
    struct hal_msr_layout layout;
    struct build spread = {.len = 0};
    put_reader_head(&spread, 0x8e);
    put_item(&spread, ITEM_REPORT_ID, 1);
    put_input(&spread, 0x12, 1);
    put_item(&spread, ITEM_REPORT_ID, 2);
    put_input(&spread, 0x22, 40);
    put_bare(&spread, ITEM_END_COLLECTION);
    assert_int_equal(TALLY_E_DEVICE, hal_msr_layout(spread.data, spread.len, &layout));
}

static void no_part_of_a_descriptor_is_a_reader(void **state)
{
    (void)state;
    struct build build = sureswipe_descriptor();
    for (size_t len = 0; len < build.len; len++) {
        struct hal_msr_layout layout;
        assert_int_not_equal(TALLY_OK, hal_msr_layout(build.data, len, &layout));
    }
}

/* Whatever the descriptor and the report say, reading stays inside and wipes. */
static void noise_is_never_a_card_and_never_left_in_memory(void **state)
{
    (void)state;
    uint32_t seed = 97;
    print_message("seed %u\n", (unsigned)seed);
    const char *const tracks[] = {PAYMENT_1, PAYMENT_2, NULL};
    for (int round = 0; round < 4000; round++) {
        struct build descriptor = sureswipe_descriptor();
        descriptor.data[next_random(&seed) % descriptor.len] = (uint8_t)next_random(&seed);
        struct hal_msr_layout layout;
        if (hal_msr_layout(descriptor.data, descriptor.len, &layout) != TALLY_OK) {
            continue;
        }
        uint8_t report[TALLY_MSR_REPORT_LEN];
        sureswipe_report(report, tracks);
        for (int i = 0; i < 8; i++) {
            report[next_random(&seed) % sizeof report] = (uint8_t)next_random(&seed);
        }
        size_t len = next_random(&seed) % (sizeof report + 1);
        struct tally_card card;
        assert_int_not_equal(TALLY_OK, read_and_check_wiped(&layout, report, len, &card));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_club_card_on_track_2_is_read),
        cmocka_unit_test(a_club_card_on_track_1_is_read_with_and_without_format_code),
        cmocka_unit_test(track_2_decides_when_both_tracks_name_a_number),
        cmocka_unit_test(track_1_helps_when_track_2_names_no_number),
        cmocka_unit_test(a_payment_card_is_refused),
        cmocka_unit_test(a_card_that_nobody_claims_is_refused_as_unknown),
        cmocka_unit_test(tracks_without_a_number_are_refused_as_unknown),
        cmocka_unit_test(a_number_longer_than_any_card_is_refused),
        cmocka_unit_test(an_empty_swipe_is_unreadable),
        cmocka_unit_test(a_good_track_is_accepted_beside_a_damaged_one),
        cmocka_unit_test(an_unknown_number_beside_a_damaged_track_means_swipe_again),
        cmocka_unit_test(a_payment_card_with_a_damaged_track_is_still_a_payment_card),
        cmocka_unit_test(the_text_of_a_track_marked_damaged_is_not_used),
        cmocka_unit_test(a_length_that_does_not_fit_its_field_makes_a_track_damaged),
        cmocka_unit_test(every_report_that_is_cut_short_is_refused_and_wiped),
        cmocka_unit_test(no_rules_mean_no_card),
        cmocka_unit_test(a_reader_after_the_usb_if_page_is_read),
        cmocka_unit_test(a_magnesafe_reader_is_read_by_its_masked_tracks),
        cmocka_unit_test(a_number_that_may_be_masked_is_nobodys_card),
        cmocka_unit_test(the_published_dynamag_report_is_refused_as_a_payment_card),
        cmocka_unit_test(a_newer_magnesafe_reader_is_read_at_the_same_places),
        cmocka_unit_test(tracks_in_codes_side_by_side_are_read),
        cmocka_unit_test(a_track_in_codes_without_its_start_sentinel_is_damaged),
        cmocka_unit_test(tracks_in_codes_in_bytes_of_their_own_are_read),
        cmocka_unit_test(a_packed_report_that_is_cut_short_is_refused),
        cmocka_unit_test(a_reader_that_sends_one_text_is_read_by_its_sentinels),
        cmocka_unit_test(a_damaged_track_of_one_text_is_not_used),
        cmocka_unit_test(a_text_that_is_track_3_alone_is_no_number),
        cmocka_unit_test(devices_that_are_no_stripe_readers_are_left_alone),
        cmocka_unit_test(a_reader_whose_tracks_are_not_bytes_is_refused),
        cmocka_unit_test(a_reader_that_spreads_a_track_over_two_reports_is_refused),
        cmocka_unit_test(no_part_of_a_descriptor_is_a_reader),
        cmocka_unit_test(noise_is_never_a_card_and_never_left_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
