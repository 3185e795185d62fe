/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations with contactless cards: which are ours, how strong that is, and what is refused. */
#include "hal/reader/contactless.h"

#include "hal/reader/code.h"

#include "app/crypto/crypto.h"
#include "tests/fakes/fake_card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>

#define OURS    "60058541029558180"
#define PAYMENT "4111111111111111"
#define PHONE   "08dfbff2" /* of a published trace of a phone: random */
#define UID_4   "f68e2a99"
#define UID_7   "04de5f1eacc040"

enum { COMMANDS_MAX = 200 };

static const struct tally_card_rule own_rules[] = {{"600585", 17}};

static struct hal_reader_settings settings;
static struct hal_tag424_seen seen;
static struct hal_contactless_needs needs;
static struct tally_card found;
static const uint8_t master[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static int a_shop(void **state)
{
    (void)state;
    settings = (struct hal_reader_settings){.rules = {own_rules, 1}};
    snprintf(settings.tag.uri_prefix, sizeof settings.tag.uri_prefix, "https://club.example/m/");
    memset(&seen, 0, sizeof seen);
    memset(&found, 0, sizeof found);
    needs = (struct hal_contactless_needs){
        .settings = &settings, .seen = &seen, .random = tally_random, .read_len_max = 128};
    return tally_crypto_start() == TALLY_OK ? 0 : -1;
}

/* What a conversation with this card comes to; from command `broken_at` on (0: never) each answer
 * is `sw` alone. */
static enum tally_status show_broken(struct fake_card *card, unsigned broken_at, unsigned sw)
{
    struct hal_contactless talk;
    fake_card_reset(card);
    hal_contactless_begin(&talk, &needs, card->atr, card->atr_len);
    size_t len = 0;
    const uint8_t *command = NULL;
    unsigned count = 0;
    while ((command = hal_contactless_command(&talk, &len)) != NULL) {
        uint8_t answer[FAKE_CARD_ANSWER_MAX];
        size_t answer_len = fake_card_answer(card, command, len, answer);
        assert_true(++count < COMMANDS_MAX);
        if (broken_at != 0 && count >= broken_at) {
            answer[0] = (uint8_t)(sw >> 8);
            answer[1] = (uint8_t)sw;
            answer_len = 2;
        }
        hal_contactless_answer(&talk, answer, answer_len);
    }
    card->commands = count;
    enum tally_status verdict = hal_contactless_verdict(&talk, &found);
    hal_contactless_wipe(&talk);
    return verdict;
}

static enum tally_status show(struct fake_card *card)
{
    return show_broken(card, 0, 0);
}

static void expect_number(struct fake_card *card)
{
    assert_int_equal(TALLY_OK, show(card));
    assert_int_equal(TALLY_CARD_NUMBER, found.kind);
    assert_int_equal(TALLY_ENTRY_TAPPED, found.entry);
    assert_int_equal(TALLY_STRENGTH_STATIC, found.strength);
    assert_int_equal(strlen(OURS), found.len);
    assert_memory_equal(OURS, found.bytes, found.len);
}

static void expect_uid(struct fake_card *card, enum tally_card_strength strength)
{
    assert_int_equal(TALLY_OK, show(card));
    assert_int_equal(TALLY_CARD_UID, found.kind);
    assert_int_equal(TALLY_ENTRY_TAPPED, found.entry);
    assert_int_equal(strength, found.strength);
    assert_int_equal(card->uid_len, found.len);
    assert_memory_equal(card->uid, found.bytes, found.len);
}

static void put_uri(struct fake_card *card, const char *uri)
{
    char payload[600];
    int len = snprintf(payload, sizeof payload, "%c%s", 0, uri);
    fake_card_put_ndef(card, 'U', payload, (size_t)len);
}

/* ---- what an ATR says ---- */

static enum hal_contactless_kind kind(const char *hex, bool *ret_is_type_b)
{
    uint8_t atr[40];
    size_t len = 0;
    fake_unhex(hex, atr, &len);
    return hal_contactless_kind_of(atr, len, ret_is_type_b);
}

static void atrs_tell_memory_cards_from_iso_dep(void **state)
{
    (void)state;
    bool is_type_b = true;
    assert_int_equal(HAL_CONTACTLESS_CLASSIC,
                     kind("3b8f8001804f0ca000000306030001000000006a", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_CLASSIC,
                     kind("3b8f8001804f0ca0000003060300020000000069", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_PAGES,
                     kind("3b8f8001804f0ca0000003060300030000000068", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_STORAGE, /* FeliCa: SS 11 */
                     kind("3b8f8001804f0ca00000030611003b0000000042", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_ISO_DEP, kind("3b8180018080", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_ISO_DEP, kind("3b8680010675778102 8000", &is_type_b));
    assert_false(is_type_b);
    /* 8 historical bytes. */
    assert_int_equal(HAL_CONTACTLESS_ISO_DEP, kind("3b888001 00000000 f7818100 fe", &is_type_b));
    assert_true(is_type_b);
}

static void other_atrs_are_not_trusted(void **state)
{
    (void)state;
    bool is_type_b = false;
    assert_int_equal(HAL_CONTACTLESS_OTHER, kind("", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_OTHER, kind("3b8180018081", &is_type_b)); /* TCK */
    assert_int_equal(HAL_CONTACTLESS_OTHER, kind("3b82800180", &is_type_b));
    assert_int_equal(HAL_CONTACTLESS_OTHER,
                     kind("3b7f12000044564e2054454348205265763533 76", &is_type_b));
}

/* ---- UIDs ---- */

static void a_uid_is_a_card_only_where_the_shop_says_so(void **state)
{
    (void)state;
    struct fake_card card = fake_card_storage(UID_4, 0x0001);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    settings.accepts_uid = true;
    expect_uid(&card, TALLY_STRENGTH_WEAK);
    card = fake_card_iso_dep(UID_7);
    expect_uid(&card, TALLY_STRENGTH_WEAK);
    card = fake_card_storage("0102030405060708090a", 0xf004);
    expect_uid(&card, TALLY_STRENGTH_WEAK);
}

static void a_uid_that_names_nobody_is_refused(void **state)
{
    (void)state;
    static const char *const uids[] = {PHONE, "5f010203", "010203", "0102030405060708"};
    settings.accepts_uid = true;
    for (size_t i = 0; i < sizeof uids / sizeof uids[0]; i++) {
        struct fake_card card = fake_card_iso_dep(uids[i]);
        assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    }
    struct fake_card type_b = fake_card_iso_dep(UID_4);
    fake_unhex("3b888001 00000000 f7818100 fe", type_b.atr, &type_b.atr_len);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&type_b));
}

static void a_contact_card_is_left_alone(void **state)
{
    (void)state;
    settings.accepts_uid = true;
    struct fake_card card = fake_card_iso_dep("");
    fake_unhex("3b7f12000044564e2054454348205265763533 76", card.atr, &card.atr_len);
    assert_int_equal(TALLY_E_NOT_FOUND, show(&card));
}

static void a_reader_with_atrs_of_its_own_is_asked_for_the_ats(void **state)
{
    (void)state;
    struct fake_card card = fake_card_iso_dep(UID_7);
    put_uri(&card, "member:" OURS);
    card.atr_len = 0;
    expect_number(&card);
    card = fake_card_storage(UID_7, 0x0003);
    put_uri(&card, "member:" OURS);
    card.atr_len = 0;
    expect_number(&card);
}

/* ---- NDEF ---- */

static void a_member_number_on_a_tag_is_read(void **state)
{
    (void)state;
    static const char *const uris[] = {"member:" OURS, "MEMBER:" OURS,
                                       "https://club.example/m/" OURS};
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct fake_card type_2 = fake_card_storage(UID_7, 0x0003),
                         type_4 = fake_card_iso_dep(PHONE);
        put_uri(&type_2, uris[i]);
        put_uri(&type_4, uris[i]);
        expect_number(&type_2);
        expect_number(&type_4);
    }
    struct fake_card text = fake_card_storage(UID_7, 0x0003);
    fake_card_put_ndef(&text, 'T', "\2en" OURS, 3 + strlen(OURS));
    expect_number(&text);
}

static void a_text_that_is_not_exactly_a_member_is_not_ours(void **state)
{
    (void)state;
    static const char *const uris[] = {"https://club.example/m/",
                                       "https://club.example/m/" OURS "/",
                                       "https://club.example/n/" OURS,
                                       "http://club.example/m/" OURS,
                                       "member: " OURS,
                                       "member:" OURS "0000",
                                       "x" OURS};
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct fake_card card = fake_card_storage(UID_7, 0x0003);
        put_uri(&card, uris[i]);
        assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    }
    struct fake_card garbled = fake_card_storage(UID_7, 0x0003);
    put_uri(&garbled, "TLY1:ABC");
    assert_int_equal(TALLY_E_CARD_UNREADABLE, show(&garbled));
}

static void a_payment_cards_number_on_a_tag_is_refused_as_such(void **state)
{
    (void)state;
    struct fake_card type_2 = fake_card_storage(UID_7, 0x0003), type_4 = fake_card_iso_dep(UID_7);
    settings.accepts_uid = true;
    put_uri(&type_2, "member:" PAYMENT);
    put_uri(&type_4, "member:" PAYMENT);
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&type_2));
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&type_4));
}

static void long_messages_are_read_in_parts(void **state)
{
    (void)state;
    char uri[700];
    struct fake_card type_2 = fake_card_storage(UID_7, 0x0003), type_4 = fake_card_iso_dep(UID_7);
    memset(uri, 'x', 500);
    uri[500] = '\0';
    put_uri(&type_2, uri);
    put_uri(&type_4, uri);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&type_2));
    assert_true(type_2.commands > 30);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&type_4));
    assert_true(type_4.commands > 500 / 0x3b);
}

static void a_file_or_memory_that_lies_about_its_length_ends(void **state)
{
    (void)state;
    struct fake_card type_4 = fake_card_iso_dep(UID_7), type_2 = fake_card_storage(UID_7, 0x0003);
    put_uri(&type_4, "member:" OURS);
    type_4.ndef_file[0] = 3; /* 768 bytes and more, which are not there */
    assert_int_equal(TALLY_E_CARD_UNREADABLE, show(&type_4));
    type_4.ndef_file[0] = 0x40; /* longer than any message of ours */
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&type_4));
    put_uri(&type_2, "member:" OURS);
    memset(type_2.pages + 16, 0, sizeof type_2.pages - 16); /* NULL blocks without an end */
    type_2.pages_len = sizeof type_2.pages;
    type_2.pages[14] = 0xff;
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&type_2));
}

enum { NOW_MS_OF_DAY = 42345 };
static int64_t in_2026(void *context)
{
    (void)context;
    return INT64_C(1767225600000) + NOW_MS_OF_DAY;
}

/* A phone that pays, and holds the rotating code of the member with this handle in its NDEF
 * text. */
static struct fake_card a_phone_with_a_code(struct hal_code_memory *memory, int64_t of_ms)
{
    static const uint8_t handle[HAL_CODE_HANDLE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint8_t key[HAL_READER_KEY_LEN];
    char text[3 + HAL_CODE_ROTATING_LEN + 1] = "\2en";
    struct fake_card phone = fake_card_iso_dep(PHONE);
    phone.has_ppse = true;
    assert_int_equal(TALLY_OK, hal_code_member_key(settings.keys.code_key, handle, key));
    assert_int_equal(TALLY_OK, hal_code_make_rotating(key, handle, of_ms, text + 3));
    fake_card_put_ndef(&phone, 'T', text, 3 + HAL_CODE_ROTATING_LEN);
    hal_code_memory_start(memory, in_2026(NULL) - 3600000);
    settings.keys.has_code_key = true;
    settings.codes = memory;
    settings.wall_ms = in_2026;
    return phone;
}

static void a_code_of_ours_that_is_refused_says_why_even_on_a_phone_that_pays(void **state)
{
    (void)state;
    struct hal_code_memory memory = {.step_min = 0};
    struct fake_card phone = a_phone_with_a_code(&memory, in_2026(NULL) - 120000);
    assert_int_equal(TALLY_E_CODE_EXPIRED, show(&phone));
}

static void a_rotating_code_of_a_phone_is_read_where_codes_are(void **state)
{
    (void)state;
    struct hal_code_memory memory = {.step_min = 0};
    struct fake_card phone = a_phone_with_a_code(&memory, in_2026(NULL));
    settings.keys.has_code_key = false;
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&phone));
    settings.keys.has_code_key = true;
    assert_int_equal(TALLY_OK, show(&phone));
    assert_int_equal(TALLY_CARD_CODE, found.kind);
    assert_int_equal(TALLY_ENTRY_TAPPED, found.entry);
    assert_int_equal(TALLY_STRENGTH_PROVEN, found.strength);
    assert_int_equal(TALLY_E_CODE_USED, show(&phone));
}

/* ---- a file of ours ---- */

static void set_aid(const char *hex)
{
    size_t len = 0;
    fake_unhex(hex, settings.tag.aid, &len);
    settings.tag.aid_len = (uint8_t)len;
    settings.tag.file_number = 1;
}

static void a_number_in_a_file_is_read_by_the_name_of_its_application(void **state)
{
    (void)state;
    static const char *const contents[] = {OURS, OURS "  ", OURS "\xff\xff\xff"};
    static const char *const names[] = {"f0544c5901", "d2760000850100", "315954"};
    for (size_t i = 0; i < 18; i++) {
        struct fake_card card = fake_card_iso_dep(UID_7);
        set_aid(names[i % 3]);
        fake_unhex(names[i % 3], card.aid, &card.aid_len);
        card.digits = contents[i / 3 % 3];
        card.only_native = i >= 9 || card.aid_len == 3;
        expect_number(&card);
    }
}

static void a_file_with_something_else_is_not_ours(void **state)
{
    (void)state;
    struct fake_card card = fake_card_iso_dep(UID_7);
    set_aid("f0544c5901");
    fake_unhex("f0544c5901", card.aid, &card.aid_len);
    card.digits = OURS "x";
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    card.digits = "";
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    card.digits = PAYMENT;
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&card));
}

/* ---- payment ---- */

static void a_payment_card_is_refused_whatever_its_uid_is_worth(void **state)
{
    (void)state;
    settings.accepts_uid = true;
    struct fake_card card = fake_card_iso_dep(UID_4), phone = fake_card_iso_dep(PHONE),
                     old = fake_card_iso_dep(UID_4);
    card.has_ppse = phone.has_ppse = true;
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&card));
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&phone));
    old.has_provider = true;
    fake_unhex("a000000004", old.provider, &(size_t){0});
    assert_int_equal(TALLY_E_PAYMENT_CARD, show(&old));
}

static void our_own_card_is_taken_though_it_pays_too(void **state)
{
    (void)state;
    struct fake_card card = fake_card_iso_dep(UID_7);
    card.has_ppse = true;
    put_uri(&card, "member:" OURS);
    expect_number(&card);
}

/* ---- MIFARE Classic ---- */

static struct fake_card a_classic(const char *digits)
{
    struct fake_card card = fake_card_storage(UID_4, 0x0001);
    card.has_classic = true;
    memset(card.classic_key, 0xa5, 6);
    memset(card.classic_block, 0, 16);
    memcpy(card.classic_block, digits, strlen(digits));
    return card;
}

static void a_classic_is_read_only_with_the_shops_key_and_only_where_it_says_so(void **state)
{
    (void)state;
    static const struct tally_card_rule short_rules[] = {{"600585", 12}};
    settings.rules = (struct tally_card_rules){short_rules, 1};
    struct fake_card card = a_classic("600585410295");
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
    settings.tag.reads_classic = true;
    memset(settings.tag.classic_key, 0xa5, 6);
    assert_int_equal(TALLY_OK, show(&card));
    assert_int_equal(TALLY_CARD_NUMBER, found.kind);
    assert_int_equal(TALLY_STRENGTH_STATIC, found.strength);
    settings.tag.classic_key[0] = 0;
    assert_int_equal(TALLY_E_CARD_UNREADABLE, show(&card));
    needs.is_last_try = true;
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
}

/* ---- NTAG 424 DNA ---- */

static void set_master(void)
{
    settings.keys.has_tag_key = true;
    memcpy(settings.keys.tag_key, master, sizeof master);
}

static void a_card_that_proves_its_key_is_proven(void **state)
{
    (void)state;
    struct fake_card card = fake_card_424(UID_7, master);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card)); /* no key: no such cards */
    set_master();
    expect_uid(&card, TALLY_STRENGTH_PROVEN);
    expect_uid(&card, TALLY_STRENGTH_PROVEN);
}

static void a_proven_card_with_a_random_uid_is_named_by_its_message(void **state)
{
    (void)state;
    struct fake_card card = fake_card_424(UID_7, master);
    set_master();
    /* what FF CA says and what the card is are two things then: as two cards, one in the field */
    struct hal_contactless talk;
    fake_card_reset(&card);
    hal_contactless_begin(&talk, &needs, card.atr, card.atr_len);
    size_t len = 0;
    const uint8_t *command = NULL;
    while ((command = hal_contactless_command(&talk, &len)) != NULL) {
        uint8_t answer[FAKE_CARD_ANSWER_MAX] = {0x08, 0x11, 0x22, 0x33, 0x90, 0x00};
        size_t answer_len = 6;
        if (command[1] != 0xca) {
            answer_len = fake_card_answer(&card, command, len, answer);
        }
        hal_contactless_answer(&talk, answer, answer_len);
    }
    assert_int_equal(TALLY_OK, hal_contactless_verdict(&talk, &found));
    assert_int_equal(TALLY_STRENGTH_PROVEN, found.strength);
    assert_int_equal(7, found.len);
    assert_memory_equal(card.uid, found.bytes, 7);
}

static void a_copied_message_is_no_proof_and_is_taken_once(void **state)
{
    (void)state;
    struct fake_card copy = fake_card_424(UID_7, master);
    set_master();
    copy.has_replay = true;
    copy.replay_len = copy.ndef_len;
    memcpy(copy.replay_file, copy.ndef_file, copy.ndef_len);
    copy.forgets_proof_key = true;
    expect_uid(&copy, TALLY_STRENGTH_STATIC);
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&copy));
    copy.is_424 = false; /* one that does not even know the command */
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&copy));
}

static void another_cards_message_is_not_taken(void **state)
{
    (void)state;
    struct fake_card card = fake_card_424(UID_7, master),
                     thief = fake_card_iso_dep("04112233445566");
    set_master();
    settings.accepts_uid = false;
    memcpy(thief.ndef_file, card.ndef_file, card.ndef_len);
    thief.ndef_len = card.ndef_len;
    thief.mle = 0x100;
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&thief));
}

static void a_card_of_another_master_key_is_unknown(void **state)
{
    (void)state;
    const uint8_t other[16] = {1};
    struct fake_card card = fake_card_424(UID_7, other);
    set_master();
    assert_int_equal(TALLY_E_UNKNOWN_CARD, show(&card));
}

/* ---- whatever happens ---- */

static size_t every_card(struct fake_card *ret_cards)
{
    size_t count = 0;
    set_master();
    set_aid("f0544c5901");
    settings.accepts_uid = true;
    settings.tag.reads_classic = true;
    memset(settings.tag.classic_key, 0xa5, 6);
    ret_cards[count++] = fake_card_424(UID_7, master);
    ret_cards[count] = fake_card_iso_dep(UID_7);
    put_uri(&ret_cards[count++], "member:" OURS);
    ret_cards[count] = fake_card_storage(UID_7, 0x0003);
    put_uri(&ret_cards[count++], "member:" OURS);
    ret_cards[count] = fake_card_iso_dep(UID_7);
    fake_unhex("f0544c5901", ret_cards[count].aid, &ret_cards[count].aid_len);
    ret_cards[count++].digits = OURS;
    ret_cards[count] = fake_card_iso_dep(UID_4);
    ret_cards[count++].has_ppse = true;
    ret_cards[count++] = a_classic(&OURS[1]);
    ret_cards[count++] = fake_card_iso_dep(UID_7);
    return count;
}

static void a_card_that_leaves_at_any_step_is_unreadable_and_never_a_card(void **state)
{
    (void)state;
    static const unsigned gone[] = {0x6300, 0x6401};
    struct fake_card cards[8];
    size_t count = every_card(cards);
    for (size_t i = 0; i < count; i++) {
        struct fake_card whole = cards[i];
        (void)show(&whole);
        for (unsigned step = 1; step <= whole.commands; step++) {
            for (size_t j = 0; j < 4; j++) {
                struct fake_card card = cards[i];
                needs.is_last_try = j >= 2;
                enum tally_status status = show_broken(&card, step, gone[j % 2]);
                bool is_key_load = !card.is_iso_dep && card.has_classic && step == 2;
                assert_true(status == TALLY_E_CARD_UNREADABLE ||
                            (is_key_load && status == TALLY_OK));
            }
        }
    }
}

static void every_error_at_every_step_ends_the_conversation(void **state)
{
    (void)state;
    static const unsigned errors[] = {0x6281, 0x6282, 0x6581, 0x6700, 0x6882, 0x6982, 0x6985,
                                      0x6a81, 0x6a82, 0x6b00, 0x6d00, 0x6e00, 0x6f00, 0x9000,
                                      0x9100, 0x91ae, 0x91af, 0x0000, 0xffff};
    struct fake_card cards[8];
    size_t count = every_card(cards);
    for (size_t i = 0; i < count; i++) {
        struct fake_card whole = cards[i];
        (void)show(&whole);
        for (unsigned step = 1; step <= whole.commands; step++) {
            for (size_t j = 0; j < sizeof errors / sizeof errors[0]; j++) {
                struct fake_card card = cards[i];
                memset(&found, 0, sizeof found);
                enum tally_status status = show_broken(&card, step, errors[j]);
                assert_true(status != TALLY_E_AGAIN);
                bool is_proven = status == TALLY_OK && found.strength == TALLY_STRENGTH_PROVEN;
                assert_false(is_proven);
            }
        }
    }
}

static void an_answer_without_a_status_word_is_unreadable(void **state)
{
    (void)state;
    settings.accepts_uid = true;
    for (size_t len = 0; len < 2; len++) {
        struct hal_contactless talk;
        struct fake_card card = fake_card_iso_dep(UID_7);
        uint8_t *exact = test_malloc(1);
        exact[0] = 0x90;
        hal_contactless_begin(&talk, &needs, card.atr, card.atr_len);
        hal_contactless_answer(&talk, exact, len);
        assert_int_equal(TALLY_E_CARD_UNREADABLE, hal_contactless_verdict(&talk, &found));
        test_free(exact);
    }
}

static void more_than_was_asked_for_is_not_taken(void **state)
{
    (void)state;
    struct fake_card card = fake_card_iso_dep(UID_7);
    put_uri(&card, "member:" OURS);
    struct hal_contactless talk;
    fake_card_reset(&card);
    hal_contactless_begin(&talk, &needs, card.atr, card.atr_len);
    size_t len = 0;
    const uint8_t *command = NULL;
    bool was_too_long = false;
    while ((command = hal_contactless_command(&talk, &len)) != NULL) {
        uint8_t answer[FAKE_CARD_ANSWER_MAX + 8];
        assert_false(was_too_long); /* that was the end of it */
        size_t answer_len = fake_card_answer(&card, command, len, answer);
        if (command[1] == 0xb0 && command[3] == 2) {
            memmove(answer + 1, answer, answer_len); /* of the message */
            answer_len++;
            was_too_long = true;
        }
        hal_contactless_answer(&talk, answer, answer_len);
    }
    assert_true(was_too_long);
    assert_int_equal(TALLY_E_CARD_UNREADABLE, hal_contactless_verdict(&talk, &found));
}

static void nothing_of_a_card_is_left_after_the_wipe(void **state)
{
    (void)state;
    struct fake_card card = fake_card_iso_dep(UID_7);
    put_uri(&card, "member:" OURS);
    static struct hal_contactless talk;
    static const struct hal_contactless clean;
    hal_contactless_begin(&talk, &needs, card.atr, card.atr_len);
    size_t len = 0;
    const uint8_t *command = NULL;
    while ((command = hal_contactless_command(&talk, &len)) != NULL) {
        uint8_t answer[FAKE_CARD_ANSWER_MAX];
        hal_contactless_answer(&talk, answer, fake_card_answer(&card, command, len, answer));
    }
    hal_contactless_wipe(&talk);
    assert_memory_equal(&clean, &talk, sizeof talk);
}

/* ---- what real ones have sent ---- */

static size_t read_trace(const char *name, uint8_t *ret_bytes, size_t cap)
{
    char path[300];
    snprintf(path, sizeof path, "%s/nfc/%s", TALLY_TEST_VECTORS, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    size_t len = fread(ret_bytes, 1, cap, file);
    fclose(file);
    return len;
}

/* Whether a frame of the trace (u32 time, u16 duration, u16 length | direction << 15, bytes,
 * parity) contains these bytes. */
static bool trace_has(const uint8_t *trace, size_t len, bool is_answer, const void *part,
                      size_t part_len)
{
    for (size_t at = 0; len - at >= 8;) {
        unsigned word = (unsigned)trace[at + 6] | (unsigned)trace[at + 7] << 8;
        size_t frame_len = word & 0x7fff;
        at += 8;
        if (frame_len > len - at) {
            return false;
        }
        for (size_t i = 0; i + part_len <= frame_len; i++) {
            if ((word >> 15 != 0) == is_answer && memcmp(trace + at + i, part, part_len) == 0) {
                return true;
            }
        }
        at += frame_len + (frame_len + 7) / 8;
        at = at < len ? at : len;
    }
    return false;
}

/* The phone of the trace answers PPSE; its UID begins with 08. Our command is what the real
 * terminal sent, and the answer it got makes it a payment card. */
static void the_phone_of_the_published_trace_is_refused(void **state)
{
    (void)state;
    uint8_t trace[1000];
    size_t len = read_trace("hf_visa_apple_ecp.trace", trace, sizeof trace);
    assert_true(trace_has(trace, len, true, "\x08\xdf\xbf\xf2", 4));
    settings.accepts_uid = true;
    struct fake_card phone = fake_card_iso_dep(PHONE);
    phone.has_ppse = true;
    struct hal_contactless talk;
    hal_contactless_begin(&talk, &needs, phone.atr, phone.atr_len);
    size_t command_len = 0;
    const uint8_t *command = NULL;
    bool was_asked = false;
    while ((command = hal_contactless_command(&talk, &command_len)) != NULL) {
        uint8_t answer[FAKE_CARD_ANSWER_MAX];
        was_asked = was_asked || trace_has(trace, len, false, command, command_len);
        hal_contactless_answer(&talk, answer,
                               fake_card_answer(&phone, command, command_len, answer));
    }
    assert_true(was_asked);
    assert_true(trace_has(trace, len, true, "2PAY.SYS.DDF01", 14));
    assert_int_equal(TALLY_E_PAYMENT_CARD, hal_contactless_verdict(&talk, &found));
}

/* A DESFire is selected by ISO name and by native AID as the sniffed terminal did. */
static void desfire_is_selected_as_in_the_published_trace(void **state)
{
    (void)state;
    uint8_t trace[1000];
    size_t trace_len = read_trace("hf_mfdes_sniff.trace", trace, sizeof trace);
    static const struct {
        const char *aid;
        size_t command_len;
    } names[] = {{"d2760000850100", 12}, {"4f49d3", 9}};
    for (size_t i = 0; i < 2; i++) {
        struct hal_contactless talk;
        struct fake_card card = fake_card_iso_dep("046f16f59afc2e");
        set_aid(names[i].aid);
        hal_contactless_begin(&talk, &needs, card.atr, card.atr_len);
        size_t len = 0;
        const uint8_t *command = hal_contactless_command(&talk, &len);
        uint8_t answer[FAKE_CARD_ANSWER_MAX];
        hal_contactless_answer(&talk, answer, fake_card_answer(&card, command, len, answer));
        command = hal_contactless_command(&talk, &len);
        assert_true(len >= names[i].command_len); /* ours may ask for an answer besides (Le) */
        assert_true(trace_has(trace, trace_len, false, command, names[i].command_len));
    }
}

#define shop_test(name) cmocka_unit_test_setup(name, a_shop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        shop_test(atrs_tell_memory_cards_from_iso_dep),
        shop_test(other_atrs_are_not_trusted),
        shop_test(a_uid_is_a_card_only_where_the_shop_says_so),
        shop_test(a_uid_that_names_nobody_is_refused),
        shop_test(a_contact_card_is_left_alone),
        shop_test(a_reader_with_atrs_of_its_own_is_asked_for_the_ats),
        shop_test(a_member_number_on_a_tag_is_read),
        shop_test(a_text_that_is_not_exactly_a_member_is_not_ours),
        shop_test(a_payment_cards_number_on_a_tag_is_refused_as_such),
        shop_test(long_messages_are_read_in_parts),
        shop_test(a_file_or_memory_that_lies_about_its_length_ends),
        shop_test(a_rotating_code_of_a_phone_is_read_where_codes_are),
        shop_test(a_code_of_ours_that_is_refused_says_why_even_on_a_phone_that_pays),
        shop_test(a_number_in_a_file_is_read_by_the_name_of_its_application),
        shop_test(a_file_with_something_else_is_not_ours),
        shop_test(a_payment_card_is_refused_whatever_its_uid_is_worth),
        shop_test(our_own_card_is_taken_though_it_pays_too),
        shop_test(a_classic_is_read_only_with_the_shops_key_and_only_where_it_says_so),
        shop_test(a_card_that_proves_its_key_is_proven),
        shop_test(a_proven_card_with_a_random_uid_is_named_by_its_message),
        shop_test(a_copied_message_is_no_proof_and_is_taken_once),
        shop_test(another_cards_message_is_not_taken),
        shop_test(a_card_of_another_master_key_is_unknown),
        shop_test(a_card_that_leaves_at_any_step_is_unreadable_and_never_a_card),
        shop_test(every_error_at_every_step_ends_the_conversation),
        shop_test(an_answer_without_a_status_word_is_unreadable),
        shop_test(more_than_was_asked_for_is_not_taken),
        shop_test(nothing_of_a_card_is_left_after_the_wipe),
        shop_test(the_phone_of_the_published_trace_is_refused),
        shop_test(desfire_is_selected_as_in_the_published_trace),
    };
    return cmocka_run_group_tests_name("contactless", tests, NULL, NULL);
}
