/* SPDX-License-Identifier: Apache-2.0 */
/* Two lines for a customer display. */
#include "hal/display/cd5220.h"

#include <assert.h>

enum { CLR = 0x0c, CR = 0x0d, ESC = 0x1b };

static enum tally_status put(struct tally_buffer *bytes, const void *from, size_t len)
{
    return tally_buffer_append(bytes, from, len);
}

static enum tally_status clear(struct hal_cd5220 *display, struct tally_buffer *bytes)
{
    static const uint8_t clr = CLR;
    TALLY_TRY(put(bytes, &clr, 1));
    display->in_string = false;
    return TALLY_OK;
}

/* Every command but CLR. */
static enum tally_status command(struct hal_cd5220 *display, const uint8_t *from, size_t len,
                                 struct tally_buffer *bytes)
{
    if (display->in_string) {
        TALLY_TRY(clear(display, bytes));
    }
    return put(bytes, from, len);
}

static enum tally_status put_line(const struct hal_cd5220 *display, struct tally_slice text,
                                  struct tally_buffer *bytes)
{
    static const char blank[HAL_CD5220_COLUMNS + 1] = "                    ";
    struct tally_buffer encoded = {0};
    enum tally_status status = hal_charset_append(display->charset, text, &encoded);
    size_t fit =
        hal_charset_fit(display->charset, tally_buffer_slice(&encoded), HAL_CD5220_COLUMNS);
    if (status == TALLY_OK && fit > 0) {
        status = put(bytes, encoded.data, fit);
    }
    if (status == TALLY_OK) {
        status = put(bytes, blank, HAL_CD5220_COLUMNS - fit);
    }
    tally_buffer_wipe(&encoded); /* it may be somebody's name */
    return status;
}

enum tally_status hal_cd5220_start(struct hal_cd5220 *display, unsigned brightness,
                                   struct tally_buffer *bytes)
{
    static const uint8_t init[] = {ESC, '@'};
    assert(display != NULL && bytes != NULL);
    assert(brightness >= HAL_CD5220_BRIGHTNESS_MIN && brightness <= HAL_CD5220_BRIGHTNESS_MAX);

    const uint8_t bright[] = {ESC, '*', (uint8_t)brightness};
    TALLY_TRY(clear(display, bytes));
    TALLY_TRY(command(display, init, sizeof init, bytes));
    TALLY_TRY(command(display, bright, sizeof bright, bytes));
    return clear(display, bytes);
}

static enum tally_status put_string(struct hal_cd5220 *display, char row, struct tally_slice text,
                                    struct tally_buffer *bytes)
{
    static const uint8_t cr = CR;
    const uint8_t head[] = {ESC, 'Q', (uint8_t)row};
    TALLY_TRY(put(bytes, head, sizeof head));
    display->in_string = true;
    TALLY_TRY(put_line(display, text, bytes));
    return put(bytes, &cr, 1);
}

enum tally_status hal_cd5220_show(struct hal_cd5220 *display, struct tally_slice upper,
                                  struct tally_slice lower, struct tally_buffer *bytes)
{
    assert(display != NULL && bytes != NULL);

    TALLY_TRY(clear(display, bytes));
    TALLY_TRY(put_string(display, 'A', upper, bytes));
    return put_string(display, 'B', lower, bytes);
}

enum tally_status hal_cd5220_show_plainly(struct hal_cd5220 *display, struct tally_slice upper,
                                          struct tally_slice lower, struct tally_buffer *bytes)
{
    assert(display != NULL && bytes != NULL);

    TALLY_TRY(clear(display, bytes));
    TALLY_TRY(put_line(display, upper, bytes));
    return put_line(display, lower, bytes);
}

enum tally_status hal_cd5220_move(struct hal_cd5220 *display, unsigned column, unsigned row,
                                  struct tally_buffer *bytes)
{
    assert(display != NULL && bytes != NULL);
    assert(column >= 1 && column <= HAL_CD5220_COLUMNS && row >= 1 && row <= HAL_CD5220_ROWS);

    const uint8_t move[] = {ESC, 'l', (uint8_t)column, (uint8_t)row};
    return command(display, move, sizeof move, bytes);
}

enum tally_status hal_cd5220_select(struct hal_cd5220 *display, bool display_listens,
                                    struct tally_buffer *bytes)
{
    assert(display != NULL && bytes != NULL);

    const uint8_t select[] = {ESC, '=', display_listens ? 2 : 1};
    return command(display, select, sizeof select, bytes);
}
