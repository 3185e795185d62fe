/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, refusals and notifications as whole messages. */
#include "app/till/write.h"

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
                           "contact", till_json_instant(status->hq_contact_ms));
    json_t *store =
        json_pack("{s:s, s:I, s:I, s:I}", "status", tally_status_name(status->store_status),
                  "events", (json_int_t)status->events, "pending", (json_int_t)status->pending,
                  "members", (json_int_t)status->members);
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:s?, s:o, s:o}", "terminal",
                     (json_int_t)status->terminal, "shop", (json_int_t)status->shop, "epoch",
                     (json_int_t)status->epoch, "programme", programme, "reader", reader, "printer",
                     status->printer, "hq", hq, "store", store);
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
    till_request_finish(request, till_message_result(request->id, till_json_member(member)));
}

void till_answer_quote(struct till_request *request, const struct till_quote *quote)
{
    till_request_finish(request, till_message_result(request->id, till_json_quote(quote)));
}

void till_answer_receipt(struct till_request *request, const struct till_receipt *receipt)
{
    till_request_finish(request, till_message_result(request->id, till_json_receipt(receipt)));
}

void till_answer_printed(struct till_request *request, const char *result)
{
    till_request_finish(request,
                        till_message_result(request->id, json_pack("{s:s}", "printed", result)));
}

void till_answer_lines(struct till_request *request, const struct till_line *lines, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(
            array, json_pack("{s:s, s:b}", "text", lines[i].text, "title", (int)lines[i].is_title));
    }
    till_request_finish(request,
                        till_message_result(request->id, json_pack("{s:o}", "lines", array)));
}

void till_answer_verified(struct till_request *request, const struct till_verified *verified)
{
    json_t *result = json_pack("{s:b, s:I, s:I, s:s}", "equal", verified->difference[0] == '\0',
                               "events", (json_int_t)verified->events, "accounts",
                               (json_int_t)verified->accounts, "difference", verified->difference);
    till_request_finish(request, till_message_result(request->id, result));
}

void till_answer_readers(struct till_request *request, const struct till_reader *readers,
                         size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct till_reader *reader = &readers[i];
        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:b}", "name", reader->name,
                                               "serial", reader->serial, "state", reader->state,
                                               "paired", reader->is_paired));
    }
    till_request_finish(request,
                        till_message_result(request->id, json_pack("{s:o}", "readers", array)));
}

void till_answer_paired(struct till_request *request, const char *serial)
{
    till_request_finish(request,
                        till_message_result(request->id, json_pack("{s:s}", "serial", serial)));
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
                        enum tally_card_entry entry, enum tally_card_strength strength)
{
    static const char *const entries[] = {[TALLY_ENTRY_SWIPED] = "swiped",
                                          [TALLY_ENTRY_SCANNED] = "scanned",
                                          [TALLY_ENTRY_TAPPED] = "tapped",
                                          [TALLY_ENTRY_TYPED] = "typed"};
    static const char *const strengths[] = {[TALLY_STRENGTH_WEAK] = "weak",
                                            [TALLY_STRENGTH_STATIC] = "static",
                                            [TALLY_STRENGTH_PROVEN] = "proven"};
    json_t *params = json_pack("{s:s, s:s, s:o}", "entry", entries[entry], "strength",
                               strengths[strength], "member", till_json_member(member));
    till_server_notify(server, notification("member", params));
}

void till_notify_refused(struct till_server *server, enum tally_status status, const char *card)
{
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:s}", "status", tally_status_name(status), "family",
                  family_name(status), "message", tally_status_text(status), "card", card);
    till_server_notify(server, notification("refused", params));
}
