/* hal/reader/settings.h: what the shop has decided about its readers.
 *
 * Memory   everything is borrowed; hal_readers_open() and hal_readers_set() copy what they keep,
 * but for `pairs`, `codes`, `printer` and `display`, which are used where they are. Threads  a
 * value. */
#ifndef HAL_READER_SETTINGS_H
#define HAL_READER_SETTINGS_H

#include "app/core/card.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HAL_READER_KEY_LEN = 32, HAL_AFFIX_LEN_MAX = 8, HAL_READER_SERIAL_LEN_MAX = 22 };

/* What the keys of a keyboard wedge mean. The reader types positions, not letters: it must be set
 * to the layout that this says. */
enum hal_keyboard_layout { HAL_LAYOUT_US = 0, HAL_LAYOUT_GERMAN, HAL_LAYOUT_FRENCH };

/* Which boot keyboards are readers. Descriptors can't tell a wedge from a cashier's keyboard. */
enum hal_wedge_choice {
    HAL_WEDGE_KNOWN = 0, /* those whose vendor and product number is in wedge.c's table */
    HAL_WEDGE_NONE,
    HAL_WEDGE_ALL /* a terminal without a keyboard */
};

struct hal_wedge_settings {
    enum hal_wedge_choice choice;
    uint16_t idVendor; /* besides, this one; 0: none */
    uint16_t idProduct;
    enum hal_keyboard_layout layout;
    char prefix[HAL_AFFIX_LEN_MAX + 1]; /* typed in front of each card by the reader; "" none */
    char suffix[HAL_AFFIX_LEN_MAX + 1]; /* behind it, before Enter or Tab */
};

/* Secrets. A reader that is given none refuses what would need one. */
struct hal_reader_keys {
    bool has_code_key;
    uint8_t code_key[HAL_READER_KEY_LEN]; /* rotating codes (CODES.md) */
    bool has_tag_key;
    uint8_t tag_key[16]; /* master of the AES keys of NTAG 424 DNA cards (TAGS.md) */
};

enum { HAL_URI_PREFIX_LEN_MAX = 80, HAL_AID_LEN_MAX = 16 };

/* Where a contactless card holds a member number, besides what TAGS.md says of NDEF. */
struct hal_tag_settings {
    char uri_prefix[HAL_URI_PREFIX_LEN_MAX + 1]; /* digits behind it are a member number, for
                                                    example "https://club.example/m/"; "": none */
    uint8_t aid[HAL_AID_LEN_MAX]; /* application with a file that begins with the number: DESFire's
                                     3 bytes as its commands send them, or an ISO name */
    uint8_t aid_len;              /* 0: none; 3; 5 to 16 */
    uint8_t file_number;          /* 0 to 31 */
    bool reads_classic;           /* MIFARE Classic: its cipher is broken, a copy costs nothing */
    uint8_t classic_block;        /* 16 bytes: digits, then 00, FF or blanks */
    bool classic_key_b;           /* `classic_key` is key B of the block's sector */
    uint8_t classic_key[6];
};

/* A reader of ours that was paired with this terminal (firmware/REPORTS.md, "Pairing"). */
struct hal_reader_pair {
    char serial[HAL_READER_SERIAL_LEN_MAX + 1]; /* printable ASCII, not empty */
    uint8_t key[HAL_READER_KEY_LEN];
    uint32_t counter; /* of the last report that was taken; 0: none. Drivers raise it */
};

/* Whoever owns the table may change it between two calls into this room. */
struct hal_reader_pairs {
    struct hal_reader_pair *pairs;
    size_t count;
    /* The counter of `pair` rose: keep it. From inside a driver, before the card is told of. NULL:
     * nobody keeps it. */
    void (*on_counter)(void *context, const struct hal_reader_pair *pair);
    void *context;
};

struct hal_code_memory;
struct hal_printer;
struct hal_display;

struct hal_reader_settings {
    struct tally_card_rules rules;
    struct hal_wedge_settings wedge;
    struct hal_tag_settings tag;
    struct hal_reader_keys keys;
    bool accepts_uid;           /* a bare NFC UID is a card: weak, anybody can copy it */
    bool no_cards;              /* no card reader is used: printer and display alone */
    bool only_paired;           /* our own readers must sign, and nobody else's are used */
    uint32_t look_ms;           /* a quiet reader is asked so often whether it is still there; 0: as
                                   hal/usb/usb.h says. Only hal_readers_open() looks at it */
    int64_t (*wall_ms)(void *); /* since 1970 UTC, for rotating codes */
    void *wall_context;
    struct hal_reader_pairs *pairs; /* one table for all readers; NULL: no reader is paired */
    struct hal_code_memory *codes; /* code.h; one for all readers; NULL: no rotating code is read */
    struct hal_printer *printer;   /* what is plugged in serves this (hal/printer/printer.h); NULL:
                                      none is wanted */
    struct hal_display *display;   /* likewise (hal/display/display.h) */
};

#endif
