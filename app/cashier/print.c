/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of tallyd as text for people in a shell. */
#include "app/cashier/print.h"

#include "app/cashier/canvas.h"
#include "app/cashier/lang.h"
#include "app/cashier/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_COLS = 44 };

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

void print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
}

static void field(const char *name, const char *value)
{
    printf("%-18s %s\n", name, value);
}

static void points_field(const char *name, int64_t points)
{
    char text[MONEY_TEXT_MAX];
    money_points_text(points, text);
    field(name, text);
}

static void money_field(const char *name, int64_t minor, const struct words_currency *currency)
{
    char text[MONEY_TEXT_MAX];
    money_text(minor, currency->exponent, currency->code, text);
    field(name, text);
}

static void print_purses(const json_t *purses)
{
    char text[WORDS_TEXT_MAX], units[MONEY_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(purses); i++) {
        const json_t *purse = json_array_get(purses, i);
        money_points_text(number_of(purse, "units"), units);
        snprintf(text, sizeof text, "%s (%s)", units, words_name(purse));
        field(text_of(purse, "code"), text);
    }
}

static void print_claimable(const json_t *rewards)
{
    char text[WORDS_TEXT_MAX], cost[MONEY_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(rewards); i++) {
        const json_t *reward = json_array_get(rewards, i);
        const char *purse = text_of(reward, "purse");
        money_points_text(number_of(reward, "cost"), cost);
        snprintf(text, sizeof text, "%s: %s, %s %s", text_of(reward, "code"), words_name(reward),
                 cost, purse[0] == '\0' ? "points" : purse);
        field(i == 0 ? "can claim" : "", text);
    }
}

void print_member(const json_t *member, const struct words_currency *currency)
{
    char text[WORDS_TEXT_MAX];
    field("member", text_of(member, "member"));
    field("name", text_of(member, "name"));
    const json_t *tier = json_object_get(member, "tier");
    snprintf(text, sizeof text, "%s %s", words_name(tier), words_stars(tier));
    field("tier", text);
    if (json_is_true(json_object_get(member, "blocked"))) {
        field("BLOCKED", "earns and redeems nothing");
    }
    points_field("points", number_of(member, "points"));
    points_field("points here", number_of(member, "points_here"));
    money_field("worth", number_of(member, "value_minor"), currency);
    if (number_of(member, "pending") > 0) {
        points_field("pending", number_of(member, "pending"));
    }
    if (number_of(member, "held") > 0) {
        points_field("set aside", number_of(member, "held"));
    }
    if (number_of(member, "debt") > 0) {
        points_field("debt", number_of(member, "debt"));
    }
    print_purses(json_object_get(member, "purses"));
    print_claimable(json_object_get(member, "rewards"));
    const json_t *next = json_object_get(member, "next_tier");
    if (json_is_object(next)) {
        words_next_tier(next, currency, text);
        field("next tier", text);
    }
    const json_t *expiry = json_object_get(member, "next_expiry");
    if (json_is_object(expiry)) {
        points_field("next to expire", number_of(expiry, "points"));
        field("last day", text_of(expiry, "date"));
    }
}

/* A name, padded by its columns and not its bytes, and a number at the right of it. */
static void table_row(const char *name, const char *number)
{
    int cols = canvas_width(name);
    printf("  %s%*s %10s\n", name, cols < NAME_COLS ? NAME_COLS - cols : 1, "", number);
}

static void print_earned(const json_t *earned)
{
    char text[2 * WORDS_TEXT_MAX], points[MONEY_TEXT_MAX], when[WORDS_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(earned); i++) {
        const json_t *one = json_array_get(earned, i);
        const char *purse = text_of(one, "purse");
        money_points_text(number_of(one, "points"), points);
        words_earned(one, when);
        snprintf(text, sizeof text, "%s%s%s%s%s%s", points, purse[0] == '\0' ? "" : " ", purse,
                 when[0] == '\0' ? "" : " (", when, when[0] == '\0' ? "" : ")");
        field(i == 0 ? "of these" : "", text);
    }
}

static void print_warnings(const json_t *warnings)
{
    char text[WORDS_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const json_t *warning = json_array_get(warnings, i);
        words_warning(warning, text);
        field(strcmp(text_of(warning, "verdict"), "refuse") == 0 ? "REFUSED" : "warning", text);
    }
}

static void print_taken(const json_t *taken, const struct words_currency *currency)
{
    char text[WORDS_TEXT_MAX], cost[MONEY_TEXT_MAX], off[MONEY_TEXT_MAX];
    for (size_t i = 0; i < json_array_size(taken); i++) {
        const json_t *one = json_array_get(taken, i);
        const char *purse = text_of(one, "purse");
        money_points_text(number_of(one, "cost"), cost);
        money_text(number_of(one, "discount_minor"), currency->exponent, currency->code, off);
        snprintf(text, sizeof text, "%s x%d: %s off for %s %s", words_name(one),
                 (int)number_of(one, "times"), off, cost, purse[0] == '\0' ? "points" : purse);
        field(i == 0 ? "rewards" : "", text);
    }
}

/* Rule by rule: its name and what it gave, and below it why. */
static void print_why(const json_t *why, const struct words_currency *currency)
{
    char text[WORDS_TEXT_MAX], points[MONEY_TEXT_MAX + 80];
    if (json_array_size(why) > 0) {
        puts("why");
    }
    for (size_t i = 0; i < json_array_size(why); i++) {
        const json_t *rule = json_array_get(why, i);
        const char *purse = text_of(rule, "purse");
        char number[MONEY_TEXT_MAX];
        money_points_text(number_of(rule, "points"), number);
        snprintf(points, sizeof points, "%s%s%.64s", number, purse[0] == '\0' ? "" : " ", purse);
        table_row(words_name(rule), points);
        words_why(rule, currency, text);
        printf("    %s\n", text);
    }
}

void print_quote(const json_t *quote, const struct words_currency *currency)
{
    const json_t *tier = json_object_get(quote, "tier");
    const json_t *after = json_object_get(quote, "tier_after");
    money_field("total", number_of(quote, "total_minor"), currency);
    print_taken(json_object_get(quote, "taken"), currency);
    points_field("redeemed", number_of(quote, "redeemed_points"));
    money_field("redeemed worth", number_of(quote, "redeemed_minor"), currency);
    money_field("to pay", number_of(quote, "to_pay_minor"), currency);
    points_field("will earn", number_of(quote, "earned_points"));
    print_earned(json_object_get(quote, "earned"));
    points_field("redeemable here", number_of(quote, "redeemable_here"));
    points_field("redeemable online", number_of(quote, "redeemable_online"));
    if (strcmp(text_of(tier, "code"), text_of(after, "code")) != 0) {
        field("becomes", words_name(after));
    }
    print_warnings(json_object_get(quote, "warnings"));
    print_why(json_object_get(quote, "why"), currency);
}

static void print_event(const json_t *answer)
{
    char text[96];
    const json_t *event = json_object_get(answer, "event");
    snprintf(text, sizeof text, "%" PRId64 "/%" PRId64 "/%" PRId64, number_of(event, "terminal"),
             number_of(event, "epoch"), number_of(event, "seq"));
    field("event", text);
    field("repeated", json_is_true(json_object_get(answer, "repeated")) ? "yes" : "no");
}

void print_receipt(const json_t *receipt, const struct words_currency *currency)
{
    print_event(receipt);
    money_field("total", number_of(receipt, "total_minor"), currency);
    if (number_of(receipt, "discount_minor") != 0) {
        money_field("rewards", number_of(receipt, "discount_minor"), currency);
    }
    points_field("redeemed", number_of(receipt, "redeemed_points"));
    money_field("redeemed worth", number_of(receipt, "redeemed_minor"), currency);
    money_field("to pay", number_of(receipt, "to_pay_minor"), currency);
    points_field("earned", number_of(receipt, "earned_points"));
    print_earned(json_object_get(receipt, "earned"));
    print_warnings(json_object_get(receipt, "warnings"));
    print_member(json_object_get(receipt, "member"), currency);
}

void print_moved(const json_t *moved, const struct words_currency *currency)
{
    const char *purse = text_of(moved, "purse");
    print_event(moved);
    if (number_of(moved, "hold") != 0) {
        points_field("hold", number_of(moved, "hold"));
    }
    if (text_of(moved, "until")[0] != '\0') {
        field("until", text_of(moved, "until"));
    }
    points_field(purse[0] == '\0' ? "points moved" : purse, number_of(moved, "points"));
    print_warnings(json_object_get(moved, "warnings"));
    print_member(json_object_get(moved, "member"), currency);
}

/* One line about head office, and below it what an operator needs to mend it. English, as the whole
 * answer of this command is. */
static void print_hq(const json_t *hq)
{
    char text[256];
    bool is_up = strcmp(text_of(hq, "state"), "up") == 0;
    enum tally_status why = words_status_of(text_of(hq, "why"));
    const char *detail = text_of(hq, "detail"), *contact = text_of(hq, "contact");
    if (why == TALLY_OK) {
        field("head office", is_up ? "connected" : "connecting");
    } else {
        snprintf(text, sizeof text, "%s: %s [%s]", is_up ? "connected, but" : "NOT CONNECTED",
                 why == TALLY_E_NOT_READY ? "this terminal is not enrolled"
                                          : tally_status_text(why),
                 text_of(hq, "why"));
        field("head office", text);
    }
    if (detail[0] != '\0' && strcmp(detail, tally_status_text(why)) != 0) {
        field("", detail);
    }
    field("last contact", contact[0] == '\0' ? "never" : contact);
}

static void print_reader(const json_t *reader)
{
    char text[256];
    enum tally_status status = words_status_of(text_of(reader, "status"));
    const char *name = text_of(reader, "name");
    int64_t ready = number_of(reader, "ready");
    if (ready > 0) {
        snprintf(text, sizeof text, "ready: %s", name);
    } else {
        snprintf(text, sizeof text, "none ready%s%s%s%s", name[0] == '\0' ? "" : ", ", name,
                 status == TALLY_OK ? "" : ": ",
                 status == TALLY_OK ? "" : tally_status_text(status));
    }
    if (ready > 1) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, " (and %" PRId64 " more)", ready - 1);
    }
    field("reader", text);
}

/* `state` as in TILL.md; "" where no printer is wanted. */
static void print_printer(const char *state)
{
    static const char *const states[][2] = {{"ready", "ready"},
                                            {"paper_low", "ready, paper is running out"},
                                            {"paper_out", "OUT OF PAPER: put a new roll in"},
                                            {"cover_open", "COVER OPEN: close it"},
                                            {"error", "ERROR: look at the cutter"},
                                            {"offline", "OFFLINE: look at it"},
                                            {"unplugged", "NOT PLUGGED IN"}};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(state, states[i][0]) == 0) {
            field("printer", states[i][1]);
        }
    }
}

void print_status(const json_t *status)
{
    char text[256];
    const json_t *programme = json_object_get(status, "programme");
    const json_t *store = json_object_get(status, "store");
    snprintf(text, sizeof text, "%" PRId64 " (shop %" PRId64 ", epoch %" PRId64 ")",
             number_of(status, "terminal"), number_of(status, "shop"), number_of(status, "epoch"));
    field("terminal", number_of(status, "terminal") == 0 ? "not enrolled" : text);
    snprintf(text, sizeof text, "%s, version %" PRId64 ", %s", text_of(programme, "name"),
             number_of(programme, "version"), text_of(programme, "currency"));
    field("programme", json_is_object(programme) ? text : "none yet");
    print_reader(json_object_get(status, "reader"));
    print_printer(text_of(status, "printer"));
    print_hq(json_object_get(status, "hq"));
    enum tally_status stored = words_status_of(text_of(store, "status"));
    snprintf(text, sizeof text, "points are stopped: %s [%s]", tally_status_text(stored),
             text_of(store, "status"));
    field("store", stored == TALLY_OK ? "ok" : text);
    points_field("events", number_of(store, "events"));
    points_field("not yet sent", number_of(store, "pending"));
    points_field("members", number_of(store, "members"));
}

void print_verified(const json_t *verified)
{
    bool is_equal = json_is_true(json_object_get(verified, "equal"));
    field("store and journal", is_equal ? "equal" : "DIFFER");
    points_field("events", number_of(verified, "events"));
    points_field("accounts", number_of(verified, "accounts"));
    if (!is_equal) {
        field("first difference", text_of(verified, "difference"));
    }
}

void print_readers(const json_t *readers)
{
    size_t i;
    const json_t *reader, *list = json_object_get(readers, "readers");
    if (json_array_size(list) == 0) {
        printf("no reader is plugged in, and none is paired\n");
    }
    json_array_foreach(list, i, reader)
    {
        const char *serial = text_of(reader, "serial"), *name = text_of(reader, "name");
        printf("%-8s %-10s %-22s %s\n", text_of(reader, "state"),
               json_is_true(json_object_get(reader, "paired")) ? "paired" : "not paired",
               serial[0] == '\0' ? "-" : serial, name);
    }
}

void print_paired(const json_t *paired)
{
    field("paired", text_of(paired, "serial"));
}
