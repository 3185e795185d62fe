/* SPDX-License-Identifier: Apache-2.0 */
/* CCID: class descriptors, and one command against whatever a reader may say to it. */
#include "hal/reader/ccid.h"

#include "tests/fakes/fake_card.h"
#include "tests/fakes/fake_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- class descriptors ---- */

struct described {
    uint32_t dwFeatures;
    uint32_t dwMaxCCIDMessageLength;
    uint32_t dwProtocols;
    uint8_t bMaxSlotIndex;
    uint8_t bVoltageSupport;
};

static const struct described acr122 = {0x00020040, 271, 2, 0, 7};

static void describe(const struct described *what, uint8_t ret_bytes[54])
{
    memset(ret_bytes, 0, 54);
    ret_bytes[0] = 54;
    ret_bytes[1] = 0x21;
    ret_bytes[3] = 0x01;
    ret_bytes[4] = what->bMaxSlotIndex;
    ret_bytes[5] = what->bVoltageSupport;
    tally_store_le(ret_bytes + 6, 4, what->dwProtocols);
    tally_store_le(ret_bytes + 40, 4, what->dwFeatures);
    tally_store_le(ret_bytes + 44, 4, what->dwMaxCCIDMessageLength);
    ret_bytes[48] = 0xff;
    ret_bytes[53] = 1;
}

static struct hal_ccid_class class_of(const struct described *what)
{
    uint8_t bytes[54];
    struct hal_ccid_class about;
    describe(what, bytes);
    assert_int_equal(TALLY_OK, hal_ccid_class_read((struct tally_slice){bytes, 54}, &about));
    return about;
}

static void the_class_descriptor_is_found_among_others(void **state)
{
    (void)state;
    uint8_t bytes[9 + 54 + 7] = {9, 0x22};
    struct hal_ccid_class about;
    describe(&acr122, bytes + 9);
    bytes[9 + 54] = 7;
    bytes[9 + 54 + 1] = 5;
    assert_int_equal(TALLY_OK,
                     hal_ccid_class_read((struct tally_slice){bytes, sizeof bytes}, &about));
    assert_int_equal(0x0100, about.bcdCCID);
    assert_int_equal(0x00020040, about.dwFeatures);
    assert_int_equal(271, about.dwMaxCCIDMessageLength);
    assert_int_equal(2, about.dwProtocols);
    assert_int_equal(0xff, about.bClassGetResponse);
    assert_int_equal(1, hal_ccid_slot_count(&about));
}

static void descriptors_that_are_cut_off_or_another_kind_are_refused(void **state)
{
    (void)state;
    struct hal_ccid_class about;
    uint8_t bytes[54];
    describe(&acr122, bytes);
    for (size_t cut = 0; cut < 54; cut++) {
        uint8_t *exact = test_malloc(cut + 1);
        memcpy(exact, bytes, cut);
        enum tally_status status = hal_ccid_class_read((struct tally_slice){exact, cut}, &about);
        assert_int_equal(cut == 0 ? TALLY_E_NOT_FOUND : TALLY_E_DEVICE, status);
        test_free(exact);
    }
    bytes[0] = 1; /* would never end */
    assert_int_equal(TALLY_E_DEVICE, hal_ccid_class_read((struct tally_slice){bytes, 54}, &about));
    describe(&(struct described){0x00020040, 100, 2, 0, 7}, bytes);
    assert_int_equal(TALLY_E_DEVICE, hal_ccid_class_read((struct tally_slice){bytes, 54}, &about));
    bytes[1] = 0x22;
    assert_int_equal(TALLY_E_NOT_FOUND,
                     hal_ccid_class_read((struct tally_slice){bytes, 54}, &about));
}

static void only_levels_that_can_be_spoken_are(void **state)
{
    (void)state;
    static const struct {
        struct described what;
        bool is_spoken;
    } rows[] = {
        {{0x00020040, 271, 2, 0, 7}, true},   /* ACR122U: short APDU */
        {{0x00040040, 522, 2, 0, 7}, true},   /* ACR1252: extended APDU */
        {{0x00010030, 271, 1, 0, 7}, true},   /* Touchatag: TPDU, T=0 */
        {{0x000104fe, 65554, 3, 0, 7}, true}, /* QEMU: TPDU */
        {{0x00010030, 271, 2, 0, 7}, false},  /* TPDU with T=1 alone */
        {{0x00000030, 271, 1, 0, 7}, false},  /* characters */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hal_ccid_class about = class_of(&rows[i].what);
        assert_int_equal(rows[i].is_spoken, hal_ccid_is_spoken(&about));
    }
}

static void voltages_are_tried_only_where_the_reader_does_not_choose(void **state)
{
    (void)state;
    uint8_t volts[HAL_CCID_VOLTAGES_MAX];
    struct hal_ccid_class about = class_of(&acr122);
    assert_int_equal(3, hal_ccid_voltages(&about, volts));
    assert_memory_equal("\1\2\3", volts, 3);
    about = class_of(&(struct described){0x000404ba, 520, 3, 0, 7});
    assert_int_equal(1, hal_ccid_voltages(&about, volts));
    assert_int_equal(0, volts[0]);
    about = class_of(&(struct described){0x00020040, 271, 2, 0, 6});
    assert_int_equal(2, hal_ccid_voltages(&about, volts));
    assert_memory_equal("\2\3", volts, 2);
    about = class_of(&(struct described){0x00020040, 271, 2, 0, 0});
    assert_int_equal(1, hal_ccid_voltages(&about, volts));
    assert_int_equal(1, volts[0]);
}

static void too_many_slots_and_too_long_messages_are_cut_to_a_maximum(void **state)
{
    (void)state;
    struct hal_ccid_class about = class_of(&(struct described){0x00020040, UINT32_MAX, 2, 255, 7});
    assert_int_equal(HAL_CCID_SLOTS_MAX, hal_ccid_slot_count(&about));
    assert_int_equal(HAL_CCID_MESSAGE_LEN_MAX, about.dwMaxCCIDMessageLength);
    assert_int_equal(65, hal_ccid_notice_len(&about));
    about = class_of(&acr122);
    assert_int_equal(4, hal_ccid_notice_len(&about));
}

/* The value of a line "NAME: 0x..." or "NAME: 123 ...". */
static uint32_t dump_value(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name) + 2;
    char digits[32];
    size_t len = 0;
    bool is_hex = strncmp(at, "0x", 2) == 0;
    for (at += is_hex ? 2 : 0; *at != '\0' && *at != '\n' && len + 1 < sizeof digits; at++) {
        bool is_gap = is_hex && strncmp(at, " 0x", 3) == 0; /* 0x0000 0x0002 */
        if (is_gap) {
            at += 2;
        } else if (strchr("0123456789ABCDEFabcdef", *at) != NULL) {
            digits[len++] = *at;
        } else {
            break;
        }
    }
    digits[len] = '\0';
    return (uint32_t)strtoul(digits, NULL, is_hex ? 16 : 10);
}

static char *read_text(const char *name, char *ret_text, size_t cap)
{
    char path[300];
    snprintf(path, sizeof path, "%s/ccid/%s", TALLY_TEST_VECTORS, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    size_t len = fread(ret_text, 1, cap - 1, file);
    ret_text[len] = '\0';
    fclose(file);
    return ret_text;
}

/* Dumps of real readers, put back into the bytes that they were made from. */
static void real_readers_are_recognised_by_their_descriptors(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned interfaces, voltages;
    } dumps[] = {{"reader-ACR122U_PICC.txt", 1, 3},
                 {"reader-ACS_ACR1252_Dual_Reader.txt", 2, 3},
                 {"reader-Identiv_uTrust_3700_F_CL_Reader.txt", 1, 1},
                 {"reader-OMNIKEY_5022.txt", 1, 1}};
    for (size_t i = 0; i < sizeof dumps / sizeof dumps[0]; i++) {
        char text[6000];
        const char *at = read_text(dumps[i].name, text, sizeof text);
        unsigned interfaces = 0;
        while ((at = strstr(at, "CCID Class Descriptor")) != NULL) {
            struct described what = {.dwFeatures = dump_value(at, "dwFeatures"),
                                     .dwMaxCCIDMessageLength =
                                         dump_value(at, "dwMaxCCIDMessageLength"),
                                     .dwProtocols = dump_value(at, "dwProtocols"),
                                     .bMaxSlotIndex = (uint8_t)dump_value(at, "bMaxSlotIndex"),
                                     .bVoltageSupport = (uint8_t)dump_value(at, "bVoltageSupport")};
            struct hal_ccid_class about = class_of(&what);
            uint8_t volts[HAL_CCID_VOLTAGES_MAX];
            assert_true(hal_ccid_is_spoken(&about));
            assert_int_equal(1, hal_ccid_slot_count(&about));
            assert_int_equal(interfaces == 0 ? dumps[i].voltages : 1,
                             hal_ccid_voltages(&about, volts));
            interfaces++;
            at++;
        }
        assert_int_equal(dumps[i].interfaces, interfaces);
    }
}

/* ---- the interrupt endpoint ---- */

static void notices_tell_which_slots_hold_a_card(void **state)
{
    (void)state;
    struct hal_ccid_notice notice = hal_ccid_notice_read((const uint8_t *)"\x50\x03", 2);
    assert_int_equal(HAL_CCID_NOTICE_SLOTS, notice.kind);
    assert_int_equal(1, notice.present);
    assert_int_equal(1, notice.changed);
    notice = hal_ccid_notice_read((const uint8_t *)"\x50\x02", 2);
    assert_int_equal(0, notice.present);
    assert_int_equal(1, notice.changed);
    notice = hal_ccid_notice_read((const uint8_t *)"\x50\x84\x03", 3);
    assert_int_equal(1U << 1 | 1U << 4, notice.present);
    assert_int_equal(1U << 3 | 1U << 4, notice.changed);
    notice = hal_ccid_notice_read((const uint8_t *)"\x51\x00\x07\x01", 4);
    assert_int_equal(HAL_CCID_NOTICE_HARDWARE, notice.kind);
    notice = hal_ccid_notice_read((const uint8_t *)"\x50", 1);
    assert_int_equal(HAL_CCID_NOTICE_NONE, notice.kind);
    notice = hal_ccid_notice_read((const uint8_t *)"\x51\x00", 2);
    assert_int_equal(HAL_CCID_NOTICE_NONE, notice.kind);
    notice = hal_ccid_notice_read((const uint8_t *)"\x33\x03", 2);
    assert_int_equal(HAL_CCID_NOTICE_NONE, notice.kind);
    notice = hal_ccid_notice_read(NULL, 0);
    assert_int_equal(HAL_CCID_NOTICE_NONE, notice.kind);
}

/* ---- one command, as rows: what goes out (NULL: nothing new), what comes, what that means ---- */

struct row {
    const char *out;
    const char *in;
    enum hal_ccid_next next;
};

static struct hal_ccid ccid;

static void expect_out(const char *expected)
{
    uint8_t bytes[400];
    size_t len = 0, found_len = 0;
    fake_unhex(expected, bytes, &len);
    const uint8_t *found = hal_ccid_message(&ccid, &found_len);
    if (len != found_len || memcmp(bytes, found, len) != 0) {
        fake_print_both("the driver sends", bytes, len, found, found_len);
        fail();
    }
}

static void converse(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[400];
        size_t len = 0;
        if (rows[i].out != NULL) {
            expect_out(rows[i].out);
        }
        fake_unhex(rows[i].in, bytes, &len);
        uint8_t *exact = test_malloc(len + 1);
        memcpy(exact, bytes, len);
        assert_int_equal(rows[i].next, hal_ccid_received(&ccid, exact, len));
        test_free(exact);
    }
}

#define CONVERSE(...)                                                                              \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        converse(rows, sizeof rows / sizeof rows[0]);                                              \
    } while (0)

static void expect_answer(const char *expected)
{
    uint8_t bytes[600];
    size_t len = 0;
    fake_unhex(expected, bytes, &len);
    assert_int_equal(HAL_CCID_DONE, ccid.outcome);
    if (len != ccid.answer_len || memcmp(bytes, ccid.answer, len) != 0) {
        fake_print_both("the answer is", bytes, len, ccid.answer, ccid.answer_len);
        fail();
    }
}

static int an_acr122(void **state)
{
    (void)state;
    struct hal_ccid_class about = class_of(&acr122);
    hal_ccid_init(&ccid, &about);
    return 0;
}

static void transmit(const char *apdu)
{
    uint8_t bytes[300];
    size_t len = 0;
    fake_unhex(apdu, bytes, &len);
    hal_ccid_transmit(&ccid, 0, bytes, len);
}

static void a_card_is_powered_on_asked_and_powered_off(void **state)
{
    (void)state;
    hal_ccid_get_slot_status(&ccid, 0);
    CONVERSE({"65 00000000 00 01 000000", "81 00000000 00 01 01 00 00", HAL_CCID_END});
    assert_int_equal(HAL_CCID_INACTIVE, ccid.presence);
    hal_ccid_power_on(&ccid, 0, 1);
    CONVERSE({"62 00000000 00 02 010000", "80 06000000 00 02 00 00 00 3b8180018080", HAL_CCID_END});
    expect_answer("3b8180018080");
    assert_int_equal(HAL_CCID_ACTIVE, ccid.presence);
    transmit("ffca000000");
    CONVERSE({"6f 05000000 00 03 000000 ffca000000", "80 06000000 00 03 00 00 00 f68e2a99 9000",
              HAL_CCID_END});
    expect_answer("f68e2a99 9000");
    hal_ccid_power_off(&ccid, 0);
    CONVERSE({"63 00000000 00 04 000000", "81 00000000 00 04 01 00 01", HAL_CCID_END});
}

static void a_card_that_needs_time_gets_it_but_not_for_ever(void **state)
{
    (void)state;
    transmit("ffca000000");
    CONVERSE(
        {"6f 05000000 00 01 000000 ffca000000", "80 00000000 00 01 80 02 00", HAL_CCID_EXTEND});
    assert_int_equal(2 * HAL_CCID_WAIT_MS, ccid.wait_ms);
    CONVERSE({NULL, "80 00000000 00 01 80 00 00", HAL_CCID_EXTEND});
    assert_int_equal(HAL_CCID_WAIT_MS, ccid.wait_ms);
    CONVERSE({NULL, "80 00000000 00 01 80 ff 00", HAL_CCID_EXTEND});
    assert_int_equal(5 * HAL_CCID_WAIT_MS, ccid.wait_ms);
    CONVERSE({NULL, "80 02000000 00 01 00 00 00 9000", HAL_CCID_END});
    expect_answer("9000");
    transmit("ffca000000");
    for (int i = 0; i < 20; i++) {
        CONVERSE({NULL, "80 00000000 00 02 80 01 00", HAL_CCID_EXTEND});
    }
    CONVERSE({NULL, "80 00000000 00 02 80 01 00", HAL_CCID_END});
    assert_int_equal(HAL_CCID_GARBLED, ccid.outcome);
}

static void answers_to_another_command_are_skipped_ten_times(void **state)
{
    (void)state;
    transmit("ffca000000");
    for (int i = 0; i < 5; i++) {
        CONVERSE({NULL, "80 02000000 00 00 00 00 00 6300", HAL_CCID_WAIT},
                 {NULL, "80 02000000 01 01 00 00 00 6300", HAL_CCID_WAIT});
    }
    struct hal_ccid before = ccid;
    CONVERSE({NULL, "80 02000000 00 01 00 00 00 9000", HAL_CCID_END});
    expect_answer("9000");
    ccid = before;
    CONVERSE({NULL, "80 02000000 00 00 00 00 00 6300", HAL_CCID_END});
    assert_int_equal(HAL_CCID_GARBLED, ccid.outcome);
}

static void short_and_long_frames_are_garbled(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "",
        "80",
        "80 02000000 00 01 00 00",
        "80 02000000 00 01 00 00 00 90",
        "80 02000000 00 01 00 00 00 900000",
        "80 ffffffff 00 01 00 00 00 9000",
        "80 00000000 00 01 00 00 00", /* no SW1 SW2 */
        "80 01000000 00 01 00 00 00 90",
        "82 02000000 00 01 00 00 00 9000", /* another type */
        "81 00000000 00 01 00 00 00",
        "80 02000000 00 01 c0 00 00 9000", /* a command status that does not exist */
        "80 02000000 00 01 00 00 10 9000", /* the rest of our command is asked for */
        "80 02000000 00 01 00 00 04 9000",
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        uint8_t bytes[40];
        size_t len = 0;
        an_acr122(NULL);
        transmit("ffca000000");
        fake_unhex(frames[i], bytes, &len);
        assert_int_equal(HAL_CCID_END, hal_ccid_received(&ccid, bytes, len));
        assert_int_equal(HAL_CCID_GARBLED, ccid.outcome);
        assert_int_equal(0, ccid.answer_len);
    }
}

static void a_chained_answer_is_put_together(void **state)
{
    (void)state;
    transmit("ffca000000");
    CONVERSE({NULL, "80 02000000 00 01 00 00 01 0102", HAL_CCID_SEND},
             {"6f 00000000 00 02 00 1000", "80 02000000 00 02 00 00 03 0304", HAL_CCID_SEND},
             {"6f 00000000 00 03 00 1000", "80 03000000 00 03 00 00 02 05 9000", HAL_CCID_END});
    expect_answer("01 02 03 04 05 9000");
}

static void a_chain_without_an_end_ends(void **state)
{
    (void)state;
    enum hal_ccid_next next = HAL_CCID_SEND;
    uint8_t frame[74] = {0x80, 64, 0, 0, 0, 0, 1, 0, 0, 1};
    int count = 0;
    transmit("ffca000000");
    for (; next == HAL_CCID_SEND; count++) {
        next = hal_ccid_received(&ccid, frame, sizeof frame);
        frame[6]++;
        frame[9] = 3;
    }
    assert_int_equal(HAL_CCID_END, next);
    assert_int_equal(HAL_CCID_GARBLED, ccid.outcome);
    assert_int_equal(HAL_CCID_ANSWER_LEN_MAX / 64 + 1, count);
}

static void what_waits_is_fetched_and_a_wrong_le_is_corrected(void **state)
{
    (void)state;
    transmit("ff00000002d402");
    CONVERSE({NULL, "80 02000000 00 01 00 00 00 6108", HAL_CCID_SEND},
             {"6f 05000000 00 02 000000 ffc0000008",
              "80 08000000 00 02 00 00 00 d5033201 0407 9000", HAL_CCID_END});
    expect_answer("d5033201 0407 9000");
    transmit("00b0000000");
    CONVERSE({NULL, "80 02000000 00 03 00 00 00 6c02", HAL_CCID_SEND},
             {"6f 05000000 00 04 000000 00b0000002", "80 04000000 00 04 00 00 00 3132 9000",
              HAL_CCID_END});
    expect_answer("3132 9000");
    transmit("00b0000000");
    int rounds = 0;
    enum hal_ccid_next next = HAL_CCID_SEND;
    uint8_t frame[12] = {0x80, 2, 0, 0, 0, 0, 5, 0, 0, 0, 0x6c, 0x02};
    for (; next == HAL_CCID_SEND; rounds++) {
        next = hal_ccid_received(&ccid, frame, sizeof frame);
        frame[6]++;
    }
    assert_int_equal(17, rounds);
    assert_int_equal(HAL_CCID_GARBLED, ccid.outcome);
}

static void at_tpdu_level_a_command_with_data_is_sent_without_le(void **state)
{
    (void)state;
    struct hal_ccid_class about = class_of(&(struct described){0x00010030, 271, 1, 0, 7});
    hal_ccid_init(&ccid, &about);
    transmit("00a40400 02 3f00 00");
    CONVERSE({"6f 07000000 00 01 000000 00a40400 02 3f00", "80 02000000 00 01 00 00 00 6102",
              HAL_CCID_SEND},
             {"6f 05000000 00 02 000000 00c0000002", "80 04000000 00 02 00 00 00 6f00 9000",
              HAL_CCID_END});
    expect_answer("6f00 9000");
    transmit("00b0000000"); /* Le alone stays */
    expect_out("6f 05000000 00 03 000000 00b0000000");
    transmit("00a4000c 02 e103"); /* no Le to take away */
    expect_out("6f 07000000 00 04 000000 00a4000c 02 e103");
}

static void what_a_reader_refuses_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum hal_ccid_outcome outcome;
        enum hal_ccid_presence presence;
        uint8_t bError;
    } rows[] = {
        {"80 00000000 00 01 41 fe 00", HAL_CCID_REFUSED, HAL_CCID_INACTIVE, HAL_CCID_ERROR_MUTE},
        {"80 00000000 00 01 42 fe 00", HAL_CCID_REFUSED, HAL_CCID_ABSENT, HAL_CCID_ERROR_MUTE},
        {"80 00000000 00 01 40 fd 00", HAL_CCID_REFUSED, HAL_CCID_ACTIVE, HAL_CCID_ERROR_PARITY},
        {"80 00000000 00 01 40 e0 00", HAL_CCID_BUSY, HAL_CCID_ACTIVE, HAL_CCID_ERROR_BUSY},
        {"81 00000000 00 01 42 05 00", HAL_CCID_REFUSED, HAL_CCID_ABSENT, HAL_CCID_ERROR_SLOT},
        {"80 00000000 00 01 40 00 00", HAL_CCID_REFUSED, HAL_CCID_ACTIVE, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[40];
        size_t len = 0;
        an_acr122(NULL);
        transmit("ffca000000");
        fake_unhex(rows[i].in, bytes, &len);
        assert_int_equal(HAL_CCID_END, hal_ccid_received(&ccid, bytes, len));
        assert_int_equal(rows[i].outcome, ccid.outcome);
        assert_int_equal(rows[i].presence, ccid.presence);
        assert_int_equal(rows[i].bError, ccid.bError);
    }
}

static void a_busy_slot_is_asked_again_under_a_new_number(void **state)
{
    (void)state;
    transmit("ffca000000");
    CONVERSE({NULL, "80 00000000 00 01 40 e0 00", HAL_CCID_END});
    hal_ccid_again(&ccid);
    CONVERSE(
        {"6f 05000000 00 02 000000 ffca000000", "80 02000000 00 02 00 00 00 9000", HAL_CCID_END});
    expect_answer("9000");
}

static void an_abort_repeats_the_number_and_skips_the_late_answer(void **state)
{
    (void)state;
    transmit("ffca000000");
    hal_ccid_abort(&ccid);
    assert_int_equal(0x0100, hal_ccid_abort_value(&ccid));
    CONVERSE({"72 00000000 00 01 000000", "80 02000000 00 01 00 00 00 9000", HAL_CCID_WAIT},
             {NULL, "81 00000000 00 01 00 00 00", HAL_CCID_END});
    assert_int_equal(HAL_CCID_DONE, ccid.outcome);
}

static void numbers_go_round(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        uint8_t answer[10] = {0x81, 0, 0, 0, 0, 0, (uint8_t)(i + 1), 2, 0, 0};
        hal_ccid_get_slot_status(&ccid, 0);
        assert_int_equal(HAL_CCID_END, hal_ccid_received(&ccid, answer, sizeof answer));
    }
}

static void a_wipe_leaves_nothing_of_the_card(void **state)
{
    (void)state;
    static const uint8_t clean[HAL_CCID_ANSWER_LEN_MAX];
    transmit("ffca000000");
    CONVERSE({NULL, "80 06000000 00 01 00 00 00 f68e2a99 9000", HAL_CCID_END});
    hal_ccid_wipe(&ccid);
    assert_memory_equal(clean, ccid.answer, sizeof ccid.answer);
    assert_memory_equal(clean, ccid.apdu, sizeof ccid.apdu);
    assert_memory_equal(clean, ccid.message, sizeof ccid.message);
}

/* Every answer in the collected logs of real readers is one that is understood. The logs are of
 * many sessions: each answer is taken as the one to a command with its number. */
static void the_answers_of_real_readers_are_understood(void **state)
{
    (void)state;
    char text[4000];
    unsigned count = 0;
    read_text("real-ccid-exchanges.txt", text, sizeof text);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        uint8_t bytes[100];
        size_t len = 0;
        if (line[0] != '<' && line[0] != '!') {
            continue;
        }
        fake_unhex(line + 2, bytes, &len);
        if (line[0] == '!') {
            assert_int_equal(HAL_CCID_NOTICE_SLOTS, hal_ccid_notice_read(bytes, len).kind);
            continue;
        }
        an_acr122(NULL);
        if (bytes[0] == 0x81) {
            hal_ccid_get_slot_status(&ccid, 0);
        } else if (bytes[0] == 0x80 && len > 10 && bytes[10] == 0x3b) {
            hal_ccid_power_on(&ccid, 0, 1);
        } else {
            transmit("ffca000000");
        }
        ccid.bSeq = bytes[6];
        bool is_escape = bytes[0] == 0x83; /* nothing here sends one; unless it failed */
        bool is_failed = bytes[7] >> 6 == 1;
        enum hal_ccid_next next = hal_ccid_received(&ccid, bytes, len);
        bool is_more = len == 12 && bytes[10] == 0x61;
        assert_int_equal(is_more ? HAL_CCID_SEND : HAL_CCID_END, next);
        if (!is_more) {
            assert_int_equal(is_failed   ? HAL_CCID_REFUSED
                             : is_escape ? HAL_CCID_GARBLED
                                         : HAL_CCID_DONE,
                             ccid.outcome);
        }
        count++;
    }
    assert_true(count >= 10);
}

#define reader_test(name) cmocka_unit_test_setup(name, an_acr122)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_class_descriptor_is_found_among_others),
        cmocka_unit_test(descriptors_that_are_cut_off_or_another_kind_are_refused),
        cmocka_unit_test(only_levels_that_can_be_spoken_are),
        cmocka_unit_test(voltages_are_tried_only_where_the_reader_does_not_choose),
        cmocka_unit_test(too_many_slots_and_too_long_messages_are_cut_to_a_maximum),
        cmocka_unit_test(real_readers_are_recognised_by_their_descriptors),
        cmocka_unit_test(notices_tell_which_slots_hold_a_card),
        reader_test(a_card_is_powered_on_asked_and_powered_off),
        reader_test(a_card_that_needs_time_gets_it_but_not_for_ever),
        reader_test(answers_to_another_command_are_skipped_ten_times),
        reader_test(short_and_long_frames_are_garbled),
        reader_test(a_chained_answer_is_put_together),
        reader_test(a_chain_without_an_end_ends),
        reader_test(what_waits_is_fetched_and_a_wrong_le_is_corrected),
        reader_test(at_tpdu_level_a_command_with_data_is_sent_without_le),
        reader_test(what_a_reader_refuses_is_told_apart),
        reader_test(a_busy_slot_is_asked_again_under_a_new_number),
        reader_test(an_abort_repeats_the_number_and_skips_the_late_answer),
        reader_test(numbers_go_round),
        reader_test(a_wipe_leaves_nothing_of_the_card),
        reader_test(the_answers_of_real_readers_are_understood),
    };
    return cmocka_run_group_tests_name("ccid", tests, NULL, NULL);
}
