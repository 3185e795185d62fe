/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that a till prints below its own receipt. */
#include "app/terminal/desk_inside.h"

#include "app/base/alloc.h"
#include "app/terminal/receipt.h"

#include <string.h>

/* As many as there are: a programme may have any number of purses. */
struct lines {
    struct till_line *items; /* owned, and their texts */
    size_t count, room;
    bool failed; /* no memory */
};

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        tally_free((void *)(uintptr_t)lines->items[i].text); /* made by take_line(): ours to free */
    }
    tally_free(lines->items);
}

static bool make_room(struct lines *lines)
{
    size_t room = lines->room == 0 ? 16 : 2 * lines->room;
    if (lines->count < lines->room) {
        return true;
    }
    struct till_line *items = tally_realloc(lines->items, room, sizeof *items);
    if (items == NULL) {
        return false;
    }
    lines->items = items;
    lines->room = room;
    return true;
}

static void take_line(void *context, const struct receipt_line *line)
{
    struct lines *lines = context;
    char *text = make_room(lines) ? tally_copy_text(line->text) : NULL;
    if (text == NULL) {
        lines->failed = true;
        return;
    }
    lines->items[lines->count++] = (struct till_line){text, line->is_title};
}

static enum tally_status answer_lines(const struct errand *errand, const struct tally_event *event,
                                      const struct person *person)
{
    struct till_member view = member_view(errand->desk, person, errand->now_ms);
    struct receipt_purse *purses = tally_alloc(view.programme->purse_count, sizeof *purses);
    struct lines lines = {.items = NULL};
    if (purses == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct receipt_facts facts = receipt_facts_of(event, &view, purses);
    bool is_chinese = strcmp(errand->params->language, "zh") == 0;
    receipt_write(&facts, is_chinese ? RECEIPT_CHINESE : RECEIPT_ENGLISH,
                  (size_t)errand->params->columns, take_line, &lines);
    if (!lines.failed) {
        till_answer_lines(errand->request, lines.items, lines.count);
    }
    enum tally_status status = lines.failed ? TALLY_E_NO_MEMORY : TALLY_OK;
    lines_free(&lines);
    tally_free(purses);
    return status;
}

static bool has_receipt(const struct tally_event *event)
{
    return event->type == TALLY_EVENT_SALE || event->type == TALLY_EVENT_VOID ||
           event->type == TALLY_EVENT_REFUND;
}

enum tally_status do_receipt(const struct errand *errand)
{
    uint64_t seq = 0;
    struct held_event held;
    struct person person;
    TALLY_TRY(
        store_ref_get(errand->desk->ledger->store, tally_slice_text(errand->params->ref), &seq));
    if (seq == 0) {
        return TALLY_E_NOT_FOUND; /* from before this epoch: the event is not here */
    }
    TALLY_TRY(held_event_get(errand->desk, seq, &held));
    const struct tally_event *event = &held.decoded.event;
    enum tally_status status = has_receipt(event) ? TALLY_OK : TALLY_E_INVALID;
    if (status == TALLY_OK) {
        status = person_get(errand->desk, event->member, &person);
    }
    if (status == TALLY_OK) {
        status = answer_lines(errand, event, &person);
        person_free(&person);
    }
    held_event_free(&held);
    return status;
}
