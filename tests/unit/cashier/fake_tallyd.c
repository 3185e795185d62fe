/* SPDX-License-Identifier: Apache-2.0 */
/* A tallyd of invented members, for looking at the screen and for testing the client: the real till
 * server and the real engine on the programme leaf.json, with nothing behind them: no store, no
 * head office. Not installed.
 *
 *   fake_tallyd SOCKET        then lines on standard input:
 *     swipe N                 member 1..6 swipes
 *     refuse STATUS-NUMBER    a refused swipe; 17 carries a token
 *     hq up | hq STATUS-NUMBER | reader on | reader off | pending N | quit */
#include "app/base/alloc.h"
#include "app/base/book.h"
#include "app/core/bonus.h"
#include "app/core/reversal.h"
#include "app/programme/document.h"
#include "app/till/till.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMBERS_MAX = 16, LINE_MAX_LEN = 256, REFS_MAX = 64, TERMINAL = 7, OFFERS_MAX = 16 };

#define FIRST_MEMBER UINT64_C(1000000000000000000)

struct person {
    char name[TILL_NAME_LEN_MAX + 1];
    struct tally_book book;
};

/* What was sold, and the block that its event points into. */
struct sale {
    char ref[TALLY_TEXT_LEN_MAX + 1];
    size_t person;
    struct tally_line line;
    void *room;
    struct tally_event event;
    bool is_void;
};

struct fake {
    struct till_server *server;
    struct tally_programme_document *document;
    const struct tally_programme *programme;
    struct person people[MEMBERS_MAX];
    size_t person_count;
    struct sale sales[REFS_MAX];
    size_t sale_count;
    struct tally_offer offers[OFFERS_MAX];
    struct till_status status;
    uv_pipe_t input;
    char line[LINE_MAX_LEN];
    size_t line_len;
};

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void must(enum tally_status status)
{
    if (status != TALLY_OK) {
        fprintf(stderr, "fake_tallyd: %s\n", tally_status_text(status));
        abort();
    }
}

static struct tally_occasion occasion_of(const struct fake *fake, size_t index)
{
    return (struct tally_occasion){.terminal = TERMINAL,
                                   .now_ms = now_ms(),
                                   .day = tally_programme_day(fake->programme, now_ms()),
                                   .minute = tally_programme_minute(fake->programme, now_ms()),
                                   .member = FIRST_MEMBER + index};
}

static struct till_member member_of(struct fake *fake, size_t index)
{
    struct person *person = &fake->people[index];
    struct tally_occasion occasion = occasion_of(fake, index);
    struct till_member member = {.member = FIRST_MEMBER + index,
                                 .name = person->name,
                                 .programme = fake->programme,
                                 .account = &person->book.account,
                                 .offers = fake->offers,
                                 .terminal = TERMINAL,
                                 .now_ms = occasion.now_ms};
    size_t room_len = tally_offers_room(fake->programme);
    void *room = tally_alloc(room_len, 1);
    must(tally_offers(fake->programme, member.account, &occasion, 12, room, room_len, fake->offers,
                      &member.offer_count));
    tally_free(room);
    return member;
}

static void happen(struct fake *fake, size_t index, struct tally_event *event)
{
    event->id = (struct tally_event_id){TERMINAL, 1, ++fake->status.events};
    event->time = (tally_hlc)now_ms() << 16;
    must(tally_book_apply(&fake->people[index].book, event));
}

/* Points, and spending that counts towards tiers. */
static void give(struct fake *fake, size_t index, uint32_t purse, uint32_t drawer, int64_t points,
                 int64_t spend_minor)
{
    struct tally_move moves[16];
    struct tally_count counts[16];
    struct tally_bonus_room room = {moves, 16, counts, 16};
    struct tally_moment moment = {drawer, now_ms(), tally_programme_day(fake->programme, now_ms())};
    struct tally_adjust_request request = {
        .purse = purse, .drawer = drawer, .points = points, .spend_minor = spend_minor};
    struct tally_event event;
    must(tally_adjust_plan(fake->programme, &fake->people[index].book.account, &request, &moment,
                           &room, &event));
    event.account = 1 + index;
    event.as.adjust.reason = event.as.adjust.who = (struct tally_slice){(const uint8_t *)"x", 1};
    happen(fake, index, &event);
}

static bool find(const struct fake *fake, uint64_t member, size_t *ret_index)
{
    *ret_index = (size_t)(member - FIRST_MEMBER);
    return *ret_index < fake->person_count;
}

/* ------------------------------------------------------------------ sales */

static void answer_receipt(struct fake *fake, struct till_request *request, size_t index,
                           const struct tally_event *event, bool repeated)
{
    struct till_receipt receipt = {
        .event = event, .repeated = repeated, .member = member_of(fake, index)};
    till_answer_receipt(request, &receipt);
    till_notify_status(fake->server, &fake->status);
}

static void on_quote(struct fake *fake, struct till_request *request, size_t index)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_account *account = &fake->people[index].book.account;
    struct tally_occasion occasion = occasion_of(fake, index);
    struct tally_event event;
    struct tally_quote quote;
    struct till_quote view = {.programme = fake->programme,
                              .basket = &params->basket,
                              .quote = &quote,
                              .day = occasion.day};
    size_t room_len = tally_sale_room(fake->programme, account, &params->basket);
    void *room = tally_alloc(room_len, 1);
    enum tally_status status = tally_sale_plan(fake->programme, account, &params->basket, &occasion,
                                               room, room_len, &event, &quote);
    if (status == TALLY_OK) {
        struct tally_guard_scene scene = {
            .account = account, .event = &event, .now_ms = occasion.now_ms};
        view.event = &event;
        view.ruling = tally_guard_rule(fake->programme, &scene);
    } else if (status == TALLY_E_POINTS_SHORT) {
        status = tally_sale_quote(fake->programme, account, &params->basket, &occasion, room,
                                  room_len, &quote);
    }
    if (status == TALLY_OK) {
        till_answer_quote(request, &view);
    } else {
        till_answer_refused(request, status, "");
    }
    tally_free(room);
}

static struct sale *sale_of(struct fake *fake, const char *ref)
{
    for (size_t i = 0; i < fake->sale_count; i++) {
        if (strcmp(fake->sales[i].ref, ref) == 0) {
            return &fake->sales[i];
        }
    }
    return NULL;
}

static void on_sale(struct fake *fake, struct till_request *request, size_t index)
{
    const struct till_params *params = till_request_params(request);
    const struct tally_account *account = &fake->people[index].book.account;
    struct sale *before = sale_of(fake, params->ref);
    if (before != NULL) {
        answer_receipt(fake, request, before->person, &before->event, true);
        return;
    }
    if (fake->sale_count == REFS_MAX || params->basket.line_count != 1) {
        till_answer_refused(request, TALLY_E_STORE_FULL, "");
        return;
    }
    struct sale *sale = &fake->sales[fake->sale_count];
    struct tally_occasion occasion = occasion_of(fake, index);
    struct tally_basket basket = params->basket;
    struct tally_quote quote;
    sale->line = basket.lines[0]; /* the screen's: no texts in it */
    sale->line.sku = sale->line.categories = (struct tally_slice){NULL, 0};
    basket.lines = &sale->line;
    size_t room_len = tally_sale_room(fake->programme, account, &basket);
    sale->room = tally_alloc(room_len, 1);
    enum tally_status status = tally_sale_plan(fake->programme, account, &basket, &occasion,
                                               sale->room, room_len, &sale->event, &quote);
    if (status != TALLY_OK) {
        tally_free(sale->room);
        till_answer_refused(request, status, "");
        return;
    }
    snprintf(sale->ref, sizeof sale->ref, "%s", params->ref);
    sale->event.as.sale.ref = (struct tally_slice){(const uint8_t *)sale->ref, strlen(sale->ref)};
    sale->event.as.sale.basket.claims = NULL; /* the request's; not looked at again */
    sale->event.as.sale.basket.claim_count = 0;
    sale->person = index;
    fake->sale_count++;
    fake->status.pending++;
    happen(fake, index, &sale->event);
    answer_receipt(fake, request, index, &sale->event, false);
}

static void on_void(struct fake *fake, struct till_request *request)
{
    struct sale *sale = sale_of(fake, till_request_params(request)->sale_ref);
    if (sale == NULL || sale->is_void) {
        till_answer_refused(request, TALLY_E_NOT_FOUND, "");
        return;
    }
    const struct tally_account *account = &fake->people[sale->person].book.account;
    struct tally_refund_request undo = {.sale = &sale->event,
                                        .terminal = TERMINAL,
                                        .now_ms = now_ms(),
                                        .day = sale->event.business_day};
    struct tally_event event;
    size_t room_len = tally_refund_room(account, &undo);
    void *room = tally_alloc(room_len, 1);
    enum tally_status status =
        tally_void_plan(fake->programme, account, &undo, room, room_len, &event);
    if (status == TALLY_OK) {
        sale->is_void = true;
        happen(fake, sale->person, &event);
        answer_receipt(fake, request, sale->person, &event, false);
    } else {
        till_answer_refused(request, status, "");
    }
    tally_free(room);
}

/* ------------------------------------------------------------------ people */

static void on_enrol(struct fake *fake, struct till_request *request)
{
    if (fake->person_count == MEMBERS_MAX) {
        till_answer_refused(request, TALLY_E_STORE_FULL, "");
        return;
    }
    struct person *person = &fake->people[fake->person_count++];
    snprintf(person->name, sizeof person->name, "%s", till_request_params(request)->name);
    give(fake, fake->person_count - 1, TALLY_PURSE_POINTS, TERMINAL, 100, 0);
    struct till_member member = member_of(fake, fake->person_count - 1);
    till_answer_member(request, &member);
}

static void on_identify(struct fake *fake, struct till_request *request)
{
    const char *text = till_request_params(request)->text;
    size_t len = strlen(text);
    size_t index = len == 0 ? MEMBERS_MAX : (size_t)(text[len - 1] - '1');
    if (text[0] == '4') {
        till_answer_refused(request, TALLY_E_PAYMENT_CARD, "");
    } else if (index >= fake->person_count) {
        till_answer_refused(request, TALLY_E_NOT_FOUND, "");
    } else {
        struct till_member member = member_of(fake, index);
        till_answer_member(request, &member);
    }
}

static void on_request(void *context, struct till_request *request)
{
    struct fake *fake = context;
    const struct till_params *params = till_request_params(request);
    static const struct till_reader readers[] = {
        {.name = "Tallystick reader", .serial = "R1", .state = "ready", .is_paired = true},
        {.name = "USB reader", .serial = "", .state = "unused"}};
    struct till_verified verified = {
        .events = fake->status.events, .accounts = 6, .difference = ""};
    size_t index = 0;
    switch (till_request_method(request)) {
    case TILL_STATUS:
        till_answer_status(request, &fake->status);
        return;
    case TILL_IDENTIFY:
        on_identify(fake, request);
        return;
    case TILL_ENROL:
        on_enrol(fake, request);
        return;
    case TILL_VOID:
        on_void(fake, request);
        return;
    case TILL_VERIFY:
        till_answer_verified(request, &verified);
        return;
    case TILL_SYNC:
    case TILL_READER_UNPAIR:
        till_answer_done(request);
        return;
    case TILL_READERS:
        till_answer_readers(request, readers, 2);
        return;
    case TILL_READER_PAIR:
        till_answer_paired(request, "R1");
        return;
    case TILL_REFUND:
    case TILL_HOLD:
    case TILL_RELEASE:
    case TILL_CARD:
    case TILL_ADJUST:
    case TILL_RECEIPT:
    case TILL_PRINT:
        till_answer_refused(request, TALLY_E_NOT_READY, "not in this one");
        return;
    case TILL_MEMBER:
    case TILL_QUOTE:
    case TILL_SALE:
        break;
    }
    if (!find(fake, params->member, &index)) {
        till_answer_refused(request, TALLY_E_NOT_FOUND, "");
    } else if (till_request_method(request) == TILL_MEMBER) {
        struct till_member member = member_of(fake, index);
        till_answer_member(request, &member);
    } else if (till_request_method(request) == TILL_QUOTE) {
        on_quote(fake, request, index);
    } else {
        on_sale(fake, request, index);
    }
}

static void on_cancelled(void *context, struct till_request *request)
{
    (void)context;
    (void)request; /* everything is answered at once */
}

/* ------------------------------------------------------------------ commands */

static void on_command(struct fake *fake, const char *line)
{
    int number = 0;
    char word[16] = "";
    if (sscanf(line, "swipe %d", &number) == 1 && number >= 1 &&
        (size_t)number <= fake->person_count) {
        struct till_member member = member_of(fake, (size_t)number - 1);
        till_notify_member(fake->server, &member, TALLY_ENTRY_SWIPED, TALLY_STRENGTH_STATIC);
    } else if (sscanf(line, "refuse %d", &number) == 1) {
        till_notify_refused(fake->server, (enum tally_status)number,
                            number == TALLY_E_UNKNOWN_CARD ? "token" : "");
    } else if (sscanf(line, "pending %d", &number) == 1) {
        fake->status.pending = (uint64_t)number;
        till_notify_status(fake->server, &fake->status);
    } else if (sscanf(line, "reader %15s", word) == 1) {
        fake->status.readers_ready = strcmp(word, "on") == 0;
        fake->status.reader_status = fake->status.readers_ready ? TALLY_OK : TALLY_E_READER_GONE;
        till_notify_status(fake->server, &fake->status);
    } else if (sscanf(line, "hq %15s", word) == 1) {
        bool up = strcmp(word, "up") == 0;
        fake->status.hq_state = up ? "up" : "down";
        fake->status.hq_why = up ? TALLY_OK : (enum tally_status)atoi(word);
        till_notify_status(fake->server, &fake->status);
    } else if (strcmp(line, "quit") == 0) {
        till_server_close(fake->server, NULL, NULL);
        uv_close((uv_handle_t *)&fake->input, NULL);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_bytes)
{
    (void)suggested;
    struct fake *fake = handle->data;
    *ret_bytes = uv_buf_init(fake->line + fake->line_len,
                             (unsigned)(sizeof fake->line - 1 - fake->line_len));
}

static void on_input(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
    (void)bytes;
    struct fake *fake = stream->data;
    if (len < 0) {
        uv_read_stop(stream); /* goes on without commands */
        return;
    }
    fake->line_len += (size_t)len;
    fake->line[fake->line_len] = '\0';
    char *at = fake->line;
    for (char *end = strchr(at, '\n'); end != NULL; end = strchr(at, '\n')) {
        *end = '\0';
        on_command(fake, at);
        at = end + 1;
    }
    fake->line_len = strlen(at);
    memmove(fake->line, at, fake->line_len + 1);
    if (fake->line_len == sizeof fake->line - 1) {
        fake->line_len = 0;
    }
}

/* ------------------------------------------------------------------ start */

static void load_programme(struct fake *fake)
{
    struct tally_buffer text = {0};
    FILE *file = fopen(LEAF_JSON, "re");
    must(tally_buffer_reserve(&text, 64 * 1024));
    if (file != NULL) {
        text.len = fread(text.data, 1, 64 * 1024, file);
        fclose(file);
    }
    must(tally_programme_parse(tally_buffer_slice(&text), &fake->document, NULL));
    tally_buffer_free(&text);
    fake->programme = tally_programme_of(fake->document);
    fake->status.programme_name = fake->programme->name;
    fake->status.programme_version = fake->programme->version;
    fake->status.currency = fake->programme->currency;
    fake->status.currency_exponent = fake->programme->currency_exponent;
}

static void invent_people(struct fake *fake)
{
    static const struct {
        const char *name;
        int64_t spend_minor, points, points_here, stamps;
    } invented[] = {
        {"Ann Baker", 40000, 320, 320, 3},
        {"李伟", 198800, 7840, 5000, 12},
        {"Zoë Müller", 798800, 38210, 10000, 0},
        {"欧阳娜娜", 1998800, 132000, 20000, 7},
        {"Sir Archibald Featherstonehaugh-Cholmondeley", 9000000, 9826543, 50000, 9},
        {"王芳", 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        size_t index = fake->person_count++;
        snprintf(fake->people[index].name, sizeof fake->people[index].name, "%s", invented[i].name);
        if (invented[i].points > 0) {
            give(fake, index, TALLY_PURSE_POINTS, TALLY_TERMINAL_HQ, invented[i].points,
                 invented[i].spend_minor);
            give(fake, index, TALLY_PURSE_POINTS, TERMINAL, invented[i].points_here, 0);
        }
        if (invented[i].stamps > 0) {
            give(fake, index, tally_word_id("STAMPS", 6), TERMINAL, invented[i].stamps, 0);
        }
    }
    fake->status.members = fake->person_count;
}

int main(int argc, char **argv)
{
    static struct fake fake = {.status = {.terminal = TERMINAL,
                                          .shop = 12,
                                          .epoch = 1,
                                          .readers_ready = 1,
                                          .reader_name = "Tally MSR",
                                          .hq_state = "up",
                                          .hq_detail = ""}};
    uv_loop_t *loop = uv_default_loop();
    if (argc != 2) {
        fputs("Usage: fake_tallyd SOCKET\n", stderr);
        return 2;
    }
    load_programme(&fake);
    invent_people(&fake);
    fake.status.hq_contact_ms = now_ms();
    struct till_server_options options = {
        .path = argv[1], .ops = {on_request, on_cancelled}, .context = &fake};
    enum tally_status status = till_server_open(loop, &options, &fake.server);
    if (status != TALLY_OK) {
        fprintf(stderr, "fake_tallyd: %s\n", tally_status_text(status));
        return 1;
    }
    uv_pipe_init(loop, &fake.input, 0);
    fake.input.data = &fake;
    uv_handle_type input = uv_guess_handle(0);
    if ((input == UV_NAMED_PIPE || input == UV_TTY) && uv_pipe_open(&fake.input, 0) == 0) {
        uv_read_start((uv_stream_t *)&fake.input, on_alloc, on_input);
    }
    puts("ready");
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < fake.sale_count; i++) {
        tally_free(fake.sales[i].room);
    }
    for (size_t i = 0; i < fake.person_count; i++) {
        tally_book_free(&fake.people[i].book);
    }
    tally_programme_document_free(fake.document);
    return 0;
}
