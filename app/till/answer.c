/* SPDX-License-Identifier: Apache-2.0 */
/* Answers and notifications into JSON. Field names are those of TILL.md. */
#include "app/till/request.h"

#include <inttypes.h>
#include <stdio.h>

static const char *family_name(enum tally_status status)
{
    switch (tally_status_family(status)) {
    case TALLY_FAMILY_OK:
        return "ok";
    case TALLY_FAMILY_REFUSED:
        return "refused";
    case TALLY_FAMILY_LATER:
        return "later";
    case TALLY_FAMILY_DEVICE:
        return "device";
    case TALLY_FAMILY_STOP:
        return "stop";
    case TALLY_FAMILY_PEER:
        return "peer";
    }
    return "stop";
}

/* A 64-bit number as a string: JavaScript has 53 bits. */
static json_t *digits(uint64_t number)
{
    return json_sprintf("%" PRIu64, number);
}

/* ISO 8601 date; null for "never". */
static json_t *date(int32_t day)
{
    if (day == TALLY_DAY_NEVER) {
        return json_null();
    }
    int32_t year = 0, month = 0, day_of_month = 0;
    tally_day_to_date(day, &year, &month, &day_of_month);
    return json_sprintf("%04" PRId32 "-%02" PRId32 "-%02" PRId32, year, month, day_of_month);
}

/* ISO 8601 instant in UTC; null for 0. Not by gmtime(): time_t has 32 bits on armhf. */
static json_t *instant(int64_t time_ms)
{
    if (time_ms <= 0) {
        return json_null();
    }
    int32_t day = tally_day_from_ms(time_ms, 0), year = 0, month = 0, day_of_month = 0;
    tally_day_to_date(day, &year, &month, &day_of_month);
    int second = (int)(time_ms / 1000 % 86400);
    return json_sprintf("%04" PRId32 "-%02" PRId32 "-%02" PRId32 "T%02d:%02d:%02dZ", year, month,
                        day_of_month, second / 3600, second / 60 % 60, second % 60);
}

static json_t *tier_json(const struct till_tier *tier)
{
    if (tier->code == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "code", tier->code, "name_en", tier->name_en,
                     "name_zh", tier->name_zh, "stars", (json_int_t)tier->stars, "multiplier_pct",
                     (json_int_t)tier->multiplier_pct);
}

static json_t *lots_json(const struct till_member *member)
{
    json_t *lots = json_array();
    for (size_t i = 0; i < member->lot_count; i++) {
        const struct tally_lot *lot = &member->lots[i];
        json_array_append_new(lots, json_pack("{s:I, s:o, s:I}", "drawer", (json_int_t)lot->drawer,
                                              "expires", date(lot->expires_day), "points",
                                              (json_int_t)lot->points));
    }
    return lots;
}

static json_t *member_json(const struct till_member *member)
{
    json_t *next_tier = tier_json(&member->next_tier);
    if (json_is_object(next_tier)) {
        json_object_set_new(next_tier, "needed", json_integer(member->next_tier_needed));
        json_object_set_new(next_tier, "metric",
                            json_string(member->metric_is_spend ? "spend" : "points"));
    }
    json_t *expiry = member->next_expiry_day == TALLY_DAY_NEVER
                         ? json_null()
                         : json_pack("{s:o, s:I}", "date", date(member->next_expiry_day), "points",
                                     (json_int_t)member->next_expiry_points);
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "member",
                     digits(member->member), "account", digits(member->account), "name",
                     member->name, "tier", tier_json(&member->tier), "next_tier", next_tier,
                     "points", (json_int_t)member->points, "points_here",
                     (json_int_t)member->points_here, "value_minor",
                     (json_int_t)member->value_minor, "debt", (json_int_t)member->debt, "visits",
                     (json_int_t)member->visits, "next_expiry", expiry, "lots", lots_json(member));
}

static json_t *quote_json(const struct till_quote *quote)
{
    const struct tally_quote *core = &quote->quote;
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "total_minor",
        (json_int_t)core->total_minor, "earned_points", (json_int_t)core->earned_points,
        "redeemed_points", (json_int_t)core->redeemed_points, "redeemed_minor",
        (json_int_t)core->redeemed_minor, "to_pay_minor", (json_int_t)core->to_pay_minor,
        "redeemable_here", (json_int_t)core->redeemable_here, "redeemable_online",
        (json_int_t)core->redeemable_online, "tier", tier_json(&quote->tier), "tier_after",
        tier_json(&quote->tier_after));
}

static json_t *receipt_json(const struct till_receipt *receipt)
{
    json_t *event =
        json_pack("{s:I, s:I, s:I}", "terminal", (json_int_t)receipt->id.terminal, "epoch",
                  (json_int_t)receipt->id.epoch, "seq", (json_int_t)receipt->id.seq);
    return json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:o}", "event", event, "repeated",
                     (int)receipt->repeated, "total_minor", (json_int_t)receipt->total_minor,
                     "redeemed_points", (json_int_t)receipt->redeemed_points, "redeemed_minor",
                     (json_int_t)receipt->redeemed_minor, "earned_points",
                     (json_int_t)receipt->earned_points, "member", member_json(&receipt->member));
}

static json_t *status_json(const struct till_status *status)
{
    json_t *programme =
        status->programme_name[0] == '\0'
            ? json_null()
            : json_pack("{s:s, s:I, s:s, s:I}", "name", status->programme_name, "version",
                        (json_int_t)status->programme_version, "currency", status->currency,
                        "currency_exponent", (json_int_t)status->currency_exponent);
    json_t *reader =
        json_pack("{s:I, s:s, s:s}", "ready", (json_int_t)status->readers_ready, "name",
                  status->reader_name, "status", tally_status_name(status->reader_status));
    json_t *hq = json_pack("{s:s, s:s, s:s, s:o}", "state", status->hq_state, "why",
                           tally_status_name(status->hq_why), "detail", status->hq_detail,
                           "contact", instant(status->hq_contact_ms));
    json_t *store =
        json_pack("{s:s, s:I, s:I, s:I}", "status", tally_status_name(status->store_status),
                  "events", (json_int_t)status->events, "pending", (json_int_t)status->pending,
                  "members", (json_int_t)status->members);
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "terminal",
                     (json_int_t)status->terminal, "shop", (json_int_t)status->shop, "epoch",
                     (json_int_t)status->epoch, "programme", programme, "reader", reader, "hq", hq,
                     "store", store);
}

static json_t *notification(const char *method, json_t *params)
{
    return json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params);
}

json_t *till_message_result(json_t *id, json_t *result)
{
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result);
}

json_t *till_message_error(json_t *id, int code, const char *text)
{
    return json_pack("{s:s, s:O?, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", code,
                     "message", text);
}

json_t *till_message_refused(json_t *id, enum tally_status status, const char *detail)
{
    char cut[TILL_DETAIL_LEN_MAX + 1];
    snprintf(cut, sizeof(cut), "%s", detail);
    return json_pack("{s:s, s:O?, s:{s:i, s:s, s:{s:s, s:s, s:s}}}", "jsonrpc", "2.0", "id", id,
                     "error", "code", TILL_STATUS_BASE - (int)status, "message",
                     tally_status_text(status), "data", "status", tally_status_name(status),
                     "family", family_name(status), "detail", cut);
}

void till_answer_status(struct till_request *request, const struct till_status *status)
{
    till_request_finish(request, till_message_result(request->id, status_json(status)));
}

void till_answer_member(struct till_request *request, const struct till_member *member)
{
    till_request_finish(request, till_message_result(request->id, member_json(member)));
}

void till_answer_quote(struct till_request *request, const struct till_quote *quote)
{
    till_request_finish(request, till_message_result(request->id, quote_json(quote)));
}

void till_answer_receipt(struct till_request *request, const struct till_receipt *receipt)
{
    till_request_finish(request, till_message_result(request->id, receipt_json(receipt)));
}

void till_answer_verified(struct till_request *request, const struct till_verified *verified)
{
    json_t *result = json_pack("{s:b, s:I, s:I, s:s}", "equal", verified->difference[0] == '\0',
                               "events", (json_int_t)verified->events, "accounts",
                               (json_int_t)verified->accounts, "difference", verified->difference);
    till_request_finish(request, till_message_result(request->id, result));
}

void till_answer_done(struct till_request *request)
{
    till_request_finish(request, till_message_result(request->id, json_object()));
}

void till_answer_refused(struct till_request *request, enum tally_status status, const char *detail)
{
    till_request_finish(request, till_message_refused(request->id, status, detail));
}

void till_notify_status(struct till_server *server, const struct till_status *status)
{
    till_server_notify(server, notification("status", status_json(status)));
}

void till_notify_member(struct till_server *server, const struct till_member *member,
                        const char *entry)
{
    json_t *params = json_pack("{s:s, s:o}", "entry", entry, "member", member_json(member));
    till_server_notify(server, notification("member", params));
}

void till_notify_refused(struct till_server *server, enum tally_status status, const char *card)
{
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:s}", "status", tally_status_name(status), "family",
                  family_name(status), "message", tally_status_text(status), "card", card);
    till_server_notify(server, notification("refused", params));
}
