/* SPDX-License-Identifier: Apache-2.0 */
/* A swipe at our terminal: its desk, on a real ledger, with one subscribed till on the real socket.
 * Timed is desk_card(): libuv writes a socket that has room at once, so the line is in the till's
 * socket when it returns; the till's read, right behind, proves it. */
#include "tools/measure/swipe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/terminal/desk.h"

enum { TERMINAL = 7, PULL_ROWS = 1000, PATH_LEN_MAX = 1024, LINE_LEN_MAX = 64 * 1024 };

struct ours {
    char dir[PATH_LEN_MAX];
    struct ledger ledger;
    uv_loop_t loop;
    struct till_server *till;
    struct desk *desk;
    int client; /* the subscribed till's end */
};

/* ------------------------------------------------------------------ the ledger */

static void read_sample(struct tally_buffer *ret_document)
{
    char bytes[4096];
    FILE *file = fopen(TALLY_CLUB_JSON, "re");
    if (file == NULL) {
        bench_die("%s: %s", TALLY_CLUB_JSON, strerror(errno));
    }
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, file)) > 0;) {
        bench_check(tally_buffer_append(ret_document, bytes, got), "programme");
    }
    fclose(file);
}

/* As head office sends them: keys, then the programme that they verify. */
static void take_keys_and_programme(struct ours *ours, const struct swipe_club *club)
{
    struct tally_buffer key = {0}, public_key = {0}, document = {0}, signature = {0};
    bench_check(tally_key_generate(&key), "key");
    bench_check(tally_key_public(tally_buffer_slice(&key), &public_key), "key");
    struct tally_msg_shared_keys keys = {.programme_key = tally_buffer_slice(&public_key)};
    memcpy(keys.card_key, club->card_key, TALLY_KEY_LEN);
    memcpy(keys.data_key, club->data_key, TALLY_KEY_LEN);
    bench_check(ledger_take_keys(&ours->ledger, &keys), "keys");
    read_sample(&document);
    bench_check(tally_sign(tally_buffer_slice(&key), tally_buffer_slice(&document), &signature),
                "sign");
    struct tally_msg_signed_programme programme = {.document = tally_buffer_slice(&document),
                                                   .signature = tally_buffer_slice(&signature)};
    bench_check(ledger_take_programme(&ours->ledger, &programme, ledger_now_ms()), "programme");
    tally_buffer_free(&key);
    tally_buffer_free(&public_key);
    tally_buffer_free(&document);
    tally_buffer_free(&signature);
}

/* As a pull brings them; then into LMDB, where a terminal has them a quarter of a second later. */
static void take_members(struct ours *ours, const struct swipe_club *club)
{
    static struct tally_msg_member_row members[PULL_ROWS];
    static struct tally_msg_account_row rows[PULL_ROWS];
    static uint8_t handles[PULL_ROWS][1][TALLY_HANDLE_LEN];
    for (size_t next = 0; next < club->count;) {
        size_t count = 0;
        uint64_t left_out = 0;
        for (; count < PULL_ROWS && next < club->count; count++, next++) {
            const struct swipe_person *person = &club->people[next];
            memcpy(handles[count][0], person->handle, TALLY_HANDLE_LEN);
            members[count] = (struct tally_msg_member_row){
                .member = person->member,
                .account = person->member,
                .home_shop = 3,
                .profile = tally_buffer_slice(&person->profile),
                .wrapped_key = tally_buffer_slice(&person->wrapped_key),
                .handles = handles[count],
                .handle_count = 1};
            rows[count] = (struct tally_msg_account_row){
                .account = tally_buffer_slice(&person->account_bytes),
                .members = &members[count],
                .member_count = 1};
        }
        bench_check(store_apply_rows(ours->ledger.store, rows, count, next, &left_out), "members");
    }
    bench_check(store_checkpoint(ours->ledger.store), "checkpoint");
}

/* ------------------------------------------------------------------ the till */

static void no_request(void *context, struct till_request *request)
{
    (void)context;
    (void)request;
    bench_die("the till asked for more than to be told");
}

/* Whatever has come; 0: nothing yet. */
static size_t till_read(struct ours *ours, uint8_t *bytes, size_t cap)
{
    ssize_t got = recv(ours->client, bytes, cap, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        bench_die("the till: %s", got == 0 ? "disconnected" : strerror(errno));
    }
    return got < 0 ? 0 : (size_t)got;
}

static void subscribe(struct ours *ours, const struct sockaddr_un *address)
{
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\"}\n";
    uint8_t answer[256];
    ours->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ours->client < 0 ||
        connect(ours->client, (const struct sockaddr *)(const void *)address, sizeof *address) !=
            0 ||
        send(ours->client, request, sizeof request - 1, MSG_NOSIGNAL) !=
            (ssize_t)sizeof request - 1) {
        bench_die("%s: %s", address->sun_path, strerror(errno));
    }
    size_t len = 0;
    while ((len = till_read(ours, answer, sizeof answer)) == 0) {
        uv_run(&ours->loop, UV_RUN_ONCE);
    }
    if (memmem(answer, len, "\"result\"", 8) == NULL) {
        bench_die("the till's subscription was refused: %.*s", (int)len, (const char *)answer);
    }
}

/* ------------------------------------------------------------------ the way */

static void refuse_foreign_cards(struct ours *ours, const struct swipe_club *club)
{
    const struct tally_programme *programme = ledger_programme(&ours->ledger, ledger_now_ms());
    for (size_t i = 0; i < club->count; i++) {
        const struct tally_card *card = &club->people[i].card;
        bench_check(tally_card_classify(&programme->cards, card->bytes, card->len), "card");
    }
}

static void *ours_open(const char *dir, struct swipe_club *club)
{
    struct ours *ours = tally_alloc(1, sizeof *ours);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (ours == NULL) {
        bench_die("no memory");
    }
    snprintf(ours->dir, sizeof ours->dir, "%s/store", dir);
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/till.sock", dir) >=
        sizeof address.sun_path) {
        bench_die("%s is too long a path for a Unix socket: name a shorter one with --dir", dir);
    }
    bench_check(ledger_open(&ours->ledger, ours->dir), "ledger");
    bench_check(ours->ledger.status, "store");
    bench_check(store_set_writer(ours->ledger.store, TERMINAL, 1), "writer");
    take_keys_and_programme(ours, club);
    take_members(ours, club);
    refuse_foreign_cards(ours, club);
    if (uv_loop_init(&ours->loop) != 0) {
        bench_die("no event loop");
    }
    struct till_server_options options = {.path = address.sun_path,
                                          .ops = {.request = no_request, .cancelled = no_request}};
    struct desk_ports ports = {0}; /* a card needs none of them */
    bench_check(till_server_open(&ours->loop, &options, &ours->till), "the till's socket");
    bench_check(desk_new(&ours->ledger, &ports, &ours->desk), "desk");
    subscribe(ours, &address);
    return ours;
}

static void ours_swipe(void *self, struct swipe_person *person)
{
    struct ours *ours = self;
    desk_card(ours->desk, &person->card, ours->till);
}

static void ours_settle(void *self, struct swipe_person *person)
{
    static uint8_t line[LINE_LEN_MAX];
    struct ours *ours = self;
    size_t len = till_read(ours, line, sizeof line);
    if (len == 0 || line[len - 1] != '\n' ||
        memmem(line, len, person->name, strlen(person->name)) == NULL) {
        bench_die("the answer to member %" PRIu64 "'s card is not there, or not theirs: %.*s",
                  person->member, (int)len, (const char *)line);
    }
    if (person->line.len == 0) {
        bench_check(tally_buffer_append(&person->line, line, len), "line");
    }
    uv_run(&ours->loop, UV_RUN_NOWAIT); /* libuv's word that it has written */
}

static void ours_close(void *self)
{
    struct ours *ours = self;
    till_server_close(ours->till, NULL, NULL);
    uv_run(&ours->loop, UV_RUN_DEFAULT);
    close(ours->client);
    desk_free(ours->desk);
    ledger_close(&ours->ledger);
    uv_loop_close(&ours->loop);
    tally_free(ours);
}

const struct swipe_way swipe_ours = {"ours", ours_open, ours_swipe, ours_settle, ours_close};
