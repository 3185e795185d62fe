/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq itself, as a program: real sockets, real certificates, admin commands beside the
 * server. */
#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"
#include "app/sync/grpc.h"
#include "app/sync/token.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANN = 0x1001, WAIT_MS = 60000 };

/* One call as the client sees it. */
struct call {
    struct tally_buffer message; /* the newest one */
    size_t messages;
    size_t rows;    /* a pull's: accounts in all of them */
    bool caught_up; /* a pull's */
    bool done;
    enum tally_status transport;
    enum sync_grpc_status status;
    struct sync_call *call;
};

struct stage {
    struct world world; /* its store is closed: the server's process has it */
    uv_loop_t loop;
    uv_timer_t limit; /* ends a test that would wait for ever */
    pid_t server;
    char port_file[128];
    unsigned port, enrol_port;
    struct sync_channel *channel;
    enum sync_channel_state channel_state;
    enum tally_status channel_why;
    struct till till;
};

/* ------------------------------------------------------------------ the program */

static pid_t start(const char *const *words, int *ret_output)
{
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *argv[16] = {NULL};
        for (size_t i = 0; words[i] != NULL && i < 15; i++) {
            argv[i] = strdup(words[i]);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that ends badly leaves nothing running */
        dup2(pipe_ends[1], STDOUT_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        execv(TALLYHQ, argv);
        _exit(127);
    }
    close(pipe_ends[1]);
    *ret_output = pipe_ends[0];
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs an admin command to its end; its output. */
static int run(struct stage *stage, char *output, size_t cap, const char *a, const char *b,
               const char *c)
{
    const char *const words[] = {"tallyhq", "--data", stage->world.dir, a, b, c, NULL};
    int from = -1;
    size_t len = 0;
    ssize_t got = 0;
    pid_t child = start(words, &from);
    while (len < cap - 1 && (got = read(from, output + len, cap - 1 - len)) > 0) {
        len += (size_t)got;
    }
    output[len] = '\0';
    close(from);
    return wait_for(child);
}

/* ------------------------------------------------------------------ waiting */

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing came in time");
}

#define WAIT_UNTIL(stage, condition)                                                               \
    while (!(condition)) {                                                                         \
        uv_run(&(stage)->loop, UV_RUN_ONCE);                                                       \
    }

static void on_ports(uv_fs_event_t *watch, const char *name, int events, int status)
{
    (void)name;
    (void)events;
    (void)status;
    struct stage *stage = watch->data;
    FILE *file = fopen(stage->port_file, "re");
    if (file != NULL) {
        if (fscanf(file, "%u %u", &stage->port, &stage->enrol_port) != 2) {
            fail_msg("the port file is malformed");
        }
        fclose(file);
    }
}

static int stage_open(void **state)
{
    struct stage *stage = tally_alloc(1, sizeof *stage);
    uv_fs_event_t watch;
    int output = -1;
    *state = stage;
    world_open(&stage->world);
    struct tally_programme_document *club = world_publish(&stage->world);
    tally_programme_document_free(club);
    hq_store_close(stage->world.store);
    stage->world.store = NULL;
    uv_loop_init(&stage->loop);
    uv_timer_init(&stage->loop, &stage->limit);
    uv_timer_start(&stage->limit, on_limit, WAIT_MS, 0);
    uv_fs_event_init(&stage->loop, &watch);
    watch.data = stage;
    assert_int_equal(uv_fs_event_start(&watch, on_ports, stage->world.dir, 0), 0);
    snprintf(stage->port_file, sizeof stage->port_file, "%s/ports", stage->world.dir);
    const char *const words[] = {
        "tallyhq", "--data", stage->world.dir, "serve", "--listen",    "127.0.0.1",
        "--port",  "0",      "--enrol-port",   "0",     "--port-file", stage->port_file,
        NULL};
    stage->server = start(words, &output);
    close(output);
    WAIT_UNTIL(stage, stage->port != 0);
    uv_close((uv_handle_t *)&watch, NULL);
    uv_run(&stage->loop, UV_RUN_NOWAIT);
    return 0;
}

/* ------------------------------------------------------------------ the client */

static void on_state(void *context, enum sync_channel_state state, enum tally_status why)
{
    struct stage *stage = context;
    stage->channel_state = state;
    stage->channel_why = why;
}

static void on_message(void *context, struct sync_call *call, struct tally_slice message)
{
    struct call *one = context;
    (void)call;
    one->message.len = 0;
    OK(tally_buffer_append(&one->message, message.data, message.len));
    one->messages++;
}

static void on_done(void *context, struct sync_call *call, enum tally_status transport,
                    enum sync_grpc_status status, const char *text)
{
    struct call *one = context;
    (void)call;
    (void)text;
    one->done = true;
    one->transport = transport;
    one->status = status;
}

static void channel_closed(void *context)
{
    struct stage *stage = context;
    stage->channel = NULL;
}

static void disconnect(struct stage *stage)
{
    if (stage->channel != NULL) {
        sync_channel_close(stage->channel, channel_closed, stage);
        WAIT_UNTIL(stage, stage->channel == NULL);
    }
}

/* With the till's certificate, or with none to the enrolment port. */
static void connect_to(struct stage *stage, bool enrolled)
{
    struct tally_slice root = tally_buffer_slice(&stage->world.keys.ca_cert);
    struct sync_channel_options options = {
        .host = "127.0.0.1",
        .port = (uint16_t)(enrolled ? stage->port : stage->enrol_port),
        .hq_name = "localhost",
        .identity = {.trusted_root_der = root},
        .context = stage,
        .on_state = on_state,
    };
    if (enrolled) {
        options.identity.key_pem = tally_buffer_slice(&stage->till.key_pem);
        options.identity.cert_der = tally_buffer_slice(&stage->till.cert_der);
        options.identity.issuers_der = &root;
        options.identity.issuer_count = 1;
    }
    disconnect(stage);
    OK(sync_channel_open(&stage->loop, &options, &stage->channel));
    stage->channel_state = SYNC_CHANNEL_CONNECTING;
    sync_channel_connect(stage->channel, 30000);
    WAIT_UNTIL(stage, stage->channel_state != SYNC_CHANNEL_CONNECTING);
}

static const struct sync_call_handlers unary = {on_message, on_done};

static void call_start(struct stage *stage, const char *path,
                       const struct sync_call_handlers *handlers, struct tally_buffer *request,
                       struct call *one)
{
    *one = (struct call){.done = false};
    OK(sync_channel_call(stage->channel, path, 0, handlers, one, &one->call));
    OK(sync_call_send(one->call, tally_buffer_slice(request)));
    sync_call_half_close(one->call);
    tally_buffer_free(request);
}

static struct call call(struct stage *stage, const char *path, struct tally_buffer *request)
{
    static struct call one; /* outlives this frame: callbacks come from the loop */
    call_start(stage, path, &unary, request, &one);
    WAIT_UNTIL(stage, one.done);
    OK(one.transport);
    return one;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    disconnect(stage);
    uv_close((uv_handle_t *)&stage->limit, NULL);
    uv_run(&stage->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    assert_int_equal(kill(stage->server, SIGTERM), 0);
    assert_int_equal(wait_for(stage->server), 0);
    till_close(&stage->till);
    world_close(&stage->world);
    tally_free(stage);
    return 0;
}

/* Makes a token with the program, and enrols the stage's till over the wire. */
static struct call enrol(struct stage *stage, const char *token, struct tally_buffer *csr)
{
    struct tally_msg_enrol_request message = {
        .token = {(const uint8_t *)token, strlen(token)},
        .csr = tally_buffer_slice(csr),
        .software = {(const uint8_t *)"test 1", 6},
    };
    struct tally_buffer request = {0};
    OK(tally_msg_enrol_request_encode(&message, &request));
    connect_to(stage, false);
    assert_int_equal(stage->channel_state, SYNC_CHANNEL_UP);
    return call(stage, TALLY_RPC_ENROL, &request);
}

static void token_of(struct stage *stage, char *token, size_t cap)
{
    assert_int_equal(run(stage, token, cap, "enrol-token", "--shop", "7"), 0);
    token[strcspn(token, "\n")] = '\0';
}

static void become_a_terminal(struct stage *stage)
{
    char token[256];
    struct tally_buffer csr = {0};
    struct tally_msg_enrol_reply reply;
    token_of(stage, token, sizeof token);
    stage->till.world = &stage->world;
    till_csr(&stage->till, &csr);
    struct call enrolled = enrol(stage, token, &csr);
    assert_int_equal(enrolled.status, SYNC_GRPC_OK);
    OK(tally_msg_enrol_reply_decode(tally_buffer_slice(&enrolled.message), &reply));
    assert_int_equal(reply.shop, 7);
    assert_int_equal(reply.hq_name.len, strlen("localhost"));
    stage->till.number = reply.terminal;
    stage->till.epoch = reply.epoch;
    OK(tally_buffer_append(&stage->till.cert_der, reply.certificate.data, reply.certificate.len));
    tally_msg_enrol_reply_free(&reply);
    tally_buffer_free(&enrolled.message);
    tally_buffer_free(&csr);
    connect_to(stage, true);
    assert_int_equal(stage->channel_state, SYNC_CHANNEL_UP);
}

static struct call push_all(struct stage *stage)
{
    struct tally_buffer request = {0};
    till_push_encode(&stage->till, 1, stage->till.seq, &request);
    return call(stage, TALLY_RPC_PUSH, &request);
}

static struct tally_msg_pull_reply pulled(const struct call *one)
{
    struct tally_msg_pull_reply reply;
    OK(tally_msg_pull_reply_decode(tally_buffer_slice(&one->message), &reply));
    return reply;
}

static void on_pulled(void *context, struct sync_call *sync_call, struct tally_slice message)
{
    struct call *one = context;
    on_message(context, sync_call, message);
    struct tally_msg_pull_reply reply = pulled(one);
    one->rows += reply.account_count;
    one->caught_up = reply.caught_up;
    tally_msg_pull_reply_free(&reply);
}

static void pull_start(struct stage *stage, struct call *one)
{
    static const struct sync_call_handlers handlers = {on_pulled, on_done};
    struct tally_msg_pull_request message = {.cursor = 0};
    struct tally_buffer request = {0};
    OK(tally_msg_pull_request_encode(&message, &request));
    call_start(stage, TALLY_RPC_PULL, &handlers, &request, one);
}

/* ------------------------------------------------------------------ claims */

static void a_token_makes_a_terminal_and_works_once(void **state)
{
    struct stage *stage = *state;
    char token[256];
    struct tally_buffer csr = {0};
    struct till thief = {.world = &stage->world};
    token_of(stage, token, sizeof token);
    till_csr(&stage->till, &csr);
    struct call first = enrol(stage, token, &csr);
    assert_int_equal(first.status, SYNC_GRPC_OK);
    tally_buffer_free(&first.message);
    csr.len = 0;
    till_csr(&thief, &csr);
    struct call second = enrol(stage, token, &csr);
    assert_int_equal(second.status, SYNC_GRPC_PERMISSION_DENIED);
    assert_int_equal(second.messages, 0);
    tally_buffer_free(&csr);
    till_close(&thief);
}

static void the_sync_port_wants_a_certificate(void **state)
{
    struct stage *stage = *state;
    unsigned enrol_port = stage->enrol_port;
    stage->enrol_port = stage->port;
    connect_to(stage, false);
    struct tally_buffer request = {0};
    struct call one = {.done = false};
    /* With TLS 1.3 a client may be UP before it is turned away; then its call fails. */
    if (stage->channel_state == SYNC_CHANNEL_UP) {
        call_start(stage, TALLY_RPC_PUSH, &unary, &request, &one);
        WAIT_UNTIL(stage, one.done);
        assert_true(one.transport != TALLY_OK);
    }
    WAIT_UNTIL(stage, stage->channel_state == SYNC_CHANNEL_DOWN);
    stage->enrol_port = enrol_port;
}

static void the_enrolment_port_serves_nothing_else(void **state)
{
    struct stage *stage = *state;
    struct tally_msg_pull_request message = {.cursor = 0};
    struct tally_buffer request = {0};
    OK(tally_msg_pull_request_encode(&message, &request));
    connect_to(stage, false);
    struct call one = call(stage, TALLY_RPC_PULL, &request);
    assert_int_equal(one.status, SYNC_GRPC_UNIMPLEMENTED);
}

static void sales_go_up_and_come_down_to_an_open_pull(void **state)
{
    struct stage *stage = *state;
    struct call pull;
    become_a_terminal(stage);
    pull_start(stage, &pull);
    WAIT_UNTIL(stage, pull.messages == 1);
    struct tally_msg_pull_reply first = pulled(&pull);
    assert_true(first.has_keys && first.has_programme && first.caught_up);
    assert_memory_equal(first.keys.card_key, stage->world.keys.card_key, TALLY_KEY_LEN);
    OK(tally_verify(first.keys.programme_key, first.programme.document, first.programme.signature));
    tally_msg_pull_reply_free(&first);

    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    struct call push = push_all(stage);
    struct tally_msg_push_reply acked;
    assert_int_equal(push.status, SYNC_GRPC_OK);
    OK(tally_msg_push_reply_decode(tally_buffer_slice(&push.message), &acked));
    assert_int_equal(acked.acked_seq, 2);
    tally_buffer_free(&push.message);

    WAIT_UNTIL(stage, pull.messages == 2);
    struct tally_msg_pull_reply second = pulled(&pull);
    assert_int_equal(second.account_count, 1);
    assert_int_equal(second.accounts[0].as_of_seq, 2);
    assert_false(second.has_keys);
    tally_msg_pull_reply_free(&second);
    sync_call_cancel(pull.call);
    WAIT_UNTIL(stage, pull.done);
    tally_buffer_free(&pull.message);
}

static void an_admin_commands_change_reaches_an_open_pull(void **state)
{
    struct stage *stage = *state;
    struct call pull;
    char output[256], path[128];
    become_a_terminal(stage);
    pull_start(stage, &pull);
    WAIT_UNTIL(stage, pull.messages == 1);
    snprintf(path, sizeof path, "%s/members.csv", stage->world.dir);
    FILE *file = fopen(path, "we");
    fputs("card,name,phone,points,expires,qualifying_minor,home_shop\n"
          "60058500000000001,Ada,,500,2099-12-31,0,1\n",
          file);
    fclose(file);
    assert_int_equal(run(stage, output, sizeof output, "members", "import", path), 0);
    assert_string_equal(output, "1 members imported\n");
    WAIT_UNTIL(stage, pull.messages == 2);
    struct tally_msg_pull_reply reply = pulled(&pull);
    assert_int_equal(reply.account_count, 1);
    struct tally_slice account = reply.accounts[0].account;
    uint64_t id = reply.accounts[0].members[0].account;
    assert_true(account.len > 0);
    tally_msg_pull_reply_free(&reply);

    struct tally_msg_draw_request want = {.request_id = {1}, .account = id, .points = 200};
    struct tally_buffer request = {0};
    OK(tally_msg_draw_request_encode(&want, &request));
    struct call draw = call(stage, TALLY_RPC_DRAW, &request);
    struct tally_msg_draw_reply granted;
    assert_int_equal(draw.status, SYNC_GRPC_OK);
    OK(tally_msg_draw_reply_decode(tally_buffer_slice(&draw.message), &granted));
    assert_int_equal(granted.grant_count, 1);
    assert_int_equal(granted.grants[0].moves[0].points, 200);
    tally_msg_draw_reply_free(&granted);
    tally_buffer_free(&draw.message);
    WAIT_UNTIL(stage, pull.messages == 3); /* what the caller did comes back to it too */

    snprintf(path, sizeof path, "%u", stage->till.number);
    assert_int_equal(run(stage, output, sizeof output, "revoke", path, NULL), 0);
    WAIT_UNTIL(stage, pull.done);
    assert_int_equal(pull.status, SYNC_GRPC_PERMISSION_DENIED);
    till_enrol(&stage->till, ANN, 9);
    struct call push = push_all(stage);
    assert_int_equal(push.status, SYNC_GRPC_PERMISSION_DENIED);
    tally_buffer_free(&pull.message);
}

static void an_import_with_a_mistake_takes_nothing(void **state)
{
    static const char *const bad[] = {
        "4111111111111111,Ada,,5,never,0,1",       /* a payment card */
        "99,Ada,,5,never,0,1",                     /* nobody's card */
        "60058500000000002,,,5,never,0,1",         /* no name */
        "60058500000000002,\xff,,5,never,0,1",     /* not UTF-8 */
        "60058500000000002,Ada,,-5,never,0,1",     /* negative points */
        "60058500000000002,Ada,,5,2027-02-30,0,1", /* no such day */
        "60058500000000002,Ada,,5,never,0",        /* a field short */
    };
    struct stage *stage = *state;
    char output[256], path[128];
    snprintf(path, sizeof path, "%s/members.csv", stage->world.dir);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FILE *file = fopen(path, "we");
        fprintf(file,
                "card,name,phone,points,expires,qualifying_minor,home_shop\n"
                "60058500000000001,Ada,,500,never,0,1\n%s\n",
                bad[i]);
        fclose(file);
        assert_int_equal(run(stage, output, sizeof output, "members", "import", path), 2);
    }
    assert_int_equal(run(stage, output, sizeof output, "verify", NULL, NULL), 0);
    assert_string_equal(output, "0 events and 0 accounts agree\n");
}

/* More than one message and more than a flow-control window. */
static void a_new_terminal_is_sent_everybody(void **state)
{
    enum { MEMBERS = 3000 };
    struct stage *stage = *state;
    char output[256], path[128];
    snprintf(path, sizeof path, "%s/members.csv", stage->world.dir);
    FILE *file = fopen(path, "we");
    fputs("card,name,phone,points,expires,qualifying_minor,home_shop\n", file);
    for (unsigned i = 1; i <= MEMBERS; i++) {
        fprintf(file, "600585%011u,\"Keller, Anna\",1990000%04u,%u,never,0,1\n", i, i, i);
    }
    fclose(file);
    assert_int_equal(run(stage, output, sizeof output, "members", "import", path), 0);
    become_a_terminal(stage);
    struct call pull;
    pull_start(stage, &pull);
    WAIT_UNTIL(stage, pull.caught_up);
    assert_int_equal(pull.rows, MEMBERS);
    assert_true(pull.messages > 5);
    sync_call_cancel(pull.call);
    WAIT_UNTIL(stage, pull.done);
    tally_buffer_free(&pull.message);
}

static void a_fork_is_refused_over_the_wire_and_verify_still_agrees(void **state)
{
    struct stage *stage = *state;
    char output[1024];
    become_a_terminal(stage);
    till_enrol(&stage->till, ANN, 1);
    till_sale(&stage->till, ANN, 100, 0);
    struct call good = push_all(stage);
    assert_int_equal(good.status, SYNC_GRPC_OK);
    tally_buffer_free(&good.message);
    till_rewind(&stage->till, 1);
    till_sale(&stage->till, ANN, 999, 0);
    assert_int_equal(push_all(stage).status, SYNC_GRPC_FAILED_PRECONDITION);
    assert_int_equal(run(stage, output, sizeof output, "terminals", NULL, NULL), 0);
    assert_non_null(strstr(output, "quarantined"));
    assert_int_equal(run(stage, output, sizeof output, "verify", NULL, NULL), 0);
    assert_string_equal(output, "2 events and 1 accounts agree\n");
    assert_int_equal(run(stage, output, sizeof output, "export", NULL, NULL), 0);
    assert_non_null(strstr(output, ",10000,0,0,0,100,"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(a_token_makes_a_terminal_and_works_once),
        TEST(the_sync_port_wants_a_certificate),
        TEST(the_enrolment_port_serves_nothing_else),
        TEST(sales_go_up_and_come_down_to_an_open_pull),
        TEST(an_admin_commands_change_reaches_an_open_pull),
        TEST(an_import_with_a_mistake_takes_nothing),
        TEST(a_new_terminal_is_sent_everybody),
        TEST(a_fork_is_refused_over_the_wire_and_verify_still_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
