/* SPDX-License-Identifier: Apache-2.0 */
/* tally-reader: the card reader as a real USB device on a Linux board. One poll() loop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "firmware/core/reader.h"
#include "firmware/port/head.h"
#include "firmware/port/linux-gadget/endpoints.h"
#include "firmware/port/linux-gadget/gadget.h"
#include "firmware/usb/descriptors.h"
#include "firmware/usb/hid.h"

enum {
    TALKERS_MAX = 8,     /* one head and a few people who look; more are told so */
    INPUT_LEN = 4096,    /* bytes of a talker read at once; lines may be longer */
    PLUG_MS_MAX = 10000, /* a host that has not configured us by then is not there */
    PACKETS_BEFORE_UNPLUG = 3
};

/* Why a talker's answer has to wait. Its input waits too, so answers keep the order of lines. */
enum wait { WAIT_NONE = 0, WAIT_REPORT, WAIT_PLUG };

struct talker {
    int fd; /* -1: free */
    struct tally_head head;
    enum wait wait;
    size_t input_at;
    size_t input_len;
    char input[INPUT_LEN];
};

struct port {
    struct tally_reader reader;
    struct tally_ports ports;
    struct tally_hid hid;
    struct gadget gadget;
    struct endpoints endpoints;
    struct talker talkers[TALKERS_MAX];
    const char *head_path;
    int listen_fd;
    int signal_fd;
    bool is_submitted;      /* the report of this swipe is with the kernel */
    bool unplug_mid_report; /* the next report is cut */
    int64_t report_deadline_ms;
    int64_t plug_deadline_ms;
};

enum { POLL_SIGNAL, POLL_EP0, POLL_DONE, POLL_LISTEN, POLL_TALKERS };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- talkers ---- */

static void hang_up(struct port *port, struct talker *talker)
{
    tally_head_gone(&talker->head, &port->reader);
    close(talker->fd);
    memset(talker, 0, sizeof *talker); /* its input was a card */
    talker->fd = -1;
}

/* An answer is shorter than any socket buffer: a talker that has let it fill up is not listening.
 */
static void answer(struct port *port, struct talker *talker, const char *word, const char *text)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%s%s%s\n", word, text != NULL ? " " : "",
                       text != NULL ? text : "");
    talker->wait = WAIT_NONE;
    if (send(talker->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len) {
        hang_up(port, talker);
    }
}

static void answer_waiting(struct port *port, enum wait wait, const char *word, const char *text)
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (port->talkers[i].fd >= 0 && port->talkers[i].wait == wait) {
            answer(port, &port->talkers[i], word, text);
        }
    }
}

/* ---- the reader's lamp and beeper; a board with real ones drives them here ---- */

static const char *light_name(enum tally_reader_light light)
{
    static const char *const names[] = {"off", "green", "amber", "red"};
    return names[light];
}

static void show(const struct port *port)
{
    static enum tally_reader_light shown = TALLY_READER_LIGHT_OFF;
    if (port->reader.light != shown || port->reader.beeps > 0) {
        shown = port->reader.light;
        printf("light %s, beeps %d\n", light_name(shown), port->reader.beeps);
        fflush(stdout);
    }
}

static enum tally_reader_action tell(struct port *port, enum tally_reader_event event)
{
    enum tally_reader_action action = tally_reader_event(&port->reader, event);
    show(port);
    return action;
}

static void answer_status(struct port *port, struct talker *talker)
{
    static const char *const states[TALLY_READER_STATE_COUNT] = {"off", "idle", "swiping",
                                                                 "reporting"};
    char text[96];
    snprintf(text, sizeof text, "plugged=%s state=%s light=%s swipes=%lu",
             port->gadget.is_bound ? "yes" : "no", states[port->reader.state],
             light_name(port->reader.light), (unsigned long)port->reader.swipe_number);
    answer(port, talker, "ok", text);
}

/* ---- cable ---- */

static void host_down(struct port *port)
{
    tell(port, TALLY_READER_HOST_DOWN);
    port->is_submitted = false;
    answer_waiting(port, WAIT_REPORT, "error",
                   "the reader was unplugged before the report was taken");
}

static void serve_ep0(struct port *port)
{
    enum endpoints_event events[ENDPOINTS_EVENTS_MAX];
    size_t count = endpoints_serve(&port->endpoints, &port->hid, events);
    for (size_t i = 0; i < count; i++) {
        if (events[i] == ENDPOINTS_HOST_UP) {
            tell(port, TALLY_READER_HOST_UP);
            answer_waiting(port, WAIT_PLUG, "ok", NULL);
        } else {
            host_down(port);
        }
    }
}

/* `plug` is answered when a host has configured us: then the next line can be a swipe. */
static void plug(struct port *port, struct talker *talker)
{
    if (port->reader.state != TALLY_READER_OFF) {
        answer(port, talker, "ok", NULL);
    } else if (!gadget_bind(&port->gadget)) {
        answer(port, talker, "error", port->gadget.error);
    } else {
        talker->wait = WAIT_PLUG;
        port->plug_deadline_ms = now_ms() + PLUG_MS_MAX;
    }
}

static bool pull(struct port *port)
{
    if (!gadget_unbind(&port->gadget)) {
        return false;
    }
    host_down(port);
    return true;
}

static void unplug(struct port *port, struct talker *talker)
{
    bool is_out = pull(port);
    answer(port, talker, is_out ? "ok" : "error", is_out ? NULL : port->gadget.error);
}

/* ---- reports ---- */

static void start_report(struct port *port)
{
    if (port->reader.state != TALLY_READER_REPORTING || port->is_submitted ||
        port->endpoints.is_sending) { /* what a pulled cable has left must come back first */
        return;
    }
    size_t len = port->unplug_mid_report ? PACKETS_BEFORE_UNPLUG * TALLY_USB_PACKET_LEN
                                         : TALLY_MSR_REPORT_LEN;
    port->is_submitted = endpoints_send(&port->endpoints, port->reader.report, len);
    if (!port->is_submitted) {
        char text[96];
        snprintf(text, sizeof text, "the report cannot be sent: %s", strerror(errno));
        tell(port, TALLY_READER_REPORT_STALE);
        answer_waiting(port, WAIT_REPORT, "error", text);
    }
}

static void finish_report(struct port *port)
{
    long taken = endpoints_finish(&port->endpoints);
    if (!port->is_submitted) {
        return; /* the end of a report that has been given up */
    }
    port->is_submitted = false;
    if (port->unplug_mid_report && taken > 0) {
        port->unplug_mid_report = false;
        answer_waiting(port, WAIT_REPORT, "ok", "unplugged in the middle of the report");
        (void)pull(port);
    } else if (taken == TALLY_MSR_REPORT_LEN) {
        tell(port, TALLY_READER_REPORT_TAKEN);
        answer_waiting(port, WAIT_REPORT, "ok", NULL);
    } else {
        tell(port, TALLY_READER_REPORT_STALE);
        answer_waiting(port, WAIT_REPORT, "error", "the terminal broke off the report");
    }
}

static void drop_stale(struct port *port, int64_t now)
{
    if (port->reader.state == TALLY_READER_REPORTING && now >= port->report_deadline_ms) {
        port->is_submitted = false;
        endpoints_cancel(&port->endpoints);
        tell(port, TALLY_READER_REPORT_STALE);
        answer_waiting(port, WAIT_REPORT, "error", "the terminal did not take the report in time");
    }
    if (now >= port->plug_deadline_ms) {
        answer_waiting(port, WAIT_PLUG, "error",
                       "plugged in, but no terminal configures the reader");
    }
}

/* ---- lines ---- */

static void do_line(struct port *port, struct talker *talker, enum tally_head_result result,
                    const char *error)
{
    switch (result) {
    case TALLY_HEAD_MORE:
        break;
    case TALLY_HEAD_OK:
        answer(port, talker, "ok", NULL);
        break;
    case TALLY_HEAD_ERROR:
        answer(port, talker, "error", error);
        break;
    case TALLY_HEAD_REPORT:
        show(port);
        talker->wait = WAIT_REPORT;
        port->report_deadline_ms = now_ms() + TALLY_READER_HOLD_MS;
        start_report(port);
        break;
    case TALLY_HEAD_PLUG:
        plug(port, talker);
        break;
    case TALLY_HEAD_UNPLUG:
        unplug(port, talker);
        break;
    case TALLY_HEAD_UNPLUG_MID_REPORT:
        port->unplug_mid_report = true;
        answer(port, talker, "ok", NULL);
        break;
    case TALLY_HEAD_STATUS:
        answer_status(port, talker);
        break;
    }
}

static void read_lines(struct port *port, struct talker *talker)
{
    while (talker->fd >= 0 && talker->wait == WAIT_NONE && talker->input_at < talker->input_len) {
        const char *error = NULL;
        char character = talker->input[talker->input_at++];
        enum tally_head_result result =
            tally_head_push(&talker->head, &port->reader, character, &error);
        do_line(port, talker, result, error);
    }
}

static void read_talker(struct port *port, struct talker *talker)
{
    ssize_t len = recv(talker->fd, talker->input, sizeof talker->input, MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(port, talker);
    } else if (len > 0) {
        talker->input_at = 0;
        talker->input_len = (size_t)len;
        read_lines(port, talker);
    }
}

static void accept_talker(struct port *port)
{
    int fd = accept4(port->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (port->talkers[i].fd < 0) {
            port->talkers[i].fd = fd;
            return;
        }
    }
    static const char full[] = "error too many are talking to this head\n";
    (void)!send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

/* ---- loop ---- */

static int wait_ms(const struct port *port)
{
    int64_t deadline = INT64_MAX;
    if (port->reader.state == TALLY_READER_REPORTING) {
        deadline = port->report_deadline_ms;
    }
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (port->talkers[i].fd >= 0 && port->talkers[i].wait == WAIT_PLUG &&
            port->plug_deadline_ms < deadline) {
            deadline = port->plug_deadline_ms;
        }
    }
    if (deadline == INT64_MAX) {
        return -1;
    }
    int64_t left = deadline - now_ms();
    return left < 0 ? 0 : (int)left;
}

/* A waiting talker is not read, but its hanging up is still seen (POLLHUP, POLLERR need no asking).
 */
static void fill_polls(const struct port *port, struct pollfd polls[POLL_TALKERS + TALKERS_MAX])
{
    polls[POLL_SIGNAL] = (struct pollfd){.fd = port->signal_fd, .events = POLLIN};
    polls[POLL_EP0] = (struct pollfd){.fd = port->endpoints.ep0_fd, .events = POLLIN};
    polls[POLL_DONE] = (struct pollfd){.fd = port->endpoints.done_fd, .events = POLLIN};
    polls[POLL_LISTEN] = (struct pollfd){.fd = port->listen_fd, .events = POLLIN};
    for (int i = 0; i < TALKERS_MAX; i++) {
        const struct talker *talker = &port->talkers[i];
        polls[POLL_TALKERS + i] =
            (struct pollfd){.fd = talker->fd, .events = talker->wait == WAIT_NONE ? POLLIN : 0};
    }
}

static void serve_talkers(struct port *port, const struct pollfd polls[])
{
    for (int i = 0; i < TALKERS_MAX; i++) {
        struct talker *talker = &port->talkers[i];
        short ready = polls[POLL_TALKERS + i].revents;
        if (talker->fd < 0 || talker->fd != polls[POLL_TALKERS + i].fd) {
            continue; /* came or went while the others were served */
        }
        if (talker->wait != WAIT_NONE && (ready & (POLLHUP | POLLERR)) != 0) {
            hang_up(port, talker);
        } else if (talker->wait == WAIT_NONE && ready != 0) {
            read_talker(port, talker);
        }
    }
}

static void run(struct port *port)
{
    for (;;) {
        struct pollfd polls[POLL_TALKERS + TALKERS_MAX];
        fill_polls(port, polls);
        if (poll(polls, POLL_TALKERS + TALKERS_MAX, wait_ms(port)) < 0 && errno != EINTR) {
            perror("tally-reader: poll");
            return;
        }
        if (polls[POLL_SIGNAL].revents != 0) {
            return;
        }
        if ((polls[POLL_DONE].revents & POLLIN) != 0) {
            finish_report(port);
        }
        if ((polls[POLL_EP0].revents & POLLIN) != 0) {
            serve_ep0(port);
        }
        drop_stale(port, now_ms());
        serve_talkers(port, polls);
        if ((polls[POLL_LISTEN].revents & POLLIN) != 0) {
            accept_talker(port);
        }
        start_report(port);
        for (int i = 0; i < TALKERS_MAX; i++) { /* lines that waited for an answer to go out */
            read_lines(port, &port->talkers[i]);
        }
    }
}

/* ---- start and end ---- */

static bool complain(const char *what)
{
    fprintf(stderr, "tally-reader: %s: %s\n", what, strerror(errno));
    return false;
}

/* Held until the process ends, however it ends. */
static bool lock_out_others(void)
{
    if (mkdir(GADGET_RUN_DIR, 0755) != 0 && errno != EEXIST) {
        return complain("cannot create " GADGET_RUN_DIR " (run as root)");
    }
    int fd = open(GADGET_RUN_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return complain("cannot open " GADGET_RUN_DIR "/lock (run as root)");
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "tally-reader: a tally-reader is running already\n");
        close(fd);
        return false;
    }
    return true;
}

static bool open_head(struct port *port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(port->head_path) >= sizeof address.sun_path) {
        fprintf(stderr, "tally-reader: the path of the head is longer than a socket's may be\n");
        return false;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", port->head_path);
    (void)unlink(port->head_path);
    port->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (port->listen_fd < 0 ||
        bind(port->listen_fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(port->head_path, 0660) != 0 || listen(port->listen_fd, TALKERS_MAX) != 0) {
        return complain(port->head_path);
    }
    return true;
}

static bool open_signals(struct port *port)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    port->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return port->signal_fd >= 0 || complain("signalfd");
}

static bool open_usb(struct port *port, const char *udc)
{
    struct gadget *gadget = &port->gadget;
    if (!gadget_choose_udc(gadget, udc) || !gadget_create(gadget, port->ports.serial)) {
        fprintf(stderr, "tally-reader: %s\n", gadget->error);
        return false;
    }
    if (!endpoints_open(&port->endpoints, GADGET_FFS_DIR)) {
        return complain("FunctionFS refuses the endpoints");
    }
    if (!gadget_bind(gadget)) {
        fprintf(stderr, "tally-reader: %s (is another gadget bound to %s?)\n", gadget->error,
                gadget->udc);
        return false;
    }
    printf("ready: %04x:%04x on %s, head at %s\n", TALLY_MSR_USB_VENDOR, TALLY_MSR_USB_PRODUCT,
           gadget->udc, port->head_path);
    fflush(stdout);
    return true;
}

static void close_all(struct port *port)
{
    (void)gadget_unbind(&port->gadget);
    for (int i = 0; i < TALKERS_MAX; i++) {
        if (port->talkers[i].fd >= 0) {
            hang_up(port, &port->talkers[i]);
        }
    }
    endpoints_close(&port->endpoints);
    gadget_remove(&port->gadget);
    if (port->listen_fd >= 0) {
        close(port->listen_fd);
        (void)unlink(port->head_path);
    }
    if (port->signal_fd >= 0) {
        close(port->signal_fd);
    }
}

static void print_help(FILE *out)
{
    fputs(
        "Usage: tally-reader [--udc NAME] [--head PATH] [--serial TEXT]\n"
        "Runs the Tallystick card reader as a USB device on this board. Needs root, libcomposite\n"
        "and a USB device controller (UDC).\n"
        "\n"
        "  --udc NAME     controller to use; default: the first of /sys/class/udc\n"
        "  --head PATH    Unix socket on which swipes arrive as lines of text;\n"
        "                 default: " GADGET_RUN_DIR "/head.sock\n"
        "  --serial TEXT  serial number, 1 to 22 letters and digits; default: TALLY0001\n"
        "  --help         this text\n"
        "  --version      the version\n"
        "\n"
        "Stops and removes the device on SIGTERM and SIGINT.\n",
        out);
}

static bool is_serial(const char *text)
{
    size_t len = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return len > 0 && len <= TALLY_MSR_FEATURE_DATA_LEN_MAX && text[len] == '\0';
}

enum { GO_ON = -1, EXIT_USAGE = 2 };

/* GO_ON, or the exit status of a run that is over: help was wanted, or the usage was wrong. */
static int read_options(int argc, char **argv, const char **udc, const char **head_path,
                        const char **serial)
{
    static const struct option options[] = {
        {"udc", required_argument, NULL, 'u'},    {"head", required_argument, NULL, 'p'},
        {"serial", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'u':
            *udc = optarg;
            break;
        case 'p':
            *head_path = optarg;
            break;
        case 's':
            *serial = optarg;
            break;
        case 'h':
            print_help(stdout);
            return 0;
        case 'v':
            puts("tally-reader " TALLY_VERSION);
            return 0;
        default:
            print_help(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind != argc || !is_serial(*serial)) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    return GO_ON;
}

static void init(struct port *port, const char *head_path, const char *serial)
{
    memset(port, 0, sizeof *port);
    port->head_path = head_path;
    port->listen_fd = -1;
    port->signal_fd = -1;
    port->endpoints = (struct endpoints){.ep0_fd = -1, .ep1_fd = -1, .done_fd = -1};
    for (int i = 0; i < TALKERS_MAX; i++) {
        port->talkers[i].fd = -1;
    }
    tally_reader_init(&port->reader);
    port->ports.serial = serial;
    tally_hid_init(&port->hid, &port->ports);
}

int main(int argc, char **argv)
{
    static struct port port;
    const char *udc = NULL, *serial = "TALLY0001", *head_path = GADGET_RUN_DIR "/head.sock";
    int over = read_options(argc, argv, &udc, &head_path, &serial);
    if (over != GO_ON) {
        return over;
    }
    if (!lock_out_others()) {
        return 1;
    }
    init(&port, head_path, serial);
    bool is_up = open_signals(&port) && open_head(&port) && open_usb(&port, udc);
    if (is_up) {
        run(&port);
    }
    close_all(&port);
    return is_up ? 0 : 1;
}
