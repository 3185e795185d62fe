/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq export: every sale, account or event as rows, straight from one snapshot of the store. */
#include "app/hq/command.h"

#include "app/core/tier.h"
#include "app/hq/sheet.h"
#include "app/hq/text.h"

#include <inttypes.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* clang-format off */
static const char *const sale_columns[] = {
    "terminal", "epoch", "seq", "time", "business_day", "account", "member", "shop", "channel",
    "ref", "cashier", "lines", "total_minor", "discount_minor", "redeemed_points",
    "redeemed_minor", "earned_points", "debt_paid", "tier", "programme_version", "voided",
    "reversed_by_seq"};

static const char *const account_columns[] = {
    "account", "points", "pending", "held", "debt", "liability_minor", "earned", "redeemed",
    "expired", "adjusted", "tier", "tier_until", "visits", "last_visit_day", "drawers"};

static const char *const event_columns[] = {
    "terminal", "epoch", "seq", "time", "business_day", "type", "account", "points", "ref",
    "chain"};
/* clang-format on */

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
    const struct tally_event *event = view->event;
    const struct tally_sale *sale = &event->as.sale;
    const struct tally_slice channel = sale->basket.channel;
    sheet_id_and_time(sheet, event);
    hq_sheet_id(sheet, event->account);
    hq_sheet_id(sheet, event->member);
    hq_sheet_number(sheet, sale->basket.shop);
    hq_sheet_text(sheet, (const char *)channel.data, channel.len);
    hq_sheet_text(sheet, (const char *)sale->ref.data, sale->ref.len);
    hq_sheet_text(sheet, (const char *)sale->cashier.data, sale->cashier.len);
    hq_sheet_number(sheet, (int64_t)sale->basket.line_count);
    hq_sheet_number(sheet, sale->total_minor);
    hq_sheet_number(sheet, sale->discount_minor);
    hq_sheet_number(sheet, tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_REDEEM));
    hq_sheet_number(sheet, sale->redeemed_minor);
    hq_sheet_number(sheet, tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN));
    hq_sheet_number(sheet, tally_event_points(event, TALLY_PURSE_POINTS, TALLY_MOVE_EARN_DEBT));
    hq_sheet_number(sheet, sale->seen.tier);
    hq_sheet_number(sheet, event->programme_version);
    hq_sheet_number(sheet, view->is_voided);
    hq_sheet_number(sheet, (int64_t)view->reversed_by.seq);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

/* What the event did to the account's points. */
static int64_t event_points(const struct tally_event *event)
{
    static const int8_t signs[TALLY_MOVE_KIND_COUNT] = {
        [TALLY_MOVE_EXPIRE] = -1,      [TALLY_MOVE_REDEEM_HELD] = -1, [TALLY_MOVE_UNREDEEM] = 1,
        [TALLY_MOVE_REDEEM] = -1,      [TALLY_MOVE_UNEARN] = -1,      [TALLY_MOVE_UNEARN_DEBT] = -1,
        [TALLY_MOVE_EARN_DEBT] = 1,    [TALLY_MOVE_EARN] = 1,         [TALLY_MOVE_ADJUST_OUT] = -1,
        [TALLY_MOVE_ADJUST_DEBT] = -1, [TALLY_MOVE_ADJUST_IN] = 1,
    };
    int64_t points = 0;
    for (size_t i = 0; i < event->effects.move_count; i++) {
        const struct tally_move *move = &event->effects.moves[i];
        if (move->purse == TALLY_PURSE_POINTS) {
            points += signs[move->kind] * move->points; /* 1024 moves of at most 10^12 */
        }
    }
    return points;
}

static enum tally_status each_event(void *context, const struct hq_event_view *view)
{
    static const char *const types[] = {
        [TALLY_EVENT_SALE] = "sale",         [TALLY_EVENT_VOID] = "void",
        [TALLY_EVENT_ENROL] = "enrol",       [TALLY_EVENT_GRANT] = "grant",
        [TALLY_EVENT_ADJUST] = "adjust",     [TALLY_EVENT_REFUND] = "refund",
        [TALLY_EVENT_HOLD] = "hold",         [TALLY_EVENT_RELEASE] = "release",
        [TALLY_EVENT_AWARD] = "award",       [TALLY_EVENT_STANDING] = "standing",
        [TALLY_EVENT_TRANSFER] = "transfer",
    };
    struct hq_sheet *sheet = context;
    struct tally_slice ref = tally_event_ref(view->event);
    char chain[HQ_HEX_LEN];
    hq_hex_text(view->chain, chain);
    sheet_id_and_time(sheet, view->event);
    hq_sheet_word(sheet, types[view->event->type]);
    hq_sheet_id(sheet, view->event->account);
    hq_sheet_number(sheet, event_points(view->event));
    hq_sheet_text(sheet, (const char *)ref.data, ref.len);
    hq_sheet_word(sheet, chain);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

/* "hq=100 t3=50": points that are usable today, drawer by drawer. */
static void sheet_drawers(struct hq_sheet *sheet, const struct tally_account *account,
                          const struct hq_today *today)
{
    char text[1024] = "";
    size_t len = 0;
    for (size_t i = 0; i < account->lot_count; i++) {
        uint32_t drawer = account->lots[i].drawer;
        if (i > 0 && account->lots[i - 1].drawer == drawer) {
            continue; /* lots are ordered by drawer */
        }
        int64_t points =
            tally_account_in_drawer(account, TALLY_PURSE_POINTS, drawer, today->day, today->now_ms);
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

static void sheet_tier(struct hq_sheet *sheet, const struct tally_account *account,
                       const struct hq_today *today)
{
    if (today->programme == NULL) {
        hq_sheet_word(sheet, "");
        hq_sheet_word(sheet, "");
        return;
    }
    struct tally_tier_view tier = tally_tier_of(account, today->programme, today->day);
    hq_sheet_word(sheet, today->programme->tiers.tiers[tier.tier].code);
    sheet_day(sheet, tier.until_day);
}

/* What the points that may still be redeemed are worth: the shop owes it. */
static int64_t liability_minor(const struct tally_account *account,
                               const struct tally_balance *balance, const struct hq_today *today)
{
    int64_t points = balance->usable + balance->pending + balance->held, minor = 0;
    if (today->programme == NULL || points <= 0) {
        return 0;
    }
    struct tally_tier_view tier = tally_tier_of(account, today->programme, today->day);
    return tally_programme_value(today->programme, tier.tier, points, &minor) == TALLY_OK ? minor
                                                                                          : 0;
}

static enum tally_status each_account(void *context, const struct tally_account *account,
                                      const struct hq_today *today)
{
    struct hq_sheet *sheet = context;
    struct tally_balance balance =
        tally_account_balance(account, TALLY_PURSE_POINTS, today->day, today->now_ms);
    struct tally_purse totals = tally_account_purse(account, TALLY_PURSE_POINTS);
    hq_sheet_id(sheet, account->id);
    hq_sheet_number(sheet, balance.usable);
    hq_sheet_number(sheet, balance.pending);
    hq_sheet_number(sheet, balance.held);
    hq_sheet_number(sheet, totals.debt);
    hq_sheet_number(sheet, liability_minor(account, &balance, today));
    hq_sheet_number(sheet, totals.earned);
    hq_sheet_number(sheet, totals.redeemed);
    hq_sheet_number(sheet, totals.expired + balance.lapsed);
    hq_sheet_number(sheet, totals.adjusted);
    sheet_tier(sheet, account, today);
    hq_sheet_number(sheet, tally_account_visits(account));
    if (account->last_sale_day != INT32_MIN) {
        sheet_day(sheet, account->last_sale_day);
    } else {
        hq_sheet_word(sheet, "");
    }
    sheet_drawers(sheet, account, today);
    return sheet->failed ? TALLY_E_STORE_IO : TALLY_OK;
}

static enum tally_status export_rows(struct hq_store *store, const char *what, bool ndjson)
{
    struct hq_sheet sheet;
    enum tally_status status;
    if (strcmp(what, "accounts") == 0) {
        hq_sheet_open(&sheet, stdout, ndjson, account_columns, COUNT_OF(account_columns));
        status = hq_store_each_account(store, hq_now_ms(), each_account, &sheet);
    } else if (strcmp(what, "events") == 0) {
        hq_sheet_open(&sheet, stdout, ndjson, event_columns, COUNT_OF(event_columns));
        status = hq_store_each_event(store, each_event, &sheet);
    } else {
        hq_sheet_open(&sheet, stdout, ndjson, sale_columns, COUNT_OF(sale_columns));
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
    enum tally_status status = export_rows(store, what, strcmp(format, "ndjson") == 0);
    hq_store_close(store);
    return status == TALLY_OK ? HQ_EXIT_OK : hq_failed("export: %s", tally_status_text(status));
}
