/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, the proof of the books, exports, and what files and words are read as. */
#include "tests/unit/hq/hq_stage.h"

#include "app/base/alloc.h"
#include "app/hq/csv.h"
#include "app/hq/sheet.h"
#include "app/hq/tables.h"
#include "app/hq/text.h"

#include <string.h>
#include <sys/stat.h>

enum { ANN = 0x1001, BOB = 0x1002 };

/* ------------------------------------------------------------------ tokens */

static enum tally_status enrol(struct stage *stage, const uint8_t hash[TALLY_HASH_LEN],
                               const struct tally_buffer *csr, struct hq_terminal *ret_terminal)
{
    struct hq_issuer issuer = {tally_buffer_slice(&stage->world.keys.ca_key),
                               tally_buffer_slice(&stage->world.keys.ca_cert)};
    struct tally_buffer cert = {0};
    enum tally_status status =
        hq_store_enrol(stage->world.store, hash, tally_buffer_slice(csr), "t", &issuer,
                       stage->world.now_ms, ret_terminal, &cert);
    assert_true(status == TALLY_OK ? cert.len > 0 : cert.len == 0);
    tally_buffer_free(&cert);
    return status;
}

static void a_token_enrols_one_key_and_the_same_key_again(void **state)
{
    struct stage *stage = *state;
    struct till first = {.world = NULL}, thief = {.world = NULL};
    struct tally_buffer csr = {0}, other_csr = {0};
    uint8_t hash[TALLY_HASH_LEN];
    struct hq_terminal row, again, stolen;
    world_token(&stage->world, 9, 0, hash);
    till_csr(&first, &csr);
    till_csr(&thief, &other_csr);
    OK(enrol(stage, hash, &csr, &row));
    assert_int_equal(row.number, 2);
    assert_int_equal(row.shop, 7);
    assert_int_equal(row.epoch, 1);
    OK(enrol(stage, hash, &csr, &again));
    assert_int_equal(again.number, row.number);
    assert_int_equal(again.epoch, row.epoch);
    assert_int_equal(world_flags(&stage->world), 0);
    EXPECT(TALLY_E_TOKEN, enrol(stage, hash, &other_csr, &stolen));
    assert_true(world_is_flagged(&stage->world, "tried again by another key"));
    stage->world.now_ms += 900000;
    EXPECT(TALLY_E_TOKEN, enrol(stage, hash, &csr, &again)); /* and not beyond its time */
    tally_buffer_free(&csr);
    tally_buffer_free(&other_csr);
    till_close(&first);
    till_close(&thief);
}

static void a_terminals_certificate_names_it(void **state)
{
    struct stage *stage = *state;
    const char uri[] = "tally:terminal:1";
    const struct tally_buffer *cert = &stage->till.cert_der;
    assert_int_equal(stage->till.number, 1);
    assert_non_null(memmem(cert->data, cert->len, uri, strlen(uri)));
}

static void a_lapsed_and_an_unknown_token_are_refused(void **state)
{
    struct stage *stage = *state;
    struct till till = {.world = NULL};
    struct tally_buffer csr = {0};
    uint8_t hash[TALLY_HASH_LEN];
    struct hq_terminal row;
    world_token(&stage->world, 9, 0, hash);
    till_csr(&till, &csr);
    stage->world.now_ms += 900000;
    EXPECT(TALLY_E_TOKEN, enrol(stage, hash, &csr, &row));
    hash[3] ^= 1;
    EXPECT(TALLY_E_TOKEN, enrol(stage, hash, &csr, &row));
    EXPECT(TALLY_E_NOT_FOUND, hq_store_terminal(stage->world.store, 2, &row));
    tally_buffer_free(&csr);
    till_close(&till);
}

static void a_broken_request_leaves_the_token_unused(void **state)
{
    struct stage *stage = *state;
    struct till till = {.world = NULL};
    struct tally_buffer csr = {0};
    uint8_t hash[TALLY_HASH_LEN];
    struct hq_terminal row;
    world_token(&stage->world, 9, 0, hash);
    till_csr(&till, &csr);
    csr.data[csr.len - 1] ^= 1;
    assert_int_not_equal(enrol(stage, hash, &csr, &row), TALLY_OK);
    csr.data[csr.len - 1] ^= 1;
    OK(enrol(stage, hash, &csr, &row));
    tally_buffer_free(&csr);
    till_close(&till);
}

static void a_key_that_is_a_terminal_already_gets_no_second_number(void **state)
{
    struct stage *stage = *state;
    struct tally_buffer csr = {0};
    uint8_t hash[TALLY_HASH_LEN];
    struct hq_terminal row;
    world_token(&stage->world, 9, 0, hash);
    OK(tally_csr_make(tally_buffer_slice(&stage->till.key_pem), "terminal", &csr));
    EXPECT(TALLY_E_EXISTS, enrol(stage, hash, &csr, &row));
    tally_buffer_free(&csr);
}

static void a_directory_is_made_once_and_its_keys_are_private(void **state)
{
    struct stage *stage = *state;
    char problem[HQ_PROBLEM_MAX], path[128];
    struct stat stat_of;
    EXPECT(TALLY_E_EXISTS, hq_dir_init(stage->world.dir, "localhost", WORLD_NOW, problem));
    assert_non_null(strstr(problem, "already"));
    EXPECT(TALLY_E_INVALID, hq_dir_init(stage->world.dir, "a b", WORLD_NOW, problem));
    snprintf(path, sizeof path, "%s/keys/ca.key", stage->world.dir);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_int_equal(stat(stage->world.dir, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0700);
    assert_string_equal(stage->world.keys.name, "localhost");
}

static void hqs_certificate_is_made_again_before_it_ends(void **state)
{
    struct stage *stage = *state;
    char problem[HQ_PROBLEM_MAX];
    bool renewed = true;
    int64_t from_ms = 0, to_ms = 0, next_ms = 0;
    OK(hq_keys_renew(stage->world.dir, &stage->world.keys, WORLD_NOW, &renewed, problem));
    assert_false(renewed);
    OK(tally_cert_validity(tally_buffer_slice(&stage->world.keys.hq_cert), &from_ms, &to_ms));
    OK(hq_keys_renew(stage->world.dir, &stage->world.keys, to_ms - 1000, &renewed, problem));
    assert_true(renewed);
    OK(tally_cert_validity(tally_buffer_slice(&stage->world.keys.hq_cert), &from_ms, &next_ms));
    assert_true(next_ms > to_ms);
}

/* ------------------------------------------------------------------ proof and exports */

static void some_business(struct stage *stage)
{
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    till_sale(&stage->till, ANN, 7, 30);
    till_void(&stage->till, ANN, 3, 7, 30);
    till_enrol(&stage->till, BOB, 2);
    till_sale(&stage->till, BOB, 11, 0);
    till_push_all(&stage->till);
}

/* Changes the last byte of a row. */
static void damage(struct stage *stage, enum hq_table table, const struct hq_key *key)
{
    struct hq_txn txn;
    struct tally_slice value;
    uint8_t copy[4096];
    OK(hq_begin(stage->world.store, true, WORLD_NOW, &txn));
    OK(hq_get(&txn, table, key, &value));
    assert_in_range(value.len, 1, sizeof copy);
    memcpy(copy, value.data, value.len);
    copy[value.len - 1] ^= 1;
    OK(hq_put(&txn, table, key, (struct tally_slice){copy, value.len}));
    OK(hq_end(&txn, TALLY_OK));
}

static void expect_difference(struct stage *stage, const char *words)
{
    struct hq_verified verified;
    EXPECT(TALLY_E_MISMATCH, hq_store_verify(stage->world.store, &verified));
    if (strstr(verified.difference, words) == NULL) {
        fail_msg("'%s' does not say '%s'", verified.difference, words);
    }
}

static void verify_counts_what_it_proved(void **state)
{
    struct stage *stage = *state;
    struct hq_verified verified;
    uint64_t account = 0;
    some_business(stage);
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    OK(hq_store_verify(stage->world.store, &verified));
    assert_int_equal(verified.events, 8);
    assert_int_equal(verified.accounts, 3);
}

static void verify_names_an_account_that_was_changed(void **state)
{
    struct stage *stage = *state;
    some_business(stage);
    struct hq_key key = hq_key_u64(BOB);
    damage(stage, HQ_ACCOUNTS, &key);
    expect_difference(stage, "account 4098");
}

static void verify_names_an_event_that_was_changed(void **state)
{
    struct stage *stage = *state;
    struct tally_event_id id = {stage->till.number, 1, 2};
    some_business(stage);
    struct hq_key key = hq_key_event(&id);
    damage(stage, HQ_EVENTS, &key);
    expect_difference(stage, "event 2: the chain is broken here");
}

static void verify_names_an_event_that_is_gone(void **state)
{
    struct stage *stage = *state;
    struct hq_txn txn;
    some_business(stage);
    OK(hq_begin(stage->world.store, true, WORLD_NOW, &txn));
    struct tally_event_id id = {stage->till.number, 1, 6};
    struct hq_key key = hq_key_event(&id);
    OK(hq_delete(&txn, HQ_EVENTS, &key));
    OK(hq_end(&txn, TALLY_OK));
    expect_difference(stage, "its row stands at event 6, its events end at 5");
}

static void verify_names_a_card_that_became_somebody_elses(void **state)
{
    struct stage *stage = *state;
    struct hq_key key = {.len = 0};
    uint8_t handle[TALLY_HANDLE_LEN];
    some_business(stage);
    memset(handle, 1, sizeof handle);
    hq_key_bytes(&key, handle, sizeof handle);
    damage(stage, HQ_CARDS, &key);
    expect_difference(stage, "member 4097: a card");
}

static void verify_names_a_card_that_nobody_lists(void **state)
{
    struct stage *stage = *state;
    struct hq_txn txn;
    struct hq_key key = {.len = 0};
    uint8_t handle[TALLY_HANDLE_LEN], member[8];
    some_business(stage);
    memset(handle, 77, sizeof handle);
    hq_key_bytes(&key, handle, sizeof handle);
    tally_store_le(member, sizeof member, ANN);
    OK(hq_begin(stage->world.store, true, WORLD_NOW, &txn));
    OK(hq_put(&txn, HQ_CARDS, &key, (struct tally_slice){member, sizeof member}));
    OK(hq_end(&txn, TALLY_OK));
    expect_difference(stage, "cards that no member lists");
}

static void verify_names_an_account_without_events(void **state)
{
    struct stage *stage = *state;
    struct hq_txn txn;
    some_business(stage);
    OK(hq_begin(stage->world.store, true, WORLD_NOW, &txn));
    struct hq_key key = hq_key_u64(0x9999);
    struct tally_book book = {.account = {.id = 0x9999}};
    struct tally_buffer bytes = {0};
    OK(tally_book_encode(&book, &bytes));
    OK(hq_put(&txn, HQ_ACCOUNTS, &key, tally_buffer_slice(&bytes)));
    tally_buffer_free(&bytes);
    OK(hq_end(&txn, TALLY_OK));
    expect_difference(stage, "accounts that no event made");
}

struct sums {
    int64_t earned, redeemed, accounts_earned, accounts_redeemed;
    size_t sales, voided;
};

static enum tally_status add_event(void *context, const struct hq_event_view *view)
{
    struct sums *sums = context;
    if (view->event->type == TALLY_EVENT_SALE) {
        sums->sales++;
        sums->voided += view->is_voided;
    }
    if (view->event->type == TALLY_EVENT_SALE && !view->is_voided) {
        sums->earned += tally_event_points(view->event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN);
        sums->redeemed += tally_event_points(view->event, TALLY_PURSE_POINTS, TALLY_MOVE_REDEEM);
    }
    return TALLY_OK;
}

static enum tally_status add_account(void *context, const struct tally_account *account,
                                     const struct hq_today *today)
{
    struct sums *sums = context;
    struct tally_purse points = tally_account_purse(account, TALLY_PURSE_POINTS);
    assert_int_equal(today->day, WORLD_DAY);
    sums->accounts_earned += points.earned;
    sums->accounts_redeemed += points.redeemed;
    return TALLY_OK;
}

static void exported_sales_sum_to_the_exported_accounts(void **state)
{
    struct stage *stage = *state;
    struct sums sums = {.sales = 0};
    some_business(stage);
    till_sale(&stage->till, ANN, 0, 40);
    till_push_all(&stage->till);
    OK(hq_store_each_event(stage->world.store, add_event, &sums));
    OK(hq_store_each_account(stage->world.store, WORLD_NOW, add_account, &sums));
    assert_int_equal(sums.sales, 4);
    assert_int_equal(sums.voided, 1);
    assert_int_equal(sums.earned, 111);
    assert_int_equal(sums.redeemed, 40);
    assert_int_equal(sums.accounts_earned, sums.earned);
    assert_int_equal(sums.accounts_redeemed, sums.redeemed);
}

static void importing_a_known_card_again_leaves_it_alone(void **state)
{
    struct stage *stage = *state;
    uint64_t account = 0;
    struct hq_import_known known;
    world_import(&stage->world, 5, 500, LOT_DAY, &account);
    struct hq_import_row row = {
        .profile = {(const uint8_t *)"\x0a\x01x", 3}, .points = 900, .expires_day = LOT_DAY};
    memset(row.handle, 5, TALLY_HANDLE_LEN);
    OK(hq_store_import(stage->world.store, stage->world.keys.data_key, &row, 1, WORLD_NOW, &known));
    assert_int_equal(known.cards, 1);
    assert_int_equal(world_balance(&stage->world, account), 500);
}

static void an_imported_phone_number_stays_with_the_first_who_has_it(void **state)
{
    struct stage *stage = *state;
    struct hq_import_known known;
    struct hq_import_row rows[4] = {{.home_shop = 1}};
    static const uint8_t phones[] = {31, 0, 30, 31}; /* 0: none; 30 is in the store */
    till_enrol_with_phone(&stage->till, ANN, 19, 30);
    till_push_all(&stage->till);
    for (uint8_t i = 0; i < 4; i++) {
        rows[i].profile = (struct tally_slice){(const uint8_t *)"\x0a\x01x", 3};
        memset(rows[i].handle, 20 + i, TALLY_HANDLE_LEN);
        rows[i].has_phone_handle = phones[i] != 0;
        memset(rows[i].phone_handle, phones[i], TALLY_HANDLE_LEN);
    }
    OK(hq_store_import(stage->world.store, stage->world.keys.data_key, rows, 4, WORLD_NOW, &known));
    assert_int_equal(known.cards, 0);
    assert_int_equal(known.phones, 2);
    assert_int_equal(world_member(&stage->world, 30), ANN);
    assert_int_equal(world_member(&stage->world, 31), world_member(&stage->world, 20));
    for (uint8_t card = 20; card < 24; card++) {
        assert_int_not_equal(world_member(&stage->world, card), 0);
    }
    assert_int_equal(world_flags(&stage->world), 0); /* the import says it */
    struct hq_verified verified;
    OK(hq_store_verify(stage->world.store, &verified));
}

static void everything_is_there_after_closing_and_opening(void **state)
{
    struct stage *stage = *state;
    some_business(stage);
    hq_store_close(stage->world.store);
    OK(hq_store_open(stage->world.dir, false, &stage->world.store));
    assert_int_equal(world_balance(&stage->world, ANN), 100);
    till_sale(&stage->till, ANN, 1, 0);
    till_push_all(&stage->till);
    assert_int_equal(world_balance(&stage->world, ANN), 101);
}

/* ------------------------------------------------------------------ files and words */

static enum tally_status csv_of(const char *text, struct hq_csv *csv)
{
    *csv = (struct hq_csv){.file = tmpfile()};
    assert_non_null(csv->file);
    fputs(text, csv->file);
    rewind(csv->file);
    return hq_csv_next(csv);
}

static void csv_fields_may_be_quoted(void **state)
{
    (void)state;
    struct hq_csv csv;
    OK(csv_of("\xef\xbb\xbf"
              "a,\"b,\"\"c\"\"\",,d\r\n\nlast\n",
              &csv));
    assert_int_equal(csv.field_count, 4);
    assert_string_equal(csv.fields[0], "a");
    assert_string_equal(csv.fields[1], "b,\"c\"");
    assert_string_equal(csv.fields[2], "");
    assert_string_equal(csv.fields[3], "d");
    OK(hq_csv_next(&csv));
    assert_int_equal(csv.line, 3); /* the empty line counts */
    EXPECT(TALLY_E_END, hq_csv_next(&csv));
    fclose(csv.file);
}

static void csv_with_a_quote_out_of_place_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {"a,b\"c\n", "\"a\n", "\"a\"b,c\n", ",,,,,,,,,,,,,,,,,,,,,,\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hq_csv csv;
        EXPECT(TALLY_E_INVALID, csv_of(bad[i], &csv));
        fclose(csv.file);
    }
}

static void a_sheet_is_csv_or_ndjson(void **state)
{
    (void)state;
    static const char *const columns[] = {"id", "text", "n"};
    const char *const expected[] = {"id,text,n\n2748,\"a \"\"b\"\", c\",-5\n",
                                    "{\"id\":\"2748\",\"text\":\"a \\\"b\\\", c\","
                                    "\"n\":-5}\n"};
    for (int ndjson = 0; ndjson < 2; ndjson++) {
        char text[256] = "";
        FILE *file = tmpfile();
        struct hq_sheet sheet;
        hq_sheet_open(&sheet, file, ndjson != 0, columns, 3);
        hq_sheet_id(&sheet, 0xabc);
        hq_sheet_word(&sheet, "a \"b\", c");
        hq_sheet_number(&sheet, -5);
        OK(hq_sheet_close(&sheet));
        rewind(file);
        size_t len = fread(text, 1, sizeof text - 1, file);
        text[len] = '\0';
        assert_string_equal(text, expected[ndjson]);
        fclose(file);
    }
}

static void days_numbers_and_durations_are_read_strictly(void **state)
{
    (void)state;
    int32_t day = 0;
    int64_t number = 0;
    OK(hq_day_parse("2026-11-22", &day));
    assert_int_equal(day, WORLD_DAY);
    OK(hq_day_parse("never", &day));
    assert_int_equal(day, TALLY_DAY_NEVER);
    const char *const bad_days[] = {"2026-02-29", "2026-1-1", "22.11.2026",
                                    "2026-13-01", "",         "2026-11-22 "};
    for (size_t i = 0; i < sizeof bad_days / sizeof bad_days[0]; i++) {
        EXPECT(TALLY_E_INVALID, hq_day_parse(bad_days[i], &day));
    }
    OK(hq_number_parse("42", 0, 100, &number));
    assert_int_equal(number, 42);
    const char *const bad_numbers[] = {
        "", " 1", "1 ", "1e3", "+1", "101", "-1", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad_numbers / sizeof bad_numbers[0]; i++) {
        EXPECT(TALLY_E_INVALID, hq_number_parse(bad_numbers[i], 0, 100, &number));
    }
    OK(hq_duration_parse("15m", &number));
    assert_int_equal(number, 900000);
    EXPECT(TALLY_E_INVALID, hq_duration_parse("15", &number));
    EXPECT(TALLY_E_INVALID, hq_duration_parse("m", &number));
    char time[HQ_TIME_TEXT_LEN];
    hq_time_text(WORLD_NOW + 123, time);
    assert_string_equal(time, "2026-11-22T12:00:00.123Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_enrols_one_key_and_the_same_key_again),
        TEST(a_terminals_certificate_names_it),
        TEST(a_lapsed_and_an_unknown_token_are_refused),
        TEST(a_broken_request_leaves_the_token_unused),
        TEST(a_key_that_is_a_terminal_already_gets_no_second_number),
        TEST(a_directory_is_made_once_and_its_keys_are_private),
        TEST(hqs_certificate_is_made_again_before_it_ends),
        TEST(verify_counts_what_it_proved),
        TEST(verify_names_an_account_that_was_changed),
        TEST(verify_names_an_event_that_was_changed),
        TEST(verify_names_an_event_that_is_gone),
        TEST(verify_names_an_account_without_events),
        TEST(verify_names_a_card_that_became_somebody_elses),
        TEST(verify_names_a_card_that_nobody_lists),
        TEST(exported_sales_sum_to_the_exported_accounts),
        TEST(importing_a_known_card_again_leaves_it_alone),
        TEST(an_imported_phone_number_stays_with_the_first_who_has_it),
        TEST(everything_is_there_after_closing_and_opening),
        cmocka_unit_test(csv_fields_may_be_quoted),
        cmocka_unit_test(csv_with_a_quote_out_of_place_is_refused),
        cmocka_unit_test(a_sheet_is_csv_or_ndjson),
        cmocka_unit_test(days_numbers_and_durations_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
