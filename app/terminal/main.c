/* SPDX-License-Identifier: Apache-2.0 */
/* tallyd: one event loop that ties readers, ledger, till and head office together. */
#include "app/base/log.h"
#include "app/terminal/config.h"
#include "app/terminal/desk.h"
#include "app/terminal/hq_link.h"
#include "app/terminal/pairing.h"
#include "app/terminal/reading.h"
#include "hal/reader/reader.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/prctl.h>

enum { EXIT_USAGE = 2, NAME_LEN_MAX = 64, TAKEOVER_LOOK_MS = 60 * 60 * 1000 };

struct terminal {
    uv_loop_t loop;
    struct terminal_config config;
    struct ledger ledger;
    struct desk *desk;
    struct till_server *till;
    struct paper *paper;
    struct hal_readers *readers; /* NULL: switched off, or libusb does not start */
    struct reading reading;
    struct pairs pairs;
    struct pairing pairing;
    struct hq_link *hq;
    uv_timer_t checkpoint;
    uv_timer_t takeover; /* of a programme that waits */
    uv_prepare_t tell;   /* runs while screens have not been told of a change */
    uv_signal_t terminate, interrupt;
    char reader_name[NAME_LEN_MAX];
    enum tally_status reader_status;
    char programme_name[NAME_LEN_MAX]; /* of the status being told */
    bool closing;
};

/* ------------------------------------------------------------------ status */

static void fill_status(void *self, struct till_status *ret_status)
{
    struct terminal *terminal = self;
    struct hq_link_view hq;
    struct store_head head = {0};
    struct store_counts counts = {0};
    const struct tally_programme *programme = ledger_programme(&terminal->ledger, ledger_now_ms());
    hq_link_view(terminal->hq, &hq);
    struct till_status status = {
        .terminal = hq.terminal,
        .shop = hq.shop,
        .epoch = hq.epoch,
        .programme_name = "",
        .currency = "",
        .reader_name = terminal->reader_name,
        .reader_status = terminal->reader_status,
        .printer = paper_printer_state(terminal->paper),
        .hq_state = hq.state,
        .hq_why = hq.why,
        .hq_detail = hq.detail,
        .hq_contact_ms = hq.contact_ms,
        .pending = hq.pending,
        .store_status = terminal->ledger.status,
    };
    if (terminal->readers != NULL) {
        status.readers_ready = hal_readers_ready_count(terminal->readers);
    }
    if (programme != NULL) {
        status.programme_name = programme->name;
        status.programme_version = programme->version;
        status.currency = programme->currency;
        status.currency_exponent = programme->currency_exponent;
    }
    if (terminal->ledger.store != NULL) {
        store_head(terminal->ledger.store, &head);
        status.events = head.seq;
        status.pending = head.seq - head.acked_seq;
        if (store_counts(terminal->ledger.store, &counts) == TALLY_OK) {
            status.members = counts.members;
        }
    }
    *ret_status = status;
}

/* Changes come in bursts; screens are told once per turn of the loop. */
static void on_tell(uv_prepare_t *prepare)
{
    struct terminal *terminal = prepare->data;
    struct till_status status;
    (void)uv_prepare_stop(prepare);
    fill_status(terminal, &status);
    till_notify_status(terminal->till, &status);
}

static void tell_screens(void *context)
{
    struct terminal *terminal = context;
    if (!terminal->closing) {
        (void)uv_prepare_start(&terminal->tell, on_tell);
    }
}

/* ------------------------------------------------------------------ readers */

static void on_reader(void *context, const struct hal_reader_event *event)
{
    struct terminal *terminal = context;
    switch (event->kind) {
    case HAL_READER_CARD:
        desk_card(terminal->desk, &event->card, terminal->till);
        break;
    case HAL_READER_REFUSED:
        till_notify_refused(terminal->till, event->status, "");
        break;
    case HAL_READER_STATE:
        terminal->reader_status = event->status;
        snprintf(terminal->reader_name, sizeof terminal->reader_name, "%s", event->name);
        tally_log("reader: %s: %s, %u ready", event->name,
                  event->status == TALLY_OK ? "ready" : tally_status_text(event->status),
                  event->ready_count);
        if (event->rule[0] != '\0') {
            tally_log(
                "reader: %s: this line in /etc/udev/rules.d/70-tally.rules lets us open it: %s",
                event->name, event->rule);
        }
        tell_screens(terminal);
        break;
    }
}

static void on_programme(void *context);

static void on_takeover(uv_timer_t *timer)
{
    on_programme(timer->data);
}

/* The clock may be set meanwhile, so a long wait is looked at again each hour. */
static void plan_takeover(struct terminal *terminal)
{
    int64_t at_ms = ledger_takeover_ms(&terminal->ledger), now_ms = ledger_now_ms();
    if (at_ms != INT64_MAX && !terminal->closing) {
        int64_t wait_ms = at_ms <= now_ms ? 0 : at_ms - now_ms;
        (void)uv_timer_start(&terminal->takeover, on_takeover,
                             (uint64_t)(wait_ms < TAKEOVER_LOOK_MS ? wait_ms : TAKEOVER_LOOK_MS),
                             0);
    }
}

/* A programme or keys came, or one came into force: its card ranges are the readers' from now
 * on. */
static void on_programme(void *context)
{
    struct terminal *terminal = context;
    plan_takeover(terminal);
    reading_refresh(&terminal->reading, &terminal->ledger);
    if (terminal->readers != NULL &&
        hal_readers_set(terminal->readers, &terminal->reading.settings) != TALLY_OK) {
        tally_log("reader: what the programme says of cards could not be taken over");
    }
    tell_screens(terminal);
}

/* ------------------------------------------------------------------ batches */

static void bring_up_lmdb(struct terminal *terminal)
{
    enum tally_status status = ledger_checkpoint(&terminal->ledger, ledger_now_ms());
    if (status != TALLY_OK) {
        tally_log("store: batch: %s (%s)", tally_status_text(status), tally_status_name(status));
    }
}

static void on_checkpoint(uv_timer_t *timer)
{
    bring_up_lmdb(timer->data);
}

/* What waits for LMDB waits no longer than the store says; an earlier plan stays. */
static void plan_batch(struct terminal *terminal)
{
    int64_t within_ms =
        terminal->ledger.store == NULL ? -1 : store_checkpoint_within_ms(terminal->ledger.store);
    bool planned = uv_is_active((uv_handle_t *)&terminal->checkpoint) != 0;
    if (within_ms >= 0 && !terminal->closing &&
        (!planned || (uint64_t)within_ms < uv_timer_get_due_in(&terminal->checkpoint))) {
        (void)uv_timer_start(&terminal->checkpoint, on_checkpoint, (uint64_t)within_ms, 0);
    }
}

static void on_hq_change(void *context)
{
    plan_batch(context); /* rows may have come */
    tell_screens(context);
}

static void on_committed(void *self)
{
    struct terminal *terminal = self;
    plan_batch(terminal);
    hq_link_committed(terminal->hq);
    tell_screens(terminal);
}

/* From within the link: pushed with what follows, by the poke that its engine gives itself. */
static void on_link_committed(void *context)
{
    plan_batch(context);
    tell_screens(context);
}

/* ------------------------------------------------------------------ the desk's ports */

static enum tally_status port_draw(void *self, uint64_t account, uint32_t purse, int64_t points,
                                   void (*done)(void *context, enum tally_status status),
                                   void *context)
{
    struct terminal *terminal = self;
    return hq_link_draw(terminal->hq, account, purse, points, done, context);
}

static uint32_t port_shop(void *self)
{
    struct terminal *terminal = self;
    struct hq_link_view hq;
    hq_link_view(terminal->hq, &hq);
    return hq.shop;
}

static void port_try_hq_now(void *self)
{
    struct terminal *terminal = self;
    hq_link_try_now(terminal->hq);
}

static const struct hal_reader_settings *port_reading(void *self)
{
    struct terminal *terminal = self;
    return &terminal->reading.settings;
}

static void on_request(void *context, struct till_request *request)
{
    struct terminal *terminal = context;
    if (!pairing_request(&terminal->pairing, terminal->readers, request)) {
        desk_request(terminal->desk, request);
    }
}

static void on_request_cancelled(void *context, struct till_request *request)
{
    struct terminal *terminal = context;
    pairing_cancelled(&terminal->pairing, request);
    desk_cancelled(terminal->desk, request);
}

/* ------------------------------------------------------------------ start and stop */

static void on_part_closed(void *context)
{
    (void)context; /* the loop ends by itself when the last handle is closed */
}

static void on_stop(uv_signal_t *signal, int number)
{
    struct terminal *terminal = signal->data;
    if (terminal->closing) {
        return;
    }
    terminal->closing = true;
    tally_log("tallyd: signal %d, stopping", number);
    till_server_close(terminal->till, on_part_closed, NULL);
    if (terminal->readers != NULL) {
        hal_readers_close(terminal->readers, on_part_closed, NULL);
        terminal->readers = NULL;
    }
    hq_link_close(terminal->hq, on_part_closed, NULL);
    uv_close((uv_handle_t *)&terminal->checkpoint, NULL);
    uv_close((uv_handle_t *)&terminal->takeover, NULL);
    uv_close((uv_handle_t *)&terminal->tell, NULL);
    uv_close((uv_handle_t *)&terminal->terminate, NULL);
    uv_close((uv_handle_t *)&terminal->interrupt, NULL);
}

static enum tally_status open_parts(struct terminal *terminal)
{
    struct hq_link_options hq = {.loop = &terminal->loop,
                                 .ledger = &terminal->ledger,
                                 .config = &terminal->config,
                                 .context = terminal,
                                 .on_change = on_hq_change,
                                 .on_programme = on_programme,
                                 .on_committed = on_link_committed};
    const struct paper_watcher watcher = {terminal, tell_screens};
    TALLY_TRY(paper_open(&terminal->config.paper, &watcher, &terminal->paper));
    struct desk_ports ports = {.self = terminal,
                               .paper = terminal->paper,
                               .draw = port_draw,
                               .fill_status = fill_status,
                               .shop = port_shop,
                               .try_hq_now = port_try_hq_now,
                               .reading = port_reading,
                               .committed = on_committed};
    struct till_server_options till = {
        .path = terminal->config.till_socket,
        .ops = {.request = on_request, .cancelled = on_request_cancelled},
        .context = terminal};
    pairs_open(&terminal->pairs, terminal->config.store_dir);
    terminal->pairing.pairs = &terminal->pairs;
    reading_start(&terminal->reading, &terminal->config, terminal->paper, &terminal->pairs);
    reading_refresh(&terminal->reading, &terminal->ledger);
    TALLY_TRY(hq_link_open(&hq, &terminal->hq));
    TALLY_TRY(desk_new(&terminal->ledger, &ports, &terminal->desk));
    TALLY_TRY(till_server_open(&terminal->loop, &till, &terminal->till));
    const struct hal_reader_settings *wanted = &terminal->reading.settings;
    if (!wanted->no_cards || wanted->printer != NULL || wanted->display != NULL) {
        enum tally_status status = hal_readers_open(&terminal->loop, &terminal->reading.settings,
                                                    on_reader, terminal, &terminal->readers);
        if (status != TALLY_OK) { /* a till without a reader still sells: cards can be typed */
            tally_log("reader: no readers: %s", tally_status_text(status));
            terminal->readers = NULL;
            terminal->reader_status = status;
        }
    }
    plan_takeover(terminal);
    return TALLY_OK;
}

/* What is in this process's memory must not end in a core file. */
static void forbid_core_dumps(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)prctl(PR_SET_DUMPABLE, 0);
}

static int run(struct terminal *terminal)
{
    if (tally_crypto_start() != TALLY_OK) {
        tally_log("tallyd: the kernel's random generator does not answer");
        return EXIT_FAILURE;
    }
    if (ledger_open(&terminal->ledger, terminal->config.store_dir) != TALLY_OK) {
        tally_log("tallyd: another tallyd uses %s; stop it first", terminal->config.store_dir);
        return EXIT_FAILURE;
    }
    (void)uv_loop_init(&terminal->loop);
    (void)uv_timer_init(&terminal->loop, &terminal->checkpoint);
    (void)uv_timer_init(&terminal->loop, &terminal->takeover);
    (void)uv_prepare_init(&terminal->loop, &terminal->tell);
    (void)uv_signal_init(&terminal->loop, &terminal->terminate);
    (void)uv_signal_init(&terminal->loop, &terminal->interrupt);
    terminal->checkpoint.data = terminal->takeover.data = terminal->tell.data = terminal;
    terminal->terminate.data = terminal->interrupt.data = terminal;
    enum tally_status status = open_parts(terminal);
    if (status != TALLY_OK) {
        tally_log("tallyd: %s: %s", terminal->config.till_socket, tally_status_text(status));
        return EXIT_FAILURE;
    }
    (void)uv_signal_start(&terminal->terminate, on_stop, SIGTERM);
    (void)uv_signal_start(&terminal->interrupt, on_stop, SIGINT);
    tally_log("tallyd %s: listening on %s", TALLY_VERSION, terminal->config.till_socket);
    (void)uv_run(&terminal->loop, UV_RUN_DEFAULT);
    desk_free(terminal->desk);
    paper_close(terminal->paper);
    ledger_close(&terminal->ledger);
    reading_wipe(&terminal->reading);
    pairs_close(&terminal->pairs);
    (void)uv_loop_close(&terminal->loop);
    return EXIT_SUCCESS;
}

static const char usage[] =
    "Usage: tallyd [--config FILE] [--check]\n"
    "Loyalty on this terminal: reads cards, keeps points, serves the till, matches with head\n"
    "office.\n"
    "\n"
    "  -c, --config FILE  configuration (default /etc/tally/tallyd.conf)\n"
    "      --check        read the configuration, say what is wrong, and stop\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit: 0 stopped by a signal, 1 can't run, 2 wrong usage or configuration. See tallyd(8).\n";

int main(int argc, char **argv)
{
    static struct terminal terminal;
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *path = "/etc/tally/tallyd.conf";
    char problem[TALLY_CONFIG_PROBLEM_MAX];
    bool check = false;
    int option;
    while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            check = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'V':
            puts("tallyd " TALLY_VERSION);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "tallyd: %s: not understood\n%s", argv[optind], usage);
        return EXIT_USAGE;
    }
    if (terminal_config_read(path, &terminal.config, problem) != TALLY_OK) {
        fprintf(stderr, "tallyd: %s\n", problem);
        return EXIT_USAGE;
    }
    int code = EXIT_SUCCESS;
    if (!check) {
        forbid_core_dumps();
        (void)signal(SIGPIPE, SIG_IGN);
        code = run(&terminal);
    }
    terminal_config_free(&terminal.config);
    return code;
}
