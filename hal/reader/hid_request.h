/* hal/reader/hid_request.h: the class requests of HID that drivers send (HID 1.11, 7.1 and 7.2).
 *
 * Memory   values.
 * Threads  pure. */
#ifndef HAL_READER_HID_REQUEST_H
#define HAL_READER_HID_REQUEST_H

#include "hal/reader/link.h"

/* The whole report descriptor, as long as the interface says it is. */
static inline struct hal_setup hal_hid_get_report_descriptor(const struct hal_interface *interface)
{
    return (struct hal_setup){.bmRequestType = 0x81,
                              .bRequest = 0x06,
                              .wValue = 0x2200,
                              .wIndex = interface->bInterfaceNumber,
                              .wLength = interface->report_descriptor_len};
}

/* 0: boot protocol, 1: report protocol. */
static inline struct hal_setup hal_hid_set_protocol(const struct hal_interface *interface,
                                                    uint16_t protocol)
{
    return (struct hal_setup){.bmRequestType = 0x21,
                              .bRequest = 0x0b,
                              .wValue = protocol,
                              .wIndex = interface->bInterfaceNumber};
}

/* All reports only when something changes. */
static inline struct hal_setup hal_hid_set_idle(const struct hal_interface *interface)
{
    return (struct hal_setup){
        .bmRequestType = 0x21, .bRequest = 0x0a, .wIndex = interface->bInterfaceNumber};
}

/* A feature report of `len` bytes, with its ID in front where the device uses IDs. */
static inline struct hal_setup hal_hid_set_feature(const struct hal_interface *interface,
                                                   uint8_t report_id, uint16_t len)
{
    return (struct hal_setup){.bmRequestType = 0x21,
                              .bRequest = 0x09,
                              .wValue = (uint16_t)(0x0300 | report_id),
                              .wIndex = interface->bInterfaceNumber,
                              .wLength = len};
}

/* The answer to what the last feature report asked. */
static inline struct hal_setup hal_hid_get_feature(const struct hal_interface *interface,
                                                   uint8_t report_id, uint16_t len)
{
    return (struct hal_setup){.bmRequestType = 0xa1,
                              .bRequest = 0x01,
                              .wValue = (uint16_t)(0x0300 | report_id),
                              .wIndex = interface->bInterfaceNumber,
                              .wLength = len};
}

#endif
