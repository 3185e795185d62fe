/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq account ...: one account as head office sees it, and what a person may do to it. */
#include "app/hq/command.h"

#include "app/core/tier.h"
#include "app/crypto/crypto.h"
#include "app/hq/acts.h"
#include "app/hq/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ words */

static bool account_parse(const char *text, uint64_t *ret_account)
{
    char *end = NULL;
    if (text[0] < '1' || text[0] > '9' || strlen(text) > 20) {
        return false;
    }
    *ret_account = strtoull(text, &end, 10);
    return *end == '\0';
}

struct words {
    struct hq_act act;
    int64_t points;
    int32_t day; /* 0: not said */
    bool has_points;
};

/* Reads the options that the acts share, then `count` words; -1: go on. */
static int words_read(const struct hq_command *self, int argc, char **argv, int count,
                      struct words *words)
{
    const struct option options[] = {
        {"points", required_argument, NULL, 'p'}, {"until", required_argument, NULL, 'u'},
        {"reason", required_argument, NULL, 'r'}, {"who", required_argument, NULL, 'w'},
        {"second", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    *words = (struct words){.act = {.who = "", .reason = "", .second = ""}};
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option == 'p') {
            words->has_points = hq_number_parse(optarg, -TALLY_POINTS_MAX, TALLY_POINTS_MAX,
                                                &words->points) == TALLY_OK;
            if (!words->has_points) {
                return hq_usage_error(self, "--points wants a whole number");
            }
        } else if (option == 'u') {
            if (hq_day_parse(optarg, &words->day) != TALLY_OK) {
                return hq_usage_error(self, "--until wants a day like 2027-12-31, or never");
            }
        } else if (option == 'r') {
            words->act.reason = optarg;
        } else if (option == 'w') {
            words->act.who = optarg;
        } else if (option == 's') {
            words->act.second = optarg;
        } else {
            return hq_option_exit();
        }
    }
    if (argc - optind != count || !account_parse(argv[optind], &words->act.account)) {
        return hq_usage_error(self, "wants an account's number%s",
                              count > 1 ? " and one more" : "");
    }
    return -1;
}

int hq_wants_reason(const struct hq_command *self, const struct hq_act *act)
{
    const char *texts[] = {act->reason, act->who, act->second};
    for (size_t i = 0; i < 3; i++) {
        if (strlen(texts[i]) > TALLY_TEXT_LEN_MAX) {
            return hq_usage_error(self, "'%.20s...' is longer than 64 bytes", texts[i]);
        }
    }
    return act->reason[0] == '\0' || act->who[0] == '\0'
               ? hq_usage_error(self, "--reason and --who are needed")
               : -1;
}

int hq_act_end(const char *dir, struct hq_store *store, enum tally_status status, const char *text)
{
    hq_store_close(store);
    if (status != TALLY_OK) {
        return hq_failed("%s", text);
    }
    hq_dir_touch(dir);
    return HQ_EXIT_OK;
}

/* ------------------------------------------------------------------ looking */

static void print_lots(const struct tally_account *account, const struct tally_programme *programme)
{
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        char where[32] = "head office", last[HQ_DAY_TEXT_LEN], from[HQ_DAY_TEXT_LEN] = "";
        if (lot->drawer != TALLY_TERMINAL_HQ) {
            snprintf(where, sizeof where, "terminal %" PRIu32, lot->drawer);
        }
        hq_day_text(tally_lot_last_day(account, lot), last);
        if (lot->from_day != 0) {
            hq_day_text(lot->from_day, from);
        }
        printf("  %-20s %12" PRId64 "  to %s%s%s%s", where, lot->points, last,
               lot->from_day != 0 ? ", from " : "", from, lot->hold != 0 ? ", set aside" : "");
        const struct tally_reward *reward = account->id == TALLY_ACCOUNT_HOUSE && programme != NULL
                                                ? tally_programme_reward(programme, lot->purse)
                                                : NULL;
        if (reward != NULL) {
            printf(", units of reward %s", reward->code);
        } else if (lot->purse != TALLY_PURSE_POINTS) {
            printf(", purse %08" PRIx32, lot->purse);
        }
        putchar('\n');
    }
}

static void print_account(const struct tally_account *account, const struct hq_today *today)
{
    struct tally_balance balance =
        tally_account_balance(account, TALLY_PURSE_POINTS, today->day, today->now_ms);
    struct tally_purse totals = tally_account_purse(account, TALLY_PURSE_POINTS);
    printf("account    %" PRIu64 "\npoints     %" PRId64 "\n", account->id, balance.usable);
    printf("pending    %" PRId64 "\nheld       %" PRId64 "\nowed       %" PRId64 "\n",
           balance.pending, balance.held, balance.debt);
    printf("earned     %" PRId64 "\nredeemed   %" PRId64 "\nexpired    %" PRId64
           "\nadjusted   %" PRId64 "\nvisits     %" PRId64 "\n",
           totals.earned, totals.redeemed, totals.expired + balance.lapsed, totals.adjusted,
           tally_account_visits(account));
    if (today->programme != NULL) {
        char until[HQ_DAY_TEXT_LEN];
        struct tally_tier_view tier = tally_tier_of(account, today->programme, today->day);
        hq_day_text(tier.until_day, until);
        printf("tier       %s to %s%s\n", today->programme->tiers.tiers[tier.tier].code, until,
               tier.is_floor ? ", given" : "");
    }
    if (account->blocked) {
        printf("blocked\n");
    }
    if (account->merged_into != 0) {
        printf("merged into account %" PRIu64 "\n", account->merged_into);
    }
    if (account->lot_count > 0) {
        printf("where the points are\n");
        print_lots(account, today->programme);
    }
}

int hq_run_account(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct words words;
    int result = words_read(self, argc, argv, 1, &words);
    if (result != -1) {
        return result;
    }
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store == NULL) {
        return HQ_EXIT_FAILED;
    }
    struct tally_book book;
    struct hq_today today;
    enum tally_status status = hq_store_today(store, hq_now_ms(), &today);
    if (status == TALLY_OK) {
        status = hq_store_account(store, words.act.account, &book);
    }
    if (status == TALLY_OK) {
        print_account(&book.account, &today);
        tally_book_free(&book);
    }
    hq_store_close(store);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", tally_status_text(status));
}

/* ------------------------------------------------------------------ acts */

int hq_run_account_adjust(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct words words;
    char text[HQ_TEXT_MAX];
    int result = words_read(self, argc, argv, 1, &words);
    if (result == -1) {
        result = hq_wants_reason(self, &words.act);
    }
    if (result == -1 && (!words.has_points || words.points == 0)) {
        result = hq_usage_error(self, "--points is needed, above or below 0");
    }
    struct hq_store *store = result == -1 ? hq_store_open_or_say(dir) : NULL;
    if (store == NULL) {
        return result == -1 ? HQ_EXIT_FAILED : result;
    }
    enum tally_status status =
        hq_store_adjust(store, &words.act, words.points, words.day, hq_now_ms(), text);
    return hq_act_end(dir, store, status, text);
}

int hq_run_account_tier(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct words words;
    char text[HQ_TEXT_MAX];
    int result = words_read(self, argc, argv, 2, &words);
    if (result == -1) {
        result = hq_wants_reason(self, &words.act);
    }
    struct hq_store *store = result == -1 ? hq_store_open_or_say(dir) : NULL;
    if (store == NULL) {
        return result == -1 ? HQ_EXIT_FAILED : result;
    }
    const char *code = strcmp(argv[optind + 1], "-") == 0 ? "" : argv[optind + 1];
    enum tally_status status = hq_store_give_tier(
        store, &words.act, code, words.day == 0 ? TALLY_DAY_NEVER : words.day, hq_now_ms(), text);
    return hq_act_end(dir, store, status, text);
}

int hq_run_account_transfer(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct words words;
    uint64_t to = 0;
    char text[HQ_TEXT_MAX];
    int result = words_read(self, argc, argv, 2, &words);
    if (result == -1) {
        result = hq_wants_reason(self, &words.act);
    }
    if (result == -1 && (words.points < 1 || !account_parse(argv[optind + 1], &to))) {
        result = hq_usage_error(self, "wants two accounts' numbers and --points above 0");
    }
    struct hq_store *store = result == -1 ? hq_store_open_or_say(dir) : NULL;
    if (store == NULL) {
        return result == -1 ? HQ_EXIT_FAILED : result;
    }
    enum tally_status status =
        hq_store_transfer(store, &words.act, to, words.points, hq_now_ms(), text);
    return hq_act_end(dir, store, status, text);
}

static int run_block(const struct hq_command *self, const char *dir, int argc, char **argv,
                     bool blocked)
{
    struct words words;
    char text[HQ_TEXT_MAX];
    int result = words_read(self, argc, argv, 1, &words);
    if (result == -1) {
        result = hq_wants_reason(self, &words.act);
    }
    struct hq_store *store = result == -1 ? hq_store_open_or_say(dir) : NULL;
    if (store == NULL) {
        return result == -1 ? HQ_EXIT_FAILED : result;
    }
    enum tally_status status = hq_store_block(store, &words.act, blocked, hq_now_ms(), text);
    return hq_act_end(dir, store, status, text);
}

int hq_run_account_block(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    return run_block(self, dir, argc, argv, true);
}

int hq_run_account_unblock(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    return run_block(self, dir, argc, argv, false);
}

int hq_run_account_merge(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct words words;
    uint64_t into = 0;
    char text[HQ_TEXT_MAX];
    int result = words_read(self, argc, argv, 2, &words);
    if (result == -1) {
        result = hq_wants_reason(self, &words.act);
    }
    if (result == -1 && !account_parse(argv[optind + 1], &into)) {
        result = hq_usage_error(self, "wants two accounts' numbers");
    }
    struct hq_store *store = result == -1 ? hq_store_open_or_say(dir) : NULL;
    if (store == NULL) {
        return result == -1 ? HQ_EXIT_FAILED : result;
    }
    enum tally_status status = hq_store_merge(store, &words.act, into, hq_now_ms(), text);
    return hq_act_end(dir, store, status, text);
}
