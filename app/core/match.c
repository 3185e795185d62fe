/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a rule speaks about a sale, and about which lines. */
#include "app/core/match.h"

#include <assert.h>

/* ------------------------------------------------------------------ words */

static inline bool is_same_text(const char *text, const uint8_t *bytes, size_t len)
{
    return strlen(text) == len && memcmp(text, bytes, len) == 0;
}

/* First word with this id, or `count`. */
static inline size_t find_id(const struct tally_words *words, uint32_t id)
{
    const struct tally_word *first = words->items;
    for (size_t left = words->count; left > 1;) { /* the same steps whatever is found: no guesses */
        size_t half = left / 2;
        first += first[half - 1].id < id ? half : 0;
        left -= half;
    }
    return first->id == id ? (size_t)(first - words->items) : words->count;
}

/* Of two texts with one id only the one that is in the list is. */
static bool is_among(const struct tally_words *words, size_t first, const uint8_t *text, size_t len)
{
    uint32_t id = words->items[first].id;
    for (size_t i = first; i < words->count && words->items[i].id == id; i++) {
        if (is_same_text(words->items[i].text, text, len)) {
            return true;
        }
    }
    return false;
}

static inline bool words_have(const struct tally_words *words, uint32_t id, const uint8_t *text,
                              size_t len)
{
    if (words->count == 0) {
        return false;
    }
    size_t first = find_id(words, id);
    return first < words->count && is_among(words, first, text, len);
}

bool tally_words_have(const struct tally_words *words, const void *text, size_t len)
{
    assert(words != NULL);

    return words->count > 0 && words_have(words, tally_word_id(text, len), text, len);
}

static bool words_have_slice(const struct tally_words *words, struct tally_slice text)
{
    return tally_words_have(words, text.data, text.len);
}

static bool words_have_code(const struct tally_words *words, const char *code, uint32_t id)
{
    return words_have(words, id, (const uint8_t *)code, strlen(code));
}

/* ------------------------------------------------------------------ lines */

/* The next category; empty ones are passed over. False at the end. */
static bool next_category(struct tally_slice *rest, struct tally_slice *ret_category)
{
    while (rest->len > 0) {
        size_t len = 0;
        while (len < rest->len && rest->data[len] != ',') {
            len++;
        }
        *ret_category = (struct tally_slice){rest->data, len};
        size_t taken = len < rest->len ? len + 1 : len;
        *rest = (struct tally_slice){rest->data + taken, rest->len - taken};
        if (len > 0) {
            return true;
        }
    }
    return false;
}

void tally_lines_read(const struct tally_basket *basket, struct tally_line_work *lines)
{
    assert(basket != NULL);
    assert(lines != NULL);

    for (size_t i = 0; i < basket->line_count; i++) {
        const struct tally_line *line = &basket->lines[i];
        struct tally_line_work *work = &lines[i];
        *work = (struct tally_line_work){.sku = tally_word_id(line->sku.data, line->sku.len),
                                         .line = line,
                                         .net_minor = line->amount_minor,
                                         .multiplier_ppm = 1000000};
        struct tally_slice rest = line->categories, category;
        while (work->category_count < TALLY_CATEGORIES_MAX && next_category(&rest, &category)) {
            work->categories[work->category_count++] = tally_word_id(category.data, category.len);
        }
    }
}

static bool category_is_among(const struct tally_words *words, size_t first,
                              const struct tally_line_work *line, uint32_t which)
{
    struct tally_slice rest = line->line->categories, category = {NULL, 0};
    for (uint32_t i = 0; i <= which; i++) {
        if (!next_category(&rest, &category)) {
            return false;
        }
    }
    return is_among(words, first, category.data, category.len);
}

static bool has_category(const struct tally_words *words, const struct tally_line_work *line)
{
    for (uint32_t i = 0; words->count > 0 && i < line->category_count; i++) {
        size_t first = find_id(words, line->categories[i]);
        if (first < words->count && category_is_among(words, first, line, i)) {
            return true;
        }
    }
    return false;
}

static inline bool has_sku(const struct tally_words *words, const struct tally_line_work *line)
{
    return words_have(words, line->sku, line->line->sku.data, line->line->sku.len);
}

/* amount / quantity * 1000 >= price, without dividing */
static bool costs_at_least(const struct tally_line *line, int64_t price_minor)
{
    struct tally_wide price = {0, 0}, amount = {0, 0};
    if (tally_wide_add(&price, (uint64_t)price_minor, (uint64_t)line->quantity_milli) != TALLY_OK ||
        tally_wide_add(&amount, (uint64_t)line->amount_minor, 1000) != TALLY_OK) {
        return false; /* does not come: a product of two 64-bit numbers fits */
    }
    return amount.high != price.high ? amount.high > price.high : amount.low >= price.low;
}

bool tally_selector_has(const struct tally_selector *selector, const struct tally_line_work *line)
{
    assert(selector != NULL);
    assert(line != NULL);

    bool says = selector->skus.count > 0 || selector->categories.count > 0;
    return (!says || has_sku(&selector->skus, line) || has_category(&selector->categories, line)) &&
           !has_sku(&selector->except_skus, line) &&
           !has_category(&selector->except_categories, line) &&
           (selector->price_minor_min <= 0 ||
            costs_at_least(line->line, selector->price_minor_min));
}

/* ------------------------------------------------------------------ many lines */

static bool name_is(const struct tally_names *names, size_t index, uint32_t id,
                    struct tally_slice text)
{
    return names->ids[index] == id && names->texts[index].len == text.len &&
           (text.len == 0 || memcmp(names->texts[index].data, text.data, text.len) == 0);
}

static void add_name(struct tally_names *names, size_t line, uint32_t id, struct tally_slice text)
{
    uint8_t *slot = &names->slots[id % TALLY_SLOTS];
    for (size_t i = *slot; i != 0; i = names->next[i - 1]) {
        if (name_is(names, i - 1, id, text)) {
            names->lines[i - 1] |= UINT64_C(1) << line;
            return;
        }
    }
    if (names->count == TALLY_BLOCK) {
        names->is_whole = false;
        return;
    }
    size_t added = names->count++;
    names->ids[added] = id;
    names->texts[added] = text;
    names->lines[added] = UINT64_C(1) << line;
    names->next[added] = *slot;
    *slot = (uint8_t)(added + 1);
}

static void clear_names(struct tally_names *names)
{
    names->count = 0;
    names->is_whole = true;
    memset(names->slots, 0, sizeof names->slots);
}

void tally_names_read(const struct tally_line_work *lines, size_t line_count,
                      struct tally_block_names *ret_names)
{
    assert(lines != NULL);
    assert(ret_names != NULL);

    clear_names(&ret_names->skus);
    clear_names(&ret_names->categories);
    for (size_t i = 0; i < line_count && i < TALLY_BLOCK; i++) {
        struct tally_slice rest = lines[i].line->categories, text = {NULL, 0};
        add_name(&ret_names->skus, i, lines[i].sku, lines[i].line->sku);
        for (size_t j = 0; j < lines[i].category_count && next_category(&rest, &text); j++) {
            add_name(&ret_names->categories, i, lines[i].categories[j], text);
        }
    }
}

/* Lines that have one of the words: a long list is searched for each name, of a short one each word
 * is looked for among the names. */
static uint64_t lines_named(const struct tally_words *words, const struct tally_names *names)
{
    uint64_t found = 0;
    if (words->count > 4 * names->count) {
        for (size_t i = 0; i < names->count; i++) {
            if (words_have(words, names->ids[i], names->texts[i].data, names->texts[i].len)) {
                found |= names->lines[i];
            }
        }
        return found;
    }
    for (size_t i = 0; i < words->count; i++) {
        const struct tally_word *word = &words->items[i];
        for (size_t j = names->slots[word->id % TALLY_SLOTS]; j != 0; j = names->next[j - 1]) {
            if (names->ids[j - 1] == word->id &&
                is_same_text(word->text, names->texts[j - 1].data, names->texts[j - 1].len)) {
                found |= names->lines[j - 1];
            }
        }
    }
    return found;
}

static uint64_t lines_with_sku(const struct tally_words *skus,
                               const struct tally_block_names *names,
                               const struct tally_line_work *lines, size_t line_count)
{
    uint64_t found = 0;
    if (skus->count == 0 || names != NULL) {
        return skus->count == 0 ? 0 : lines_named(skus, &names->skus);
    }
    for (size_t i = 0; i < line_count; i++) {
        found |= (uint64_t)has_sku(skus, &lines[i]) << i;
    }
    return found;
}

static uint64_t lines_with_category(const struct tally_words *categories,
                                    const struct tally_block_names *names,
                                    const struct tally_line_work *lines, size_t line_count)
{
    uint64_t found = 0;
    if (categories->count == 0 || (names != NULL && names->categories.is_whole)) {
        return categories->count == 0 ? 0 : lines_named(categories, &names->categories);
    }
    for (size_t i = 0; i < line_count; i++) {
        found |= (uint64_t)has_category(categories, &lines[i]) << i;
    }
    return found;
}

uint64_t tally_selector_block(const struct tally_selector *selector,
                              const struct tally_block_names *names,
                              const struct tally_line_work *lines, size_t line_count)
{
    assert(selector != NULL);
    assert(line_count <= TALLY_BLOCK);

    uint64_t found = line_count < TALLY_BLOCK ? (UINT64_C(1) << line_count) - 1 : UINT64_MAX;
    if (selector->skus.count > 0 || selector->categories.count > 0) {
        found = lines_with_sku(&selector->skus, names, lines, line_count) |
                lines_with_category(&selector->categories, names, lines, line_count);
    }
    found &= ~lines_with_sku(&selector->except_skus, names, lines, line_count);
    found &= ~lines_with_category(&selector->except_categories, names, lines, line_count);
    for (size_t i = 0; selector->price_minor_min > 0 && i < line_count; i++) {
        if (!costs_at_least(lines[i].line, selector->price_minor_min)) {
            found &= ~(UINT64_C(1) << i);
        }
    }
    return found;
}

/* ------------------------------------------------------------------ when */

static bool is_hour(const struct tally_when *when, int32_t minute)
{
    for (size_t i = 0; i < when->hour_count; i++) {
        if (minute >= when->hours[i].from_minute && minute < when->hours[i].until_minute) {
            return true;
        }
    }
    return when->hour_count == 0;
}

static bool is_shop(const struct tally_when *when, uint32_t shop)
{
    for (size_t i = 0; i < when->shop_count; i++) {
        if (when->shops[i] == shop) {
            return true;
        }
    }
    return when->shop_count == 0;
}

static bool time_holds(const struct tally_when *when, const struct tally_scene *scene)
{
    return scene->day >= when->from_day && scene->day <= when->until_day &&
           (when->weekdays == 0 || (when->weekdays >> tally_day_weekday(scene->day) & 1) != 0) &&
           is_hour(when, scene->seen->minute);
}

static bool is_tier(const struct tally_words *tiers, const struct tally_scene *scene)
{
    const struct tally_tier_rules *rules = &scene->programme->tiers;
    if (tiers->count == 0 || scene->seen->tier >= rules->tier_count) {
        return tiers->count == 0;
    }
    const struct tally_tier *tier = &rules->tiers[scene->seen->tier];
    return words_have_code(tiers, tier->code, tier->id);
}

static bool is_merchant(const struct tally_words *merchants, const struct tally_scene *scene)
{
    if (merchants->count == 0) {
        return true;
    }
    const struct tally_merchant *merchant =
        tally_programme_merchant(scene->programme, scene->basket->shop);
    return merchant != NULL && words_have_code(merchants, merchant->code, merchant->id);
}

static bool is_tender(const struct tally_words *tenders, const struct tally_basket *basket)
{
    for (size_t i = 0; tenders->count > 0 && i < basket->tender_count; i++) {
        if (words_have_slice(tenders, basket->tenders[i].kind)) {
            return true;
        }
    }
    return tenders->count == 0;
}

static bool is_shown(const struct tally_words *codes, const struct tally_basket *basket)
{
    for (size_t i = 0; codes->count > 0 && i < basket->code_count; i++) {
        if (words_have_slice(codes, basket->codes[i])) {
            return true;
        }
    }
    return codes->count == 0;
}

static bool member_holds(const struct tally_when *when, const struct tally_seen *seen)
{
    int64_t visits = seen->visits < 0 ? 0 : seen->visits;
    return (when->visit_first == 0 || visits < (int64_t)when->visit_first) &&
           (when->visit_every == 0 || (visits + 1) % (int64_t)when->visit_every == 0) &&
           (when->away_days == 0 || seen->days_away >= when->away_days) &&
           (when->joined_days == 0 || seen->days_member < when->joined_days) &&
           (when->birthday == 0 || (when->birthday & seen->birthday) != 0);
}

/* What a line is worth after rewards; its tax shrinks with it. */
static int64_t worth_of(const struct tally_line_work *line, bool without_tax)
{
    int64_t tax_minor = 0;
    if (!without_tax || line->line->amount_minor == 0 ||
        tally_scale(line->line->tax_minor, line->net_minor, line->line->amount_minor,
                    TALLY_ROUND_HALF_UP, &tax_minor) != TALLY_OK) {
        return line->net_minor;
    }
    return line->net_minor - tax_minor;
}

static bool basket_is_worth(const struct tally_when *when, const struct tally_scene *scene)
{
    int64_t sum_minor = 0; /* fits: tally_basket_check */
    for (size_t i = 0; i < scene->basket->line_count; i++) {
        sum_minor += worth_of(&scene->lines[i], when->spend_without_tax);
    }
    return sum_minor >= when->basket_minor_min;
}

bool tally_when_holds(const struct tally_when *when, const struct tally_scene *scene)
{
    assert(when != NULL);
    assert(scene != NULL);

    return time_holds(when, scene) && is_shop(when, scene->basket->shop) &&
           (when->channels.count == 0 ||
            words_have_slice(&when->channels, scene->basket->channel)) &&
           is_tier(&when->tiers, scene) && is_merchant(&when->merchants, scene) &&
           is_tender(&when->tenders, scene->basket) && is_shown(&when->codes, scene->basket) &&
           member_holds(when, scene->seen) &&
           (when->basket_minor_min <= 0 || basket_is_worth(when, scene));
}

bool tally_when_lines_hold(const struct tally_when *when, const struct tally_selector *selector,
                           const struct tally_scene *scene)
{
    assert(when != NULL);
    assert(selector != NULL);

    if (when->spend_minor_min <= 0 && when->quantity_milli_min <= 0) {
        return true;
    }
    int64_t spend_minor = 0, quantity_milli = 0;
    for (size_t i = 0; i < scene->basket->line_count; i++) {
        const struct tally_line_work *line = &scene->lines[i];
        if (tally_selector_has(selector, line)) {
            spend_minor += worth_of(line, when->spend_without_tax);
            quantity_milli += line->line->quantity_milli;
        }
    }
    return spend_minor >= when->spend_minor_min && quantity_milli >= when->quantity_milli_min;
}

/* ------------------------------------------------------------------ caps */

struct tally_span tally_cap_span(const struct tally_cap *cap, const struct tally_when *when,
                                 int32_t since_day, int32_t day)
{
    assert(cap != NULL);

    if (cap->period.kind != TALLY_PERIOD_CAMPAIGN) {
        return tally_period_span(cap->period, since_day, day);
    }
    return when == NULL ? (struct tally_span){INT32_MIN, TALLY_DAY_NEVER}
                        : (struct tally_span){when->from_day, when->until_day};
}

int64_t tally_used(const struct tally_seen *seen, enum tally_counter what, uint32_t of,
                   struct tally_span span)
{
    assert(seen != NULL);

    const struct tally_count wanted = {what, of, span.from_day, span.until_day, 0};
    size_t low = 0, high = seen->used_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tally_count_compare(&seen->used[middle], &wanted);
        if (order == 0) {
            return seen->used[middle].amount;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}

int64_t tally_cap_left(const struct tally_cap *cap, const struct tally_when *when,
                       const struct tally_seen *seen, enum tally_counter what, uint32_t of,
                       int32_t day)
{
    assert(cap != NULL);
    assert(seen != NULL);

    if (cap->period.kind == TALLY_PERIOD_SALE) {
        return cap->points_max;
    }
    struct tally_span span = tally_cap_span(cap, when, day - seen->days_member, day);
    int64_t used = tally_used(seen, what, of, span);
    if (used <= 0) { /* below: a void came in before its sale */
        return cap->points_max;
    }
    return used < cap->points_max ? cap->points_max - used : 0;
}

/* ------------------------------------------------------------------ dividing */

enum tally_status tally_allot(struct tally_allotment *allotment, int64_t weight, int64_t *ret_part)
{
    assert(allotment != NULL);
    assert(weight >= 0);
    assert(ret_part != NULL);

    int64_t running = allotment->total;
    if (allotment->weight_total > 0) {
        allotment->weight_done += weight;
        assert(allotment->weight_done <= allotment->weight_total);
        TALLY_TRY(tally_scale(allotment->total, allotment->weight_done, allotment->weight_total,
                              TALLY_ROUND_FLOOR, &running));
    }
    *ret_part = running - allotment->given;
    allotment->given = running;
    return TALLY_OK;
}
