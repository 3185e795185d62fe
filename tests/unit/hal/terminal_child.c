/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's half of test_readers_usb: the real hal room and libusb on a real loop, in a
 * process of its own so that its memory can be searched. One line out for each event, one line in
 * for each order:
 *
 *   scan HEX   how often these bytes, each XOR 0x55, stand in writable memory: "found N"
 *   quit       closes the readers, then says "closed"
 *
 * Usage: terminal_child [MS, after which a quiet reader is asked whether it is there]
 * TALLY_TEST_UEVENTS=kernel makes umockdev's messages the kernel's, =both does so and has a udevd
 * run. */
#include "hal/reader/drivers.h"
#include "hal/reader/reader.h"
#include "hal/reader/template.h"
#include "tests/unit/hal/echo_driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MASK = 0x55, WANTED_LEN_MAX = 256, REGION_LEN_MAX = 256 << 20, LINE_LEN_MAX = 1024 };

/* In place of the terminal's own table: what the simulator's devices need. */
const struct hal_reader_driver *const hal_reader_drivers[] = {
    &hal_driver_hid_msr, &echo_looker, &echo_driver, &hal_driver_template, NULL};

struct terminal {
    uv_loop_t loop;
    uv_poll_t orders;
    struct hal_readers *readers;
    char line[LINE_LEN_MAX];
    size_t line_len;
};

/* umockdev's messages are udevd's. */
ssize_t recvmsg(int fd, struct msghdr *header, int flags)
{
    static ssize_t (*real)(int, struct msghdr *, int);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "recvmsg");
    }
    ssize_t len = real(fd, header, flags);
    if (len >= 0 && getenv("TALLY_TEST_UEVENTS") != NULL) {
        *(struct sockaddr_nl *)header->msg_name =
            (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = 1};
        header->msg_namelen = sizeof(struct sockaddr_nl);
    }
    return len;
}

int access(const char *path, int mode)
{
    static int (*real)(const char *, int);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "access");
    }
    if (strcmp(path, "/run/udev/control") == 0) {
        const char *uevents = getenv("TALLY_TEST_UEVENTS");
        bool has_udevd = uevents != NULL && strcmp(uevents, "both") == 0;
        if (has_udevd) {
            printf("udevd runs\n");
            return 0;
        }
        errno = ENOENT;
        return -1;
    }
    return real(path, mode);
}

static void on_event(void *context, const struct hal_reader_event *event)
{
    (void)context;
    static const char *const kinds[] = {"card", "refused", "state"};
    printf("%s %s ready=%u [%s]", kinds[event->kind], tally_status_name(event->status),
           event->ready_count, event->name);
    if (event->kind == HAL_READER_CARD) {
        printf(" %.*s", (int)event->card.len, (const char *)event->card.bytes);
    }
    printf("%s%s\n", event->rule[0] == '\0' ? "" : " ", event->rule);
}

/* ---- searching our own memory ---- */

static size_t count_in(const uint8_t *bytes, size_t len, const uint8_t *wanted, size_t wanted_len)
{
    size_t found = 0;
    const uint8_t *end = bytes + len;
    for (const uint8_t *at = bytes; (size_t)(end - at) >= wanted_len; at++) {
        at = memchr(at, wanted[0] ^ MASK, (size_t)(end - at) - wanted_len + 1);
        if (at == NULL) {
            break;
        }
        size_t same = 1;
        while (same < wanted_len && (at[same] ^ MASK) == wanted[same]) {
            same++;
        }
        found += same == wanted_len;
    }
    return found;
}

/* Page by page, each with the start of the next, for a match that crosses; pages that can't be read
 * (guard pages) are passed over. The buffer is wiped so as not to find its own copy. */
static size_t count_in_region(int memory, uint64_t from, uint64_t to, const uint8_t *wanted,
                              size_t wanted_len)
{
    enum { PAGE = 4096 };
    static uint8_t buffer[PAGE + WANTED_LEN_MAX];
    size_t found = 0;
    for (uint64_t at = from; at < to; at += PAGE) {
        ssize_t got = pread(memory, buffer, PAGE + wanted_len - 1, (off_t)at);
        if (got > 0) {
            found += count_in(buffer, (size_t)got, wanted, wanted_len);
        }
        explicit_bzero(buffer, sizeof buffer);
    }
    return found;
}

static size_t count_in_memory(const uint8_t *wanted, size_t wanted_len)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (maps == NULL || memory < 0) {
        abort();
    }
    size_t found = 0;
    char line[LINE_LEN_MAX];
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t from = 0, to = 0;
        char access[5] = "";
        bool is_region = sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, access) == 3;
        /* The sanitizer's shadow is terabytes, and holds no bytes of ours. */
        if (is_region && access[1] == 'w' && to - from <= REGION_LEN_MAX) {
            found += count_in_region(memory, from, to, wanted, wanted_len);
        }
    }
    close(memory);
    fclose(maps);
    return found;
}

static void scan(const char *hex)
{
    uint8_t wanted[WANTED_LEN_MAX];
    size_t len = 0;
    unsigned byte = 0;
    for (; len < sizeof wanted && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        wanted[len++] = (uint8_t)byte;
    }
    printf("found %zu\n", count_in_memory(wanted, len));
}

/* ---- orders ---- */

static void on_closed(void *context)
{
    (void)context;
    printf("closed\n");
}

static void quit(struct terminal *terminal)
{
    uv_close((uv_handle_t *)&terminal->orders, NULL);
    hal_readers_close(terminal->readers, on_closed, NULL);
}

static void obey(struct terminal *terminal, const char *line)
{
    if (strncmp(line, "scan ", 5) == 0) {
        scan(line + 5);
    } else {
        quit(terminal);
    }
}

static void on_order(uv_poll_t *handle, int status, int events)
{
    (void)events;
    struct terminal *terminal = handle->data;
    char byte = 0;
    if (status != 0 || read(STDIN_FILENO, &byte, 1) != 1) {
        quit(terminal); /* whoever gave the orders is gone */
        return;
    }
    if (byte != '\n' && terminal->line_len < LINE_LEN_MAX - 1) {
        terminal->line[terminal->line_len++] = byte;
    } else if (byte == '\n') {
        terminal->line[terminal->line_len] = '\0';
        terminal->line_len = 0;
        obey(terminal, terminal->line);
    }
}

/* A terminal has no right to open what its user may not: neither has root here. */
static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    if (syscall(SYS_capset, &header, none) != 0) {
        abort();
    }
}

int main(int argc, char **argv)
{
    static const struct tally_card_rule own_rules[] = {{"600585", 17}};
    const struct hal_reader_settings settings = {
        .rules = {own_rules, 1}, .look_ms = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0};
    static struct terminal terminal;
    drop_capabilities();
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (uv_loop_init(&terminal.loop) != 0 ||
        uv_poll_init(&terminal.loop, &terminal.orders, STDIN_FILENO) != 0) {
        return 2;
    }
    terminal.orders.data = &terminal;
    uv_poll_start(&terminal.orders, UV_READABLE, on_order);
    if (hal_readers_open(&terminal.loop, &settings, on_event, NULL, &terminal.readers) !=
        TALLY_OK) {
        return 3;
    }
    printf("open\n");
    uv_run(&terminal.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&terminal.loop) == 0 ? 0 : 4;
}
