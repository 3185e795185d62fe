/* SPDX-License-Identifier: Apache-2.0 */
/* usb_terminal: the terminal of a conversation: the real hal room and libusb on a real loop. Events
 * go out as lines (say.h), orders come in as lines:
 *
 *   uid yes, wedge all, ...    settings (settings.h): set
 *   stamp                      from now on " at NANOSECONDS" stands behind each event: set
 *   pairs it                   gives the key of `pair SERIAL` to the reader of ours: paired STATUS
 *   quit                       closes the readers, then says "closed"
 *
 * Its first line is "open". It ends when its input does. */
#include "app/crypto/crypto.h"
#include "hal/reader/reader.h"
#include "tests/usb/say.h"
#include "tests/usb/settings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_LEN_MAX = 256 };

struct shop {
    uv_loop_t loop;
    uv_pipe_t orders;
    struct hal_readers *readers;
    struct hal_reader_settings settings;
    char line[LINE_LEN_MAX];
    size_t line_len;
    bool has_stamp;
    bool is_closing;
};

static void on_event(void *context, const struct hal_reader_event *event)
{
    const struct shop *shop = context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* first: what is said of the card takes time too */
    char text[SAY_LEN_MAX] = "";
    switch (event->kind) {
    case HAL_READER_CARD:
        say_card(&event->card, text);
        break;
    case HAL_READER_REFUSED:
        say_refused(event->status, text);
        break;
    case HAL_READER_STATE:
        say_state(event->status, event->ready_count, text);
        break;
    }
    printf("%s", text);
    if (shop->has_stamp) {
        printf(" at %" PRId64, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    }
    printf("\n");
    explicit_bzero(text, sizeof text);
}

static void on_closed(void *context)
{
    (void)context;
    printf("closed\n");
}

static void quit(struct shop *shop)
{
    if (!shop->is_closing) {
        shop->is_closing = true;
        uv_close((uv_handle_t *)&shop->orders, NULL);
        hal_readers_close(shop->readers, on_closed, NULL);
    }
}

static void on_paired(void *context, enum tally_status status, const char *serial)
{
    (void)context;
    (void)serial;
    printf("paired %s\n", tally_status_name(status));
}

static void pair(struct shop *shop)
{
    enum tally_status status =
        shop->settings.pairs == NULL
            ? TALLY_E_INVALID
            : hal_readers_pair(shop->readers, shop->settings.pairs->pairs[0].key, on_paired, NULL);
    if (status != TALLY_OK) {
        on_paired(NULL, status, "");
    }
}

static void obey(struct shop *shop, const char *line)
{
    if (strcmp(line, "quit") == 0) {
        quit(shop);
    } else if (strcmp(line, "stamp") == 0) {
        shop->has_stamp = true;
        printf("set\n");
    } else if (strcmp(line, "pairs it") == 0) {
        pair(shop);
    } else if (!settings_read(&shop->settings, line) ||
               hal_readers_set(shop->readers, &shop->settings) != TALLY_OK) {
        printf("not understood: %s\n", line);
    } else {
        printf("set\n");
    }
}

static void take(struct shop *shop, char byte)
{
    if (byte != '\n' && shop->line_len < LINE_LEN_MAX - 1) {
        shop->line[shop->line_len++] = byte;
    } else if (byte == '\n') {
        shop->line[shop->line_len] = '\0';
        shop->line_len = 0;
        obey(shop, shop->line);
    }
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)wanted;
    static char room[LINE_LEN_MAX];
    *ret_buffer = uv_buf_init(room, sizeof room);
}

static void on_orders(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct shop *shop = stream->data;
    for (ssize_t i = 0; i < count && !shop->is_closing; i++) {
        take(shop, buffer->base[i]);
    }
    if (count < 0) {
        quit(shop); /* whoever gave the orders is gone */
    }
}

int main(void)
{
    static struct shop shop;
    shop.settings = settings_of_the_shop();
    if (tally_crypto_start() != TALLY_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (uv_loop_init(&shop.loop) != 0 || uv_pipe_init(&shop.loop, &shop.orders, 0) != 0 ||
        uv_pipe_open(&shop.orders, STDIN_FILENO) != 0) {
        return 2;
    }
    shop.orders.data = &shop;
    uv_read_start((uv_stream_t *)&shop.orders, on_room, on_orders);
    if (hal_readers_open(&shop.loop, &shop.settings, on_event, &shop, &shop.readers) != TALLY_OK) {
        return 3;
    }
    printf("open\n");
    uv_run(&shop.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&shop.loop) == 0 ? 0 : 4;
}
