/* SPDX-License-Identifier: Apache-2.0 */
/* The till's socket as a till sees it: a real Unix socket, real lines, and clients that misbehave.
 */
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

enum { ANSWER_LEN_MAX = 64 * 1024, HELD_MAX = 64 };

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
    char seen[256]; /* what the last request said */
    bool closed;
};

static const struct till_tier vip = {"2xVIP", "VIP", "贵宾", 2, 200};

static const struct tally_lot lots[] = {{7, 20453, 300}, {0, TALLY_DAY_NEVER, 4700}};

static struct till_member a_member(void)
{
    return (struct till_member){.member = UINT64_C(18446744073709551615),
                                .account = 7,
                                .name = "李伟",
                                .tier = vip,
                                .next_tier_needed = 1200,
                                .metric_is_spend = true,
                                .points = 5000,
                                .points_here = 300,
                                .value_minor = 5000,
                                .next_expiry_day = tally_day_from_date(2026, 12, 31),
                                .next_expiry_points = 40,
                                .lots = lots,
                                .lot_count = 2};
}

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

static void note(struct house *house, const struct till_params *params)
{
    int at = snprintf(house->seen, sizeof house->seen,
                      "member=%" PRIu64 " text=%s card=%s name=%s phone=%s ref=%s sale_ref=%s "
                      "cashier=%s points=%" PRId64,
                      params->member, params->text, params->card, params->name, params->phone,
                      params->ref, params->sale_ref, params->cashier, params->points);
    for (size_t i = 0; i < params->basket.line_count && i < 2; i++) {
        const struct tally_line *line = &params->basket.lines[i];
        at += snprintf(house->seen + at, sizeof house->seen - (size_t)at,
                       " [%.*s %" PRId64 " %" PRId64 "]", (int)line->sku.len,
                       (const char *)line->sku.data, line->quantity_milli, line->amount_minor);
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
    struct till_member member = a_member();
    struct till_status status = a_status();
    struct till_quote quote = {
        .quote = {.total_minor = 12850, .to_pay_minor = 12850}, .tier = vip, .tier_after = vip};
    struct till_receipt receipt = {.id = {7, 1, 42}, .repeated = true, .member = member};
    struct till_verified verified = {.events = 42, .accounts = 3, .difference = ""};
    switch (till_request_method(request)) {
    case TILL_STATUS:
        till_answer_status(request, &status);
        return;
    case TILL_IDENTIFY:
        till_answer_refused(request, TALLY_E_PAYMENT_CARD, "");
        return;
    case TILL_MEMBER:
    case TILL_ENROL:
        till_answer_member(request, &member);
        return;
    case TILL_QUOTE:
        till_answer_quote(request, &quote);
        return;
    case TILL_SALE:
    case TILL_VOID:
        till_answer_receipt(request, &receipt);
        return;
    case TILL_VERIFY:
        till_answer_verified(request, &verified);
        return;
    case TILL_SYNC:
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
    expect(answer, "result.tier.name_zh", "\"贵宾\"");
    expect(answer, "result.next_tier", "null");
    expect(answer, "result.lots",
           "[{\"drawer\":7,\"expires\":\"2025-12-31\",\"points\":300},"
           "{\"drawer\":0,\"expires\":null,\"points\":4700}]");
    expect(answer, "result.next_expiry", "{\"date\":\"2026-12-31\",\"points\":40}");
    json_decref(answer);
}

static void the_status_says_why_head_office_is_down_and_when_it_last_answered(void **state)
{
    json_t *answer = ask(*state, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"status\"}");
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
                                     "cashier=ann points=100 [tea 1000 12850] [ 250 5]");
    expect(answer, "result.event", "{\"terminal\":7,\"epoch\":1,\"seq\":42}");
    expect(answer, "result.repeated", "true");
    json_decref(answer);
}

static void every_other_method_reaches_the_daemon_and_comes_back(void **state)
{
    struct house *house = *state;
    json_decref(call(house, "void", "{\"ref\":\"V1\",\"sale_ref\":\"R1\"}"));
    assert_non_null(strstr(house->seen, "ref=V1 sale_ref=R1"));
    json_decref(call(house, "enrol", "{\"card\":\"k\",\"name\":\"Ann\",\"phone\":\"139\"}"));
    assert_non_null(strstr(house->seen, "card=k name=Ann phone=139"));
    json_t *quote = call(house, "quote", "{\"member\":\"9\",\"lines\":[{\"amount_minor\":12850}]}");
    expect(quote, "result.to_pay_minor", "12850");
    json_decref(quote);
    json_t *verified = call(house, "verify", "{}");
    expect(verified, "result.equal", "true");
    json_decref(verified);
    json_t *synced = call(house, "sync", "{}");
    expect(synced, "result", "{}");
    json_decref(synced);
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
    expect_params_error(house, "void", "{\"ref\":\"V\"}", "sale_ref: is missing");
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
    till_notify_member(house->server, &member, "swiped");
    till_notify_refused(house->server, TALLY_E_UNKNOWN_CARD, "token");
    json_t *heard = hear(house, fd);
    expect(heard, "method", "\"status\"");
    expect(heard, "params.shop", "12");
    json_decref(heard);
    heard = hear(house, fd);
    expect(heard, "method", "\"member\"");
    expect(heard, "params.entry", "\"swiped\"");
    expect(heard, "params.member.points", "5000");
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
        till_notify_member(house->server, &member, "swiped");
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
        TEST(the_status_says_why_head_office_is_down_and_when_it_last_answered),
        TEST(a_sale_reaches_the_daemon_with_its_lines_and_defaults),
        TEST(every_other_method_reaches_the_daemon_and_comes_back),
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
