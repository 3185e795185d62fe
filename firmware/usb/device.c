/* SPDX-License-Identifier: Apache-2.0 */
/* Standard requests, and what each endpoint has to say. */
#include "firmware/usb/device.h"

#include "firmware/usb/descriptors.h"

enum { FOREVER_MS = 60000 }; /* nothing to do: but no port has to cope with longer */
enum { ENDPOINT_HALT = 0, DEVICE_REMOTE_WAKEUP = 1 }; /* wValue, USB 2.0, table 9-6 */

static struct tally_usb_shape shape_of(const struct tally_usb_device *device)
{
    return (struct tally_usb_shape){.form = (enum tally_msr_form)device->hid.settings.form,
                                    .polling_ms = device->hid.settings.polling_ms,
                                    .has_slot = device->ports->slot != NULL};
}

/* ---- endpoints ---- */

/* 0 if there is no such endpoint in the configuration, else its bit in device->halted. */
static uint8_t bit_of(const struct tally_usb_device *device, uint16_t endpoint)
{
    bool has_slot = shape_of(device).has_slot;
    switch (endpoint) {
    case TALLY_USB_HID_IN:
        return 0x01;
    case TALLY_USB_SLOT_IN:
        return has_slot ? 0x02 : 0;
    case TALLY_USB_CCID_IN:
        return has_slot ? 0x04 : 0;
    case TALLY_USB_CCID_OUT:
        return has_slot ? 0x08 : 0;
    default:
        return 0;
    }
}

bool tally_usb_device_is_halted(const struct tally_usb_device *device, uint8_t endpoint)
{
    return (device->halted & bit_of(device, endpoint)) != 0;
}

/* ---- coming and going ---- */

static uint16_t bulk_packet_len(const struct tally_usb_device *device)
{
    return device->speed == TALLY_USB_HIGH_SPEED ? TALLY_USB_BULK_PACKET_LEN_HS
                                                 : TALLY_USB_BULK_PACKET_LEN_FS;
}

void tally_usb_device_configured(struct tally_usb_device *device, uint8_t configuration)
{
    device->configuration = configuration == 1 ? 1 : 0;
    device->halted = 0;
    device->is_holding = false;
    tally_outgoing_stop(&device->outgoing);
    device->outgoing.is_key_down = false; /* a host that starts anew knows of no key */
    tally_ccid_reset(&device->ccid, bulk_packet_len(device));
    (void)tally_reader_event(&device->reader, TALLY_READER_HOST_DOWN);
    if (device->configuration != 0) {
        (void)tally_reader_event(&device->reader, TALLY_READER_HOST_UP);
    }
}

void tally_usb_device_reset(struct tally_usb_device *device, enum tally_usb_speed speed)
{
    device->speed = speed;
    device->receiving.wLength = 0;
    tally_hid_restart(&device->hid);
    device->reader.tracks_enabled = device->hid.settings.tracks;
    tally_usb_device_configured(device, 0);
}

void tally_usb_device_init(struct tally_usb_device *device, const struct tally_ports *ports)
{
    device->ports = ports;
    device->now_ms = 0;
    tally_reader_init(&device->reader);
    device->outgoing = (struct tally_outgoing){.is_active = false};
    tally_hid_init(&device->hid, ports);
    tally_ccid_init(&device->ccid, ports->slot);
    tally_usb_device_reset(device, TALLY_USB_FULL_SPEED);
}

bool tally_usb_device_wants_reconnect(const struct tally_usb_device *device)
{
    return device->hid.wants_restart;
}

/* ---- standard requests (USB 2.0, 9.4) ---- */

static struct tally_usb_answer send_config(struct tally_usb_device *device,
                                           const struct tally_usb_setup *setup, bool is_other)
{
    struct tally_usb_shape shape = shape_of(device);
    bool is_high = (device->speed == TALLY_USB_HIGH_SPEED) != is_other;
    uint16_t len = tally_usb_config(&shape, is_high ? TALLY_USB_HIGH_SPEED : TALLY_USB_FULL_SPEED,
                                    device->control);
    if (is_other) {
        device->control[1] = TALLY_USB_DESCRIPTOR_OTHER_SPEED;
    }
    return tally_usb_send(setup, device->control, len);
}

static struct tally_usb_answer get_descriptor(struct tally_usb_device *device,
                                              const struct tally_usb_setup *setup)
{
    uint8_t type = (uint8_t)(setup->wValue >> 8), index = (uint8_t)setup->wValue;
    uint16_t len = 0;
    if (type == TALLY_USB_DESCRIPTOR_STRING) {
        len = tally_usb_string(index, device->ports->serial, shape_of(device).has_slot,
                               device->control);
        return len == 0 ? tally_usb_stall() : tally_usb_send(setup, device->control, len);
    }
    if (index != 0) {
        return tally_usb_stall();
    }
    switch (type) {
    case TALLY_USB_DESCRIPTOR_DEVICE:
        return tally_usb_send(setup, tally_usb_device_descriptor, TALLY_USB_DEVICE_LEN);
    case TALLY_USB_DESCRIPTOR_CONFIGURATION:
        return send_config(device, setup, false);
    case TALLY_USB_DESCRIPTOR_QUALIFIER:
        return device->ports->is_high_speed
                   ? tally_usb_send(setup, tally_usb_qualifier, TALLY_USB_QUALIFIER_LEN)
                   : tally_usb_stall();
    case TALLY_USB_DESCRIPTOR_OTHER_SPEED:
        return device->ports->is_high_speed ? send_config(device, setup, true) : tally_usb_stall();
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer send_value(struct tally_usb_device *device,
                                          const struct tally_usb_setup *setup, uint8_t value,
                                          uint16_t len)
{
    device->control[0] = value;
    device->control[1] = 0;
    return tally_usb_send(setup, device->control, len);
}

static struct tally_usb_answer set_configuration(struct tally_usb_device *device,
                                                 const struct tally_usb_setup *setup)
{
    if (setup->wValue > 1) {
        return tally_usb_stall();
    }
    tally_usb_device_configured(device, (uint8_t)setup->wValue);
    return tally_usb_done_if(true);
}

static struct tally_usb_answer standard_to_device(struct tally_usb_device *device,
                                                  const struct tally_usb_setup *setup)
{
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case TALLY_USB_IN << 8 | TALLY_USB_GET_DESCRIPTOR:
        return get_descriptor(device, setup);
    case TALLY_USB_IN << 8 | TALLY_USB_GET_STATUS: /* bus powered, does not wake the host */
        return send_value(device, setup, 0, 2);
    case TALLY_USB_IN << 8 | TALLY_USB_GET_CONFIGURATION:
        return send_value(device, setup, device->configuration, 1);
    case TALLY_USB_SET_ADDRESS:
        return tally_usb_done_if(setup->wValue < 128 && setup->wLength == 0);
    case TALLY_USB_SET_CONFIGURATION:
        return set_configuration(device, setup);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer standard_to_interface(struct tally_usb_device *device,
                                                     const struct tally_usb_setup *setup)
{
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case (TALLY_USB_IN | TALLY_USB_TO_INTERFACE) << 8 | TALLY_USB_GET_STATUS:
        return send_value(device, setup, 0, 2);
    case (TALLY_USB_IN | TALLY_USB_TO_INTERFACE) << 8 | TALLY_USB_GET_INTERFACE:
        return send_value(device, setup, 0, 1);
    case TALLY_USB_TO_INTERFACE << 8 | TALLY_USB_SET_INTERFACE:
        return tally_usb_done_if(setup->wValue == 0);
    default:
        return tally_usb_stall();
    }
}

static struct tally_usb_answer standard_to_endpoint(struct tally_usb_device *device,
                                                    const struct tally_usb_setup *setup)
{
    bool is_zero = (setup->wIndex & 0x7f) == 0; /* endpoint 0 is never halted */
    uint8_t bit = bit_of(device, setup->wIndex);
    if (!is_zero && (bit == 0 || device->configuration == 0)) {
        return tally_usb_stall();
    }
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case (TALLY_USB_IN | TALLY_USB_TO_ENDPOINT) << 8 | TALLY_USB_GET_STATUS:
        return send_value(device, setup, (device->halted & bit) != 0, 2);
    case TALLY_USB_TO_ENDPOINT << 8 | TALLY_USB_CLEAR_FEATURE:
        device->halted &= (uint8_t)~bit;
        return tally_usb_done_if(setup->wValue == ENDPOINT_HALT);
    case TALLY_USB_TO_ENDPOINT << 8 | TALLY_USB_SET_FEATURE:
        device->halted |= setup->wValue == ENDPOINT_HALT ? bit : 0;
        return tally_usb_done_if(setup->wValue == ENDPOINT_HALT);
    default:
        return tally_usb_stall();
    }
}

/* ---- all requests ---- */

static struct tally_usb_answer to_interface(struct tally_usb_device *device,
                                            const struct tally_usb_setup *setup)
{
    bool is_standard = (setup->bmRequestType & 0x60) == 0;
    bool has_slot = device->ports->slot != NULL;
    uint8_t interface = (uint8_t)setup->wIndex; /* the high byte is reserved */
    if (interface > (has_slot ? TALLY_USB_CCID_INTERFACE : TALLY_USB_HID_INTERFACE)) {
        return tally_usb_stall();
    }
    if (is_standard && setup->bRequest != TALLY_USB_GET_DESCRIPTOR) {
        return device->configuration == 0 ? tally_usb_stall()
                                          : standard_to_interface(device, setup);
    }
    return interface == TALLY_USB_HID_INTERFACE ? tally_hid_setup(&device->hid, setup)
                                                : tally_ccid_setup(&device->ccid, setup);
}

struct tally_usb_answer tally_usb_device_setup(struct tally_usb_device *device,
                                               const struct tally_usb_setup *setup)
{
    struct tally_usb_answer answer = tally_usb_stall();
    switch (setup->bmRequestType & 0x1f) {
    case TALLY_USB_TO_DEVICE:
        answer = standard_to_device(device, setup);
        break;
    case TALLY_USB_TO_INTERFACE:
        answer = to_interface(device, setup);
        break;
    case TALLY_USB_TO_ENDPOINT:
        answer = standard_to_endpoint(device, setup);
        break;
    default:
        break;
    }
    device->receiving = *setup;
    if (answer.kind != TALLY_USB_RECEIVE) {
        device->receiving.wLength = 0;
    }
    return answer;
}

bool tally_usb_device_setup_data(struct tally_usb_device *device, const uint8_t *data, uint16_t len)
{
    bool is_whole = len != 0 && len == device->receiving.wLength;
    device->receiving.wLength = 0;
    if (is_whole) {
        tally_hid_received(&device->hid, data, len);
    }
    return is_whole;
}

/* ---- transfers ---- */

/* The reader says when there is a swipe to send, and when it is over. */
static void follow_reader(struct tally_usb_device *device)
{
    struct tally_reader *reader = &device->reader;
    size_t len = 0;
    bool is_new = reader->state == TALLY_READER_REPORTING &&
                  (!device->outgoing.is_active || device->outgoing_number != reader->swipe_number);
    if (device->outgoing.is_active && (reader->state != TALLY_READER_REPORTING || is_new)) {
        tally_outgoing_stop(&device->outgoing);
    }
    if (is_new && !device->outgoing.is_key_down) {
        device->outgoing_number = reader->swipe_number;
        tally_outgoing_begin(&device->outgoing, &device->hid.settings, &device->hid.signer,
                             reader->report);
        if (tally_outgoing_pending(&device->outgoing, &len) == NULL) { /* nothing to type */
            tally_outgoing_stop(&device->outgoing);
            (void)tally_reader_event(reader, TALLY_READER_REPORT_TAKEN);
        }
    }
}

static void swipe_sent(struct tally_usb_device *device, bool is_whole)
{
    device->is_holding = false;
    if (device->reader.state != TALLY_READER_REPORTING) {
        (void)tally_outgoing_sent(&device->outgoing); /* the release of a key */
    } else if (!is_whole) {
        (void)tally_reader_event(&device->reader, TALLY_READER_REPORT_STALE);
    } else if (!tally_outgoing_sent(&device->outgoing)) {
        (void)tally_reader_event(&device->reader, TALLY_READER_REPORT_TAKEN);
    }
    follow_reader(device);
}

const uint8_t *tally_usb_device_pending(struct tally_usb_device *device, uint8_t endpoint,
                                        size_t *ret_len)
{
    *ret_len = 0;
    if (device->configuration == 0 || tally_usb_device_is_halted(device, endpoint)) {
        return NULL;
    }
    switch (endpoint) {
    case TALLY_USB_HID_IN:
        follow_reader(device);
        return tally_outgoing_pending(&device->outgoing, ret_len);
    case TALLY_USB_SLOT_IN:
        return tally_ccid_notice(&device->ccid, ret_len);
    case TALLY_USB_CCID_IN:
        return tally_ccid_pending(&device->ccid, ret_len);
    default:
        return NULL;
    }
}

void tally_usb_device_sent(struct tally_usb_device *device, uint8_t endpoint, size_t len)
{
    size_t pending = 0;
    if (tally_usb_device_pending(device, endpoint, &pending) == NULL) {
        return; /* the end of something that has been taken back */
    }
    switch (endpoint) {
    case TALLY_USB_HID_IN:
        swipe_sent(device, len == pending);
        break;
    case TALLY_USB_SLOT_IN:
        tally_ccid_noticed(&device->ccid);
        break;
    default:
        tally_ccid_sent(&device->ccid);
        break;
    }
}

bool tally_usb_device_is_ready(const struct tally_usb_device *device, uint8_t endpoint)
{
    return endpoint == TALLY_USB_CCID_OUT && bit_of(device, endpoint) != 0 &&
           device->configuration != 0 && !tally_usb_device_is_halted(device, endpoint) &&
           tally_ccid_is_ready(&device->ccid);
}

void tally_usb_device_received(struct tally_usb_device *device, uint8_t endpoint,
                               const uint8_t *bytes, size_t len)
{
    if (tally_usb_device_is_ready(device, endpoint)) {
        tally_ccid_received(&device->ccid, bytes, len, device->now_ms);
    }
}

/* ---- time ---- */

static uint32_t hold(struct tally_usb_device *device)
{
    if (device->reader.state != TALLY_READER_REPORTING) {
        device->is_holding = false;
        return FOREVER_MS;
    }
    if (!device->is_holding) {
        device->is_holding = true;
        device->held_since_ms = device->now_ms;
    }
    uint32_t held_ms = device->now_ms - device->held_since_ms;
    if (held_ms >= TALLY_READER_HOLD_MS) {
        (void)tally_reader_event(&device->reader, TALLY_READER_REPORT_STALE);
        follow_reader(device);
        return FOREVER_MS;
    }
    return TALLY_READER_HOLD_MS - held_ms;
}

static uint32_t earlier(uint32_t now_ms, uint32_t one_ms, uint32_t other_ms)
{
    return one_ms - now_ms < other_ms - now_ms ? one_ms : other_ms;
}

void tally_usb_device_time(struct tally_usb_device *device, uint32_t now_ms, uint32_t *ret_next_ms)
{
    device->now_ms = now_ms;
    *ret_next_ms = now_ms + hold(device);
    *ret_next_ms = earlier(now_ms, *ret_next_ms, tally_reader_time(&device->reader, now_ms));
    if (device->configuration != 0 && device->ports->slot != NULL) {
        *ret_next_ms = earlier(now_ms, *ret_next_ms, tally_ccid_time(&device->ccid, now_ms));
    }
}
