/* SPDX-License-Identifier: Apache-2.0 */
/* Signed reports and proofs: the worked example of firmware/REPORTS.md, what is refused, and the
 * driver's conversation with a reader that is paired, swapped, or being paired. */
#include "hal/reader/signed.h"

#include "app/crypto/crypto.h"
#include "firmware/port/hmac.h"
#include "firmware/usb/descriptors.h"
#include "hal/reader/drivers.h"
#include "tests/fakes/fake_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

#define TRACK_2 ";6100000011224=4912?"

static const struct tally_card_rule own_rules[] = {{"6100", 13}};

struct shop {
    struct hal_reader_pair pair;
    struct hal_reader_pairs pairs;
    struct hal_reader_settings settings;
    unsigned told;
    struct hal_interface interface;
    struct fake_link fake;
};

static void on_counter(void *context, const struct hal_reader_pair *pair)
{
    struct shop *shop = context;
    assert_ptr_equal(&shop->pair, pair);
    shop->told++;
}

static void be_of_form(struct shop *shop, enum tally_msr_form form)
{
    uint16_t len = 0;
    const uint8_t *descriptor = tally_usb_report_descriptor(form, &len);
    shop->interface = (struct hal_interface){.bInterfaceClass = 3,
                                             .interrupt_in = 0x81,
                                             .report_descriptor_len = len,
                                             .report_descriptor = descriptor};
}

static struct shop the_shop;

static int close_shop(void **state)
{
    (void)state;
    fake_link_close(&the_shop.fake);
    return 0;
}

/* Paired with the reader `S1` of the example. */
static struct shop *a_shop(void)
{
    memset(&the_shop, 0, sizeof the_shop);
    memcpy(the_shop.pair.serial, "S1", 3);
    for (uint8_t i = 0; i < sizeof the_shop.pair.key; i++) {
        the_shop.pair.key[i] = i;
    }
    the_shop.pairs =
        (struct hal_reader_pairs){.pairs = &the_shop.pair, .count = 1, .on_counter = on_counter};
    the_shop.pairs.context = &the_shop;
    the_shop.settings =
        (struct hal_reader_settings){.rules = {own_rules, 1}, .pairs = &the_shop.pairs};
    be_of_form(&the_shop, TALLY_MSR_FORM_SIGNED);
    return &the_shop;
}

static struct hal_msr_layout layout_of(enum tally_msr_form form)
{
    uint16_t len = 0;
    const uint8_t *descriptor = tally_usb_report_descriptor(form, &len);
    struct hal_msr_layout layout;
    assert_int_equal(TALLY_OK, hal_msr_layout(descriptor, len, &layout));
    return layout;
}

/* REPORTS.md, "Example": counter and MAC as they are printed there. */
static void the_example(uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN])
{
    static const uint8_t trailer[] = {0x01, 0x00, 0x00, 0x00, 0xf9, 0xc0, 0x82, 0xf1, 0x79, 0x75,
                                      0xcf, 0x3d, 0xd2, 0xba, 0x7e, 0xa9, 0x98, 0x6a, 0xe6, 0xa9};
    memset(report, 0, TALLY_MSR_SIGNED_REPORT_LEN);
    report[TALLY_MSR_LEN_AT + 1] = 0x14;
    memcpy(report + 117, TRACK_2, strlen(TRACK_2));
    memcpy(report + TALLY_MSR_COUNTER_AT, trailer, sizeof trailer);
}

static const uint8_t example_nonce[] = {'0', '1', '2', '3', '4', '5', '6', '7',
                                        '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
static const uint8_t example_proof[] = {0x9e, 0x3c, 0x8f, 0x2f, 0x36, 0x17, 0xbf, 0xd0,
                                        0x6a, 0x55, 0x05, 0x80, 0xca, 0xb9, 0xb6, 0xce};

static void answer_with(uint8_t answer[TALLY_MSR_FEATURE_LEN], const void *data, uint8_t len)
{
    memset(answer, 0, TALLY_MSR_FEATURE_LEN);
    answer[1] = len;
    memcpy(answer + 2, data, len);
}

/* ---- reports ---- */

static void the_report_of_the_specification_is_taken_once(void **state)
{
    (void)state;
    const struct shop *shop = a_shop();
    struct hal_msr_layout layout = layout_of(TALLY_MSR_FORM_SIGNED);
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    uint32_t counter = 0;
    the_example(report);
    assert_int_equal(TALLY_OK,
                     hal_signed_check(&layout, shop->pair.key, 0, report, sizeof report, &counter));
    assert_int_equal(1, counter);
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_check(&layout, shop->pair.key, 1, report, sizeof report, &counter));
    assert_int_equal(TALLY_E_READER_SWAPPED, hal_signed_check(&layout, shop->pair.key, UINT32_MAX,
                                                              report, sizeof report, &counter));
}

static void a_report_is_refused_when_any_bit_of_it_is_another(void **state)
{
    (void)state;
    const struct shop *shop = a_shop();
    struct hal_msr_layout layout = layout_of(TALLY_MSR_FORM_SIGNED);
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    uint32_t counter = 77;
    the_example(report);
    for (size_t bit = 0; bit < sizeof report * 8; bit++) {
        report[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(TALLY_E_READER_SWAPPED, hal_signed_check(&layout, shop->pair.key, 0,
                                                                  report, sizeof report, &counter));
        report[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(77, counter);
}

static void a_report_is_refused_under_another_key_and_when_it_is_not_signed(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    struct hal_msr_layout layout = layout_of(TALLY_MSR_FORM_SIGNED);
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    uint32_t counter = 0;
    the_example(report);
    shop->pair.key[31] ^= 1;
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_check(&layout, shop->pair.key, 0, report, sizeof report, &counter));
    shop->pair.key[31] ^= 1;
    memset(report + TALLY_MSR_COUNTER_AT, 0, TALLY_MSR_COUNTER_LEN + TALLY_MSR_MAC_LEN);
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_check(&layout, shop->pair.key, 0, report, sizeof report, &counter));
}

static void a_report_that_is_cut_short_or_of_another_form_is_refused(void **state)
{
    (void)state;
    const struct shop *shop = a_shop();
    struct hal_msr_layout layout = layout_of(TALLY_MSR_FORM_SIGNED);
    struct hal_msr_layout plain = layout_of(TALLY_MSR_FORM_SURESWIPE);
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    uint32_t counter = 0;
    the_example(report);
    for (size_t len = 0; len < sizeof report; len++) {
        assert_int_equal(TALLY_E_DEVICE,
                         hal_signed_check(&layout, shop->pair.key, 0, report, len, &counter));
    }
    assert_int_equal(TALLY_E_DEVICE,
                     hal_signed_check(&plain, shop->pair.key, 0, report, sizeof report, &counter));
    assert_true(hal_signed_has_trailer(&layout));
    assert_false(hal_signed_has_trailer(&plain));
}

/* ---- proofs and answers ---- */

static void the_proof_of_the_specification_is_right_and_no_other(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    uint8_t answer[TALLY_MSR_FEATURE_LEN], nonce[TALLY_MSR_NONCE_LEN];
    memcpy(nonce, example_nonce, sizeof nonce);
    answer_with(answer, example_proof, sizeof example_proof);
    assert_int_equal(TALLY_OK, hal_signed_proof(&shop->pair, nonce, answer, sizeof answer));
    for (size_t bit = 0; bit < 128; bit++) {
        answer[2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(TALLY_E_READER_SWAPPED,
                         hal_signed_proof(&shop->pair, nonce, answer, sizeof answer));
        answer[2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    nonce[0] ^= 1;
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_proof(&shop->pair, nonce, answer, sizeof answer));
    nonce[0] ^= 1;
    shop->pair.serial[1] = '2';
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_proof(&shop->pair, nonce, answer, sizeof answer));
}

static void a_reader_that_will_not_or_can_not_prove_itself_is_swapped(void **state)
{
    (void)state;
    const struct shop *shop = a_shop();
    uint8_t answer[TALLY_MSR_FEATURE_LEN];
    answer_with(answer, example_proof, sizeof example_proof);
    for (size_t len = 0; len < sizeof answer; len++) {
        assert_int_equal(TALLY_E_READER_SWAPPED,
                         hal_signed_proof(&shop->pair, example_nonce, answer, len));
    }
    answer[0] = TALLY_MSR_ANSWER_FAILED;
    assert_int_equal(TALLY_E_READER_SWAPPED,
                     hal_signed_proof(&shop->pair, example_nonce, answer, sizeof answer));
    answer[0] = TALLY_MSR_ANSWER_OK;
    for (unsigned len = 0; len < 256; len++) {
        answer[1] = (uint8_t)len;
        assert_int_equal(len == 16 ? TALLY_OK : TALLY_E_READER_SWAPPED,
                         hal_signed_proof(&shop->pair, example_nonce, answer, sizeof answer));
    }
}

static void a_serial_number_is_printable_and_not_empty(void **state)
{
    (void)state;
    uint8_t answer[TALLY_MSR_FEATURE_LEN];
    char serial[HAL_READER_SERIAL_LEN_MAX + 1];
    answer_with(answer, "0123456789012345678901", 22);
    assert_int_equal(TALLY_OK, hal_signed_serial(answer, sizeof answer, serial));
    assert_string_equal("0123456789012345678901", serial);
    answer_with(answer, "", 0);
    assert_int_equal(TALLY_E_DEVICE, hal_signed_serial(answer, sizeof answer, serial));
    answer_with(answer, "a\nb", 3);
    assert_int_equal(TALLY_E_DEVICE, hal_signed_serial(answer, sizeof answer, serial));
    answer_with(answer, "abc", 3);
    answer[1] = TALLY_MSR_FEATURE_DATA_LEN_MAX + 1;
    assert_int_equal(TALLY_E_DEVICE, hal_signed_serial(answer, sizeof answer, serial));
}

/* ---- the driver ---- */

/* The command that went out is taken, and answered with `result` and `data`. */
static void answer_command(struct fake_link *fake, uint8_t result, const void *data, uint8_t len)
{
    uint8_t answer[TALLY_MSR_FEATURE_LEN];
    answer_with(answer, data, len);
    answer[0] = result;
    fake_link_answer_control(fake, TALLY_OK, NULL, 0);
    const struct fake_control *fetch = &fake->controls[fake->control_count - 1];
    assert_int_equal(0xa1, fetch->setup.bmRequestType);
    assert_int_equal(0x0300, fetch->setup.wValue);
    fake_link_answer_control(fake, TALLY_OK, answer, sizeof answer);
}

static const uint8_t *last_command(const struct fake_link *fake)
{
    return fake->controls[fake->control_count - 1].data;
}

static void begin(struct shop *shop, const char *serial)
{
    static const char software[] = "tally-reader 9";
    fake_link_open(&shop->fake, &hal_driver_hid_msr, &shop->interface, &shop->settings, NULL, NULL);
    answer_command(&shop->fake, 0, software, sizeof software - 1);
    answer_command(&shop->fake, 0, serial, (uint8_t)strlen(serial));
}

/* What the reader with this key answers to the challenge. */
static void prove(struct shop *shop, const uint8_t key[HAL_READER_KEY_LEN])
{
    uint8_t text[TALLY_MSR_NONCE_LEN + 2], mac[TALLY_HASH_LEN];
    const uint8_t *command = last_command(&shop->fake);
    assert_int_equal(TALLY_MSR_GET_PROP, command[0]);
    assert_int_equal(1 + TALLY_MSR_NONCE_LEN, command[1]);
    assert_int_equal(TALLY_MSR_PROP_PROOF, command[2]);
    memcpy(text, command + 3, TALLY_MSR_NONCE_LEN);
    memcpy(text + TALLY_MSR_NONCE_LEN, "S1", 2);
    assert_true(tally_port_hmac(NULL, key, text, sizeof text, mac));
    answer_command(&shop->fake, 0, mac, TALLY_MSR_MAC_LEN);
}

static void a_paired_reader_is_ready_after_its_proof_and_each_report_counts_once(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    begin(shop, "S1");
    assert_int_equal(0, shop->fake.ready_count);
    assert_int_equal(0, shop->fake.listen_len);
    prove(shop, shop->pair.key);
    assert_int_equal(1, shop->fake.ready_count);
    assert_true(shop->fake.is_paired);
    assert_int_equal(TALLY_MSR_SIGNED_REPORT_LEN, shop->fake.listen_len);
    the_example(report);
    fake_link_report(&shop->fake, report, sizeof report);
    fake_link_run(&shop->fake);
    assert_int_equal(1, shop->fake.card_count);
    assert_int_equal(1, shop->pair.counter);
    assert_int_equal(1, shop->told);
    fake_link_report(&shop->fake, report, sizeof report);
    fake_link_run(&shop->fake);
    assert_int_equal(1, shop->fake.card_count);
    assert_int_equal(1, shop->fake.refused_count);
    assert_int_equal(TALLY_E_READER_SWAPPED, shop->fake.refusal);
    assert_int_equal(1, shop->told);
}

static void a_reader_that_proves_another_key_is_never_listened_to(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    static const uint8_t other_key[HAL_READER_KEY_LEN] = {1};
    begin(shop, "S1");
    prove(shop, other_key);
    assert_true(shop->fake.has_ended);
    assert_int_equal(TALLY_E_READER_SWAPPED, shop->fake.ended);
    assert_int_equal(0, shop->fake.ready_count);
    assert_int_equal(0, shop->fake.listen_len);
}

static void each_challenge_is_a_fresh_one(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    uint8_t first[TALLY_MSR_NONCE_LEN];
    begin(shop, "S1");
    memcpy(first, last_command(&shop->fake) + 3, sizeof first);
    begin(shop, "S1");
    assert_memory_not_equal(first, last_command(&shop->fake) + 3, sizeof first);
}

static void a_reader_that_is_not_in_the_table_is_ready_and_not_paired(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    begin(shop, "S2");
    assert_int_equal(1, shop->fake.ready_count);
    assert_string_equal("S2", shop->fake.serial);
    assert_false(shop->fake.is_paired);
}

static void somebody_elses_reader_need_not_know_our_questions(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    be_of_form(shop, TALLY_MSR_FORM_SURESWIPE);
    fake_link_open(&shop->fake, &hal_driver_hid_msr, &shop->interface, &shop->settings, NULL, NULL);
    fake_link_answer_control(&shop->fake, TALLY_E_DEVICE, NULL, 0);
    assert_int_equal(1, shop->fake.ready_count);
    assert_string_equal("", shop->fake.serial);
    fake_link_open(&shop->fake, &hal_driver_hid_msr, &shop->interface, &shop->settings, NULL, NULL);
    answer_command(&shop->fake, 0, "MagTek 21042804", 15);
    assert_int_equal(1, shop->fake.ready_count);
    assert_string_equal("", shop->fake.serial);
}

static void a_paired_reader_that_does_not_sign_is_set_to(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    be_of_form(shop, TALLY_MSR_FORM_SURESWIPE);
    begin(shop, "S1");
    prove(shop, shop->pair.key);
    static const uint8_t form[] = {TALLY_MSR_SET_PROP, 2, TALLY_MSR_PROP_FORM, 2};
    assert_memory_equal(form, last_command(&shop->fake), sizeof form);
    answer_command(&shop->fake, 0, "", 0);
    assert_int_equal(TALLY_MSR_RESET, last_command(&shop->fake)[0]);
    fake_link_answer_control(&shop->fake, TALLY_OK, NULL, 0);
    assert_int_equal(0, shop->fake.ready_count);
    assert_false(shop->fake.has_ended);
    fake_link_wait(&shop->fake, 5000); /* it should have left */
    assert_true(shop->fake.has_ended);
    assert_int_equal(TALLY_E_DEVICE, shop->fake.ended);
}

static void a_reader_whose_pair_is_taken_off_the_table_is_given_up(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    begin(shop, "S1");
    prove(shop, shop->pair.key);
    shop->pairs.count = 0;
    the_example(report);
    fake_link_report(&shop->fake, report, sizeof report);
    fake_link_run(&shop->fake);
    assert_int_equal(0, shop->fake.card_count);
    assert_true(shop->fake.has_ended);
    assert_int_equal(TALLY_E_READER_UNPAIRED, shop->fake.ended);
}

/* ---- pairing ---- */

static void a_reader_is_given_its_key_in_two_halves_and_told_to_sign(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    struct fake_link *fake = &shop->fake;
    be_of_form(shop, TALLY_MSR_FORM_SURESWIPE);
    begin(shop, "S2");
    hal_driver_hid_msr.pair(fake->state, &fake->link, shop->pair.key);
    for (uint8_t half = 0; half < 2; half++) {
        const uint8_t *command = last_command(fake);
        assert_int_equal(TALLY_MSR_SET_PROP, command[0]);
        assert_int_equal(17, command[1]);
        assert_int_equal(TALLY_MSR_PROP_PAIR_KEY_1 + half, command[2]);
        assert_memory_equal(shop->pair.key + 16 * half, command + 3, 16);
        assert_int_equal(0, fake->paired_count);
        answer_command(fake, 0, "", 0);
    }
    assert_int_equal(1, fake->paired_count);
    assert_int_equal(TALLY_OK, fake->paired_status);
    assert_false(fake_link_state_holds(fake, shop->pair.key, 16));
    assert_false(fake_link_state_holds(fake, shop->pair.key + 16, 16));
    answer_command(fake, 0, "", 0); /* the form */
    assert_int_equal(TALLY_MSR_RESET, last_command(fake)[0]);
}

static void a_reader_that_refuses_a_key_goes_on_as_it_was(void **state)
{
    (void)state;
    struct shop *shop = a_shop();
    struct fake_link *fake = &shop->fake;
    begin(shop, "S2");
    hal_driver_hid_msr.pair(fake->state, &fake->link, shop->pair.key);
    hal_driver_hid_msr.pair(fake->state, &fake->link, shop->pair.key);
    assert_int_equal(TALLY_E_BUSY, fake->paired_status);
    answer_command(fake, TALLY_MSR_ANSWER_FAILED, "", 0);
    assert_int_equal(2, fake->paired_count);
    assert_int_equal(TALLY_E_NO_PERMISSION, fake->paired_status);
    assert_false(fake_link_state_holds(fake, shop->pair.key, 16));
    assert_false(fake->has_ended);
    uint8_t report[TALLY_MSR_SIGNED_REPORT_LEN];
    the_example(report);
    fake_link_report(fake, report, sizeof report);
    fake_link_run(fake);
    assert_int_equal(1, fake->card_count);
}

static int start_crypto(void **state)
{
    (void)state;
    return tally_crypto_start() == TALLY_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report_of_the_specification_is_taken_once),
        cmocka_unit_test(a_report_is_refused_when_any_bit_of_it_is_another),
        cmocka_unit_test(a_report_is_refused_under_another_key_and_when_it_is_not_signed),
        cmocka_unit_test(a_report_that_is_cut_short_or_of_another_form_is_refused),
        cmocka_unit_test(the_proof_of_the_specification_is_right_and_no_other),
        cmocka_unit_test(a_reader_that_will_not_or_can_not_prove_itself_is_swapped),
        cmocka_unit_test(a_serial_number_is_printable_and_not_empty),
        cmocka_unit_test_teardown(
            a_paired_reader_is_ready_after_its_proof_and_each_report_counts_once, close_shop),
        cmocka_unit_test_teardown(a_reader_that_proves_another_key_is_never_listened_to,
                                  close_shop),
        cmocka_unit_test_teardown(each_challenge_is_a_fresh_one, close_shop),
        cmocka_unit_test_teardown(a_reader_that_is_not_in_the_table_is_ready_and_not_paired,
                                  close_shop),
        cmocka_unit_test_teardown(somebody_elses_reader_need_not_know_our_questions, close_shop),
        cmocka_unit_test_teardown(a_paired_reader_that_does_not_sign_is_set_to, close_shop),
        cmocka_unit_test_teardown(a_reader_whose_pair_is_taken_off_the_table_is_given_up,
                                  close_shop),
        cmocka_unit_test_teardown(a_reader_is_given_its_key_in_two_halves_and_told_to_sign,
                                  close_shop),
        cmocka_unit_test_teardown(a_reader_that_refuses_a_key_goes_on_as_it_was, close_shop),
    };
    return cmocka_run_group_tests(tests, start_crypto, NULL);
}
