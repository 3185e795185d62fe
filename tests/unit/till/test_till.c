/* SPDX-License-Identifier: Apache-2.0 */
/* The till's socket as a till sees it: a real Unix socket, real lines, and clients that
 * misbehave. */
#include "app/till/till.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_LEN_MAX = 1024 * 1024, HELD_MAX = 64, STAMPS = 77, LINES_SEEN = 2 };

/* A daemon that knows one member, or holds its answers back. */
struct house {
    uv_loop_t loop;
    struct till_server *server;
    char dir[64];
    char path[96];
    bool hold;
    struct till_request *held[HELD_MAX];
    size_t held_count;
    size_t requests;
    size_t cancelled;
    char seen[512]; /* what the last request said */
    char wants[32]; /* language and columns of its receipt */
    struct tally_claim claims[4];
    size_t claim_count;
    bool refuses;    /* its guards */
    bool short_here; /* the drawer holds too little */
    bool closed;
};

/* ------------------------------------------------------------------ a programme and a member */

#define NOW_MS INT64_C(1795305600000) /* 2026-11-22 00:00 UTC */

static const struct tally_condition spend_2000[] = {{TALLY_METRIC_SPEND, 200000}};
static const struct tally_tier tiers[] = {
    {.code = "P", .id = 1, .name = {"Member", "会员"}, .stars = 1, .multiplier_pct = 100},
    {.code = "VIP",
     .id = 2,
     .name = {"VIP", "贵宾"},
     .note = {"may skip the queue", "免排队"},
     .stars = 3,
     .colour = 0xc0a000,
     .conditions = spend_2000,
     .condition_count = 1,
     .multiplier_pct = 200},
};
static const struct tally_cap daily[] = {{{TALLY_PERIOD_DAY, 0}, 100, false, false}};
static const struct tally_rule rules[] = {
    {.code = "base",
     .id = 11,
     .name = {"1 point per 1.00", "每 1 元积 1 分"},
     .kind = TALLY_EARN_PER_MONEY,
     .points = 1,
     .per_minor = 100,
     .caps = daily,
     .cap_count = 1},
    {.code = "stamp",
     .id = 12,
     .name = {"A stamp", "印花"},
     .kind = TALLY_EARN_PER_ITEM,
     .purse = STAMPS,
     .points = 1,
     .per_milli = 1000},
    {.code = "monday", .id = 13, .kind = TALLY_EARN_MULTIPLY, .multiply_pct = 200},
};
static const struct tally_purse_rules purses[] = {{.code = "STAMPS", .id = STAMPS}};
static const struct tally_reward rewards[] = {{.code = "MUG",
                                               .id = 21,
                                               .name = {"A mug", "马克杯"},
                                               .kind = TALLY_REWARD_AMOUNT,
                                               .cost = 500,
                                               .amount_minor = 1000}};

static const struct tally_programme programme = {
    .name = "Golden Leaf",
    .version = 3,
    .currency = "CNY",
    .currency_exponent = 2,
    .rules = rules,
    .rule_count = 3,
    .purses = purses,
    .purse_count = 1,
    .redeem = {.step_points = 100, .value_minor = 100},
    .rewards = rewards,
    .reward_count = 1,
    .tiers = {.window = {TALLY_PERIOD_YEAR, 0}, .tiers = tiers, .tier_count = 2},
};

static struct tally_lot lots[] = {
    {TALLY_TERMINAL_HQ, 0, 0, TALLY_DAY_NEVER, 0, 4700},
    {7, 0, 0, 20453, 0, 300},     /* over since 2025-12-31 */
    {7, 0, 0, 20818, 0, 40},      /* to 2026-12-31 */
    {7, 0, 0, 21000, 20800, 120}, /* from 2026-12-13 */
    {7, 0, 17, 21000, 0, 60},     /* held */
    {7, STAMPS, 0, TALLY_DAY_NEVER, 0, 7},
};
static struct tally_open_hold holds[] = {{7, 17, NOW_MS + 60000}};
static struct tally_account account = {.id = 7,
                                       .since_day = 20000,
                                       .newest_day = 20779,
                                       .lots = lots,
                                       .lot_count = 6,
                                       .holds = holds,
                                       .hold_count = 1};
static const struct tally_offer offers[] = {{0, 9}};

static struct till_member a_member(void)
{
    return (struct till_member){.member = UINT64_C(18446744073709551615),
                                .name = "李伟",
                                .programme = &programme,
                                .account = &account,
                                .offers = offers,
                                .offer_count = 1,
                                .terminal = 7,
                                .now_ms = NOW_MS};
}

/* ---------------------------------------------------------------- a basket and what it came to */

static const struct tally_line sold[] = {{.quantity_milli = 3000, .amount_minor = 12850}};
static const struct tally_basket basket = {.lines = sold, .line_count = 1, .points = 1000};
static const struct tally_line_work worked[] = {{.net_minor = 11850, .points_minor = 1000}};
static struct tally_earned by_rule[] = {
    {.rule = 0,
     .why = TALLY_WHY_CAPPED,
     .base = 10850,
     .before_multiplier = 108500,
     .multiplier_ppm = 2000000,
     .uncapped = 217,
     .points = 100,
     .cap = 1},
    {.rule = 1, .why = TALLY_WHY_GAVE, .base = 3000, .uncapped = 3, .points = 3},
    {.rule = 2, .why = TALLY_WHY_WHEN, .cap = 0},
};
static int64_t shares[] = {100, 3};
static const struct tally_taken taken[] = {{0, 1, 500, 1000}};
static const struct tally_quote quoted = {.total_minor = 12850,
                                          .discount_minor = 1000,
                                          .redeemed_points = 1000,
                                          .redeemed_minor = 1000,
                                          .to_pay_minor = 10850,
                                          .cost_points = 500,
                                          .earned_points = 100,
                                          .earned_dates = {20800, 21000},
                                          .taken = taken,
                                          .taken_count = 1,
                                          .lines = worked,
                                          .earning = {.rules = by_rule, .shares = shares},
                                          .tier = {.tier = 0,
                                                   .next = 1,
                                                   .needed = 1200,
                                                   .metric = TALLY_METRIC_SPEND,
                                                   .needed_until_day = 20818},
                                          .tier_after = {.tier = 1, .until_day = 21183, .next = 2}};

static const struct tally_move moves[] = {
    {TALLY_MOVE_REDEEM_HELD, 0, 21000, 0, 60},        {TALLY_MOVE_REDEEM, 0, 20818, 0, 1440},
    {TALLY_MOVE_EARN_DEBT, 0, 21000, 20800, 10},      {TALLY_MOVE_EARN, 0, 21000, 20800, 90},
    {TALLY_MOVE_EARN, STAMPS, TALLY_DAY_NEVER, 0, 3},
};
static const struct tally_line_paid paid[] = {{0, 1000, 1000}};
static const struct tally_share shared[] = {{0, 0, 100, 0}, {0, STAMPS, 3, 0}};

static struct tally_event a_sale(void)
{
    return (struct tally_event){.id = {7, 1, 42},
                                .type = TALLY_EVENT_SALE,
                                .account = 7,
                                .effects = {.moves = moves, .move_count = 5, .hold = 17},
                                .as.sale = {.basket = basket,
                                            .total_minor = 12850,
                                            .discount_minor = 1000,
                                            .redeemed_minor = 1000,
                                            .paid = paid,
                                            .paid_count = 1,
                                            .shares = shared,
                                            .share_count = 2}};
}

static const struct tally_move back[] = {
    {TALLY_MOVE_UNREDEEM, 0, 20818, 0, 1000},
    {TALLY_MOVE_UNEARN, 0, 21000, 20800, 80},
    {TALLY_MOVE_UNEARN, STAMPS, TALLY_DAY_NEVER, 0, 3},
    {TALLY_MOVE_UNEARN_DEBT, 0, 0, 0, 20},
};
static const struct tally_move set_aside[] = {{TALLY_MOVE_HOLD, 0, 21000, 0, 60}};
static const struct tally_move let_go[] = {{TALLY_MOVE_RELEASE, 0, 21000, 0, 60}};
static const struct tally_move taken_away[] = {{TALLY_MOVE_ADJUST_OUT, STAMPS, 21000, 0, 2}};

static struct tally_event what_answers(enum till_method method)
{
    struct tally_event event = {.id = {7, 1, 43}, .account = 7};
    switch (method) {
    case TILL_VOID:
    case TILL_REFUND:
        event.type = method == TILL_VOID ? TALLY_EVENT_VOID : TALLY_EVENT_REFUND;
        event.effects = (struct tally_effects){.moves = back, .move_count = 4};
        event.as.reversal.amount_minor = 11850;
        event.as.reversal.redeemed_minor = 1000;
        return event;
    case TILL_HOLD:
        event.type = TALLY_EVENT_HOLD;
        event.effects = (struct tally_effects){.moves = set_aside, .move_count = 1, .hold = 43};
        event.as.hold.until_ms = NOW_MS;
        return event;
    case TILL_RELEASE:
        event.type = TALLY_EVENT_RELEASE;
        event.effects = (struct tally_effects){.moves = let_go, .move_count = 1, .hold = 17};
        return event;
    case TILL_ADJUST:
        event.type = TALLY_EVENT_ADJUST;
        event.effects = (struct tally_effects){.moves = taken_away, .move_count = 1};
        return event;
    default:
        return a_sale();
    }
}

static const struct till_line receipt_lines[] = {{"Golden Leaf", true},
                                                 {"Points earned   148", false}};

static const struct tally_ruling refusal = {TALLY_REFUSE, TALLY_GUARD_CARD_SALES_HOUR, 7, 6};

static struct till_status a_status(void)
{
    return (struct till_status){.terminal = 7,
                                .shop = 12,
                                .epoch = 1,
                                .programme_name = "Golden Leaf",
                                .programme_version = 3,
                                .currency = "CNY",
                                .currency_exponent = 2,
                                .reader_name = "",
                                .reader_status = TALLY_E_READER_GONE,
                                .hq_state = "down",
                                .hq_why = TALLY_E_PEER_NAME,
                                .hq_detail = "asked for hq.example, got www.example",
                                .hq_contact_ms = INT64_C(1767225600000)};
}

static int note_slice(char *at, size_t room, const char *name, struct tally_slice slice)
{
    return snprintf(at, room, " %s=%.*s", name, (int)slice.len, (const char *)slice.data);
}

static void note(struct house *house, const struct till_params *params)
{
    const struct tally_basket *said = &params->basket;
    char *at = house->seen, *end = house->seen + sizeof house->seen;
    at += snprintf(at, (size_t)(end - at),
                   "member=%" PRIu64 " text=%s card=%s name=%s phone=%s ref=%s sale_ref=%s "
                   "cashier=%s points=%" PRId64 " pays=%" PRId64 " hold=%" PRIu64,
                   params->member, params->text, params->card, params->name, params->phone,
                   params->ref, params->sale_ref, params->cashier, params->points, said->points,
                   params->hold);
    at += snprintf(at, (size_t)(end - at), " born=%u-%u by=%" PRIu64 " %s/%s/%s/%s",
                   (unsigned)params->birth_month, (unsigned)params->birth_day, params->referrer,
                   params->purse, params->reason, params->who, params->second);
    at += note_slice(at, (size_t)(end - at), "channel", said->channel);
    for (size_t i = 0; i < said->line_count && i < LINES_SEEN; i++) {
        const struct tally_line *line = &said->lines[i];
        at += note_slice(at, (size_t)(end - at), "[", line->sku);
        at += note_slice(at, (size_t)(end - at), "in", line->categories);
        at += snprintf(at, (size_t)(end - at), " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "]",
                       line->quantity_milli, line->amount_minor, line->tax_minor,
                       line->discount_minor);
    }
    for (size_t i = 0; i < said->tender_count; i++) {
        at += note_slice(at, (size_t)(end - at), "by", said->tenders[i].kind);
        at += snprintf(at, (size_t)(end - at), ":%" PRId64, said->tenders[i].amount_minor);
    }
    for (size_t i = 0; i < said->code_count; i++) {
        at += note_slice(at, (size_t)(end - at), "code", said->codes[i]);
    }
    for (size_t i = 0; i < params->returned_count; i++) {
        at += snprintf(at, (size_t)(end - at), " back=%u:%" PRId64 ":%" PRId64,
                       (unsigned)params->returned[i].line, params->returned[i].quantity_milli,
                       params->returned[i].quantity_before_milli);
    }
    snprintf(house->wants, sizeof house->wants, "%s %" PRId64, params->language, params->columns);
    house->claim_count = said->claim_count;
    for (size_t i = 0; i < said->claim_count && i < 4; i++) {
        house->claims[i] = said->claims[i];
    }
}

static void on_request(void *context, struct till_request *request)
{
    struct house *house = context;
    house->requests++;
    note(house, till_request_params(request));
    if (house->hold) {
        assert_true(house->held_count < HELD_MAX);
        house->held[house->held_count++] = request;
        return;
    }
    enum till_method method = till_request_method(request);
    struct till_member member = a_member();
    struct till_status status = a_status();
    struct tally_event event = what_answers(method);
    struct tally_ruling ruling = house->refuses ? refusal : (struct tally_ruling){0};
    struct till_quote quote = {.programme = &programme,
                               .basket = &basket,
                               .quote = &quoted,
                               .event = house->short_here ? NULL : &event,
                               .ruling = ruling,
                               .day = 20779};
    struct till_receipt receipt = {
        .event = &event, .repeated = true, .ruling = ruling, .member = member};
    static const struct till_reader readers[] = {
        {.name = "Tallystick reader", .serial = "R1", .state = "ready", .is_paired = true},
        {.name = "USB reader", .serial = "", .state = "unused"}};
    struct till_verified verified = {.events = 42, .accounts = 3, .difference = ""};
    switch (method) {
    case TILL_STATUS:
        till_answer_status(request, &status);
        return;
    case TILL_IDENTIFY:
        till_answer_refused(request, TALLY_E_PAYMENT_CARD, "");
        return;
    case TILL_MEMBER:
    case TILL_ENROL:
    case TILL_CARD:
        till_answer_member(request, &member);
        return;
    case TILL_QUOTE:
        till_answer_quote(request, &quote);
        return;
    case TILL_SALE:
    case TILL_VOID:
    case TILL_REFUND:
    case TILL_HOLD:
    case TILL_RELEASE:
    case TILL_ADJUST:
        till_answer_receipt(request, &receipt);
        return;
    case TILL_RECEIPT:
        till_answer_lines(request, receipt_lines, 2);
        return;
    case TILL_PRINT:
        till_answer_printed(request, "maybe");
        return;
    case TILL_VERIFY:
        till_answer_verified(request, &verified);
        return;
    case TILL_READERS:
        till_answer_readers(request, readers, 2);
        return;
    case TILL_READER_PAIR:
        till_answer_paired(request, "R1");
        return;
    case TILL_SYNC:
    case TILL_READER_UNPAIR:
        till_answer_done(request);
        return;
    }
    fail();
}

static void on_cancelled(void *context, struct till_request *request)
{
    struct house *house = context;
    house->cancelled++;
    for (size_t i = 0; i < house->held_count; i++) {
        if (house->held[i] == request) {
            house->held[i] = house->held[--house->held_count];
        }
    }
}

static void on_closed(void *context)
{
    ((struct house *)context)->closed = true;
}

static enum tally_status open_at(struct house *house, const char *path,
                                 struct till_server **ret_server)
{
    struct till_server_options options = {
        .path = path, .ops = {.request = on_request, .cancelled = on_cancelled}, .context = house};
    return till_server_open(&house->loop, &options, ret_server);
}

static int set_up(void **state)
{
    struct house *house = test_calloc(1, sizeof *house);
    assert_int_equal(uv_loop_init(&house->loop), 0);
    snprintf(house->dir, sizeof house->dir, "/tmp/tally-till-XXXXXX");
    assert_non_null(mkdtemp(house->dir));
    snprintf(house->path, sizeof house->path, "%s/run/till.sock", house->dir);
    assert_int_equal(open_at(house, house->path, &house->server), TALLY_OK);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    if (house->server != NULL) {
        till_server_close(house->server, on_closed, house);
    }
    uv_run(&house->loop, UV_RUN_DEFAULT);
    assert_true(house->closed);
    assert_int_equal(uv_loop_close(&house->loop), 0);
    char run[96];
    snprintf(run, sizeof run, "%s/run", house->dir);
    assert_int_equal(access(house->path, F_OK), -1);
    rmdir(run);
    assert_int_equal(rmdir(house->dir), 0);
    test_free(house);
    return 0;
}

/* ------------------------------------------------------------------ a client */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void say_bytes(struct house *house, int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else {
            assert_int_equal(errno, EAGAIN);
            uv_run(&house->loop, UV_RUN_ONCE);
        }
    }
}

static void say(struct house *house, int fd, const char *line)
{
    say_bytes(house, fd, line, strlen(line));
    say_bytes(house, fd, "\n", 1);
}

/* The next line, or NULL when the server closed. Never waits for time, only for the loop. */
static json_t *hear(struct house *house, int fd)
{
    static char line[ANSWER_LEN_MAX];
    size_t len = 0;
    for (;;) {
        ssize_t got = recv(fd, line + len, 1, 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            return NULL;
        }
        if (got < 0) {
            assert_int_equal(errno, EAGAIN);
            uv_run(&house->loop, UV_RUN_ONCE);
        } else if (line[len] == '\n') {
            json_t *answer = json_loadb(line, len, 0, NULL);
            assert_non_null(answer);
            return answer;
        } else {
            assert_true(++len < sizeof line);
        }
    }
}

static json_t *ask(struct house *house, const char *line)
{
    int fd = connect_to(house->path);
    say(house, fd, line);
    json_t *answer = hear(house, fd);
    close(fd);
    assert_non_null(answer);
    return answer;
}

static json_t *call(struct house *house, const char *method, const char *params)
{
    char line[2048];
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
             method, params);
    return ask(house, line);
}

/* "a.b.c" of an answer as JSON text. */
static void expect(json_t *answer, const char *path, const char *json)
{
    char part[64];
    json_t *at = answer;
    const char *from = path;
    while (*from != '\0') {
        size_t len = strcspn(from, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, from);
        at = json_object_get(at, part);
        from += len + (from[len] == '.');
    }
    char *text = at == NULL ? NULL : json_dumps(at, JSON_ENCODE_ANY | JSON_COMPACT);
    assert_non_null(text);
    assert_string_equal(text, json);
    free(text);
}

static void expect_error(struct house *house, const char *line, int code, const char *text)
{
    size_t before = house->requests;
    json_t *answer = ask(house, line);
    json_t *error = json_object_get(answer, "error");
    if (json_integer_value(json_object_get(error, "code")) != code ||
        strstr(json_string_value(json_object_get(error, "message")), text) == NULL) {
        fail_msg("%s\nanswered %s", line, json_dumps(answer, 0));
    }
    json_decref(answer);
    assert_int_equal(house->requests, before); /* refused means that nobody was asked */
}

static void expect_params_error(struct house *house, const char *method, const char *params,
                                const char *text)
{
    char line[2048];
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
             method, params);
    expect_error(house, line, -32602, text);
}

/* ------------------------------------------------------------------ good calls */

static void a_member_is_answered_with_64_bit_ids_as_strings_and_dates_as_iso_8601(void **state)
{
    json_t *answer = call(*state, "member", "{\"member\":\"18446744073709551615\"}");
    expect(answer, "id", "1");
    expect(answer, "result.member", "\"18446744073709551615\"");
    expect(answer, "result.account", "\"7\"");
    expect(answer, "result.name", "\"李伟\"");
    expect(answer, "result.since", "\"2024-10-04\"");
    json_decref(answer);
}

static void a_member_is_answered_with_what_is_usable_pending_held_and_where(void **state)
{
    json_t *answer = call(*state, "member", "{\"member\":\"9\"}");
    expect(answer, "result.points", "4740");
    expect(answer, "result.points_here", "40");
    expect(answer, "result.pending", "120");
    expect(answer, "result.held", "60");
    expect(answer, "result.value_minor", "4740");
    expect(answer, "result.next_usable", "{\"date\":\"2026-12-13\",\"points\":120}");
    expect(answer, "result.next_expiry", "{\"date\":\"2026-12-31\",\"points\":40}");
    expect(answer, "result.lots",
           "[{\"drawer\":0,\"purse\":null,\"from\":null,\"expires\":null,\"points\":4700},"
           "{\"drawer\":7,\"purse\":null,\"from\":null,\"expires\":\"2026-12-31\",\"points\":40},"
           "{\"drawer\":7,\"purse\":null,\"from\":\"2026-12-13\",\"expires\":\"2027-07-01\","
           "\"points\":120},"
           "{\"drawer\":7,\"purse\":null,\"from\":null,\"expires\":\"2027-07-01\",\"points\":60},"
           "{\"drawer\":7,\"purse\":\"STAMPS\",\"from\":null,\"expires\":null,\"points\":7}]");
    expect(answer, "result.holds",
           "[{\"drawer\":7,\"hold\":17,\"points\":60,\"until\":\"2026-11-22T00:01:00Z\"}]");
    json_decref(answer);
}

static void a_member_is_answered_with_stamps_tier_and_rewards_to_claim(void **state)
{
    json_t *answer = call(*state, "member", "{\"member\":\"9\"}");
    expect(answer, "result.purses",
           "[{\"code\":\"STAMPS\",\"units\":7,\"units_here\":7,\"pending\":0,\"debt\":0,"
           "\"next_usable\":null,\"next_expiry\":null,\"name_en\":\"\",\"name_zh\":\"\"}]");
    expect(answer, "result.tier.name_zh", "\"会员\"");
    expect(answer, "result.tier.colour", "\"#000000\"");
    expect(answer, "result.tier.until", "null");
    expect(answer, "result.next_tier.code", "\"VIP\"");
    expect(answer, "result.next_tier.note_en", "\"may skip the queue\"");
    expect(answer, "result.next_tier.needed", "200000");
    expect(answer, "result.next_tier.metric", "\"spend\"");
    expect(answer, "result.next_tier.until", "\"2026-12-31\"");
    expect(answer, "result.rewards",
           "[{\"code\":\"MUG\",\"cost\":500,\"purse\":null,\"times\":9,\"name_en\":\"A mug\","
           "\"name_zh\":\"马克杯\"}]");
    json_decref(answer);
}

static void the_status_says_why_head_office_is_down_and_when_it_last_answered(void **state)
{
    json_t *answer = ask(*state, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"status\"}");
    expect(answer, "result.printer", "null");
    expect(answer, "id", "\"a\"");
    expect(answer, "result.hq.why", "\"TALLY_E_PEER_NAME\"");
    expect(answer, "result.hq.contact", "\"2026-01-01T00:00:00Z\"");
    expect(answer, "result.programme.currency_exponent", "2");
    json_decref(answer);
}

static void a_sale_reaches_the_daemon_with_its_lines_and_defaults(void **state)
{
    struct house *house = *state;
    json_t *answer =
        call(house, "sale",
             "{\"ref\":\"R1\",\"member\":\"9\",\"lines\":[{\"sku\":\"tea\",\"amount_minor\":12850},"
             "{\"amount_minor\":5,\"quantity_milli\":250}],\"points\":100,\"cashier\":\"ann\"}");
    assert_string_equal(house->seen, "member=9 text= card= name= phone= ref=R1 sale_ref= "
                                     "cashier=ann points=0 pays=100 hold=0 born=0-0 by=0 /// "
                                     "channel= [=tea in= 1000 12850 0 0] [= in= 250 5 0 0]");
    assert_int_equal(house->claim_count, 0);
    expect(answer, "result.event", "{\"terminal\":7,\"epoch\":1,\"seq\":42}");
    expect(answer, "result.repeated", "true");
    json_decref(answer);
}

static void all_that_a_basket_can_say_reaches_the_daemon(void **state)
{
    struct house *house = *state;
    json_decref(call(
        house, "quote",
        "{\"member\":\"9\",\"hold\":17,\"channel\":\"web\",\"lines\":[{\"sku\":\"tea\","
        "\"categories\":"
        "[\"food\",\"红茶\"],\"amount_minor\":12850,\"tax_minor\":1180,\"discount_minor\":150},"
        "{\"amount_minor\":5,\"categories\":[]}],\"tenders\":[{\"kind\":\"cash\",\"amount_minor\":"
        "5},{\"amount_minor\":7,\"kind\":\"gift_card\"}],\"codes\":[\"SPRING\",\"X1\"],\"claims\":["
        "{\"reward\":\"MUG\"},{\"reward\":\"TEN\",\"times\":3},{\"reward\":\"CUP\"}]}"));
    assert_string_equal(house->seen,
                        "member=9 text= card= name= phone= ref= sale_ref= cashier= points=0 pays=0 "
                        "hold=17 born=0-0 by=0 /// channel=web [=tea in=food,红茶 1000 12850 1180 "
                        "150] [= in= 1000 5 0 0] by=cash:5 by=gift_card:7 code=SPRING code=X1");
    assert_int_equal(house->claim_count, 3);
    uint32_t ids[] = {tally_word_id("MUG", 3), tally_word_id("TEN", 3), tally_word_id("CUP", 3)};
    for (size_t i = 0; i < 3; i++) {
        assert_true(i == 0 || house->claims[i].reward > house->claims[i - 1].reward);
        for (size_t j = 0; j < 3; j++) {
            if (house->claims[i].reward == ids[j]) {
                assert_int_equal(house->claims[i].times, j == 1 ? 3 : 1);
                ids[j] = 0;
            }
        }
    }
    assert_true(ids[0] == 0 && ids[1] == 0 && ids[2] == 0);
}

static void a_quote_says_of_every_rule_what_it_gave_and_why(void **state)
{
    json_t *answer = call(*state, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}");
    json_t *why = json_object_get(json_object_get(answer, "result"), "why");
    assert_int_equal(json_array_size(why), 3);
    json_t *base = json_array_get(why, 0), *stamp = json_array_get(why, 1);
    expect(base, "rule", "\"base\"");
    expect(base, "name_zh", "\"每 1 元积 1 分\"");
    expect(base, "why", "\"capped\"");
    expect(base, "rate", "{\"kind\":\"per_money\",\"points\":1,\"per_minor\":100}");
    expect(base, "base", "10850");
    expect(base, "before_milli", "108500");
    expect(base, "multiplier_ppm", "2000000");
    expect(base, "uncapped", "217");
    expect(base, "cap", "{\"by\":\"rule\",\"period\":\"day\",\"length\":0,\"points\":100}");
    expect(base, "points", "100");
    expect(stamp, "purse", "\"STAMPS\"");
    expect(stamp, "cap", "null");
    expect(json_array_get(why, 2), "why", "\"conditions\"");
    expect(json_array_get(why, 2), "rate", "{\"kind\":\"multiply\",\"multiply_pct\":200}");
    json_decref(answer);
}

static void
a_quote_says_what_each_line_costs_which_rewards_are_taken_and_the_tier_after(void **state)
{
    json_t *answer = call(*state, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}");
    expect(answer, "result.lines",
           "[{\"net_minor\":11850,\"discount_minor\":1000,\"points_minor\":1000,\"points\":100,"
           "\"purses\":[{\"purse\":\"STAMPS\",\"units\":3}]}]");
    expect(answer, "result.taken",
           "[{\"reward\":\"MUG\",\"times\":1,\"cost\":500,\"purse\":null,\"discount_minor\":1000,"
           "\"name_en\":\"A mug\",\"name_zh\":\"马克杯\"}]");
    expect(answer, "result.tier.code", "\"P\"");
    expect(answer, "result.next_tier.needed", "1200");
    expect(answer, "result.tier_after.until", "\"2027-12-31\"");
    expect(answer, "result.next_tier_after", "null");
    expect(answer, "result.warnings", "[]");
    json_decref(answer);
}

static void what_is_earned_comes_with_its_days_also_when_the_points_are_not_here(void **state)
{
    struct house *house = *state;
    const char *params = "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}";
    json_t *answer = call(house, "quote", params);
    expect(
        answer, "result.earned",
        "[{\"purse\":null,\"points\":10,\"from\":\"2026-12-13\",\"until\":null,\"debt\":true},"
        "{\"purse\":null,\"points\":90,\"from\":\"2026-12-13\",\"until\":\"2027-07-01\",\"debt\":"
        "false},"
        "{\"purse\":\"STAMPS\",\"points\":3,\"from\":null,\"until\":null,\"debt\":false}]");
    json_decref(answer);
    house->short_here = true;
    answer = call(house, "quote", params);
    expect(answer, "result.earned",
           "[{\"purse\":null,\"points\":100,\"from\":\"2026-12-13\",\"until\":\"2027-07-01\","
           "\"debt\":false},"
           "{\"purse\":\"STAMPS\",\"points\":3,\"from\":null,\"until\":null,\"debt\":false}]");
    json_decref(answer);
}

static void what_a_guard_says_comes_with_the_quote(void **state)
{
    struct house *house = *state;
    house->refuses = true;
    json_t *answer = call(house, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}");
    json_t *warning =
        json_array_get(json_object_get(json_object_get(answer, "result"), "warnings"), 0);
    expect(warning, "verdict", "\"refuse\"");
    expect(warning, "guard", "\"card_sales_hour\"");
    expect(warning, "value", "7");
    expect(warning, "limit", "6");
    assert_true(json_string_length(json_object_get(warning, "text")) > 0);
    json_decref(answer);
}

static void a_receipt_is_made_from_the_event_alone(void **state)
{
    json_t *answer =
        call(*state, "sale", "{\"ref\":\"R\",\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}");
    expect(answer, "result.total_minor", "12850");
    expect(answer, "result.to_pay_minor", "10850");
    expect(answer, "result.redeemed_points", "1000");
    expect(answer, "result.cost_points", "500");
    expect(answer, "result.earned_points", "100");
    expect(answer, "result.lines",
           "[{\"net_minor\":11850,\"discount_minor\":1000,\"points_minor\":1000,\"points\":100,"
           "\"purses\":[{\"purse\":\"STAMPS\",\"units\":3}]}]");
    expect(answer, "result.purses", "[{\"purse\":\"STAMPS\",\"earned\":3,\"spent\":0}]");
    expect(answer, "result.member.points", "4740");
    json_decref(answer);
}

static void what_is_undone_is_answered_with_a_minus(void **state)
{
    struct house *house = *state;
    json_t *answer = call(house, "refund",
                          "{\"ref\":\"B1\",\"sale_ref\":\"R\",\"lines\":[{\"line\":4,"
                          "\"quantity_milli\":500},{\"line\":0,\"quantity_milli\":1000}]}");
    assert_non_null(strstr(house->seen, "ref=B1 sale_ref=R"));
    assert_non_null(strstr(house->seen, " back=0:1000:0 back=4:500:0"));
    expect(answer, "result.total_minor", "-11850");
    expect(answer, "result.redeemed_minor", "-1000");
    expect(answer, "result.to_pay_minor", "-10850");
    expect(answer, "result.redeemed_points", "-1000");
    expect(answer, "result.earned_points", "-100");
    expect(answer, "result.purses", "[{\"purse\":\"STAMPS\",\"earned\":-3,\"spent\":0}]");
    json_decref(answer);
    answer = call(house, "refund", "{\"ref\":\"B1\",\"sale_ref\":\"R\"}");
    assert_null(strstr(house->seen, "back="));
    json_decref(answer);
}

static void a_hold_is_answered_with_its_number_and_a_release_with_what_came_back(void **state)
{
    struct house *house = *state;
    json_t *answer = call(house, "hold", "{\"ref\":\"H1\",\"member\":\"9\",\"points\":60}");
    assert_non_null(strstr(house->seen, "points=60 pays=0"));
    expect(answer, "result.hold", "43");
    expect(answer, "result.points", "60");
    expect(answer, "result.until", "\"2026-11-22T00:00:00Z\"");
    json_decref(answer);
    answer = call(house, "release", "{\"member\":\"9\",\"hold\":17}");
    assert_non_null(strstr(house->seen, "hold=17"));
    expect(answer, "result.hold", "17");
    expect(answer, "result.points", "60");
    json_decref(answer);
}

static void an_adjustment_says_which_purse_and_how_much(void **state)
{
    struct house *house = *state;
    json_t *answer =
        call(house, "adjust",
             "{\"member\":\"9\",\"points\":-2,\"purse\":\"STAMPS\",\"reason\":\"broken "
             "cup\",\"who\":\"ann\",\"second\":\"bo\"}");
    assert_non_null(strstr(house->seen, "points=-2"));
    assert_non_null(strstr(house->seen, "STAMPS/broken cup/ann/bo"));
    expect(answer, "result.purse", "\"STAMPS\"");
    expect(answer, "result.points", "-2");
    json_decref(answer);
}

static void a_receipt_is_answered_as_lines_of_text_or_printed(void **state)
{
    struct house *house = *state;
    json_t *answer = call(house, "receipt", "{\"ref\":\"R1\",\"language\":\"zh\",\"columns\":24}");
    assert_non_null(strstr(house->seen, "ref=R1"));
    assert_string_equal("zh 24", house->wants);
    expect(answer, "result.lines",
           "[{\"text\":\"Golden Leaf\",\"title\":true},"
           "{\"text\":\"Points earned   148\",\"title\":false}]");
    json_decref(answer);
    json_decref(call(house, "receipt", "{\"ref\":\"R1\"}"));
    assert_string_equal("en 42", house->wants);
    answer = call(house, "print", "{\"ref\":\"R1\"}");
    expect(answer, "result.printed", "\"maybe\"");
    json_decref(answer);
}

static void every_other_method_reaches_the_daemon_and_comes_back(void **state)
{
    struct house *house = *state;
    json_decref(call(house, "void", "{\"ref\":\"V1\",\"sale_ref\":\"R1\"}"));
    assert_non_null(strstr(house->seen, "ref=V1 sale_ref=R1"));
    json_decref(call(house, "enrol", "{\"card\":\"k\",\"name\":\"Ann\",\"phone\":\"139\"}"));
    assert_non_null(strstr(house->seen, "card=k name=Ann phone=139"));
    json_decref(
        call(house, "enrol",
             "{\"card\":\"k\",\"name\":\"Ann\",\"birthday\":\"02-29\",\"referrer\":\"8\"}"));
    assert_non_null(strstr(house->seen, "born=2-29 by=8"));
    json_decref(call(house, "card",
                     "{\"member\":\"9\",\"action\":\"replace\",\"card\":\"k\",\"old\":\"600585\","
                     "\"who\":\"ann\"}"));
    assert_non_null(strstr(house->seen, "card=k"));
    json_t *quote = call(house, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":12850}]}");
    expect(quote, "result.to_pay_minor", "10850");
    json_decref(quote);
    json_t *verified = call(house, "verify", "{}");
    expect(verified, "result.equal", "true");
    json_decref(verified);
    json_t *synced = call(house, "sync", "{}");
    expect(synced, "result", "{}");
    json_decref(synced);
}

static void a_till_sees_pairs_and_forgets_readers(void **state)
{
    struct house *house = *state;
    json_t *readers = call(house, "readers", "{}");
    expect(readers, "result.readers",
           "[{\"name\":\"Tallystick reader\",\"serial\":\"R1\",\"state\":\"ready\","
           "\"paired\":true},{\"name\":\"USB reader\",\"serial\":\"\",\"state\":\"unused\","
           "\"paired\":false}]");
    json_decref(readers);
    json_t *paired = call(house, "reader_pair", "{}");
    expect(paired, "result.serial", "\"R1\"");
    json_decref(paired);
    json_t *forgotten = call(house, "reader_unpair", "{\"serial\":\"R1\"}");
    expect(forgotten, "result", "{}");
    json_decref(forgotten);
    json_t *refused = call(house, "reader_unpair", "{}");
    expect(refused, "error.code", "-32602");
    json_decref(refused);
}

static void a_refusal_carries_its_status_family_and_code(void **state)
{
    json_t *answer = call(*state, "identify", "{\"text\":\"4111111111111111\"}");
    expect(answer, "error.code", "-32016");
    expect(answer, "error.data.status", "\"TALLY_E_PAYMENT_CARD\"");
    expect(answer, "error.data.family", "\"refused\"");
    json_decref(answer);
}

/* ------------------------------------------------------------------ malformed calls */

static void what_is_not_a_request_is_refused_with_its_standard_code(void **state)
{
    struct house *house = *state;
    expect_error(house, "garbage", -32700, "");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"", -32700, "");
    expect_error(house, "\"\xff\xfe\"", -32700, "");
    expect_error(house, "{\"id\":1,\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"status\"}", -32700,
                 "");
    expect_error(house, "[]", -32600, "batch");
    expect_error(house, "7", -32700, "");
    expect_error(house, "{\"id\":1,\"method\":\"status\"}", -32600, "jsonrpc");
    expect_error(house, "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"status\"}", -32600, "jsonrpc");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}", -32600, "id");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"status\"}", -32600, "id");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"status\"}", -32600, "id");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", -32600, "method");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"x\":1}", -32600,
                 "x");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"Status\"}", -32601, "Status");
    expect_error(house, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":[]}",
                 -32602, "params");
}

static void what_is_not_json_is_not_repeated_in_the_answer(void **state)
{
    struct house *house = *state;
    expect_error(house, "{\"text\":\"4111111111111111}", -32700, "not JSON at byte");
    expect_error(house, "{\"text\":4111111111111111 4}", -32700, "not JSON at byte");
    expect_error(house, "{\"6005\":1,\"6005\":2}", -32700, "not JSON at byte");
}

static void deep_nesting_is_refused(void **state)
{
    static char line[100001];
    memset(line, '[', sizeof line - 1);
    expect_error(*state, line, -32700, "");
}

static void each_wrong_parameter_is_named(void **state)
{
    struct house *house = *state;
    expect_params_error(house, "status", "{\"colour\":1}", "colour: unknown");
    expect_params_error(house, "member", "{}", "member: is missing");
    expect_params_error(house, "member", "{\"member\":9}", "member: must be a string");
    expect_params_error(house, "member", "{\"member\":\"\"}", "member");
    expect_params_error(house, "member", "{\"member\":\"0\"}", "member");
    expect_params_error(house, "member", "{\"member\":\"09\"}", "member");
    expect_params_error(house, "member", "{\"member\":\"-1\"}", "member");
    expect_params_error(house, "member", "{\"member\":\"1a\"}", "member");
    expect_params_error(house, "member", "{\"member\":\"18446744073709551616\"}", "member");
    expect_params_error(house, "identify", "{\"text\":\"\"}", "text: must be 1 to 256");
    expect_params_error(house, "identify", "{\"text\":null}", "text: must be a string");
    expect_params_error(house, "identify", "{\"text\":\"1\\n2\"}", "text: must not hold control");
    expect_params_error(house, "identify", "{\"text\":\"1\\u009b2\"}",
                        "text: must not hold control");
    expect_params_error(house, "enrol", "{\"name\":\"Ann\"}", "card, text");
    expect_params_error(house, "enrol", "{\"name\":\"Ann\",\"card\":\"k\",\"text\":\"1\"}",
                        "card, text");
    expect_params_error(house, "enrol", "{\"name\":\"\",\"card\":\"k\"}", "name: must be 1 to 128");
    expect_params_error(house, "quote", "{\"member\":\"9\"}", "lines: is missing");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":{}}",
                        "lines: must be an array");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":[]}",
                        "lines: must be an array");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":[7]}", "lines[0]");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":[{\"sku\":\"a\"}]}",
                        "lines[0].amount_minor: is missing");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":12.5}]}",
                        "lines[0].amount_minor: must be an integer");
    expect_params_error(house, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":-1}]}",
                        "lines[0].amount_minor: must be 0 or more");
    expect_params_error(
        house, "quote",
        "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1},{\"amount_minor\":1,\"price\":1}]}",
        "lines[1].price: unknown");
    expect_params_error(house, "quote",
                        "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1,\"quantity_milli\":0}]}",
                        "lines[0].quantity_milli: must be 1");
    expect_params_error(house, "quote",
                        "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}],\"points\":-5}",
                        "points: must be 0 or more");
    expect_params_error(house, "sale", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}]}",
                        "ref: is missing");
    static const struct {
        const char *beside, *text;
    } of_baskets[] = {
        {"\"tenders\":[{\"kind\":\"\",\"amount_minor\":1}]", "tenders[0].kind: must be 1 to 64"},
        {"\"tenders\":[{\"kind\":\"cash\"}]", "tenders[0].amount_minor: is missing"},
        {"\"tenders\":[{\"kind\":\"cash\",\"amount_minor\":0}]",
         "tenders[0].amount_minor: must be 1 or more"},
        {"\"codes\":[\"A\",7]", "codes[1]: must be a string"},
        {"\"codes\":{}", "codes: must be an array"},
        {"\"claims\":[{\"times\":1}]", "claims[0].reward: is missing"},
        {"\"claims\":[{\"reward\":\"A\",\"times\":0}]", "claims[0].times: must be 1 or more"},
        {"\"claims\":[{\"reward\":\"A\",\"times\":4294967297}]",
         "claims[0].times: must be 1000000 or less"},
        {"\"claims\":[{\"reward\":\"A\"},{\"reward\":\"A\"}]", "claims[1].reward: is claimed"},
        {"\"channel\":7", "channel: must be a string"},
        {"\"hold\":0", "hold: must be 1 or more"},
        {"\"hold\":\"17\"", "hold: must be an integer"},
    };
    char with[512];
    for (size_t i = 0; i < sizeof of_baskets / sizeof of_baskets[0]; i++) {
        snprintf(with, sizeof with, "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1}],%s}",
                 of_baskets[i].beside);
        expect_params_error(house, "quote", with, of_baskets[i].text);
    }
    static const struct {
        const char *line, *text;
    } of_lines[] = {
        {"\"categories\":\"food\"", "lines[0].categories: must be an array"},
        {"\"categories\":[\"a,b\"]", "lines[0].categories[0]: must not hold a comma"},
        {"\"categories\":[\"a\",\"\"]", "lines[0].categories[1]: must be 1 to 64"},
        {"\"categories\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
         "lines[0].categories: must be an array of 0 to 16"},
        {"\"tax_minor\":2", "lines[0].tax_minor: must not be above amount_minor"},
        {"\"discount_minor\":-1", "lines[0].discount_minor: must be 0 or more"},
    };
    for (size_t i = 0; i < sizeof of_lines / sizeof of_lines[0]; i++) {
        snprintf(with, sizeof with, "{\"member\":\"9\",\"lines\":[{\"amount_minor\":1,%s}]}",
                 of_lines[i].line);
        expect_params_error(house, "quote", with, of_lines[i].text);
    }
    static const char *const no_birthdays[] = {"2-29",  "02-30",      "13-01", "00-10", "04-31",
                                               "05-00", "1990-05-01", "05/01", ""};
    for (size_t i = 0; i < sizeof no_birthdays / sizeof no_birthdays[0]; i++) {
        snprintf(with, sizeof with, "{\"card\":\"k\",\"name\":\"Ann\",\"birthday\":\"%s\"}",
                 no_birthdays[i]);
        expect_params_error(house, "enrol", with, "birthday: must be a day of the year");
    }
    expect_params_error(house, "enrol", "{\"card\":\"k\",\"name\":\"Ann\",\"birthday\":229}",
                        "birthday: must be");
    expect_params_error(house, "refund", "{\"ref\":\"B\",\"sale_ref\":\"R\",\"lines\":[]}",
                        "lines: must be an array of 1 to");
    expect_params_error(house, "refund",
                        "{\"ref\":\"B\",\"sale_ref\":\"R\",\"lines\":[{\"line\":0}]}",
                        "lines[0].quantity_milli: is missing");
    expect_params_error(house, "refund",
                        "{\"ref\":\"B\",\"sale_ref\":\"R\",\"lines\":[{\"line\":5000,"
                        "\"quantity_milli\":1}]}",
                        "lines[0].line: must be 4999 or less");
    expect_params_error(house, "refund",
                        "{\"ref\":\"B\",\"sale_ref\":\"R\",\"lines\":[{\"line\":3,"
                        "\"quantity_milli\":1},{\"line\":3,\"quantity_milli\":1}]}",
                        "lines: line 3 is there more than once");
    expect_params_error(house, "hold", "{\"ref\":\"H\",\"member\":\"9\",\"points\":0}",
                        "points: must be 1 or more");
    expect_params_error(house, "hold", "{\"ref\":\"H\",\"member\":\"9\"}", "points: is missing");
    expect_params_error(house, "release", "{\"member\":\"9\"}", "hold: is missing");
    expect_params_error(house, "card",
                        "{\"member\":\"9\",\"action\":\"lose\",\"text\":\"1\",\"who\":\"ann\"}",
                        "action: must be link, replace");
    expect_params_error(house, "card",
                        "{\"member\":\"9\",\"action\":\"replace\",\"text\":\"1\",\"who\":\"ann\"}",
                        "old: is missing");
    expect_params_error(
        house, "card",
        "{\"member\":\"9\",\"action\":\"block\",\"text\":\"1\",\"old\":\"2\",\"who\":\"ann\"}",
        "old: goes with replace only");
    expect_params_error(house, "card", "{\"member\":\"9\",\"action\":\"block\",\"who\":\"ann\"}",
                        "card, text: exactly one");
    expect_params_error(house, "adjust",
                        "{\"member\":\"9\",\"points\":0,\"reason\":\"r\",\"who\":\"ann\"}",
                        "points: must not be 0");
    expect_params_error(house, "adjust", "{\"member\":\"9\",\"points\":1,\"who\":\"ann\"}",
                        "reason: is missing");
    expect_params_error(house, "adjust",
                        "{\"member\":\"9\",\"points\":1,\"who\":\"ann\",\"reason\":\"\"}",
                        "reason: must be 1 to 64");
    expect_params_error(house, "void", "{\"ref\":\"V\"}", "sale_ref: is missing");
    expect_params_error(house, "receipt", "{}", "ref: is missing");
    expect_params_error(house, "receipt", "{\"ref\":\"R\",\"language\":\"fr\"}",
                        "language: must be en or zh");
    expect_params_error(house, "receipt", "{\"ref\":\"R\",\"columns\":23}",
                        "columns: must be 24 or more");
    expect_params_error(house, "receipt", "{\"ref\":\"R\",\"columns\":65}",
                        "columns: must be 64 or less");
    char params[256];
    snprintf(params, sizeof params, "{\"ref\":\"%065d\",\"sale_ref\":\"R\"}", 0);
    expect_params_error(house, "void", params, "ref: must be 1 to 64");
    /* Beyond 64 bits the JSON text itself is refused. */
    expect_error(house,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"quote\",\"params\":{\"points\":"
                 "9223372036854775808}}",
                 -32700, "");
}

static void a_basket_may_have_as_many_lines_as_the_domain_allows_and_no_more(void **state)
{
    struct house *house = *state;
    for (int extra = 0; extra <= 1; extra++) {
        json_t *lines = json_array();
        for (int i = 0; i < TALLY_LINES_MAX + extra; i++) {
            json_array_append_new(lines, json_pack("{s:i}", "amount_minor", i));
        }
        json_t *root = json_pack("{s:s, s:i, s:s, s:{s:s, s:o}}", "jsonrpc", "2.0", "id", 1,
                                 "method", "quote", "params", "member", "9", "lines", lines);
        char *line = json_dumps(root, JSON_COMPACT);
        json_t *answer = ask(house, line);
        assert_int_equal(json_object_get(answer, "error") != NULL, extra);
        json_decref(answer);
        json_decref(root);
        free(line);
    }
}

/* ------------------------------------------------------------------ bad clients */

static void a_line_longer_than_the_maximum_is_refused_and_its_client_disconnected(void **state)
{
    struct house *house = *state;
    size_t len = TILL_REQUEST_LEN_MAX + 1;
    char *line = test_malloc(len);
    memset(line, ' ', len);
    int fd = connect_to(house->path);
    say_bytes(house, fd, line, len);
    json_t *answer = hear(house, fd);
    expect(answer, "error.code", "-32600");
    json_decref(answer);
    assert_null(hear(house, fd));
    close(fd);
    test_free(line);
    json_decref(call(house, "sync", "{}"));
}

static void half_a_line_is_never_carried_out(void **state)
{
    struct house *house = *state;
    int fd = connect_to(house->path);
    const char *half = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sync\"}"; /* no newline */
    say_bytes(house, fd, half, strlen(half));
    shutdown(fd, SHUT_WR);
    assert_null(hear(house, fd));
    close(fd);
    assert_int_equal(house->requests, 0);
}

static void a_client_that_ends_its_input_still_gets_its_answers(void **state)
{
    struct house *house = *state;
    house->hold = true;
    int fd = connect_to(house->path);
    say(house, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sync\"}");
    shutdown(fd, SHUT_WR);
    while (house->held_count == 0) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    uv_run(&house->loop, UV_RUN_NOWAIT); /* the end of input has been seen */
    assert_int_equal(house->cancelled, 0);
    till_answer_done(house->held[--house->held_count]);
    json_t *answer = hear(house, fd);
    expect(answer, "result", "{}");
    json_decref(answer);
    assert_null(hear(house, fd));
    close(fd);
}

static void a_request_whose_client_is_gone_is_cancelled_once(void **state)
{
    struct house *house = *state;
    house->hold = true;
    int fd = connect_to(house->path);
    say(house, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sync\"}");
    say(house, fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"verify\"}");
    while (house->held_count < 2) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    close(fd);
    while (house->cancelled < 2) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    assert_int_equal(house->held_count, 0);
}

static void answers_may_come_in_another_order_and_no_client_has_too_many_open(void **state)
{
    struct house *house = *state;
    house->hold = true;
    int fd = connect_to(house->path);
    for (int i = 0; i < 100; i++) {
        say(house, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sync\"}");
    }
    while (house->held_count < 32) {
        uv_run(&house->loop, UV_RUN_ONCE);
    }
    uv_run(&house->loop, UV_RUN_NOWAIT);
    assert_int_equal(house->held_count, 32);
    int answered = 0;
    while (answered < 100) {
        till_answer_done(house->held[--house->held_count]);
        json_decref(hear(house, fd));
        answered++;
    }
    assert_int_equal(house->requests, 100);
    close(fd);
}

static void a_process_with_too_many_connections_is_refused_the_next(void **state)
{
    struct house *house = *state;
    int fds[16];
    for (size_t i = 0; i < 16; i++) {
        fds[i] = connect_to(house->path);
        say(house, fds[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sync\"}");
        json_decref(hear(house, fds[i]));
    }
    int one_more = connect_to(house->path);
    json_t *answer = hear(house, one_more);
    expect(answer, "error.data.status", "\"TALLY_E_BUSY\"");
    json_decref(answer);
    assert_null(hear(house, one_more));
    close(one_more);
    for (size_t i = 0; i < 16; i++) {
        close(fds[i]);
    }
    json_t *later = call(house, "sync", "{}");
    json_decref(later);
}

static void a_client_that_never_reads_is_not_read_either_and_others_go_on(void **state)
{
    struct house *house = *state;
    int deaf = connect_to(house->path);
    const char *line = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"member\","
                       "\"params\":{\"member\":\"9\"}}\n";
    ssize_t len = (ssize_t)strlen(line), sent = len;
    size_t lines = 0;
    while (sent == len && lines < 20000) {
        sent = send(deaf, line, (size_t)len, MSG_NOSIGNAL);
        lines += sent > 0;
        uv_run(&house->loop, UV_RUN_NOWAIT);
    }
    assert_true(lines < 20000); /* the server reads no more */
    json_decref(call(house, "sync", "{}"));
    /* Nothing is lost once it reads. */
    for (size_t heard = 0; heard < lines; heard++) {
        json_t *answer = hear(house, deaf);
        assert_non_null(answer);
        json_decref(answer);
        if (heard == 0 && sent > 0 && sent < len) {
            say_bytes(house, deaf, line + sent, (size_t)(len - sent));
        }
    }
    close(deaf);
}

/* ------------------------------------------------------------------ notifications */

static int subscribe(struct house *house)
{
    int fd = connect_to(house->path);
    say(house, fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\"}");
    json_t *answer = hear(house, fd);
    expect(answer, "result", "{}");
    json_decref(answer);
    return fd;
}

static void subscribers_hear_status_member_and_refused_and_nobody_else_does(void **state)
{
    struct house *house = *state;
    int fd = subscribe(house);
    int other = connect_to(house->path);
    struct till_status status = a_status();
    struct till_member member = a_member();
    till_notify_status(house->server, &status);
    till_notify_member(house->server, &member, TALLY_ENTRY_SWIPED, TALLY_STRENGTH_STATIC);
    till_notify_refused(house->server, TALLY_E_UNKNOWN_CARD, "token");
    json_t *heard = hear(house, fd);
    expect(heard, "method", "\"status\"");
    expect(heard, "params.shop", "12");
    json_decref(heard);
    heard = hear(house, fd);
    expect(heard, "method", "\"member\"");
    expect(heard, "params.entry", "\"swiped\"");
    expect(heard, "params.strength", "\"static\"");
    expect(heard, "params.member.points", "4740");
    json_decref(heard);
    heard = hear(house, fd);
    expect(heard, "params.status", "\"TALLY_E_UNKNOWN_CARD\"");
    expect(heard, "params.card", "\"token\"");
    json_decref(heard);
    say(house, other, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sync\"}");
    heard = hear(house, other);
    expect(heard, "id", "5");
    json_decref(heard);
    close(fd);
    close(other);
}

static void a_subscriber_that_never_reads_is_disconnected(void **state)
{
    struct house *house = *state;
    int deaf = subscribe(house);
    int good = subscribe(house);
    struct till_member member = a_member();
    for (int i = 0; i < 8000; i++) {
        till_notify_member(house->server, &member, TALLY_ENTRY_SWIPED, TALLY_STRENGTH_STATIC);
        json_decref(hear(house, good));
    }
    size_t heard = 0;
    /* It gets what its socket's buffer took, perhaps with half a line at the end, then nothing. */
    char byte = 0;
    for (ssize_t got = 1; got != 0;) {
        got = recv(deaf, &byte, 1, 0);
        if (got < 0) {
            assert_int_equal(errno, EAGAIN);
            fail_msg("still connected after %zu bytes", heard);
        }
        heard += (size_t)got;
    }
    close(deaf);
    close(good);
}

/* ------------------------------------------------------------------ the place */

static void a_second_server_on_the_same_socket_is_refused(void **state)
{
    struct house *house = *state;
    struct till_server *second = NULL;
    assert_int_equal(open_at(house, house->path, &second), TALLY_E_STORE_IN_USE);
    json_decref(call(house, "sync", "{}"));
}

static void a_dead_socket_is_replaced_and_a_file_is_not(void **state)
{
    struct house *house = *state;
    char path[96];
    snprintf(path, sizeof path, "%s/dead.sock", house->dir);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
    close(dead);
    struct till_server *server = NULL;
    assert_int_equal(open_at(house, path, &server), TALLY_OK);
    struct stat there;
    assert_int_equal(stat(path, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0660);
    till_server_close(server, NULL, NULL);
    assert_int_equal(access(path, F_OK), -1);

    fclose(fopen(path, "w"));
    assert_int_equal(open_at(house, path, &server), TALLY_E_STORE_IO);
    assert_int_equal(unlink(path), 0);
    char longer[300];
    snprintf(longer, sizeof longer, "%s/%0200d", house->dir, 0);
    assert_int_equal(open_at(house, longer, &server), TALLY_E_STORE_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_is_answered_with_64_bit_ids_as_strings_and_dates_as_iso_8601),
        TEST(a_member_is_answered_with_what_is_usable_pending_held_and_where),
        TEST(a_member_is_answered_with_stamps_tier_and_rewards_to_claim),
        TEST(the_status_says_why_head_office_is_down_and_when_it_last_answered),
        TEST(a_sale_reaches_the_daemon_with_its_lines_and_defaults),
        TEST(all_that_a_basket_can_say_reaches_the_daemon),
        TEST(a_quote_says_of_every_rule_what_it_gave_and_why),
        TEST(a_quote_says_what_each_line_costs_which_rewards_are_taken_and_the_tier_after),
        TEST(what_is_earned_comes_with_its_days_also_when_the_points_are_not_here),
        TEST(what_a_guard_says_comes_with_the_quote),
        TEST(a_receipt_is_made_from_the_event_alone),
        TEST(what_is_undone_is_answered_with_a_minus),
        TEST(a_hold_is_answered_with_its_number_and_a_release_with_what_came_back),
        TEST(an_adjustment_says_which_purse_and_how_much),
        TEST(a_receipt_is_answered_as_lines_of_text_or_printed),
        TEST(every_other_method_reaches_the_daemon_and_comes_back),
        TEST(a_till_sees_pairs_and_forgets_readers),
        TEST(a_refusal_carries_its_status_family_and_code),
        TEST(what_is_not_a_request_is_refused_with_its_standard_code),
        TEST(what_is_not_json_is_not_repeated_in_the_answer),
        TEST(deep_nesting_is_refused),
        TEST(each_wrong_parameter_is_named),
        TEST(a_basket_may_have_as_many_lines_as_the_domain_allows_and_no_more),
        TEST(a_line_longer_than_the_maximum_is_refused_and_its_client_disconnected),
        TEST(half_a_line_is_never_carried_out),
        TEST(a_client_that_ends_its_input_still_gets_its_answers),
        TEST(a_request_whose_client_is_gone_is_cancelled_once),
        TEST(answers_may_come_in_another_order_and_no_client_has_too_many_open),
        TEST(a_process_with_too_many_connections_is_refused_the_next),
        TEST(a_client_that_never_reads_is_not_read_either_and_others_go_on),
        TEST(subscribers_hear_status_member_and_refused_and_nobody_else_does),
        TEST(a_subscriber_that_never_reads_is_disconnected),
        TEST(a_second_server_on_the_same_socket_is_refused),
        TEST(a_dead_socket_is_replaced_and_a_file_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
