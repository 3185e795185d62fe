/* hal/reader/link.h: what a driver may ask of its device and of the terminal, and what it is told.
 *
 * A driver never sees libusb or the loop. It is a state machine: called when something has happened
 * (struct hal_reader_driver), it asks for the next thing (hal_link_*). reader.c is the link to a
 * real bus; a test is the link to a device model in the same process.
 *
 * Units    lengths are bytes, times are milliseconds of a monotonic clock.
 * Memory   bytes handed to a call are copied or used up before it returns; bytes that a driver is
 *          handed live during the call, and are wiped after it.
 * Errors   a request that fails at once answers with its status and there is no call later; else
 *          the result comes as a call, never from inside the request.
 * Blocking nothing.
 * Threads  the loop's thread only.
 * Privacy  a driver wipes what it copies of a card (explicit_bzero) as soon as it is decided. */
#ifndef HAL_READER_LINK_H
#define HAL_READER_LINK_H

#include "app/core/card.h"
#include "app/core/status.h"
#include "hal/reader/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HAL_LINK_CONTROL_LEN_MAX = 4096, HAL_LINK_CONTROL_MS = 1000 };

/* USB 2.0, 9.3, in the byte order of the processor. */
struct hal_setup {
    uint8_t bmRequestType;
    uint8_t bRequest;
    uint16_t wValue;
    uint16_t wIndex;
    uint16_t wLength;
};

/* One interface in its first alternate setting; names as in USB 2.0, 9.6.5 and 9.6.6. */
struct hal_interface {
    uint16_t idVendor;
    uint16_t idProduct;
    uint8_t bInterfaceNumber;
    uint8_t bInterfaceClass;
    uint8_t bInterfaceSubClass;
    uint8_t bInterfaceProtocol;
    uint8_t interrupt_in; /* bEndpointAddress of the first of its kind; 0: none */
    uint8_t bulk_in;
    uint8_t bulk_out;
    uint16_t bulk_in_packet_len; /* wMaxPacketSize */
    uint16_t bulk_out_packet_len;
    const uint8_t *class_descriptors; /* what follows the interface's own, as the device sent it */
    size_t class_descriptors_len;
    uint16_t report_descriptor_len;   /* HID: how long it says its report descriptor is; 0: none */
    const uint8_t *report_descriptor; /* the kernel's copy; NULL: nobody has asked the device yet */
};

struct hal_link;

struct hal_link_ops {
    enum tally_status (*control)(struct hal_link *link, const struct hal_setup *setup,
                                 const uint8_t *data);
    enum tally_status (*listen)(struct hal_link *link, size_t report_len, bool short_ends);
    enum tally_status (*receive)(struct hal_link *link, size_t len_max);
    enum tally_status (*send)(struct hal_link *link, const uint8_t *bytes, size_t len);
    void (*set_timer)(struct hal_link *link, uint32_t in_ms);
    uint64_t (*now_ms)(struct hal_link *link);
    void (*ours)(struct hal_link *link, const char *serial, bool is_paired);
    void (*paired)(struct hal_link *link, enum tally_status status);
    void (*ready)(struct hal_link *link);
    void (*card)(struct hal_link *link, const struct tally_card *card);
    void (*refuse)(struct hal_link *link, enum tally_status status);
    void (*end)(struct hal_link *link, enum tally_status status);
};

/* The first member of whatever the other side keeps for one claimed interface. */
struct hal_link {
    const struct hal_link_ops *ops;
    const struct hal_interface *interface;
    const struct hal_reader_settings *settings; /* in force now; may change between two calls */
};

/* ---- what a driver may ask ---- */

/* A control transfer on endpoint 0; wLength bytes of `data` go out, or come back, as bmRequestType
 * says. One at a time. The device has HAL_LINK_CONTROL_MS. Answered by on_control().
 *   TALLY_OK, TALLY_E_BUSY (one is under way), TALLY_E_NO_MEMORY, TALLY_E_READER_GONE,
 * TALLY_E_DEVICE */
TALLY_MUST_USE static inline enum tally_status
hal_link_control(struct hal_link *link, const struct hal_setup *setup, const uint8_t *data)
{
    return link->ops->control(link, setup, data);
}

/* Keeps an interrupt transfer pending from now on, each for exactly what is missing of a report: a
 * longer one would wait for the next swipe when the report ends with a full packet. A report is
 * whole after `report_len` bytes; with `short_ends`, for devices whose reports differ in length,
 * also with the transfer that comes short. Once. Answered by on_report(), again and again.
 *   TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_READER_GONE, TALLY_E_DEVICE (no such endpoint) */
TALLY_MUST_USE static inline enum tally_status hal_link_listen(struct hal_link *link,
                                                               size_t report_len, bool short_ends)
{
    return link->ops->listen(link, report_len, short_ends);
}

/* Keeps a bulk IN transfer of up to `len_max` bytes pending from now on. A short packet ends it.
 * Once. Answered by on_received(), again and again. Statuses as above. */
TALLY_MUST_USE static inline enum tally_status hal_link_receive(struct hal_link *link,
                                                                size_t len_max)
{
    return link->ops->receive(link, len_max);
}

/* One bulk OUT transfer, with an empty packet behind it where it ends with a full one. One at a
 * time. Answered by on_sent(). TALLY_OK, TALLY_E_BUSY, TALLY_E_NO_MEMORY, TALLY_E_READER_GONE,
 * TALLY_E_DEVICE (no such endpoint) */
TALLY_MUST_USE static inline enum tally_status hal_link_send(struct hal_link *link,
                                                             const uint8_t *bytes, size_t len)
{
    return link->ops->send(link, bytes, len);
}

/* The driver's one timer: on_timer() in `in_ms`, once; set again, it starts anew; 0 stops it. */
static inline void hal_link_set_timer(struct hal_link *link, uint32_t in_ms)
{
    link->ops->set_timer(link, in_ms);
}

static inline uint64_t hal_link_now_ms(struct hal_link *link)
{
    return link->ops->now_ms(link);
}

/* ---- what a driver says; the call may end the driver's life: return at once after `end` and
 * `ready` ---- */

/* It is a reader of ours with this serial number. `is_paired`: it has proved that it is the one
 * that this terminal was paired with. Before `ready`; a reader of which this is not said is not
 * paired. */
static inline void hal_link_ours(struct hal_link *link, const char *serial, bool is_paired)
{
    link->ops->ours(link, serial, is_paired);
}

/* What became of the pair() that was asked: TALLY_OK (the reader has the key, and comes back to
 * prove it), TALLY_E_NO_PERMISSION (it refuses), TALLY_E_BUSY, TALLY_E_DEVICE, and the statuses of
 * hal_link_control(). */
static inline void hal_link_paired(struct hal_link *link, enum tally_status status)
{
    link->ops->paired(link, status);
}

/* From now on a card is read when one is shown. Once. Where only paired readers are used, this may
 * be the driver's end, as `end` is: ask for nothing after it. */
static inline void hal_link_ready(struct hal_link *link)
{
    link->ops->ready(link);
}

/* A card of ours; the driver wipes its own copy afterwards. */
static inline void hal_link_card(struct hal_link *link, const struct tally_card *card)
{
    link->ops->card(link, card);
}

/* Something was shown and is no card of ours: TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD, or
 * TALLY_E_CARD_UNREADABLE (show it again). TALLY_E_READER_SWAPPED: what a paired reader should have
 * signed is not its own, or was sent before. */
static inline void hal_link_refuse(struct hal_link *link, enum tally_status status)
{
    link->ops->refuse(link, status);
}

/* The driver gives the device up: TALLY_E_NOT_FOUND (not one of its kind after all: the next driver
 * of the table has a look), TALLY_E_DEVICE, TALLY_E_READER_GONE, TALLY_E_READER_SWAPPED (it has the
 * serial number of a paired reader and not its key), TALLY_E_READER_UNPAIRED (its pair was taken
 * off the table). */
static inline void hal_link_end(struct hal_link *link, enum tally_status status)
{
    link->ops->end(link, status);
}

/* ---- what a driver is ---- */

/* A driver's state is `state_len` zeroed bytes, given before start() and wiped after the end. A
 * NULL function: the driver does not ask for that. */
struct hal_reader_driver {
    const char *name; /* for people */
    size_t state_len;

    /* Whether to claim this interface. Pure. Decides by descriptors; looks at idVendor and
     * idProduct only for a device that lies in them. */
    bool (*fits)(const struct hal_interface *interface, const struct hal_reader_settings *settings);

    /* The interface is claimed: ask for what comes first. */
    void (*start)(void *state, struct hal_link *link);

    /* TALLY_OK: `len` bytes came back, or went out. TALLY_E_DEVICE: the device refused (a stall) or
     * answered nothing in time. A device that is gone ends the driver without a call. */
    void (*on_control)(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len);

    /* TALLY_OK: one whole report. TALLY_E_CARD_UNREADABLE: one that broke off or came garbled, len
     * 0. */
    void (*on_report)(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len);

    /* TALLY_OK: what one bulk IN transfer brought. TALLY_E_DEVICE: the endpoint failed, was
     * cleared, and is listened to again. */
    void (*on_received)(void *state, struct hal_link *link, enum tally_status status,
                        uint8_t *bytes, size_t len);

    /* TALLY_OK, or TALLY_E_DEVICE: not all of it went out; the endpoint has been cleared. */
    void (*on_sent)(void *state, struct hal_link *link, enum tally_status status);

    void (*on_timer)(void *state, struct hal_link *link);

    /* Gives the reader this key, of HAL_READER_KEY_LEN bytes; only after hal_link_ours(), and not
     * while one is under way. Answered by hal_link_paired(). */
    void (*pair)(void *state, struct hal_link *link, const uint8_t *key);

    /* The driver's life is over, whoever ended it and for whatever reason: the link must not be
     * used any more, and the state is wiped after this. Once, if there was a start(). */
    void (*on_end)(void *state);
};

#endif
