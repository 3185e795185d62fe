/* SPDX-License-Identifier: Apache-2.0 */
/* What a member reads after a sale: lines for a till's printer, paper from our own, and thanks on
 * the customer display. */
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

static enum receipt_language language_of(const struct errand *errand)
{
    return strcmp(errand->params->language, "zh") == 0 ? RECEIPT_CHINESE : RECEIPT_ENGLISH;
}

static enum tally_status answer_lines(const struct errand *errand,
                                      const struct receipt_facts *facts)
{
    struct lines lines = {.items = NULL};
    receipt_write(facts, language_of(errand), (size_t)errand->params->columns, take_line, &lines);
    if (!lines.failed) {
        till_answer_lines(errand->request, lines.items, lines.count);
    }
    enum tally_status status = lines.failed ? TALLY_E_NO_MEMORY : TALLY_OK;
    lines_free(&lines);
    return status;
}

/* ------------------------------------------------------------------ on our own printer */

static void unlink_printing(struct desk *desk, const struct printing *printing)
{
    struct printing **place = &desk->printing;
    while (*place != printing) {
        place = &(*place)->next;
    }
    *place = printing->next;
}

static void on_printed(void *context, enum hal_print_result result)
{
    static const char *const names[] = {[HAL_PRINT_DONE] = "done",
                                        [HAL_PRINT_UNCONFIRMED] = "unconfirmed",
                                        [HAL_PRINT_MAYBE] = "maybe",
                                        [HAL_PRINT_NOT] = "not"};
    struct printing *printing = context;
    struct till_request *request = printing->request;
    unlink_printing(printing->desk, printing);
    tally_free(printing);
    till_answer_printed(request, names[result]);
}

void printing_forget(struct desk *desk, const struct till_request *request)
{
    struct printing *printing = desk->printing;
    while (printing != NULL) {
        struct printing *next = printing->next;
        if (request == NULL || printing->request == request) {
            unlink_printing(desk, printing);
            paper_give_up(desk->ports.paper, printing->job);
            tally_free(printing);
        }
        printing = next;
    }
}

/* A printer that is not there is no reader that is not there. */
static enum tally_status print_status(struct desk *desk, enum tally_status status)
{
    if (status == TALLY_E_NOT_FOUND) {
        desk_explain(desk, "tallyd.conf names no printer");
    } else if (status == TALLY_E_READER_GONE) {
        desk_explain(desk, "the receipt printer is not plugged in");
        return TALLY_E_DEVICE;
    } else if (status == TALLY_E_BUSY) {
        desk_explain(desk, "too many receipts wait for the printer");
    }
    return status;
}

static enum tally_status answer_printed(const struct errand *errand,
                                        const struct receipt_facts *facts)
{
    struct desk *desk = errand->desk;
    struct printing *printing = tally_alloc(1, sizeof *printing);
    if (printing == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *printing = (struct printing){desk, errand->request, 0, NULL};
    enum tally_status status = paper_print(desk->ports.paper, facts, language_of(errand),
                                           on_printed, printing, &printing->job);
    if (status != TALLY_OK) {
        tally_free(printing);
        return print_status(desk, status);
    }
    printing->next = desk->printing;
    desk->printing = printing;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ facts of an event */

typedef enum tally_status facts_taker(const struct errand *errand,
                                      const struct receipt_facts *facts);

static enum tally_status with_facts(const struct errand *errand, const struct tally_event *event,
                                    const struct till_member *member, facts_taker *take)
{
    struct receipt_purse *purses = tally_alloc(member->programme->purse_count, sizeof *purses);
    if (purses == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    struct receipt_facts facts = receipt_facts_of(event, member, purses);
    enum tally_status status = take(errand, &facts);
    tally_free(purses);
    return status;
}

static bool has_receipt(const struct tally_event *event)
{
    return event->type == TALLY_EVENT_SALE || event->type == TALLY_EVENT_VOID ||
           event->type == TALLY_EVENT_REFUND;
}

static enum tally_status take_event(const struct errand *errand, facts_taker *take)
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
        struct till_member view = member_view(errand->desk, &person, errand->now_ms);
        status = with_facts(errand, event, &view, take);
        person_free(&person);
    }
    held_event_free(&held);
    return status;
}

enum tally_status do_receipt(const struct errand *errand)
{
    return take_event(errand, answer_lines);
}

enum tally_status do_print(const struct errand *errand)
{
    return take_event(errand, answer_printed);
}

/* ------------------------------------------------------------------ customer display */

void show_welcome(struct desk *desk, const struct till_member *member)
{
    int32_t day = tally_programme_day(member->programme, member->now_ms);
    struct tally_balance balance =
        tally_account_balance(member->account, TALLY_PURSE_POINTS, day, member->now_ms);
    paper_welcome(desk->ports.paper, member->name, balance.usable);
}

static enum tally_status thank(const struct errand *errand, const struct receipt_facts *facts)
{
    paper_thank(errand->desk->ports.paper, facts);
    return TALLY_OK;
}

void show_thanks(const struct errand *errand, const struct tally_event *event,
                 const struct till_member *member)
{
    if (errand->desk->ports.paper != NULL && with_facts(errand, event, member, thank) != TALLY_OK) {
        return; /* no memory for a courtesy */
    }
}
