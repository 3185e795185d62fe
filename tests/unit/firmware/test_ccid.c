/* SPDX-License-Identifier: Apache-2.0 */
/* The CCID interface with virtual cards before its antenna, message by message. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firmware/port/host/virtual_card.h"
#include "firmware/usb/descriptors.h"
#include "firmware/usb/device.h"

/* ---- a reader on a desk ---- */

struct desk {
    struct tally_usb_device device;
    struct tally_ports ports;
    struct tally_virtual_slot slot;
    struct tally_virtual_card card;
    uint32_t now_ms;
    uint8_t seq;
};

static void pass_ms(struct desk *desk, uint32_t ms)
{
    uint32_t next_ms = 0;
    desk->now_ms += ms;
    tally_usb_device_time(&desk->device, desk->now_ms, &next_ms);
}

static void configure(struct desk *desk)
{
    const struct tally_usb_setup set_configuration = {0x00, 0x09, 1, 0, 0};
    tally_usb_device_reset(&desk->device, TALLY_USB_FULL_SPEED);
    assert_int_equal(TALLY_USB_DONE,
                     tally_usb_device_setup(&desk->device, &set_configuration).kind);
}

static void an_empty_desk(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    desk->now_ms = UINT32_MAX - 500; /* the clock wraps during most tests */
    tally_virtual_slot_init(&desk->slot);
    desk->ports = (struct tally_ports){.serial = "S1", .slot = &desk->slot.slot};
    tally_usb_device_init(&desk->device, &desk->ports);
    configure(desk);
    pass_ms(desk, 0);
}

static void put_card(struct desk *desk)
{
    tally_virtual_slot_put(&desk->slot, &desk->card);
    pass_ms(desk, TALLY_CARD_LEAVE_ALONE_MS);
}

static void take_card(struct desk *desk)
{
    tally_virtual_slot_put(&desk->slot, NULL);
    pass_ms(desk, TALLY_CARD_LEAVE_ALONE_MS);
}

/* "6f 05 00" to bytes; an `s` stands for the sequence number of the desk. */
static size_t bytes_of(const struct desk *desk, const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t len = 0;
    while (*text != '\0') {
        if (isspace((unsigned char)*text)) {
            text++;
            continue;
        }
        assert_true(len < size);
        if (*text == 's') {
            ret_bytes[len++] = desk->seq;
            text++;
        } else {
            const char pair[3] = {text[0], text[1], '\0'};
            ret_bytes[len++] = (uint8_t)strtoul(pair, NULL, 16);
            text += 2;
        }
    }
    return len;
}

static void print_bytes(const char *what, const uint8_t *bytes, size_t len)
{
    printf("%s", what);
    for (size_t i = 0; i < len; i++) {
        printf(" %02x", bytes[i]);
    }
    printf("\n");
}

/* What waits on `endpoint` is `text` (NULL: nothing), and the host takes it. */
static void expect(struct desk *desk, uint8_t endpoint, const char *text)
{
    uint8_t wanted[300];
    size_t len = 0;
    const uint8_t *bytes = tally_usb_device_pending(&desk->device, endpoint, &len);
    if (text == NULL) {
        assert_null(bytes);
        return;
    }
    assert_non_null(bytes);
    size_t wanted_len = bytes_of(desk, text, wanted, sizeof wanted);
    if (len != wanted_len || memcmp(bytes, wanted, len) != 0) {
        print_bytes("wanted:", wanted, wanted_len);
        print_bytes("   got:", bytes, len);
        fail();
    }
    tally_usb_device_sent(&desk->device, endpoint, len);
}

static void say(struct desk *desk, const char *text)
{
    uint8_t bytes[300];
    desk->seq++;
    size_t len = bytes_of(desk, text, bytes, sizeof bytes);
    assert_true(tally_usb_device_is_ready(&desk->device, TALLY_USB_CCID_OUT));
    tally_usb_device_received(&desk->device, TALLY_USB_CCID_OUT, bytes, len);
}

static void talk(struct desk *desk, const char *question, const char *answer)
{
    say(desk, question);
    expect(desk, TALLY_USB_CCID_IN, answer);
}

static void hex_of(char *text, size_t size, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(text + 3 * i, size - 3 * i, "%02x ", bytes[i]);
    }
}

/* One APDU in an XfrBlock, and the answer without the CCID header. */
static void apdu(struct desk *desk, const char *question, const char *answer)
{
    uint8_t bytes[300];
    char message[1000] = "", wanted[1000] = "";
    size_t len = bytes_of(desk, question, bytes, sizeof bytes);
    size_t head = (size_t)snprintf(message, sizeof message, "6f %02zx %02zx 00 00 00 s 00 00 00 ",
                                   len & 0xff, len >> 8);
    hex_of(message + head, sizeof message - head, bytes, len);
    len = bytes_of(desk, answer, bytes, sizeof bytes);
    head = (size_t)snprintf(wanted, sizeof wanted, "80 %02zx %02zx 00 00 00 s 00 00 00 ",
                            len & 0xff, len >> 8);
    hex_of(wanted + head, sizeof wanted - head, bytes, len);
    talk(desk, message, wanted);
}

static void a_desk_with_a_card_switched_on(struct desk *desk)
{
    put_card(desk);
    expect(desk, TALLY_USB_SLOT_IN, "50 03");
    say(desk, "62 00000000 00 s 01 0000");
    size_t len = 0;
    assert_non_null(tally_usb_device_pending(&desk->device, TALLY_USB_CCID_IN, &len));
    tally_usb_device_sent(&desk->device, TALLY_USB_CCID_IN, len);
}

/* ---- descriptors ---- */

static void the_configuration_has_a_smart_card_interface_where_there_is_a_front_end(void **state)
{
    (void)state;
    uint8_t config[TALLY_USB_CONFIG_LEN_MAX];
    const struct tally_usb_shape shape = {.polling_ms = 10, .has_slot = true};
    uint16_t len = tally_usb_config(&shape, TALLY_USB_HIGH_SPEED, config);
    int endpoints = 0, at = 0;
    for (; at < len; at += config[at]) {
        assert_true(config[at] >= 2);
        if (config[at + 1] == 0x05 && config[at + 3] == 2) {
            endpoints++;
            assert_int_equal(512, config[at + 4] | config[at + 5] << 8);
        }
        if (config[at + 1] == 0x21 && config[at] == 54) {
            assert_int_equal(0x000204ba, config[at + 40] | config[at + 41] << 8 |
                                             config[at + 42] << 16 | config[at + 43] << 24);
            assert_int_equal(271, config[at + 44] | config[at + 45] << 8);
        }
    }
    assert_int_equal(len, at);
    assert_int_equal(len, config[2] | config[3] << 8);
    assert_int_equal(2, config[4]);
    assert_int_equal(2, endpoints);
}

/* ---- presence ---- */

static void a_card_that_comes_and_goes_is_notified(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    expect(&desk, TALLY_USB_SLOT_IN, NULL);
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 02 00 00");
    tally_virtual_phone(&desk.card);
    put_card(&desk);
    expect(&desk, TALLY_USB_SLOT_IN, "50 03");
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 01 00 00");
    take_card(&desk);
    expect(&desk, TALLY_USB_SLOT_IN, "50 02");
    expect(&desk, TALLY_USB_SLOT_IN, NULL);
}

static void a_card_that_was_there_first_is_notified_once_the_host_is_there(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_phone(&desk.card);
    put_card(&desk);
    configure(&desk);
    pass_ms(&desk, 0);
    expect(&desk, TALLY_USB_SLOT_IN, "50 03");
}

static void another_card_in_its_place_is_a_card_that_left_and_one_that_came(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_phone(&desk.card);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.card.uid[3] ^= 1;
    pass_ms(&desk, TALLY_CARD_LEAVE_ALONE_MS);
    expect(&desk, TALLY_USB_SLOT_IN, "50 02");
    pass_ms(&desk, TALLY_CARD_LOOK_MS);
    expect(&desk, TALLY_USB_SLOT_IN, "50 03");
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 01 00 00");
}

/* ---- power and ATR ---- */

static void the_atr_tells_a_storage_card_from_one_that_speaks_apdus(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_ntag213(&desk.card, NULL, 0);
    put_card(&desk);
    talk(&desk, "62 00000000 00 s 01 0000",
         "80 14000000 00 s 00 00 00 3b8f8001804f0ca000000306030003 00000000 68");
    take_card(&desk);
    tally_virtual_classic(&desk.card, (const uint8_t *)"\1\2\3\4\5\6", 4,
                          (const uint8_t *)"0123456789abcdef");
    put_card(&desk);
    talk(&desk, "62 00000000 00 s 00 0000",
         "80 14000000 00 s 00 00 00 3b8f8001804f0ca000000306030001 00000000 6a");
    take_card(&desk);
    tally_virtual_desfire(&desk.card, NULL, 0, 1, NULL, 0);
    put_card(&desk);
    talk(&desk, "62 00000000 00 s 00 0000", "80 06000000 00 s 00 00 00 3b8180018080");
    take_card(&desk);
    talk(&desk, "62 00000000 00 s 00 0000", "80 00000000 00 s 42 fe 00");
}

static void a_card_that_is_switched_off_answers_nothing(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_phone(&desk.card);
    a_desk_with_a_card_switched_on(&desk);
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 00 00 00");
    talk(&desk, "63 00000000 00 s 000000", "81 00000000 00 s 01 00 00");
    talk(&desk, "6f 05000000 00 s 00 0000 ffca000000", "80 00000000 00 s 41 fe 00");
}

/* ---- pseudo APDUs ---- */

static void the_uid_comes_as_long_as_it_is_asked_for(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_ntag213(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ffca000000", "04a1b2c3d4e580 9000");
    apdu(&desk, "ffca000007", "04a1b2c3d4e580 9000");
    apdu(&desk, "ffca00000a", "04a1b2c3d4e580 6282");
    apdu(&desk, "ffca000004", "6c07");
    apdu(&desk, "ffca010000", "6a81");
    apdu(&desk, "ffca000002 0000", "6700");
    apdu(&desk, "ff00000002d402", "6a81");
    apdu(&desk, "00a4040000", "6e00");
}

static void a_phone_shows_a_random_uid_and_its_ats(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_phone(&desk.card);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ffca000000", "085a31c7 9000");
    apdu(&desk, "ffca010000", "0578807002 9000");
    apdu(&desk, "00a40400 07 d2760000850101 00", "6a82");
}

static void an_ntag_is_read_page_by_page(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_ntag213(&desk.card, (const uint8_t *)"\xd1\x01\x02U\x01z", 6);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ffb0000310", "e1101200 0306d101 0255017a fe000000 9000");
    apdu(&desk, "ffb0000404", "0306d101 9000");
    apdu(&desk, "ffb0002c10", "00000000 04a1b29f c3d4e580 72480000 9000");
    apdu(&desk, "ffb0002d10", "6300");
    apdu(&desk, "ffb0000420", "6c10");
    apdu(&desk, "ffb0010010", "6b00");
    apdu(&desk, "ff860000050100046000", "6a81");
}

static void a_classic_opens_its_sector_to_the_right_key_only(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_classic(&desk.card, (const uint8_t *)"\xa0\xa1\xa2\xa3\xa4\xa5", 5,
                          (const uint8_t *)"member 61021-007");
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ffb0000510", "6982");
    apdu(&desk, "ff860000050100056000", "6988"); /* no key has been loaded */
    apdu(&desk, "ff82000006ffffffffffff", "9000");
    apdu(&desk, "ff82000106a0a1a2a3a4a5", "9000");
    apdu(&desk, "ff82000206a0a1a2a3a4a5", "6988");
    apdu(&desk, "ff82000105a0a1a2a3a4", "6989");
    apdu(&desk, "ff82200106a0a1a2a3a4a5", "6b00");
    apdu(&desk, "ff860000050100056000", "6300");
    apdu(&desk, "ff860000050100056001", "9000");
    apdu(&desk, "ffb0000510", "6d656d6265722036313032312d303037 9000");
    apdu(&desk, "ffb0000810", "6982"); /* the next sector */
    apdu(&desk, "ff860000050100056201", "6986");
    apdu(&desk, "ff8600000501000561", "6700");
    apdu(&desk, "ff860000050100056100", "9000"); /* key B is the factory's */
}

static void the_keys_are_forgotten_with_the_card(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_classic(&desk.card, (const uint8_t *)"\xa0\xa1\xa2\xa3\xa4\xa5", 5,
                          (const uint8_t *)"member 61021-007");
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ff82000006a0a1a2a3a4a5", "9000");
    take_card(&desk);
    expect(&desk, TALLY_USB_SLOT_IN, "50 02");
    for (size_t i = 0; i < sizeof desk.device - 6; i++) {
        assert_memory_not_equal("\xa0\xa1\xa2\xa3\xa4\xa5", (uint8_t *)&desk.device + i, 6);
    }
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ff860000050100056000", "6988");
}

/* ---- ISO-DEP ---- */

static void a_type_4_tag_gives_its_ndef_file(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card,
                        (const uint8_t *)"\xd1\x01\x04T\x02"
                                         "enA",
                        8);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "00a4000c02e103", "6a82"); /* the application first */
    apdu(&desk, "00a4040007d276000085010100", "9000");
    apdu(&desk, "00b0000002", "6986");
    apdu(&desk, "00a4000c02e103", "9000");
    apdu(&desk, "00b000000f", "000f20008000340406e104030000ff 9000");
    apdu(&desk, "00a4000c02e104", "9000");
    apdu(&desk, "00b0000002", "0008 9000");
    apdu(&desk, "00b0000208", "d101045402656e41 9000");
    apdu(&desk, "00b0000220", "d101045402656e41 6282");
    talk(&desk, "63 00000000 00 s 000000", "81 00000000 00 s 01 00 00");
    talk(&desk, "62 00000000 00 s 01 0000", "80 06000000 00 s 00 00 00 3b8180018080");
    apdu(&desk, "00b0000002", "6986"); /* off and on: it starts anew */
}

static void what_a_card_said_is_wiped_once_the_host_has_it(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_ntag213(&desk.card,
                          (const uint8_t *)"\xd1\x01\x05T\x02"
                                           "en123",
                          10);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "ffb0000510", "05540265 6e313233 fe000000 00000000 9000");
    for (size_t i = 0; i + 4 < sizeof desk.device; i++) {
        assert_memory_not_equal("n123", (uint8_t *)&desk.device + i, 4);
    }
}

static void a_payment_card_names_itself(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_payment(&desk.card);
    a_desk_with_a_card_switched_on(&desk);
    apdu(&desk, "00a404000e325041592e5359532e444446303100",
         "6f23840e325041592e5359532e4444463031a511bf0c0e610c4f07a0000000031010870101 9000");
}

static void a_slow_card_is_covered_by_time_extensions(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_desfire(&desk.card, (const uint8_t *)"\xf0Tally", 6, 0x0001,
                          (const uint8_t *)"61021", 5);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.waits = 3;
    talk(&desk, "6f 0b000000 00 s 00 0000 00a4040006f054616c6c79", NULL);
    pass_ms(&desk, TALLY_CCID_EXTEND_MS - 1);
    expect(&desk, TALLY_USB_CCID_IN, NULL);
    pass_ms(&desk, 1);
    expect(&desk, TALLY_USB_CCID_IN, "80 00000000 00 s 80 01 00");
    pass_ms(&desk, 5);
    expect(&desk, TALLY_USB_CCID_IN, "80 02000000 00 s 00 00 00 9000");
}

static void while_a_card_thinks_the_slot_is_busy(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.waits = 1;
    talk(&desk, "6f 0d000000 00 s 00 0000 00a4040007d276000085010100", NULL);
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 40 e0 00");
    pass_ms(&desk, 5);
    desk.seq--;
    expect(&desk, TALLY_USB_CCID_IN, "80 02000000 00 s 00 00 00 9000");
}

static void a_card_that_leaves_in_the_middle_is_mute_and_then_gone(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.is_gone_at_next = true;
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", "80 00000000 00 s 42 fe 00");
    pass_ms(&desk, 1);
    expect(&desk, TALLY_USB_SLOT_IN, "50 02");
}

static void a_mute_card_and_a_broken_front_end_are_told_apart(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.is_mute = true;
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", "80 00000000 00 s 40 fe 00");
    desk.slot.is_broken = true;
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", "80 00000000 00 s 40 fb 00");
    pass_ms(&desk, TALLY_CARD_LEAVE_ALONE_MS);
    expect(&desk, TALLY_USB_SLOT_IN, "50 02");
}

/* ---- messages that are wrong ---- */

static void what_is_wrong_is_named_by_its_offset(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_phone(&desk.card);
    a_desk_with_a_card_switched_on(&desk);
    talk(&desk, "65 00000000 01 s 000000", "81 00000000 01 s 42 05 00");
    talk(&desk, "62 00000000 00 s 04 0000", "80 00000000 00 s 40 07 00");
    talk(&desk, "62 01000000 00 s 00 0000 00", "80 00000000 00 s 40 01 00");
    talk(&desk, "6f 05000000 00 s 00 0100 ffca000000", "80 00000000 00 s 40 08 00");
    talk(&desk, "6f 03000000 00 s 00 0000 ffca00", "80 00000000 00 s 40 01 00");
    talk(&desk, "6f 05000000 00 s 00 0000 ffca00", "80 00000000 00 s 40 01 00");
    talk(&desk, "6f 05000000 00 s 00 0000 ffca00000000", "80 00000000 00 s 40 01 00");
    talk(&desk, "6f ffffffff 00 s 00 0000 ffca000000", "80 00000000 00 s 40 01 00");
    talk(&desk, "6b 05000000 00 s 00 0000 ff00510000", "83 00000000 00 s 40 00 00");
    talk(&desk, "99 00000000 00 s 00 0000", "81 00000000 00 s 40 00 00");
    talk(&desk, "61 05000000 00 s 00 0000 1100000a00", "82 00000000 00 s 40 07 00");
    talk(&desk, "6f 05000000 00 s 00 0000 ffca000000", "80 06000000 00 s 00 00 00 085a31c7 9000");
    talk(&desk, "6f 0500", NULL); /* nobody can be answered */
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 00 00 00");
}

static void parameters_are_those_of_t_1_whatever_a_host_sets(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    talk(&desk, "6c 00000000 00 s 000000", "82 07000000 00 s 02 00 01 1110004d00fe00");
    talk(&desk, "6d 00000000 00 s 000000", "82 07000000 00 s 02 00 01 1110004d00fe00");
    talk(&desk, "61 07000000 00 s 01 0000 1110004d002000",
         "82 07000000 00 s 02 00 01 1110004d00fe00");
    talk(&desk, "61 05000000 00 s 01 0000 1110004d00", "82 00000000 00 s 42 01 00");
}

static void a_message_may_come_in_packets_and_needs_no_empty_one_at_its_end(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t message[128] = {0x6f, 118, 0, 0, 0, 0, 9};
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    message[10 + 1] = 0x70; /* an INS that the card does not know */
    tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT, message, 64);
    expect(&desk, TALLY_USB_CCID_IN, NULL);
    tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT, message + 64, 64);
    desk.seq = 9;
    expect(&desk, TALLY_USB_CCID_IN, "80 02000000 00 s 00 00 00 6d00");
}

static void a_message_that_is_too_long_is_swallowed_whole(void **state)
{
    (void)state;
    struct desk desk;
    uint8_t message[10 + 310] = {0x6f, 310 & 0xff, 310 >> 8, 0, 0, 0, 9};
    an_empty_desk(&desk);
    for (size_t at = 0; at < sizeof message; at += 64) {
        expect(&desk, TALLY_USB_CCID_IN, NULL);
        tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT, message + at, 64);
    }
    desk.seq = 9;
    expect(&desk, TALLY_USB_CCID_IN, "80 00000000 00 s 42 01 00");
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 02 00 00");
}

static void the_next_message_waits_until_the_answer_is_taken(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    say(&desk, "65 00000000 00 s 000000");
    assert_false(tally_usb_device_is_ready(&desk.device, TALLY_USB_CCID_OUT));
    tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT,
                              (const uint8_t *)"\x65\0\0\0\0\0\x77\0\0\0", 10);
    expect(&desk, TALLY_USB_CCID_IN, "81 00000000 00 s 02 00 00");
    expect(&desk, TALLY_USB_CCID_IN, NULL);
}

/* ---- abort ---- */

static enum tally_usb_answer_kind ask_abort(struct desk *desk, uint8_t slot, uint8_t seq)
{
    const struct tally_usb_setup setup = {0x21, 0x01, (uint16_t)(seq << 8 | slot), 1, 0};
    return tally_usb_device_setup(&desk->device, &setup).kind;
}

static void an_abort_comes_in_two_halves_in_either_order(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.waits = 100;
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", NULL);
    assert_int_equal(TALLY_USB_DONE, ask_abort(&desk, 0, (uint8_t)(desk.seq + 2)));
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 40 ff 00");
    talk(&desk, "72 00000000 00 s 000000", "81 00000000 00 s 00 00 00");
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", NULL);
    talk(&desk, "72 00000000 00 s 000000", NULL);
    assert_int_equal(TALLY_USB_STALL, ask_abort(&desk, 1, desk.seq));
    assert_int_equal(TALLY_USB_DONE, ask_abort(&desk, 0, desk.seq));
    expect(&desk, TALLY_USB_CCID_IN, "81 00000000 00 s 00 00 00");
    desk.card.waits = 0;
    apdu(&desk, "00a4040007d276000085010100", "9000");
}

static void a_reset_in_the_middle_of_everything_leaves_nothing_behind(void **state)
{
    (void)state;
    struct desk desk;
    an_empty_desk(&desk);
    tally_virtual_type4(&desk.card, NULL, 0);
    a_desk_with_a_card_switched_on(&desk);
    desk.card.waits = 100;
    talk(&desk, "6f 05000000 00 s 00 0000 00b0000002", NULL);
    tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT, (const uint8_t *)"\x65", 1);
    configure(&desk);
    pass_ms(&desk, 1000);
    expect(&desk, TALLY_USB_CCID_IN, NULL);
    expect(&desk, TALLY_USB_SLOT_IN, "50 03");
    talk(&desk, "65 00000000 00 s 000000", "81 00000000 00 s 01 00 00");
}

static void clock_and_rate_can_be_asked_for(void **state)
{
    (void)state;
    struct desk desk;
    const struct tally_usb_setup clock = {0xa1, 0x02, 0, 1, 4}, rates = {0xa1, 0x03, 0, 1, 2};
    an_empty_desk(&desk);
    struct tally_usb_answer answer = tally_usb_device_setup(&desk.device, &clock);
    assert_int_equal(4, answer.len);
    assert_memory_equal("\xf8\x34\0\0", answer.data, 4);
    assert_int_equal(2, tally_usb_device_setup(&desk.device, &rates).len);
}

/* ---- real exchanges ---- */

/* Questions that real hosts have put to real readers are all answered: with the type that belongs
 * to them, the same slot and sequence number, and as many bytes as dwLength says. */
static void questions_of_real_hosts_get_answers_of_the_right_shape(void **state)
{
    (void)state;
    char line[512];
    int count = 0;
    uint8_t question[300];
    struct desk desk;
    FILE *file = fopen(SHARED_VECTORS "/ccid/real-ccid-exchanges.txt", "r");
    if (file == NULL) {
        skip();
    }
    an_empty_desk(&desk);
    tally_virtual_ntag213(&desk.card, NULL, 0);
    put_card(&desk);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t len = 0;
        if (line[0] != '>') {
            continue;
        }
        size_t question_len = bytes_of(&desk, line + 1, question, sizeof question);
        tally_usb_device_received(&desk.device, TALLY_USB_CCID_OUT, question, question_len);
        const uint8_t *answer = tally_usb_device_pending(&desk.device, TALLY_USB_CCID_IN, &len);
        assert_non_null(answer);
        assert_int_equal(question[0] == 0x65 ? 0x81 : question[0] == 0x6b ? 0x83 : 0x80, answer[0]);
        assert_int_equal(len, 10 + answer[1]);
        assert_memory_equal(question + 5, answer + 5, 2);
        tally_usb_device_sent(&desk.device, TALLY_USB_CCID_IN, len);
        count++;
    }
    fclose(file);
    assert_true(count > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_has_a_smart_card_interface_where_there_is_a_front_end),
        cmocka_unit_test(a_card_that_comes_and_goes_is_notified),
        cmocka_unit_test(a_card_that_was_there_first_is_notified_once_the_host_is_there),
        cmocka_unit_test(another_card_in_its_place_is_a_card_that_left_and_one_that_came),
        cmocka_unit_test(the_atr_tells_a_storage_card_from_one_that_speaks_apdus),
        cmocka_unit_test(a_card_that_is_switched_off_answers_nothing),
        cmocka_unit_test(the_uid_comes_as_long_as_it_is_asked_for),
        cmocka_unit_test(a_phone_shows_a_random_uid_and_its_ats),
        cmocka_unit_test(an_ntag_is_read_page_by_page),
        cmocka_unit_test(a_classic_opens_its_sector_to_the_right_key_only),
        cmocka_unit_test(the_keys_are_forgotten_with_the_card),
        cmocka_unit_test(a_type_4_tag_gives_its_ndef_file),
        cmocka_unit_test(what_a_card_said_is_wiped_once_the_host_has_it),
        cmocka_unit_test(a_payment_card_names_itself),
        cmocka_unit_test(a_slow_card_is_covered_by_time_extensions),
        cmocka_unit_test(while_a_card_thinks_the_slot_is_busy),
        cmocka_unit_test(a_card_that_leaves_in_the_middle_is_mute_and_then_gone),
        cmocka_unit_test(a_mute_card_and_a_broken_front_end_are_told_apart),
        cmocka_unit_test(what_is_wrong_is_named_by_its_offset),
        cmocka_unit_test(parameters_are_those_of_t_1_whatever_a_host_sets),
        cmocka_unit_test(a_message_may_come_in_packets_and_needs_no_empty_one_at_its_end),
        cmocka_unit_test(a_message_that_is_too_long_is_swallowed_whole),
        cmocka_unit_test(the_next_message_waits_until_the_answer_is_taken),
        cmocka_unit_test(an_abort_comes_in_two_halves_in_either_order),
        cmocka_unit_test(a_reset_in_the_middle_of_everything_leaves_nothing_behind),
        cmocka_unit_test(clock_and_rate_can_be_asked_for),
        cmocka_unit_test(questions_of_real_hosts_get_answers_of_the_right_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
