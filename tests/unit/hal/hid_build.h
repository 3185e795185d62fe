/* tests/unit/hal/hid_build.h: HID descriptors and swipe reports, built item by item from the usages
 * that the manuals document. Header only: the tests here are small programs. */
#ifndef TESTS_UNIT_HAL_HID_BUILD_H
#define TESTS_UNIT_HAL_HID_BUILD_H

#include "firmware/reports.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BUILD_MAX = 4200 };

struct build {
    uint8_t data[BUILD_MAX];
    size_t len;
};

/* Short item prefixes with no data (HID 1.11, 6.2.2). */
enum {
    ITEM_INPUT = 0x80,
    ITEM_OUTPUT = 0x90,
    ITEM_FEATURE = 0xb0,
    ITEM_COLLECTION = 0xa0,
    ITEM_END_COLLECTION = 0xc0,
    ITEM_USAGE_PAGE = 0x04,
    ITEM_LOGICAL_MIN = 0x14,
    ITEM_LOGICAL_MAX = 0x24,
    ITEM_REPORT_SIZE = 0x74,
    ITEM_REPORT_ID = 0x84,
    ITEM_REPORT_COUNT = 0x94,
    ITEM_PUSH = 0xa4,
    ITEM_POP = 0xb4,
    ITEM_USAGE = 0x08,
    ITEM_USAGE_MIN = 0x18,
    ITEM_USAGE_MAX = 0x28,
    DATA_VARIABLE = 0x02,
    CONSTANT = 0x03,
    BUFFERED_BYTES = 0x102
};

static inline void put_byte(struct build *build, uint8_t byte)
{
    assert(build->len < BUILD_MAX);
    build->data[build->len++] = byte;
}

static inline void put_item_wide(struct build *build, uint8_t prefix, uint32_t value, size_t len)
{
    put_byte(build, (uint8_t)(prefix | (len == 4 ? 3 : len)));
    for (size_t i = 0; i < len; i++) {
        put_byte(build, (uint8_t)(value >> (8 * i)));
    }
}

static inline void put_item(struct build *build, uint8_t prefix, uint32_t value)
{
    put_item_wide(build, prefix, value, value <= 0xff ? 1 : value <= 0xffff ? 2 : 4);
}

static inline void put_bare(struct build *build, uint8_t prefix)
{
    put_item_wide(build, prefix, 0, 0);
}

static inline void put_input(struct build *build, uint16_t usage, uint32_t count)
{
    put_item(build, ITEM_USAGE, usage);
    put_item(build, ITEM_REPORT_COUNT, count);
    put_item(build, ITEM_INPUT, count > 1 ? BUFFERED_BYTES : DATA_VARIABLE);
}

static inline void put_inputs_in_row(struct build *build, uint16_t first, uint16_t last,
                                     uint32_t count)
{
    for (uint16_t usage = first; usage <= last; usage++) {
        put_input(build, usage, count);
    }
}

/* As MagTek's tables print it: the page in two bytes, though one of its bytes is zero. */
static inline void put_reader_head(struct build *build, uint16_t page)
{
    put_item_wide(build, ITEM_USAGE_PAGE, page, 2);
    put_item(build, ITEM_USAGE, 0x01);
    put_item(build, ITEM_COLLECTION, 0x01);
    put_item(build, ITEM_LOGICAL_MIN, 0);
    put_item_wide(build, ITEM_LOGICAL_MAX, 255, 2);
    put_item(build, ITEM_REPORT_SIZE, 8);
}

static inline void put_status_and_lengths(struct build *build)
{
    for (uint16_t i = 0; i < 3; i++) {
        put_item(build, ITEM_USAGE, TALLY_MSR_USAGE_STATUS_1 + i);
    }
    for (uint16_t i = 0; i < 3; i++) {
        put_item(build, ITEM_USAGE, TALLY_MSR_USAGE_LEN_1 + i);
    }
    put_item(build, ITEM_USAGE, TALLY_MSR_USAGE_ENCODE_TYPE);
    put_item(build, ITEM_REPORT_COUNT, 7);
    put_item(build, ITEM_INPUT, DATA_VARIABLE);
}

static inline void put_command_and_end(struct build *build, uint32_t feature_len)
{
    put_item(build, ITEM_USAGE, TALLY_MSR_USAGE_COMMAND);
    put_item(build, ITEM_REPORT_COUNT, feature_len);
    put_item(build, ITEM_FEATURE, BUFFERED_BYTES);
    put_bare(build, ITEM_END_COLLECTION);
}

/* SureSwipe, HID mode (MagTek 99875191). */
static inline struct build sureswipe_descriptor(void)
{
    struct build build = {.len = 0};
    put_reader_head(&build, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&build);
    put_inputs_in_row(&build, TALLY_MSR_USAGE_DATA_1, TALLY_MSR_USAGE_DATA_3,
                      TALLY_MSR_TRACK_LEN_MAX);
    put_command_and_end(&build, TALLY_MSR_FEATURE_LEN);
    return build;
}

/* Dynamag, that is MagneSafe V5 (MagTek 99875475): older firmware has 856 bytes, newer 887. */
static inline struct build dynamag_descriptor_of(bool is_newer)
{
    struct build build = {.len = 0};
    put_reader_head(&build, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&build);
    put_inputs_in_row(&build, 0x30, 0x32, 112); /* encrypted tracks */
    put_input(&build, 0x39, 1);                 /* card status */
    put_item(&build, ITEM_REPORT_SIZE, 32);
    put_input(&build, 0x23, 1); /* MagnePrint status */
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_input(&build, 0x2b, 1);
    put_input(&build, 0x33, 128);
    put_input(&build, 0x40, 16);                /* device serial number */
    put_input(&build, 0x42, 2);                 /* encryption status */
    put_input(&build, 0x46, 10);                /* key serial number */
    put_inputs_in_row(&build, 0x47, 0x49, 1);   /* masked lengths */
    put_inputs_in_row(&build, 0x4a, 0x4c, 112); /* masked tracks */
    put_input(&build, 0x50, 8);
    put_inputs_in_row(&build, 0x51, 0x54, 1);
    if (is_newer) { /* counter, version, SHA-1 of track 2 */
        put_input(&build, 0x55, 3);
        put_input(&build, 0x56, 8);
        put_input(&build, 0x57, 20);
    }
    put_command_and_end(&build, 60);
    return build;
}

static inline struct build dynamag_descriptor(void)
{
    return dynamag_descriptor_of(false);
}

/* A reader after the USB-IF's table, with a report ID: each length stands before its track. */
static inline struct build pos_page_descriptor(uint8_t report_id)
{
    struct build build = {.len = 0};
    put_reader_head(&build, 0x8e);
    put_item(&build, ITEM_REPORT_ID, report_id);
    for (uint16_t i = 0; i < 3; i++) {
        put_input(&build, (uint16_t)(0x11 + i), 1);
        put_input(&build, (uint16_t)(0x21 + i), 80);
    }
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A reader after the same table that sends codes of 6 and 4 bits, side by side. */
static inline struct build packed_page_descriptor(void)
{
    struct build build = {.len = 0};
    put_reader_head(&build, 0x8e);
    put_inputs_in_row(&build, 0x11, 0x13, 1);
    put_item(&build, ITEM_REPORT_SIZE, 6);
    put_input(&build, 0x21, 80);
    put_item(&build, ITEM_REPORT_SIZE, 4);
    put_inputs_in_row(&build, 0x22, 0x23, 108);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A scanner after the USB-IF's table (page 8C) as Honeywell's describe themselves: report 2 with
 * length, AIM identifier, 56 bytes, the maker's code letter and a reserved byte, flags; and an
 * output report. */
static inline struct build scanner_descriptor(void)
{
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_item(&build, ITEM_USAGE, 0x02);
    put_item(&build, ITEM_COLLECTION, 0x01);
    put_item(&build, ITEM_REPORT_ID, 2);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_USAGE_PAGE, 0xff66);
    put_input(&build, 0x02, 1);
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_inputs_in_row(&build, 0xfb, 0xfd, 1);
    put_input(&build, 0xfe, 56);
    put_item(&build, ITEM_USAGE_PAGE, 0xff66);
    put_input(&build, 0x04, 1);
    put_input(&build, 0x00, 1);
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_item(&build, ITEM_REPORT_SIZE, 1);
    put_input(&build, 0xff, 8);
    put_item(&build, ITEM_REPORT_ID, 4);
    put_item(&build, ITEM_USAGE, 0x60);
    put_item(&build, ITEM_OUTPUT, DATA_VARIABLE);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A scanner with other sizes, no IDs and no length: AIM identifier, 30 bytes that end with a 0, 1
 * flag. */
static inline struct build small_scanner_descriptor(void)
{
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_item(&build, ITEM_USAGE, 0x02);
    put_item(&build, ITEM_COLLECTION, 0x01);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_inputs_in_row(&build, 0xfb, 0xfd, 1);
    put_input(&build, 0xfe, 30);
    put_item(&build, ITEM_REPORT_SIZE, 1);
    put_input(&build, 0xff, 1);
    put_item(&build, ITEM_REPORT_COUNT, 7);
    put_item(&build, ITEM_INPUT, CONSTANT);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A scanner that says no more than that it is one: 63 bytes of its own. */
static inline struct build silent_scanner_descriptor(void)
{
    struct build build = {.len = 0};
    put_item(&build, ITEM_USAGE_PAGE, 0x8c);
    put_item(&build, ITEM_USAGE, 0x02);
    put_item(&build, ITEM_COLLECTION, 0x01);
    put_item(&build, ITEM_REPORT_ID, 2);
    put_item(&build, ITEM_REPORT_SIZE, 8);
    put_item(&build, ITEM_USAGE_PAGE, 0xff00);
    put_input(&build, 0x01, 63);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A reader in ID TECH's own mode: no field for each track, but one text of 500 bytes. */
static inline struct build one_text_descriptor(void)
{
    struct build build = {.len = 0};
    put_reader_head(&build, TALLY_MSR_USAGE_PAGE);
    put_status_and_lengths(&build);
    put_input(&build, 0x77, 2);
    put_input(&build, 0x78, 500);
    put_bare(&build, ITEM_END_COLLECTION);
    return build;
}

/* A SureSwipe report; NULL: the track is empty. Bytes behind a track are not zero, as in life. */
static inline void sureswipe_report(uint8_t report[TALLY_MSR_REPORT_LEN], const char *const *tracks)
{
    memset(report, 0xa5, TALLY_MSR_REPORT_LEN);
    for (size_t i = 0; i < TALLY_MSR_TRACKS; i++) {
        size_t len = tracks[i] == NULL ? 0 : strlen(tracks[i]);
        assert(len <= TALLY_MSR_TRACK_LEN_MAX);
        report[TALLY_MSR_STATUS_AT + i] = 0;
        report[TALLY_MSR_LEN_AT + i] = (uint8_t)len;
        for (size_t at = 0; at < len; at++) {
            report[TALLY_MSR_DATA_AT + i * TALLY_MSR_TRACK_LEN_MAX + at] = (uint8_t)tracks[i][at];
        }
    }
    report[TALLY_MSR_ENCODE_TYPE_AT] = TALLY_MSR_ENCODE_ISO;
}

static inline void damage_track(uint8_t report[TALLY_MSR_REPORT_LEN], size_t track_number)
{
    report[TALLY_MSR_STATUS_AT + track_number - 1] = TALLY_MSR_STATUS_ERROR;
    report[TALLY_MSR_LEN_AT + track_number - 1] = 0;
}

/* xorshift32: small, and the same everywhere. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
