/* SPDX-License-Identifier: Apache-2.0 */
/* usb_poke: bare libusb, to see the same device from below: orders and answers are requests and
 * bytes in hex. For requests.txt, and as the peer that hal is measured against.
 *
 *   find                   waits for a device that is no hub, claims all of it: found VVVV:PPPP
 *   control SETUP          (8 bytes) IN: its bytes, "stall" or "error N"
 *   control SETUP : DATA   OUT: done, stall
 *   in EE LEN              one transfer of up to LEN bytes from endpoint EE: its bytes, stall
 *   out EE DATA            one transfer to endpoint EE, ended by a short packet: done, stall
 *   clear EE               clears the endpoint's halt: done
 *   listen EE LEN          reads again and again: report LEN
 *   stamp                  puts "at NANOSECONDS" behind each report from now on
 *   quit                   closed */
#include "tests/usb/hex.h"

#include <libusb.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_LEN_MAX = 4096, BYTES_MAX = 1024, LIMIT_MS = 5000, HUB = 9, INTERFACES_MAX = 4 };

static libusb_device_handle *handle;
static bool has_stamp;

static void say_hex(const uint8_t *bytes, int len)
{
    for (int i = 0; i < len; i++) {
        printf("%s%02x", i == 0 ? "" : " ", bytes[i]);
    }
    printf("%s\n", len == 0 ? "empty" : "");
}

static void say_result(int code)
{
    if (code >= 0) {
        printf("done\n");
    } else if (code == LIBUSB_ERROR_PIPE) {
        printf("stall\n");
    } else if (code == LIBUSB_ERROR_TIMEOUT) {
        printf("nothing\n");
    } else {
        printf("error %s\n", libusb_error_name(code));
    }
}

/* ---- finding it ---- */

static bool open_device(libusb_device *device)
{
    struct libusb_device_descriptor descriptor;
    if (handle != NULL || libusb_get_device_descriptor(device, &descriptor) != 0 ||
        descriptor.bDeviceClass == HUB || libusb_open(device, &handle) != 0) {
        return false;
    }
    (void)libusb_set_auto_detach_kernel_driver(handle, 1);
    struct libusb_config_descriptor *config = NULL;
    if (libusb_get_active_config_descriptor(device, &config) != 0) {
        libusb_close(handle);
        handle = NULL;
        return false; /* the kernel has not configured it yet */
    }
    for (int i = 0; i < config->bNumInterfaces; i++) {
        (void)libusb_claim_interface(handle, i);
    }
    libusb_free_config_descriptor(config);
    printf("found %04x:%04x\n", descriptor.idVendor, descriptor.idProduct);
    return true;
}

static int LIBUSB_CALL on_arrived(libusb_context *context, libusb_device *device,
                                  libusb_hotplug_event event, void *user)
{
    (void)context;
    (void)device;
    (void)event;
    *(bool *)user = true;
    return 0;
}

static bool look_once(void)
{
    libusb_device **devices = NULL;
    ssize_t count = libusb_get_device_list(NULL, &devices);
    bool is_found = false;
    for (ssize_t i = 0; i < count && !is_found; i++) {
        is_found = open_device(devices[i]);
    }
    libusb_free_device_list(devices, 1);
    return is_found;
}

/* The kernel announces a device a little before it has configured it, so one look is not enough. */
static void find(void)
{
    bool has_arrived = false;
    libusb_hotplug_callback_handle callback = 0;
    struct timeval soon = {0, 20000};
    (void)libusb_hotplug_register_callback(
        NULL, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED, 0, LIBUSB_HOTPLUG_MATCH_ANY,
        LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY, on_arrived, &has_arrived, &callback);
    for (int i = 0; i < LIMIT_MS / 20 && !look_once(); i++) {
        (void)libusb_handle_events_timeout_completed(NULL, &soon, NULL);
    }
    libusb_hotplug_deregister_callback(NULL, callback);
    if (handle == NULL) {
        printf("nothing\n");
    }
}

/* ---- requests ---- */

static void control(char *words)
{
    uint8_t setup[BYTES_MAX], data[BYTES_MAX];
    char *out = strchr(words, ':');
    int out_len = 0;
    if (out != NULL) {
        *out++ = '\0';
        out_len = hex_read(out, data, BYTES_MAX);
    }
    int wLength = 0;
    if (hex_read(words, setup, BYTES_MAX) != 8 || out_len < 0 ||
        (wLength = setup[6] | setup[7] << 8) > BYTES_MAX) {
        printf("not understood\n");
        return;
    }
    int got = libusb_control_transfer(
        handle, setup[0], setup[1], (uint16_t)(setup[2] | setup[3] << 8),
        (uint16_t)(setup[4] | setup[5] << 8), data, (uint16_t)wLength, LIMIT_MS);
    if (got >= 0 && (setup[0] & LIBUSB_ENDPOINT_IN) != 0) {
        say_hex(data, got);
    } else {
        say_result(got);
    }
}

static bool is_interrupt(unsigned endpoint)
{
    struct libusb_config_descriptor *config = NULL;
    bool is = false;
    if (libusb_get_active_config_descriptor(libusb_get_device(handle), &config) != 0) {
        return false;
    }
    for (int i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface_descriptor *at = config->interface[i].altsetting;
        for (int j = 0; j < at->bNumEndpoints; j++) {
            is = is || (at->endpoint[j].bEndpointAddress == endpoint &&
                        (at->endpoint[j].bmAttributes & 3) == LIBUSB_TRANSFER_TYPE_INTERRUPT);
        }
    }
    libusb_free_config_descriptor(config);
    return is;
}

static int transfer(unsigned endpoint, uint8_t *bytes, int len, int *ret_len)
{
    unsigned char address = (unsigned char)endpoint;
    return is_interrupt(endpoint)
               ? libusb_interrupt_transfer(handle, address, bytes, len, ret_len, LIMIT_MS)
               : libusb_bulk_transfer(handle, address, bytes, len, ret_len, LIMIT_MS);
}

static void in(unsigned endpoint, int len)
{
    uint8_t bytes[BYTES_MAX];
    int got = 0;
    int code = transfer(endpoint, bytes, len < BYTES_MAX ? len : BYTES_MAX, &got);
    if (code == 0) {
        say_hex(bytes, got);
    } else {
        say_result(code);
    }
}

static void out(unsigned endpoint, const char *hex)
{
    uint8_t bytes[BYTES_MAX];
    int len = hex_read(hex, bytes, BYTES_MAX), got = 0;
    int code = len < 0 ? LIBUSB_ERROR_INVALID_PARAM : transfer(endpoint, bytes, len, &got);
    int packet_len = libusb_get_max_packet_size(libusb_get_device(handle), (unsigned char)endpoint);
    if (code == 0 && packet_len > 0 && len % packet_len == 0) {
        code = transfer(endpoint, bytes, 0, &got);
    }
    say_result(code);
}

/* As short as reading can be: the time is taken before libusb does anything else, and the next read
 * is asked for at once. libusb_interrupt_transfer() would look for more first. */
static void LIBUSB_CALL on_report(struct libusb_transfer *asked)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    bool is_read = asked->status == LIBUSB_TRANSFER_COMPLETED;
    if (is_read) {
        printf("report %d", asked->actual_length);
    }
    if (is_read && has_stamp) {
        printf(" at %" PRId64, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    }
    if (is_read) {
        printf("\n");
    }
    *(int *)asked->user_data = !is_read || libusb_submit_transfer(asked) != 0;
}

static void listen_for(unsigned endpoint, int len)
{
    uint8_t bytes[BYTES_MAX];
    int is_over = 0;
    struct libusb_transfer *asked = libusb_alloc_transfer(0);
    if (asked == NULL || !is_interrupt(endpoint)) {
        libusb_free_transfer(asked);
        printf("not understood\n");
        return;
    }
    libusb_fill_interrupt_transfer(asked, handle, (unsigned char)endpoint, bytes, len, on_report,
                                   &is_over, LIMIT_MS);
    is_over = libusb_submit_transfer(asked) != 0;
    while (!is_over && libusb_handle_events_completed(NULL, &is_over) == 0) {
    }
    libusb_free_transfer(asked);
}

static bool obey(char *line)
{
    unsigned endpoint = 0;
    int len = 0, at = 0;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "quit") == 0) {
        return false;
    }
    if (strcmp(line, "find") == 0) {
        find();
    } else if (strcmp(line, "stamp") == 0) {
        has_stamp = true;
    } else if (handle == NULL) {
        printf("nothing found yet\n");
    } else if (strncmp(line, "control ", 8) == 0) {
        control(line + 8);
    } else if (sscanf(line, "in %x %d", &endpoint, &len) == 2) {
        in(endpoint, len);
    } else if (sscanf(line, "listen %x %d", &endpoint, &len) == 2 && len <= BYTES_MAX) {
        listen_for(endpoint, len);
    } else if (sscanf(line, "out %x %n", &endpoint, &at) == 1 && at > 0) {
        out(endpoint, line + at);
    } else if (sscanf(line, "clear %x", &endpoint) == 1) {
        say_result(libusb_clear_halt(handle, (unsigned char)endpoint));
    } else {
        printf("not understood: %s\n", line);
    }
    return true;
}

int main(void)
{
    char line[LINE_LEN_MAX];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (libusb_init(NULL) != 0) {
        return 3;
    }
    printf("open\n");
    while (fgets(line, sizeof line, stdin) != NULL && obey(line)) {
    }
    if (handle != NULL) {
        libusb_close(handle);
    }
    libusb_exit(NULL);
    printf("closed\n");
    return 0;
}
