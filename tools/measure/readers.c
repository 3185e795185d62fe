/* SPDX-License-Identifier: Apache-2.0 */
/* tally-bench-readers KIND COUNT: plays one card of that kind to its driver COUNT times, beside the
 * least that anybody has to do. For callgrind; it prints nothing.
 *
 * The card comes once from a device model (tests/usb/model.h) and is recorded as the driver hears
 * it. A CCID answer carries its command's number, so the one byte is written anew each time. */
#include "tools/measure/readers.h"

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "hal/reader/code.h"
#include "hal/reader/drivers.h"
#include "tests/usb/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIMIT_MS = 20000, /* of the model's own time */
    REST_MS = 3000,   /* so long nothing: the card has left */
    SEQ_AT = 6,       /* bSeq (CCID 1.1, 6.1 and 6.2) */
    CODE_AT = 5,      /* in the scanner's report */
    KINDS = 5
};
#define WALL_MS INT64_C(1767225600000) /* 2026-01-01 */

static const struct {
    const char *kind, *model;
    const struct hal_reader_driver *driver;
    uint8_t bInterfaceNumber;
    const char *act, *leave; /* words of a conversation; NULL: nothing to do */
} kinds[KINDS] = {
    {"stripe", "reader", &hal_driver_hid_msr, 0, "swipe T2 ;60058541029558180=9904?", NULL},
    {"wedge", "keyboard", &hal_driver_wedge, 0, "swipe T2 ;60058541029558180=9904?", NULL},
    {"scanner", "scanner", &hal_driver_scanner, 0, "scan ]C0 60058541029558180", NULL},
    {"code", "scanner", &hal_driver_scanner, 0, NULL, NULL},
    {"tag", "nfc-reader", &hal_driver_ccid, 1, "tap ntag213 text 60058541029558180", "untap"},
};

/* The device and the driver on it, while the card is recorded. */
struct bus {
    struct reader_take *take; /* first: found again by its link */
    struct hal_interface interface;
    struct hal_reader_settings settings;
    struct hal_code_memory codes;
    struct model *model;
    struct port port;
    uint32_t now_ms;
    bool is_recording, is_ready;
    bool is_control_asked, is_listening, is_receiving, is_sending;
    struct tally_usb_setup setup;
    uint8_t data[HAL_LINK_CONTROL_LEN_MAX];
    uint8_t report[HAL_LINK_CONTROL_LEN_MAX], received[HAL_LINK_CONTROL_LEN_MAX];
    uint8_t sending[HAL_LINK_CONTROL_LEN_MAX];
    struct port_in listen, receive;
    struct port_out send;
};

static struct bus bus;

/* ------------------------------------------------------------------ what the driver asks */

static enum tally_status on_control(struct hal_link *link, const struct hal_setup *setup,
                                    const uint8_t *data)
{
    (void)link;
    bus.is_control_asked = true;
    bus.setup = (struct tally_usb_setup){setup->bmRequestType, setup->bRequest, setup->wValue,
                                         setup->wIndex, setup->wLength};
    if ((setup->bmRequestType & 0x80) == 0 && setup->wLength > 0) {
        memcpy(bus.data, data, setup->wLength);
    }
    return TALLY_OK;
}

static enum tally_status on_listen(struct hal_link *link, size_t report_len, bool short_ends)
{
    (void)link;
    (void)short_ends;
    bus.is_listening = true;
    bus.listen = (struct port_in){bus.interface.interrupt_in, bus.report, report_len, 0};
    return report_len <= sizeof bus.report ? TALLY_OK : TALLY_E_DEVICE;
}

static enum tally_status on_receive(struct hal_link *link, size_t len_max)
{
    (void)link;
    size_t cap = len_max < sizeof bus.received ? len_max : sizeof bus.received;
    bus.is_receiving = true;
    bus.receive = (struct port_in){bus.interface.bulk_in, bus.received, cap, 0};
    return TALLY_OK;
}

static enum tally_status on_send(struct hal_link *link, const uint8_t *bytes, size_t len)
{
    (void)link;
    bus.take->bSeq = len > SEQ_AT ? bytes[SEQ_AT] : 0;
    if (bus.is_recording && len <= sizeof bus.sending) {
        memcpy(bus.sending, bytes, len);
        bus.is_sending = true;
        bus.send = (struct port_out){bus.interface.bulk_out, bus.sending, len, true, 0};
    }
    return TALLY_OK;
}

static void on_set_timer(struct hal_link *link, uint32_t in_ms)
{
    (void)link;
    (void)in_ms; /* what is recorded comes in time */
}

static uint64_t on_now_ms(struct hal_link *link)
{
    (void)link;
    return bus.now_ms;
}

static void on_ready(struct hal_link *link)
{
    (void)link;
    bus.is_ready = true;
}

static void on_card(struct hal_link *link, const struct tally_card *card)
{
    (void)link;
    bus.take->cards++;
    bus.take->card = *card;
}

static void on_refuse(struct hal_link *link, enum tally_status status)
{
    (void)link;
    bench_check(status, "the card is refused");
}

static const struct hal_link_ops link_ops = {.control = on_control,
                                             .listen = on_listen,
                                             .receive = on_receive,
                                             .send = on_send,
                                             .set_timer = on_set_timer,
                                             .now_ms = on_now_ms,
                                             .ready = on_ready,
                                             .card = on_card,
                                             .refuse = on_refuse,
                                             .end = on_refuse};

/* ------------------------------------------------------------------ recording */

void reader_deliver(struct reader_take *take, const struct reader_piece *piece)
{
    const struct hal_reader_driver *driver = take->driver;
    switch (piece->news) {
    case READER_REPORT:
        driver->on_report(take->state, &take->link, TALLY_OK, piece->scratch, piece->len);
        break;
    case READER_RECEIVED:
        piece->scratch[SEQ_AT] = take->bSeq;
        driver->on_received(take->state, &take->link, TALLY_OK, piece->scratch, piece->len);
        break;
    case READER_SENT:
        driver->on_sent(take->state, &take->link, TALLY_OK);
        break;
    }
}

static void *copy_of(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = tally_alloc(len + 1, 1);
    if (copy == NULL) {
        bench_die("no memory");
    }
    memcpy(copy, bytes, len);
    return copy;
}

static void note(enum reader_news news, const uint8_t *bytes, size_t len)
{
    struct reader_take *take = bus.take;
    struct reader_piece *more =
        tally_realloc(take->pieces, take->count + 1, sizeof take->pieces[0]);
    if (more == NULL || (news == READER_RECEIVED && len <= SEQ_AT)) {
        bench_die("the reader's answer can't be kept");
    }
    take->pieces = more;
    take->pieces[take->count] =
        (struct reader_piece){news, len, copy_of(bytes, len), copy_of(bytes, len)};
    bool had_card = take->cards > 0;
    reader_deliver(take, &take->pieces[take->count]);
    if (!had_card && take->cards > 0) {
        take->card_at = take->count;
    }
    take->count++;
}

static bool step_control(void)
{
    size_t len = 0;
    if (!bus.is_control_asked) {
        return false;
    }
    bus.is_control_asked = false;
    enum port_result result = port_control(&bus.port, &bus.setup, bus.data, &len);
    bus.take->driver->on_control(bus.take->state, &bus.take->link,
                                 result == PORT_DONE ? TALLY_OK : TALLY_E_DEVICE, bus.data, len);
    return true;
}

static bool step_in(struct port_in *request, enum reader_news news)
{
    if (port_in(&bus.port, request) != PORT_DONE) {
        return false;
    }
    size_t len = request->have;
    request->have = 0;
    note(news, request->into, len);
    return true;
}

static bool step(void)
{
    (void)bus.model->ops->time(bus.model, bus.now_ms);
    if (bus.is_sending && port_out(&bus.port, &bus.send) == PORT_DONE) {
        bus.is_sending = false;
        note(READER_SENT, bus.sending, 0);
        return true;
    }
    return step_control() || (bus.is_receiving && step_in(&bus.receive, READER_RECEIVED)) ||
           (bus.is_listening && step_in(&bus.listen, READER_REPORT));
}

static void rest(uint32_t for_ms)
{
    uint32_t quiet_ms = 0, all_ms = 0;
    while (quiet_ms < for_ms && all_ms < LIMIT_MS) {
        if (step()) {
            quiet_ms = 0;
        } else {
            quiet_ms++;
            all_ms++;
            bus.now_ms++;
        }
    }
}

/* ------------------------------------------------------------------ the reader */

static void note_endpoint(const struct port_endpoint *endpoint)
{
    bool is_in = (endpoint->bEndpointAddress & 0x80) != 0;
    if ((endpoint->bmAttributes & 3) == 3) {
        bus.interface.interrupt_in = endpoint->bEndpointAddress;
    } else if (is_in) {
        bus.interface.bulk_in = endpoint->bEndpointAddress;
        bus.interface.bulk_in_packet_len = endpoint->wMaxPacketSize;
    } else {
        bus.interface.bulk_out = endpoint->bEndpointAddress;
        bus.interface.bulk_out_packet_len = endpoint->wMaxPacketSize;
    }
}

static void plug_in(const char *model, uint8_t number)
{
    bus.model = model_make(model);
    (void)bus.model->ops->time(bus.model, bus.now_ms);
    port_open(&bus.port, bus.model);
    const struct port_interface *found = &bus.port.interfaces[number];
    const uint8_t *hid = found->class_descriptors;
    bus.interface = (struct hal_interface){.bInterfaceNumber = found->bInterfaceNumber,
                                           .bInterfaceClass = found->bInterfaceClass,
                                           .bInterfaceSubClass = found->bInterfaceSubClass,
                                           .bInterfaceProtocol = found->bInterfaceProtocol,
                                           .class_descriptors = hid,
                                           .class_descriptors_len = found->class_descriptors_len};
    if (found->bInterfaceClass == 3) {
        bus.interface.report_descriptor_len = (uint16_t)(hid[7] | hid[8] << 8);
    }
    for (size_t i = 0; i < bus.port.endpoint_count; i++) {
        if (bus.port.endpoints[i].interface == number) {
            note_endpoint(&bus.port.endpoints[i]);
        }
    }
}

static int64_t wall_ms(void *context)
{
    return ((const struct reader_take *)context)->wall_ms;
}

static void settle_settings(struct reader_take *take)
{
    static const struct tally_card_rule rules[] = {{"600585", 17}};
    bus.settings = (struct hal_reader_settings){.rules = {rules, 1},
                                                .wedge = {.choice = HAL_WEDGE_ALL},
                                                .keys = {.has_code_key = true, .code_key = {1}},
                                                .wall_ms = wall_ms,
                                                .wall_context = take,
                                                .codes = &bus.codes};
    take->wall_ms = WALL_MS;
    hal_code_memory_start(&bus.codes, take->wall_ms);
}

/* The member's phone: the code of this moment; each lives 30 s, and is used once. */
static void next_code(struct reader_take *take, char text[HAL_CODE_ROTATING_LEN + 1])
{
    static const uint8_t handle[HAL_CODE_HANDLE_LEN] = {0xa0, 0xa1, 0xa2};
    uint8_t key[HAL_READER_KEY_LEN];
    take->wall_ms += 3 * (int64_t)HAL_CODE_STEP_MS;
    bench_check(hal_code_member_key(bus.settings.keys.code_key, handle, key), "member key");
    bench_check(hal_code_make_rotating(key, handle, take->wall_ms, text), "code");
}

static void show_card(struct reader_take *take, const char *act)
{
    char words[80], text[HAL_CODE_ROTATING_LEN + 1];
    if (act == NULL) {
        next_code(take, text);
        snprintf(words, sizeof words, "scan ]Q0 %s", text);
    }
    if (!bus.model->ops->outside(bus.model, act == NULL ? words : act)) {
        bench_die("the device does not understand: %s", act == NULL ? words : act);
    }
    rest(REST_MS);
    if (take->cards != 1) {
        bench_die("%u cards came of one", take->cards);
    }
}

/* What came before the card, as the reader was plugged in, is nothing to be played again. */
static void forget_pieces(struct reader_take *take)
{
    for (size_t i = 0; i < take->count; i++) {
        tally_free(take->pieces[i].bytes);
        tally_free(take->pieces[i].scratch);
    }
    take->count = 0;
}

static void record(struct reader_take *take, size_t kind)
{
    bus.is_recording = true;
    take->driver->start(take->state, &take->link);
    rest(REST_MS);
    if (!bus.is_ready) {
        bench_die("the %s is not ready", kinds[kind].kind);
    }
    forget_pieces(take);
    show_card(take, kinds[kind].act);
    if (kinds[kind].leave != NULL) {
        (void)bus.model->ops->outside(bus.model, kinds[kind].leave);
        rest(REST_MS);
    }
    bus.is_recording = false;
}

struct reader_take *reader_open(const char *kind)
{
    size_t at = 0;
    while (at < KINDS && strcmp(kinds[at].kind, kind) != 0) {
        at++;
    }
    struct reader_take *take = tally_alloc(1, sizeof *take);
    if (at == KINDS || take == NULL) {
        bench_die("there is no reader '%s'", kind);
    }
    bus.take = take;
    settle_settings(take);
    plug_in(kinds[at].model, kinds[at].bInterfaceNumber);
    take->driver = kinds[at].driver;
    take->state = tally_alloc(1, take->driver->state_len);
    take->link = (struct hal_link){&link_ops, &bus.interface, &bus.settings};
    if (take->state == NULL || !take->driver->fits(&bus.interface, &bus.settings)) {
        bench_die("the driver does not want the %s", kind);
    }
    record(take, at);
    return take;
}

void reader_close(struct reader_take *take)
{
    if (take->driver->on_end != NULL) {
        take->driver->on_end(take->state);
    }
    forget_pieces(take);
    model_free(bus.model);
    tally_free(take->pieces);
    tally_free(take->state);
    tally_free(take);
}

/* ------------------------------------------------------------------ playing */

void reader_prepare(struct reader_take *take)
{
    if (take->card.kind == TALLY_CARD_CODE) {
        char text[HAL_CODE_ROTATING_LEN + 1];
        next_code(take, text);
        memcpy(take->pieces[0].bytes + CODE_AT, text, HAL_CODE_ROTATING_LEN);
    }
    for (size_t i = 0; i < take->count; i++) {
        memcpy(take->pieces[i].scratch, take->pieces[i].bytes, take->pieces[i].len);
    }
}

void reader_settle(struct reader_take *take)
{
    for (size_t i = take->card_at + 1; i < take->count; i++) {
        reader_deliver(take, &take->pieces[i]);
    }
}

int main(int argc, char **argv)
{
    unsigned count = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    if (count == 0) {
        fprintf(stderr, "usage: tally-bench-readers KIND COUNT\n");
        return 2;
    }
    bench_check(tally_crypto_start(), "randomness");
    struct reader_take *take = reader_open(argv[1]);
    struct tally_card card = take->card;
    for (unsigned i = 0; i < count; i++) {
        reader_prepare(take);
        bool is_right = ours_reader(take) == i + 2 && memcmp(&card, &take->card, sizeof card) == 0;
        reader_settle(take);
        if (!is_right || floor_reader(take) != i + 2) {
            bench_die("the %s read another card, or none", argv[1]);
        }
    }
    reader_close(take);
    return 0;
}
