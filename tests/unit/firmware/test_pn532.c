/* SPDX-License-Identifier: Apache-2.0 */
/* The PN532 as a card slot: exact frames to a chip that is played by the test. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/port/pn532.h"
#include "firmware/usb/device.h"

#define ACK        "0000ff00ff00 "
#define WAKE       "55550000000000000000000000000000 "
#define SAM        "0000ff05fbd4140114010200"
#define SAM_OK     ACK "0000ff02fed5151600"
#define RETRIES    "0000ff06fad43205000102f200"
#define RETRIES_OK ACK "0000ff02fed533f800"
#define LIST       "0000ff04fcd44a0100e100"
#define RELEASE    "0000ff03fdd45200da00"
#define RELEASE_OK ACK "0000ff03fdd55300d800"
#define NO_CARD    ACK "0000ff03fdd54b00e000"

struct bench {
    struct tally_pn532 pn532;
    uint8_t sent[600];
    size_t sent_len;
};

static void write_line(void *line, const uint8_t *bytes, size_t len)
{
    struct bench *bench = line;
    assert_true(len <= sizeof bench->sent - bench->sent_len);
    memcpy(bench->sent + bench->sent_len, bytes, len);
    bench->sent_len += len;
}

static size_t bytes_of(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t len = 0, nibbles = 0;
    memset(ret_bytes, 0, size);
    for (; *text != '\0'; text++) {
        if (isxdigit((unsigned char)*text)) {
            const char digit[2] = {*text, '\0'};
            len = nibbles / 2;
            assert_true(len < size);
            ret_bytes[len] = (uint8_t)(ret_bytes[len] << 4 | strtoul(digit, NULL, 16));
            nibbles++;
        }
    }
    return nibbles / 2;
}

/* What the port has written since the last time is exactly that. */
static void expect_sent(struct bench *bench, const char *text)
{
    uint8_t wanted[600];
    size_t len = bytes_of(text, wanted, sizeof wanted);
    if (len != bench->sent_len || memcmp(wanted, bench->sent, len) != 0) {
        printf("wanted: %s\n   got: ", text);
        for (size_t i = 0; i < bench->sent_len; i++) {
            printf("%02x", bench->sent[i]);
        }
        printf("\n");
        fail();
    }
    bench->sent_len = 0;
}

static void reply(struct bench *bench, const char *text)
{
    uint8_t bytes[600];
    size_t len = bytes_of(text, bytes, sizeof bytes);
    for (size_t i = 0; i < len; i++) { /* a serial line has no packets */
        tally_pn532_received(&bench->pn532, bytes + i, 1);
    }
}

/* A frame of any length with the right checksums around TFI and body, an ACK before it. */
static void reply_with(struct bench *bench, const uint8_t *body, size_t len)
{
    uint8_t head[] = {0,
                      0,
                      0xff,
                      0,
                      0xff,
                      0,
                      0,
                      0,
                      0xff,
                      0xff,
                      0xff,
                      (uint8_t)(len >> 8),
                      (uint8_t)len,
                      (uint8_t)(0x100 - ((len >> 8) + len))};
    uint8_t tail[2] = {0, 0};
    for (size_t i = 0; i < len; i++) {
        tail[0] = (uint8_t)(tail[0] - body[i]);
    }
    tally_pn532_received(&bench->pn532, head, sizeof head);
    tally_pn532_received(&bench->pn532, body, len);
    tally_pn532_received(&bench->pn532, tail, sizeof tail);
}

static enum tally_card_status look(struct bench *bench, struct tally_slot_card *ret_card)
{
    return bench->pn532.slot.look(bench->pn532.slot.self, ret_card);
}

static enum tally_card_status end(struct bench *bench, uint8_t *ret_bytes, size_t *ret_len)
{
    return bench->pn532.slot.end(bench->pn532.slot.self, ret_bytes, TALLY_CARD_ANSWER_LEN_MAX,
                                 ret_len);
}

static void begin(struct bench *bench, const char *text)
{
    uint8_t bytes[300];
    size_t len = bytes_of(text, bytes, sizeof bytes);
    bench->pn532.slot.begin(bench->pn532.slot.self, bytes, len);
}

static void an_awake_chip(struct bench *bench)
{
    struct tally_slot_card card;
    memset(bench, 0, sizeof *bench);
    tally_pn532_init(&bench->pn532, write_line, bench);
    assert_int_equal(TALLY_CARD_WAIT, look(bench, &card));
    expect_sent(bench, WAKE SAM);
    reply(bench, SAM_OK);
    expect_sent(bench, RETRIES);
    reply(bench, RETRIES_OK);
    expect_sent(bench, LIST);
}

/* The MIFARE 4K of ACS' example. */
#define CLASSIC ACK "0000ff0cf4d54b0101000218 04f68e2a99 7900"
/* A DESFire with its ATS. */
#define DESFIRE ACK "0000ff15ebd54b0101034420 07048d2432273b80 067577810280 b200"

static struct tally_slot_card a_card_on_it(struct bench *bench, const char *card_frame)
{
    struct tally_slot_card card;
    an_awake_chip(bench);
    reply(bench, card_frame);
    assert_int_equal(TALLY_CARD_OK, look(bench, &card));
    expect_sent(bench, "");
    return card;
}

/* ---- looking ---- */

static void an_empty_antenna_is_asked_again_and_again(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    an_awake_chip(&bench);
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, "");
    reply(&bench, NO_CARD);
    assert_int_equal(TALLY_CARD_NONE, look(&bench, &card));
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, LIST);
}

static void a_storage_card_is_read_in_the_order_of_the_air(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card = a_card_on_it(&bench, CLASSIC);
    assert_int_equal(4, card.uid_len);
    assert_memory_equal("\xf6\x8e\x2a\x99", card.uid, 4);
    assert_memory_equal("\x02\x00", card.atqa, 2);
    assert_int_equal(0x18, card.sak);
    assert_int_equal(0, card.ats_len);
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card)); /* selected anew each time */
    expect_sent(&bench, RELEASE);
    reply(&bench, RELEASE_OK);
    expect_sent(&bench, LIST);
    reply(&bench, NO_CARD);
    assert_int_equal(TALLY_CARD_NONE, look(&bench, &card));
}

static void a_part_4_card_keeps_its_session_while_it_is_looked_for(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card = a_card_on_it(&bench, DESFIRE);
    assert_int_equal(7, card.uid_len);
    assert_int_equal(6, card.ats_len);
    assert_memory_equal("\x06\x75\x77\x81\x02\x80", card.ats, 6);
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, "0000ff03fdd400062600");
    reply(&bench, ACK "0000ff03fdd501002a00");
    assert_int_equal(TALLY_CARD_OK, look(&bench, &card));
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, "0000ff03fdd400062600");
    reply(&bench, ACK "0000ff03fdd501012900");
    assert_int_equal(TALLY_CARD_NONE, look(&bench, &card));
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, RELEASE);
}

static void a_target_whose_lengths_lie_is_no_card(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        ACK "0000ff0cf4d54b0101000218 0bf68e2a99 7200", /* a UID longer than any */
        ACK "0000ff0cf4d54b0101000218 07f68e2a99 7600", /* and longer than the frame */
        ACK "0000ff07f9d54b0101000218 c400",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bench bench;
        struct tally_slot_card card;
        an_awake_chip(&bench);
        reply(&bench, wrong[i]);
        assert_int_equal(TALLY_CARD_NONE, look(&bench, &card));
    }
}

/* ---- exchanges ---- */

static void a_block_is_authenticated_and_read(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
    size_t len = 1;
    (void)a_card_on_it(&bench, CLASSIC);
    begin(&bench, "6005 a0a1a2a3a4a5 f68e2a99");
    expect_sent(&bench, "0000ff0ff1 d44001 6005 a0a1a2a3a4a5 f68e2a99 7000");
    assert_int_equal(TALLY_CARD_WAIT, end(&bench, answer, &len));
    reply(&bench, ACK "0000ff03fdd54100ea00");
    assert_int_equal(TALLY_CARD_OK, end(&bench, answer, &len));
    assert_int_equal(0, len);
    begin(&bench, "3005");
    expect_sent(&bench, "0000ff05fb d44001 3005 b600");
    reply(&bench, ACK "0000ff13ed d54100 30313233343536373839414243444546 4800");
    assert_int_equal(TALLY_CARD_OK, end(&bench, answer, &len));
    assert_int_equal(16, len);
    assert_memory_equal("0123456789ABCDEF", answer, 16);
    for (size_t i = 0; i + 6 < sizeof bench.pn532; i++) { /* key and block are gone */
        assert_memory_not_equal("\xa0\xa1\xa2\xa3\xa4\xa5", (uint8_t *)&bench.pn532 + i, 6);
        assert_memory_not_equal("012345", (uint8_t *)&bench.pn532 + i, 6);
    }
}

static void a_card_that_refused_is_selected_anew_for_the_next_command(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
    size_t len = 1;
    (void)a_card_on_it(&bench, CLASSIC);
    begin(&bench, "3005");
    expect_sent(&bench, "0000ff05fb d44001 3005 b600");
    reply(&bench, ACK "0000ff03fdd54114d600");
    assert_int_equal(TALLY_CARD_REFUSED, end(&bench, answer, &len));
    assert_int_equal(0, len);
    begin(&bench, "3006");
    expect_sent(&bench, RELEASE);
    reply(&bench, RELEASE_OK);
    expect_sent(&bench, LIST);
    reply(&bench, CLASSIC);
    expect_sent(&bench, "0000ff05fb d44001 3006 b500");
    reply(&bench, ACK "0000ff03fdd5412bbf00");
    assert_int_equal(TALLY_CARD_NONE, end(&bench, answer, &len));
}

static void what_was_meant_for_one_card_never_reaches_another(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
    size_t len = 1;
    (void)a_card_on_it(&bench, CLASSIC);
    bench.pn532.slot.drop(bench.pn532.slot.self);
    begin(&bench, "6005 a0a1a2a3a4a5 f68e2a99");
    expect_sent(&bench, RELEASE);
    reply(&bench, RELEASE_OK);
    expect_sent(&bench, LIST);
    reply(&bench, ACK "0000ff0cf4d54b0101000218 04f68e2a98 7a00");
    expect_sent(&bench, "");
    assert_int_equal(TALLY_CARD_NONE, end(&bench, answer, &len));
}

static void the_longest_apdus_travel_in_extended_frames(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t apdu[261], answer[TALLY_CARD_ANSWER_LEN_MAX], body[3 + 258] = {0xd5, 0x41, 0x00};
    size_t len = 1;
    (void)a_card_on_it(&bench, DESFIRE);
    memset(apdu, 0x11, sizeof apdu);
    bench.pn532.slot.begin(bench.pn532.slot.self, apdu, sizeof apdu);
    assert_int_equal(8 + 264 + 2, bench.sent_len);
    assert_memory_equal("\0\0\xff\xff\xff\x01\x08\xf7\xd4\x40\x01\x11", bench.sent, 12);
    assert_int_equal((uint8_t)(0x100 - (0xd4 + 0x40 + 0x01 + 261 * 0x11) % 256),
                     bench.sent[8 + 264]);
    for (size_t i = 3; i < sizeof body; i++) {
        body[i] = (uint8_t)i;
    }
    reply_with(&bench, body, sizeof body);
    assert_int_equal(TALLY_CARD_OK, end(&bench, answer, &len));
    assert_int_equal(258, len);
    assert_memory_equal(body + 3, answer, 258);
}

static void an_exchange_that_is_dropped_is_aborted_and_its_answer_ignored(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    (void)a_card_on_it(&bench, DESFIRE);
    begin(&bench, "00a4040000");
    bench.sent_len = 0;
    bench.pn532.slot.drop(bench.pn532.slot.self);
    expect_sent(&bench, ACK);
    reply(&bench, ACK "0000ff05fbd541009000 5a00");
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, RELEASE);
    reply(&bench, "0000ff05fbd541009000 5a00"); /* later still */
    expect_sent(&bench, "");
    reply(&bench, RELEASE_OK);
    expect_sent(&bench, LIST);
}

/* ---- a bad line ---- */

static void a_damaged_frame_is_asked_for_again(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    an_awake_chip(&bench);
    reply(&bench, ACK "0000ff03fdd54b00e100"); /* DCS */
    expect_sent(&bench, "0000ffff0000");
    reply(&bench, "0000ff03fed54b00e000"); /* LCS */
    expect_sent(&bench, "0000ffff0000");
    reply(&bench, "0000ffffff0400fc"); /* longer than the chip can */
    expect_sent(&bench, "0000ffff0000");
    reply(&bench, "ff 01 02 00 0000ff03fdd54b00e000"); /* noise before it */
    assert_int_equal(TALLY_CARD_NONE, look(&bench, &card));
}

static void a_line_that_stays_bad_is_given_up_and_begun_anew(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    an_awake_chip(&bench);
    for (int i = 0; i < TALLY_PN532_REPEATS_MAX; i++) {
        reply(&bench, "0000ff03fdd54b00e100");
        expect_sent(&bench, "0000ffff0000");
    }
    reply(&bench, "0000ff03fdd54b00e100");
    expect_sent(&bench, "");
    assert_int_equal(TALLY_CARD_BROKEN, look(&bench, &card));
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    expect_sent(&bench, WAKE SAM);
}

static void a_silent_chip_is_broken_in_time_and_a_slow_card_is_not(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
    size_t len = 1;
    const uint32_t start = UINT32_MAX - 100;
    memset(&bench, 0, sizeof bench);
    tally_pn532_init(&bench.pn532, write_line, &bench);
    tally_pn532_time(&bench.pn532, start);
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    tally_pn532_time(&bench.pn532, start + TALLY_PN532_ANSWER_MS_MAX - 1);
    assert_int_equal(TALLY_CARD_WAIT, look(&bench, &card));
    tally_pn532_time(&bench.pn532, start + TALLY_PN532_ANSWER_MS_MAX);
    assert_int_equal(TALLY_CARD_BROKEN, look(&bench, &card));
    (void)a_card_on_it(&bench, DESFIRE);
    begin(&bench, "00a4040000");
    tally_pn532_time(&bench.pn532, TALLY_PN532_CARD_MS_MAX - 1);
    assert_int_equal(TALLY_CARD_WAIT, end(&bench, answer, &len));
    tally_pn532_time(&bench.pn532, TALLY_PN532_CARD_MS_MAX);
    assert_int_equal(TALLY_CARD_BROKEN, end(&bench, answer, &len));
}

static void a_chip_that_reports_a_syntax_error_is_broken(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_slot_card card;
    an_awake_chip(&bench);
    reply(&bench, ACK "0000ff01ff7f8100");
    assert_int_equal(TALLY_CARD_BROKEN, look(&bench, &card));
}

/* ---- through the whole reader ---- */

static void a_host_reads_a_uid_through_ccid_and_the_chip(void **state)
{
    (void)state;
    struct bench bench;
    struct tally_usb_device device;
    const struct tally_usb_setup set_configuration = {0x00, 0x09, 1, 0, 0};
    uint32_t next = 0;
    size_t len = 0;
    memset(&bench, 0, sizeof bench);
    tally_pn532_init(&bench.pn532, write_line, &bench);
    const struct tally_ports ports = {.serial = "S1", .slot = &bench.pn532.slot};
    tally_usb_device_init(&device, &ports);
    (void)tally_usb_device_setup(&device, &set_configuration);
    tally_usb_device_time(&device, 0, &next);
    assert_false(tally_usb_device_is_ready(&device, TALLY_USB_CCID_OUT)); /* looking */
    reply(&bench, SAM_OK RETRIES_OK CLASSIC);
    tally_usb_device_time(&device, 30, &next);
    assert_memory_equal("\x50\x03", tally_usb_device_pending(&device, TALLY_USB_SLOT_IN, &len), 2);
    tally_usb_device_received(&device, TALLY_USB_CCID_OUT,
                              (const uint8_t *)"\x62\0\0\0\0\0\1\1\0\0", 10);
    tally_usb_device_sent(&device, TALLY_USB_CCID_IN, 10);
    tally_usb_device_received(&device, TALLY_USB_CCID_OUT,
                              (const uint8_t *)"\x6f\5\0\0\0\0\2\0\0\0\xff\xca\0\0\0", 15);
    const uint8_t *answer = tally_usb_device_pending(&device, TALLY_USB_CCID_IN, &len);
    assert_int_equal(16, len);
    assert_memory_equal("\xf6\x8e\x2a\x99\x90\0", answer + 10, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_antenna_is_asked_again_and_again),
        cmocka_unit_test(a_storage_card_is_read_in_the_order_of_the_air),
        cmocka_unit_test(a_part_4_card_keeps_its_session_while_it_is_looked_for),
        cmocka_unit_test(a_target_whose_lengths_lie_is_no_card),
        cmocka_unit_test(a_block_is_authenticated_and_read),
        cmocka_unit_test(a_card_that_refused_is_selected_anew_for_the_next_command),
        cmocka_unit_test(what_was_meant_for_one_card_never_reaches_another),
        cmocka_unit_test(the_longest_apdus_travel_in_extended_frames),
        cmocka_unit_test(an_exchange_that_is_dropped_is_aborted_and_its_answer_ignored),
        cmocka_unit_test(a_damaged_frame_is_asked_for_again),
        cmocka_unit_test(a_line_that_stays_bad_is_given_up_and_begun_anew),
        cmocka_unit_test(a_silent_chip_is_broken_in_time_and_a_slow_card_is_not),
        cmocka_unit_test(a_chip_that_reports_a_syntax_error_is_broken),
        cmocka_unit_test(a_host_reads_a_uid_through_ccid_and_the_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
