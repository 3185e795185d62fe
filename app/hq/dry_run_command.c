/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq programme dry-run: what another programme would have done with the sales there were. */
#include "app/hq/command.h"

#include "app/base/alloc.h"
#include "app/hq/document_file.h"
#include "app/hq/dry_run.h"
#include "app/hq/history.h"
#include "app/store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MONEY_TEXT_LEN = 48 };

struct request {
    const char *would_path;
    const char *was_path; /* NULL: the newest one that head office published */
    const char **journals;
    size_t journal_count;
};

/* ------------------------------------------------------------------ the report */

static void money_text(const struct tally_programme *programme, int64_t minor,
                       char text[MONEY_TEXT_LEN])
{
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor, unit = 1;
    const char *sign = minor < 0 ? "-" : "";
    for (uint32_t i = 0; i < programme->currency_exponent; i++) {
        unit *= 10;
    }
    if (unit == 1) {
        snprintf(text, MONEY_TEXT_LEN, "%s%" PRIu64, sign, size);
    } else {
        snprintf(text, MONEY_TEXT_LEN, "%s%" PRIu64 ".%0*" PRIu64, sign, size / unit,
                 (int)programme->currency_exponent, size % unit);
    }
}

static void row_points(const char *what, int64_t before, int64_t after)
{
    printf("  %-24s %16" PRId64 " %16" PRId64 " %+16" PRId64 "\n", what, before, after,
           after - before);
}

static void row_money(const struct tally_programme *programme, const char *what, int64_t before,
                      int64_t after)
{
    char was[MONEY_TEXT_LEN], would[MONEY_TEXT_LEN], more[MONEY_TEXT_LEN];
    money_text(programme, before, was);
    money_text(programme, after, would);
    money_text(programme, after - before, more);
    printf("  %-24s %16s %16s %s%15s\n", what, was, would, after > before ? "+" : " ", more);
}

static uint64_t members_in(const struct tally_programme *programme, const uint64_t *tiers,
                           uint32_t id)
{
    size_t index = tally_programme_tier_index(programme, id);
    return index < programme->tiers.tier_count ? tiers[index] : 0;
}

static void print_tiers(const struct dry_run *run)
{
    const struct tally_tier_rules *was = &run->was->tiers, *would = &run->would->tiers;
    printf("members in a tier\n");
    for (size_t i = 0; i < would->tier_count; i++) {
        row_points(would->tiers[i].code,
                   (int64_t)members_in(run->was, run->before.tiers, would->tiers[i].id),
                   (int64_t)run->after.tiers[i]);
    }
    for (size_t i = 0; i < was->tier_count; i++) {
        if (tally_programme_tier_index(run->would, was->tiers[i].id) == would->tier_count) {
            row_points(was->tiers[i].code, (int64_t)run->before.tiers[i], 0);
        }
    }
}

static void print_members(const struct dry_run *run, const char *title,
                          const struct dry_run_member *list)
{
    if (list[0].account == 0) {
        return;
    }
    printf("%s, in %s\n", title, run->would->currency);
    for (size_t i = 0; i < DRY_RUN_LISTED && list[i].account != 0; i++) {
        char more[MONEY_TEXT_LEN];
        money_text(run->would, list[i].more_minor, more);
        printf("  account %-20" PRIu64 " %16s\n", list[i].account, more);
    }
}

static void print_report(const struct dry_run *run)
{
    const struct dry_run_side *was = &run->before, *would = &run->after;
    printf("%" PRIu64 " accounts, %" PRIu64 " sales, %" PRIu64 " voids and refunds\n\n",
           run->accounts, run->sales, run->reversals);
    printf("  %-24s %16s %16s %16s\n", "", "as it was", "would be", "difference");
    printf("points\n");
    row_points("earned", was->earned, would->earned);
    row_points("redeemed", was->redeemed, would->redeemed);
    row_points("expired (breakage)", was->expired, would->expired);
    row_points("held by members now", was->points, would->points);
    row_points("owed by members now", was->debt, would->debt);
    printf("money, in %s\n", run->would->currency);
    row_money(run->would, "paid with points", was->redeemed_minor, would->redeemed_minor);
    row_money(run->would, "rewards", was->discount_minor, would->discount_minor);
    row_money(run->would, "cost so far", was->redeemed_minor + was->discount_minor,
              would->redeemed_minor + would->discount_minor);
    row_money(run->would, "liability now", was->liability_minor, would->liability_minor);
    print_tiers(run);
    printf("\n%" PRIu64 " members would have more, %" PRIu64 " less\n", run->winners, run->losers);
    print_members(run, "those who win most", run->won);
    print_members(run, "those who lose most", run->lost);
    if (run->refused > 0) {
        printf("%" PRIu64 " redemptions would not be allowed; those sales were played without\n",
               run->refused);
    }
    if (run->skipped > 0) {
        printf("%" PRIu64 " events have no place in it and were left out\n", run->skipped);
    }
}

/* ------------------------------------------------------------------ where events come from */

static enum tally_status each_account(void *context, const struct tally_event *const *events,
                                      size_t count)
{
    return dry_run_account(context, events, count);
}

static enum tally_status each_record(void *context, const struct journal_record *record)
{
    enum tally_status status = history_add(context, record->event);
    return status == TALLY_E_INVALID ? TALLY_E_STORE_DAMAGED : status;
}

/* An exit code. */
static int gather(const struct request *request, struct history *history)
{
    for (size_t i = 0; i < request->journal_count; i++) {
        enum tally_status status = journal_show(request->journals[i], each_record, history);
        if (status != TALLY_OK) {
            return hq_failed("%s: %s", request->journals[i],
                             status == TALLY_E_NOT_FOUND ? "there is no journal"
                                                         : tally_status_text(status));
        }
    }
    return HQ_EXIT_OK;
}

static int play(const struct request *request, struct hq_store *store, struct history *history,
                const struct tally_programme *was, const struct tally_programme *would)
{
    struct dry_run run;
    enum tally_status status = dry_run_start(&run, was, would, hq_now_ms());
    if (status == TALLY_OK) {
        run.is_one_terminal = request->journal_count > 0;
        status = run.is_one_terminal ? history_each_account(history, each_account, &run)
                                     : hq_store_each_history(store, each_account, &run);
    }
    if (status == TALLY_OK) {
        print_report(&run);
    }
    dry_run_free(&run);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("dry run: %s", tally_status_text(status));
}

/* ------------------------------------------------------------------ the command */

static int was_load(const struct request *request, struct hq_store *store,
                    struct tally_programme_document **ret_document)
{
    if (request->was_path != NULL) {
        return hq_document_load(request->was_path, NULL, ret_document);
    }
    struct tally_buffer text = {0};
    uint32_t version = 0;
    enum tally_status status = hq_store_programme_newest(store, &version, &text);
    if (status == TALLY_OK) {
        status = tally_programme_parse(tally_buffer_slice(&text), ret_document, NULL);
    }
    tally_buffer_free(&text);
    if (status == TALLY_E_NOT_FOUND) {
        return hq_failed("no programme is published to compare with: give one with --against");
    }
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("%s", tally_status_text(status));
}

static int dry_run(const char *dir, const struct request *request)
{
    struct tally_programme_document *would = NULL, *was = NULL;
    struct hq_store *store = NULL;
    struct history history = {.count = 0};
    bool needs_store = request->journal_count == 0 || request->was_path == NULL;
    int result = hq_document_load(request->would_path, NULL, &would);
    if (result == HQ_EXIT_OK) {
        result = gather(request, &history);
    }
    if (result == HQ_EXIT_OK && needs_store) {
        store = hq_store_open_or_say(dir);
        result = store == NULL ? HQ_EXIT_FAILED : HQ_EXIT_OK;
    }
    if (result == HQ_EXIT_OK) {
        result = was_load(request, store, &was);
    }
    if (result == HQ_EXIT_OK &&
        strcmp(tally_programme_of(was)->currency, tally_programme_of(would)->currency) != 0) {
        result = hq_failed("the two programmes count in %s and %s: nothing can be compared",
                           tally_programme_of(was)->currency, tally_programme_of(would)->currency);
    }
    if (result == HQ_EXIT_OK) {
        result = play(request, store, &history, tally_programme_of(was), tally_programme_of(would));
    }
    history_free(&history);
    tally_programme_document_free(would);
    tally_programme_document_free(was);
    hq_store_close(store);
    return result;
}

static int options_read(const struct hq_command *self, int argc, char **argv,
                        struct request *request)
{
    const struct option options[] = {{"journal", required_argument, NULL, 'j'},
                                     {"against", required_argument, NULL, 'a'},
                                     {NULL, 0, NULL, 0}};
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option == 'j') {
            request->journals[request->journal_count] = optarg;
            request->journal_count++;
        } else if (option == 'a') {
            request->was_path = optarg;
        } else {
            return hq_option_exit();
        }
    }
    if (argc - optind != 1) {
        return hq_usage_error(self, "wants one file");
    }
    request->would_path = argv[optind];
    return -1;
}

int hq_run_programme_dry_run(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct request request = {.journal_count = 0};
    request.journals = tally_alloc((size_t)argc, sizeof *request.journals);
    if (request.journals == NULL) {
        return hq_failed("%s", tally_status_text(TALLY_E_NO_MEMORY));
    }
    int result = options_read(self, argc, argv, &request);
    if (result == -1) {
        result = dry_run(dir, &request);
    }
    tally_free(request.journals);
    return result;
}
