/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of tally-reader that need no bus: records in files, cards in words, an antenna at a
 * tty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "firmware/port/linux-gadget/antenna.h"
#include "firmware/port/linux-gadget/kept.h"
#include "firmware/port/linux-gadget/talkers.h"
#include "firmware/port/linux-gadget/taps.h"

/* ---- records ---- */

static char dir[] = "/tmp/tally-kept-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tally-kept-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const names[] = {"settings", "pair", "counter", "pair.new"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[sizeof dir + 16];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

static void a_record_outlasts_the_process_in_its_own_length(void **state)
{
    (void)state;
    struct kept kept;
    uint8_t bytes[TALLY_KEEP_LEN_MAX] = {0};
    assert_true(kept_open(&kept, dir));
    assert_false(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 4));
    assert_true(kept_save(&kept, TALLY_KEEP_PAIR, (const uint8_t *)"old!", 4));
    assert_true(kept_save(&kept, TALLY_KEEP_PAIR, (const uint8_t *)"new!", 4));
    assert_true(kept_open(&kept, dir));
    assert_false(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 3));
    assert_false(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 5));
    assert_true(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 4));
    assert_memory_equal("new!", bytes, 4);
    assert_false(kept_load(&kept, TALLY_KEEP_COUNTER, bytes, 4));
}

static void what_a_power_cut_left_half_written_does_not_count(void **state)
{
    (void)state;
    struct kept kept;
    uint8_t bytes[4];
    char path[sizeof dir + 16];
    assert_true(kept_open(&kept, dir));
    assert_true(kept_save(&kept, TALLY_KEEP_PAIR, (const uint8_t *)"old!", 4));
    snprintf(path, sizeof path, "%s/pair.new", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(2, write(fd, "ne", 2));
    close(fd);
    assert_true(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 4));
    assert_memory_equal("old!", bytes, 4);
    assert_true(kept_save(&kept, TALLY_KEEP_PAIR, (const uint8_t *)"new!", 4));
    assert_true(kept_load(&kept, TALLY_KEEP_PAIR, bytes, 4));
    assert_memory_equal("new!", bytes, 4);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    struct kept kept;
    uint8_t byte = 0;
    assert_false(kept_open(&kept, "/nowhere/at/all"));
    assert_false(kept_save(&kept, TALLY_KEEP_PAIR, &byte, 1));
}

/* ---- cards in words ---- */

static void every_kind_of_card_can_be_described(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        enum tally_virtual_kind kind;
    } cards[] = {
        {"phone", TALLY_VIRTUAL_UID_ONLY},
        {"payment", TALLY_VIRTUAL_FILES},
        {"ntag213 d1010454026465", TALLY_VIRTUAL_PAGES},
        {"ntag213 text:61021000123", TALLY_VIRTUAL_PAGES},
        {"type4 text:TLY1:ABC", TALLY_VIRTUAL_FILES},
        {"classic ffffffffffff 4 00112233445566778899aabbccddeeff", TALLY_VIRTUAL_BLOCKS},
        {"desfire d2760000850100 0001 3630", TALLY_VIRTUAL_FILES},
    };
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        struct tally_virtual_card card;
        assert_null(taps_card(cards[i].words, &card));
        assert_int_equal(cards[i].kind, card.kind);
    }
}

static void a_uid_of_its_own_replaces_the_kinds(void **state)
{
    (void)state;
    struct tally_virtual_card card;
    assert_null(taps_card("  ntag213  text:1  uid=04A1B2c3 ", &card));
    assert_int_equal(4, card.card.uid_len);
    assert_memory_equal("\x04\xa1\xb2\xc3", card.card.uid, 4);
}

static void what_is_no_card_is_refused_with_what_one_is(void **state)
{
    (void)state;
    static char long_ndef[] =
        "ntag213 text:0123456789012345678901234567890123456789012345678901234567890123"
        "45678901234567890123456789012345678901234567890123456789012345678901234567";
    const char *const wrong[] = {"",
                                 "card",
                                 "phone phone",
                                 "ntag213",
                                 "ntag213 abc",
                                 "ntag213 xy",
                                 "type4 1 2",
                                 "classic ffff 4 00",
                                 "desfire 00 01 02",
                                 long_ndef,
                                 "classic ffffffffffff 64 00112233445566778899aabbccddeeff",
                                 "phone uid=0102",
                                 "phone uid=",
                                 "a b c d e f g"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tally_virtual_card card;
        assert_non_null(taps_card(wrong[i], &card));
    }
}

/* ---- an antenna ---- */

static int open_terminal(char path[64])
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    assert_int_equal(0, ptsname_r(master, path, 64));
    return master;
}

/* Only that bytes go both ways and are not changed on the line; the rest is test_pn532.c's. */
static void frames_go_through_a_tty_unchanged(void **state)
{
    (void)state;
    struct antenna antenna;
    struct tally_slot_card card;
    char path[64];
    uint8_t frame[64];
    int chip = open_terminal(path);
    assert_true(antenna_open(&antenna, path));
    tally_pn532_time(&antenna.pn532, 1);
    assert_int_equal(TALLY_CARD_WAIT, antenna.pn532.slot.look(antenna.pn532.slot.self, &card));
    ssize_t len = read(chip, frame, sizeof frame);
    assert_true(len > 8);
    assert_memory_equal("\x55\x55", frame, 2); /* the chip is woken first */
    /* No line end: a line would wait for one. */
    assert_int_equal(3, write(chip, "\x00\x00\xff", 3));
    antenna_serve(&antenna);
    assert_int_equal(TALLY_PN532_AT_LEN, antenna.pn532.expects);
    antenna_close(&antenna);
    close(chip);
}

static void a_line_that_hangs_up_is_left(void **state)
{
    (void)state;
    struct antenna antenna;
    char path[64];
    int chip = open_terminal(path);
    assert_true(antenna_open(&antenna, path));
    close(chip);
    antenna_serve(&antenna);
    assert_int_equal(-1, antenna.fd);
    antenna_close(&antenna);
    assert_false(antenna_open(&antenna, "/dev/null"));
    assert_int_equal(-1, antenna.fd);
}

/* ---- lines that are the port's ---- */

static enum tally_head_result push(struct tally_head *head, struct tally_reader *reader,
                                   const char *line, const char **ret_error)
{
    enum tally_head_result result = TALLY_HEAD_MORE;
    for (; *line != '\0'; line++) {
        assert_int_equal(TALLY_HEAD_MORE, result);
        result = tally_head_push(head, reader, *line, ret_error);
    }
    return result;
}

static void a_tap_hands_the_rest_of_its_line_over(void **state)
{
    (void)state;
    static struct tally_head head;
    static struct tally_reader reader;
    const char *error = NULL;
    assert_int_equal(TALLY_HEAD_TAP, push(&head, &reader, "tap  type4 text:A uid=01\r\n", &error));
    assert_string_equal("type4 text:A uid=01", head.text);
    assert_int_equal(TALLY_HEAD_UNTAP, push(&head, &reader, "untap\n", &error));
    assert_int_equal(TALLY_HEAD_TAP, push(&head, &reader, "tap\n", &error));
    assert_string_equal("", head.text);
    char line[TALLY_HEAD_TEXT_LEN_MAX + 8] = "tap ";
    memset(line + 4, 'a', sizeof line - 6);
    line[sizeof line - 2] = '\n';
    assert_int_equal(TALLY_HEAD_ERROR, push(&head, &reader, line, &error));
    assert_string_equal("the text is too long", error);
    assert_int_equal(TALLY_HEAD_PRESS, push(&head, &reader, "press\n", &error));
    assert_int_equal(TALLY_HEAD_RELEASE, push(&head, &reader, "release\n", &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_outlasts_the_process_in_its_own_length, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(what_a_power_cut_left_half_written_does_not_count, make_dir,
                                        remove_dir),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
        cmocka_unit_test(every_kind_of_card_can_be_described),
        cmocka_unit_test(a_uid_of_its_own_replaces_the_kinds),
        cmocka_unit_test(what_is_no_card_is_refused_with_what_one_is),
        cmocka_unit_test(frames_go_through_a_tty_unchanged),
        cmocka_unit_test(a_line_that_hangs_up_is_left),
        cmocka_unit_test(a_tap_hands_the_rest_of_its_line_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
