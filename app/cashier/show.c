/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of the screen: one poll() over the keyboard, tallyd and a swipe under way. */
#include "app/cashier/show.h"

#include "app/cashier/lang.h"
#include "app/cashier/rpc.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum { ESCAPE_MS = 25, MINUTE_S = 60 };

struct show {
    struct screen screen;
    struct canvas canvas;
    struct rpc *rpc;
    struct tray *tray;
};

/* ------------------------------------------------------------------ between screen and socket */

static uint64_t on_call(void *context, const char *method, json_t *params)
{
    struct show *show = context;
    uint64_t id = 0;
    return rpc_call(show->rpc, method, params, &id) == TALLY_OK ? id : 0;
}

static void on_new_ref(void *context, char ref[SCREEN_REF_MAX + 1])
{
    (void)context;
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
        /* Before the kernel's pool is ready; the clock and the process are enough to be unique. */
        random = (uint64_t)rpc_now_ms() << 20 ^ (uint64_t)getpid();
    }
    snprintf(ref, SCREEN_REF_MAX + 1, "screen-%lld-%016" PRIx64, (long long)time(NULL), random);
}

static void on_swipe(void *context, int card)
{
    struct show *show = context;
    enum tally_status status = tray_swipe(show->tray, card);
    if (status != TALLY_OK && status != TALLY_E_BUSY) {
        screen_say(&show->screen, SCREEN_SAYS_BAD, _("The program %s cannot be run"),
                   show->tray->program);
    }
}

static void on_state(void *context, bool connected, const char *why)
{
    screen_connection(&((struct show *)context)->screen, connected, why);
}

static void on_answer(void *context, uint64_t id, json_t *result, json_t *error)
{
    screen_answer(&((struct show *)context)->screen, id, result, error);
}

static void on_notification(void *context, const char *method, json_t *params)
{
    screen_notification(&((struct show *)context)->screen, method, params);
}

/* ------------------------------------------------------------------ the terminal */

static attr_t attributes[STYLE_COUNT];

static void set_styles(void)
{
    static const struct {
        enum canvas_style style;
        short front, back;
        attr_t attribute;
    } table[] = {
        {STYLE_QUIET, COLOR_CYAN, -1, A_NORMAL},
        {STYLE_STRONG, -1, -1, A_BOLD},
        {STYLE_BAR, COLOR_WHITE, COLOR_BLUE, A_BOLD},
        {STYLE_STAR, COLOR_YELLOW, -1, A_BOLD},
        {STYLE_KEY, COLOR_BLACK, COLOR_CYAN, A_NORMAL},
        {STYLE_FIELD, COLOR_BLACK, COLOR_YELLOW, A_NORMAL},
        {STYLE_GOOD, COLOR_GREEN, -1, A_BOLD},
        {STYLE_WARN, COLOR_YELLOW, -1, A_NORMAL},
        {STYLE_BAD, COLOR_RED, -1, A_BOLD},
        {STYLE_GOOD_BAR, COLOR_BLACK, COLOR_GREEN, A_NORMAL},
        {STYLE_WARN_BAR, COLOR_BLACK, COLOR_YELLOW, A_NORMAL},
        {STYLE_BAD_BAR, COLOR_WHITE, COLOR_RED, A_BOLD},
    };
    bool has_colours = has_colors() && start_color() == OK && use_default_colors() == OK;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        short pair = (short)(i + 1);
        attributes[table[i].style] = table[i].attribute;
        if (has_colours && init_pair(pair, table[i].front, table[i].back) == OK) {
            attributes[table[i].style] |= (attr_t)COLOR_PAIR(pair);
        } else if (table[i].back != -1) {
            attributes[table[i].style] |= A_REVERSE;
        }
    }
}

static void paint(struct show *show)
{
    int rows = 0, cols = 0;
    getmaxyx(stdscr, rows, cols);
    struct canvas *canvas = &show->canvas;
    if ((rows != canvas->rows || cols != canvas->cols) &&
        canvas_resize(canvas, rows, cols) != TALLY_OK) {
        return; /* the old picture stays */
    }
    show->screen.now = time(NULL);
    screen_draw(&show->screen, canvas);
    for (int row = 0; row < rows; row++) {
        for (int col = 0; col < cols; col++) {
            const struct canvas_cell *cell = canvas_at(canvas, row, col);
            if (cell->text[0] != '\0') {
                attrset(attributes[cell->style]);
                mvaddstr(row, col, cell->text);
            }
        }
    }
    attrset(A_NORMAL);
    refresh();
}

static int key_of(wint_t code, int kind)
{
    if (kind == KEY_CODE_YES) {
        switch (code) {
        case KEY_ENTER:
            return SCREEN_KEY_ENTER;
        case KEY_BACKSPACE:
        case KEY_DC:
            return SCREEN_KEY_BACKSPACE;
        case KEY_F(1):
            return SCREEN_KEY_HELP;
        default:
            return 0;
        }
    }
    switch (code) {
    case '\n':
    case '\r':
        return SCREEN_KEY_ENTER;
    case 27:
        return SCREEN_KEY_ESCAPE;
    case 8:
    case 127:
        return SCREEN_KEY_BACKSPACE;
    default:
        return (int)code;
    }
}

static void read_keys(struct show *show)
{
    wint_t code = 0;
    for (int kind = get_wch(&code); kind != ERR; kind = get_wch(&code)) {
        int key = key_of(code, kind);
        if (key != 0) {
            screen_key(&show->screen, key);
        }
    }
}

/* Until the clock on the screen changes, or the connection is tried again. */
static int timeout_ms(const struct show *show)
{
    int minute_ms = (int)(MINUTE_S - time(NULL) % MINUTE_S) * 1000;
    int retry_ms = rpc_timeout_ms(show->rpc, rpc_now_ms());
    return retry_ms >= 0 && retry_ms < minute_ms ? retry_ms : minute_ms;
}

static void step_tray(struct show *show)
{
    const char *why = NULL;
    if (tray_step(show->tray, &why) && why != NULL) {
        screen_say(&show->screen, SCREEN_SAYS_BAD, _("The sample card was not swiped: %s"), why);
    }
}

static void run(struct show *show)
{
    while (!show->screen.quit) {
        paint(show);
        struct pollfd polled[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = rpc_fd(show->rpc), .events = rpc_events(show->rpc)},
            {.fd = show->tray != NULL ? show->tray->output_fd : -1, .events = POLLIN}};
        int ready = poll(polled, 3, timeout_ms(show));
        if (ready < 0 && errno != EINTR) {
            return;
        }
        if (ready <= 0) { /* also a changed window size, which get_wch() takes in */
            polled[0].revents = polled[1].revents = polled[2].revents = 0;
        }
        read_keys(show);
        if ((polled[0].revents & (POLLHUP | POLLERR)) != 0) {
            return; /* the terminal is gone */
        }
        rpc_step(show->rpc, polled[1].revents, rpc_now_ms());
        if (polled[2].revents != 0) {
            step_tray(show);
        }
    }
}

enum tally_status show_run(const struct show_options *options)
{
    static const struct screen_ops screen_ops = {on_call, on_new_ref, on_swipe};
    static const struct rpc_ops rpc_ops = {on_state, on_answer, on_notification};
    struct show show = {.tray = options->tray};
    TALLY_TRY(rpc_open(options->socket, &rpc_ops, &show, &show.rpc));
    screen_open(&show.screen, &screen_ops, &show);
    if (options->tray != NULL) {
        show.screen.has_tray = true;
        for (size_t i = 0; i < SCREEN_TRAY_CARDS; i++) {
            const struct tray_card *card = &options->tray->cards[i];
            show.screen.tray[i] =
                lang_is_chinese() && card->name_zh != NULL ? card->name_zh : card->name;
        }
    }
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    enum tally_status status = terminal == NULL ? TALLY_E_DEVICE : TALLY_OK;
    if (terminal != NULL) {
        cbreak();
        noecho();
        nonl();
        keypad(stdscr, TRUE);
        nodelay(stdscr, TRUE);
        set_escdelay(ESCAPE_MS);
        curs_set(0);
        set_styles();
        run(&show);
        endwin();
        delscreen(terminal);
    }
    rpc_close(show.rpc);
    screen_close(&show.screen);
    canvas_free(&show.canvas);
    return status;
}
