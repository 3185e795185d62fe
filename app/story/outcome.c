/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the engine what a line may ask about, and holds it against what was told. */
#include "app/story/outcome.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

enum { NUMBER_MAX = 48, SAID_MAX = 512 };

/* What there is to ask. */
struct view {
    const struct tally_programme *programme;
    const struct tally_account *account; /* NULL: nobody's */
    const struct outcome *outcome;
    int32_t day;
};

struct value {
    bool exists;
    int64_t number;   /* points, minor units or a day */
    const char *code; /* of a tier */
};

/* ------------------------------------------------------------------ amounts and texts */

static int64_t unit_of(const struct tally_programme *programme)
{
    int64_t unit = 1;
    for (uint32_t i = 0; i < programme->currency_exponent; i++) {
        unit *= 10;
    }
    return unit;
}

enum tally_status outcome_minor(const struct tally_programme *programme,
                                const struct story_amount *amount, int64_t *ret_minor)
{
    if (amount->decimals > programme->currency_exponent) {
        return TALLY_E_INVALID;
    }
    int64_t minor = amount->digits; /* at most 10^15, and four places at most */
    for (uint32_t i = amount->decimals; i < programme->currency_exponent; i++) {
        minor *= 10;
    }
    *ret_minor = minor;
    return TALLY_OK;
}

static void money_text(const struct tally_programme *programme, int64_t minor,
                       char text[NUMBER_MAX])
{
    uint64_t unit = (uint64_t)unit_of(programme);
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    int len = snprintf(text, NUMBER_MAX, "%s%" PRIu64, minor < 0 ? "-" : "", size / unit);
    if (unit > 1) {
        snprintf(text + len, (size_t)(NUMBER_MAX - len), ".%0*" PRIu64,
                 (int)programme->currency_exponent, size % unit);
    }
}

static enum tally_status say(struct tally_buffer *said, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum tally_status say(struct tally_buffer *said, const char *format, ...)
{
    char text[SAID_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tally_buffer_append(said, text, strlen(text));
}

/* ------------------------------------------------------------------ a member's tier */

/* The least that must still count for a higher tier, found by asking the engine; false: there is
 * none. */
static bool needed_for_next(const struct view *view, int64_t *ret_needed, size_t *ret_next)
{
    size_t now = tally_account_tier(view->account, view->programme, view->day);
    int64_t low = 0, high = TALLY_MONEY_MAX; /* the answer is above low, at most high */
    size_t next = tally_account_tier_after(view->account, view->programme, view->day, high);
    if (next <= now) {
        return false;
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        size_t after = tally_account_tier_after(view->account, view->programme, view->day, middle);
        if (after > now) {
            high = middle;
            next = after;
        } else {
            low = middle;
        }
    }
    *ret_needed = high;
    *ret_next = next;
    return true;
}

/* ------------------------------------------------------------------ lots */

static bool counts_here(const struct tally_lot *lot, const struct view *view, bool only_here)
{
    return lot->expires_day >= view->day && (!only_here || lot->drawer == view->outcome->till);
}

/* Valid points by last day, earliest first: "2027-01-31:128,never:5", or "none". */
static enum tally_status lots_text(const struct view *view, bool only_here,
                                   struct tally_buffer *text)
{
    const struct tally_account *account = view->account;
    size_t before = text->len;
    for (int64_t last = INT64_MIN; last < TALLY_DAY_NEVER;) {
        int64_t day = INT64_MAX, points = 0;
        for (size_t i = 0; i < account->lot_count; i++) {
            const struct tally_lot *lot = &account->lots[i];
            if (!counts_here(lot, view, only_here) || lot->expires_day <= last ||
                lot->expires_day > day) {
                continue;
            }
            points = lot->expires_day == day ? points + lot->points : lot->points;
            day = lot->expires_day;
        }
        if (day == INT64_MAX) {
            break;
        }
        char date[STORY_DAY_TEXT_MAX];
        story_day_text((int32_t)day, date);
        TALLY_TRY(say(text, "%s%s:%" PRId64, text->len > before ? "," : "", date, points));
        last = day;
    }
    return text->len > before ? TALLY_OK : say(text, "none");
}

/* ------------------------------------------------------------------ facts */

static struct value number(int64_t value)
{
    return (struct value){.exists = true, .number = value};
}

static struct value tier_code(const struct view *view, size_t tier)
{
    return (struct value){.exists = true, .code = view->programme->tiers[tier].code};
}

static struct value quote_fact(const struct view *view, enum story_fact fact)
{
    const struct tally_quote *quote = &view->outcome->quote;
    switch (fact) {
    case STORY_EARNED:
        return number(quote->earned_points);
    case STORY_REDEEMED:
        return number(quote->redeemed_points);
    case STORY_REDEEMED_VALUE:
        return number(quote->redeemed_minor);
    case STORY_TOTAL:
        return number(quote->total_minor);
    case STORY_PAYS:
        return number(quote->to_pay_minor);
    case STORY_MOST:
        return number(quote->redeemable_here);
    case STORY_MOST_ONLINE:
        return number(quote->redeemable_online);
    case STORY_TIER_AFTER:
        return tier_code(view, quote->tier_after);
    default:
        return (struct value){0};
    }
}

static struct value sale_fact(const struct shop_event *event, enum story_fact fact)
{
    const struct tally_sale *sale = &event->event.as.sale;
    switch (fact) {
    case STORY_EARNED:
        return number(sale->earned_points);
    case STORY_REDEEMED:
        return number(sale->redeemed_points);
    case STORY_REDEEMED_VALUE:
        return number(sale->redeemed_minor);
    case STORY_TOTAL:
        return number(sale->total_minor);
    case STORY_PAYS:
        return number(sale->total_minor - sale->redeemed_minor);
    case STORY_DREW:
        return number(event->drew);
    case STORY_DEBT_PAID:
        return number(sale->debt_paid);
    case STORY_EXPIRES:
        return number(sale->earned_expires_day);
    default:
        return (struct value){0};
    }
}

/* What has lapsed by this day, whether an event has booked it yet or not: what came less what went
 * less what is there. */
static int64_t expired_by(const struct view *view)
{
    const struct tally_account *account = view->account;
    return account->earned - account->redeemed + account->adjusted -
           tally_account_balance(account, view->day);
}

static int64_t value_of_points(const struct view *view)
{
    int64_t points = tally_account_balance(view->account, view->day), minor = 0;
    if (points < 0 || tally_programme_value(view->programme, points, &minor) != TALLY_OK) {
        return 0;
    }
    return minor;
}

static struct value tier_fact(const struct view *view, enum story_fact fact)
{
    int64_t needed = 0;
    size_t next = 0;
    if (fact == STORY_TIER) {
        return tier_code(view, tally_account_tier(view->account, view->programme, view->day));
    }
    if (!needed_for_next(view, &needed, &next)) {
        return fact == STORY_NEEDS ? number(0) : (struct value){.exists = true, .code = "none"};
    }
    return fact == STORY_NEXT ? tier_code(view, next) : number(needed);
}

static struct value member_fact(const struct view *view, enum story_fact fact)
{
    const struct tally_account *account = view->account;
    switch (fact) {
    case STORY_POINTS:
        return number(tally_account_balance(account, view->day));
    case STORY_HERE:
        return number(tally_account_in_drawer(account, view->outcome->till, view->day));
    case STORY_AT_HQ:
        return number(tally_account_in_drawer(account, TALLY_TERMINAL_HQ, view->day));
    case STORY_VALUE:
        return number(value_of_points(view));
    case STORY_DEBT:
        return number(account->debt);
    case STORY_VISITS:
        return number(account->visits);
    case STORY_EXPIRED:
        return number(expired_by(view));
    case STORY_EARNED_TOTAL:
        return number(account->earned);
    case STORY_REDEEMED_TOTAL:
        return number(account->redeemed);
    case STORY_ADJUSTED:
        return number(account->adjusted);
    case STORY_TIER:
    case STORY_NEXT:
    case STORY_NEEDS:
        return tier_fact(view, fact);
    default:
        return (struct value){0};
    }
}

static struct value fact_of(const struct view *view, enum story_fact fact)
{
    if (fact >= STORY_POINTS) {
        return view->account == NULL ? (struct value){0} : member_fact(view, fact);
    }
    if (view->outcome->has_quote) {
        return quote_fact(view, fact);
    }
    return view->outcome->event == NULL ? (struct value){0} : sale_fact(view->outcome->event, fact);
}

/* ------------------------------------------------------------------ comparing */

static bool counts_in_money(const struct view *view, enum story_fact fact)
{
    enum story_kind kind = story_fact_kind(fact);
    return kind == STORY_IS_MONEY ||
           (kind == STORY_IS_METRIC && view->programme->tier_metric == TALLY_METRIC_SPEND);
}

static enum tally_status say_value(const struct view *view, enum story_fact fact,
                                   const struct value *value, struct tally_buffer *said)
{
    char text[NUMBER_MAX];
    if (!value->exists) {
        return say(said, "nothing");
    }
    if (value->code != NULL) {
        return say(said, "%s", value->code);
    }
    if (story_fact_kind(fact) == STORY_IS_DAY) {
        story_day_text((int32_t)value->number, text);
    } else if (counts_in_money(view, fact)) {
        money_text(view->programme, value->number, text);
    } else {
        snprintf(text, sizeof text, "%" PRId64, value->number);
    }
    return say(said, "%s", text);
}

/* Whether a fact that is a number is the one that was told. */
static enum tally_status is_number_told(const struct view *view, const struct story_expect *expect,
                                        int64_t number_now, size_t line, bool *ret_is_told,
                                        struct story_problem *problem)
{
    int64_t told = expect->amount.digits;
    bool is_money = counts_in_money(view, expect->fact);
    if (is_money ? outcome_minor(view->programme, &expect->amount, &told) != TALLY_OK
                 : expect->amount.decimals > 0) {
        return story_complain(problem, line, "%s=%.*s has too many decimals",
                              story_fact_name(expect->fact), (int)expect->told.len,
                              (const char *)expect->told.data);
    }
    *ret_is_told = told == number_now;
    return TALLY_OK;
}

static bool is_text_told(const struct story_expect *expect, const char *text, size_t len)
{
    return story_same(expect->told, (struct tally_slice){(const uint8_t *)text, len});
}

/* Whether what came out is what was told; appends what came out to `said`. */
static enum tally_status compare(const struct view *view, const struct story_expect *expect,
                                 size_t line, bool *ret_is_told, struct tally_buffer *said,
                                 struct story_problem *problem)
{
    enum story_kind kind = story_fact_kind(expect->fact);
    size_t before = said->len;
    struct value value = {0};
    if (kind == STORY_IS_LOTS && view->account != NULL) {
        TALLY_TRY(lots_text(view, expect->fact == STORY_LOTS_HERE, said));
    } else {
        value = fact_of(view, expect->fact);
        TALLY_TRY(say_value(view, expect->fact, &value, said));
    }
    bool is_number = value.exists && value.code == NULL && kind != STORY_IS_DAY;
    if (is_number) {
        return is_number_told(view, expect, value.number, line, ret_is_told, problem);
    }
    *ret_is_told = is_text_told(expect, (const char *)said->data + before, said->len - before);
    return TALLY_OK;
}

static const char *brief_name(enum tally_status status, char text[NUMBER_MAX])
{
    static const char prefix[] = "TALLY_E_";
    const char *name = tally_status_name(status);
    name += strncmp(name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0;
    snprintf(text, NUMBER_MAX, "%s", name);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    }
    return text;
}

/* Whether it was done or refused as told; appends what differs. */
static enum tally_status compare_status(const struct story_step *step,
                                        const struct outcome *outcome, bool *ret_is_told,
                                        struct tally_buffer *differences)
{
    char name[NUMBER_MAX], told[NUMBER_MAX];
    bool is_refused = outcome->status != TALLY_OK;
    *ret_is_told = is_refused == step->refused &&
                   (step->status == TALLY_OK || step->status == outcome->status);
    if (*ret_is_told) {
        return TALLY_OK;
    }
    if (!is_refused) {
        return say(differences, "ok, not refused");
    }
    TALLY_TRY(say(differences, "refused %s (%s)", brief_name(outcome->status, name),
                  tally_status_text(outcome->status)));
    return step->refused ? say(differences, ", not %s", brief_name(step->status, told)) : TALLY_OK;
}

enum tally_status outcome_compare(struct shop *shop, const struct story *story,
                                  const struct story_step *step, const struct outcome *outcome,
                                  int64_t now_ms, struct tally_buffer *differences,
                                  struct story_problem *ret_problem)
{
    const struct tally_programme *programme = story_rules_at(shop->rules, now_ms);
    struct view view = {
        .programme = programme, .outcome = outcome, .day = tally_programme_day(programme, now_ms)};
    if (outcome->member != SIZE_MAX) {
        view.account = shop_account(shop, outcome->till, outcome->member);
    }
    bool is_told = false;
    TALLY_TRY(compare_status(step, outcome, &is_told, differences));
    if (is_told && outcome->again != step->again && outcome->status == TALLY_OK) {
        TALLY_TRY(
            say(differences, "%s",
                outcome->again ? "answered again: it was done before" : "done now, not again"));
    }
    for (size_t i = 0; is_told && i < step->expects.count; i++) {
        const struct story_expect *expect = &story->expects[step->expects.first + i];
        size_t before = differences->len;
        bool is_same = false;
        TALLY_TRY(say(differences, "%s%s=", before > 0 ? "; " : "", story_fact_name(expect->fact)));
        TALLY_TRY(compare(&view, expect, step->line, &is_same, differences, ret_problem));
        if (is_same) {
            differences->len = before;
        } else {
            TALLY_TRY(say(differences, ", not %.*s", (int)expect->told.len,
                          (const char *)expect->told.data));
        }
    }
    return TALLY_OK;
}
