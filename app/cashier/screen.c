/* SPDX-License-Identifier: Apache-2.0 */
/* What each key and each message does to the cashier's screen. */
#include "app/cashier/screen.h"

#include "app/cashier/lang.h"
#include "app/cashier/money.h"
#include "app/cashier/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { BIRTHDAY_DIGITS = 4 };

/* ------------------------------------------------------------------ small things */

static void hold(json_t **at, json_t *json)
{
    json_t *old = *at;
    *at = json_incref(json);
    json_decref(old);
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

void screen_say(struct screen *screen, enum screen_message kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    screen->message_kind = kind;
    vsnprintf(screen->message, sizeof screen->message, format, arguments);
    va_end(arguments);
}

static void hush(struct screen *screen)
{
    screen_say(screen, SCREEN_SAYS_NOTHING, "%s", "");
}

uint32_t screen_exponent(const struct screen *screen)
{
    const json_t *programme = json_object_get(screen->status, "programme");
    int64_t exponent = json_is_object(programme) ? number_of(programme, "currency_exponent") : 2;
    return exponent < 0 || exponent > 4 ? 2 : (uint32_t)exponent;
}

const char *screen_currency(const struct screen *screen)
{
    return text_of(json_object_get(screen->status, "programme"), "currency");
}

bool screen_hq_is_up(const struct screen *screen)
{
    return strcmp(text_of(json_object_get(screen->status, "hq"), "state"), "up") == 0;
}

bool screen_is_enrolled(const struct screen *screen)
{
    return number_of(screen->status, "terminal") != 0;
}

int64_t screen_redeemable(const struct screen *screen)
{
    if (!screen->has_most) {
        return 0;
    }
    return screen_hq_is_up(screen) ? screen->most_online : screen->most_here;
}

/* ------------------------------------------------------------------ calls */

/* What the two calls about a basket have in common. The screen sells one line: the total. */
static json_t *basket_params(struct screen *screen)
{
    json_t *params = json_pack("{s:s, s:[{s:I}], s:I}", "member", text_of(screen->member, "member"),
                               "lines", "amount_minor", (json_int_t)screen->amount_minor, "points",
                               (json_int_t)screen->points);
    if (json_object_size(screen->claims) > 0) {
        json_t *claims = json_array(), *times = NULL;
        const char *code = NULL;
        json_object_foreach(screen->claims, code, times)
        {
            json_array_append_new(claims, json_pack("{s:s, s:O}", "reward", code, "times", times));
        }
        json_object_set_new(params, "claims", claims);
    }
    return params;
}

/* Asks what the sale would do now. One quote is on its way at a time; a change meanwhile asks
 * again. */
static void ask_quote(struct screen *screen)
{
    hold(&screen->quote, NULL);
    if (screen->amount_minor == 0 || !screen->connected) {
        return;
    }
    screen->quote_again = screen->calls.quote != 0;
    if (!screen->quote_again) {
        screen->calls.quote = screen->ops.call(screen->context, "quote", basket_params(screen));
    }
}

/* A commit is kept until it is answered: after a lost connection it goes out again under the same
 * reference, and tallyd answers what it answered before. */
static void send_commit(struct screen *screen)
{
    screen->mode = SCREEN_COMMIT;
    screen->calls.commit =
        screen->ops.call(screen->context, screen->commit_method, json_deep_copy(screen->commit));
}

static void start_commit(struct screen *screen, const char *method, json_t *params)
{
    json_decref(screen->commit);
    screen->commit = params;
    screen->commit_method = method;
    hush(screen);
    send_commit(screen);
}

static void start_sale(struct screen *screen)
{
    if (screen->amount_minor == 0) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("Type the amount first"));
        return;
    }
    char ref[SCREEN_REF_MAX + 1];
    screen->ops.new_ref(screen->context, ref);
    json_t *params = basket_params(screen);
    json_object_set_new(params, "ref", json_string(ref));
    start_commit(screen, "sale", params);
}

static void start_void(struct screen *screen)
{
    char ref[SCREEN_REF_MAX + 1];
    screen->ops.new_ref(screen->context, ref);
    start_commit(screen, "void", json_pack("{s:s, s:s}", "ref", ref, "sale_ref", screen->sale_ref));
}

static void start_enrol(struct screen *screen)
{
    json_t *params = json_deep_copy(screen->enrol_with);
    json_object_set_new(params, "name", json_string(screen->enrol_name));
    if (screen->enrol_phone[0] != '\0') {
        json_object_set_new(params, "phone", json_string(screen->enrol_phone));
    }
    if (screen->field[0] != '\0') {
        json_object_set_new(params, "birthday",
                            json_sprintf("%.2s-%s", screen->field, screen->field + 2));
    }
    start_commit(screen, "enrol", params);
}

/* ------------------------------------------------------------------ modes */

static void go_idle(struct screen *screen)
{
    hold(&screen->member, NULL);
    hold(&screen->quote, NULL);
    hold(&screen->receipt, NULL);
    hold(&screen->enrol_with, NULL);
    hold(&screen->claims, NULL);
    screen->has_most = false;
    screen->amount_minor = 0;
    screen->points = 0;
    screen->field[0] = '\0';
    screen->mode = SCREEN_IDLE;
}

/* A member steps up. An amount typed for the card before stays; points asked for do not. */
static void show_member(struct screen *screen, json_t *member)
{
    if (screen->mode == SCREEN_COMMIT) {
        hold(&screen->waiting, member);
        return;
    }
    if (screen->mode == SCREEN_RECEIPT) {
        screen->amount_minor = 0;
    }
    hold(&screen->member, member);
    hold(&screen->receipt, NULL);
    hold(&screen->enrol_with, NULL);
    hold(&screen->claims, NULL);
    screen->has_most = false;
    screen->points = 0;
    screen->field[0] = '\0';
    screen->help = false;
    screen->mode = SCREEN_MEMBER;
    hush(screen);
    ask_quote(screen);
}

static void start_enrolment(struct screen *screen)
{
    if (screen->enrol_with == NULL) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s",
                   _("Swipe or type the new card first, then N enrols"));
        return;
    }
    json_t *with = json_incref(screen->enrol_with);
    go_idle(screen);
    screen->enrol_with = with;
    screen->mode = SCREEN_ENROL_NAME;
    hush(screen);
}

static void ask_void(struct screen *screen)
{
    if (screen->sale_ref[0] == '\0') {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("There is no sale here to void"));
        return;
    }
    char total[MONEY_TEXT_MAX];
    money_text(screen->sale_minor, screen_exponent(screen), screen_currency(screen), total);
    screen->mode = SCREEN_VOID;
    /* TRANSLATORS: an amount, a member's name. */
    screen_say(screen, SCREEN_SAYS_WARN, _("Void the whole last sale, %s, %s?"), total,
               screen->sale_name[0] == '\0' ? _("(name not known here)") : screen->sale_name);
}

static void leave_void(struct screen *screen)
{
    screen->mode = screen->receipt != NULL  ? SCREEN_RECEIPT
                   : screen->member != NULL ? SCREEN_MEMBER
                                            : SCREEN_IDLE;
    hush(screen);
}

/* ------------------------------------------------------------------ keys */

static bool is_digit(int key)
{
    return key >= '0' && key <= '9';
}

static bool is_key(int key, char small)
{
    return key == small || key == small - 'a' + 'A';
}

static void field_append(struct screen *screen, int key)
{
    char bytes[16];
    mbstate_t state = {0};
    size_t had = strlen(screen->field);
    size_t len = key < ' ' || key == 0x7F ? 0 : wcrtomb(bytes, (wchar_t)key, &state);
    if (len != (size_t)-1 && had + len <= SCREEN_FIELD_MAX) {
        memcpy(screen->field + had, bytes, len);
        screen->field[had + len] = '\0';
    }
}

/* The last character, all its bytes. */
static void field_backspace(struct screen *screen)
{
    size_t len = strlen(screen->field);
    while (len > 0 && ((unsigned char)screen->field[--len] & 0xC0) == 0x80) {
    }
    screen->field[len] = '\0';
}

static void identify(struct screen *screen)
{
    if (screen->field[0] == '\0') {
        go_idle(screen);
        return;
    }
    screen->calls.identify =
        screen->ops.call(screen->context, "identify", json_pack("{s:s}", "text", screen->field));
    if (screen->calls.identify == 0) {
        screen_say(screen, SCREEN_SAYS_BAD, "%s", _("No connection to tallyd"));
    }
}

static void key_in_type(struct screen *screen, int key)
{
    switch (key) {
    case SCREEN_KEY_ENTER:
        identify(screen);
        return;
    case SCREEN_KEY_ESCAPE:
        go_idle(screen);
        hush(screen);
        return;
    case SCREEN_KEY_BACKSPACE:
        hush(screen);
        field_backspace(screen);
        return;
    default:
        if (is_digit(key) || key == ' ' || key == '-' || key == '+') {
            hush(screen);
            field_append(screen, key);
        }
        return;
    }
}

/* "0229": month and day. */
static bool is_birthday(const char *digits)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strlen(digits) != BIRTHDAY_DIGITS) {
        return false;
    }
    int month = (digits[0] - '0') * 10 + digits[1] - '0';
    int day = (digits[2] - '0') * 10 + digits[3] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* Enter: from the name to the phone number, from there to the birthday, and then the enrolment. */
static void enrol_next(struct screen *screen)
{
    if (screen->mode == SCREEN_ENROL_BIRTHDAY) {
        if (screen->field[0] != '\0' && !is_birthday(screen->field)) {
            screen_say(screen, SCREEN_SAYS_WARN, "%s", _("No such day: 0 3 2 5 is 25 March"));
        } else {
            start_enrol(screen);
        }
        return;
    }
    bool is_name = screen->mode == SCREEN_ENROL_NAME;
    if (is_name && screen->field[0] == '\0') {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("A name is needed"));
        return;
    }
    snprintf(is_name ? screen->enrol_name : screen->enrol_phone, SCREEN_FIELD_MAX + 1, "%s",
             screen->field);
    screen->field[0] = '\0';
    screen->mode = is_name ? SCREEN_ENROL_PHONE : SCREEN_ENROL_BIRTHDAY;
    hush(screen);
}

static void key_in_enrol(struct screen *screen, int key)
{
    switch (key) {
    case SCREEN_KEY_ESCAPE:
        go_idle(screen);
        hush(screen);
        return;
    case SCREEN_KEY_BACKSPACE:
        field_backspace(screen);
        return;
    case SCREEN_KEY_ENTER:
        enrol_next(screen);
        return;
    default:
        if (screen->mode == SCREEN_ENROL_BIRTHDAY) {
            if (is_digit(key) && strlen(screen->field) < BIRTHDAY_DIGITS) {
                field_append(screen, key);
            }
        } else if (screen->mode == SCREEN_ENROL_NAME || is_digit(key) || key == ' ' || key == '-' ||
                   key == '+') {
            field_append(screen, key);
        }
        return;
    }
}

static void key_in_redeem(struct screen *screen, int key)
{
    int64_t before = screen->points;
    screen->take_most = false;
    if (is_digit(key)) {
        screen->points = money_type_digit(screen->points, key - '0');
    } else if (key == SCREEN_KEY_BACKSPACE) {
        screen->points /= 10;
    } else if (is_key(key, 'm')) {
        screen->take_most = !screen->has_most; /* as soon as it is known how many that is */
        screen->points = screen->take_most ? 0 : screen_redeemable(screen);
    } else if (key == SCREEN_KEY_ENTER) {
        screen->mode = SCREEN_MEMBER;
    } else if (key == SCREEN_KEY_ESCAPE) {
        screen->points = 0;
        screen->mode = SCREEN_MEMBER;
    }
    if (screen->points != before) {
        hush(screen);
        ask_quote(screen);
    }
}

/* A digit after a receipt begins the same member's next sale. */
static void key_amount(struct screen *screen, int key)
{
    if (screen->mode == SCREEN_RECEIPT) {
        hold(&screen->receipt, NULL);
        hold(&screen->claims, NULL);
        screen->amount_minor = 0;
        screen->points = 0;
        screen->mode = SCREEN_MEMBER;
    }
    screen->amount_minor = is_digit(key) ? money_type_digit(screen->amount_minor, key - '0')
                                         : screen->amount_minor / 10;
    screen->has_most = false;
    hush(screen);
    ask_quote(screen);
}

static void start_redeem(struct screen *screen)
{
    if (screen->amount_minor == 0) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("Type the amount first"));
        return;
    }
    bool had_points = screen->points != 0;
    screen->points = 0;
    screen->mode = SCREEN_REDEEM;
    hush(screen);
    if (had_points) {
        ask_quote(screen);
    }
}

/* ------------------------------------------------------------------ why, and rewards */

static void start_why(struct screen *screen)
{
    if (screen->quote == NULL) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("Type the amount first"));
        return;
    }
    screen->list_from = 0;
    screen->mode = SCREEN_WHY;
}

static void start_claim(struct screen *screen)
{
    if (json_array_size(json_object_get(screen->member, "rewards")) == 0) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("This member has no reward to claim now"));
        return;
    }
    screen->list_from = 0;
    screen->mode = SCREEN_CLAIM;
    hush(screen);
}

/* The next page; after the last one the first. */
static void turn_page(struct screen *screen, const json_t *list, size_t shown)
{
    screen->list_from += shown;
    if (screen->list_from >= json_array_size(list)) {
        screen->list_from = 0;
    }
}

static void key_in_why(struct screen *screen, int key)
{
    if (is_key(key, 'm') || key == ' ') {
        turn_page(screen, json_object_get(screen->quote, "why"), SCREEN_RULES_SHOWN);
    } else if (key == SCREEN_KEY_ENTER || key == SCREEN_KEY_ESCAPE || is_key(key, 'w')) {
        screen->mode = SCREEN_MEMBER;
    }
}

/* One more of a reward, as far as the member can. */
static void claim_one(struct screen *screen, size_t index)
{
    const json_t *reward =
        json_array_get(json_object_get(screen->member, "rewards"), screen->list_from + index);
    const json_t *most = json_object_get(reward, "times");
    const char *code = text_of(reward, "code");
    int64_t times = number_of(screen->claims, code) + 1;
    if (reward == NULL) {
        return;
    }
    if (json_is_integer(most) && times > json_integer_value(most)) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s", _("No more of this reward"));
        return;
    }
    if (screen->claims == NULL) {
        screen->claims = json_object();
    }
    json_object_set_new(screen->claims, code, json_integer(times));
    hush(screen);
    ask_quote(screen);
}

static void key_in_claim(struct screen *screen, int key)
{
    if (key >= '1' && key <= '9') {
        claim_one(screen, (size_t)(key - '1'));
    } else if (is_key(key, 'm')) {
        turn_page(screen, json_object_get(screen->member, "rewards"), SCREEN_CLAIMS_SHOWN);
    } else if (key == SCREEN_KEY_ENTER) {
        screen->mode = SCREEN_MEMBER;
    } else if (key == SCREEN_KEY_ESCAPE || key == SCREEN_KEY_BACKSPACE) {
        screen->mode = key == SCREEN_KEY_ESCAPE ? SCREEN_MEMBER : SCREEN_CLAIM;
        hold(&screen->claims, NULL);
        hush(screen);
        ask_quote(screen);
    }
}

static void start_typing(struct screen *screen, int key)
{
    go_idle(screen);
    screen->mode = SCREEN_TYPE;
    hush(screen);
    if (is_digit(key)) {
        field_append(screen, key);
    }
}

/* Keys that mean the same with and without a member. */
static void key_anywhere(struct screen *screen, int key)
{
    if (is_key(key, 'v')) {
        ask_void(screen);
    } else if (is_key(key, 'n')) {
        start_enrolment(screen);
    } else if (is_key(key, 'q')) {
        screen->quit = true;
    } else if (key == '/') {
        start_typing(screen, key);
    } else if (key == SCREEN_KEY_ESCAPE) {
        go_idle(screen);
        hush(screen);
    }
}

static void key_in_idle(struct screen *screen, int key)
{
    if (is_digit(key) && screen->has_tray) {
        const json_t *reader = json_object_get(screen->status, "reader");
        if (number_of(reader, "ready") == 0 &&
            words_status_of(text_of(reader, "status")) == TALLY_E_READER_GONE) {
            screen_say(screen, SCREEN_SAYS_WARN, "%s", words_status(TALLY_E_READER_GONE));
        } else if (key != '0' && screen->tray[key - '1'] != NULL) {
            hush(screen);
            screen->ops.swipe(screen->context, key - '0');
        }
    } else if (is_digit(key)) {
        start_typing(screen, key);
    } else {
        key_anywhere(screen, key);
    }
}

static void key_in_member(struct screen *screen, int key)
{
    bool is_receipt = screen->mode == SCREEN_RECEIPT;
    if (is_digit(key) || (key == SCREEN_KEY_BACKSPACE && !is_receipt)) {
        key_amount(screen, key);
    } else if (is_receipt && key == SCREEN_KEY_ENTER) {
        go_idle(screen);
        hush(screen);
    } else if (!is_receipt && (key == SCREEN_KEY_ENTER || is_key(key, 'c'))) {
        start_sale(screen);
    } else if (!is_receipt && is_key(key, 'r')) {
        start_redeem(screen);
    } else if (!is_receipt && is_key(key, 'g')) {
        start_claim(screen);
    } else if (!is_receipt && is_key(key, 'w')) {
        start_why(screen);
    } else if (is_key(key, 'q') && screen->amount_minor != 0) {
        screen_say(screen, SCREEN_SAYS_WARN, "%s",
                   _("A sale is open: Enter records it, Esc clears it"));
    } else {
        key_anywhere(screen, key);
    }
}

/* Only these two: the answer decides. */
static void key_in_commit(struct screen *screen, int key)
{
    if (is_key(key, 'q')) {
        screen->quit = true;
    } else if (key == SCREEN_KEY_ESCAPE) {
        screen->calls.commit = 0;
        hold(&screen->commit, NULL);
        go_idle(screen);
        screen_say(screen, SCREEN_SAYS_WARN, "%s",
                   _("Left without an answer: it may or may not be recorded"));
    }
}

void screen_key(struct screen *screen, int key)
{
    bool is_text = screen->mode == SCREEN_ENROL_NAME;
    if (screen->help) {
        screen->help = false;
        return;
    }
    if (key == SCREEN_KEY_HELP || (key == '?' && !is_text)) {
        screen->help = true;
        return;
    }
    switch (screen->mode) {
    case SCREEN_IDLE:
        key_in_idle(screen, key);
        return;
    case SCREEN_TYPE:
        key_in_type(screen, key);
        return;
    case SCREEN_MEMBER:
    case SCREEN_RECEIPT:
        key_in_member(screen, key);
        return;
    case SCREEN_REDEEM:
        key_in_redeem(screen, key);
        return;
    case SCREEN_ENROL_NAME:
    case SCREEN_ENROL_PHONE:
    case SCREEN_ENROL_BIRTHDAY:
        key_in_enrol(screen, key);
        return;
    case SCREEN_CLAIM:
        key_in_claim(screen, key);
        return;
    case SCREEN_WHY:
        key_in_why(screen, key);
        return;
    case SCREEN_COMMIT:
        key_in_commit(screen, key);
        return;
    case SCREEN_VOID:
        if (key == SCREEN_KEY_ENTER) {
            start_void(screen);
        } else if (key == SCREEN_KEY_ESCAPE) {
            leave_void(screen);
        }
        return;
    }
}

/* ------------------------------------------------------------------ messages from tallyd */

void screen_connection(struct screen *screen, bool connected, const char *why)
{
    screen->connected = connected;
    snprintf(screen->why, sizeof screen->why, "%s", why);
    screen->calls = (struct screen_calls){0};
    screen->quote_again = false;
    if (!connected) {
        hold(&screen->quote, NULL);
        return;
    }
    screen->calls.subscribe = screen->ops.call(screen->context, "subscribe", json_object());
    screen->calls.status = screen->ops.call(screen->context, "status", json_object());
    if (screen->mode == SCREEN_COMMIT) {
        send_commit(screen);
    } else if (screen->member != NULL && screen->receipt == NULL) {
        ask_quote(screen);
    }
}

/* A refused call as a sentence; tallyd's detail follows where it says more. */
static void say_error(struct screen *screen, const json_t *error)
{
    const json_t *data = json_object_get(error, "data");
    enum tally_status status = words_status_of(json_string_value(json_object_get(data, "status")));
    if (!json_is_object(data)) { /* a JSON-RPC error: a programmer must see its own words */
        screen_say(screen, SCREEN_SAYS_BAD, "%s", text_of(error, "message"));
    } else if (status == TALLY_E_NOT_READY && !screen_is_enrolled(screen)) {
        screen_say(screen, SCREEN_SAYS_BAD, "%s", _("This terminal is not enrolled yet"));
    } else if (text_of(data, "detail")[0] != '\0') {
        screen_say(screen, SCREEN_SAYS_BAD, "%s (%s)", words_status(status),
                   text_of(data, "detail"));
    } else {
        screen_say(screen, SCREEN_SAYS_BAD, "%s", words_status(status));
    }
}

static void say_most(struct screen *screen, enum screen_message kind)
{
    char most[MONEY_TEXT_MAX];
    money_points_text(screen_redeemable(screen), most);
    screen_say(screen, kind,
               screen_hq_is_up(screen) ? _("At most %s points can be redeemed in this sale")
                                       : _("Offline: at most %s points can be redeemed here"),
               most);
}

/* A refusal of what was asked for: how many points it could be says more than that it is too
 * much. */
static void say_refused(struct screen *screen, const json_t *error)
{
    enum tally_status status = words_status_of(
        json_string_value(json_object_get(json_object_get(error, "data"), "status")));
    bool is_short = status == TALLY_E_POINTS_SHORT || status == TALLY_E_RULE;
    if (is_short && screen->has_most && screen->points > screen_redeemable(screen)) {
        say_most(screen, SCREEN_SAYS_BAD);
    } else if (status == TALLY_E_POINTS_SHORT && screen->has_most && screen->points != 0) {
        char most[MONEY_TEXT_MAX];
        money_points_text(screen->most_here, most);
        screen_say(screen, SCREEN_SAYS_BAD,
                   _("No points from head office in time: at most %s can be redeemed here"), most);
    } else {
        say_error(screen, error);
    }
}

static void on_identified(struct screen *screen, json_t *result, const json_t *error)
{
    if (screen->mode != SCREEN_TYPE) {
        return; /* the cashier went on meanwhile */
    }
    if (error == NULL) {
        show_member(screen, result);
        return;
    }
    enum tally_status status = words_status_of(
        json_string_value(json_object_get(json_object_get(error, "data"), "status")));
    if (status == TALLY_E_NOT_FOUND || status == TALLY_E_UNKNOWN_CARD) {
        json_t *with = json_pack("{s:s}", "text", screen->field);
        go_idle(screen);
        screen->enrol_with = with;
        screen_say(screen, SCREEN_SAYS_WARN, "%s",
                   _("No member has this number: N enrols a new member with it"));
    } else if (status == TALLY_E_INVALID) {
        say_error(screen, error); /* the number stays, to be put right */
    } else {
        go_idle(screen);
        say_error(screen, error);
    }
}

/* What the guards found; refused, the sale will not be recorded. */
static void say_warnings(struct screen *screen, const json_t *answer)
{
    const json_t *warning = json_array_get(json_object_get(answer, "warnings"), 0);
    char text[WORDS_TEXT_MAX];
    if (json_is_object(warning)) {
        bool is_refused = strcmp(text_of(warning, "verdict"), "refuse") == 0;
        words_warning(warning, text);
        screen_say(screen, is_refused ? SCREEN_SAYS_BAD : SCREEN_SAYS_WARN, "%s", text);
    }
}

/* A sale is being made up: quotes are wanted. */
static bool is_selling(const struct screen *screen)
{
    return screen->mode == SCREEN_MEMBER || screen->mode == SCREEN_REDEEM ||
           screen->mode == SCREEN_CLAIM || screen->mode == SCREEN_WHY;
}

static void on_quoted(struct screen *screen, json_t *result, const json_t *error)
{
    if (screen->quote_again) {
        ask_quote(screen);
        return;
    }
    if (!is_selling(screen)) {
        return;
    }
    if (error != NULL) {
        screen->mode = screen->mode == SCREEN_WHY ? SCREEN_MEMBER : screen->mode;
        say_refused(screen, error);
        return;
    }
    hold(&screen->quote, result);
    say_warnings(screen, result);
    screen->has_most = true;
    screen->most_here = number_of(result, "redeemable_here");
    screen->most_online = number_of(result, "redeemable_online");
    if (screen->points > screen_redeemable(screen)) {
        say_most(screen, SCREEN_SAYS_WARN);
    }
    if (screen->take_most && screen->mode == SCREEN_REDEEM) {
        screen->take_most = false;
        screen->points = screen_redeemable(screen);
        ask_quote(screen);
    }
}

static void say_receipt(struct screen *screen, const json_t *receipt)
{
    char earned[MONEY_TEXT_MAX], total[MONEY_TEXT_MAX];
    money_points_text(number_of(receipt, "earned_points"), earned);
    money_points_text(number_of(json_object_get(receipt, "member"), "points"), total);
    if (strcmp(screen->commit_method, "void") == 0) {
        screen_say(screen, SCREEN_SAYS_GOOD, _("The sale is void. %s has %s points"),
                   text_of(json_object_get(receipt, "member"), "name"), total);
    } else {
        screen_say(screen, SCREEN_SAYS_GOOD, _("Recorded: %s points earned, %s in all"), earned,
                   total);
    }
}

/* The answer to the sale, the void or the enrolment that was on its way. */
static void on_committed(struct screen *screen, json_t *result, const json_t *error)
{
    bool is_sale = strcmp(screen->commit_method, "sale") == 0;
    bool is_enrol = strcmp(screen->commit_method, "enrol") == 0;
    if (error != NULL) {
        screen->mode = screen->receipt != NULL  ? SCREEN_RECEIPT
                       : screen->member != NULL ? SCREEN_MEMBER
                                                : SCREEN_IDLE;
        say_refused(screen, error);
    } else if (is_enrol) {
        screen->mode = SCREEN_IDLE;
        show_member(screen, result);
        screen_say(screen, SCREEN_SAYS_GOOD, _("%s is a member now"), text_of(result, "name"));
    } else {
        snprintf(screen->sale_ref, sizeof screen->sale_ref, "%s",
                 is_sale ? text_of(screen->commit, "ref") : "");
        screen->sale_minor = number_of(result, "total_minor");
        snprintf(screen->sale_name, sizeof screen->sale_name, "%s",
                 text_of(json_object_get(result, "member"), "name"));
        hold(&screen->member, json_object_get(result, "member"));
        hold(&screen->receipt, is_sale ? result : NULL);
        hold(&screen->quote, NULL);
        screen->has_most = false;
        hold(&screen->claims, NULL);
        screen->amount_minor = 0;
        screen->points = 0;
        screen->mode = is_sale ? SCREEN_RECEIPT : SCREEN_MEMBER;
        say_receipt(screen, result);
    }
    hold(&screen->commit, NULL);
    if (screen->waiting != NULL) {
        json_t *waiting = screen->waiting;
        screen->waiting = NULL;
        char message[SCREEN_MESSAGE_MAX];
        enum screen_message kind = screen->message_kind;
        snprintf(message, sizeof message, "%s", screen->message);
        show_member(screen, waiting);
        screen_say(screen, kind, "%s", message);
        json_decref(waiting);
    }
}

void screen_answer(struct screen *screen, uint64_t id, json_t *result, json_t *error)
{
    struct screen_calls *calls = &screen->calls;
    if (id == calls->status) {
        calls->status = 0;
        if (error == NULL) {
            hold(&screen->status, result);
        }
    } else if (id == calls->subscribe) {
        calls->subscribe = 0;
    } else if (id == calls->identify) {
        calls->identify = 0;
        on_identified(screen, result, error);
    } else if (id == calls->quote) {
        calls->quote = 0;
        on_quoted(screen, result, error);
    } else if (id == calls->commit) {
        calls->commit = 0;
        on_committed(screen, result, error);
    }
}

static void on_refused(struct screen *screen, json_t *params)
{
    enum tally_status status = words_status_of(text_of(params, "status"));
    if (screen->mode == SCREEN_COMMIT) {
        return;
    }
    if (text_of(params, "card")[0] != '\0' && screen->mode != SCREEN_ENROL_NAME &&
        screen->mode != SCREEN_ENROL_PHONE && screen->mode != SCREEN_ENROL_BIRTHDAY) {
        json_decref(screen->enrol_with);
        screen->enrol_with = json_pack("{s:s}", "card", text_of(params, "card"));
    }
    if (screen->mode == SCREEN_VOID) {
        leave_void(screen); /* Enter must not void under words about a card */
    } else if (screen->mode == SCREEN_TYPE && screen->enrol_with != NULL) {
        screen->field[0] = '\0'; /* N is the next key, and no part of a number */
        screen->mode = SCREEN_IDLE;
    }
    screen->help = false;
    screen_say(screen, status == TALLY_E_UNKNOWN_CARD ? SCREEN_SAYS_WARN : SCREEN_SAYS_BAD, "%s",
               status == TALLY_E_UNKNOWN_CARD && screen->enrol_with == NULL
                   ? _("This card is not one of ours")
                   : words_status(status));
}

/* With head office's coming and going changes what can be redeemed. */
static void on_status(struct screen *screen, json_t *status)
{
    bool was_up = screen_hq_is_up(screen);
    hold(&screen->status, status);
    if (was_up != screen_hq_is_up(screen) && screen->amount_minor != 0 && is_selling(screen)) {
        screen->mode = screen->mode == SCREEN_WHY ? SCREEN_MEMBER : screen->mode;
        hush(screen);
        ask_quote(screen);
    }
}

void screen_notification(struct screen *screen, const char *method, json_t *params)
{
    if (strcmp(method, "status") == 0) {
        on_status(screen, params);
    } else if (strcmp(method, "member") == 0) {
        show_member(screen, json_object_get(params, "member"));
    } else if (strcmp(method, "refused") == 0) {
        on_refused(screen, params);
    }
}

void screen_open(struct screen *screen, const struct screen_ops *ops, void *context)
{
    *screen = (struct screen){.ops = *ops, .context = context};
}

void screen_close(struct screen *screen)
{
    json_t **const held[] = {&screen->status,     &screen->member,  &screen->quote,
                             &screen->receipt,    &screen->waiting, &screen->commit,
                             &screen->enrol_with, &screen->claims};
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        hold(held[i], NULL);
    }
}
