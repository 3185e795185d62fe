/* SPDX-License-Identifier: Apache-2.0 */
/* Events to bytes. */
#include "app/proto/event_codec.h"

#include "app/proto/pb_io.h"

#include <assert.h>

/* ------------------------------------------------------------------ parts */

static tally_v1_EventId id_out(struct tally_event_id id)
{
    return (tally_v1_EventId){.terminal = id.terminal, .epoch = id.epoch, .seq = id.seq};
}

static bool id_is_zero(struct tally_event_id id)
{
    return id.terminal == 0 && id.epoch == 0 && id.seq == 0;
}

static tally_v1_Standing standing_out(const struct tally_standing *standing)
{
    return (tally_v1_Standing){
        .tier = standing->tier,
        .since_day = standing->since_day,
        .until_day = standing->until_day,
    };
}

static bool standing_is_zero(const struct tally_standing *standing)
{
    return standing->tier == 0 && standing->since_day == 0 && standing->until_day == 0;
}

static bool put_counts(pb_ostream_t *stream, const pb_field_t *field,
                       const struct tally_count *counts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tally_v1_Count out = {
            .what = (tally_v1_Counter)counts[i].what,
            .of = counts[i].of,
            .from_day = pb_day_swap(counts[i].from_day, INT32_MIN),
            .until_day = pb_day_swap(counts[i].until_day, TALLY_DAY_NEVER),
            .amount = counts[i].amount,
        };
        if (!pb_put_message(stream, field, tally_v1_Count_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_effect_counts(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_effects *effects = *arg;
    return put_counts(stream, field, effects->counts, effects->count_count);
}

static bool put_effect_moves(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_effects *effects = *arg;
    return pb_put_moves(stream, field, effects->moves, effects->move_count);
}

/* ------------------------------------------------------------------ a sale */

static bool put_lines(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_basket *basket = *arg;
    for (size_t i = 0; i < basket->line_count; i++) {
        const struct tally_line *line = &basket->lines[i];
        tally_v1_Line out = {
            .sku = pb_out_slice(&line->sku),
            .categories = pb_out_slice(&line->categories),
            .quantity_milli = line->quantity_milli,
            .amount_minor = line->amount_minor,
            .tax_minor = line->tax_minor,
            .discount_minor = line->discount_minor,
        };
        if (!pb_put_message(stream, field, tally_v1_Line_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_tenders(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_basket *basket = *arg;
    for (size_t i = 0; i < basket->tender_count; i++) {
        tally_v1_Tender out = {
            .kind = pb_out_slice(&basket->tenders[i].kind),
            .amount_minor = basket->tenders[i].amount_minor,
        };
        if (!pb_put_message(stream, field, tally_v1_Tender_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_codes(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_basket *basket = *arg;
    return pb_put_slices(stream, field, basket->codes, basket->code_count);
}

static bool put_claims(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_basket *basket = *arg;
    for (size_t i = 0; i < basket->claim_count; i++) {
        tally_v1_Claim out = {
            .reward = basket->claims[i].reward,
            .times = basket->claims[i].times,
        };
        if (!pb_put_message(stream, field, tally_v1_Claim_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_shares(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_sale *sale = *arg;
    for (size_t i = 0; i < sale->share_count; i++) {
        tally_v1_Share out = {
            .line = sale->shares[i].line,
            .purse = sale->shares[i].purse,
            .points = sale->shares[i].points,
            .cut = sale->shares[i].cut,
        };
        if (!pb_put_message(stream, field, tally_v1_Share_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_paid(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_sale *sale = *arg;
    for (size_t i = 0; i < sale->paid_count; i++) {
        tally_v1_Paid out = {
            .line = sale->paid[i].line,
            .discount_minor = sale->paid[i].discount_minor,
            .points_minor = sale->paid[i].points_minor,
        };
        if (!pb_put_message(stream, field, tally_v1_Paid_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_exchanges(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_sale *sale = *arg;
    for (size_t i = 0; i < sale->exchange_count; i++) {
        const struct tally_exchange *exchange = &sale->exchanges[i];
        tally_v1_Exchange out = {
            .times = exchange->times,
            .cost_purse = exchange->cost_purse,
            .cost = exchange->cost,
            .purse = exchange->purse,
            .gives = exchange->gives,
        };
        if (!pb_put_message(stream, field, tally_v1_Exchange_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool put_used(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_seen *seen = *arg;
    return put_counts(stream, field, seen->used, seen->used_count);
}

static tally_v1_Sale sale_out(const struct tally_sale *sale)
{
    const struct tally_basket *basket = &sale->basket;
    const struct tally_seen *seen = &sale->seen;
    return (tally_v1_Sale){
        .ref = pb_out_slice(&sale->ref),
        .cashier = pb_out_slice(&sale->cashier),
        .lines = {.funcs.encode = put_lines, .arg = pb_borrowed(basket)},
        .shop = basket->shop,
        .minute = seen->minute,
        .visits = seen->visits,
        .days_away = seen->days_away,
        .days_member = seen->days_member,
        .shares = {.funcs.encode = put_shares, .arg = pb_borrowed(sale)},
        .tier = seen->tier,
        .tenders = {.funcs.encode = put_tenders, .arg = pb_borrowed(basket)},
        .channel = pb_out_slice(&basket->channel),
        .paid = {.funcs.encode = put_paid, .arg = pb_borrowed(sale)},
        .exchanges = {.funcs.encode = put_exchanges, .arg = pb_borrowed(sale)},
        .points = basket->points,
        .discount_minor = sale->discount_minor,
        .redeemed_minor = sale->redeemed_minor,
        .codes = {.funcs.encode = put_codes, .arg = pb_borrowed(basket)},
        .claims = {.funcs.encode = put_claims, .arg = pb_borrowed(basket)},
        .birthday = seen->birthday,
        .used = {.funcs.encode = put_used, .arg = pb_borrowed(seen)},
        .has_standing_before = !standing_is_zero(&sale->standing_before),
        .standing_before = standing_out(&sale->standing_before),
    };
}

/* ------------------------------------------------------------------ the others */

static bool put_returned(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_reversal *reversal = *arg;
    for (size_t i = 0; i < reversal->line_count; i++) {
        tally_v1_ReturnedLine out = {
            .line = reversal->lines[i].line,
            .quantity_milli = reversal->lines[i].quantity_milli,
            .quantity_before_milli = reversal->lines[i].quantity_before_milli,
        };
        if (!pb_put_message(stream, field, tally_v1_ReturnedLine_fields, &out)) {
            return false;
        }
    }
    return true;
}

static tally_v1_Reversal reversal_out(const struct tally_reversal *reversal)
{
    return (tally_v1_Reversal){
        .ref = pb_out_slice(&reversal->ref),
        .cashier = pb_out_slice(&reversal->cashier),
        .has_sale = true,
        .sale = id_out(reversal->sale),
        .sale_day = reversal->sale_day,
        .lines = {.funcs.encode = put_returned, .arg = pb_borrowed(reversal)},
        .amount_minor = reversal->amount_minor,
        .redeemed_minor = reversal->redeemed_minor,
    };
}

static tally_v1_Enrol enrol_out(const struct tally_enrol *enrol)
{
    tally_v1_Enrol out = {
        .handle = {.size = TALLY_HANDLE_LEN},
        .home_shop = enrol->home_shop,
        .profile = pb_out_slice(&enrol->profile),
        .referrer = enrol->referrer,
    };
    memcpy(out.handle.bytes, enrol->handle, TALLY_HANDLE_LEN);
    if (enrol->has_phone_handle) {
        out.phone_handle.size = TALLY_HANDLE_LEN;
        memcpy(out.phone_handle.bytes, enrol->phone_handle, TALLY_HANDLE_LEN);
    }
    return out;
}

static tally_v1_Adjust adjust_out(const struct tally_adjust *adjust)
{
    return (tally_v1_Adjust){
        .drawer = adjust->drawer,
        .reason = pb_out_slice(&adjust->reason),
        .who = pb_out_slice(&adjust->who),
        .second = pb_out_slice(&adjust->second),
    };
}

static tally_v1_Hold hold_out(const struct tally_hold *hold)
{
    return (tally_v1_Hold){
        .ref = pb_out_slice(&hold->ref),
        .cashier = pb_out_slice(&hold->cashier),
        .until_ms = hold->until_ms,
    };
}

static tally_v1_Award award_out(const struct tally_award *award)
{
    return (tally_v1_Award){
        .award = award->award,
        .has_why = !id_is_zero(award->why),
        .why = id_out(award->why),
        .other = award->other,
    };
}

static tally_v1_Given given_out(const struct tally_given *given)
{
    return (tally_v1_Given){.reason = pb_out_slice(&given->reason),
                            .who = pb_out_slice(&given->who)};
}

static tally_v1_Card card_out(const struct tally_card_change *card)
{
    tally_v1_Card out = {
        .action = (tally_v1_CardAction)card->action,
        .handle = {.size = TALLY_HANDLE_LEN},
        .reason = pb_out_slice(&card->reason),
        .who = pb_out_slice(&card->who),
    };
    memcpy(out.handle.bytes, card->handle, TALLY_HANDLE_LEN);
    if (card->action == TALLY_CARD_REPLACE) {
        out.old.size = TALLY_HANDLE_LEN;
        memcpy(out.old.bytes, card->old, TALLY_HANDLE_LEN);
    }
    return out;
}

static void what_out(const struct tally_event *event, tally_v1_Event *out)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        out->which_what = tally_v1_Event_sale_tag;
        out->what.sale = sale_out(&event->as.sale);
        break;
    case TALLY_EVENT_VOID:
        out->which_what = tally_v1_Event_voided_tag;
        out->what.voided = reversal_out(&event->as.reversal);
        break;
    case TALLY_EVENT_REFUND:
        out->which_what = tally_v1_Event_refund_tag;
        out->what.refund = reversal_out(&event->as.reversal);
        break;
    case TALLY_EVENT_ENROL:
        out->which_what = tally_v1_Event_enrol_tag;
        out->what.enrol = enrol_out(&event->as.enrol);
        break;
    case TALLY_EVENT_GRANT:
        out->which_what = tally_v1_Event_grant_tag;
        out->what.grant =
            (tally_v1_Granted){event->as.grant.grant_seq, event->as.grant.to_terminal};
        break;
    case TALLY_EVENT_ADJUST:
        out->which_what = tally_v1_Event_adjust_tag;
        out->what.adjust = adjust_out(&event->as.adjust);
        break;
    case TALLY_EVENT_HOLD:
        out->which_what = tally_v1_Event_hold_tag;
        out->what.hold = hold_out(&event->as.hold);
        break;
    case TALLY_EVENT_RELEASE:
        out->which_what = tally_v1_Event_release_tag;
        out->what.release = hold_out(&event->as.hold);
        break;
    case TALLY_EVENT_AWARD:
        out->which_what = tally_v1_Event_award_tag;
        out->what.award = award_out(&event->as.award);
        break;
    case TALLY_EVENT_STANDING:
        out->which_what = tally_v1_Event_given_tag;
        out->what.given = given_out(&event->as.given);
        break;
    case TALLY_EVENT_TRANSFER:
        out->which_what = tally_v1_Event_transfer_tag;
        out->what.transfer = (tally_v1_Transfer){.other = event->as.transfer.other,
                                                 .reason = pb_out_slice(&event->as.transfer.reason),
                                                 .who = pb_out_slice(&event->as.transfer.who)};
        break;
    case TALLY_EVENT_CARD:
        out->which_what = tally_v1_Event_card_tag;
        out->what.card = card_out(&event->as.card);
        break;
    case TALLY_EVENT_BLOCK:
        out->which_what = tally_v1_Event_blocking_tag;
        out->what.blocking = given_out(&event->as.given);
        break;
        break;
    }
}

enum tally_status tally_event_encode(const struct tally_event *event,
                                     struct tally_buffer *ret_bytes)
{
    assert(event != NULL);
    assert(ret_bytes != NULL);

    TALLY_TRY(tally_event_limits(event));
    const struct tally_effects *effects = &event->effects;
    tally_v1_Event out = tally_v1_Event_init_zero;
    out.has_id = true;
    out.id = id_out(event->id);
    out.time = event->time;
    out.business_day = event->business_day;
    out.programme_version = event->programme_version;
    out.account = event->account;
    out.member = event->member;
    out.moves = (pb_callback_t){.funcs.encode = put_effect_moves, .arg = pb_borrowed(effects)};
    out.counts = (pb_callback_t){.funcs.encode = put_effect_counts, .arg = pb_borrowed(effects)};
    out.opens_hold = effects->hold;
    out.has_standing = effects->has_standing;
    out.standing = standing_out(&effects->standing);
    out.has_floor = effects->has_floor;
    out.floor = standing_out(&effects->floor);
    out.active_until_day = effects->active_until_day;
    out.merged_into = effects->merged_into;
    out.block = !effects->has_block ? 0 : effects->blocked ? PB_BLOCKED : PB_LET_IN;
    what_out(event, &out);
    size_t len_before = ret_bytes->len;
    TALLY_TRY(pb_encode_to(tally_v1_Event_fields, &out, ret_bytes));
    if (ret_bytes->len - len_before > TALLY_EVENT_LEN_MAX) {
        ret_bytes->len = len_before;
        return TALLY_E_INVALID;
    }
    return TALLY_OK;
}
