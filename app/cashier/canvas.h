/* app/cashier/canvas.h: a grid of character cells to draw on; a terminal shows it, a test reads it.
 *
 * Units    rows and columns from 0; a wide character (CJK) takes two columns.
 * Memory   canvas_resize() allocates, canvas_free() gives back.
 * Errors   what falls outside is not drawn; text that is not UTF-8 or not printable shows as '?'.
 * Threads  one. LC_CTYPE must be a UTF-8 locale. */
#ifndef TALLY_CASHIER_CANVAS_H
#define TALLY_CASHIER_CANVAS_H

#include "app/core/status.h"

#include <stdbool.h>

enum canvas_style {
    STYLE_PLAIN,
    STYLE_QUIET,  /* labels, rules, hints */
    STYLE_STRONG, /* names, numbers */
    STYLE_BAR,    /* the top line */
    STYLE_STAR,   /* tiers */
    STYLE_KEY,    /* the name of a key */
    STYLE_FIELD,  /* what is being typed */
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_GOOD_BAR, /* the message line */
    STYLE_WARN_BAR,
    STYLE_BAD_BAR,
    STYLE_COUNT
};

enum { CANVAS_CELL_BYTES = 24 }; /* one character and its combining marks */

struct canvas_cell {
    char text[CANVAS_CELL_BYTES]; /* NUL-terminated; "" is the right half of a wide character */
    unsigned char style;
};

struct canvas {
    int rows, cols;
    struct canvas_cell *cells; /* owned; rows * cols */
};

/* TALLY_OK, TALLY_E_NO_MEMORY (the canvas is empty then) */
TALLY_MUST_USE enum tally_status canvas_resize(struct canvas *canvas, int rows, int cols);
void canvas_free(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

const struct canvas_cell *canvas_at(const struct canvas *canvas, int row, int col);

/* Columns that `text` takes. */
int canvas_width(const char *text);

/* Draws `text` in at most `cols` columns; what does not fit ends in "…". Returns columns used. */
int canvas_text(struct canvas *canvas, int row, int col, int cols, enum canvas_style style,
                const char *text);

/* The same, ending before column `end`. Returns the column it starts at. */
int canvas_text_right(struct canvas *canvas, int row, int end, int cols, enum canvas_style style,
                      const char *text);

void canvas_fill(struct canvas *canvas, int row, int col, int cols, enum canvas_style style,
                 const char *character);

/* Digits, '.', ',' and '-' three rows high, ending before column `end`. Returns the first
 * column. */
int canvas_big_right(struct canvas *canvas, int row, int end, enum canvas_style style,
                     const char *number);

#endif
