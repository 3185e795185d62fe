/* SPDX-License-Identifier: Apache-2.0 */
/* tally-reader: the card reader as a real USB device on a Linux board: options, and one of us at a
 * time. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/port/linux-gadget/reader.h"

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

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* ---- options ---- */

static void print_help(FILE *out)
{
    fputs(
        "Usage: tally-reader [--udc NAME] [--head PATH] [--serial TEXT] [--form FORM]\n"
        "                    [--slot virtual|pn532:TTY] [--keep DIR]\n"
        "Runs the Tallystick card reader as a USB device on this board. Needs root, libcomposite\n"
        "and a USB device controller (UDC).\n"
        "\n"
        "  --udc NAME     controller to use; default: the first of /sys/class/udc\n"
        "  --head PATH    Unix socket on which swipes and taps arrive as lines of text;\n"
        "                 default: " GADGET_RUN_DIR "/head.sock\n"
        "  --serial TEXT  serial number, 1 to 22 letters and digits; default: TALLY0001\n"
        "  --form FORM    what a swipe looks like: sureswipe, signed, page-8e or keyboard; it is\n"
        "                 kept. default: as kept, or else sureswipe\n"
        "  --slot SLOT    a contactless slot beside the stripe: virtual, for cards that `tap`\n"
        "                 describes, or pn532:TTY, a PN532 at that serial line; default: none\n"
        "  --keep DIR     folder for settings and the pair key; default: " GADGET_RUN_DIR "/kept,\n"
        "                 which is gone when this board restarts\n"
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

static bool read_form(const char *text, int *ret_form)
{
    static const struct {
        const char *name;
        enum tally_msr_form form;
    } forms[] = {{"sureswipe", TALLY_MSR_FORM_SURESWIPE},
                 {"signed", TALLY_MSR_FORM_SIGNED},
                 {"page-8e", TALLY_MSR_FORM_8E},
                 {"keyboard", TALLY_MSR_FORM_KEYBOARD}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(text, forms[i].name) == 0) {
            *ret_form = forms[i].form;
            return true;
        }
    }
    return false;
}

static bool read_slot(const char *text, struct reader_options *options)
{
    static const char pn532[] = "pn532:";
    size_t len = sizeof pn532 - 1;
    if (strcmp(text, "virtual") == 0) {
        options->slot = READER_SLOT_VIRTUAL;
        return true;
    }
    options->slot = READER_SLOT_PN532;
    options->tty = text + len;
    return strncmp(text, pn532, len) == 0 && text[len] != '\0';
}

static bool read_option(int option, const char *text, struct reader_options *options)
{
    switch (option) {
    case 'u':
        options->udc = text;
        return true;
    case 'p':
        options->head_path = text;
        return true;
    case 's':
        options->serial = text;
        return is_serial(text);
    case 'k':
        options->keep_dir = text;
        return true;
    case 'f':
        return read_form(text, &options->form);
    case 'l':
        return read_slot(text, options);
    default:
        return false;
    }
}

enum { GO_ON = -1, EXIT_USAGE = 2 };

/* GO_ON, or the exit status of a run that is over: help was wanted, or the usage was wrong. */
static int read_options(int argc, char **argv, struct reader_options *options)
{
    static const struct option names[] = {{"udc", required_argument, NULL, 'u'},
                                          {"head", required_argument, NULL, 'p'},
                                          {"serial", required_argument, NULL, 's'},
                                          {"form", required_argument, NULL, 'f'},
                                          {"slot", required_argument, NULL, 'l'},
                                          {"keep", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (option == 'h') {
            print_help(stdout);
            return 0;
        }
        if (option == 'v') {
            puts("tally-reader " TALLY_VERSION);
            return 0;
        }
        if (!read_option(option, optarg, options)) {
            print_help(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    return GO_ON;
}

int main(int argc, char **argv)
{
    static struct reader reader;
    struct reader_options options = {.serial = "TALLY0001",
                                     .head_path = GADGET_RUN_DIR "/head.sock",
                                     .keep_dir = GADGET_RUN_DIR "/kept",
                                     .form = READER_FORM_KEPT};
    int over = read_options(argc, argv, &options);
    if (over != GO_ON) {
        return over;
    }
    if (!lock_out_others()) {
        return 1;
    }
    int signal_fd = open_signals();
    if (signal_fd < 0) {
        complain("signalfd");
        return 1;
    }
    if (!reader_open(&reader, &options)) {
        return 1;
    }
    printf("ready: %04x:%04x on %s, head at %s\n", TALLY_MSR_USB_VENDOR, TALLY_MSR_USB_PRODUCT,
           reader.cable.gadget.udc, options.head_path);
    fflush(stdout);
    reader_run(&reader, signal_fd);
    reader_close(&reader);
    return 0;
}
