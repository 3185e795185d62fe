/* SPDX-License-Identifier: Apache-2.0 */
/* What a scanned text is: a code of ours, a member number, or nothing to us. */
#include "hal/reader/scan.h"

#include "app/core/bytes.h"
#include "hal/reader/code.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum { EAN_13_LEN = 13, EAN_8_LEN = 8, UPC_A_LEN = 12 };

/* A text, and what is known about it. */
struct scan {
    const struct hal_reader_settings *settings;
    enum hal_symbology symbology;
    const uint8_t *text;
    size_t len;
};

static bool all_digits(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!tally_is_digit(text[i])) {
            return false;
        }
    }
    return len > 0;
}

enum hal_symbology hal_scan_symbology(const uint8_t aim[HAL_AIM_LEN])
{
    assert(aim != NULL);

    bool is_letter = (aim[1] >= 'A' && aim[1] <= 'Z') || (aim[1] >= 'a' && aim[1] <= 'z');
    if (aim[0] != ']' || !is_letter) {
        return HAL_SYMBOLOGY_UNKNOWN;
    }
    if (aim[1] != 'E') {
        return HAL_SYMBOLOGY_PLAIN;
    }
    switch (aim[2]) {
    case '0':
        return HAL_SYMBOLOGY_EAN_13;
    case '4':
        return HAL_SYMBOLOGY_EAN_8;
    default:
        return HAL_SYMBOLOGY_EAN_OTHER;
    }
}

/* GS1 General Specifications, 7.9: from the right, the digits in front of the check digit count
 * three times and once in turn, and the sum of all is a multiple of ten. */
static bool check_digit_is_right(const uint8_t *digits, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned weight = (len - 1 - i) % 2 == 0 ? 1 : 3;
        sum += weight * (unsigned)(digits[i] - '0');
    }
    return sum % 10 == 0;
}

/* Periodicals and books, and coupons. */
static bool is_no_card(const uint8_t ean_13[EAN_13_LEN])
{
    static const char *const prefixes[] = {"977", "978", "979", "05", "98", "99"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (memcmp(ean_13, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static enum tally_status accept(const struct scan *scan, const uint8_t *digits, size_t len,
                                struct tally_card *card)
{
    TALLY_TRY(tally_card_classify(&scan->settings->rules, digits, len));
    tally_card_from_number(card->entry, digits, len, card);
    return TALLY_OK;
}

/* 13 digits that begin with 0 are the same number as the 12 behind it. */
static enum tally_status accept_13(const struct scan *scan, const uint8_t digits[EAN_13_LEN],
                                   struct tally_card *card)
{
    if (digits[0] == '0' && accept(scan, digits + 1, UPC_A_LEN, card) == TALLY_OK) {
        return TALLY_OK;
    }
    return accept(scan, digits, EAN_13_LEN, card);
}

/* The same, from 12 digits; what these are by themselves decides how they are refused. */
static enum tally_status accept_12(const struct scan *scan, const uint8_t digits[UPC_A_LEN],
                                   struct tally_card *card)
{
    enum tally_status status = accept(scan, digits, UPC_A_LEN, card);
    if (status == TALLY_OK) {
        return TALLY_OK;
    }
    uint8_t longer[EAN_13_LEN] = {'0'};
    memcpy(longer + 1, digits, UPC_A_LEN);
    if (accept(scan, longer, EAN_13_LEN, card) == TALLY_OK) {
        status = TALLY_OK;
    }
    explicit_bzero(longer, sizeof longer);
    return status;
}

/* Goods are numbered like payment cards too (13 digits from 4, for one), so nothing that is surely
 * an EAN is called a payment card. */
static enum tally_status judge_ean(const struct scan *scan, struct tally_card *card)
{
    uint8_t digits[EAN_13_LEN] = {'0'};
    bool is_13 = scan->symbology == HAL_SYMBOLOGY_EAN_13 &&
                 (scan->len == EAN_13_LEN || scan->len == UPC_A_LEN);
    bool is_8 = scan->symbology == HAL_SYMBOLOGY_EAN_8 && scan->len == EAN_8_LEN;
    if (!is_13 && !is_8) {
        return TALLY_E_UNKNOWN_CARD;
    }
    if (!check_digit_is_right(scan->text, scan->len)) {
        return TALLY_E_CARD_UNREADABLE;
    }
    enum tally_status status = TALLY_E_UNKNOWN_CARD;
    if (is_8) {
        status = accept(scan, scan->text, EAN_8_LEN, card);
    } else {
        memcpy(digits + EAN_13_LEN - scan->len, scan->text, scan->len);
        status = is_no_card(digits) ? TALLY_E_UNKNOWN_CARD : accept_13(scan, digits, card);
        explicit_bzero(digits, sizeof digits);
    }
    return status == TALLY_OK ? TALLY_OK : TALLY_E_UNKNOWN_CARD;
}

static enum tally_status judge_digits(const struct scan *scan, struct tally_card *card)
{
    switch (scan->symbology) {
    case HAL_SYMBOLOGY_EAN_13:
    case HAL_SYMBOLOGY_EAN_8:
    case HAL_SYMBOLOGY_EAN_OTHER:
        return judge_ean(scan, card);
    case HAL_SYMBOLOGY_PLAIN:
        return accept(scan, scan->text, scan->len, card);
    case HAL_SYMBOLOGY_UNKNOWN:
        break;
    }
    if (scan->len == EAN_13_LEN) {
        return is_no_card(scan->text) ? TALLY_E_UNKNOWN_CARD : accept_13(scan, scan->text, card);
    }
    return scan->len == UPC_A_LEN ? accept_12(scan, scan->text, card)
                                  : accept(scan, scan->text, scan->len, card);
}

/* ---- forms ---- */

/* Whether the text begins so, in upper or lower case; then it begins behind it. */
static bool skip(struct scan *scan, const char *beginning)
{
    size_t len = strlen(beginning);
    if (scan->len < len || strncasecmp((const char *)scan->text, beginning, len) != 0) {
        return false;
    }
    scan->text += len;
    scan->len -= len;
    return true;
}

static void trim(struct scan *scan)
{
    while (scan->len > 0 && memchr("\r\n\t", scan->text[scan->len - 1], 3) != NULL) {
        scan->len--;
    }
    if (scan->len > HAL_AIM_LEN && hal_scan_symbology(scan->text) != HAL_SYMBOLOGY_UNKNOWN) {
        scan->symbology = hal_scan_symbology(scan->text);
        scan->text += HAL_AIM_LEN;
        scan->len -= HAL_AIM_LEN;
    }
}

/* A code, or `member:` and digits. */
static enum tally_status judge_named(struct scan *scan, struct tally_card *card)
{
    if (hal_code_is(scan->text, scan->len)) {
        return hal_code_read(scan->settings, scan->settings->codes, scan->text, scan->len, card);
    }
    if (skip(scan, "member:") && all_digits(scan->text, scan->len)) {
        return accept(scan, scan->text, scan->len, card);
    }
    return TALLY_E_UNKNOWN_CARD;
}

static enum tally_status judge(struct scan *scan, struct tally_card *card)
{
    trim(scan);
    if (scan->len == 0) {
        return TALLY_E_CARD_UNREADABLE;
    }
    if (all_digits(scan->text, scan->len)) {
        return judge_digits(scan, card);
    }
    if (skip(scan, "https://")) {
        const uint8_t *mark = memchr(scan->text, '#', scan->len);
        if (mark == NULL) {
            return TALLY_E_UNKNOWN_CARD;
        }
        scan->len -= (size_t)(mark + 1 - scan->text);
        scan->text = mark + 1;
    }
    return judge_named(scan, card);
}

enum tally_status hal_scan_card(const struct hal_reader_settings *settings,
                                enum hal_symbology symbology, enum tally_card_entry entry,
                                const uint8_t *text, size_t len, struct tally_card *ret_card)
{
    assert(settings != NULL);
    assert(text != NULL || len == 0);
    assert(ret_card != NULL);

    struct scan scan = {settings, symbology, text, len};
    struct tally_card card = {.entry = entry};
    enum tally_status status = judge(&scan, &card);
    if (status == TALLY_OK) {
        card.entry = entry;
        *ret_card = card;
    }
    explicit_bzero(&card, sizeof card);
    return status;
}
