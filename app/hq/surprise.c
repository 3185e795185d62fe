/* SPDX-License-Identifier: Apache-2.0 */
/* Surprises: head office draws each sale with the seed of its month, and can draw all of them
 * again. */
#include "app/hq/surprise.h"

#include "app/base/alloc.h"
#include "app/core/surprise.h"
#include "app/hq/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATE_LEN = 16, MONTHS_MAX = 1200 };

static int32_t month_of(int32_t day)
{
    int32_t year, month, of_month;
    tally_day_to_date(day, &year, &month, &of_month);
    return year * 12 + month - 1;
}

/* ------------------------------------------------------------------ rows */

/* TALLY_E_NOT_FOUND: HQ never committed to one for this month. */
static enum tally_status seed_get(struct hq_txn *txn, int32_t month, uint8_t seed[TALLY_KEY_LEN])
{
    struct hq_key key = hq_key_u32((uint32_t)month);
    struct tally_slice value;
    TALLY_TRY(hq_get(txn, HQ_SEEDS, &key, &value));
    if (value.len != TALLY_KEY_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    memcpy(seed, value.data, TALLY_KEY_LEN);
    return TALLY_OK;
}

static enum tally_status state_get(struct hq_txn *txn, uint32_t award,
                                   struct tally_surprise_state *ret_state)
{
    struct hq_key key = hq_key_u32(award);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_SURPRISES, &key, &value);
    if (status == TALLY_E_NOT_FOUND) {
        *ret_state = (struct tally_surprise_state){0, 0};
        return TALLY_OK;
    }
    TALLY_TRY(status);
    if (value.len != STATE_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    ret_state->sales = tally_load_le(value.data, 8);
    ret_state->given = (int64_t)tally_load_le(value.data + 8, 8);
    return TALLY_OK;
}

static enum tally_status state_put(struct hq_txn *txn, uint32_t award,
                                   const struct tally_surprise_state *state)
{
    uint8_t bytes[STATE_LEN];
    struct hq_key key = hq_key_u32(award);
    tally_store_le(bytes, 8, state->sales);
    tally_store_le(bytes + 8, 8, (uint64_t)state->given);
    return hq_put(txn, HQ_SURPRISES, &key, (struct tally_slice){bytes, sizeof bytes});
}

/* ------------------------------------------------------------------ the draw */

static enum tally_status draw_bytes(const uint8_t seed[TALLY_KEY_LEN],
                                    const uint8_t chain[TALLY_HASH_LEN],
                                    uint8_t ret_draw[TALLY_HASH_LEN])
{
    return tally_hmac(seed, (struct tally_slice){chain, TALLY_HASH_LEN}, ret_draw);
}

/* Whether this surprise is for the tier that the sale was made in: what can be told again later. */
static bool takes_part(const struct tally_programme *programme, const struct tally_award_rule *rule,
                       const struct tally_event *sale)
{
    const uint32_t tier = sale->as.sale.seen.tier;
    if (rule->kind != TALLY_AWARD_SURPRISE || tier >= programme->tiers.tier_count) {
        return false;
    }
    const char *code = programme->tiers.tiers[tier].code;
    return rule->tiers.count == 0 || tally_words_have(&rule->tiers, code, strlen(code));
}

enum tally_status hq_surprise_draw(struct hq_txn *txn, const struct tally_programme *programme,
                                   const struct tally_event *sale,
                                   const uint8_t chain[TALLY_HASH_LEN])
{
    uint8_t seed[TALLY_KEY_LEN], draw[TALLY_HASH_LEN];
    bool has_seed = false;
    for (size_t i = 0; i < programme->award_count; i++) {
        const struct tally_award_rule *rule = &programme->awards[i];
        struct tally_surprise_state state;
        int64_t points = 0;
        if (!takes_part(programme, rule, sale)) {
            continue;
        }
        if (!has_seed) {
            enum tally_status status = seed_get(txn, month_of(sale->business_day), seed);
            if (status == TALLY_E_NOT_FOUND) {
                return TALLY_OK; /* without a commitment nothing is drawn: it could not be proved */
            }
            TALLY_TRY(status);
            TALLY_TRY(draw_bytes(seed, chain, draw));
            explicit_bzero(seed, sizeof seed);
            has_seed = true;
        }
        TALLY_TRY(state_get(txn, rule->id, &state));
        TALLY_TRY(tally_surprise_draw(rule, draw, sale, &state, &points));
        TALLY_TRY(state_put(txn, rule->id, &state));
        if (points > 0) {
            TALLY_TRY(hq_award_give(txn, programme, sale->account, rule, sale, points));
        }
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ commitments */

static enum tally_status seeds_commit(struct hq_txn *txn, int32_t months)
{
    struct hq_today today;
    TALLY_TRY(hq_today(txn, &today));
    const int32_t first = month_of(today.day);
    for (int32_t month = first; month < first + months; month++) {
        uint8_t seed[TALLY_KEY_LEN];
        enum tally_status status = seed_get(txn, month, seed);
        if (status == TALLY_E_NOT_FOUND) {
            struct hq_key key = hq_key_u32((uint32_t)month);
            TALLY_TRY(tally_random(seed, sizeof seed));
            status = hq_put(txn, HQ_SEEDS, &key, (struct tally_slice){seed, sizeof seed});
        }
        explicit_bzero(seed, sizeof seed);
        TALLY_TRY(status);
    }
    return TALLY_OK;
}

enum tally_status hq_store_seeds_commit(struct hq_store *store, int64_t now_ms, int32_t months)
{
    struct hq_txn txn;
    if (months < 1 || months > MONTHS_MAX) {
        return TALLY_E_INVALID;
    }
    TALLY_TRY(hq_begin(store, true, now_ms, &txn));
    return hq_end(&txn, seeds_commit(&txn, months));
}

static enum tally_status
seed_show(const struct hq_scan *scan, int32_t this_month,
          enum tally_status (*each)(void *context, const struct hq_seed *seed), void *context)
{
    if (scan->key.len != 4 || scan->value.len != TALLY_KEY_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    struct hq_seed seed = {.month = (int32_t)tally_load_be(scan->key.data, 4)};
    seed.is_over = seed.month < this_month;
    TALLY_TRY(tally_sha256(&scan->value, 1, seed.commitment));
    if (seed.is_over) {
        memcpy(seed.seed, scan->value.data, TALLY_KEY_LEN);
    }
    return each(context, &seed);
}

enum tally_status
hq_store_seeds(struct hq_store *store, int64_t now_ms,
               enum tally_status (*each)(void *context, const struct hq_seed *seed), void *context)
{
    struct hq_txn txn;
    struct hq_today today;
    struct hq_scan scan = {.cursor = NULL};
    TALLY_TRY(hq_begin(store, false, now_ms, &txn));
    enum tally_status status = hq_today(&txn, &today);
    if (status == TALLY_OK) {
        status = hq_scan_open(&txn, HQ_SEEDS, NULL, NULL, &scan);
    }
    while (status == TALLY_OK && (status = hq_scan_next(&scan)) == TALLY_OK) {
        status = seed_show(&scan, month_of(today.day), each, context);
    }
    hq_scan_close(&scan);
    return hq_end(&txn, status == TALLY_E_END ? TALLY_OK : status);
}

/* ------------------------------------------------------------------ proof */

/* A sale or an award for one, in the order in which they arrived. An award that is HQ's own follows
 * the sale that it is for, in the same transaction. */
struct drawn {
    uint64_t arrival;
    struct tally_event_id id;
};

struct proof {
    struct drawn *items;
    size_t count;
    size_t cap;
    struct proof_state { /* of one award */
        uint32_t award;
        struct tally_surprise_state state;
    } * states;
    size_t state_count;
};

static struct tally_surprise_state *proof_state(struct proof *proof, uint32_t award)
{
    for (size_t i = 0; i < proof->state_count; i++) {
        if (proof->states[i].award == award) {
            return &proof->states[i].state;
        }
    }
    struct proof_state *grown = tally_realloc(proof->states, proof->state_count + 1, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    proof->states = grown;
    grown[proof->state_count] = (struct proof_state){.award = award};
    proof->state_count++;
    return &grown[proof->state_count - 1].state;
}

static enum tally_status proof_add(struct proof *proof, const struct hq_scan *scan)
{
    struct hq_event_row row;
    TALLY_TRY(hq_event_row_parse(scan->value, &row));
    if (scan->key.len != 16) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (proof->count == proof->cap) {
        size_t cap = proof->cap == 0 ? 1024 : 2 * proof->cap;
        struct drawn *grown = tally_realloc(proof->items, cap, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        proof->items = grown;
        proof->cap = cap;
    }
    proof->items[proof->count] = (struct drawn){row.arrival,
                                                {(uint32_t)tally_load_be(scan->key.data, 4),
                                                 (uint32_t)tally_load_be(scan->key.data + 4, 4),
                                                 tally_load_be(scan->key.data + 8, 8)}};
    proof->count++;
    return TALLY_OK;
}

static int by_arrival(const void *left, const void *right)
{
    const struct drawn *a = left, *b = right;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

static enum tally_status proof_gather(struct hq_txn *txn, struct proof *proof)
{
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_EVENTS, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = hq_scan_next(&scan)) == TALLY_OK) {
        status = proof_add(proof, &scan);
        if (status != TALLY_OK) {
            break;
        }
    }
    hq_scan_close(&scan);
    if (status != TALLY_E_END) {
        return status;
    }
    qsort(proof->items, proof->count, sizeof *proof->items, by_arrival);
    return TALLY_OK;
}

/* What HQ gave for this sale under this award. */
static enum tally_status given_for(struct hq_txn *txn, const struct tally_event *sale,
                                   uint32_t award, int64_t *ret_points)
{
    struct hq_key key = hq_key_event(&sale->id);
    hq_key_number(&key, 4, award);
    hq_key_number(&key, 8, sale->account);
    struct tally_slice value;
    enum tally_status status = hq_get(txn, HQ_AWARDS, &key, &value);
    *ret_points = 0;
    if (status == TALLY_OK) {
        if (value.len < 12) {
            return TALLY_E_STORE_DAMAGED;
        }
        *ret_points = (int64_t)tally_load_le(value.data + 4, 8);
    }
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

static enum tally_status prove_award(struct hq_txn *txn, const struct tally_award_rule *rule,
                                     const uint8_t draw[TALLY_HASH_LEN],
                                     const struct tally_event *sale, struct proof *proof,
                                     struct hq_surprise_proof *ret_proof)
{
    int64_t should = 0, was = 0;
    struct tally_surprise_state *state = proof_state(proof, rule->id);
    if (state == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_surprise_draw(rule, draw, sale, state, &should));
    TALLY_TRY(given_for(txn, sale, rule->id, &was));
    ret_proof->wins += should > 0;
    if (should == was) {
        return TALLY_OK;
    }
    snprintf(ret_proof->difference, sizeof ret_proof->difference,
             "%s: event %" PRIu64 " of terminal %" PRIu32 " draws %" PRId64
             " points, and got %" PRId64,
             rule->code, sale->id.seq, sale->id.terminal, should, was);
    return TALLY_E_MISMATCH;
}

static enum tally_status prove_sale(struct hq_txn *txn, const struct tally_event *sale,
                                    const uint8_t *chain, struct proof *proof,
                                    struct hq_surprise_proof *ret_proof)
{
    uint8_t seed[TALLY_KEY_LEN], draw[TALLY_HASH_LEN];
    const struct tally_programme *programme = NULL;
    enum tally_status status = hq_programme(txn, sale->programme_version, &programme);
    if (status == TALLY_OK) {
        status = seed_get(txn, month_of(sale->business_day), seed);
    }
    if (status != TALLY_OK) {
        return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
    }
    TALLY_TRY(draw_bytes(seed, chain, draw));
    explicit_bzero(seed, sizeof seed);
    ret_proof->sales++;
    for (size_t i = 0; i < programme->award_count && status == TALLY_OK; i++) {
        if (takes_part(programme, &programme->awards[i], sale)) {
            status = prove_award(txn, &programme->awards[i], draw, sale, proof, ret_proof);
        }
    }
    return status;
}

static enum tally_status prove_item(struct hq_txn *txn, const struct drawn *item,
                                    struct proof *proof, struct hq_surprise_proof *ret_proof)
{
    struct hq_event_row row;
    struct tally_event_decoded decoded;
    TALLY_TRY(hq_event_get(txn, &item->id, &row));
    TALLY_TRY(tally_event_decode(row.event, &decoded));
    enum tally_status status = TALLY_OK;
    if (decoded.event.type == TALLY_EVENT_SALE) {
        status = prove_sale(txn, &decoded.event, row.chain, proof, ret_proof);
    }
    tally_event_decoded_free(&decoded);
    return status;
}

static enum tally_status prove(struct hq_txn *txn, struct hq_surprise_proof *ret_proof)
{
    struct proof proof = {.count = 0};
    enum tally_status status = proof_gather(txn, &proof);
    for (size_t i = 0; i < proof.count && status == TALLY_OK; i++) {
        status = prove_item(txn, &proof.items[i], &proof, ret_proof);
    }
    tally_free(proof.items);
    tally_free(proof.states);
    return status;
}

enum tally_status hq_store_surprise_prove(struct hq_store *store,
                                          struct hq_surprise_proof *ret_proof)
{
    struct hq_txn txn;
    *ret_proof = (struct hq_surprise_proof){.sales = 0};
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    return hq_end(&txn, prove(&txn, ret_proof));
}
