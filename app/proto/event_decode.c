/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to events. */
#include "app/proto/event_codec.h"

#include "app/base/alloc.h"
#include "app/proto/pb_io.h"

#include <assert.h>

_Static_assert((int)tally_v1_MoveKind_MOVE_REDEEM_EARNED == TALLY_MOVE_REDEEM_EARNED &&
                   TALLY_MOVE_REDEEM_EARNED == TALLY_MOVE_KIND_COUNT - 1,
               "kinds of moves have one number");
_Static_assert((int)tally_v1_Counter_COUNT_AWARD == TALLY_COUNT_AWARD, "so have counters");

/* Where the parts of unbounded size go while one event is decoded. Which of them a `what` uses is
 * decided in take_what(). */
struct parts {
    unsigned whats; /* of them, one is right */
    struct tally_slice text[3];
    struct pb_array moves;
    struct pb_array counts;
    struct pb_array lines;
    struct pb_array tenders;
    struct pb_array codes;
    struct pb_array claims;
    struct pb_array used;
    struct pb_array paid;
    struct pb_array shares;
    struct pb_array exchanges;
    struct pb_array returned;
};

/* ------------------------------------------------------------------ elements of arrays */

static bool take_move(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    return pb_take_move(stream, *arg, TALLY_MOVES_MAX);
}

static bool take_count(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_Count in = tally_v1_Count_init_zero;
    struct tally_count *count =
        pb_array_next(stream, *arg, sizeof(struct tally_count), TALLY_COUNTS_MAX);
    if (count == NULL || !pb_decode(stream, tally_v1_Count_fields, &in)) {
        return false;
    }
    *count = (struct tally_count){
        .what = (enum tally_counter)in.what,
        .of = in.of,
        .from_day = pb_day_swap(in.from_day, INT32_MIN),
        .until_day = pb_day_swap(in.until_day, TALLY_DAY_NEVER),
        .amount = in.amount,
    };
    return true;
}

static bool take_line(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_line *line =
        pb_array_next(stream, *arg, sizeof(struct tally_line), TALLY_LINES_MAX);
    if (line == NULL) {
        return false;
    }
    tally_v1_Line in = {.sku = pb_in_slice(&line->sku),
                        .categories = pb_in_slice(&line->categories)};
    if (!pb_decode(stream, tally_v1_Line_fields, &in)) {
        return false;
    }
    line->quantity_milli = in.quantity_milli;
    line->amount_minor = in.amount_minor;
    line->tax_minor = in.tax_minor;
    line->discount_minor = in.discount_minor;
    return true;
}

static bool take_tender(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_tender *tender =
        pb_array_next(stream, *arg, sizeof(struct tally_tender), TALLY_TENDERS_MAX);
    if (tender == NULL) {
        return false;
    }
    tally_v1_Tender in = {.kind = pb_in_slice(&tender->kind)};
    if (!pb_decode(stream, tally_v1_Tender_fields, &in)) {
        return false;
    }
    tender->amount_minor = in.amount_minor;
    return true;
}

static bool take_code(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    return pb_take_slice(stream, field, *arg, TALLY_PROMO_CODES_MAX);
}

static bool take_claim(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_Claim in = tally_v1_Claim_init_zero;
    struct tally_claim *claim =
        pb_array_next(stream, *arg, sizeof(struct tally_claim), TALLY_CLAIMS_MAX);
    if (claim == NULL || !pb_decode(stream, tally_v1_Claim_fields, &in)) {
        return false;
    }
    *claim = (struct tally_claim){in.reward, in.times};
    return true;
}

static bool take_paid(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_Paid in = tally_v1_Paid_init_zero;
    struct tally_line_paid *paid =
        pb_array_next(stream, *arg, sizeof(struct tally_line_paid), TALLY_LINES_MAX);
    if (paid == NULL || !pb_decode(stream, tally_v1_Paid_fields, &in)) {
        return false;
    }
    *paid = (struct tally_line_paid){in.line, in.discount_minor, in.points_minor};
    return true;
}

static bool take_share(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_Share in = tally_v1_Share_init_zero;
    struct tally_share *share =
        pb_array_next(stream, *arg, sizeof(struct tally_share), TALLY_SHARES_MAX);
    if (share == NULL || !pb_decode(stream, tally_v1_Share_fields, &in)) {
        return false;
    }
    *share = (struct tally_share){in.line, in.purse, in.points, in.cut};
    return true;
}

static bool take_exchange(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_Exchange in = tally_v1_Exchange_init_zero;
    struct tally_exchange *exchange =
        pb_array_next(stream, *arg, sizeof(struct tally_exchange), TALLY_EXCHANGES_MAX);
    if (exchange == NULL || !pb_decode(stream, tally_v1_Exchange_fields, &in)) {
        return false;
    }
    *exchange = (struct tally_exchange){in.times, in.cost_purse, in.cost, in.purse, in.gives};
    return true;
}

static bool take_returned(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    tally_v1_ReturnedLine in = tally_v1_ReturnedLine_init_zero;
    struct tally_returned_line *line =
        pb_array_next(stream, *arg, sizeof(struct tally_returned_line), TALLY_LINES_MAX);
    if (line == NULL || !pb_decode(stream, tally_v1_ReturnedLine_fields, &in)) {
        return false;
    }
    *line = (struct tally_returned_line){in.line, in.quantity_milli, in.quantity_before_milli};
    return true;
}

/* ------------------------------------------------------------------ what happened */

static void take_sale(tally_v1_Sale *sale, struct parts *parts)
{
    sale->ref = pb_in_slice(&parts->text[0]);
    sale->cashier = pb_in_slice(&parts->text[1]);
    sale->channel = pb_in_slice(&parts->text[2]);
    sale->lines = (pb_callback_t){.funcs.decode = take_line, .arg = &parts->lines};
    sale->shares = (pb_callback_t){.funcs.decode = take_share, .arg = &parts->shares};
    sale->exchanges = (pb_callback_t){.funcs.decode = take_exchange, .arg = &parts->exchanges};
    sale->tenders = (pb_callback_t){.funcs.decode = take_tender, .arg = &parts->tenders};
    sale->paid = (pb_callback_t){.funcs.decode = take_paid, .arg = &parts->paid};
    sale->codes = (pb_callback_t){.funcs.decode = take_code, .arg = &parts->codes};
    sale->claims = (pb_callback_t){.funcs.decode = take_claim, .arg = &parts->claims};
    sale->used = (pb_callback_t){.funcs.decode = take_count, .arg = &parts->used};
}

/* nanopb calls it before it decodes a `what`, which it has set to zero. */
static bool take_what(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)stream;
    struct parts *parts = *arg;
    parts->whats++;
    if (parts->whats > 1) {
        return false;
    }
    if (field->tag == tally_v1_Event_sale_tag) {
        take_sale(field->pData, parts);
    } else if (field->tag == tally_v1_Event_voided_tag || field->tag == tally_v1_Event_refund_tag) {
        tally_v1_Reversal *reversal = field->pData;
        reversal->ref = pb_in_slice(&parts->text[0]);
        reversal->cashier = pb_in_slice(&parts->text[1]);
        reversal->lines = (pb_callback_t){.funcs.decode = take_returned, .arg = &parts->returned};
    } else if (field->tag == tally_v1_Event_enrol_tag) {
        tally_v1_Enrol *enrol = field->pData;
        enrol->profile = pb_in_slice(&parts->text[0]);
    } else if (field->tag == tally_v1_Event_adjust_tag) {
        tally_v1_Adjust *adjust = field->pData;
        adjust->reason = pb_in_slice(&parts->text[0]);
        adjust->who = pb_in_slice(&parts->text[1]);
        adjust->second = pb_in_slice(&parts->text[2]);
    } else if (field->tag == tally_v1_Event_hold_tag || field->tag == tally_v1_Event_release_tag) {
        tally_v1_Hold *hold = field->pData;
        hold->ref = pb_in_slice(&parts->text[0]);
        hold->cashier = pb_in_slice(&parts->text[1]);
    } else if (field->tag == tally_v1_Event_given_tag ||
               field->tag == tally_v1_Event_blocking_tag) {
        tally_v1_Given *given = field->pData;
        given->reason = pb_in_slice(&parts->text[0]);
        given->who = pb_in_slice(&parts->text[1]);
    } else if (field->tag == tally_v1_Event_transfer_tag) {
        tally_v1_Transfer *transfer = field->pData;
        transfer->reason = pb_in_slice(&parts->text[0]);
        transfer->who = pb_in_slice(&parts->text[1]);
    } else if (field->tag == tally_v1_Event_card_tag) {
        tally_v1_Card *card = field->pData;
        card->reason = pb_in_slice(&parts->text[0]);
        card->who = pb_in_slice(&parts->text[1]);
    }
    return true;
}

static struct tally_event_id id_in(const tally_v1_EventId *in)
{
    return (struct tally_event_id){in->terminal, in->epoch, in->seq};
}

static struct tally_standing standing_in(const tally_v1_Standing *in)
{
    return (struct tally_standing){in->tier, in->since_day, in->until_day};
}

/* The total is not on the wire. Lines whose sum does not fit are refused by the limits. */
static int64_t total_of(const struct pb_array *lines)
{
    const struct tally_line *line = lines->items;
    int64_t total_minor = 0;
    for (size_t i = 0; i < lines->count; i++) {
        if (tally_add(total_minor, line[i].amount_minor, &total_minor) != TALLY_OK) {
            return 0;
        }
    }
    return total_minor;
}

static struct tally_sale sale_in(const tally_v1_Sale *in, const struct parts *parts)
{
    return (struct tally_sale){
        .ref = parts->text[0],
        .cashier = parts->text[1],
        .basket =
            {
                .lines = parts->lines.items,
                .line_count = parts->lines.count,
                .tenders = parts->tenders.items,
                .tender_count = parts->tenders.count,
                .codes = parts->codes.items,
                .code_count = parts->codes.count,
                .claims = parts->claims.items,
                .claim_count = parts->claims.count,
                .channel = parts->text[2],
                .shop = in->shop,
                .points = in->points,
            },
        .seen =
            {
                .minute = in->minute,
                .tier = in->tier,
                .visits = in->visits,
                .days_away = in->days_away,
                .days_member = in->days_member,
                .birthday = in->birthday,
                .used = parts->used.items,
                .used_count = parts->used.count,
            },
        .total_minor = total_of(&parts->lines),
        .discount_minor = in->discount_minor,
        .redeemed_minor = in->redeemed_minor,
        .paid = parts->paid.items,
        .paid_count = parts->paid.count,
        .shares = parts->shares.items,
        .share_count = parts->shares.count,
        .exchanges = parts->exchanges.items,
        .exchange_count = parts->exchanges.count,
        .standing_before = standing_in(&in->standing_before),
    };
}

static struct tally_reversal reversal_in(const tally_v1_Reversal *in, const struct parts *parts)
{
    return (struct tally_reversal){
        .ref = parts->text[0],
        .cashier = parts->text[1],
        .sale = id_in(&in->sale),
        .sale_day = in->sale_day,
        .lines = parts->returned.items,
        .line_count = parts->returned.count,
        .amount_minor = in->amount_minor,
        .redeemed_minor = in->redeemed_minor,
    };
}

static enum tally_status enrol_in(const tally_v1_Enrol *in, const struct parts *parts,
                                  struct tally_enrol *ret_enrol)
{
    bool has_phone_handle = in->phone_handle.size != 0;
    if (in->handle.size != TALLY_HANDLE_LEN ||
        (has_phone_handle && in->phone_handle.size != TALLY_HANDLE_LEN)) {
        return TALLY_E_INVALID;
    }
    *ret_enrol = (struct tally_enrol){
        .home_shop = in->home_shop,
        .profile = parts->text[0],
        .has_phone_handle = has_phone_handle,
        .referrer = in->referrer,
    };
    memcpy(ret_enrol->handle, in->handle.bytes, TALLY_HANDLE_LEN);
    if (has_phone_handle) {
        memcpy(ret_enrol->phone_handle, in->phone_handle.bytes, TALLY_HANDLE_LEN);
    }
    return TALLY_OK;
}

static struct tally_adjust adjust_in(const tally_v1_Adjust *in, const struct parts *parts)
{
    return (struct tally_adjust){
        .drawer = in->drawer,
        .reason = parts->text[0],
        .who = parts->text[1],
        .second = parts->text[2],
    };
}

static struct tally_hold hold_in(const tally_v1_Hold *in, const struct parts *parts)
{
    return (struct tally_hold){
        .ref = parts->text[0], .cashier = parts->text[1], .until_ms = in->until_ms};
}

static struct tally_given given_in(const struct parts *parts)
{
    return (struct tally_given){.reason = parts->text[0], .who = parts->text[1]};
}

static enum tally_status card_in(const tally_v1_Card *in, const struct parts *parts,
                                 struct tally_card_change *ret_card)
{
    bool has_old = in->action == tally_v1_CardAction_CARD_REPLACE;
    if (in->handle.size != TALLY_HANDLE_LEN || in->old.size != (has_old ? TALLY_HANDLE_LEN : 0)) {
        return TALLY_E_INVALID;
    }
    *ret_card = (struct tally_card_change){
        .action = (enum tally_card_action)in->action,
        .reason = parts->text[0],
        .who = parts->text[1],
    };
    memcpy(ret_card->handle, in->handle.bytes, TALLY_HANDLE_LEN);
    memcpy(ret_card->old, in->old.bytes, in->old.size);
    return TALLY_OK;
}

static enum tally_status what_in(const tally_v1_Event *in, const struct parts *parts,
                                 struct tally_event *event)
{
    switch (in->which_what) {
    case tally_v1_Event_sale_tag:
        event->type = TALLY_EVENT_SALE;
        event->as.sale = sale_in(&in->what.sale, parts);
        return TALLY_OK;
    case tally_v1_Event_voided_tag:
        event->type = TALLY_EVENT_VOID;
        event->as.reversal = reversal_in(&in->what.voided, parts);
        return TALLY_OK;
    case tally_v1_Event_refund_tag:
        event->type = TALLY_EVENT_REFUND;
        event->as.reversal = reversal_in(&in->what.refund, parts);
        return TALLY_OK;
    case tally_v1_Event_enrol_tag:
        event->type = TALLY_EVENT_ENROL;
        return enrol_in(&in->what.enrol, parts, &event->as.enrol);
    case tally_v1_Event_grant_tag:
        event->type = TALLY_EVENT_GRANT;
        event->as.grant =
            (struct tally_grant){in->what.grant.grant_seq, in->what.grant.to_terminal};
        return TALLY_OK;
    case tally_v1_Event_adjust_tag:
        event->type = TALLY_EVENT_ADJUST;
        event->as.adjust = adjust_in(&in->what.adjust, parts);
        return TALLY_OK;
    case tally_v1_Event_hold_tag:
        event->type = TALLY_EVENT_HOLD;
        event->as.hold = hold_in(&in->what.hold, parts);
        return TALLY_OK;
    case tally_v1_Event_release_tag:
        event->type = TALLY_EVENT_RELEASE;
        event->as.hold = hold_in(&in->what.release, parts);
        return TALLY_OK;
    case tally_v1_Event_award_tag:
        event->type = TALLY_EVENT_AWARD;
        event->as.award = (struct tally_award){in->what.award.award, id_in(&in->what.award.why),
                                               in->what.award.other};
        return TALLY_OK;
    case tally_v1_Event_given_tag:
        event->type = TALLY_EVENT_STANDING;
        event->as.given = given_in(parts);
        return TALLY_OK;
    case tally_v1_Event_blocking_tag:
        event->type = TALLY_EVENT_BLOCK;
        event->as.given = given_in(parts);
        return TALLY_OK;
    case tally_v1_Event_card_tag:
        event->type = TALLY_EVENT_CARD;
        return card_in(&in->what.card, parts, &event->as.card);
    case tally_v1_Event_transfer_tag:
        event->type = TALLY_EVENT_TRANSFER;
        event->as.transfer = (struct tally_transfer){
            .other = in->what.transfer.other, .reason = parts->text[0], .who = parts->text[1]};
        return TALLY_OK;
    default:
        return TALLY_E_INVALID;
    }
}

static enum tally_status event_in(const tally_v1_Event *in, const struct parts *parts,
                                  struct tally_event *event)
{
    event->id = id_in(&in->id); /* all zero when there is none, which the limits refuse */
    event->time = in->time;
    event->business_day = in->business_day;
    event->programme_version = in->programme_version;
    event->account = in->account;
    event->member = in->member;
    event->effects = (struct tally_effects){
        .moves = parts->moves.items,
        .move_count = parts->moves.count,
        .counts = parts->counts.items,
        .count_count = parts->counts.count,
        .hold = in->opens_hold,
        .has_standing = in->has_standing,
        .standing = standing_in(&in->standing),
        .has_floor = in->has_floor,
        .floor = standing_in(&in->floor),
        .active_until_day = in->active_until_day,
        .merged_into = in->merged_into,
        .has_block = in->block != 0,
        .blocked = in->block == PB_BLOCKED,
    };
    if (in->block > PB_LET_IN) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(what_in(in, parts, event));
    return tally_event_limits(event);
}

enum tally_status tally_event_decode(struct tally_slice bytes,
                                     struct tally_event_decoded *ret_decoded)
{
    assert(ret_decoded != NULL);

    if (bytes.len > TALLY_EVENT_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    struct parts parts = {0};
    tally_v1_Event in = tally_v1_Event_init_zero;
    in.moves = (pb_callback_t){.funcs.decode = take_move, .arg = &parts.moves};
    in.counts = (pb_callback_t){.funcs.decode = take_count, .arg = &parts.counts};
    in.cb_what = (pb_callback_t){.funcs.decode = take_what, .arg = &parts};
    struct tally_event_decoded decoded = {0};
    enum tally_status status = pb_decode_from(bytes, tally_v1_Event_fields, &in);
    if (status == TALLY_OK) {
        status = event_in(&in, &parts, &decoded.event);
    }
    decoded.moves = parts.moves.items;
    decoded.counts = parts.counts.items;
    decoded.lines = parts.lines.items;
    decoded.tenders = parts.tenders.items;
    decoded.codes = parts.codes.items;
    decoded.claims = parts.claims.items;
    decoded.used = parts.used.items;
    decoded.paid = parts.paid.items;
    decoded.shares = parts.shares.items;
    decoded.exchanges = parts.exchanges.items;
    decoded.returned = parts.returned.items;
    if (status != TALLY_OK) {
        tally_event_decoded_free(&decoded);
        return status;
    }
    *ret_decoded = decoded;
    return TALLY_OK;
}

void tally_event_decoded_free(struct tally_event_decoded *decoded)
{
    assert(decoded != NULL);

    tally_free(decoded->moves);
    tally_free(decoded->counts);
    tally_free(decoded->lines);
    tally_free(decoded->tenders);
    tally_free(decoded->codes);
    tally_free(decoded->claims);
    tally_free(decoded->used);
    tally_free(decoded->paid);
    tally_free(decoded->shares);
    tally_free(decoded->exchanges);
    tally_free(decoded->returned);
    *decoded = (struct tally_event_decoded){0};
}
