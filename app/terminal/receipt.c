/* SPDX-License-Identifier: Apache-2.0 */
/* What a member reads, line by line, in English and Simplified Chinese. */
#include "app/terminal/receipt.h"

#include "app/core/tier.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { NUMBER_MAX = 32, QR_MODULE = 6 };

/* What is on the left. In both languages side by side, as in a programme: a till may ask for
 * either, whatever language its cashier reads. */
enum word {
    WORD_EARNED,
    WORD_TAKEN_BACK,
    WORD_USED,
    WORD_GIVEN_BACK,
    WORD_BALANCE,
    WORD_PENDING,
    WORD_DEBT,
    WORD_TIER,
    WORD_EXPIRES, /* a date */
    WORD_REWARD,  /* a reward's name */
    WORD_MISSING, /* points */
    WORD_WELCOME,
    WORD_WELCOME_NAME, /* a name */
    WORD_POINTS,       /* a number */
    WORD_NOW,          /* points */
    WORD_COUNT
};

static const char *const words[WORD_COUNT][2] = {
    [WORD_EARNED] = {"Points earned", "本次获得积分"},
    [WORD_TAKEN_BACK] = {"Points taken back", "本次扣回积分"},
    [WORD_USED] = {"Points used", "本次使用积分"},
    [WORD_GIVEN_BACK] = {"Points given back", "本次退还积分"},
    [WORD_BALANCE] = {"Points now", "可用积分"},
    [WORD_PENDING] = {"Points to come", "待生效积分"},
    [WORD_DEBT] = {"Points owed", "所欠积分"},
    [WORD_TIER] = {"Tier", "会员等级"},
    [WORD_EXPIRES] = {"Last day %s", "%s 到期"},
    [WORD_REWARD] = {"Next: %s", "下一奖励：%s"},
    [WORD_MISSING] = {"%s more", "还差 %s 分"},
    [WORD_WELCOME] = {"Welcome!", "欢迎光临"},
    [WORD_WELCOME_NAME] = {"Welcome, %s", "欢迎，%s"},
    [WORD_POINTS] = {"%s points", "%s 积分"},
    [WORD_NOW] = {"You have %s", "可用 %s 积分"},
};

static const char *say(enum word word, enum receipt_language language)
{
    return words[word][language];
}

/* As much of it as fits; *at is where the next one goes. */
static void add_text(char text[RECEIPT_TEXT_MAX], size_t *at, const char *from, size_t len)
{
    size_t left = RECEIPT_TEXT_MAX - 1 - *at;
    len = len < left ? len : left;
    memcpy(text + *at, from, len);
    *at += len;
    text[*at] = '\0';
}

/* One %s of ours is replaced; what does not fit is cut by the taker of the text. */
static void say_with(enum word word, enum receipt_language language, const char *value,
                     char text[RECEIPT_TEXT_MAX])
{
    const char *pattern = say(word, language), *gap = strstr(pattern, "%s");
    size_t at = 0;
    assert(gap != NULL);
    add_text(text, &at, pattern, (size_t)(gap - pattern));
    add_text(text, &at, value, strlen(value));
    add_text(text, &at, gap + 2, strlen(gap + 2));
}

static const char *name_in(const struct tally_name *name, enum receipt_language language)
{
    const char *first = language == RECEIPT_CHINESE ? name->zh : name->en;
    const char *second = language == RECEIPT_CHINESE ? name->en : name->zh;
    return first != NULL && first[0] != '\0' ? first : second != NULL ? second : "";
}

/* 1234567 -> "1,234,567". */
static void number_text(int64_t number, char text[NUMBER_MAX])
{
    char digits[24];
    uint64_t magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number;
    int len = snprintf(digits, sizeof digits, "%" PRIu64, magnitude);
    size_t at = 0;
    if (number < 0) {
        text[at++] = '-';
    }
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
}

/* ------------------------------------------------------------------ columns */

/* Bytes of the character at `text`, which is not empty. */
static size_t character_len(const char *text)
{
    size_t len = 1;
    while (((uint8_t)text[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

/* From U+2E80 on (three bytes and more): Chinese, its punctuation, full-width forms, emoji. */
static size_t character_columns(const char *text)
{
    const uint8_t first = (uint8_t)text[0], second = first == 0 ? 0 : (uint8_t)text[1];
    return first > 0xe2 || (first == 0xe2 && second >= 0xba) ? 2 : 1;
}

static size_t columns_of(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text += character_len(text)) {
        columns += character_columns(text);
    }
    return columns;
}

/* As many characters of `from` as fit into `columns`, and into the line. */
static void copy_columns(const char *from, size_t columns, char text[RECEIPT_TEXT_MAX])
{
    size_t at = 0, used = 0;
    while (*from != '\0') {
        size_t len = character_len(from);
        used += character_columns(from);
        if (used > columns || at + len >= RECEIPT_TEXT_MAX) {
            break;
        }
        memcpy(text + at, from, len);
        at += len;
        from += len;
    }
    text[at] = '\0';
}

/* ------------------------------------------------------------------ lines */

struct writer {
    enum receipt_language language;
    size_t columns;
    receipt_take_fn *take;
    void *context;
};

static void write_text(const struct writer *writer, const char *text, bool is_title)
{
    char line[RECEIPT_TEXT_MAX];
    copy_columns(text, writer->columns, line);
    writer->take(writer->context, &(struct receipt_line){line, is_title});
}

/* Left and right on one line; on two where they would touch. */
static void write_pair(const struct writer *writer, const char *left, const char *right)
{
    char line[RECEIPT_TEXT_MAX];
    size_t left_columns = columns_of(left), right_columns = columns_of(right);
    if (left_columns + 1 + right_columns > writer->columns) {
        write_text(writer, left, false);
        left = "";
        left_columns = 0;
    }
    size_t gap =
        right_columns < writer->columns ? writer->columns - left_columns - right_columns : 0;
    snprintf(line, sizeof line, "%s%*s%s", left, (int)gap, "", right);
    write_text(writer, line, false);
}

static void write_number(const struct writer *writer, enum word word, int64_t number)
{
    char text[NUMBER_MAX];
    number_text(number, text);
    write_pair(writer, say(word, writer->language), text);
}

static void write_expiry(const struct writer *writer, const struct receipt_facts *facts)
{
    char date[48], left[RECEIPT_TEXT_MAX], number[NUMBER_MAX];
    int32_t year = 0, month = 0, day = 0;
    tally_day_to_date(facts->expiry_day, &year, &month, &day);
    snprintf(date, sizeof date, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
    say_with(WORD_EXPIRES, writer->language, date, left);
    number_text(facts->expiry_points, number);
    write_pair(writer, left, number);
}

static void write_reward(const struct writer *writer, const struct receipt_facts *facts)
{
    char left[RECEIPT_TEXT_MAX], right[RECEIPT_TEXT_MAX], number[NUMBER_MAX];
    say_with(WORD_REWARD, writer->language, name_in(&facts->reward, writer->language), left);
    number_text(facts->reward_missing, number);
    say_with(WORD_MISSING, writer->language, number, right);
    write_pair(writer, left, right);
}

static void write_points(const struct writer *writer, const struct receipt_facts *facts)
{
    bool is_back = facts->earned < 0;
    write_number(writer, is_back ? WORD_TAKEN_BACK : WORD_EARNED,
                 is_back ? -facts->earned : facts->earned);
    if (facts->used != 0) {
        write_number(writer, facts->used < 0 ? WORD_GIVEN_BACK : WORD_USED,
                     facts->used < 0 ? -facts->used : facts->used);
    }
    write_number(writer, WORD_BALANCE, facts->balance);
    if (facts->pending > 0) {
        write_number(writer, WORD_PENDING, facts->pending);
    }
    if (facts->debt > 0) {
        write_number(writer, WORD_DEBT, facts->debt);
    }
}

void receipt_write(const struct receipt_facts *facts, enum receipt_language language,
                   size_t columns, receipt_take_fn *take, void *context)
{
    assert(facts != NULL && take != NULL);
    assert(columns >= TILL_COLUMNS_MIN && columns <= TILL_COLUMNS_MAX);

    const struct writer writer = {language, columns, take, context};
    const char *tier = name_in(&facts->tier, language);
    write_text(&writer, facts->programme, true);
    write_points(&writer, facts);
    if (tier[0] != '\0') {
        write_pair(&writer, say(WORD_TIER, language), tier);
    }
    for (size_t i = 0; i < facts->purse_count; i++) {
        char units[NUMBER_MAX];
        number_text(facts->purses[i].units, units);
        write_pair(&writer, name_in(&facts->purses[i].name, language), units);
    }
    if (facts->expiry_day != TALLY_DAY_NEVER && facts->expiry_points > 0) {
        write_expiry(&writer, facts);
    }
    if (facts->reward_missing > 0) {
        write_reward(&writer, facts);
    }
}

/* ------------------------------------------------------------------ paper */

static void take_on_paper(void *context, const struct receipt_line *line)
{
    const struct hal_escpos_style title = {HAL_ESCPOS_CENTRE, .bold = true}, plain = {0};
    hal_escpos_line(context, line->text, line->is_title ? title : plain);
}

void receipt_document(const struct receipt_facts *facts, enum receipt_language language,
                      enum hal_charset charset, size_t columns, const char *link,
                      struct hal_escpos *ret_document)
{
    assert(ret_document != NULL);

    hal_escpos_start(ret_document, charset);
    receipt_write(facts, language, columns, take_on_paper, ret_document);
    if (link != NULL) {
        hal_escpos_qr(ret_document, link, QR_MODULE);
    }
    hal_escpos_cut(ret_document);
}

/* ------------------------------------------------------------------ facts */

static bool has_period_limit(const struct tally_reward *reward)
{
    for (size_t i = 0; i < reward->limit_count; i++) {
        if (reward->limits[i].period.kind != TALLY_PERIOD_SALE) {
            return true;
        }
    }
    return false;
}

/* Whether anybody could have it today: a receipt promises nothing that depends on more. */
static bool is_for_everybody(const struct tally_reward *reward, int32_t day)
{
    const struct tally_when *when = &reward->when;
    bool asks_who = when->tiers.count > 0 || when->merchants.count > 0 || when->codes.count > 0 ||
                    when->visit_first > 0 || when->visit_every > 0 || when->away_days > 0 ||
                    when->joined_days > 0 || when->birthday != 0 || when->shop_count > 0;
    bool is_now = when->from_day <= day && day <= when->until_day;
    return !asks_who && is_now && !reward->is_automatic && reward->total_max == 0 &&
           !has_period_limit(reward);
}

static void find_reward(const struct tally_programme *programme, int32_t day,
                        struct receipt_facts *facts)
{
    for (size_t i = 0; i < programme->reward_count; i++) {
        const struct tally_reward *reward = &programme->rewards[i];
        bool is_out_of_reach = reward->cost_purse == TALLY_PURSE_POINTS && facts->balance >= 0 &&
                               reward->cost > facts->balance;
        int64_t missing = is_out_of_reach ? reward->cost - facts->balance : 0;
        if (missing > 0 && is_for_everybody(reward, day) &&
            (facts->reward_missing == 0 || missing < facts->reward_missing)) {
            facts->reward = reward->name;
            facts->reward_missing = missing;
        }
    }
}

static void find_expiry(const struct tally_account *account, int32_t day,
                        struct receipt_facts *facts)
{
    facts->expiry_day = TALLY_DAY_NEVER;
    for (size_t i = 0; i < account->lot_count; i++) {
        const struct tally_lot *lot = &account->lots[i];
        int32_t last_day = tally_lot_last_day(account, lot);
        if (lot->purse != TALLY_PURSE_POINTS || last_day < day || last_day == TALLY_DAY_NEVER ||
            last_day > facts->expiry_day) {
            continue;
        }
        facts->expiry_points = last_day == facts->expiry_day ? facts->expiry_points : 0;
        facts->expiry_day = last_day;
        facts->expiry_points += lot->points;
    }
}

static size_t find_purses(const struct till_member *member, int32_t day,
                          struct receipt_purse *purses)
{
    size_t count = 0;
    for (size_t i = 0; i < member->programme->purse_count; i++) {
        const struct tally_purse_rules *rules = &member->programme->purses[i];
        int64_t units =
            tally_account_balance(member->account, rules->id, day, member->now_ms).usable;
        if (units > 0) {
            purses[count++] = (struct receipt_purse){rules->name, units};
        }
    }
    return count;
}

static int64_t moved(const struct tally_event *event, enum tally_move_kind in,
                     enum tally_move_kind out)
{
    return tally_event_points(event, TALLY_PURSE_POINTS, in) -
           tally_event_points(event, TALLY_PURSE_POINTS, out);
}

struct receipt_facts receipt_facts_of(const struct tally_event *event,
                                      const struct till_member *member,
                                      struct receipt_purse *purses)
{
    assert(event != NULL && member != NULL && purses != NULL);

    const struct tally_programme *programme = member->programme;
    int32_t day = tally_programme_day(programme, member->now_ms);
    struct tally_balance balance =
        tally_account_balance(member->account, TALLY_PURSE_POINTS, day, member->now_ms);
    struct receipt_facts facts = {
        .programme = programme->name,
        .earned = moved(event, TALLY_MOVE_EARN, TALLY_MOVE_UNEARN),
        .used = moved(event, TALLY_MOVE_REDEEM, TALLY_MOVE_UNREDEEM),
        .balance = balance.usable,
        .pending = balance.pending,
        .debt = balance.debt,
        .purses = purses,
        .purse_count = find_purses(member, day, purses),
    };
    if (programme->tiers.tier_count > 0) {
        struct tally_tier_view view = tally_tier_of(member->account, programme, day);
        facts.tier = programme->tiers.tiers[view.tier].name;
    }
    find_expiry(member->account, day, &facts);
    find_reward(programme, day, &facts);
    return facts;
}

/* ------------------------------------------------------------------ customer display */

void receipt_first_name(const char *name, char text[RECEIPT_TEXT_MAX])
{
    assert(name != NULL && text != NULL);

    name += strspn(name, " ");
    const char *star = "";
    if (character_columns(name) == 2) { /* the family name comes first */
        star = "*";
        name += character_len(name);
    }
    snprintf(text, RECEIPT_TEXT_MAX, "%s%.*s", star, (int)strcspn(name, " "), name);
}

/* Whether all of it is below U+0250: Latin. */
static bool is_latin(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((uint8_t)*text > 0xc9 || (uint8_t)*text == 0xc0) {
            return false;
        }
    }
    return true;
}

void receipt_welcome(enum receipt_language language, const char *name, int64_t points,
                     char upper[RECEIPT_TEXT_MAX], char lower[RECEIPT_TEXT_MAX])
{
    assert(name != NULL && upper != NULL && lower != NULL);

    char first[RECEIPT_TEXT_MAX], number[NUMBER_MAX];
    receipt_first_name(name, first);
    if (first[0] == '\0' || (language == RECEIPT_ENGLISH && !is_latin(name))) {
        snprintf(upper, RECEIPT_TEXT_MAX, "%s", say(WORD_WELCOME, language));
    } else {
        say_with(WORD_WELCOME_NAME, language, first, upper);
    }
    number_text(points, number);
    say_with(WORD_POINTS, language, number, lower);
}

void receipt_thanks(const struct receipt_facts *facts, enum receipt_language language,
                    char upper[RECEIPT_TEXT_MAX], char lower[RECEIPT_TEXT_MAX])
{
    assert(facts != NULL && upper != NULL && lower != NULL);

    char number[NUMBER_MAX], signed_number[NUMBER_MAX + 1];
    number_text(facts->earned, number);
    snprintf(signed_number, sizeof signed_number, "%s%s", facts->earned > 0 ? "+" : "", number);
    say_with(WORD_POINTS, language, signed_number, upper);
    number_text(facts->balance, number);
    say_with(WORD_NOW, language, number, lower);
}
