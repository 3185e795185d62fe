/* SPDX-License-Identifier: Apache-2.0 */
/* Holds what came of a line against what was told, and says what differs. */
#include "app/story/outcome.h"

#include "app/story/facts.h"

#include <assert.h>
#include <inttypes.h>

enum { NUMBER_MAX = 48 };

#define TEXT(slice) (int)(slice).len, (const char *)(slice).data

/* ------------------------------------------------------------------ amounts */

enum tally_status run_minor(struct run *run, const struct story_step *step,
                            const struct story_amount *amount, int64_t *ret_minor)
{
    const struct tally_programme *programme = run->programme;
    if (amount->decimals > programme->currency_exponent) {
        return story_complain(run->problem, step->line, "%s has no %u decimals",
                              programme->currency, (unsigned)amount->decimals);
    }
    int64_t minor = amount->digits; /* at most 10^15, and four places at most */
    for (uint32_t i = amount->decimals; i < programme->currency_exponent; i++) {
        minor *= 10;
    }
    *ret_minor = minor;
    return TALLY_OK;
}

enum tally_status story_say_money(struct tally_buffer *said,
                                  const struct tally_programme *programme, int64_t minor)
{
    uint64_t unit = 1, size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    for (uint32_t i = 0; i < programme->currency_exponent; i++) {
        unit *= 10;
    }
    TALLY_TRY(story_say(said, "%s%" PRIu64, minor < 0 ? "-" : "", size / unit));
    return unit == 1
               ? TALLY_OK
               : story_say(said, ".%0*" PRIu64, (int)programme->currency_exponent, size % unit);
}

/* ------------------------------------------------------------------ facts */

static bool is_in_money(enum story_fact fact, const struct fact_value *value)
{
    enum story_kind kind = story_fact_kind(fact);
    return kind == STORY_IS_MONEY || (kind == STORY_IS_METRIC && value->is_money);
}

static enum tally_status say_value(const struct fact_view *view, enum story_fact fact,
                                   const struct fact_value *value, struct tally_buffer *said)
{
    char day[STORY_DAY_TEXT_MAX];
    if (!value->exists) {
        return story_say(said, "nothing");
    }
    if (value->word != NULL) {
        return tally_buffer_append(said, value->word, strlen(value->word));
    }
    if (story_fact_kind(fact) == STORY_IS_DAY) {
        story_day_text((int32_t)value->number, day);
        return story_say(said, "%s", day);
    }
    return is_in_money(fact, value) ? story_say_money(said, view->run->programme, value->number)
                                    : story_say(said, "%" PRId64, value->number);
}

/* Whether a fact that is a number is the one that was told. */
static enum tally_status is_number_told(const struct fact_view *view,
                                        const struct story_expect *expect,
                                        const struct fact_value *value, bool *ret_is_told)
{
    int64_t told = expect->amount.digits;
    bool is_money = is_in_money(expect->fact, value);
    uint32_t most = is_money ? view->run->programme->currency_exponent : 0;
    if (expect->amount.decimals > most) {
        return story_complain(view->run->problem, view->step->line, "%s=%.*s has too many decimals",
                              story_fact_name(expect->fact), TEXT(expect->told));
    }
    if (is_money) {
        TALLY_TRY(run_minor(view->run, view->step, &expect->amount, &told));
    }
    *ret_is_told = told == value->number;
    return TALLY_OK;
}

/* Whether what came out is what was told; appends what came out to `said`. */
static enum tally_status compare(const struct fact_view *view, const struct story_expect *expect,
                                 bool *ret_is_told, struct tally_buffer *said)
{
    enum story_kind kind = story_fact_kind(expect->fact);
    size_t before = said->len;
    struct fact_value value = {.exists = false};
    if (kind == STORY_IS_LOTS && view->account != NULL) {
        TALLY_TRY(fact_lots(view, expect, said));
    } else {
        TALLY_TRY(fact_of(view, expect, &value));
        TALLY_TRY(say_value(view, expect->fact, &value, said));
    }
    bool is_number = value.exists && value.word == NULL && kind != STORY_IS_DAY;
    if (is_number) {
        return is_number_told(view, expect, &value, ret_is_told);
    }
    *ret_is_told =
        story_same(expect->told, (struct tally_slice){said->data + before, said->len - before});
    return TALLY_OK;
}

/* "; points.coffee=" */
static enum tally_status say_name(const struct story_expect *expect, bool is_first,
                                  struct tally_buffer *said)
{
    TALLY_TRY(story_say(said, "%s%s", is_first ? "" : "; ", story_fact_name(expect->fact)));
    if (expect->part.len > 0) {
        TALLY_TRY(story_say(said, "."));
        TALLY_TRY(tally_buffer_append(said, expect->part.data, expect->part.len));
    }
    return story_say(said, "=");
}

static enum tally_status compare_facts(const struct fact_view *view, struct tally_buffer *said)
{
    for (size_t i = 0; i < view->step->expects.count; i++) {
        const struct story_expect *expect =
            &view->run->story->expects[view->step->expects.first + i];
        size_t before = said->len;
        bool is_same = false;
        TALLY_TRY(say_name(expect, before == 0, said));
        TALLY_TRY(compare(view, expect, &is_same, said));
        if (is_same) {
            said->len = before;
        } else {
            TALLY_TRY(story_say(said, ", not "));
            TALLY_TRY(tally_buffer_append(said, expect->told.data, expect->told.len));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ done or refused */

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
                                        struct tally_buffer *said)
{
    char name[NUMBER_MAX], told[NUMBER_MAX];
    bool is_refused = outcome->status != TALLY_OK;
    *ret_is_told = is_refused == step->refused &&
                   (step->status == TALLY_OK || step->status == outcome->status);
    if (*ret_is_told) {
        return TALLY_OK;
    }
    if (!is_refused) {
        return story_say(said, "ok, not refused");
    }
    TALLY_TRY(story_say(said, "refused %s (%s)", brief_name(outcome->status, name),
                        tally_status_text(outcome->status)));
    if (step->refused) {
        return story_say(said, ", not %s", brief_name(step->status, told));
    }
    char why[STORY_PROBLEM_MAX] = "";
    if (outcome->ruling.verdict == TALLY_REFUSE) {
        (void)tally_guard_text(&outcome->ruling, why, sizeof why);
    }
    return why[0] == '\0' ? TALLY_OK : story_say(said, ": %s", why);
}

enum tally_status outcome_compare(struct run *run, const struct story_step *step,
                                  const struct outcome *outcome, struct tally_buffer *differences)
{
    struct fact_view view = {.run = run, .step = step, .outcome = outcome};
    bool is_told = false;
    if (outcome->member != SIZE_MAX) {
        view.account = shop_account(&run->shop, outcome->till, outcome->member);
    }
    TALLY_TRY(compare_status(step, outcome, &is_told, differences));
    if (is_told && outcome->again != step->again && outcome->status == TALLY_OK) {
        TALLY_TRY(story_say(differences, "%s",
                            outcome->again ? "answered again: it was done before"
                                           : "done now, not again"));
    }
    return is_told ? compare_facts(&view, differences) : TALLY_OK;
}
