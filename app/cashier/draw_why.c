/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: what each rule gives and why, and the rewards that can be claimed. */
#include "app/cashier/draw.h"

#include "app/cashier/lang.h"
#include "app/cashier/money.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_OF_RULE = 2, EARNED_SHOWN = 3 };

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* "154 points", "3 STAMPS". */
static void amount_text(int64_t points, const char *purse, char text[DRAW_TEXT_MAX])
{
    char number[MONEY_TEXT_MAX];
    money_points_text(points, number);
    if (purse[0] == '\0') {
        snprintf(text, DRAW_TEXT_MAX, _("%s points"), number);
    } else {
        snprintf(text, DRAW_TEXT_MAX, "%s %s", number, purse);
    }
}

static void draw_rule(struct canvas *canvas, const struct layout *layout, int row,
                      const json_t *rule, const struct words_currency *currency)
{
    char text[DRAW_TEXT_MAX], why[WORDS_TEXT_MAX];
    int64_t points = number_of(rule, "points");
    enum canvas_style style = points > 0 ? STYLE_STRONG : STYLE_QUIET;
    int end = layout->end - 1;
    if (points > 0) {
        amount_text(points, text_of(rule, "purse"), text);
        end = canvas_text_right(canvas, row, end, end, STYLE_STRONG, text);
    }
    canvas_text(canvas, row, layout->left + 1, end - layout->left - 3, style, words_name(rule));
    words_why(rule, currency, why);
    canvas_text(canvas, row + 1, layout->left + 3, layout->cols - 4, STYLE_QUIET, why);
}

/* The sum, and what comes in by its days. */
static void draw_sum(const struct screen *screen, struct canvas *canvas,
                     const struct layout *layout, int row)
{
    char text[DRAW_TEXT_MAX], dates[WORDS_TEXT_MAX];
    const json_t *earned = json_object_get(screen->quote, "earned");
    int end = layout->end - 1;
    amount_text(number_of(screen->quote, "earned_points"), "", text);
    canvas_text_right(canvas, row, end, layout->cols, STYLE_STRONG, text);
    draw_print(canvas, row, layout->left + 1, STYLE_STRONG, "%s", _("Will earn"));
    for (size_t i = 0; i < json_array_size(earned) && i < EARNED_SHOWN; i++) {
        const json_t *one = json_array_get(earned, i);
        row++;
        amount_text(number_of(one, "points"), text_of(one, "purse"), text);
        int at = canvas_text_right(canvas, row, end, layout->cols, STYLE_PLAIN, text);
        words_earned(one, dates);
        canvas_text(canvas, row, layout->left + 3, at - layout->left - 5, STYLE_QUIET,
                    dates[0] == '\0' ? _("for good") : dates);
    }
}

void draw_why(const struct screen *screen, struct canvas *canvas, const struct layout *layout)
{
    const json_t *why = json_object_get(screen->quote, "why");
    struct words_currency currency = draw_currency(screen);
    int row = layout->member_row;
    draw_title(canvas, layout, row++, _("Why these points"));
    for (size_t i = screen->list_from;
         i < json_array_size(why) && i < screen->list_from + SCREEN_RULES_SHOWN; i++) {
        draw_rule(canvas, layout, row, json_array_get(why, i), &currency);
        row += ROWS_OF_RULE;
    }
    draw_sum(screen, canvas, layout, row + 1);
}

/* ------------------------------------------------------------------ rewards */

void draw_claims(const struct screen *screen, struct canvas *canvas, const struct layout *layout)
{
    const json_t *rewards = json_object_get(screen->member, "rewards");
    char text[DRAW_TEXT_MAX];
    int row = layout->member_row;
    draw_title(canvas, layout, row++, _("Rewards"));
    for (size_t i = screen->list_from;
         i < json_array_size(rewards) && i < screen->list_from + SCREEN_CLAIMS_SHOWN; i++) {
        const json_t *reward = json_array_get(rewards, i);
        int64_t times = number_of(screen->claims, text_of(reward, "code"));
        int end = layout->end - 1;
        row++;
        amount_text(number_of(reward, "cost"), text_of(reward, "purse"), text);
        if (number_of(reward, "cost") > 0) {
            end = canvas_text_right(canvas, row, end, layout->cols, STYLE_PLAIN, text);
        }
        int at = draw_print(canvas, row, layout->left + 1, STYLE_KEY, " %d ",
                            (int)(i - screen->list_from) + 1);
        if (times > 0) {
            at = draw_print(canvas, row, at + 1, STYLE_FIELD, " x%d ", (int)times);
        }
        canvas_text(canvas, row, at + 1, end - at - 3, times > 0 ? STYLE_STRONG : STYLE_PLAIN,
                    words_name(reward));
    }
}
