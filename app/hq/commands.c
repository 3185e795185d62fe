/* SPDX-License-Identifier: Apache-2.0 */
/* The short admin commands: init, tokens, programmes, lists. Each works beside a running server. */
#include "app/hq/command.h"

#include "app/base/alloc.h"
#include "app/hq/night.h"
#include "app/hq/text.h"
#include "app/programme/document.h"
#include "app/sync/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* For a command whose only option is --help; -1: go on. */
static int no_options(const struct hq_command *self, int argc, char **argv, int words)
{
    const struct option none[] = {{NULL, 0, NULL, 0}};
    if (hq_option(self, argc, argv, none) != -1) {
        return hq_option_exit();
    }
    if (argc - optind != words) {
        return hq_usage_error(self, words == 0 ? "takes no words" : "wants one word");
    }
    return -1;
}

/* For a command that takes nothing: its store is open, or *ret_store is NULL and this is the
 * exit. */
static int open_without_options(const struct hq_command *self, const char *dir, int argc,
                                char **argv, struct hq_store **ret_store)
{
    int result = no_options(self, argc, argv, 0);
    if (result != -1) {
        return result;
    }
    *ret_store = hq_store_open_or_say(dir);
    return HQ_EXIT_FAILED;
}

/* ------------------------------------------------------------------ init */

int hq_run_init(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"name", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
    const char *names = NULL;
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option != 'n') {
            return hq_option_exit();
        }
        names = optarg;
    }
    if (names == NULL || optind != argc) {
        return hq_usage_error(self, "--name is needed");
    }
    char problem[HQ_PROBLEM_MAX];
    enum tally_status status = hq_dir_init(dir, names, hq_now_ms(), problem);
    if (status == TALLY_E_INVALID) {
        return hq_usage_error(self, "%s", problem);
    }
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", problem);
}

/* ------------------------------------------------------------------ enrol-token */

static enum tally_status token_make(struct hq_store *store, const struct hq_keys *keys,
                                    uint32_t shop, uint32_t terminal, int64_t ttl_ms,
                                    char ret_text[SYNC_TOKEN_TEXT_MAX])
{
    struct sync_token token;
    uint8_t hash[TALLY_HASH_LEN];
    struct tally_slice root = tally_buffer_slice(&keys->ca_cert);
    TALLY_TRY(tally_random(token.secret, sizeof token.secret));
    enum tally_status status = tally_sha256(&root, 1, token.root_pin);
    if (status == TALLY_OK) {
        status = sync_token_hash(&token, hash);
    }
    if (status == TALLY_OK) {
        status = hq_store_token_add(store, hash, shop, terminal, hq_now_ms() + ttl_ms);
    }
    if (status == TALLY_OK) {
        status = sync_token_encode(&token, ret_text);
    }
    explicit_bzero(&token, sizeof token);
    return status;
}

static int token_print(const char *dir, uint32_t shop, uint32_t terminal, int64_t ttl_ms)
{
    char problem[HQ_PROBLEM_MAX], text[SYNC_TOKEN_TEXT_MAX];
    struct hq_keys keys;
    if (hq_keys_load(dir, &keys, problem) != TALLY_OK) {
        return hq_failed("%s", problem);
    }
    int result = HQ_EXIT_FAILED;
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store != NULL) {
        enum tally_status status = token_make(store, &keys, shop, terminal, ttl_ms, text);
        if (status == TALLY_OK) {
            puts(text);
            explicit_bzero(text, sizeof text);
            result = HQ_EXIT_OK;
        } else {
            hq_failed("%s", tally_status_text(status));
        }
        hq_store_close(store);
    }
    hq_keys_free(&keys);
    return result;
}

int hq_run_enrol_token(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"shop", required_argument, NULL, 's'},
                                     {"ttl", required_argument, NULL, 't'},
                                     {"terminal", required_argument, NULL, 'n'},
                                     {NULL, 0, NULL, 0}};
    int64_t shop = 0, terminal = 0, ttl_ms = 15 * 60 * 1000;
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        enum tally_status status = TALLY_OK;
        if (option == 's') {
            status = hq_number_parse(optarg, 1, UINT32_MAX, &shop);
        } else if (option == 't') {
            status = hq_duration_parse(optarg, &ttl_ms);
        } else if (option == 'n') {
            status = hq_number_parse(optarg, 1, UINT32_MAX, &terminal);
        } else {
            return hq_option_exit();
        }
        if (status != TALLY_OK) {
            return hq_usage_error(self, "'%s' is not what is wanted there", optarg);
        }
    }
    if (shop == 0 || optind != argc) {
        return hq_usage_error(self, "--shop is needed");
    }
    return token_print(dir, (uint32_t)shop, (uint32_t)terminal, ttl_ms);
}

/* ------------------------------------------------------------------ lists */

static enum tally_status print_terminal(void *context, const struct hq_terminal *terminal)
{
    static const char *const states[] = {[HQ_TERMINAL_OK] = "ok",
                                         [HQ_TERMINAL_QUARANTINED] = "quarantined",
                                         [HQ_TERMINAL_REVOKED] = "revoked"};
    (void)context;
    if (terminal->number == TALLY_TERMINAL_HQ) {
        return TALLY_OK;
    }
    char heard[HQ_TIME_TEXT_LEN];
    hq_time_text(terminal->heard_ms, heard);
    printf("%-8" PRIu32 " %-6" PRIu32 " %-12s %-6" PRIu32 " %-10" PRIu64 " %-25s %s%s%s\n",
           terminal->number, terminal->shop, states[terminal->state], terminal->epoch,
           terminal->seq, heard[0] != '\0' ? heard : "never", terminal->software,
           terminal->reason[0] != '\0' ? " - " : "", terminal->reason);
    return TALLY_OK;
}

int hq_run_terminals(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_store *store = NULL;
    int result = open_without_options(self, dir, argc, argv, &store);
    if (store == NULL) {
        return result;
    }
    printf("%-8s %-6s %-12s %-6s %-10s %-25s %s\n", "terminal", "shop", "state", "epoch", "events",
           "heard", "software");
    enum tally_status status = hq_store_terminals(store, print_terminal, NULL);
    hq_store_close(store);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", tally_status_text(status));
}

static enum tally_status print_flag(void *context, const struct hq_flag *flag)
{
    (void)context;
    char time[HQ_TIME_TEXT_LEN];
    hq_time_text(flag->time_ms, time);
    printf("%" PRIu64 " %s terminal %" PRIu32 " epoch %" PRIu32, flag->number, time,
           flag->event.terminal, flag->event.epoch);
    if (flag->event.seq != 0) {
        printf(" event %" PRIu64, flag->event.seq);
    }
    if (flag->account != 0) {
        printf(" account %" PRIu64, flag->account);
    }
    printf(": %s\n", flag->text);
    return TALLY_OK;
}

int hq_run_flags(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_store *store = NULL;
    int result = open_without_options(self, dir, argc, argv, &store);
    if (store == NULL) {
        return result;
    }
    enum tally_status status = hq_store_flags(store, print_flag, NULL);
    hq_store_close(store);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", tally_status_text(status));
}

int hq_run_status(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_store *store = NULL;
    int result = open_without_options(self, dir, argc, argv, &store);
    if (store == NULL) {
        return result;
    }
    struct hq_counts counts;
    enum tally_status status = hq_store_counts(store, &counts);
    hq_store_close(store);
    if (status != TALLY_OK) {
        return hq_failed("%s", tally_status_text(status));
    }
    printf("terminals  %" PRIu64 "\nmembers    %" PRIu64 "\ncards      %" PRIu64
           "\naccounts   %" PRIu64 "\nevents     %" PRIu64 "\nflags      %" PRIu64
           "\nprogramme  %" PRIu32 "\nstore      %" PRIu64 " of %" PRIu64 " MB\n",
           counts.terminals, counts.members, counts.cards, counts.accounts, counts.events,
           counts.flags, counts.programme_version, (counts.bytes_used + 999999) / 1000000,
           counts.bytes_max / 1000000);
    return HQ_EXIT_OK;
}

int hq_run_verify(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_store *store = NULL;
    int result = open_without_options(self, dir, argc, argv, &store);
    if (store == NULL) {
        return result;
    }
    struct hq_verified verified;
    enum tally_status status = hq_store_verify(store, &verified);
    hq_store_close(store);
    if (status == TALLY_E_MISMATCH) {
        return hq_failed("%s", verified.difference);
    }
    if (status != TALLY_OK) {
        return hq_failed("verify: %s", tally_status_text(status));
    }
    printf("%" PRIu64 " events and %" PRIu64 " accounts agree\n", verified.events,
           verified.accounts);
    return HQ_EXIT_OK;
}

/* ------------------------------------------------------------------ night */

static void print_progress(void *context, const struct hq_night *night)
{
    uint64_t *told = context;
    if (night->accounts / 100000 > *told) {
        *told = night->accounts / 100000;
        fprintf(stderr, "%" PRIu64 " accounts\n", night->accounts);
    }
}

int hq_run_night(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    char problem[HQ_PROBLEM_MAX];
    struct hq_keys keys;
    struct hq_night night;
    uint64_t told = 0;
    struct hq_store *store = NULL;
    int result = open_without_options(self, dir, argc, argv, &store);
    if (store == NULL) {
        return result;
    }
    if (hq_keys_load(dir, &keys, problem) != TALLY_OK) {
        hq_store_close(store);
        return hq_failed("%s", problem);
    }
    enum tally_status status =
        hq_store_night(store, keys.data_key, hq_now_ms(), print_progress, &told, &night);
    hq_keys_free(&keys);
    hq_store_close(store);
    hq_dir_touch(dir);
    if (status != TALLY_OK) {
        return hq_failed("stopped after %" PRIu64 " accounts: %s", night.accounts,
                         tally_status_text(status));
    }
    printf("%" PRIu64 " accounts: %" PRIu64 " points expired, %" PRIu64 " birthdays, %" PRIu64
           " awards of a period\n",
           night.accounts, night.lapsed, night.birthdays, night.period_awards);
    return HQ_EXIT_OK;
}

/* ------------------------------------------------------------------ revoke */

int hq_run_revoke(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"reason", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
    const char *reason = "revoked by an operator";
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option != 'r') {
            return hq_option_exit();
        }
        reason = optarg;
    }
    int64_t number = 0;
    if (argc - optind != 1 || hq_number_parse(argv[optind], 1, UINT32_MAX, &number) != TALLY_OK) {
        return hq_usage_error(self, "wants a terminal's number");
    }
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store == NULL) {
        return HQ_EXIT_FAILED;
    }
    enum tally_status status = hq_store_revoke(store, (uint32_t)number, reason);
    hq_store_close(store);
    if (status == TALLY_E_NOT_FOUND) {
        return hq_failed("there is no terminal %s", argv[optind]);
    }
    if (status != TALLY_OK) {
        return hq_failed("%s", tally_status_text(status));
    }
    hq_dir_touch(dir);
    return HQ_EXIT_OK;
}
