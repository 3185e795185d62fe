/* SPDX-License-Identifier: Apache-2.0 */
/* Events gathered from a store or a journal, account by account. */
#include "app/hq/history.h"

#include "app/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum tally_status history_add(struct history *history, struct tally_slice event)
{
    if (history->count == history->cap) {
        size_t cap = history->cap == 0 ? 64 : 2 * history->cap;
        struct history_event *grown = tally_realloc(history->items, cap, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        history->items = grown;
        history->cap = cap;
    }
    struct history_event *item = &history->items[history->count];
    *item = (struct history_event){.bytes = {0}};
    TALLY_TRY(tally_buffer_append(&item->bytes, event.data, event.len));
    enum tally_status status = tally_event_decode(tally_buffer_slice(&item->bytes), &item->decoded);
    if (status != TALLY_OK) {
        tally_buffer_free(&item->bytes);
        return status;
    }
    history->count++;
    return TALLY_OK;
}

static int compare_number(uint64_t left, uint64_t right)
{
    return left < right ? -1 : left > right;
}

static int by_account_and_time(const void *left, const void *right)
{
    const struct tally_event *a = *(const struct tally_event *const *)left;
    const struct tally_event *b = *(const struct tally_event *const *)right;
    int order = compare_number(a->account, b->account);
    order = order != 0 ? order : compare_number(a->time, b->time);
    order = order != 0 ? order : compare_number(a->id.terminal, b->id.terminal);
    order = order != 0 ? order : compare_number(a->id.epoch, b->id.epoch);
    return order != 0 ? order : compare_number(a->id.seq, b->id.seq);
}

enum tally_status history_each_account(struct history *history, history_visit each, void *context)
{
    const struct tally_event **events = tally_alloc(history->count, sizeof *events);
    if (events == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < history->count; i++) {
        events[i] = &history->items[i].decoded.event;
    }
    qsort(events, history->count, sizeof *events, by_account_and_time);
    enum tally_status status = TALLY_OK;
    size_t first = 0;
    while (first < history->count && status == TALLY_OK) {
        size_t end = first + 1;
        while (end < history->count && events[end]->account == events[first]->account) {
            end++;
        }
        status = each(context, events + first, end - first);
        first = end;
    }
    tally_free(events);
    return status;
}

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        tally_event_decoded_free(&history->items[i].decoded);
        tally_buffer_free(&history->items[i].bytes);
    }
    tally_free(history->items);
    *history = (struct history){.count = 0};
}
