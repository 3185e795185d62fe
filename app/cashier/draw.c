/* SPDX-License-Identifier: Apache-2.0 */
/* The cashier's screen on a canvas: 24 rows by 80 columns, and bigger. */
#include "app/cashier/draw.h"

#include "app/cashier/lang.h"
#include "app/cashier/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = DRAW_TEXT_MAX,
    CONTENT_COLS_MAX = 110,
    LABEL_COLS = DRAW_LABEL_COLS,
    LEFT_PAD = 2
};

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

int draw_print(struct canvas *canvas, int row, int col, enum canvas_style style, const char *format,
               ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return col + canvas_text(canvas, row, col, canvas->cols - col, style, text);
}

static int print_right(struct canvas *canvas, int row, int end, enum canvas_style style,
                       const char *text)
{
    return canvas_text_right(canvas, row, end, end, style, text);
}

static void print_centred(struct canvas *canvas, int row, enum canvas_style style, const char *text)
{
    int width = canvas_width(text);
    int col = width >= canvas->cols ? 0 : (canvas->cols - width) / 2;
    canvas_text(canvas, row, col, canvas->cols - col, style, text);
}

static void money(const struct screen *screen, int64_t minor, char text[MONEY_TEXT_MAX])
{
    money_text(minor, screen_exponent(screen), screen_currency(screen), text);
}

struct words_currency draw_currency(const struct screen *screen)
{
    return (struct words_currency){screen_exponent(screen), screen_currency(screen)};
}

static struct layout layout_of(const struct canvas *canvas)
{
    int extra = canvas->rows - SCREEN_ROWS_MIN;
    int cols = canvas->cols - 2 * LEFT_PAD;
    if (cols > CONTENT_COLS_MAX) {
        cols = CONTENT_COLS_MAX;
    }
    struct layout layout = {.cols = cols, .left = (canvas->cols - cols) / 2};
    layout.end = layout.left + cols;
    layout.member_row = 2 + (extra > 8 ? 2 : extra / 4);
    layout.sale_row = layout.member_row + 8 + (extra > 8 ? 2 : extra / 4);
    return layout;
}

static void draw_top(const struct screen *screen, struct canvas *canvas)
{
    char place[TEXT_MAX] = "", clock[32] = "";
    const json_t *programme = json_object_get(screen->status, "programme");
    canvas_fill(canvas, 0, 0, canvas->cols, STYLE_BAR, " ");
    const char *name = text_of(programme, "name");
    canvas_text(canvas, 0, 1, canvas->cols / 2 - 2, STYLE_BAR,
                name[0] == '\0' ? _("No programme yet") : name);
    if (screen_is_enrolled(screen)) {
        snprintf(place, sizeof place, _("Shop %d · Terminal %d"),
                 (int)number_of(screen->status, "shop"),
                 (int)number_of(screen->status, "terminal"));
    } else if (screen->status != NULL) {
        snprintf(place, sizeof place, "%s", _("not enrolled"));
    }
    struct tm local;
    if (localtime_r(&screen->now, &local) != NULL) {
        strftime(clock, sizeof clock, "%Y-%m-%d  %H:%M", &local);
    }
    int at = print_right(canvas, 0, canvas->cols - 1, STYLE_BAR, clock);
    print_right(canvas, 0, at - 3, STYLE_BAR, place);
}

void draw_title(struct canvas *canvas, const struct layout *layout, int row, const char *title)
{
    int at = draw_print(canvas, row, layout->left, STYLE_QUIET, "── ");
    at = draw_print(canvas, row, at, STYLE_STRONG, "%s ", title);
    canvas_fill(canvas, row, at, layout->end - at, STYLE_QUIET, "─");
}

static int draw_label(struct canvas *canvas, const struct layout *layout, int row,
                      const char *label)
{
    draw_print(canvas, row, layout->left + 1, STYLE_QUIET, "%s", label);
    return layout->left + LABEL_COLS;
}

/* ------------------------------------------------------------------ the member */

static void draw_next_tier(const struct screen *screen, struct canvas *canvas,
                           const struct layout *layout, int row)
{
    const json_t *next = json_object_get(screen->member, "next_tier");
    char text[WORDS_TEXT_MAX];
    int at = draw_label(canvas, layout, row, _("Next tier"));
    if (!json_is_object(next)) {
        draw_print(canvas, row, at, STYLE_PLAIN, "%s", _("the highest tier already"));
        return;
    }
    struct words_currency currency = draw_currency(screen);
    words_next_tier(next, &currency, text);
    at = draw_print(canvas, row, at, STYLE_PLAIN, "%s", text);
    draw_print(canvas, row, at + 1, STYLE_STAR, "%s", words_stars(next));
}

/* What the cashier should know of the tier, and how long it is held. */
static void draw_tier_note(struct canvas *canvas, const struct layout *layout, int row,
                           const json_t *tier)
{
    char date[WORDS_DATE_MAX], text[TEXT_MAX] = "";
    int end = layout->end - 1;
    words_date(json_string_value(json_object_get(tier, "until")), date);
    if (date[0] != '\0') {
        /* TRANSLATORS: a tier is held to this date. */
        snprintf(text, sizeof text, _("to %s"), date);
        end = print_right(canvas, row, end, STYLE_QUIET, text);
    }
    const char *note = text_of(tier, lang_is_chinese() ? "note_zh" : "note_en");
    canvas_text(canvas, row, layout->left + 1, end - layout->left - 3, STYLE_GOOD, note);
}

/* Points that are not usable now, behind those that are. */
static void draw_beside_points(struct canvas *canvas, int row, int at, const json_t *member)
{
    char text[MONEY_TEXT_MAX], date[WORDS_DATE_MAX];
    const json_t *usable = json_object_get(member, "next_usable");
    if (number_of(member, "debt") > 0) {
        money_points_text(number_of(member, "debt"), text);
        at = draw_print(canvas, row, at + 3, STYLE_WARN, _("owes %s points"), text);
    }
    if (json_is_object(usable)) {
        money_points_text(number_of(member, "pending"), text);
        words_date(text_of(usable, "date"), date);
        /* TRANSLATORS: points, a date. */
        draw_print(canvas, row, at + 3, STYLE_PLAIN, _("%s more from %s"), text, date);
    }
}

/* Stamps and vouchers: "Coffee stamps 7, Vouchers 1". */
static void draw_purses(struct canvas *canvas, const struct layout *layout, int row,
                        const json_t *member)
{
    const json_t *purses = json_object_get(member, "purses");
    size_t count = json_array_size(purses);
    char text[MONEY_TEXT_MAX];
    int at = layout->left + LABEL_COLS;
    for (size_t i = 0; i < count; i++) {
        const json_t *purse = json_array_get(purses, i);
        if (i == 0) {
            (void)draw_label(canvas, layout, row, _("Collected"));
        }
        money_points_text(number_of(purse, "units"), text);
        at = draw_print(canvas, row, at, STYLE_PLAIN, "%s%s ", i == 0 ? "" : "   ",
                        words_name(purse));
        at = draw_print(canvas, row, at, STYLE_STRONG, "%s", text);
    }
}

static void draw_member(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout)
{
    char text[MONEY_TEXT_MAX], date[WORDS_DATE_MAX];
    const json_t *member = screen->member, *tier = json_object_get(member, "tier");
    const json_t *expiry = json_object_get(member, "next_expiry");
    int row = layout->member_row;
    draw_title(canvas, layout, row++, _("Member"));

    int at = print_right(canvas, row, layout->end - 1, STYLE_STRONG, words_name(tier));
    at = print_right(canvas, row, at - 1, STYLE_STAR, words_stars(tier));
    const char *name = text_of(member, "name");
    canvas_text(canvas, row, layout->left + 1, at - layout->left - 3, STYLE_STRONG,
                name[0] == '\0' ? _("(name not known here)") : name);
    if (json_is_true(json_object_get(member, "blocked"))) {
        draw_print(canvas, row + 1, layout->left + 1, STYLE_BAD, "%s",
                   words_status(TALLY_E_BLOCKED));
    } else {
        draw_tier_note(canvas, layout, row + 1, tier);
    }
    row += 2;

    at = draw_label(canvas, layout, row, _("Points"));
    money_points_text(number_of(member, "points"), text);
    at = draw_print(canvas, row, at, STYLE_STRONG, "%s", text);
    money(screen, number_of(member, "value_minor"), text);
    at = draw_print(canvas, row, at + 2, STYLE_PLAIN, _("worth %s"), text);
    draw_beside_points(canvas, row++, at, member);

    at = draw_label(canvas, layout, row, _("Usable offline"));
    if (number_of(member, "points_here") == 0 && number_of(member, "points") > 0) {
        at = draw_print(canvas, row, at, STYLE_PLAIN, "%s",
                        _("none here: redeeming needs head office"));
    } else {
        money_points_text(number_of(member, "points_here"), text);
        at = draw_print(canvas, row, at, STYLE_PLAIN, _("%s points are held here"), text);
    }
    if (number_of(member, "held") > 0) {
        money_points_text(number_of(member, "held"), text);
        draw_print(canvas, row, at + 3, STYLE_PLAIN, _("%s set aside"), text);
    }
    row++;

    draw_next_tier(screen, canvas, layout, row++);

    at = draw_label(canvas, layout, row, _("Expiring next"));
    if (json_is_object(expiry)) {
        money_points_text(number_of(expiry, "points"), text);
        words_date(text_of(expiry, "date"), date);
        /* TRANSLATORS: points, last valid date. */
        draw_print(canvas, row, at, STYLE_PLAIN, _("%s points, last day %s"), text, date);
    } else {
        draw_print(canvas, row, at, STYLE_PLAIN, "%s", _("nothing"));
    }
    draw_purses(canvas, layout, row + 1, member);
}

/* ------------------------------------------------------------------ the sale */

static void draw_amount_row(const struct screen *screen, struct canvas *canvas,
                            const struct layout *layout, int row, int64_t amount_minor)
{
    char text[MONEY_TEXT_MAX];
    int at = draw_label(canvas, layout, row, _("Amount"));
    if (screen->mode == SCREEN_MEMBER && amount_minor == 0) {
        draw_print(canvas, row, at, STYLE_QUIET, "%s",
                   _("type it: 1 2 8 5 0 is 128.50   (Esc: another card)"));
    }
    money(screen, amount_minor, text);
    print_right(canvas, row, layout->end - 1,
                screen->mode == SCREEN_MEMBER ? STYLE_FIELD : STYLE_STRONG, text);
}

/* "up to 5,000 points", and when head office is away, what that means. */
static void redeem_hint(const struct screen *screen, char hint[TEXT_MAX])
{
    char most[MONEY_TEXT_MAX];
    hint[0] = '\0';
    if (!screen->has_most) {
        return;
    }
    if (screen_redeemable(screen) == 0) {
        snprintf(hint, TEXT_MAX, "%s",
                 screen_hq_is_up(screen) ? _("none in this sale") : _("offline: none here"));
        return;
    }
    money_points_text(screen_redeemable(screen), most);
    snprintf(hint, TEXT_MAX,
             screen_hq_is_up(screen) ? _("up to %s points now")
                                     : _("offline: up to %s points here"),
             most);
}

static void draw_redeem_row(const struct screen *screen, struct canvas *canvas,
                            const struct layout *layout, int row, int64_t points,
                            int64_t worth_minor)
{
    char text[MONEY_TEXT_MAX], hint[TEXT_MAX];
    bool is_typed = screen->mode == SCREEN_REDEEM;
    int at = draw_label(canvas, layout, row, screen->receipt != NULL ? _("Redeemed") : _("Redeem"));
    money_points_text(points, text);
    at = draw_print(canvas, row, at, is_typed ? STYLE_FIELD : STYLE_PLAIN, _("%s points"), text);
    if (screen->receipt == NULL) {
        redeem_hint(screen, hint);
        draw_print(canvas, row, at + 2, STYLE_QUIET, "%s", hint);
    }
    if (worth_minor != 0) {
        money(screen, -worth_minor, text);
        print_right(canvas, row, layout->end - 1, STYLE_PLAIN, text);
    }
}

/* The name of a purse that the member has. */
static const char *purse_name(const struct screen *screen, const char *code)
{
    const json_t *purses = json_object_get(screen->member, "purses");
    for (size_t i = 0; i < json_array_size(purses); i++) {
        const json_t *purse = json_array_get(purses, i);
        if (strcmp(text_of(purse, "code"), code) == 0) {
            return words_name(purse);
        }
    }
    return code;
}

static int draw_units_earned(const struct screen *screen, struct canvas *canvas, int row, int at,
                             const json_t *earned)
{
    char text[MONEY_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(earned); i++) {
        const json_t *one = json_array_get(earned, i);
        const char *code = text_of(one, "purse");
        if (code[0] != '\0') {
            money_points_text(number_of(one, "points"), text);
            at =
                draw_print(canvas, row, at, STYLE_PLAIN, ", %s %s", purse_name(screen, code), text);
        }
    }
    return at;
}

/* Points that are earned and not yet usable say from when. */
static void draw_first_day(struct canvas *canvas, int row, int at, const json_t *earned)
{
    char date[WORDS_DATE_MAX];
    for (size_t i = 0; i < json_array_size(earned); i++) {
        const json_t *one = json_array_get(earned, i);
        words_date(json_string_value(json_object_get(one, "from")), date);
        if (date[0] != '\0') {
            draw_print(canvas, row, at + 2, STYLE_QUIET, _("usable from %s"), date);
            return;
        }
    }
}

static void draw_earn_row(const struct screen *screen, struct canvas *canvas,
                          const struct layout *layout, int row)
{
    char text[MONEY_TEXT_MAX];
    const json_t *from = screen->receipt != NULL ? screen->receipt : screen->quote;
    int at =
        draw_label(canvas, layout, row, screen->receipt != NULL ? _("Earned") : _("Will earn"));
    if (from == NULL) {
        return;
    }
    money_points_text(number_of(from, "earned_points"), text);
    at = draw_print(canvas, row, at, STYLE_STRONG, _("%s points"), text);
    at = draw_units_earned(screen, canvas, row, at, json_object_get(from, "earned"));
    const json_t *tier = json_object_get(from, "tier");
    const json_t *after = json_object_get(from, "tier_after");
    if (json_is_object(after) && strcmp(text_of(tier, "code"), text_of(after, "code")) != 0) {
        at = draw_print(canvas, row, at + 2, STYLE_GOOD, _("and becomes %s"), words_name(after));
        draw_print(canvas, row, at + 1, STYLE_STAR, "%s", words_stars(after));
    } else {
        draw_first_day(canvas, row, at, json_object_get(from, "earned"));
    }
}

/* What rewards take off this sale; where there are none yet, that some can be claimed. */
static void draw_reward_row(const struct screen *screen, struct canvas *canvas,
                            const struct layout *layout, int row)
{
    char text[MONEY_TEXT_MAX];
    const json_t *from = screen->receipt != NULL ? screen->receipt : screen->quote;
    const json_t *taken = json_object_get(screen->quote, "taken");
    size_t can = json_array_size(json_object_get(screen->member, "rewards"));
    int at = layout->left + LABEL_COLS;
    if (number_of(from, "discount_minor") == 0 && json_array_size(taken) == 0 &&
        (screen->receipt != NULL || can == 0)) {
        return;
    }
    (void)draw_label(canvas, layout, row, _("Rewards"));
    for (size_t i = 0; screen->receipt == NULL && i < json_array_size(taken); i++) {
        const json_t *one = json_array_get(taken, i);
        at = draw_print(canvas, row, at, STYLE_PLAIN, "%s%s", i == 0 ? "" : ", ", words_name(one));
        if (number_of(one, "times") > 1) {
            at = draw_print(canvas, row, at, STYLE_PLAIN, " x%d", (int)number_of(one, "times"));
        }
    }
    if (screen->receipt == NULL && json_array_size(taken) == 0) {
        money_points_text((int64_t)can, text);
        draw_print(canvas, row, at, STYLE_QUIET, _("%s can be claimed: G"), text);
    }
    if (number_of(from, "discount_minor") != 0) {
        money(screen, -number_of(from, "discount_minor"), text);
        print_right(canvas, row, layout->end - 1, STYLE_PLAIN, text);
    }
}

/* The number to say aloud: three rows high. */
static void draw_to_pay(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout, int row, int64_t minor)
{
    char number[MONEY_TEXT_MAX], text[MONEY_TEXT_MAX], sign[MONEY_TEXT_MAX];
    money_number_text(minor, screen_exponent(screen), number);
    money(screen, minor, text);
    size_t sign_len = strlen(text) - strlen(number);
    snprintf(sign, sizeof sign, "%.*s", (int)sign_len, text);
    int at = canvas_big_right(canvas, row, layout->end - 1, STYLE_STRONG, number);
    at = print_right(canvas, row + 1, at - 2, STYLE_STRONG, sign);
    print_right(canvas, row + 1, at - 2, STYLE_STRONG,
                screen->receipt != NULL ? _("Paid") : _("To pay"));
}

static void draw_sale(const struct screen *screen, struct canvas *canvas,
                      const struct layout *layout)
{
    int row = layout->sale_row;
    int64_t amount = screen->amount_minor, points = screen->points, worth = 0, to_pay = amount;
    const char *title = _("Sale");
    if (screen->receipt != NULL) {
        amount = number_of(screen->receipt, "total_minor");
        points = number_of(screen->receipt, "redeemed_points");
        worth = number_of(screen->receipt, "redeemed_minor");
        to_pay = number_of(screen->receipt, "to_pay_minor");
        title = json_is_true(json_object_get(screen->receipt, "repeated"))
                    ? _("Sale recorded (it was recorded before)")
                    : _("Sale recorded");
    } else if (screen->quote != NULL) {
        worth = number_of(screen->quote, "redeemed_minor");
        to_pay = number_of(screen->quote, "to_pay_minor");
    }
    draw_title(canvas, layout, row, title);
    draw_amount_row(screen, canvas, layout, row + 1, amount);
    draw_redeem_row(screen, canvas, layout, row + 2, points, worth);
    draw_earn_row(screen, canvas, layout, row + 3);
    draw_reward_row(screen, canvas, layout, row + 4);
    if (points == 0 || screen->receipt != NULL || screen->quote != NULL) {
        draw_to_pay(screen, canvas, layout, row + 5, to_pay);
    }
}

/* ------------------------------------------------------------------ without a member */

static void draw_tray(const struct screen *screen, struct canvas *canvas,
                      const struct layout *layout, int row)
{
    draw_title(canvas, layout, row, _("Sample cards"));
    int column = layout->cols / 2;
    for (int i = 0; i < SCREEN_TRAY_CARDS; i++) {
        if (screen->tray[i] == NULL) {
            continue;
        }
        int at = layout->left + 1 + (i >= 5 ? column : 0);
        int at_row = row + 2 + (i >= 5 ? i - 5 : i);
        at = draw_print(canvas, at_row, at, STYLE_KEY, " %d ", i + 1);
        canvas_text(canvas, at_row, at + 1, column - 6, STYLE_PLAIN, screen->tray[i]);
    }
}

/* Text that may take more than one row, broken at spaces. */
static void print_wrapped(struct canvas *canvas, const struct layout *layout, int row,
                          enum canvas_style style, const char *text)
{
    char line[TEXT_MAX] = "";
    size_t len = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        size_t taken = word + strspn(text + word, " ");
        if (len + word + 2 > sizeof line) {
            break;
        }
        memcpy(line + len, text, word);
        line[len + word] = '\0';
        if (len > 0 && canvas_width(line) > layout->cols) {
            line[len] = '\0';
            print_centred(canvas, row++, style, line);
            len = 0;
            memcpy(line, text, word);
        }
        memcpy(line + len + word, " ", 2);
        len += word + 1;
        text += taken;
    }
    print_centred(canvas, row, style, line);
}

/* The terminal has nothing to work with yet. Returns whether that is so. */
static bool draw_not_ready(const struct screen *screen, struct canvas *canvas,
                           const struct layout *layout, int row)
{
    if (screen->status == NULL || (screen_is_enrolled(screen) &&
                                   json_is_object(json_object_get(screen->status, "programme")))) {
        return false;
    }
    if (screen_is_enrolled(screen)) {
        print_centred(canvas, row, STYLE_WARN,
                      _("No programme has been received from head office yet"));
        print_centred(canvas, row + 2, STYLE_PLAIN,
                      _("It comes by itself as soon as head office is connected"));
        return true;
    }
    print_centred(canvas, row, STYLE_WARN, _("This terminal is not enrolled yet"));
    print_centred(canvas, row + 2, STYLE_PLAIN,
                  _("Your supervisor gets a one-time token from head office for it"));
    print_wrapped(canvas, layout, row + 4, STYLE_QUIET,
                  text_of(json_object_get(screen->status, "hq"), "detail"));
    return true;
}

static void draw_idle(const struct screen *screen, struct canvas *canvas,
                      const struct layout *layout)
{
    int row = layout->member_row + 2;
    if (!screen->connected) {
        print_centred(canvas, row + 1, STYLE_BAD, _("No connection to tallyd"));
        print_centred(canvas, row + 3, STYLE_PLAIN, _("trying again by itself"));
        print_centred(canvas, row + 4, STYLE_QUIET, screen->why);
        return;
    }
    if (draw_not_ready(screen, canvas, layout, row)) {
        return;
    }
    print_centred(canvas, row, STYLE_STRONG, _("Swipe a card"));
    print_centred(canvas, row + 2, STYLE_PLAIN,
                  screen->has_tray
                      ? _("or press 1-9 for a sample card, or / to type a card or phone number")
                      : _("or type a card or phone number"));
    if (screen->has_tray) {
        draw_tray(screen, canvas, layout, row + 5);
    }
}

static void draw_field(struct canvas *canvas, const struct layout *layout, int row,
                       const char *label, const char *text, bool is_typed)
{
    int at = draw_label(canvas, layout, row, label);
    at = draw_print(canvas, row, at, is_typed ? STYLE_FIELD : STYLE_STRONG, "%s", text);
    if (is_typed) {
        draw_print(canvas, row, at, STYLE_FIELD, "_");
    }
}

static void draw_typing(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout)
{
    int row = layout->member_row;
    if (screen->mode == SCREEN_TYPE) {
        draw_title(canvas, layout, row, _("Card or phone number"));
        draw_field(canvas, layout, row + 2, _("Number"), screen->field, true);
        return;
    }
    bool is_name = screen->mode == SCREEN_ENROL_NAME;
    draw_title(canvas, layout, row, _("New member"));
    draw_field(canvas, layout, row + 2, _("Name"), is_name ? screen->field : screen->enrol_name,
               is_name);
    if (is_name) {
        return;
    }
    bool is_phone = screen->mode == SCREEN_ENROL_PHONE;
    draw_field(canvas, layout, row + 4, _("Phone"), is_phone ? screen->field : screen->enrol_phone,
               is_phone);
    if (!is_phone) {
        draw_field(canvas, layout, row + 6, _("Birthday"), screen->field, true);
    }
    draw_print(canvas, row + (is_phone ? 5 : 7), layout->left + LABEL_COLS, STYLE_QUIET, "%s",
               is_phone ? _("Enter leaves it empty")
                        : _("month and day: 0 3 2 5 is 25 March; Enter leaves it empty"));
}

/* ------------------------------------------------------------------ the bottom */

static void draw_message(const struct screen *screen, struct canvas *canvas, int row)
{
    static const enum canvas_style styles[] = {STYLE_PLAIN, STYLE_GOOD_BAR, STYLE_WARN_BAR,
                                               STYLE_BAD_BAR};
    if (screen->mode == SCREEN_COMMIT && screen->message_kind == SCREEN_SAYS_NOTHING) {
        canvas_fill(canvas, row, 0, canvas->cols, STYLE_WARN_BAR, " ");
        print_centred(canvas, row, STYLE_WARN_BAR,
                      screen->connected
                          ? _("Recording ...")
                          : _("No connection: it will be sent again, and counted once"));
        return;
    }
    if (screen->message_kind != SCREEN_SAYS_NOTHING) {
        enum canvas_style style = styles[screen->message_kind];
        canvas_fill(canvas, row, 0, canvas->cols, style, " ");
        print_centred(canvas, row, style, screen->message);
    }
}

struct key_help {
    const char *key;
    const char *text;
};

static const struct key_help *keys_of(const struct screen *screen)
{
    static const struct key_help idle[] = {{"/", N_("type a number")}, {"N", N_("enrol")},
                                           {"V", N_("void last")},     {"?", N_("help")},
                                           {"Q", N_("quit")},          {NULL, NULL}};
    static const struct key_help member[] = {
        {"R", N_("redeem")},  {"G", N_("rewards")}, {"W", N_("why")}, {"Enter", N_("record")},
        {"Esc", N_("clear")}, {"?", N_("help")},    {NULL, NULL}};
    static const struct key_help claim[] = {{"1-9", N_("one more of it")},
                                            {"M", N_("more of them")},
                                            {"Enter", N_("done")},
                                            {"Esc", N_("no rewards")},
                                            {NULL, NULL}};
    static const struct key_help why[] = {
        {"M", N_("more rules")}, {"Enter", N_("go back")}, {NULL, NULL}};
    static const struct key_help redeem[] = {{"0-9", N_("points")},
                                             {"M", N_("as many as possible")},
                                             {"Enter", N_("done")},
                                             {"Esc", N_("no points")},
                                             {NULL, NULL}};
    static const struct key_help receipt[] = {{"Enter", N_("next customer")},
                                              {"0-9", N_("another sale")},
                                              {"V", N_("void this sale")},
                                              {"?", N_("help")},
                                              {NULL, NULL}};
    static const struct key_help field[] = {
        {"Enter", N_("go on")}, {"Esc", N_("cancel")}, {NULL, NULL}};
    static const struct key_help voiding[] = {
        {"Enter", N_("void it")}, {"Esc", N_("keep it")}, {NULL, NULL}};
    static const struct key_help commit[] = {
        {"Esc", N_("leave without an answer")}, {"Q", N_("quit")}, {NULL, NULL}};
    switch (screen->mode) {
    case SCREEN_IDLE:
        return idle;
    case SCREEN_MEMBER:
        return member;
    case SCREEN_REDEEM:
        return redeem;
    case SCREEN_RECEIPT:
        return receipt;
    case SCREEN_VOID:
        return voiding;
    case SCREEN_COMMIT:
        return commit;
    case SCREEN_CLAIM:
        return claim;
    case SCREEN_WHY:
        return why;
    default:
        return field;
    }
}

static void draw_keys(const struct screen *screen, struct canvas *canvas,
                      const struct layout *layout, int row)
{
    int at = layout->left;
    for (const struct key_help *key = keys_of(screen); key->key != NULL; key++) {
        at = draw_print(canvas, row, at, STYLE_KEY, " %s ", key->key);
        at = draw_print(canvas, row, at, STYLE_PLAIN, " %s", _(key->text)) + 2;
    }
}

static void draw_reader(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout, int row, int end)
{
    char text[TEXT_MAX];
    const json_t *reader = json_object_get(screen->status, "reader");
    bool is_ready = number_of(reader, "ready") > 0;
    enum tally_status status = words_status_of(text_of(reader, "status"));
    if (is_ready) {
        snprintf(text, sizeof text, _("Reader ready: %s"), text_of(reader, "name"));
    } else if (status == TALLY_E_NO_PERMISSION) {
        snprintf(text, sizeof text, "%s",
                 _("No permission to open the reader; typed numbers work"));
    } else if (status == TALLY_E_DEVICE) {
        snprintf(text, sizeof text, "%s", _("The reader fails: unplug it, plug it in again"));
    } else if (status == TALLY_E_READER_SILENT) {
        snprintf(text, sizeof text, "%s", _("The reader does not answer; typed numbers work"));
    } else if (status == TALLY_E_READER_SWAPPED) {
        snprintf(text, sizeof text, "%s", _("Not the reader that was paired; typed numbers work"));
    } else if (status == TALLY_E_READER_UNPAIRED) {
        snprintf(text, sizeof text, "%s", _("The reader is not paired; typed numbers work"));
    } else {
        snprintf(text, sizeof text, "%s", _("Plug in a reader; typed numbers work"));
    }
    int at = draw_print(canvas, row, layout->left, is_ready ? STYLE_GOOD : STYLE_WARN, "● ");
    canvas_text(canvas, row, at, end - at - 2, STYLE_PLAIN, text);
}

/* What the store has to say, at the right. Returns the column where it begins. */
static int draw_pending(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout, int row)
{
    char text[TEXT_MAX], count[MONEY_TEXT_MAX];
    const json_t *store = json_object_get(screen->status, "store");
    enum tally_status status = words_status_of(text_of(store, "status"));
    int64_t pending = number_of(store, "pending");
    if (status != TALLY_OK) {
        return print_right(canvas, row, layout->end, STYLE_BAD, words_status(status));
    }
    if (pending == 0 && !screen_is_enrolled(screen)) {
        return layout->end;
    }
    if (pending == 0) {
        return print_right(canvas, row, layout->end, STYLE_QUIET,
                           _("everything is at head office"));
    }
    money_points_text(pending, count);
    snprintf(text, sizeof text, _("%s not yet at head office"), count);
    return print_right(canvas, row, layout->end, STYLE_WARN, text);
}

static void draw_hq(const struct screen *screen, struct canvas *canvas, const struct layout *layout,
                    int row)
{
    char since[WORDS_DATE_MAX], text[TEXT_MAX] = "";
    const json_t *hq = json_object_get(screen->status, "hq");
    enum tally_status why = words_status_of(text_of(hq, "why"));
    bool is_up = screen_hq_is_up(screen);
    enum canvas_style light = is_up ? STYLE_GOOD : STYLE_BAD;
    if (is_up && tally_status_family(why) != TALLY_FAMILY_PEER) {
        snprintf(text, sizeof text, "%s", _("Head office: connected"));
    } else if (is_up) { /* it answers, and takes no sales from here or sends no members */
        light = STYLE_WARN;
        snprintf(text, sizeof text, _("Head office: %s"), words_hq(why));
    } else if (strcmp(text_of(hq, "state"), "connecting") == 0 && why == TALLY_OK) {
        light = STYLE_WARN;
        snprintf(text, sizeof text, "%s", _("Head office: connecting"));
    } else {
        snprintf(text, sizeof text, _("Offline: %s"), words_hq(why));
    }
    int at = draw_print(canvas, row, layout->left, light, "● ");
    at = draw_print(canvas, row, at, STYLE_PLAIN, "%s", text);
    words_since(json_string_value(json_object_get(hq, "contact")), screen->now, since);
    if (!is_up && since[0] != '\0') {
        snprintf(text, sizeof text, _("last contact %s"), since);
        if (at + 2 + canvas_width(text) <= layout->end) {
            print_right(canvas, row, layout->end, STYLE_QUIET, text);
        }
    }
}

static void draw_bottom(const struct screen *screen, struct canvas *canvas,
                        const struct layout *layout)
{
    if (!screen->help) { /* there any key goes back, and no other is explained */
        draw_message(screen, canvas, canvas->rows - 5);
        draw_keys(screen, canvas, layout, canvas->rows - 3);
    }
    if (!screen->connected) {
        int at = draw_print(canvas, canvas->rows - 1, layout->left, STYLE_BAD, "● ");
        draw_print(canvas, canvas->rows - 1, at, STYLE_BAD, "%s", _("No connection to tallyd"));
    } else if (screen->status != NULL) {
        int end = draw_pending(screen, canvas, layout, canvas->rows - 2);
        draw_reader(screen, canvas, layout, canvas->rows - 2, end);
        draw_hq(screen, canvas, layout, canvas->rows - 1);
    }
}

static void draw_help(struct canvas *canvas, const struct layout *layout)
{
    static const struct key_help lines[] = {
        {"0-9", N_("with a member: the amount, as on a till; 12850 is 128.50")},
        {"1-9", N_("without a member and with a tray: swipe that sample card")},
        {"/", N_("type a card or phone number")},
        {"R", N_("redeem points; then M takes as many as possible")},
        {"G", N_("claim rewards: each digit takes one of that number")},
        {"W", N_("why the sale earns what it earns, rule by rule")},
        {"Enter", N_("record the sale (C does the same)")},
        {"V", N_("void the last sale, on its own business day")},
        {"N", N_("enrol a new member, after an unknown card")},
        {"Esc", N_("cancel, or clear the member")},
        {"Q", N_("quit")}};
    int row = 2;
    draw_title(canvas, layout, row++, _("Help"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        row++;
        draw_print(canvas, row, layout->left + 1, STYLE_KEY, " %s ", lines[i].key);
        draw_print(canvas, row, layout->left + 10, STYLE_PLAIN, "%s", _(lines[i].text));
    }
    draw_print(canvas, row + 2, layout->left + 1, STYLE_QUIET, "%s",
               _("Offline, all goes on: points held here can be redeemed, and every sale"));
    draw_print(canvas, row + 3, layout->left + 1, STYLE_QUIET, "%s",
               _("reaches head office later, exactly once."));
    draw_print(canvas, row + 5, layout->left + 1, STYLE_PLAIN, "%s", _("Any key goes back"));
}

static void draw_too_small(struct canvas *canvas)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, _("This window has %d x %d; %d x %d are needed."), canvas->cols,
             canvas->rows, SCREEN_COLS_MIN, SCREEN_ROWS_MIN);
    print_centred(canvas, canvas->rows / 2, STYLE_WARN, text);
    print_centred(canvas, canvas->rows / 2 + 1, STYLE_PLAIN, _("Make it larger."));
}

void screen_draw(const struct screen *screen, struct canvas *canvas)
{
    canvas_clear(canvas);
    if (canvas->rows < SCREEN_ROWS_MIN || canvas->cols < SCREEN_COLS_MIN) {
        draw_too_small(canvas);
        return;
    }
    struct layout layout = layout_of(canvas);
    draw_top(screen, canvas);
    if (screen->help) {
        draw_help(canvas, &layout);
    } else if (screen->mode == SCREEN_TYPE || screen->mode == SCREEN_ENROL_NAME ||
               screen->mode == SCREEN_ENROL_PHONE || screen->mode == SCREEN_ENROL_BIRTHDAY) {
        draw_typing(screen, canvas, &layout);
    } else if (screen->mode == SCREEN_WHY) {
        draw_why(screen, canvas, &layout);
    } else if (screen->mode == SCREEN_CLAIM) {
        draw_claims(screen, canvas, &layout);
    } else if (screen->member != NULL) {
        draw_member(screen, canvas, &layout);
        draw_sale(screen, canvas, &layout);
    } else {
        draw_idle(screen, canvas, &layout);
    }
    draw_bottom(screen, canvas, &layout);
}
