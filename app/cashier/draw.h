/* app/cashier/draw.h: what the two files that draw share: draw.c (a member, a sale, the frame) and
 * draw_why.c (why points are earned, rewards to claim). Not for others.
 *
 * Threads  one. */
#ifndef TALLY_CASHIER_DRAW_H
#define TALLY_CASHIER_DRAW_H

#include "app/cashier/screen.h"
#include "app/cashier/words.h"

enum { DRAW_TEXT_MAX = 512, DRAW_LABEL_COLS = 17 };

/* Where things stand on a canvas of this size. */
struct layout {
    int left, cols, end; /* of the content */
    int member_row, sale_row;
};

/* printf at a place; returns the column behind it. */
int draw_print(struct canvas *canvas, int row, int col, enum canvas_style style, const char *format,
               ...) __attribute__((format(printf, 5, 6)));
void draw_title(struct canvas *canvas, const struct layout *layout, int row, const char *title);
struct words_currency draw_currency(const struct screen *screen);

void draw_why(const struct screen *screen, struct canvas *canvas, const struct layout *layout);
void draw_claims(const struct screen *screen, struct canvas *canvas, const struct layout *layout);

#endif
