/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq export: every sale, account or event as rows, straight from one snapshot of the store. */
#include "app/hq/command.h"

#include "app/hq/sheet.h"
#include "app/hq/text.h"

#include <inttypes.h>
#include <string.h>

static const char *const sale_columns[] = {"terminal",
                                           "epoch",
                                           "seq",
                                           "time",
                                           "business_day",
                                           "account",
                                           "member",
                                           "ref",
                                           "cashier",
                                           "total_minor",
                                           "redeemed_points",
                                           "redeemed_minor",
                                           "earned_points",
                                           "earned_expires",
                                           "debt_paid",
                                           "qualifying",
                                           "multiplier_pct",
                                           "programme_version",
                                           "voided_by_seq"};

static const char *const account_columns[] = {
    "account",    "balance",           "debt",     "earned",
    "redeemed",   "expired",           "adjusted", "qualifying_year",
    "qualifying", "qualifying_before", "visits",   "last_visit_day",
    "drawers"};

static const char *const event_columns[] = {"terminal", "epoch",   "seq",    "time", "business_day",
                                            "type",     "account", "points", "ref",  "chain"};

static void sheet_day(struct hq_sheet *sheet, int32_t day)
{
    char text[HQ_DAY_TEXT_LEN];
    hq_day_text(day, text);
    hq_sheet_word(sheet, text);
}

static void sheet_id_and_time(struct hq_sheet *sheet, const struct tally_event *event)
{
    char time[HQ_TIME_TEXT_LEN];
    hq_time_text(tally_hlc_ms(event->time), time);
    hq_sheet_number(sheet, event->id.terminal);
    hq_sheet_number(sheet, event->id.epoch);
    hq_sheet_number(sheet, (int64_t)event->id.seq);
    hq_sheet_word(sheet, time);
    sheet_day(sheet, event->business_day);
}

static enum tally_status each_sale(void *context, const struct hq_event_view *view)
{
    struct hq_sheet *sheet = context;
    if (view->event->type != TALLY_EVENT_SALE) {
        return TALLY_OK;
    }
    const struct tally_sale *sale = &view->event->as.sale;
    sheet_id_and_time(sheet, view->event);
    hq_sheet_id(sheet, sale->account);
    hq_sheet_id(sheet, sale->member);
    hq_sheet_text(sheet, (const char *)sale->ref.data, sale->ref.len);
    hq_sheet_text(sheet, (const char *)sale->cashier.data, sale->cashier.len);
    hq_sheet_number(sheet, sale->total_minor);
    hq_sheet_number(sheet, sale->redeemed_points);
    hq_sheet_number(sheet, sale->redeemed_minor);
    hq_sheet_number(sheet, sale->earned_points);
    sheet_day(sheet, sale->earned_expires_day);
    hq_sheet_number(sheet, sale->debt_paid);
    hq_sheet_number(sheet, sale->qualifying);
    hq_sheet_number(sheet, sale->multiplier_pct);
    hq_sheet_number(sheet, view->event->programme_version);
    hq_sheet_number(sheet, (int64_t)view->voided_by);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

/* What the event did to the account's points, and the till's reference if it has one. */
static int64_t event_points(const struct tally_event *event, struct tally_slice *ret_ref)
{
    *ret_ref = (struct tally_slice){NULL, 0};
    switch (event->type) {
    case TALLY_EVENT_SALE:
        *ret_ref = event->as.sale.ref;
        return event->as.sale.earned_points - event->as.sale.redeemed_points;
    case TALLY_EVENT_VOID:
        *ret_ref = event->as.voided.ref;
        return event->as.voided.redeemed_points - event->as.voided.earned_points;
    case TALLY_EVENT_ADJUST:
        return event->as.adjust.points;
    case TALLY_EVENT_ENROL:
    case TALLY_EVENT_GRANT:
        break;
    }
    return 0;
}

static enum tally_status each_event(void *context, const struct hq_event_view *view)
{
    static const char *const types[] = {[TALLY_EVENT_SALE] = "sale",
                                        [TALLY_EVENT_VOID] = "void",
                                        [TALLY_EVENT_ENROL] = "enrol",
                                        [TALLY_EVENT_GRANT] = "grant",
                                        [TALLY_EVENT_ADJUST] = "adjust"};
    struct hq_sheet *sheet = context;
    struct tally_slice ref;
    char chain[HQ_HEX_LEN];
    hq_hex_text(view->chain, chain);
    sheet_id_and_time(sheet, view->event);
    hq_sheet_word(sheet, types[view->event->type]);
    hq_sheet_id(sheet, tally_event_account(view->event));
    hq_sheet_number(sheet, event_points(view->event, &ref));
    hq_sheet_text(sheet, (const char *)ref.data, ref.len);
    hq_sheet_word(sheet, chain);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

/* "hq=100 t3=50": points that are valid today, drawer by drawer. */
static void sheet_drawers(struct hq_sheet *sheet, const struct tally_account *account,
                          int32_t today)
{
    char text[1024] = "";
    size_t len = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        uint32_t drawer = account->lots[i].drawer;
        if (i > 0 && account->lots[i - 1].drawer == drawer) {
            continue; /* lots are ordered by drawer */
        }
        int64_t points = tally_account_in_drawer(account, drawer, today);
        if (points == 0 || len + 48 > sizeof text) {
            continue;
        }
        if (drawer == TALLY_TERMINAL_HQ) {
            len += (size_t)snprintf(text + len, sizeof text - len, "hq=%" PRId64, points);
        } else {
            len += (size_t)snprintf(text + len, sizeof text - len, "%st%" PRIu32 "=%" PRId64,
                                    len > 0 ? " " : "", drawer, points);
        }
    }
    hq_sheet_word(sheet, text);
}

static enum tally_status each_account(void *context, const struct tally_account *account,
                                      int32_t today)
{
    struct hq_sheet *sheet = context;
    hq_sheet_id(sheet, account->id);
    hq_sheet_number(sheet, tally_account_balance(account, today));
    hq_sheet_number(sheet, account->debt);
    hq_sheet_number(sheet, account->earned);
    hq_sheet_number(sheet, account->redeemed);
    hq_sheet_number(sheet, account->expired);
    hq_sheet_number(sheet, account->adjusted);
    hq_sheet_number(sheet, account->qualifying_year);
    hq_sheet_number(sheet, account->qualifying);
    hq_sheet_number(sheet, account->qualifying_before);
    hq_sheet_number(sheet, account->visits);
    if (account->visits > 0) {
        sheet_day(sheet, account->last_visit_day);
    } else {
        hq_sheet_word(sheet, "");
    }
    sheet_drawers(sheet, account, today);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

static enum tally_status export(struct hq_store *store, const char *what, bool ndjson) {
    struct hq_sheet sheet; enum tally_status status; if (strcmp(what, "accounts") == 0){
        hq_sheet_open(&sheet, stdout, ndjson, account_columns,
                      sizeof account_columns / sizeof account_columns[0]);
        status = hq_store_each_account(store, hq_now_ms(), each_account, &sheet);}
else if (strcmp(what, "events") == 0)
{
    hq_sheet_open(&sheet, stdout, ndjson, event_columns,
                  sizeof event_columns / sizeof event_columns[0]);
    status = hq_store_each_event(store, each_event, &sheet);
}
else
{
    hq_sheet_open(&sheet, stdout, ndjson, sale_columns,
                  sizeof sale_columns / sizeof sale_columns[0]);
    status = hq_store_each_event(store, each_sale, &sheet);
}
enum tally_status closed = hq_sheet_close(&sheet);
return status != TALLY_OK ? status : closed;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0) {
        words++;
    }
    return *words != NULL;
}

int hq_run_export(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    static const char *const formats[] = {"csv", "ndjson", NULL};
    static const char *const whats[] = {"sales", "accounts", "events", NULL};
    const struct option options[] = {{"format", required_argument, NULL, 'f'},
                                     {"what", required_argument, NULL, 'w'},
                                     {NULL, 0, NULL, 0}};
    const char *format = "csv", *what = "sales";
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option == 'f') {
            format = optarg;
        } else if (option == 'w') {
            what = optarg;
        } else {
            return hq_option_exit();
        }
    }
    if (optind != argc || !is_one_of(format, formats) || !is_one_of(what, whats)) {
        return hq_usage_error(self,
                              "--format is csv or ndjson, --what is sales, accounts or events");
    }
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store == NULL) {
        return HQ_EXIT_FAILED;
    }
    enum tally_status status = export(store, what, strcmp(format, "ndjson") == 0);
    hq_store_close(store);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("export: %s", tally_status_text(status));
}
