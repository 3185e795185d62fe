/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts and greetings on their way to the printer and the customer display. */
#include "app/terminal/paper.h"

#include "app/base/alloc.h"
#include "app/base/log.h"

#include <assert.h>

/* Somebody who waits for a receipt. */
struct waiter {
    struct waiter *next;
    uint32_t job;
    paper_done_fn *done;
    void *context;
};

struct paper {
    struct paper_settings settings;
    struct paper_watcher watcher;
    struct hal_printer *printer; /* owned; NULL: none is wanted */
    struct hal_display *display; /* owned; NULL likewise */
    struct waiter *waiters;
};

/* ---- what the printer says ---- */

static struct waiter *take_waiter(struct paper *paper, uint32_t job)
{
    struct waiter **at = &paper->waiters;
    while (*at != NULL && (*at)->job != job) {
        at = &(*at)->next;
    }
    struct waiter *waiter = *at;
    if (waiter != NULL) {
        *at = waiter->next;
    }
    return waiter;
}

static void on_done(void *context, uint32_t job, enum hal_print_result result)
{
    struct paper *paper = context;
    if (paper->display != NULL && hal_display_on_printed(paper->display, job)) {
        return;
    }
    struct waiter *waiter = take_waiter(paper, job);
    if (waiter != NULL) {
        struct waiter was = *waiter;
        tally_free(waiter);
        was.done(was.context, result);
    }
}

static const char *condition_name(enum hal_printer_condition condition)
{
    switch (condition) {
    case HAL_PRINTER_UNPLUGGED:
        return "unplugged";
    case HAL_PRINTER_COVER_OPEN:
        return "cover_open";
    case HAL_PRINTER_PAPER_OUT:
        return "paper_out";
    case HAL_PRINTER_ERROR:
        return "error";
    case HAL_PRINTER_OFFLINE:
        return "offline";
    case HAL_PRINTER_PAPER_LOW:
        return "paper_low";
    case HAL_PRINTER_READY:
        return "ready";
    }
    return "error";
}

static void on_state(void *context, const struct hal_printer_state *state)
{
    struct paper *paper = context;
    tally_log("printer %s: %s%s", state->name, condition_name(state->condition),
              state->is_silent ? ", answers no questions" : "");
    if (paper->display != NULL) {
        hal_display_on_printer_state(paper->display, state);
    }
    if (paper->watcher.on_state != NULL) {
        paper->watcher.on_state(paper->watcher.context);
    }
}

const char *paper_printer_state(const struct paper *paper)
{
    return paper == NULL || paper->printer == NULL
               ? NULL
               : condition_name(hal_printer_state(paper->printer).condition);
}

/* ---- open and close ---- */

struct hal_printer *paper_printer(const struct paper *paper)
{
    return paper == NULL ? NULL : paper->printer;
}

struct hal_display *paper_display(const struct paper *paper)
{
    return paper == NULL ? NULL : paper->display;
}

enum tally_status paper_open(const struct paper_settings *settings,
                             const struct paper_watcher *watcher, struct paper **ret_paper)
{
    assert(settings != NULL && watcher != NULL && ret_paper != NULL);
    assert(settings->columns >= TILL_COLUMNS_MIN && settings->columns <= TILL_COLUMNS_MAX);

    enum tally_status status = TALLY_OK;
    struct paper *paper = tally_alloc(1, sizeof *paper);
    if (paper == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    paper->settings = *settings;
    paper->watcher = *watcher;
    const struct hal_printer_watcher own = {paper, on_done, on_state};
    if (settings->prints) {
        status = hal_printer_new(&own, &paper->printer);
    }
    if (status == TALLY_OK && settings->display.choice != HAL_DISPLAY_NONE) {
        status = hal_display_new(&settings->display, paper->printer, &paper->display);
    }
    if (status != TALLY_OK) {
        paper_close(paper);
        return status;
    }
    *ret_paper = paper;
    return TALLY_OK;
}

void paper_close(struct paper *paper)
{
    if (paper == NULL) {
        return;
    }
    while (paper->waiters != NULL) {
        tally_free(take_waiter(paper, paper->waiters->job));
    }
    hal_display_free(paper->display);
    hal_printer_free(paper->printer);
    tally_free(paper);
}

/* ---- receipts ---- */

static enum tally_status print_facts(struct paper *paper, const struct receipt_facts *facts,
                                     enum receipt_language language, uint32_t *ret_job)
{
    struct hal_escpos document;
    enum hal_charset charset = paper->settings.charset;
    receipt_document(facts, charset == HAL_CHARSET_GB18030 ? language : RECEIPT_ENGLISH, charset,
                     paper->settings.columns, NULL, &document);
    enum tally_status status = document.status;
    if (status == TALLY_OK) {
        status = hal_printer_print(paper->printer, tally_buffer_slice(&document.bytes), ret_job);
    }
    hal_escpos_free(&document);
    return status;
}

enum tally_status paper_print(struct paper *paper, const struct receipt_facts *facts,
                              enum receipt_language language, paper_done_fn *done, void *context,
                              uint32_t *ret_job)
{
    assert(facts != NULL && done != NULL && ret_job != NULL);

    if (paper_printer(paper) == NULL) {
        return TALLY_E_NOT_FOUND;
    }
    struct waiter *waiter = tally_alloc(1, sizeof *waiter);
    if (waiter == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    *waiter = (struct waiter){.done = done, .context = context};
    enum tally_status status = print_facts(paper, facts, language, &waiter->job);
    if (status != TALLY_OK) {
        tally_free(waiter);
        return status;
    }
    waiter->next = paper->waiters;
    paper->waiters = waiter;
    *ret_job = waiter->job;
    return TALLY_OK;
}

void paper_give_up(struct paper *paper, uint32_t job)
{
    enum hal_print_result result;
    struct waiter *waiter = take_waiter(paper, job);
    if (waiter != NULL) {
        enum tally_status status = hal_printer_give_up(paper->printer, job, &result);
        assert(status == TALLY_OK); /* whoever is done has no waiter */
        (void)status;
        tally_free(waiter);
    }
}

/* ---- display ---- */

static enum receipt_language display_language(const struct paper *paper)
{
    return paper->settings.display.charset == HAL_CHARSET_GB18030 ? RECEIPT_CHINESE
                                                                  : RECEIPT_ENGLISH;
}

void paper_welcome(struct paper *paper, const char *name, int64_t points)
{
    char upper[RECEIPT_TEXT_MAX], lower[RECEIPT_TEXT_MAX];
    if (paper_display(paper) != NULL) {
        receipt_welcome(display_language(paper), name, points, upper, lower);
        hal_display_show(paper->display, upper, lower);
        explicit_bzero(upper, sizeof upper);
    }
}

void paper_thank(struct paper *paper, const struct receipt_facts *facts)
{
    char upper[RECEIPT_TEXT_MAX], lower[RECEIPT_TEXT_MAX];
    if (paper_display(paper) != NULL) {
        receipt_thanks(facts, display_language(paper), upper, lower);
        hal_display_show(paper->display, upper, lower);
    }
}
