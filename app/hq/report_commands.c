/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq clearing and surprise: who owes whom, and that the draws were fair. */
#include "app/hq/command.h"

#include "app/base/alloc.h"
#include "app/core/clearing.h"
#include "app/hq/surprise.h"
#include "app/hq/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ clearing */

struct clearing {
    const struct tally_programme *programme;
    struct tally_clearing *merchants; /* one more than the programme has: the programme itself */
    int32_t from_day;
    int32_t until_day;
};

static enum tally_status each_event(void *context, const struct hq_event_view *view)
{
    const struct clearing *clearing = context;
    if (view->event->business_day < clearing->from_day ||
        view->event->business_day > clearing->until_day) {
        return TALLY_OK;
    }
    return tally_clearing_add(clearing->programme, clearing->merchants, view->event, view->shop);
}

static const char *merchant_code(const struct tally_programme *programme, size_t index)
{
    return index < programme->merchant_count ? programme->merchants[index].code : "(programme)";
}

static void print_clearing(const struct clearing *clearing)
{
    const struct tally_programme *programme = clearing->programme;
    size_t from, to;
    int64_t minor;
    printf("merchant,issued,redeemed,owes_minor\n");
    for (size_t i = 0; i < programme->merchant_count; i++) {
        const struct tally_clearing *merchant = &clearing->merchants[i];
        printf("%s,%" PRId64 ",%" PRId64 ",%" PRId64 "\n", programme->merchants[i].code,
               merchant->issued, merchant->redeemed, merchant->owes_minor);
    }
    printf("\nfrom,to,pays_minor\n");
    while (tally_clearing_next(programme, clearing->merchants, &from, &to, &minor)) {
        printf("%s,%s,%" PRId64 "\n", merchant_code(programme, from), merchant_code(programme, to),
               minor);
    }
}

static int clear(struct hq_store *store, struct clearing *clearing)
{
    struct hq_today today;
    enum tally_status status = hq_store_today(store, hq_now_ms(), &today);
    if (status == TALLY_OK && (today.programme == NULL || today.programme->merchant_count == 0)) {
        return hq_failed("the programme names no merchants: see 'merchants' in its document");
    }
    if (status == TALLY_OK) {
        clearing->programme = today.programme;
        clearing->merchants =
            tally_alloc(today.programme->merchant_count + 1, sizeof *clearing->merchants);
        status = clearing->merchants == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    }
    if (status == TALLY_OK) {
        status = hq_store_each_event(store, each_event, clearing);
    }
    if (status == TALLY_OK) {
        status = tally_clearing_settle(clearing->programme, clearing->merchants);
    }
    if (status == TALLY_OK) {
        print_clearing(clearing);
    }
    tally_free(clearing->merchants);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", tally_status_text(status));
}

int hq_run_clearing(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                     {"until", required_argument, NULL, 'u'},
                                     {NULL, 0, NULL, 0}};
    struct clearing clearing = {.from_day = INT32_MIN, .until_day = INT32_MAX};
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option != 'f' && option != 'u') {
            return hq_option_exit();
        }
        int32_t *day = option == 'f' ? &clearing.from_day : &clearing.until_day;
        if (hq_day_parse(optarg, day) != TALLY_OK) {
            return hq_usage_error(self, "--from and --until want a day like 2026-12-31");
        }
    }
    if (optind != argc) {
        return hq_usage_error(self, "takes no words");
    }
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store == NULL) {
        return HQ_EXIT_FAILED;
    }
    int result = clear(store, &clearing);
    hq_store_close(store);
    return result;
}

/* ------------------------------------------------------------------ surprise */

static enum tally_status print_seed(void *context, const struct hq_seed *seed)
{
    (void)context;
    char commitment[HQ_HEX_LEN], open[HQ_HEX_LEN] = "secret until the month is over";
    hq_hex_text(seed->commitment, commitment);
    if (seed->is_over) {
        _Static_assert((int)TALLY_KEY_LEN == (int)TALLY_HASH_LEN, "a seed prints like a hash");
        hq_hex_text(seed->seed, open);
    }
    printf("%04" PRId32 "-%02" PRId32 " %s %s\n", seed->month / 12, seed->month % 12 + 1,
           commitment, open);
    return TALLY_OK;
}

static int prove(struct hq_store *store)
{
    struct hq_surprise_proof proof;
    enum tally_status status = hq_store_surprise_prove(store, &proof);
    if (status == TALLY_E_MISMATCH) {
        return hq_failed("%s", proof.difference);
    }
    if (status != TALLY_OK) {
        return hq_failed("%s", tally_status_text(status));
    }
    printf("%" PRIu64 " sales drawn again, %" PRIu64 " won: as head office gave\n", proof.sales,
           proof.wins);
    return HQ_EXIT_OK;
}

int hq_run_surprise(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"commit", required_argument, NULL, 'c'},
                                     {"prove", no_argument, NULL, 'p'},
                                     {NULL, 0, NULL, 0}};
    int64_t months = 0;
    bool proves = false;
    int option, result = HQ_EXIT_OK;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option == 'p') {
            proves = true;
        } else if (option != 'c') {
            return hq_option_exit();
        } else if (hq_number_parse(optarg, 1, 120, &months) != TALLY_OK) {
            return hq_usage_error(self, "--commit wants a number of months, 1 to 120");
        }
    }
    if (optind != argc) {
        return hq_usage_error(self, "takes no words");
    }
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store == NULL) {
        return HQ_EXIT_FAILED;
    }
    enum tally_status status = TALLY_OK;
    if (months > 0) {
        status = hq_store_seeds_commit(store, hq_now_ms(), (int32_t)months);
    }
    if (status == TALLY_OK && proves) {
        result = prove(store);
    } else if (status == TALLY_OK) {
        status = hq_store_seeds(store, hq_now_ms(), print_seed, NULL);
    }
    hq_store_close(store);
    return status == TALLY_OK ? result : hq_failed("%s", tally_status_text(status));
}
