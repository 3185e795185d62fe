/* hal/display/cd5220.h: two lines of twenty characters on a customer display, as bytes.
 *
 * Commands of the CD5220 set, which most makers' displays know: CLR, ESC @, ESC *, ESC Q A and B;
 * and ESC =, with which a display that hangs on a receipt printer is spoken to.
 *
 * Units    columns; a Chinese character takes two, and is two bytes.
 * Memory   appends to the caller's buffer.
 * Threads  pure. */
#ifndef HAL_DISPLAY_CD5220_H
#define HAL_DISPLAY_CD5220_H

#include "hal/printer/charset.h"

enum {
    HAL_CD5220_COLUMNS = 20,
    HAL_CD5220_ROWS = 2,
    HAL_CD5220_BRIGHTNESS_MIN = 1,
    HAL_CD5220_BRIGHTNESS_MAX = 4
};

/* What a display is to have understood so far. A zeroed one: nothing. */
struct hal_cd5220 {
    enum hal_charset charset;
    bool in_string; /* after ESC Q: only CLR and CAN are listened to */
};

/* ESC @ and the brightness; blank afterwards. Begins with CLR, which is listened to whatever was
 * sent before. TALLY_OK, TALLY_E_NO_MEMORY; likewise below */
TALLY_MUST_USE enum tally_status hal_cd5220_start(struct hal_cd5220 *display, unsigned brightness,
                                                  struct tally_buffer *bytes);

/* Both lines: CLR, ESC Q A, upper, CR, ESC Q B, lower, CR. Each is cut to the columns, never within
 * a character, and filled up with spaces. */
TALLY_MUST_USE enum tally_status hal_cd5220_show(struct hal_cd5220 *display,
                                                 struct tally_slice upper, struct tally_slice lower,
                                                 struct tally_buffer *bytes);

/* The same without ESC Q: CLR and forty characters, the second line following the first by itself.
 * For a display that listens in on a printer's bytes: after ESC Q it would not hear that what
 * follows is the printer's. */
TALLY_MUST_USE enum tally_status hal_cd5220_show_plainly(struct hal_cd5220 *display,
                                                         struct tally_slice upper,
                                                         struct tally_slice lower,
                                                         struct tally_buffer *bytes);

/* Puts the cursor to column 1..20 of row 1..2 (ESC l). Where a string is shown, CLR goes first: it
 * is the only way out. */
TALLY_MUST_USE enum tally_status hal_cd5220_move(struct hal_cd5220 *display, unsigned column,
                                                 unsigned row, struct tally_buffer *bytes);

/* What follows is the display's, or the printer's (ESC = 2, ESC = 1). */
TALLY_MUST_USE enum tally_status hal_cd5220_select(struct hal_cd5220 *display, bool display_listens,
                                                   struct tally_buffer *bytes);

#endif
