/* firmware/port/cortex-m/rp2040/tusb_config.h: of TinyUSB, the device stack and none of its
 * classes: the classes are the device model's (usb.c). TinyUSB looks for this name. */
#ifndef TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_TUSB_CONFIG_H
#define TALLY_FIRMWARE_PORT_CORTEX_M_RP2040_TUSB_CONFIG_H

#define CFG_TUSB_RHPORT0_MODE  OPT_MODE_DEVICE
#define CFG_TUD_ENDPOINT0_SIZE 64

#endif
