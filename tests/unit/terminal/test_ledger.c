/* SPDX-License-Identifier: Apache-2.0 */
/* Which programme rules at a terminal, while they come, wait and are overtaken; and what the desk
 * remembers of cashiers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/terminal/desk_inside.h"

/* The instant that the sample says, 2026-01-01 00:00 in its zone, and an hour. */
#define CLUB_MS INT64_C(1767196800000)
#define HOUR_MS INT64_C(3600000)

struct desk_side {
    char dir[64];
    char store[80];
    struct tally_buffer key_pem, club;
    struct ledger ledger;
};

static void read_club(struct tally_buffer *ret_text)
{
    FILE *file = fopen(TALLY_CLUB_JSON, "re");
    assert_non_null(file);
    assert_int_equal(TALLY_OK, tally_buffer_reserve(ret_text, 64 * 1024));
    ret_text->len = fread(ret_text->data, 1, 64 * 1024 - 1, file);
    ret_text->data[ret_text->len] = '\0';
    fclose(file);
}

static void replace(struct tally_buffer *text, const char *old, const char *new)
{
    struct tally_buffer changed = {0};
    const char *at = strstr((const char *)text->data, old);
    assert_non_null(at);
    size_t before = (size_t)(at - (const char *)text->data);
    assert_int_equal(TALLY_OK, tally_buffer_append(&changed, text->data, before));
    assert_int_equal(TALLY_OK, tally_buffer_append(&changed, new, strlen(new)));
    at += strlen(old);
    assert_int_equal(TALLY_OK, tally_buffer_append(&changed, at, strlen(at) + 1));
    changed.len--;
    tally_buffer_free(text);
    *text = changed;
}

/* Version `version`, in force `hour` hours after the sample (0 to 9). */
static enum tally_status take(struct desk_side *side, unsigned version, unsigned hour,
                              int64_t now_ms)
{
    struct tally_buffer text = {0}, signature = {0};
    char words[64];
    assert_int_equal(TALLY_OK, tally_buffer_append(&text, side->club.data, side->club.len + 1));
    snprintf(words, sizeof words, "\"version\": %u", version);
    replace(&text, "\"version\": 1", words);
    snprintf(words, sizeof words, "2026-01-01T0%u:", hour);
    replace(&text, "2026-01-01T00:", words);
    assert_int_equal(TALLY_OK, tally_sign(tally_buffer_slice(&side->key_pem),
                                          tally_buffer_slice(&text), &signature));
    struct tally_msg_signed_programme programme = {tally_buffer_slice(&text),
                                                   tally_buffer_slice(&signature)};
    enum tally_status status = ledger_take_programme(&side->ledger, &programme, now_ms);
    tally_buffer_free(&text);
    tally_buffer_free(&signature);
    return status;
}

static uint32_t in_force(struct desk_side *side, int64_t now_ms)
{
    const struct tally_programme *programme = ledger_programme(&side->ledger, now_ms);
    return programme == NULL ? 0 : programme->version;
}

static void open_again(struct desk_side *side)
{
    ledger_close(&side->ledger);
    assert_int_equal(TALLY_OK, ledger_open(&side->ledger, side->store));
    assert_int_equal(TALLY_OK, side->ledger.status);
}

static int set_up(void **state)
{
    struct desk_side *side = tally_alloc(1, sizeof *side);
    struct tally_buffer public = {0};
    assert_non_null(side);
    assert_int_equal(TALLY_OK, tally_crypto_start());
    snprintf(side->dir, sizeof side->dir, "/tmp/tally-ledger-XXXXXX");
    assert_non_null(mkdtemp(side->dir));
    snprintf(side->store, sizeof side->store, "%s/store", side->dir);
    read_club(&side->club);
    assert_int_equal(TALLY_OK, tally_key_generate(&side->key_pem));
    assert_int_equal(TALLY_OK, tally_key_public(tally_buffer_slice(&side->key_pem), &public));
    assert_int_equal(TALLY_OK, ledger_open(&side->ledger, side->store));
    struct tally_msg_shared_keys keys = {.programme_key = tally_buffer_slice(&public)};
    assert_int_equal(TALLY_OK, ledger_take_keys(&side->ledger, &keys));
    tally_buffer_free(&public);
    *state = side;
    return 0;
}

static int tear_down(void **state)
{
    struct desk_side *side = *state;
    char command[128];
    ledger_close(&side->ledger);
    snprintf(command, sizeof command, "rm -rf '%s'", side->dir);
    int code = system(command);
    tally_buffer_free(&side->club);
    tally_buffer_free(&side->key_pem);
    tally_free(side);
    return WIFEXITED(code) && WEXITSTATUS(code) == 0 ? 0 : -1;
}

static ino_t keys_file(const struct desk_side *side)
{
    char path[128];
    struct stat file;
    snprintf(path, sizeof path, "%s/meta/keys", side->store);
    assert_int_equal(0, stat(path, &file));
    return file.st_ino; /* a record is written as a new file */
}

static void keys_that_come_again_are_not_written_again(void **state)
{
    struct desk_side *side = *state;
    struct tally_msg_shared_keys keys = {.programme_key =
                                             tally_buffer_slice(&side->ledger.programme_key)};
    memcpy(keys.card_key, side->ledger.card_key, TALLY_KEY_LEN);
    memcpy(keys.data_key, side->ledger.data_key, TALLY_KEY_LEN);
    ino_t before = keys_file(side);
    assert_int_equal(TALLY_OK, ledger_take_keys(&side->ledger, &keys));
    assert_true(before == keys_file(side));
    keys.card_key[0] ^= 1;
    assert_int_equal(TALLY_OK, ledger_take_keys(&side->ledger, &keys));
    assert_true(before != keys_file(side));
    assert_memory_equal(keys.card_key, side->ledger.card_key, TALLY_KEY_LEN);
}

static void a_programme_waits_for_its_time_also_through_a_restart(void **state)
{
    struct desk_side *side = *state;
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 2, 2, CLUB_MS));
    assert_int_equal(1, in_force(side, CLUB_MS + HOUR_MS));
    open_again(side);
    assert_int_equal(1, in_force(side, CLUB_MS + HOUR_MS));
    assert_int_equal(2, in_force(side, CLUB_MS + 2 * HOUR_MS));
    assert_int_equal(TALLY_E_TOO_LATE, take(side, 2, 3, CLUB_MS));
}

static void one_that_rules_at_once_overtakes_an_older_one_that_waits(void **state)
{
    struct desk_side *side = *state;
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 2, 2, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 3, 1, CLUB_MS + HOUR_MS));
    assert_int_equal(3, ledger_programme_version(&side->ledger));
    assert_int_equal(3, in_force(side, CLUB_MS + HOUR_MS));
    assert_int_equal(3, in_force(side, CLUB_MS + 2 * HOUR_MS));
    open_again(side);
    assert_int_equal(3, in_force(side, CLUB_MS + 2 * HOUR_MS));
}

static void what_rules_stays_in_force_through_a_restart_while_a_newer_one_waits(void **state)
{
    struct desk_side *side = *state;
    int64_t now_ms = CLUB_MS + 2 * HOUR_MS;
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 2, 2, CLUB_MS));
    assert_int_equal(2, in_force(side, now_ms));
    assert_int_equal(TALLY_OK, take(side, 3, 5, now_ms));
    assert_int_equal(2, in_force(side, now_ms));
    open_again(side);
    assert_int_equal(2, in_force(side, now_ms));
    assert_int_equal(TALLY_OK, take(side, 4, 6, now_ms)); /* overtakes the one that waits */
    open_again(side);
    assert_int_equal(2, in_force(side, now_ms));
    assert_int_equal(4, in_force(side, CLUB_MS + 6 * HOUR_MS));
}

static void several_that_wait_each_take_over_in_their_time_also_through_a_restart(void **state)
{
    struct desk_side *side = *state;
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 2, 2, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 3, 4, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 4, 6, CLUB_MS));
    assert_true(ledger_takeover_ms(&side->ledger) == CLUB_MS + 2 * HOUR_MS);
    assert_int_equal(4, ledger_programme_version(&side->ledger));
    assert_int_equal(2, in_force(side, CLUB_MS + 3 * HOUR_MS));
    open_again(side); /* who took over meanwhile is told by the clock */
    assert_int_equal(2, in_force(side, CLUB_MS + 3 * HOUR_MS));
    assert_int_equal(TALLY_OK, take(side, 5, 8, CLUB_MS + 3 * HOUR_MS));
    open_again(side);
    assert_int_equal(2, in_force(side, CLUB_MS + 3 * HOUR_MS));
    assert_int_equal(3, in_force(side, CLUB_MS + 4 * HOUR_MS));
    assert_int_equal(4, in_force(side, CLUB_MS + 7 * HOUR_MS));
    assert_int_equal(5, in_force(side, CLUB_MS + 8 * HOUR_MS));
    assert_true(ledger_takeover_ms(&side->ledger) == INT64_MAX);
}

static void a_newer_one_that_rules_earlier_drops_those_that_would_rule_after_it(void **state)
{
    struct desk_side *side = *state;
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 2, 2, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 3, 6, CLUB_MS));
    assert_int_equal(TALLY_OK, take(side, 4, 4, CLUB_MS));
    for (int restart = 0; restart <= 1; restart++) {
        if (restart == 1) {
            open_again(side);
        }
        assert_int_equal(2, in_force(side, CLUB_MS + 3 * HOUR_MS));
    }
    assert_int_equal(4, in_force(side, CLUB_MS + 4 * HOUR_MS));
    assert_int_equal(4, in_force(side, CLUB_MS + 9 * HOUR_MS));
}

static void a_programme_that_this_program_can_not_read_is_not_taken(void **state)
{
    struct desk_side *side = *state;
    struct tally_buffer text = {0}, signature = {0};
    assert_int_equal(TALLY_OK, take(side, 1, 0, CLUB_MS));
    assert_int_equal(TALLY_OK, tally_buffer_append(&text, side->club.data, side->club.len + 1));
    replace(&text, "\"version\": 1", "\"version\": 2, \"of_next_year\": true");
    assert_int_equal(TALLY_OK, tally_sign(tally_buffer_slice(&side->key_pem),
                                          tally_buffer_slice(&text), &signature));
    struct tally_msg_signed_programme programme = {tally_buffer_slice(&text),
                                                   tally_buffer_slice(&signature)};
    assert_int_equal(TALLY_E_RULE, ledger_take_programme(&side->ledger, &programme, CLUB_MS));
    signature.data[signature.len - 1] ^= 1;
    assert_int_equal(TALLY_E_SIGNATURE, ledger_take_programme(&side->ledger, &programme, CLUB_MS));
    assert_int_equal(1, ledger_programme_version(&side->ledger));
    open_again(side);
    assert_int_equal(1, in_force(side, CLUB_MS));
    tally_buffer_free(&text);
    tally_buffer_free(&signature);
}

/* ------------------------------------------------------------------ cashiers */

static struct tally_event a_sale_of(int64_t points, struct tally_move *move)
{
    *move = (struct tally_move){TALLY_MOVE_EARN, 0, 20000, 0, points};
    return (struct tally_event){.type = TALLY_EVENT_SALE,
                                .business_day = 19000,
                                .effects = {.moves = move, .move_count = 1}};
}

static void each_cashier_is_counted_apart_and_nobody_without_a_name(void **state)
{
    (void)state;
    struct cashiers cashiers = {0};
    struct tally_move move;
    struct tally_event sale = a_sale_of(30, &move);
    int64_t now_ms = INT64_C(19000) * 24 * HOUR_MS;
    cashiers_count(&cashiers, "ann", &sale, now_ms);
    cashiers_count(&cashiers, "ann", &sale, now_ms + 1);
    cashiers_count(&cashiers, "bo", &sale, now_ms);
    cashiers_count(&cashiers, "", &sale, now_ms);
    assert_int_equal(2, cashiers.count);
    assert_int_equal(2, cashiers_find(&cashiers, "ann")->sales_in_hour);
    assert_int_equal(60, cashiers_find(&cashiers, "ann")->earned_in_day);
    assert_int_equal(1, cashiers_find(&cashiers, "bo")->sales_in_hour);
    assert_null(cashiers_find(&cashiers, "cy"));
    cashiers_free(&cashiers);
}

static void names_of_another_day_are_forgotten_before_more_room_is_taken(void **state)
{
    (void)state;
    struct cashiers cashiers = {0};
    struct tally_move move;
    struct tally_event sale = a_sale_of(1, &move);
    for (int day = 0; day < 50; day++) {
        sale.business_day = 19000 + day;
        for (int i = 0; i < 10; i++) {
            char name[32];
            snprintf(name, sizeof name, "%d of %d", i, day);
            cashiers_count(&cashiers, name, &sale, (INT64_C(19000) + day) * 24 * HOUR_MS);
        }
        char name[32];
        snprintf(name, sizeof name, "0 of %d", day);
        assert_non_null(cashiers_find(&cashiers, name));
    }
    assert_true(cashiers.room <= 32);
    cashiers_free(&cashiers);
}

static void a_store_that_failed_is_tried_again_though_the_clock_was_set_back(void **state)
{
    struct desk_side *side = *state;
    struct ledger ledger;
    char file[80], store[96];
    snprintf(file, sizeof file, "%s/file", side->dir);
    snprintf(store, sizeof store, "%s/store", file);
    FILE *in_the_way = fopen(file, "we");
    assert_non_null(in_the_way);
    fclose(in_the_way);
    assert_int_equal(TALLY_OK, ledger_open(&ledger, store));
    assert_int_not_equal(TALLY_OK, ledger.status);
    int64_t now_ms = ledger_now_ms();
    assert_int_equal(0, unlink(file));
    assert_int_equal(0, mkdir(file, 0700));
    assert_int_not_equal(TALLY_OK, ledger_ready(&ledger, now_ms)); /* not at every request */
    assert_int_equal(TALLY_OK, ledger_ready(&ledger, now_ms - HOUR_MS));
    ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_that_come_again_are_not_written_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_programme_waits_for_its_time_also_through_a_restart,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_rules_at_once_overtakes_an_older_one_that_waits,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_rules_stays_in_force_through_a_restart_while_a_newer_one_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            several_that_wait_each_take_over_in_their_time_also_through_a_restart, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_newer_one_that_rules_earlier_drops_those_that_would_rule_after_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_programme_that_this_program_can_not_read_is_not_taken,
                                        set_up, tear_down),
        cmocka_unit_test(each_cashier_is_counted_apart_and_nobody_without_a_name),
        cmocka_unit_test(names_of_another_day_are_forgotten_before_more_room_is_taken),
        cmocka_unit_test_setup_teardown(
            a_store_that_failed_is_tried_again_though_the_clock_was_set_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
