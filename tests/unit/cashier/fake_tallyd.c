/* SPDX-License-Identifier: Apache-2.0 */
/* A tallyd of invented members, for looking at the screen and for testing the client: the real till
 * server with arithmetic simple enough to check by eye. Not installed.
 *
 *   fake_tallyd SOCKET        then lines on standard input:
 *     swipe N                 member 1..6 swipes
 *     refuse STATUS-NUMBER    a refused swipe; 17 carries a token
 *     hq up | hq STATUS-NUMBER | reader on | reader off | pending N | quit */
#include "app/till/till.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMBERS_MAX = 16, LINE_MAX_LEN = 256, REFS_MAX = 64 };

static const struct till_tier tiers[] = {{"1xVIP", "Member", "普通会员", 1, 100},
                                         {"2xVIP", "Silver", "银卡会员", 2, 120},
                                         {"3xVIP", "Gold", "金卡会员", 3, 150},
                                         {"4xVIP", "Platinum", "白金会员", 4, 200},
                                         {"5xVIP", "Diamond", "钻石会员", 5, 300}};

struct person {
    char name[TILL_NAME_LEN_MAX + 1];
    size_t tier;
    int64_t points, points_here;
};

struct sale {
    char ref[TALLY_TEXT_LEN_MAX + 1];
    size_t person;
    struct till_receipt receipt;
};

struct fake {
    struct till_server *server;
    struct person people[MEMBERS_MAX];
    size_t person_count;
    struct sale sales[REFS_MAX];
    size_t sale_count;
    struct till_status status;
    uv_pipe_t input;
    char line[LINE_MAX_LEN];
    size_t line_len;
};

static struct till_member member_of(const struct fake *fake, size_t index)
{
    const struct person *person = &fake->people[index];
    struct till_member member = {.member = UINT64_C(1000000000000000000) + index,
                                 .account = 1 + index,
                                 .name = person->name,
                                 .tier = tiers[person->tier],
                                 .metric_is_spend = true,
                                 .points = person->points,
                                 .points_here = person->points_here,
                                 .value_minor = person->points,
                                 .visits = 12,
                                 .next_expiry_day = tally_day_from_date(2026, 12, 31),
                                 .next_expiry_points = person->points / 4};
    if (person->tier < 4) {
        member.next_tier = tiers[person->tier + 1];
        member.next_tier_needed = 1200;
    }
    if (member.next_expiry_points == 0) {
        member.next_expiry_day = TALLY_DAY_NEVER;
    }
    return member;
}

static bool find(const struct fake *fake, uint64_t member, size_t *ret_index)
{
    *ret_index = (size_t)(member - UINT64_C(1000000000000000000));
    return *ret_index < fake->person_count;
}

static struct till_quote quote_of(const struct fake *fake, size_t index,
                                  const struct till_params *params)
{
    const struct person *person = &fake->people[index];
    struct till_quote quote = {.tier = tiers[person->tier], .tier_after = tiers[person->tier]};
    for (size_t i = 0; i < params->basket.line_count; i++) {
        quote.quote.total_minor += params->basket.lines[i].amount_minor;
    }
    int64_t half = quote.quote.total_minor / 2 / 100 * 100;
    quote.quote.redeemed_points = params->points;
    quote.quote.redeemed_minor = params->points;
    quote.quote.to_pay_minor = quote.quote.total_minor - params->points;
    quote.quote.earned_points =
        quote.quote.to_pay_minor * tiers[person->tier].multiplier_pct / 10000;
    quote.quote.redeemable_here = person->points_here < half ? person->points_here : half;
    quote.quote.redeemable_online = person->points < half ? person->points : half;
    if (quote.quote.total_minor >= 1200 && person->tier < 4) {
        quote.tier_after = tiers[person->tier + 1];
    }
    return quote;
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
    struct sale *before = sale_of(fake, params->ref);
    if (before != NULL) {
        before->receipt.repeated = true;
        till_answer_receipt(request, &before->receipt);
        return;
    }
    struct till_quote quote = quote_of(fake, index, params);
    if (params->points > quote.quote.redeemable_here || fake->sale_count == REFS_MAX) {
        till_answer_refused(request, TALLY_E_POINTS_SHORT, "");
        return;
    }
    struct sale *sale = &fake->sales[fake->sale_count++];
    fake->people[index].points += quote.quote.earned_points - params->points;
    fake->people[index].points_here += quote.quote.earned_points - params->points;
    snprintf(sale->ref, sizeof sale->ref, "%s", params->ref);
    sale->person = index;
    sale->receipt = (struct till_receipt){.id = {7, 1, ++fake->status.events},
                                          .total_minor = quote.quote.total_minor,
                                          .redeemed_points = params->points,
                                          .redeemed_minor = quote.quote.redeemed_minor,
                                          .earned_points = quote.quote.earned_points,
                                          .member = member_of(fake, index)};
    fake->status.pending++;
    till_answer_receipt(request, &sale->receipt);
    till_notify_status(fake->server, &fake->status);
}

static void on_void(struct fake *fake, struct till_request *request)
{
    struct sale *sale = sale_of(fake, till_request_params(request)->sale_ref);
    if (sale == NULL) {
        till_answer_refused(request, TALLY_E_NOT_FOUND, "");
        return;
    }
    fake->people[sale->person].points +=
        sale->receipt.redeemed_points - sale->receipt.earned_points;
    struct till_receipt receipt = sale->receipt;
    receipt.member = member_of(fake, sale->person);
    till_answer_receipt(request, &receipt);
}

static void on_enrol(struct fake *fake, struct till_request *request)
{
    if (fake->person_count == MEMBERS_MAX) {
        till_answer_refused(request, TALLY_E_STORE_FULL, "");
        return;
    }
    struct person *person = &fake->people[fake->person_count++];
    snprintf(person->name, sizeof person->name, "%s", till_request_params(request)->name);
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
        till_answer_done(request);
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
        struct till_quote quote = quote_of(fake, index, params);
        till_answer_quote(request, &quote);
    } else {
        on_sale(fake, request, index);
    }
}

static void on_cancelled(void *context, struct till_request *request)
{
    (void)context;
    (void)request; /* everything is answered at once */
}

static void on_command(struct fake *fake, const char *line)
{
    int number = 0;
    char word[16] = "";
    if (sscanf(line, "swipe %d", &number) == 1 && number >= 1 &&
        (size_t)number <= fake->person_count) {
        struct till_member member = member_of(fake, (size_t)number - 1);
        till_notify_member(fake->server, &member, "swiped");
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

int main(int argc, char **argv)
{
    static struct fake fake = {
        .people = {{"Ann Baker", 0, 320, 320},
                   {"李伟", 1, 12840, 5000},
                   {"Zoë Müller", 2, 48210, 10000},
                   {"欧阳娜娜", 3, 152000, 20000},
                   {"Sir Archibald Featherstonehaugh-Cholmondeley", 4, 9876543, 50000},
                   {"王芳", 0, 0, 0}},
        .person_count = 6,
        .status = {.terminal = 7,
                   .shop = 12,
                   .epoch = 1,
                   .programme_name = "Golden Leaf 金叶会员",
                   .programme_version = 3,
                   .currency = "CNY",
                   .currency_exponent = 2,
                   .readers_ready = 1,
                   .reader_name = "Tally MSR",
                   .hq_state = "up",
                   .hq_detail = "",
                   .events = 1204,
                   .members = 6}};
    uv_loop_t *loop = uv_default_loop();
    if (argc != 2) {
        fputs("Usage: fake_tallyd SOCKET\n", stderr);
        return 2;
    }
    fake.status.hq_contact_ms = (int64_t)time(NULL) * 1000;
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
    return 0;
}
