/* SPDX-License-Identifier: Apache-2.0 */
/* Published programmes: kept as the bytes that were signed, parsed once for each process. */
#include "app/hq/tables.h"

#include "app/base/alloc.h"
#include "app/programme/document.h"

/* One parsed document. Versions are few and never change, so they stay until the store closes. */
struct hq_programme {
    struct tally_programme_document *document;
    struct hq_programme *next;
};

/* How far clocks are apart, and how long a terminal may not have heard of a newer programme. */
static const int64_t early_ms = INT64_C(2) * 86400000, late_ms = INT64_C(14) * 86400000;

static enum tally_status document_of(struct tally_slice value, struct tally_slice *ret_document)
{
    struct tally_reader reader = {value.data, value.len, 0, false};
    (void)tally_read_slice(&reader, (size_t)tally_read_le(&reader, 2)); /* the signature */
    *ret_document = tally_read_slice(&reader, reader.len - reader.at);
    return reader.failed ? TALLY_E_STORE_DAMAGED : TALLY_OK;
}

static enum tally_status programme_keep(struct hq_store *store, struct tally_slice text,
                                        const struct tally_programme **ret_programme)
{
    struct hq_programme *programme = tally_alloc(1, sizeof *programme);
    if (programme == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    enum tally_status status = tally_programme_parse(text, &programme->document, NULL);
    if (status != TALLY_OK) {
        tally_free(programme);
        return status == TALLY_E_NO_MEMORY ? status : TALLY_E_STORE_DAMAGED;
    }
    programme->next = store->programmes;
    store->programmes = programme;
    *ret_programme = tally_programme_of(programme->document);
    return TALLY_OK;
}

enum tally_status hq_programme(struct hq_txn *txn, uint32_t version,
                               const struct tally_programme **ret_programme)
{
    for (struct hq_programme *known = txn->store->programmes; known != NULL; known = known->next) {
        const struct tally_programme *programme = tally_programme_of(known->document);
        if (programme->version == version) {
            *ret_programme = programme;
            return TALLY_OK;
        }
    }
    struct hq_key key = hq_key_u32(version);
    struct tally_slice value, text;
    TALLY_TRY(hq_get(txn, HQ_PROGRAMMES, &key, &value));
    TALLY_TRY(document_of(value, &text));
    return programme_keep(txn->store, text, ret_programme);
}

void hq_programmes_free(struct hq_store *store)
{
    while (store->programmes != NULL) {
        struct hq_programme *programme = store->programmes;
        store->programmes = programme->next;
        tally_programme_document_free(programme->document);
        tally_free(programme);
    }
}

/* TALLY_E_NOT_FOUND without one. */
static enum tally_status newest(struct hq_txn *txn, uint32_t *ret_version,
                                struct tally_slice *ret_value)
{
    struct tally_slice key;
    TALLY_TRY(hq_last(txn, HQ_PROGRAMMES, &key, ret_value));
    if (key.len != 4) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_version = (uint32_t)tally_load_be(key.data, 4);
    return TALLY_OK;
}

/* The next of the published programmes, oldest first. TALLY_OK, TALLY_E_END */
static enum tally_status next_programme(struct hq_txn *txn, struct hq_scan *scan,
                                        const struct tally_programme **ret_programme)
{
    TALLY_TRY(hq_scan_next(scan));
    return scan->key.len == 4
               ? hq_programme(txn, (uint32_t)tally_load_be(scan->key.data, 4), ret_programme)
               : TALLY_E_STORE_DAMAGED;
}

/* The newest that is in force; of those whose time has not come, the first: NULL where there is
 * none. */
static enum tally_status in_force(struct hq_txn *txn, const struct tally_programme **ret_programme)
{
    const struct tally_programme *best = NULL, *programme = NULL;
    struct hq_scan scan;
    TALLY_TRY(hq_scan_open(txn, HQ_PROGRAMMES, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = next_programme(txn, &scan, &programme)) == TALLY_OK) {
        if (best != NULL && programme->effective_ms > txn->now_ms) {
            break;
        }
        best = programme;
    }
    hq_scan_close(&scan);
    if (status != TALLY_OK && status != TALLY_E_END) {
        return status;
    }
    *ret_programme = best;
    return TALLY_OK;
}

enum tally_status hq_programme_timely(struct hq_txn *txn, uint32_t version, int64_t at_ms,
                                      bool *ret_timely)
{
    struct hq_scan scan;
    const struct tally_programme *programme = NULL;
    bool has_older = false, timely = true;
    TALLY_TRY(hq_scan_open(txn, HQ_PROGRAMMES, NULL, NULL, &scan));
    enum tally_status status;
    while ((status = next_programme(txn, &scan, &programme)) == TALLY_OK) {
        if (programme->version > version) {
            timely = timely && programme->effective_ms > at_ms - late_ms;
            break;
        }
        timely = programme->version < version || !has_older ||
                 programme->effective_ms <= at_ms + early_ms;
        has_older = true;
    }
    hq_scan_close(&scan);
    *ret_timely = timely;
    return status == TALLY_E_END ? TALLY_OK : status;
}

enum tally_status hq_today(struct hq_txn *txn, struct hq_today *ret_today)
{
    struct hq_today today = {.now_ms = txn->now_ms, .day = tally_day_from_ms(txn->now_ms, 0)};
    TALLY_TRY(in_force(txn, &today.programme));
    if (today.programme != NULL) {
        today.day = tally_programme_day(today.programme, txn->now_ms);
    }
    *ret_today = today;
    return TALLY_OK;
}

enum tally_status hq_store_today(struct hq_store *store, int64_t now_ms, struct hq_today *ret_today)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, now_ms, &txn));
    return hq_end(&txn, hq_today(&txn, ret_today));
}

static enum tally_status programme_put(struct hq_txn *txn, uint32_t version,
                                       struct tally_slice document, struct tally_slice signature)
{
    uint32_t held = 0;
    struct tally_slice value;
    enum tally_status status = newest(txn, &held, &value);
    if (status == TALLY_OK && version <= held) {
        return TALLY_E_EXISTS;
    }
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
        return status;
    }
    if (version == 0 || signature.len > UINT16_MAX || document.len > TALLY_PROGRAMME_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    uint8_t signature_len[2];
    tally_store_le(signature_len, sizeof signature_len, signature.len);
    struct tally_buffer row = {0};
    status = tally_buffer_append(&row, signature_len, sizeof signature_len);
    if (status == TALLY_OK) {
        status = tally_buffer_append(&row, signature.data, signature.len);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(&row, document.data, document.len);
    }
    if (status == TALLY_OK) {
        struct hq_key key = hq_key_u32(version);
        status = hq_put(txn, HQ_PROGRAMMES, &key, tally_buffer_slice(&row));
    }
    tally_buffer_free(&row);
    return status;
}

enum tally_status hq_store_programme_put(struct hq_store *store, uint32_t version,
                                         struct tally_slice document, struct tally_slice signature)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, true, 0, &txn));
    return hq_end(&txn, programme_put(&txn, version, document, signature));
}

enum tally_status hq_store_programme_newest(struct hq_store *store, uint32_t *ret_version,
                                            struct tally_buffer *ret_document)
{
    struct hq_txn txn;
    TALLY_TRY(hq_begin(store, false, 0, &txn));
    uint32_t version = 0;
    struct tally_slice value, document;
    enum tally_status status = newest(&txn, &version, &value);
    if (status == TALLY_OK) {
        status = document_of(value, &document);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(ret_document, document.data, document.len);
    }
    TALLY_TRY(hq_end(&txn, status));
    *ret_version = version;
    return TALLY_OK;
}
