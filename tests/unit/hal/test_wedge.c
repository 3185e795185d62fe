/* SPDX-License-Identifier: Apache-2.0 */
/* What a keyboard wedge types, from key reports to a card; and its driver on a played device. */
#include "hal/reader/wedge.h"

#include "hal/reader/drivers.h"
#include "hal/reader/hid_request.h"
#include "tests/fakes/fake_link.h"
#include "tests/unit/hal/hid_build.h"
#include "tests/unit/hal/wedge_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define OURS        "60058541029558180"
#define OURS_STRIPE ";60058541029558180=9904?"
#define PAYMENT     "4111111111111111"
#define STATIC_CODE "TLY1:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ5" /* CODES.md */

/* A 12-digit rule that claims the end of other numbers: half a card must not become its card. */
static const struct tally_card_rule own_rules[] = {{"600585", 17}, {"541029", 12}, {"600585", 12}};
static struct hal_reader_settings settings;
static struct hal_wedge wedge;

static int set_up(void **state)
{
    (void)state;
    settings = (struct hal_reader_settings){.rules = {own_rules, 3}};
    memset(&wedge, 0, sizeof wedge);
    return 0;
}

/* ---- reports ---- */

/* Sends one report, for the tests of the pure part to `wedge`, for those of the driver to a
 * link. */
typedef void send_fn(void *context, const uint8_t report[HAL_WEDGE_REPORT_LEN]);

static void send_to_wedge(void *context, const uint8_t report[HAL_WEDGE_REPORT_LEN])
{
    (void)context;
    (void)hal_wedge_report(&wedge, settings.wedge.layout, report, HAL_WEDGE_REPORT_LEN);
}

static void send_keys(send_fn *send, void *context, uint8_t modifiers, uint8_t first,
                      uint8_t second)
{
    const uint8_t report[HAL_WEDGE_REPORT_LEN] = {modifiers, 0, first, second};
    send(context, report);
}

static void press(send_fn *send, void *context, uint8_t modifiers, uint8_t usage)
{
    send_keys(send, context, modifiers, usage, 0);
    send_keys(send, context, 0, 0, 0);
}

static void type_character(send_fn *send, void *context, char character)
{
    struct key_press key = {.usage = 0};
    if (!find_key(settings.wedge.layout, character, &key)) {
        fail_msg("no key for %c", character);
    }
    press(send, context, key.modifiers, key.usage);
    if (key.is_dead) {
        press(send, context, 0, 0x2c);
    }
}

static void type_text(send_fn *send, void *context, const char *text)
{
    for (; *text != '\0'; text++) {
        type_character(send, context, *text);
    }
}

static void type(const char *text)
{
    type_text(send_to_wedge, NULL, text);
}

static void expect_typed(const char *text)
{
    assert_false(wedge.is_spoiled);
    assert_int_equal(strlen(text), wedge.len);
    assert_memory_equal(text, wedge.text, wedge.len);
}

static enum tally_status read_card(struct tally_card *card)
{
    enum tally_status status = hal_wedge_card(&wedge, &settings, card);
    for (size_t i = 0; i < sizeof wedge.text; i++) {
        assert_int_equal(0, wedge.text[i]); /* wiped whatever it was */
    }
    return status;
}

static void expect_ours(const struct tally_card *card, enum tally_card_entry entry)
{
    assert_int_equal(TALLY_CARD_NUMBER, card->kind);
    assert_int_equal(entry, card->entry);
    assert_int_equal(strlen(OURS), card->len);
    assert_memory_equal(OURS, card->bytes, card->len);
}

static void expect_refused(enum tally_status expected, const char *text)
{
    struct tally_card card;
    type(text);
    enum tally_status status = read_card(&card);
    if (status != expected) {
        fail_msg("%s: %s", text, tally_status_name(status));
    }
}

/* ---- keys ---- */

static void every_ascii_character_is_typed_on_every_layout(void **state)
{
    (void)state;
    for (int layout = HAL_LAYOUT_US; layout <= HAL_LAYOUT_FRENCH; layout++) {
        settings.wedge.layout = (enum hal_keyboard_layout)layout;
        for (char character = ' '; character <= '~'; character++) {
            const char text[] = {'0', character, '1', '\0'};
            memset(&wedge, 0, sizeof wedge);
            type(text);
            if (wedge.is_spoiled || wedge.len != 3 || memcmp(wedge.text, text, 3) != 0) {
                fail_msg("layout %d does not type %c", layout, character);
            }
        }
    }
}

static void either_shift_counts_and_no_key_types_what_its_caps_do_not_say(void **state)
{
    (void)state;
    press(send_to_wedge, NULL, 0x20, 0x22); /* right Shift and 5 */
    press(send_to_wedge, NULL, 0x02, 0x22);
    press(send_to_wedge, NULL, 0x22, 0x38);
    expect_typed("%%?");
    settings.wedge.layout = HAL_LAYOUT_GERMAN;
    press(send_to_wedge, NULL, 0, 0x33); /* an umlaut */
    assert_true(wedge.is_spoiled);
}

static void alt_gr_may_come_as_control_and_alt(void **state)
{
    (void)state;
    settings.wedge.layout = HAL_LAYOUT_GERMAN;
    press(send_to_wedge, NULL, 0x05, 0x14);
    expect_typed("@");
}

static void a_doubled_character_needs_its_release(void **state)
{
    (void)state;
    press(send_to_wedge, NULL, 0, 0x1e);
    press(send_to_wedge, NULL, 0, 0x1e);
    expect_typed("11");
    send_keys(send_to_wedge, NULL, 0, 0x1f, 0);
    send_keys(send_to_wedge, NULL, 0, 0x1f, 0); /* a report repeated */
    send_keys(send_to_wedge, NULL, 0, 0, 0x1f); /* the key stayed down, in another place */
    expect_typed("112");
}

static void releases_may_come_together_with_the_next_keys(void **state)
{
    (void)state;
    send_keys(send_to_wedge, NULL, 0, 0x1e, 0);    /* 1 down */
    send_keys(send_to_wedge, NULL, 0, 0x1e, 0x1f); /* 2 too */
    send_keys(send_to_wedge, NULL, 0, 0x1f, 0x20); /* 1 up, 3 down */
    send_keys(send_to_wedge, NULL, 0, 0x1e, 0);    /* all up, 1 down again */
    send_keys(send_to_wedge, NULL, 0, 0, 0);
    expect_typed("1231");
}

static void keys_of_one_report_are_typed_in_its_order(void **state)
{
    (void)state;
    const uint8_t report[] = {0, 0, 0x24, 0x1e, 0x22, 0, 0x1f, 0x27};
    send_to_wedge(NULL, report);
    expect_typed("71520");
}

static void shift_that_comes_before_its_key_types_nothing(void **state)
{
    (void)state;
    send_keys(send_to_wedge, NULL, 0x02, 0, 0);
    send_keys(send_to_wedge, NULL, 0x02, 0x04, 0);
    send_keys(send_to_wedge, NULL, 0, 0x04, 0);
    send_keys(send_to_wedge, NULL, 0, 0, 0);
    expect_typed("A");
}

static void lock_keys_type_nothing_and_change_nothing(void **state)
{
    (void)state;
    press(send_to_wedge, NULL, 0, 0x39);
    type("ab1");
    press(send_to_wedge, NULL, 0, 0x53);
    press(send_to_wedge, NULL, 0, 0x47);
    type("?");
    expect_typed("ab1?");
}

static void the_keypad_types_digits_on_every_layout(void **state)
{
    (void)state;
    settings.wedge.layout = HAL_LAYOUT_FRENCH;
    for (uint8_t usage = 0x59; usage <= 0x62; usage++) {
        press(send_to_wedge, NULL, 0, usage);
    }
    expect_typed("1234567890");
    const uint8_t enter[HAL_WEDGE_REPORT_LEN] = {0, 0, 0x58};
    assert_int_equal(HAL_WEDGE_END, hal_wedge_report(&wedge, HAL_LAYOUT_FRENCH, enter, 8));
}

static void type_number(const char *digits)
{
    send_keys(send_to_wedge, NULL, 0x04, 0, 0);
    for (; *digits != '\0'; digits++) {
        uint8_t usage = *digits == '0' ? 0x62 : (uint8_t)(0x59 + *digits - '1');
        send_keys(send_to_wedge, NULL, 0x04, usage, 0);
        send_keys(send_to_wedge, NULL, 0x04, 0, 0);
    }
    send_keys(send_to_wedge, NULL, 0, 0, 0);
}

static void alt_and_the_keypad_type_a_character_by_its_number(void **state)
{
    (void)state;
    settings.wedge.layout = HAL_LAYOUT_FRENCH;
    type_number("059");
    type_number("54");
    type_number("0063");
    expect_typed(";6?");
    type_number("233"); /* no ASCII */
    assert_true(wedge.is_spoiled);
}

static void control_and_a_letter_ends_or_says_nothing(void **state)
{
    (void)state;
    type("1");
    press(send_to_wedge, NULL, 0x01, 0x0a); /* ^G */
    type("2");
    expect_typed("12");
    static const uint8_t ends[] = {0x0c, 0x0d, 0x10}; /* ^I, ^J, ^M */
    for (size_t i = 0; i < sizeof ends; i++) {
        const uint8_t report[HAL_WEDGE_REPORT_LEN] = {0x10, 0, ends[i]};
        memset(&wedge, 0, sizeof wedge);
        assert_int_equal(HAL_WEDGE_END, hal_wedge_report(&wedge, HAL_LAYOUT_US, report, 8));
    }
}

/* ---- doubt ---- */

static void a_rollover_makes_the_card_unreadable(void **state)
{
    (void)state;
    for (uint8_t error = 1; error <= 3; error++) {
        struct tally_card card;
        const uint8_t all[] = {0, 0, error, error, error, error, error, error};
        type("6005854102");
        send_to_wedge(NULL, all);
        type("9558180");
        assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
        send_keys(send_to_wedge, NULL, 0, 0, error); /* what came first is not known */
        type(OURS);
        assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
        type(OURS); /* and the next is read */
        assert_int_equal(TALLY_OK, read_card(&card));
    }
}

static void what_no_keyboard_sends_makes_the_card_unreadable(void **state)
{
    (void)state;
    static const uint8_t reports[][HAL_WEDGE_REPORT_LEN] = {
        {0, 0, 0x1e, 0x1e}, /* a key twice */
        {0, 0, 0x3a},       /* F1 */
        {0, 0, 0x2a},       /* Backspace */
        {0x08, 0, 0x1e},    /* a window key */
        {0x04, 0, 0x1e},    /* Alt with a key that is not the keypad's */
    };
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        struct tally_card card;
        type("6");
        send_to_wedge(NULL, reports[i]);
        send_keys(send_to_wedge, NULL, 0, 0, 0);
        type("0058541029558180");
        assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
    }
    struct tally_card card;
    type("6");
    (void)hal_wedge_report(&wedge, HAL_LAYOUT_US, reports[0], 7);
    type("0058541029558180");
    assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
    type(OURS);
    hal_wedge_lost(&wedge);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
}

static void keys_before_any_text_are_not_a_card(void **state)
{
    (void)state;
    struct tally_card card;
    press(send_to_wedge, NULL, 0, 0x3a);
    press(send_to_wedge, NULL, 0, 0x52);
    assert_false(hal_wedge_is_typing(&wedge));
    assert_int_equal(TALLY_E_NOT_FOUND, read_card(&card));
}

static void a_text_longer_than_any_card_is_unreadable(void **state)
{
    (void)state;
    struct tally_card card;
    for (int i = 0; i < HAL_WEDGE_TEXT_MAX; i++) {
        type("6");
    }
    assert_false(wedge.is_spoiled);
    type("6");
    assert_int_equal(HAL_WEDGE_TEXT_MAX, wedge.len);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, read_card(&card));
}

static void what_is_typed_behind_enter_in_one_report_spoils_the_next(void **state)
{
    (void)state;
    struct tally_card card;
    static const uint8_t reports[][HAL_WEDGE_REPORT_LEN] = {
        {0, 0, 0x28, 0x2b, 0x58}, /* ends alone */
        {0, 0, 0x28, 0x23, 0x2b},
        {0, 0, 0x28, 0x23},
    };
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        type(OURS);
        assert_int_equal(HAL_WEDGE_END, hal_wedge_report(&wedge, HAL_LAYOUT_US, reports[i], 8));
        assert_int_equal(TALLY_OK, read_card(&card));
        send_keys(send_to_wedge, NULL, 0, 0, 0);
        type(OURS);
        assert_int_equal(i == 0 ? TALLY_OK : TALLY_E_CARD_UNREADABLE, read_card(&card));
    }
}

/* ---- texts ---- */

static void a_stripe_that_is_typed_is_swiped(void **state)
{
    (void)state;
    static const char *const stripes[] = {
        OURS_STRIPE,
        "%N" OURS "^MEMBER^?" OURS_STRIPE "+1=2?",
        "%E?" OURS_STRIPE "+E?",
        "%N" OURS "^MEMBER^?;E?",
        OURS_STRIPE "<", /* its LRC */
    };
    for (int layout = HAL_LAYOUT_US; layout <= HAL_LAYOUT_FRENCH; layout++) {
        settings.wedge.layout = (enum hal_keyboard_layout)layout;
        for (size_t i = 0; i < sizeof stripes / sizeof stripes[0]; i++) {
            struct tally_card card;
            type(stripes[i]);
            assert_int_equal(TALLY_OK, read_card(&card));
            expect_ours(&card, TALLY_ENTRY_SWIPED);
        }
    }
}

static void a_stripe_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    expect_refused(TALLY_E_PAYMENT_CARD, ";" PAYMENT "=30011010000?");
    expect_refused(TALLY_E_PAYMENT_CARD, "%B" PAYMENT "^DOE/JANE^3001?;E?");
    expect_refused(TALLY_E_UNKNOWN_CARD, ";92101707137827464=2456?");
    expect_refused(TALLY_E_CARD_UNREADABLE, "%E?");
    expect_refused(TALLY_E_CARD_UNREADABLE, "%E?;E?+E?");
    expect_refused(TALLY_E_CARD_UNREADABLE, "%E?;92101707137827464=2456?");
    expect_refused(TALLY_E_CARD_UNREADABLE, ";60058541029558180"); /* no end */
}

static void a_number_that_a_typing_reader_may_have_masked_is_nobodys(void **state)
{
    (void)state;
    struct tally_card card;
    type("%E?" OURS_STRIPE "|0200|" OURS_STRIPE "|" OURS_STRIPE "|0000"); /* keys, but not in use */
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card, TALLY_ENTRY_SWIPED);
    static const char *const statuses[] = {"|0600|", "|0006|", "|0200", "|02", "|", "|02X0|"};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        type(";60058500000008180=9904?");
        expect_refused(TALLY_E_UNKNOWN_CARD, statuses[i]);
    }
    type(";" OURS "?|0600|"); /* not laid out to be masked */
    assert_int_equal(TALLY_OK, read_card(&card));
}

static void a_plain_text_is_scanned(void **state)
{
    (void)state;
    struct tally_card card;
    type(OURS);
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card, TALLY_ENTRY_SCANNED);
    type("member:" OURS);
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card, TALLY_ENTRY_SCANNED);
    expect_refused(TALLY_E_PAYMENT_CARD, PAYMENT);
    expect_refused(TALLY_E_UNKNOWN_CARD, "HELLO");
}

static void prefix_and_suffix_are_taken_off_and_asked_for(void **state)
{
    (void)state;
    struct tally_card card;
    settings.wedge = (struct hal_wedge_settings){.prefix = "<<", .suffix = "!"};
    type("<<" OURS "!");
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card, TALLY_ENTRY_SCANNED);
    type("<<" OURS_STRIPE "!");
    assert_int_equal(TALLY_OK, read_card(&card));
    expect_ours(&card, TALLY_ENTRY_SWIPED);
    expect_refused(TALLY_E_CARD_UNREADABLE, OURS "!");
    expect_refused(TALLY_E_CARD_UNREADABLE, "<<" OURS);
    expect_refused(TALLY_E_CARD_UNREADABLE, "<" OURS "!");
    expect_refused(TALLY_E_CARD_UNREADABLE, "!");
}

static bool is_whole(const char *text)
{
    memset(&wedge, 0, sizeof wedge);
    type(text);
    return hal_wedge_is_whole(&wedge, &settings.wedge);
}

static void only_what_cannot_be_half_is_whole_without_enter(void **state)
{
    (void)state;
    assert_true(is_whole(OURS_STRIPE));
    assert_true(is_whole(STATIC_CODE));
    assert_false(is_whole(OURS));
    assert_false(is_whole(";60058541029558180=9904"));
    assert_false(is_whole("%N1^X^?"
                          ";6005"));
    assert_false(is_whole("TLY1:AKQKDIVDUSS2NJ5IVGZSVCWEFP3WMLJ"));
    assert_false(is_whole(""));
    memcpy(settings.wedge.suffix, "!", 2);
    assert_true(is_whole(OURS "!"));
    assert_false(is_whole(OURS_STRIPE));
}

/* ---- the driver ---- */

static struct fake_link fake;

static const struct hal_interface magtek = {.idVendor = 0x0801,
                                            .idProduct = 0x0001,
                                            .bInterfaceNumber = 2,
                                            .bInterfaceClass = 3,
                                            .bInterfaceSubClass = 1,
                                            .bInterfaceProtocol = 1,
                                            .interrupt_in = 0x81};

static int set_up_driver(void **state)
{
    set_up(state);
    fake_link_open(&fake, &hal_driver_wedge, &magtek, &settings, NULL, NULL);
    fake_link_answer_control(&fake, TALLY_OK, NULL, 0);
    fake_link_answer_control(&fake, TALLY_OK, NULL, 0);
    return 0;
}

static uint32_t character_ms;

static void send_to_link(void *context, const uint8_t report[HAL_WEDGE_REPORT_LEN])
{
    (void)context;
    fake_link_report(&fake, report, HAL_WEDGE_REPORT_LEN);
    fake_link_wait(&fake, character_ms);
}

static void play(const char *text)
{
    type_text(send_to_link, NULL, text);
}

static void expect_said(unsigned cards, unsigned refusals)
{
    assert_int_equal(cards, fake.card_count);
    assert_int_equal(refusals, fake.refused_count);
}

static bool fits(struct hal_interface interface)
{
    return hal_driver_wedge.fits(&interface, &settings);
}

static void the_settings_say_which_keyboards_are_readers(void **state)
{
    (void)state;
    struct hal_interface office = magtek, mouse = magtek, deaf = magtek;
    office.idVendor = 0x04d9;
    office.idProduct = 0x1603;
    mouse.bInterfaceProtocol = 2;
    deaf.interrupt_in = 0;
    assert_true(fits(magtek));
    assert_false(fits(office));
    settings.wedge.idVendor = 0x04d9;
    settings.wedge.idProduct = 0x1603;
    assert_true(fits(office));
    assert_true(fits(magtek));
    settings.wedge.choice = HAL_WEDGE_NONE;
    assert_true(fits(office));
    assert_false(fits(magtek));
    settings.wedge = (struct hal_wedge_settings){.choice = HAL_WEDGE_ALL};
    assert_true(fits(office));
    assert_false(fits(mouse));
    assert_false(fits(deaf));
    mouse = office;
    mouse.bInterfaceSubClass = 0;
    assert_false(fits(mouse));
}

static void the_boot_protocol_is_asked_for_before_anything_is_read(void **state)
{
    (void)state;
    fake_link_open(&fake, &hal_driver_wedge, &magtek, &settings, NULL, NULL);
    assert_int_equal(0, fake.listen_len);
    fake_link_answer_control(&fake, TALLY_OK, NULL, 0);
    fake_link_answer_control(&fake, TALLY_E_DEVICE, NULL, 0); /* SET_IDLE is refused: no harm */
    static const struct hal_setup expected[] = {{0x21, 0x0b, 0, 2, 0}, {0x21, 0x0a, 0, 2, 0}};
    assert_int_equal(2, fake.control_count);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&expected[i], &fake.controls[i].setup, sizeof expected[i]);
    }
    assert_int_equal(HAL_WEDGE_REPORT_LEN, fake.listen_len);
    assert_true(fake.short_ends);
    assert_int_equal(1, fake.ready_count);
    assert_false(fake.has_ended);
}

static void a_typed_card_is_read_at_any_speed(void **state)
{
    (void)state;
    static const uint32_t speeds_ms[] = {0, 1, 10, 100, 240};
    for (size_t i = 0; i < sizeof speeds_ms / sizeof speeds_ms[0]; i++) {
        set_up_driver(state);
        character_ms = speeds_ms[i];
        play(OURS_STRIPE "\n");
        expect_said(1, 0);
        expect_ours(&fake.card, TALLY_ENTRY_SWIPED);
        play(OURS "\t\n"); /* an end of its own is no card */
        expect_said(2, 0);
        expect_ours(&fake.card, TALLY_ENTRY_SCANNED);
        play(";" PAYMENT "=3001?\n");
        expect_said(2, 1);
        assert_int_equal(TALLY_E_PAYMENT_CARD, fake.refusal);
        assert_false(fake_link_state_holds(&fake, PAYMENT, strlen(PAYMENT)));
        fake_link_wait(&fake, 10000);
        expect_said(2, 1);
    }
    character_ms = 0;
}

static void a_stripe_without_enter_is_read_when_nothing_follows(void **state)
{
    (void)state;
    play(OURS_STRIPE);
    fake_link_wait(&fake, HAL_WEDGE_SILENCE_MS - 1);
    expect_said(0, 0);
    fake_link_wait(&fake, 1);
    expect_said(1, 0);
    fake_link_wait(&fake, 10000);
    expect_said(1, 0);
}

/* Cuts a card everywhere, with a pause in the cut: neither part is a card, though a rule claims
 * it. */
static void half_a_card_is_never_a_card(void **state)
{
    (void)state;
    char text[] = OURS "\n";
    for (size_t cut = 1; cut < strlen(OURS); cut++) {
        set_up_driver(state);
        char first[sizeof text];
        memcpy(first, text, cut);
        first[cut] = '\0';
        play(first);
        fake_link_wait(&fake, HAL_WEDGE_SILENCE_MS + 1);
        assert_true(cut < 4 || !fake_link_state_holds(&fake, first, cut));
        play(text + cut);
        expect_said(0, 1);
        assert_int_equal(TALLY_E_CARD_UNREADABLE, fake.refusal);
        play(text);
        expect_said(1, 1);
    }
}

static void a_broken_text_is_over_only_after_a_long_silence(void **state)
{
    (void)state;
    play("6");
    fake_link_wait(&fake, HAL_WEDGE_SILENCE_MS);
    play("0");
    fake_link_wait(&fake, HAL_WEDGE_RECOVERY_MS - 1);
    play(OURS "\n"); /* may be the end of a longer one */
    expect_said(0, 1);
    play("6");
    fake_link_wait(&fake, HAL_WEDGE_SILENCE_MS + HAL_WEDGE_RECOVERY_MS);
    expect_said(0, 2);
    play(OURS "\n");
    expect_said(1, 2);
}

static void a_text_that_is_never_ended_is_refused_once_and_forgotten(void **state)
{
    (void)state;
    play("600585410295");
    fake_link_wait(&fake, 10000);
    expect_said(0, 1);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, fake.refusal);
    play(OURS "\n");
    expect_said(1, 1);
}

static void a_lost_report_makes_the_card_unreadable(void **state)
{
    (void)state;
    play("600585410");
    fake_link_broken(&fake);
    play("29558180\n");
    expect_said(0, 1);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, fake.refusal);
    fake_link_broken(&fake); /* between cards: said after a while */
    fake_link_wait(&fake, 10000);
    expect_said(0, 2);
    play(OURS "\n");
    expect_said(1, 2);
}

/* Whatever keys come: no card but one that was typed whole, and nothing outside of the state. */
static void noise_is_never_a_card(void **state)
{
    (void)state;
    uint32_t seed = 4711;
    print_message("seed %u\n", (unsigned)seed);
    for (int round = 0; round < 20000; round++) {
        uint8_t report[HAL_WEDGE_REPORT_LEN];
        for (size_t i = 0; i < sizeof report; i++) {
            uint32_t random = next_random(&seed);
            report[i] = random % 3 == 0 ? (uint8_t)(random >> 8) : 0;
        }
        fake_link_report(&fake, report, sizeof report - (next_random(&seed) % 50 == 0));
        fake_link_wait(&fake, next_random(&seed) % 40 == 0 ? 3000 : 0);
    }
    assert_int_equal(0, fake.card_count);
}

/* What a maker's manual prints as typed by its readers: payment cards, so all are refused. */
static void the_published_keyboard_texts_are_refused_as_payment_cards(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/magtek/ex04-05-keyboard.txt", "r");
    if (file == NULL) {
        skip();
    }
    char line[2048];
    unsigned count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] != '%') {
            continue;
        }
        char *end = strstr(line, "<ENTER>");
        line[end != NULL ? (size_t)(end - line) : strcspn(line, "\n")] = '\0';
        count++;
        play(line);
        play("\n");
        expect_said(0, count);
        assert_int_equal(TALLY_E_PAYMENT_CARD, fake.refusal);
    }
    fclose(file);
    assert_int_equal(2, count);
}

/* A recorded keyboard: which of its interfaces is one. */
static void a_real_keyboards_descriptors_are_told_apart(void **state)
{
    (void)state;
    FILE *file = fopen(TALLY_TEST_VECTORS "/hidkbd/usbkbd.pcap.umockdev", "r");
    if (file == NULL) {
        skip();
    }
    char line[1024];
    uint8_t bytes[256];
    size_t len = 0;
    while (len == 0 && fgets(line, sizeof line, file) != NULL) {
        unsigned byte = 0;
        const char *hex = strncmp(line, "H: descriptors=", 15) == 0 ? line + 15 : NULL;
        for (; hex != NULL && len < sizeof bytes && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
            bytes[len++] = (uint8_t)byte;
        }
    }
    fclose(file);
    settings.wedge.choice = HAL_WEDGE_ALL;
    unsigned keyboards = 0, interfaces = 0;
    for (size_t at = 0; at + 9 <= len && bytes[at] != 0; at += bytes[at]) {
        if (bytes[at + 1] == 4) {
            struct hal_interface interface = {.bInterfaceNumber = bytes[at + 2],
                                              .bInterfaceClass = bytes[at + 5],
                                              .bInterfaceSubClass = bytes[at + 6],
                                              .bInterfaceProtocol = bytes[at + 7],
                                              .interrupt_in = 0x81};
            interfaces++;
            keyboards += fits(interface);
        }
    }
    assert_int_equal(2, interfaces);
    assert_int_equal(1, keyboards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_ascii_character_is_typed_on_every_layout, set_up),
        cmocka_unit_test_setup(either_shift_counts_and_no_key_types_what_its_caps_do_not_say,
                               set_up),
        cmocka_unit_test_setup(alt_gr_may_come_as_control_and_alt, set_up),
        cmocka_unit_test_setup(a_doubled_character_needs_its_release, set_up),
        cmocka_unit_test_setup(releases_may_come_together_with_the_next_keys, set_up),
        cmocka_unit_test_setup(keys_of_one_report_are_typed_in_its_order, set_up),
        cmocka_unit_test_setup(shift_that_comes_before_its_key_types_nothing, set_up),
        cmocka_unit_test_setup(lock_keys_type_nothing_and_change_nothing, set_up),
        cmocka_unit_test_setup(the_keypad_types_digits_on_every_layout, set_up),
        cmocka_unit_test_setup(alt_and_the_keypad_type_a_character_by_its_number, set_up),
        cmocka_unit_test_setup(control_and_a_letter_ends_or_says_nothing, set_up),
        cmocka_unit_test_setup(a_rollover_makes_the_card_unreadable, set_up),
        cmocka_unit_test_setup(what_no_keyboard_sends_makes_the_card_unreadable, set_up),
        cmocka_unit_test_setup(keys_before_any_text_are_not_a_card, set_up),
        cmocka_unit_test_setup(a_text_longer_than_any_card_is_unreadable, set_up),
        cmocka_unit_test_setup(what_is_typed_behind_enter_in_one_report_spoils_the_next, set_up),
        cmocka_unit_test_setup(a_stripe_that_is_typed_is_swiped, set_up),
        cmocka_unit_test_setup(a_stripe_that_is_not_ours_is_refused, set_up),
        cmocka_unit_test_setup(a_number_that_a_typing_reader_may_have_masked_is_nobodys, set_up),
        cmocka_unit_test_setup(a_plain_text_is_scanned, set_up),
        cmocka_unit_test_setup(prefix_and_suffix_are_taken_off_and_asked_for, set_up),
        cmocka_unit_test_setup(only_what_cannot_be_half_is_whole_without_enter, set_up),
        cmocka_unit_test_setup(the_settings_say_which_keyboards_are_readers, set_up),
        cmocka_unit_test_setup(the_boot_protocol_is_asked_for_before_anything_is_read, set_up),
        cmocka_unit_test_setup(a_typed_card_is_read_at_any_speed, set_up_driver),
        cmocka_unit_test_setup(a_stripe_without_enter_is_read_when_nothing_follows, set_up_driver),
        cmocka_unit_test_setup(half_a_card_is_never_a_card, set_up_driver),
        cmocka_unit_test_setup(a_broken_text_is_over_only_after_a_long_silence, set_up_driver),
        cmocka_unit_test_setup(a_text_that_is_never_ended_is_refused_once_and_forgotten,
                               set_up_driver),
        cmocka_unit_test_setup(a_lost_report_makes_the_card_unreadable, set_up_driver),
        cmocka_unit_test_setup(noise_is_never_a_card, set_up_driver),
        cmocka_unit_test_setup(the_published_keyboard_texts_are_refused_as_payment_cards,
                               set_up_driver),
        cmocka_unit_test_setup(a_real_keyboards_descriptors_are_told_apart, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
