/* SPDX-License-Identifier: Apache-2.0 */
/* The table of paired readers, and its file. */
#include "app/terminal/pairs.h"

#include "app/base/alloc.h"
#include "app/base/buffer.h"
#include "app/base/log.h"
#include "app/store/files.h"
#include "hal/reader/signed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char file_name[] = "readers";

enum {
    KEY_DIGITS = 2 * HAL_READER_KEY_LEN,
    LINE_LEN_MAX = KEY_DIGITS + 1 + 10 + 1 + HAL_READER_SERIAL_LEN_MAX + 1,
    FILE_LEN_MAX = PAIRS_MAX * LINE_LEN_MAX
};

/* ------------------------------------------------------------------ the file */

static enum tally_status write_pair(const struct hal_reader_pair *pair, struct tally_buffer *text)
{
    char line[LINE_LEN_MAX + 1];
    int len = 0;
    for (size_t i = 0; i < HAL_READER_KEY_LEN; i++) {
        len += snprintf(line + len, sizeof line - (size_t)len, "%02x", pair->key[i]);
    }
    len += snprintf(line + len, sizeof line - (size_t)len, " %" PRIu32 " %s\n", pair->counter,
                    pair->serial);
    enum tally_status status = tally_buffer_append(text, line, (size_t)len);
    explicit_bzero(line, sizeof line);
    return status;
}

static enum tally_status keep(struct pairs *pairs)
{
    struct tally_buffer text = {0};
    enum tally_status status = TALLY_OK;
    for (size_t i = 0; i < pairs->table.count && status == TALLY_OK; i++) {
        status = write_pair(&pairs->table.pairs[i], &text);
    }
    if (status == TALLY_OK) {
        status = file_write_whole(pairs->dir, file_name, tally_buffer_slice(&text));
    }
    for (size_t i = 0; i < pairs->table.count && status == TALLY_OK; i++) {
        pairs->kept[i] = pairs->table.pairs[i].counter;
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.len);
    }
    tally_buffer_free(&text);
    return status;
}

static bool read_key(const char *digits, uint8_t ret_key[HAL_READER_KEY_LEN])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < KEY_DIGITS; i++) {
        const char *digit = digits[i] == '\0' ? NULL : strchr(hex, digits[i]);
        if (digit == NULL) {
            return false;
        }
        ret_key[i / 2] = (uint8_t)(ret_key[i / 2] << 4 | (digit - hex));
    }
    return true;
}

/* `line` without its end. */
static bool read_pair(const char *line, struct hal_reader_pair *ret_pair)
{
    char *end = NULL;
    *ret_pair = (struct hal_reader_pair){.counter = 0};
    if (!read_key(line, ret_pair->key) || line[KEY_DIGITS] != ' ') {
        return false;
    }
    const char *counter = line + KEY_DIGITS + 1;
    errno = 0;
    unsigned long value = strtoul(counter, &end, 10);
    size_t serial_len = *end == ' ' ? strlen(end + 1) : 0;
    if (counter[0] < '0' || counter[0] > '9' || errno != 0 || value > UINT32_MAX ||
        serial_len == 0 || serial_len > HAL_READER_SERIAL_LEN_MAX) {
        return false;
    }
    ret_pair->counter = (uint32_t)value;
    memcpy(ret_pair->serial, end + 1, serial_len);
    return true;
}

/* ------------------------------------------------------------------ the table */

/* Room for `count` pairs; new ones are zero. */
static enum tally_status make_room(struct pairs *pairs, size_t count)
{
    if (count > PAIRS_MAX) {
        return TALLY_E_OVERFLOW;
    }
    struct hal_reader_pair *table = tally_alloc(count, sizeof *table);
    uint32_t *kept = tally_alloc(count, sizeof *kept);
    if (table == NULL || kept == NULL) {
        tally_free(table);
        tally_free(kept);
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < pairs->table.count; i++) {
        table[i] = pairs->table.pairs[i];
        kept[i] = pairs->kept[i];
        explicit_bzero(&pairs->table.pairs[i], sizeof table[i]);
    }
    tally_free(pairs->table.pairs);
    tally_free(pairs->kept);
    pairs->table.pairs = table;
    pairs->kept = kept;
    return TALLY_OK;
}

static enum tally_status append(struct pairs *pairs, const struct hal_reader_pair *pair)
{
    TALLY_TRY(make_room(pairs, pairs->table.count + 1));
    pairs->table.pairs[pairs->table.count] = *pair;
    pairs->kept[pairs->table.count] = pair->counter;
    pairs->table.count++;
    return TALLY_OK;
}

static enum tally_status read_lines(struct pairs *pairs, char *text)
{
    char *rest = text;
    struct hal_reader_pair pair;
    enum tally_status status = TALLY_OK;
    for (char *line = strsep(&rest, "\n"); rest != NULL && status == TALLY_OK;
         line = strsep(&rest, "\n")) {
        status = read_pair(line, &pair) ? append(pairs, &pair) : TALLY_E_STORE_DAMAGED;
    }
    explicit_bzero(&pair, sizeof pair);
    return status;
}

static void forget(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->table.count; i++) {
        explicit_bzero(&pairs->table.pairs[i], sizeof pairs->table.pairs[i]);
    }
    tally_free(pairs->table.pairs);
    tally_free(pairs->kept);
    pairs->table.pairs = NULL;
    pairs->kept = NULL;
    pairs->table.count = 0;
}

/* From inside a reader's driver, before the card is told of. */
static void on_counter(void *context, const struct hal_reader_pair *pair)
{
    struct pairs *pairs = context;
    size_t at = (size_t)(pair - pairs->table.pairs);
    if (pair->counter - pairs->kept[at] < PAIRS_COUNTER_STRIDE) {
        return;
    }
    enum tally_status status = keep(pairs);
    if (status != TALLY_OK) {
        tally_log("reader: %s: its counter could not be kept: %s", pair->serial,
                  tally_status_text(status));
    }
}

/* ------------------------------------------------------------------ for others */

void pairs_open(struct pairs *pairs, const char *dir)
{
    struct tally_buffer text = {0};
    *pairs = (struct pairs){.dir = dir};
    pairs->table.on_counter = on_counter;
    pairs->table.context = pairs;
    enum tally_status status = file_read_whole(dir, file_name, FILE_LEN_MAX, &text);
    if (status == TALLY_OK) {
        status = tally_buffer_append(&text, "", 1);
    }
    if (status == TALLY_OK) {
        status = read_lines(pairs, (char *)text.data);
    }
    if (status != TALLY_OK && status != TALLY_E_NOT_FOUND) {
        tally_log("reader: %s/%s: %s: no reader is paired", dir, file_name,
                  tally_status_text(status));
        forget(pairs);
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.len);
    }
    tally_buffer_free(&text);
}

void pairs_close(struct pairs *pairs)
{
    bool is_kept = true;
    for (size_t i = 0; i < pairs->table.count; i++) {
        is_kept = is_kept && pairs->kept[i] == pairs->table.pairs[i].counter;
    }
    if (!is_kept && keep(pairs) != TALLY_OK) {
        tally_log("reader: the counters of the paired readers could not be kept");
    }
    forget(pairs);
}

enum tally_status pairs_add(struct pairs *pairs, const char *serial,
                            const uint8_t key[HAL_READER_KEY_LEN])
{
    struct hal_reader_pair *pair = hal_signed_find(&pairs->table, serial);
    struct hal_reader_pair before = {.counter = 0}, added = {.counter = 0};
    snprintf(added.serial, sizeof added.serial, "%s", serial);
    memcpy(added.key, key, sizeof added.key);
    bool is_new = pair == NULL;
    enum tally_status status = TALLY_OK;
    if (is_new) {
        status = append(pairs, &added);
    } else {
        before = *pair;
        *pair = added;
    }
    if (status == TALLY_OK) {
        status = keep(pairs);
        if (status != TALLY_OK && is_new) {
            pairs->table.count--;
        } else if (status != TALLY_OK) {
            *pair = before;
        }
    }
    explicit_bzero(&before, sizeof before);
    explicit_bzero(&added, sizeof added);
    return status;
}

enum tally_status pairs_remove(struct pairs *pairs, const char *serial)
{
    struct hal_reader_pair *pair = hal_signed_find(&pairs->table, serial);
    if (pair == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    struct hal_reader_pair *last = &pairs->table.pairs[pairs->table.count - 1], removed = *pair;
    *pair = *last;
    *last = removed;
    pairs->table.count--;
    enum tally_status status = keep(pairs);
    if (status != TALLY_OK) { /* it is put back where it was */
        pairs->table.count++;
        *last = *pair;
        *pair = removed;
    } else {
        explicit_bzero(last, sizeof *last);
    }
    explicit_bzero(&removed, sizeof removed);
    return status;
}
