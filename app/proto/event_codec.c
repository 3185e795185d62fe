/* SPDX-License-Identifier: Apache-2.0 */
/* Events to bytes and back. */
#include "app/proto/event_codec.h"

#include "app/base/alloc.h"
#include "app/proto/pb_io.h"

#include <assert.h>

/* ------------------------------------------------------------------ limits */

static bool points_ok(int64_t points)
{
    return points >= 0 && points <= TALLY_POINTS_MAX;
}

static bool money_ok(int64_t minor)
{
    return minor >= 0 && minor <= TALLY_MONEY_MAX;
}

static bool moves_ok(const struct tally_move *moves, size_t count)
{
    int64_t points = 0;
    return tally_moves_sum(moves, count, &points) == TALLY_OK && points <= TALLY_POINTS_MAX;
}

static bool lines_ok(const struct tally_line *lines, size_t count)
{
    if (count > TALLY_LINES_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!pb_text_is(lines[i].sku, 0, TALLY_TEXT_LEN_MAX) || lines[i].quantity_milli <= 0 ||
            !money_ok(lines[i].amount_minor)) {
            return false;
        }
    }
    return true;
}

static bool sale_ok(const struct tally_sale *sale)
{
    return sale->account != 0 && pb_text_is(sale->ref, 1, TALLY_TEXT_LEN_MAX) &&
           pb_text_is(sale->cashier, 0, TALLY_TEXT_LEN_MAX) &&
           lines_ok(sale->lines, sale->line_count) && moves_ok(sale->spent, sale->spent_count) &&
           money_ok(sale->total_minor) && points_ok(sale->redeemed_points) &&
           money_ok(sale->redeemed_minor) && points_ok(sale->earned_points) &&
           sale->debt_paid >= 0 && sale->debt_paid <= sale->earned_points &&
           money_ok(sale->qualifying);
}

static bool void_ok(const struct tally_void *voided)
{
    return voided->account != 0 && pb_text_is(voided->ref, 1, TALLY_TEXT_LEN_MAX) &&
           pb_text_is(voided->cashier, 0, TALLY_TEXT_LEN_MAX) && voided->sale.seq != 0 &&
           moves_ok(voided->returned, voided->returned_count) &&
           moves_ok(voided->taken, voided->taken_count) && points_ok(voided->redeemed_points) &&
           points_ok(voided->earned_points) && points_ok(voided->debt_added) &&
           money_ok(voided->qualifying);
}

static bool enrol_ok(const struct tally_enrol *enrol)
{
    bool twice = enrol->has_phone_handle &&
                 memcmp(enrol->handle, enrol->phone_handle, TALLY_HANDLE_LEN) == 0;
    return enrol->account != 0 && enrol->member != 0 &&
           enrol->profile.len <= TALLY_PROFILE_LEN_MAX && !twice;
}

static bool adjust_ok(const struct tally_adjust *adjust)
{
    return adjust->account != 0 && moves_ok(adjust->moves, adjust->move_count) &&
           money_ok(adjust->qualifying) && pb_text_is(adjust->reason, 1, TALLY_TEXT_LEN_MAX) &&
           pb_text_is(adjust->who, 1, TALLY_TEXT_LEN_MAX);
}

static bool what_ok(const struct tally_event *event)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return sale_ok(&event->as.sale);
    case TALLY_EVENT_VOID:
        return void_ok(&event->as.voided);
    case TALLY_EVENT_ENROL:
        return enrol_ok(&event->as.enrol);
    case TALLY_EVENT_GRANT:
        return tally_grant_limits(&event->as.grant) == TALLY_OK;
    case TALLY_EVENT_ADJUST:
        return adjust_ok(&event->as.adjust);
    }
    return false;
}

enum tally_status tally_grant_limits(const struct tally_grant *grant)
{
    assert(grant != NULL);

    bool ok = grant->account != 0 && grant->grant_seq != 0 &&
              grant->to_terminal != TALLY_TERMINAL_HQ && moves_ok(grant->moves, grant->move_count);
    return ok ? TALLY_OK : TALLY_E_INVALID;
}

enum tally_status tally_event_limits(const struct tally_event *event)
{
    assert(event != NULL);

    return event->id.seq != 0 && what_ok(event) ? TALLY_OK : TALLY_E_INVALID;
}

/* ------------------------------------------------------------------ encode */

static tally_v1_EventId id_out(struct tally_event_id id)
{
    return (tally_v1_EventId){.terminal = id.terminal, .epoch = id.epoch, .seq = id.seq};
}

static bool put_lines(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_sale *sale = *arg;
    for (size_t i = 0; i < sale->line_count; i++) {
        tally_v1_Line line = {
            .sku = pb_out_slice(&sale->lines[i].sku),
            .quantity_milli = sale->lines[i].quantity_milli,
            .amount_minor = sale->lines[i].amount_minor,
        };
        if (!pb_put_message(stream, field, tally_v1_Line_fields, &line)) {
            return false;
        }
    }
    return true;
}

static bool put_spent(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_sale *sale = *arg;
    return pb_put_moves(stream, field, sale->spent, sale->spent_count);
}

static bool put_returned(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_void *voided = *arg;
    return pb_put_moves(stream, field, voided->returned, voided->returned_count);
}

static bool put_taken(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_void *voided = *arg;
    return pb_put_moves(stream, field, voided->taken, voided->taken_count);
}

static bool put_adjusted(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_adjust *adjust = *arg;
    return pb_put_moves(stream, field, adjust->moves, adjust->move_count);
}

static tally_v1_Sale sale_out(const struct tally_sale *sale)
{
    return (tally_v1_Sale){
        .account = sale->account,
        .member = sale->member,
        .ref = pb_out_slice(&sale->ref),
        .cashier = pb_out_slice(&sale->cashier),
        .lines = {.funcs.encode = put_lines, .arg = pb_borrowed(sale)},
        .total_minor = sale->total_minor,
        .redeemed_points = sale->redeemed_points,
        .redeemed_minor = sale->redeemed_minor,
        .spent = {.funcs.encode = put_spent, .arg = pb_borrowed(sale)},
        .earned_points = sale->earned_points,
        .earned_expires_day = sale->earned_expires_day,
        .debt_paid = sale->debt_paid,
        .qualifying = sale->qualifying,
        .tier = sale->tier,
        .multiplier_pct = sale->multiplier_pct,
    };
}

static tally_v1_Void void_out(const struct tally_void *voided)
{
    return (tally_v1_Void){
        .account = voided->account,
        .member = voided->member,
        .ref = pb_out_slice(&voided->ref),
        .cashier = pb_out_slice(&voided->cashier),
        .has_sale = true,
        .sale = id_out(voided->sale),
        .returned = {.funcs.encode = put_returned, .arg = pb_borrowed(voided)},
        .taken = {.funcs.encode = put_taken, .arg = pb_borrowed(voided)},
        .redeemed_points = voided->redeemed_points,
        .earned_points = voided->earned_points,
        .debt_added = voided->debt_added,
        .qualifying = voided->qualifying,
        .sale_day = voided->sale_day,
    };
}

static tally_v1_Enrol enrol_out(const struct tally_enrol *enrol)
{
    tally_v1_Enrol out = {
        .account = enrol->account,
        .member = enrol->member,
        .handle = {.size = TALLY_HANDLE_LEN},
        .home_shop = enrol->home_shop,
        .profile = pb_out_slice(&enrol->profile),
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
        .account = adjust->account,
        .drawer = adjust->drawer,
        .points = adjust->points,
        .moves = {.funcs.encode = put_adjusted, .arg = pb_borrowed(adjust)},
        .reason = pb_out_slice(&adjust->reason),
        .who = pb_out_slice(&adjust->who),
        .qualifying = adjust->qualifying,
    };
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
        out->what.voided = void_out(&event->as.voided);
        break;
    case TALLY_EVENT_ENROL:
        out->which_what = tally_v1_Event_enrol_tag;
        out->what.enrol = enrol_out(&event->as.enrol);
        break;
    case TALLY_EVENT_GRANT:
        out->which_what = tally_v1_Event_grant_tag;
        out->what.grant = pb_out_grant(&event->as.grant);
        break;
    case TALLY_EVENT_ADJUST:
        out->which_what = tally_v1_Event_adjust_tag;
        out->what.adjust = adjust_out(&event->as.adjust);
        break;
    }
}

enum tally_status tally_event_encode(const struct tally_event *event,
                                     struct tally_buffer *ret_bytes)
{
    assert(event != NULL);
    assert(ret_bytes != NULL);

    TALLY_TRY(tally_event_limits(event));
    tally_v1_Event out = tally_v1_Event_init_zero;
    out.has_id = true;
    out.id = id_out(event->id);
    out.time = event->time;
    out.business_day = event->business_day;
    out.programme_version = event->programme_version;
    what_out(event, &out);
    return pb_encode_to(tally_v1_Event_fields, &out, ret_bytes);
}

/* ------------------------------------------------------------------ decode */

/* Where the parts of unbounded size go while one event is decoded. Which of them a `what` uses is
 * decided in take_what(). */
struct parts {
    unsigned whats; /* of them, one is right */
    struct tally_slice text[2];
    struct pb_array lines;
    struct pb_array moves;
    struct pb_array taken;
};

static bool take_line(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_slice sku = {NULL, 0};
    tally_v1_Line in = tally_v1_Line_init_zero;
    in.sku = pb_in_slice(&sku);
    if (!pb_decode(stream, tally_v1_Line_fields, &in)) {
        return false;
    }
    struct tally_line *line =
        pb_array_next(stream, *arg, sizeof(struct tally_line), TALLY_LINES_MAX);
    if (line == NULL) {
        return false;
    }
    *line = (struct tally_line){sku, in.quantity_milli, in.amount_minor};
    return true;
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
        tally_v1_Sale *sale = field->pData;
        sale->ref = pb_in_slice(&parts->text[0]);
        sale->cashier = pb_in_slice(&parts->text[1]);
        sale->lines = (pb_callback_t){.funcs.decode = take_line, .arg = &parts->lines};
        sale->spent = pb_in_moves(&parts->moves);
    } else if (field->tag == tally_v1_Event_voided_tag) {
        tally_v1_Void *voided = field->pData;
        voided->ref = pb_in_slice(&parts->text[0]);
        voided->cashier = pb_in_slice(&parts->text[1]);
        voided->returned = pb_in_moves(&parts->moves);
        voided->taken = pb_in_moves(&parts->taken);
    } else if (field->tag == tally_v1_Event_enrol_tag) {
        tally_v1_Enrol *enrol = field->pData;
        enrol->profile = pb_in_slice(&parts->text[0]);
    } else if (field->tag == tally_v1_Event_grant_tag) {
        tally_v1_Grant *grant = field->pData;
        grant->moves = pb_in_moves(&parts->moves);
    } else if (field->tag == tally_v1_Event_adjust_tag) {
        tally_v1_Adjust *adjust = field->pData;
        adjust->moves = pb_in_moves(&parts->moves);
        adjust->reason = pb_in_slice(&parts->text[0]);
        adjust->who = pb_in_slice(&parts->text[1]);
    }
    return true;
}

static struct tally_event_id id_in(const tally_v1_EventId *in)
{
    return (struct tally_event_id){in->terminal, in->epoch, in->seq};
}

static struct tally_sale sale_in(const tally_v1_Sale *in, const struct parts *parts)
{
    return (struct tally_sale){
        .account = in->account,
        .member = in->member,
        .ref = parts->text[0],
        .cashier = parts->text[1],
        .lines = parts->lines.items,
        .line_count = parts->lines.count,
        .total_minor = in->total_minor,
        .redeemed_points = in->redeemed_points,
        .redeemed_minor = in->redeemed_minor,
        .spent = parts->moves.items,
        .spent_count = parts->moves.count,
        .earned_points = in->earned_points,
        .earned_expires_day = in->earned_expires_day,
        .debt_paid = in->debt_paid,
        .qualifying = in->qualifying,
        .tier = in->tier,
        .multiplier_pct = in->multiplier_pct,
    };
}

static struct tally_void void_in(const tally_v1_Void *in, const struct parts *parts)
{
    return (struct tally_void){
        .account = in->account,
        .member = in->member,
        .ref = parts->text[0],
        .cashier = parts->text[1],
        .sale = id_in(&in->sale),
        .returned = parts->moves.items,
        .returned_count = parts->moves.count,
        .taken = parts->taken.items,
        .taken_count = parts->taken.count,
        .redeemed_points = in->redeemed_points,
        .earned_points = in->earned_points,
        .debt_added = in->debt_added,
        .qualifying = in->qualifying,
        .sale_day = in->sale_day,
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
        .account = in->account,
        .member = in->member,
        .home_shop = in->home_shop,
        .profile = parts->text[0],
        .has_phone_handle = has_phone_handle,
    };
    memcpy(ret_enrol->handle, in->handle.bytes, TALLY_HANDLE_LEN);
    if (has_phone_handle) {
        memcpy(ret_enrol->phone_handle, in->phone_handle.bytes, TALLY_HANDLE_LEN);
    }
    return TALLY_OK;
}

static struct tally_grant grant_in(const tally_v1_Grant *in, const struct parts *parts)
{
    return (struct tally_grant){
        .account = in->account,
        .grant_seq = in->grant_seq,
        .to_terminal = in->to_terminal,
        .moves = parts->moves.items,
        .move_count = parts->moves.count,
    };
}

static struct tally_adjust adjust_in(const tally_v1_Adjust *in, const struct parts *parts)
{
    return (struct tally_adjust){
        .account = in->account,
        .drawer = in->drawer,
        .points = in->points,
        .moves = parts->moves.items,
        .move_count = parts->moves.count,
        .qualifying = in->qualifying,
        .reason = parts->text[0],
        .who = parts->text[1],
    };
}

static enum tally_status event_in(const tally_v1_Event *in, const struct parts *parts,
                                  struct tally_event *event)
{
    event->id = id_in(&in->id); /* all zero when there is none, which the limits refuse */
    event->time = in->time;
    event->business_day = in->business_day;
    event->programme_version = in->programme_version;
    switch (in->which_what) {
    case tally_v1_Event_sale_tag:
        event->type = TALLY_EVENT_SALE;
        event->as.sale = sale_in(&in->what.sale, parts);
        break;
    case tally_v1_Event_voided_tag:
        event->type = TALLY_EVENT_VOID;
        event->as.voided = void_in(&in->what.voided, parts);
        break;
    case tally_v1_Event_enrol_tag:
        event->type = TALLY_EVENT_ENROL;
        TALLY_TRY(enrol_in(&in->what.enrol, parts, &event->as.enrol));
        break;
    case tally_v1_Event_grant_tag:
        event->type = TALLY_EVENT_GRANT;
        event->as.grant = grant_in(&in->what.grant, parts);
        break;
    case tally_v1_Event_adjust_tag:
        event->type = TALLY_EVENT_ADJUST;
        event->as.adjust = adjust_in(&in->what.adjust, parts);
        break;
    default:
        return TALLY_E_INVALID;
    }
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
    in.cb_what = (pb_callback_t){.funcs.decode = take_what, .arg = &parts};
    struct tally_event_decoded decoded = {0};
    enum tally_status status = pb_decode_from(bytes, tally_v1_Event_fields, &in);
    if (status == TALLY_OK) {
        status = event_in(&in, &parts, &decoded.event);
    }
    decoded.lines = parts.lines.items;
    decoded.moves = parts.moves.items;
    decoded.taken = parts.taken.items;
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

    tally_free(decoded->lines);
    tally_free(decoded->moves);
    tally_free(decoded->taken);
    *decoded = (struct tally_event_decoded){0};
}
