/* SPDX-License-Identifier: Apache-2.0 */
/* A grid of cells, wide characters, and big digits from half blocks. */
#include "app/cashier/canvas.h"

#include "app/base/alloc.h"

#include <string.h>
#include <wchar.h>

enum status_of_char { CHAR_END, CHAR_GOOD, CHAR_BAD };

/* One character of `*at`: its bytes, its width; moves `*at` behind it. */
static enum status_of_char next_char(const char **at, const char **ret_bytes, size_t *ret_len,
                                     int *ret_width)
{
    if (**at == '\0') {
        return CHAR_END;
    }
    mbstate_t state = {0};
    wchar_t wide = 0;
    size_t len = mbrtowc(&wide, *at, strlen(*at), &state);
    int width = len == (size_t)-1 || len == (size_t)-2 ? -1 : wcwidth(wide);
    if (width < 0) {
        *at += len == (size_t)-1 || len == (size_t)-2 ? 1 : len;
        *ret_bytes = "?";
        *ret_len = 1;
        *ret_width = 1;
        return CHAR_BAD;
    }
    *ret_bytes = *at;
    *ret_len = len;
    *ret_width = width;
    *at += len;
    return CHAR_GOOD;
}

enum tally_status canvas_resize(struct canvas *canvas, int rows, int cols)
{
    canvas_free(canvas);
    size_t count = (size_t)rows * (size_t)cols;
    canvas->cells = tally_alloc(count, sizeof *canvas->cells);
    if (canvas->cells == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    canvas->rows = rows;
    canvas->cols = cols;
    canvas_clear(canvas);
    return TALLY_OK;
}

void canvas_free(struct canvas *canvas)
{
    tally_free(canvas->cells);
    *canvas = (struct canvas){0};
}

void canvas_clear(struct canvas *canvas)
{
    for (int row = 0; row < canvas->rows; row++) {
        canvas_fill(canvas, row, 0, canvas->cols, STYLE_PLAIN, " ");
    }
}

static bool is_inside(const struct canvas *canvas, int row, int col)
{
    return row >= 0 && row < canvas->rows && col >= 0 && col < canvas->cols;
}

static struct canvas_cell *cell_at(struct canvas *canvas, int row, int col)
{
    return &canvas->cells[(size_t)row * (size_t)canvas->cols + (size_t)col];
}

const struct canvas_cell *canvas_at(const struct canvas *canvas, int row, int col)
{
    return &canvas->cells[(size_t)row * (size_t)canvas->cols + (size_t)col];
}

/* A character of width 1 or 2; both its cells lie inside, or nothing is drawn. */
static void put(struct canvas *canvas, int row, int col, enum canvas_style style, const char *bytes,
                size_t len, int width)
{
    if (!is_inside(canvas, row, col) || !is_inside(canvas, row, col + width - 1) ||
        len >= CANVAS_CELL_BYTES) {
        return;
    }
    struct canvas_cell *cell = cell_at(canvas, row, col);
    memcpy(cell->text, bytes, len);
    cell->text[len] = '\0';
    cell->style = (unsigned char)style;
    if (width == 2) {
        cell_at(canvas, row, col + 1)->text[0] = '\0';
        cell_at(canvas, row, col + 1)->style = (unsigned char)style;
    }
}

/* A combining mark joins the character before it, as long as the cell holds it. */
static void join(struct canvas *canvas, int row, int col, const char *bytes, size_t len)
{
    if (!is_inside(canvas, row, col)) {
        return;
    }
    struct canvas_cell *cell = cell_at(canvas, row, col);
    size_t had = strlen(cell->text);
    if (had > 0 && had + len < CANVAS_CELL_BYTES) {
        memcpy(cell->text + had, bytes, len);
        cell->text[had + len] = '\0';
    }
}

int canvas_width(const char *text)
{
    const char *bytes = NULL;
    size_t len = 0;
    int total = 0, width = 0;
    while (next_char(&text, &bytes, &len, &width) != CHAR_END) {
        total += width;
    }
    return total;
}

int canvas_text(struct canvas *canvas, int row, int col, int cols, enum canvas_style style,
                const char *text)
{
    const char *bytes = NULL;
    size_t len = 0;
    int used = 0, width = 0, last = col;
    bool fits = canvas_width(text) <= cols;
    while (next_char(&text, &bytes, &len, &width) != CHAR_END) {
        if (!fits && used + width > cols - 1) {
            if (cols > 0) {
                put(canvas, row, col + used++, style, "…", strlen("…"), 1);
            }
            return used;
        }
        if (width == 0) {
            join(canvas, row, last, bytes, len);
            continue;
        }
        last = col + used;
        put(canvas, row, last, style, bytes, len, width);
        used += width;
    }
    return used;
}

int canvas_text_right(struct canvas *canvas, int row, int end, int cols, enum canvas_style style,
                      const char *text)
{
    int width = canvas_width(text);
    width = width > cols ? cols : width;
    canvas_text(canvas, row, end - width, width, style, text);
    return end - width;
}

void canvas_fill(struct canvas *canvas, int row, int col, int cols, enum canvas_style style,
                 const char *character)
{
    for (int i = 0; i < cols; i++) {
        put(canvas, row, col + i, style, character, strlen(character), 1);
    }
}

/* Three columns and six half rows for each digit, most significant bit left. */
static const unsigned char big_digits[10][6] = {
    {7, 5, 5, 5, 7, 0}, {2, 6, 2, 2, 7, 0}, {7, 1, 7, 4, 7, 0}, {7, 1, 7, 1, 7, 0},
    {5, 5, 7, 1, 1, 0}, {7, 4, 7, 1, 7, 0}, {7, 4, 7, 5, 7, 0}, {7, 1, 1, 1, 1, 0},
    {7, 5, 7, 5, 7, 0}, {7, 5, 7, 1, 7, 0}};
static const unsigned char big_point[6] = {0, 0, 0, 0, 1, 0};
static const unsigned char big_comma[6] = {0, 0, 0, 0, 1, 1};
static const unsigned char big_minus[6] = {0, 0, 7, 0, 0, 0};

static const unsigned char *big_shape(char character, int *ret_cols)
{
    *ret_cols = 3;
    if (character >= '0' && character <= '9') {
        return big_digits[character - '0'];
    }
    if (character == '-') {
        return big_minus;
    }
    *ret_cols = 1;
    return character == ',' ? big_comma : big_point;
}

int canvas_big_right(struct canvas *canvas, int row, int end, enum canvas_style style,
                     const char *number)
{
    static const char *const blocks[] = {" ", "▄", "▀", "█"};
    int col = end;
    for (size_t i = strlen(number); i > 0; i--) {
        int cols = 0;
        const unsigned char *shape = big_shape(number[i - 1], &cols);
        col -= cols + (i < strlen(number) ? 1 : 0);
        for (int y = 0; y < 3; y++) {
            for (int x = 0; x < cols; x++) {
                int upper = shape[2 * y] >> (cols - 1 - x) & 1;
                int lower = shape[2 * y + 1] >> (cols - 1 - x) & 1;
                const char *block = blocks[upper << 1 | lower];
                canvas_text(canvas, row + y, col + x, 1, style, block);
            }
        }
    }
    return col;
}
