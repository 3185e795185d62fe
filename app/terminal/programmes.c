/* SPDX-License-Identifier: Apache-2.0 */
/* Programmes in force and to come. */
#include "app/terminal/programmes.h"

#include "app/base/alloc.h"
#include "app/base/log.h"

#include <inttypes.h>

static const char record_now[] = "programme";
static const char record_later[] = "programmes-later";

static const struct tally_programme *of(const struct programme_held *held)
{
    return tally_programme_of(held->document);
}

static void held_free(struct programme_held *held)
{
    tally_programme_document_free(held->document);
    tally_buffer_free(&held->text);
    *held = (struct programme_held){0};
}

void programmes_free(struct programmes *programmes)
{
    held_free(&programmes->ruling);
    for (size_t i = 0; i < programmes->waiting_count; i++) {
        held_free(&programmes->waiting[i]);
    }
    tally_free(programmes->waiting);
    *programmes = (struct programmes){0};
}

/* Puts `held` (taken on TALLY_OK) behind those that wait; who would not rule before it is
 * dropped. */
static enum tally_status append(struct programmes *programmes, struct programme_held *held)
{
    struct programme_held *waiting =
        tally_realloc(programmes->waiting, programmes->waiting_count + 1, sizeof *waiting);
    if (waiting == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    programmes->waiting = waiting;
    while (programmes->waiting_count > 0 &&
           of(&waiting[programmes->waiting_count - 1])->effective_ms >= of(held)->effective_ms) {
        held_free(&waiting[--programmes->waiting_count]);
    }
    waiting[programmes->waiting_count++] = *held;
    *held = (struct programme_held){0};
    return TALLY_OK;
}

/* ------------------------------------------------------------------ questions */

const struct tally_programme *programmes_at(struct programmes *programmes, int64_t now_ms)
{
    while (programmes->waiting_count > 0 && of(&programmes->waiting[0])->effective_ms <= now_ms) {
        held_free(&programmes->ruling);
        programmes->ruling = programmes->waiting[0];
        programmes->waiting_count--;
        memmove(programmes->waiting, programmes->waiting + 1,
                programmes->waiting_count * sizeof programmes->waiting[0]);
    }
    return programmes->ruling.document == NULL ? NULL : of(&programmes->ruling);
}

int64_t programmes_takeover_ms(const struct programmes *programmes)
{
    return programmes->waiting_count == 0 ? INT64_MAX : of(&programmes->waiting[0])->effective_ms;
}

uint32_t programmes_version(const struct programmes *programmes)
{
    const struct programme_held *newest = programmes->waiting_count > 0
                                              ? &programmes->waiting[programmes->waiting_count - 1]
                                              : &programmes->ruling;
    return newest->document == NULL ? 0 : of(newest)->version;
}

/* ------------------------------------------------------------------ records */

static enum tally_status parse(struct tally_slice text, struct programme_held *ret_held)
{
    struct programme_held held = {0};
    if (tally_programme_parse(text, &held.document, NULL) != TALLY_OK) {
        return TALLY_E_RULE;
    }
    enum tally_status status = tally_buffer_append(&held.text, text.data, text.len);
    if (status != TALLY_OK) {
        held_free(&held);
        return status;
    }
    *ret_held = held;
    return TALLY_OK;
}

static enum tally_status load_now(struct programmes *programmes, struct store *store)
{
    struct tally_buffer text = {0};
    enum tally_status status = store_meta_get(store, record_now, &text);
    if (status == TALLY_OK &&
        tally_programme_parse(tally_buffer_slice(&text), &programmes->ruling.document, NULL) !=
            TALLY_OK) {
        status = TALLY_E_RULE;
    }
    tally_buffer_free(&text);
    return status == TALLY_E_NOT_FOUND ? TALLY_OK : status;
}

/* Those of the record that are newer than who rules. */
static enum tally_status load_list(struct programmes *programmes, struct tally_slice record)
{
    struct tally_reader reader = {record.data, record.len, 0, false};
    while (reader.at < reader.len) {
        struct programme_held held = {0};
        struct tally_slice text = tally_read_slice(&reader, (size_t)tally_read_le(&reader, 4));
        if (reader.failed) {
            return TALLY_E_STORE_DAMAGED;
        }
        TALLY_TRY(parse(text, &held));
        enum tally_status status = of(&held)->version > programmes_version(programmes)
                                       ? append(programmes, &held)
                                       : TALLY_OK;
        held_free(&held);
        TALLY_TRY(status);
    }
    return TALLY_OK;
}

enum tally_status programmes_load(struct programmes *programmes, struct store *store)
{
    struct tally_buffer record = {0};
    struct programmes loaded = {0};
    enum tally_status status = load_now(&loaded, store);
    if (status == TALLY_OK) {
        status = store_meta_get(store, record_later, &record);
        status = status == TALLY_OK            ? load_list(&loaded, tally_buffer_slice(&record))
                 : status == TALLY_E_NOT_FOUND ? TALLY_OK
                                               : status;
    }
    tally_buffer_free(&record);
    if (status != TALLY_OK) {
        programmes_free(&loaded);
        return status;
    }
    *programmes = loaded;
    return TALLY_OK;
}

static enum tally_status list_one(struct tally_buffer *record, struct tally_slice text)
{
    uint8_t len[4];
    tally_store_le(len, sizeof len, text.len);
    TALLY_TRY(tally_buffer_append(record, len, sizeof len));
    return tally_buffer_append(record, text.data, text.len);
}

/* Who came ahead of its time: the one that rules by now, those that wait, and `added`. */
static enum tally_status keep_list(const struct programmes *programmes, struct store *store,
                                   const struct programme_held *added)
{
    struct tally_buffer record = {0};
    enum tally_status status = TALLY_OK;
    if (programmes->ruling.text.len > 0) {
        status = list_one(&record, tally_buffer_slice(&programmes->ruling.text));
    }
    for (size_t i = 0; i < programmes->waiting_count && status == TALLY_OK; i++) {
        if (of(&programmes->waiting[i])->effective_ms < of(added)->effective_ms) {
            status = list_one(&record, tally_buffer_slice(&programmes->waiting[i].text));
        }
    }
    if (status == TALLY_OK) {
        status = list_one(&record, tally_buffer_slice(&added->text));
    }
    if (status == TALLY_OK) {
        status = store_meta_put(store, record_later, tally_buffer_slice(&record));
    }
    tally_buffer_free(&record);
    return status;
}

/* The list is left as it is: all in it is older now, and dropped when it is read again. */
static enum tally_status rule_now(struct programmes *programmes, struct store *store,
                                  struct programme_held *held)
{
    TALLY_TRY(store_meta_put(store, record_now, tally_buffer_slice(&held->text)));
    programmes_free(programmes);
    programmes->ruling = *held;
    tally_buffer_free(&programmes->ruling.text);
    *held = (struct programme_held){0};
    return TALLY_OK;
}

static enum tally_status rule_later(struct programmes *programmes, struct store *store,
                                    struct programme_held *held)
{
    TALLY_TRY(keep_list(programmes, store, held));
    return append(programmes, held);
}

enum tally_status programmes_take(struct programmes *programmes, struct store *store,
                                  struct tally_slice text, int64_t now_ms)
{
    struct programme_held held = {0};
    TALLY_TRY(parse(text, &held));
    uint32_t version = of(&held)->version;
    bool now = programmes->ruling.document == NULL || of(&held)->effective_ms <= now_ms;
    enum tally_status status = version <= programmes_version(programmes) ? TALLY_E_TOO_LATE
                               : now ? rule_now(programmes, store, &held)
                                     : rule_later(programmes, store, &held);
    if (status == TALLY_OK) {
        tally_log("programme: version %" PRIu32 " received, %s", version,
                  now ? "in force" : "in force later");
    }
    held_free(&held);
    return status;
}
