/* SPDX-License-Identifier: Apache-2.0 */
/* What an event may say at most. */
#include "app/proto/event_codec.h"

#include "app/core/utf8.h"

#include <assert.h>

/* Business days within 2000..2199. */
enum { DAY_MIN = 10957, DAY_MAX = 84005 };

enum {
    MINUTES_OF_DAY = 24 * 60,
    BIRTHDAY_BITS = TALLY_BIRTHDAY_DAY | TALLY_BIRTHDAY_WEEK | TALLY_BIRTHDAY_MONTH
};

static bool text_ok(struct tally_slice text, size_t len_min)
{
    return text.len >= len_min && text.len <= TALLY_TEXT_LEN_MAX && tally_utf8_valid(text);
}

static bool money_ok(int64_t minor)
{
    return minor >= 0 && minor <= TALLY_MONEY_MAX;
}

static bool day_ok(int32_t day)
{
    return day >= DAY_MIN && day <= DAY_MAX;
}

/* ------------------------------------------------------------------ a sale */

static bool paid_ok(const struct tally_sale *sale)
{
    for (size_t i = 0; i < sale->paid_count; i++) {
        const struct tally_line_paid *paid = &sale->paid[i];
        if (paid->line >= sale->basket.line_count ||
            (i > 0 && paid->line <= sale->paid[i - 1].line) || !money_ok(paid->discount_minor) ||
            !money_ok(paid->points_minor) ||
            (paid->discount_minor == 0 && paid->points_minor == 0) ||
            paid->discount_minor + paid->points_minor >
                sale->basket.lines[paid->line].amount_minor) {
            return false;
        }
    }
    return true;
}

static bool share_follows(const struct tally_share *before, const struct tally_share *share)
{
    return before->line < share->line ||
           (before->line == share->line && before->purse < share->purse);
}

static bool shares_ok(const struct tally_sale *sale)
{
    if (sale->share_count > TALLY_SHARES_MAX) {
        return false;
    }
    for (size_t i = 0; i < sale->share_count; i++) {
        const struct tally_share *share = &sale->shares[i];
        if (share->line >= sale->basket.line_count || share->points < 0 ||
            share->points > TALLY_POINTS_MAX || share->cut < 0 || share->cut > TALLY_POINTS_MAX ||
            (share->points == 0 && share->cut == 0) ||
            (i > 0 && !share_follows(&sale->shares[i - 1], share))) {
            return false;
        }
    }
    return true;
}

static bool exchanges_ok(const struct tally_sale *sale)
{
    if (sale->exchange_count > TALLY_EXCHANGES_MAX) {
        return false;
    }
    for (size_t i = 0; i < sale->exchange_count; i++) {
        const struct tally_exchange *exchange = &sale->exchanges[i];
        if (exchange->times == 0 || exchange->cost < 1 || exchange->gives < 0 ||
            exchange->cost > TALLY_POINTS_MAX / exchange->times ||
            exchange->gives > TALLY_POINTS_MAX / exchange->times ||
            (exchange->gives == 0 && exchange->purse != 0)) {
            return false;
        }
    }
    return true;
}

static bool used_ok(const struct tally_count *used, size_t count)
{
    if (count > TALLY_COUNTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (used[i].what < TALLY_COUNT_SALES || used[i].what > TALLY_COUNT_AWARD ||
            used[i].amount == 0 || (i > 0 && tally_count_compare(&used[i - 1], &used[i]) >= 0)) {
            return false;
        }
    }
    return true;
}

static bool seen_ok(const struct tally_seen *seen)
{
    return seen->minute >= 0 && seen->minute < MINUTES_OF_DAY && seen->visits >= 0 &&
           seen->days_away >= -1 && seen->days_member >= 0 && seen->birthday <= BIRTHDAY_BITS &&
           used_ok(seen->used, seen->used_count);
}

static bool sale_ok(const struct tally_sale *sale)
{
    int64_t total_minor = 0;
    return text_ok(sale->ref, 1) && text_ok(sale->cashier, 0) &&
           tally_basket_check(&sale->basket, &total_minor) == TALLY_OK &&
           total_minor == sale->total_minor && seen_ok(&sale->seen) &&
           money_ok(sale->discount_minor) && money_ok(sale->redeemed_minor) && paid_ok(sale) &&
           shares_ok(sale) && exchanges_ok(sale);
}

/* ------------------------------------------------------------------ the others */

static bool returned_ok(const struct tally_returned_line *lines, size_t count)
{
    if (count > TALLY_LINES_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (lines[i].line >= TALLY_LINES_MAX || (i > 0 && lines[i].line <= lines[i - 1].line) ||
            lines[i].quantity_milli <= 0 || lines[i].quantity_before_milli < 0 ||
            lines[i].quantity_before_milli > INT64_MAX - lines[i].quantity_milli) {
            return false;
        }
    }
    return true;
}

static bool reversal_ok(const struct tally_reversal *reversal, bool is_void)
{
    return text_ok(reversal->ref, 1) && text_ok(reversal->cashier, 0) && reversal->sale.seq != 0 &&
           day_ok(reversal->sale_day) && (reversal->line_count == 0) == is_void &&
           returned_ok(reversal->lines, reversal->line_count) && money_ok(reversal->amount_minor) &&
           reversal->redeemed_minor >= 0 && reversal->redeemed_minor <= reversal->amount_minor;
}

static bool enrol_ok(const struct tally_event *event)
{
    const struct tally_enrol *enrol = &event->as.enrol;
    bool twice = enrol->has_phone_handle &&
                 memcmp(enrol->handle, enrol->phone_handle, TALLY_HANDLE_LEN) == 0;
    return event->member != 0 && enrol->profile.len <= TALLY_PROFILE_LEN_MAX && !twice;
}

static bool adjust_ok(const struct tally_adjust *adjust)
{
    return text_ok(adjust->reason, 1) && text_ok(adjust->who, 1) && text_ok(adjust->second, 0);
}

static bool transfer_ok(const struct tally_event *event)
{
    const struct tally_transfer *transfer = &event->as.transfer;
    return transfer->other != 0 && transfer->other != event->account &&
           text_ok(transfer->reason, 0) && text_ok(transfer->who, 0);
}

static bool card_ok(const struct tally_event *event)
{
    const struct tally_card_change *card = &event->as.card;
    bool same = card->action == TALLY_CARD_REPLACE &&
                memcmp(card->handle, card->old, TALLY_HANDLE_LEN) == 0;
    return event->member != 0 && card->action >= TALLY_CARD_LINK &&
           card->action <= TALLY_CARD_UNBLOCK && !same && text_ok(card->reason, 0) &&
           text_ok(card->who, 0);
}

static bool hold_ok(const struct tally_hold *hold, size_t ref_len_min)
{
    return text_ok(hold->ref, ref_len_min) && text_ok(hold->cashier, 0) && hold->until_ms >= 0;
}

static bool what_ok(const struct tally_event *event)
{
    switch (event->type) {
    case TALLY_EVENT_SALE:
        return sale_ok(&event->as.sale);
    case TALLY_EVENT_VOID:
        return reversal_ok(&event->as.reversal, true);
    case TALLY_EVENT_REFUND:
        return reversal_ok(&event->as.reversal, false);
    case TALLY_EVENT_ENROL:
        return enrol_ok(event);
    case TALLY_EVENT_GRANT:
        return event->as.grant.grant_seq != 0 && event->as.grant.to_terminal != TALLY_TERMINAL_HQ;
    case TALLY_EVENT_ADJUST:
        return adjust_ok(&event->as.adjust);
    case TALLY_EVENT_HOLD:
        return hold_ok(&event->as.hold, 1) && event->as.hold.until_ms > 0;
    case TALLY_EVENT_RELEASE:
        return hold_ok(&event->as.hold, 0);
    case TALLY_EVENT_AWARD:
        return event->as.award.award != 0;
    case TALLY_EVENT_STANDING:
    case TALLY_EVENT_BLOCK:
        return text_ok(event->as.given.reason, 1) && text_ok(event->as.given.who, 0);
    case TALLY_EVENT_TRANSFER:
        return transfer_ok(event);
    case TALLY_EVENT_CARD:
        return card_ok(event);
        break;
    }
    return false;
}

enum tally_status tally_event_limits(const struct tally_event *event)
{
    assert(event != NULL);

    bool ok = event->id.seq != 0 && event->account != 0 && day_ok(event->business_day) &&
              what_ok(event) && tally_effects_check(event) == TALLY_OK;
    return ok ? TALLY_OK : TALLY_E_INVALID;
}
