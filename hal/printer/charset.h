/* hal/printer/charset.h: text as the one-byte or two-byte characters that printers and customer
 * displays know.
 *
 * Whatever the text holds, no byte below 20h and no 7Fh comes out: a name can't carry a command.
 *
 * Units    lengths are bytes; one byte takes one column, a two-byte character two: bytes are
 *          columns.
 * Memory   appends to the caller's buffer.
 * Threads  pure (GB18030 asks libc's iconv, which may load its table from the disk once). */
#ifndef HAL_PRINTER_CHARSET_H
#define HAL_PRINTER_CHARSET_H

#include "app/base/buffer.h"

/* What the device is set to. ASCII is right on every one of them. */
enum hal_charset {
    HAL_CHARSET_ASCII = 0,
    HAL_CHARSET_PC437,  /* the code page that ESC/POS devices begin with (ESC t 0) */
    HAL_CHARSET_GB18030 /* devices made for China; its one- and two-byte characters only */
};

/* Appends `utf8` in `charset`. What that has no sign for is written with other letters where people
 * do so ("é" as "e", "€" as "EUR"), else as "?"; so is each byte that is no UTF-8. Control
 * characters become spaces, combining marks nothing.
 *   TALLY_OK, TALLY_E_NO_MEMORY (then part of the text may be there) */
TALLY_MUST_USE enum tally_status
hal_charset_append(enum hal_charset charset, struct tally_slice utf8, struct tally_buffer *bytes);

/* How many of the first bytes of an encoded text fit into `columns` without half a character. */
size_t hal_charset_fit(enum hal_charset charset, struct tally_slice encoded, size_t columns);

#endif
