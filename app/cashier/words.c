/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses, dates and tiers in the cashier's own words; rules are in why.c. */
#include "app/cashier/words.h"

#include "app/cashier/lang.h"

#include <stdio.h>
#include <string.h>

enum tally_status words_status_of(const char *name)
{
#define X(status, code, text)                                                                      \
    if (name != NULL && strcmp(name, #status) == 0) {                                              \
        return status;                                                                             \
    }
    TALLY_STATUS_LIST(X)
#undef X
    return TALLY_E_PROTOCOL;
}

const char *words_status(enum tally_status status)
{
    switch (status) {
    case TALLY_OK:
        return _("Done");
    case TALLY_E_INVALID:
        return _("That is not a card or phone number, or the entry is not valid");
    case TALLY_E_POINTS_SHORT:
        return _("Not enough points for that");
    case TALLY_E_RULE:
        return _("The programme does not allow that");
    case TALLY_E_OVERFLOW:
        return _("The amount is too large");
    case TALLY_E_NOT_FOUND:
        return _("Not found");
    case TALLY_E_EXISTS:
        return _("There is one already: swipe or type the card again");
    case TALLY_E_PAYMENT_CARD:
        return _("Payment card: not accepted here, nothing was stored");
    case TALLY_E_UNKNOWN_CARD:
        return _("Unknown card: N enrols a new member");
    case TALLY_E_BLOCKED:
        return _("This card or account is blocked");
    case TALLY_E_TOO_LATE:
        return _("Too late: the business day or the return window is over");
    case TALLY_E_TIMEOUT:
        return _("No answer in time: try again");
    case TALLY_E_OFFLINE:
        return _("Head office cannot be reached now: try again later");
    case TALLY_E_BUSY:
        return _("Busy: try again");
    case TALLY_E_NO_MEMORY:
        return _("This terminal is short of memory");
    case TALLY_E_NOT_READY:
        return _("No programme has been received from head office yet");
    case TALLY_E_AGAIN:
    case TALLY_E_END:
        return _("Try again");
    case TALLY_E_CARD_UNREADABLE:
        return _("The card could not be read: swipe again");
    case TALLY_E_READER_GONE:
        return _("The reader was unplugged; typed numbers work");
    case TALLY_E_NO_PERMISSION:
        return _("Permission denied: tell your supervisor");
    case TALLY_E_DEVICE:
        return _("The reader does not work as it should: unplug it and plug it in again");
    case TALLY_E_CODE_EXPIRED:
        return _("The code is too old: show a fresh one");
    case TALLY_E_CODE_USED:
        return _("The code was used already: show a fresh one");
    case TALLY_E_READER_SILENT:
        return _("The reader does not answer: unplug it and plug it in again");
    case TALLY_E_READER_SWAPPED:
        return _("This is not the reader that was paired: tell your supervisor");
    case TALLY_E_READER_UNPAIRED:
        return _("This reader is not paired and is not used: tell your supervisor");
    case TALLY_E_STORE_IO:
    case TALLY_E_STORE_DAMAGED:
    case TALLY_E_STORE_VERSION:
    case TALLY_E_STORE_IN_USE:
        return _("Points are stopped, selling goes on: tell your supervisor");
    case TALLY_E_STORE_FULL:
        return _("Points are stopped, the disk is full; selling goes on");
    case TALLY_E_PEER_UNTRUSTED:
    case TALLY_E_PEER_NAME:
    case TALLY_E_PEER_EXPIRED:
    case TALLY_E_PROTOCOL:
    case TALLY_E_SIGNATURE:
    case TALLY_E_CHAIN:
    case TALLY_E_MISMATCH:
    case TALLY_E_TOKEN:
    case TALLY_E_REVOKED:
    case TALLY_E_CRYPTO:
        return _("Head office and this terminal do not agree: tell your supervisor");
    }
    return _("Try again");
}

const char *words_hq(enum tally_status why)
{
    switch (why) {
    case TALLY_OK:
    case TALLY_E_OFFLINE:
        return _("cannot be reached");
    case TALLY_E_TIMEOUT:
        return _("does not answer");
    case TALLY_E_PEER_NAME:
        return _("head office's certificate has another name");
    case TALLY_E_PEER_EXPIRED:
        return _("a certificate has expired, or a clock is wrong");
    case TALLY_E_PEER_UNTRUSTED:
        return _("head office's certificate is not trusted");
    case TALLY_E_REVOKED:
        return _("this terminal has been closed down");
    case TALLY_E_TOKEN:
        return _("the enrolment token is not accepted");
    case TALLY_E_NOT_READY:
        return _("this terminal is not enrolled");
    case TALLY_E_CHAIN:
    case TALLY_E_MISMATCH:
        return _("its records of this terminal differ: call support");
    case TALLY_E_SIGNATURE:
        return _("what it sent is not signed by head office");
    case TALLY_E_BUSY:
    case TALLY_E_AGAIN:
        return _("busy, trying again");
    case TALLY_E_STORE_IO:
    case TALLY_E_STORE_DAMAGED:
    case TALLY_E_STORE_FULL:
    case TALLY_E_STORE_VERSION:
    case TALLY_E_STORE_IN_USE:
    case TALLY_E_NO_MEMORY:
        return _("this terminal cannot store what it is sent");
    default:
        return _("the two do not understand each other");
    }
}

static const char *month_name(int month)
{
    static const char *const names[] = {N_("January"), N_("February"), N_("March"),
                                        N_("April"),   N_("May"),      N_("June"),
                                        N_("July"),    N_("August"),   N_("September"),
                                        N_("October"), N_("November"), N_("December")};
    return _(names[month - 1]);
}

void words_date(const char *iso, char text[WORDS_DATE_MAX])
{
    int year = 0, month = 0, day = 0;
    if (iso == NULL || sscanf(iso, "%4d-%2d-%2d", &year, &month, &day) != 3 || month < 1 ||
        month > 12) {
        text[0] = '\0';
        return;
    }
    /* TRANSLATORS: a date: {d} day, {month} the month's name, {m} its number, {y} year. */
    const char *pattern = _("{d} {month} {y}");
    size_t at = 0;
    text[0] = '\0';
    while (*pattern != '\0' && at + 1 < WORDS_DATE_MAX) {
        int len = 0;
        if (strncmp(pattern, "{d}", 3) == 0) {
            len = snprintf(text + at, WORDS_DATE_MAX - at, "%d", day);
        } else if (strncmp(pattern, "{m}", 3) == 0) {
            len = snprintf(text + at, WORDS_DATE_MAX - at, "%d", month);
        } else if (strncmp(pattern, "{y}", 3) == 0) {
            len = snprintf(text + at, WORDS_DATE_MAX - at, "%d", year);
        } else if (strncmp(pattern, "{month}", 7) == 0) {
            len = snprintf(text + at, WORDS_DATE_MAX - at, "%s", month_name(month));
        } else {
            text[at++] = *pattern++;
            text[at] = '\0';
            continue;
        }
        at += (size_t)len;
        pattern = strchr(pattern, '}') + 1;
    }
}

void words_since(const char *iso, time_t now, char text[WORDS_DATE_MAX])
{
    struct tm utc = {0}, local, today;
    text[0] = '\0';
    if (iso == NULL || strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &utc) == NULL) {
        return;
    }
    time_t instant = timegm(&utc);
    if (localtime_r(&instant, &local) == NULL || localtime_r(&now, &today) == NULL) {
        return;
    }
    bool is_today = local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;
    strftime(text, WORDS_DATE_MAX, is_today ? "%H:%M" : "%Y-%m-%d %H:%M", &local);
}

const char *words_name(const json_t *named)
{
    const char *first =
        json_string_value(json_object_get(named, lang_is_chinese() ? "name_zh" : "name_en"));
    const char *second =
        json_string_value(json_object_get(named, lang_is_chinese() ? "name_en" : "name_zh"));
    static const char *const codes[] = {"code", "rule", "reward"};
    const char *code = NULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && code == NULL; i++) {
        code = json_string_value(json_object_get(named, codes[i]));
    }
    return first != NULL && first[0] != '\0'     ? first
           : second != NULL && second[0] != '\0' ? second
           : code != NULL                        ? code
                                                 : "";
}

const char *words_stars(const json_t *tier)
{
    static const char *const stars[] = {"",      "★",      "★★",      "★★★",      "★★★★",
                                        "★★★★★", "★★★★★★", "★★★★★★★", "★★★★★★★★", "★★★★★★★★★"};
    json_int_t count = json_integer_value(json_object_get(tier, "stars"));
    return stars[count < 0 ? 0 : count > 9 ? 9 : count];
}
