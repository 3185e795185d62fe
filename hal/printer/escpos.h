/* hal/printer/escpos.h: ESC/POS, the language of receipt printers: documents out, statuses in.
 *
 * Commands and bits as in Epson's ESC/POS command reference (TM-T88 series), which most other
 * makers follow. Nothing here sends a printable byte to find out whether somebody listens.
 *
 * Units    lengths are bytes; columns are those of the printer's standard font.
 * Memory   a document owns its bytes: hal_escpos_free(). The rest are values.
 * Errors   a document that failed writes nothing more and says so in `status`: look once, at the
 *          end.
 * Threads  pure. */
#ifndef HAL_PRINTER_ESCPOS_H
#define HAL_PRINTER_ESCPOS_H

#include "hal/printer/charset.h"

/* ---- documents ---- */

enum {
    HAL_ESCPOS_LINK_LEN_MAX = 512, /* of a QR code */
    HAL_ESCPOS_MODULE_MIN = 1,     /* dots of a QR code's square */
    HAL_ESCPOS_MODULE_MAX = 16,
    HAL_ESCPOS_PULSE_MS_MAX = 510
};

/* A document being written. */
struct hal_escpos {
    struct tally_buffer bytes; /* owned */
    enum hal_charset charset;
    enum tally_status status; /* of the first call that failed */
};

enum hal_escpos_align { HAL_ESCPOS_LEFT = 0, HAL_ESCPOS_CENTRE, HAL_ESCPOS_RIGHT }; /* ESC a n */

struct hal_escpos_style {
    enum hal_escpos_align align;
    bool bold;
    bool tall; /* twice as high; as wide as ever, so columns stay what they are */
};

/* An empty document that has chosen its characters: nothing for ASCII, ESC t 0 for PC437, FS & for
 * GB18030. It does not begin with ESC @: whoever sends it (printer.h) does. */
void hal_escpos_start(struct hal_escpos *document, enum hal_charset charset);
void hal_escpos_free(struct hal_escpos *document);

/* One line of text: ESC a, ESC E, GS !, the text, LF. The printer breaks what is too long. */
void hal_escpos_line(struct hal_escpos *document, const char *utf8, struct hal_escpos_style style);

/* 1..255 empty lines (ESC d). */
void hal_escpos_feed(struct hal_escpos *document, unsigned lines);

/* A QR code, model 2, error correction M (GS ( k, functions 165, 167, 169, 180, 181), centred.
 * `link` is printable ASCII, 1..HAL_ESCPOS_LINK_LEN_MAX; else the status is TALLY_E_INVALID. */
void hal_escpos_qr(struct hal_escpos *document, const char *link, unsigned module);

/* Feeds past the blade and cuts all but a point (GS V 1). */
void hal_escpos_cut(struct hal_escpos *document);

/* Opens the drawer on connector pin 2 (`second` false) or 5 with pulses of `on_ms` and `off_ms`
 * between them, both up to HAL_ESCPOS_PULSE_MS_MAX (ESC p). */
void hal_escpos_open_drawer(struct hal_escpos *document, bool second, unsigned on_ms,
                            unsigned off_ms);

/* ---- what a driver sends besides; each is whole and fixed ---- */

/* To any printer before a document: selected (ESC = 1: a customer display may have been), and as
 * after switching on (ESC @): the rest of a document that broke off is gone. */
extern const uint8_t hal_escpos_reset[5];
/* Only to a printer that has answered a question: reports on every change (GS a 0Fh). */
extern const uint8_t hal_escpos_report_changes[3];
/* Likewise, behind a document: answered once everything before it has been worked off (GS r 1). */
extern const uint8_t hal_escpos_mark[3];

/* ---- statuses ---- */

/* n of DLE EOT n. All three bytes of a question are control characters: a device that knows no
 * ESC/POS prints nothing. */
enum hal_escpos_question {
    HAL_ESCPOS_ASKS_NOTHING = 0,
    HAL_ESCPOS_ASKS_PRINTER = 1,
    HAL_ESCPOS_ASKS_OFFLINE_CAUSE = 2,
    HAL_ESCPOS_ASKS_ERROR = 3,
    HAL_ESCPOS_ASKS_PAPER = 4,
    HAL_ESCPOS_QUESTION_COUNT
};
enum { HAL_ESCPOS_QUESTION_LEN = 3 };
void hal_escpos_ask(enum hal_escpos_question question, uint8_t ret_bytes[HAL_ESCPOS_QUESTION_LEN]);

/* What a printer has said of itself; all false: nothing is wrong, or nothing was said. */
struct hal_escpos_status {
    bool is_offline;
    bool cover_open;
    bool paper_out;
    bool paper_low;
    bool has_error;
    bool drawer_signal; /* drawer connector's pin 3 is high; whether that is open, the drawer's
                           maker decides */
};

/* Puts bytes from the printer together. A zeroed one has heard nothing. */
struct hal_escpos_ears {
    uint8_t answers[HAL_ESCPOS_QUESTION_COUNT]; /* newest to each question; 0: none yet */
    uint8_t report[4];                          /* a report of changes on its way in */
    size_t report_len;
};

enum hal_escpos_heard {
    HAL_ESCPOS_HEARD_NOTHING = 0, /* not ESC/POS, not asked for, or not whole yet */
    HAL_ESCPOS_HEARD_ANSWER,      /* to the question */
    HAL_ESCPOS_HEARD_CHANGE,      /* a whole report (Automatic Status Back) */
    HAL_ESCPOS_HEARD_MARK         /* hal_escpos_mark was reached */
};

/* Takes one byte in, while `asked` is waiting for its answer. Bits that Epson fixes decide what a
 * byte is: DLE EOT 0xx1xx10, first of a report 0xx1xx00, the three after it and GS r 0xx0xxxx; any
 * other (XON, XOFF, garbage) is dropped, and so is the report that it stands in. */
enum hal_escpos_heard hal_escpos_hear(struct hal_escpos_ears *ears, enum hal_escpos_question asked,
                                      uint8_t byte);

/* What has been heard, as one status. */
struct hal_escpos_status hal_escpos_status(const struct hal_escpos_ears *ears);

#endif
