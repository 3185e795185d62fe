/* SPDX-License-Identifier: Apache-2.0 */
/* Why points are earned, what is missing for a tier, and what guards found, in the cashier's
 * words. */
#include "app/cashier/words.h"

#include "app/cashier/lang.h"
#include "app/cashier/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PER_PIECE_MILLI = 1000, PER_ONE_PPM = 1000000 };

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static void add(char text[WORDS_TEXT_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One more part, behind a dot. */
static void add(char text[WORDS_TEXT_MAX], const char *format, ...)
{
    size_t len = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    if (len > 0) {
        len += (size_t)snprintf(text + len, WORDS_TEXT_MAX - len, " · ");
    }
    if (len < WORDS_TEXT_MAX) {
        vsnprintf(text + len, WORDS_TEXT_MAX - len, format, arguments);
    }
    va_end(arguments);
}

/* A number in parts of `unit`, a power of ten, without the zeros at its end: 1250000 ppm is
 * 1.25. */
static void decimal(int64_t number, int64_t unit, char text[MONEY_TEXT_MAX])
{
    uint32_t decimals = 0;
    for (int64_t rest = unit; rest > 1; rest /= 10) {
        decimals++;
    }
    for (; decimals > 0 && number % 10 == 0; decimals--) {
        number /= 10;
    }
    if (decimals > 4) { /* as many as money_number_text takes */
        for (; decimals > 4; decimals--) {
            number /= 10;
        }
    }
    money_number_text(number, decimals, text);
}

static void money(int64_t minor, const struct words_currency *currency, char text[MONEY_TEXT_MAX])
{
    money_text(minor, currency->exponent, currency->code, text);
}

/* ------------------------------------------------------------------ rules */

static void add_rate(const json_t *rate, const struct words_currency *currency,
                     char text[WORDS_TEXT_MAX])
{
    char points[MONEY_TEXT_MAX], per[MONEY_TEXT_MAX];
    const char *kind = text_of(rate, "kind");
    money_points_text(number_of(rate, "points"), points);
    if (strcmp(kind, "per_money") == 0) {
        money(number_of(rate, "per_minor"), currency, per);
        /* TRANSLATORS: points, an amount. */
        add(text, _("%s for each %s"), points, per);
    } else if (strcmp(kind, "per_item") == 0) {
        decimal(number_of(rate, "per_milli"), PER_PIECE_MILLI, per);
        /* TRANSLATORS: points, a number of pieces. */
        add(text, _("%s for each %s pieces"), points, per);
    } else if (strcmp(kind, "fixed") == 0) {
        add(text, _("%s for the sale"), points);
    } else if (strcmp(kind, "multiply") == 0) {
        decimal(number_of(rate, "multiply_pct"), 100, per);
        add(text, _("times %s"), per);
    } else if (strcmp(kind, "tier") == 0) {
        add(text, _("gives the tier %s"), text_of(rate, "tier"));
    }
}

static void add_cap(const json_t *cap, char text[WORDS_TEXT_MAX])
{
    static const struct {
        const char *period;
        const char *sentence;
    } sentences[] = {
        {"sale", N_("at most %s in one sale")},
        {"day", N_("at most %s a day")},
        {"week", N_("at most %s a week")},
        {"month", N_("at most %s a month")},
        {"quarter", N_("at most %s a quarter")},
        {"half_year", N_("at most %s in half a year")},
        {"year", N_("at most %s a year")},
        {"anniversary", N_("at most %s in a year of membership")},
        {"campaign", N_("at most %s in this campaign")},
        {"lifetime", N_("at most %s ever")},
    };
    char points[MONEY_TEXT_MAX];
    const char *period = text_of(cap, "period");
    if (!json_is_object(cap)) {
        return;
    }
    if (strcmp(text_of(cap, "by"), "rule") != 0) {
        add(text, "%s", _("cut by a limit of the programme"));
        return;
    }
    money_points_text(number_of(cap, "points"), points);
    if (strcmp(period, "rolling_days") == 0) {
        add(text, _("at most %s in %d days"), points, (int)number_of(cap, "length"));
    } else if (strcmp(period, "rolling_months") == 0) {
        add(text, _("at most %s in %d months"), points, (int)number_of(cap, "length"));
    }
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strcmp(sentences[i].period, period) == 0) {
            /* The format is one of ours, looked up in the catalogue that the build checks. */
            char sentence[WORDS_TEXT_MAX];
            const char *pattern = _(sentences[i].sentence);
            const char *at = strstr(pattern, "%s");
            if (at != NULL) {
                snprintf(sentence, sizeof sentence, "%.*s%s%s", (int)(at - pattern), pattern,
                         points, at + 2);
                add(text, "%s", sentence);
            }
        }
    }
}

static const char *nothing_because(const char *why)
{
    static const struct {
        const char *why;
        const char *sentence;
    } sentences[] = {
        {"conditions", N_("its conditions do not hold now")},
        {"lines", N_("not for these goods, or too few of them")},
        {"group", N_("another rule goes before it")},
        {"stopped", N_("a rule before it was the last")},
        {"nothing", N_("less than one point")},
    };
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strcmp(sentences[i].why, why) == 0) {
            return _(sentences[i].sentence);
        }
    }
    return NULL;
}

void words_why(const json_t *rule, const struct words_currency *currency, char text[WORDS_TEXT_MAX])
{
    char number[MONEY_TEXT_MAX];
    const json_t *rate = json_object_get(rule, "rate");
    const char *kind = text_of(rate, "kind");
    const char *because = nothing_because(text_of(rule, "why"));
    bool is_per_item = strcmp(kind, "per_item") == 0;
    text[0] = '\0';
    add_rate(rate, currency, text);
    if (because != NULL) {
        add(text, "%s", because);
        return;
    }
    if (strcmp(kind, "per_money") == 0) {
        money(number_of(rule, "base"), currency, number);
        add(text, _("on %s"), number);
    } else if (is_per_item) {
        decimal(number_of(rule, "base"), PER_PIECE_MILLI, number);
        add(text, _("on %s"), number);
    } else if (strcmp(kind, "fixed") != 0) {
        return;
    }
    if (number_of(rule, "multiplier_ppm") != PER_ONE_PPM) {
        decimal(number_of(rule, "multiplier_ppm"), PER_ONE_PPM, number);
        add(text, _("times %s"), number);
    }
    if (json_is_object(json_object_get(rule, "cap"))) {
        money_points_text(number_of(rule, "uncapped"), number);
        add(text, "= %s", number);
        add_cap(json_object_get(rule, "cap"), text);
    }
}

void words_earned(const json_t *earned, char text[WORDS_TEXT_MAX])
{
    char date[WORDS_DATE_MAX];
    text[0] = '\0';
    if (json_is_true(json_object_get(earned, "debt"))) {
        add(text, "%s", _("pays what is owed"));
        return;
    }
    words_date(json_string_value(json_object_get(earned, "from")), date);
    if (date[0] != '\0') {
        add(text, _("usable from %s"), date);
    }
    words_date(json_string_value(json_object_get(earned, "until")), date);
    if (date[0] != '\0') {
        add(text, _("last day %s"), date);
    }
}

/* ------------------------------------------------------------------ tiers and guards */

void words_next_tier(const json_t *next, const struct words_currency *currency,
                     char text[WORDS_TEXT_MAX])
{
    char needed[MONEY_TEXT_MAX], until[WORDS_DATE_MAX];
    const char *metric = text_of(next, "metric"), *name = words_name(next);
    bool is_spend = strcmp(metric, "spend") == 0;
    words_date(json_string_value(json_object_get(next, "until")), until);
    bool has_date = until[0] != '\0';
    if (is_spend) {
        money(number_of(next, "needed"), currency, needed);
    } else {
        money_points_text(number_of(next, "needed"), needed);
    }
    if (is_spend && has_date) {
        snprintf(text, WORDS_TEXT_MAX, _("spend %s more by %s for %s"), needed, until, name);
    } else if (is_spend) {
        snprintf(text, WORDS_TEXT_MAX, _("spend %s more for %s"), needed, name);
    } else if (strcmp(metric, "visits") == 0 && has_date) {
        snprintf(text, WORDS_TEXT_MAX, _("%s more visits by %s for %s"), needed, until, name);
    } else if (strcmp(metric, "visits") == 0) {
        snprintf(text, WORDS_TEXT_MAX, _("%s more visits for %s"), needed, name);
    } else if (has_date) {
        snprintf(text, WORDS_TEXT_MAX, _("earn %s more points by %s for %s"), needed, until, name);
    } else {
        snprintf(text, WORDS_TEXT_MAX, _("earn %s more points for %s"), needed, name);
    }
}

void words_warning(const json_t *warning, char text[WORDS_TEXT_MAX])
{
    static const struct {
        const char *guard;
        const char *sentence;
    } sentences[] = {
        {"card_sales_hour", N_("Many sales with this card in one hour")},
        {"card_sales_day", N_("Many sales with this card today")},
        {"card_earned_day", N_("Many points earned with this card today")},
        {"card_redeemed_day", N_("Many points redeemed with this card today")},
        {"cashier_sales_hour", N_("Many member sales by this cashier in one hour")},
        {"cashier_earned_day", N_("Many points given by this cashier today")},
        {"travel_minutes", N_("This card was in another shop minutes ago")},
        {"own_card", N_("The cashier's own card")},
        {"adjust_points", N_("So many points need a second person")},
    };
    const char *sentence = NULL;
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strcmp(sentences[i].guard, text_of(warning, "guard")) == 0) {
            sentence = _(sentences[i].sentence);
        }
    }
    if (sentence == NULL) { /* of a newer daemon */
        snprintf(text, WORDS_TEXT_MAX, "%s", text_of(warning, "text"));
    } else if (number_of(warning, "limit") == 0) {
        snprintf(text, WORDS_TEXT_MAX, "%s", sentence);
    } else {
        char value[MONEY_TEXT_MAX], limit[MONEY_TEXT_MAX];
        money_points_text(number_of(warning, "value"), value);
        money_points_text(number_of(warning, "limit"), limit);
        /* TRANSLATORS: what a guard found, a number, the last one that is all right. */
        snprintf(text, WORDS_TEXT_MAX, _("%s: %s (limit %s)"), sentence, value, limit);
    }
}
