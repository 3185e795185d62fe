/* tests/usb/model.h: a USB device without a bus, as the buses of these tests see it.
 *
 * The functions are those of firmware/usb/device.h behind a table, so that a device that is not
 * ours can hang on the same buses.
 *
 * Memory   model_make() allocates, model_free() frees; pointers that are handed out point into the
 *          model
 * Threads  one caller at a time */
#ifndef TESTS_USB_MODEL_H
#define TESTS_USB_MODEL_H

#include "firmware/usb/setup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

struct model_ops {
    struct tally_usb_answer (*setup)(struct model *model, const struct tally_usb_setup *setup);
    bool (*setup_data)(struct model *model, const uint8_t *data, uint16_t len);
    const uint8_t *(*pending)(struct model *model, uint8_t endpoint, size_t *ret_len);
    void (*sent)(struct model *model, uint8_t endpoint, size_t len);
    bool (*is_ready)(struct model *model, uint8_t endpoint);
    void (*received)(struct model *model, uint8_t endpoint, const uint8_t *bytes, size_t len);
    void (*reset)(struct model *model);
    /* Returns when it wants to be told the time again; times wrap. `now_ms` - 1: no hurry. */
    uint32_t (*time)(struct model *model, uint32_t now_ms);
    /* What happens on the device's far side: "swipe T2 ;123=?". False: it can't do that. */
    bool (*outside)(struct model *model, const char *words);
    void (*free)(struct model *model);
};

/* The first member of whatever keeps one device. */
struct model {
    const struct model_ops *ops;
};

/* A device by the words of a conversation ("reader", "keyboard", "scanner"); NULL: no such kind. */
struct model *model_make(const char *kind);
void model_free(struct model *model);

#endif
