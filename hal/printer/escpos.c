/* SPDX-License-Identifier: Apache-2.0 */
/* ESC/POS documents, and what printers say of themselves. */
#include "hal/printer/escpos.h"

#include <assert.h>

enum { DLE = 0x10, EOT = 0x04, LF = 0x0a, ESC = 0x1b, FS = 0x1c, GS = 0x1d };
enum { LINES_TO_BLADE = 5, PULSE_UNIT_MS = 2 };

const uint8_t hal_escpos_reset[5] = {ESC, '=', 0x01, ESC, '@'};
const uint8_t hal_escpos_report_changes[3] = {GS, 'a', 0x0f};
const uint8_t hal_escpos_mark[3] = {GS, 'r', 0x01};

/* ---- documents ---- */

static void put(struct hal_escpos *document, const void *bytes, size_t len)
{
    if (document->status == TALLY_OK) {
        document->status = tally_buffer_append(&document->bytes, bytes, len);
    }
}

static void put_command(struct hal_escpos *document, uint8_t lead, char letter, uint8_t value)
{
    const uint8_t command[] = {lead, (uint8_t)letter, value};
    put(document, command, sizeof command);
}

void hal_escpos_start(struct hal_escpos *document, enum hal_charset charset)
{
    static const uint8_t chinese[] = {FS, '&'};
    assert(document != NULL);

    *document = (struct hal_escpos){.charset = charset};
    if (charset == HAL_CHARSET_PC437) {
        put_command(document, ESC, 't', 0);
    } else if (charset == HAL_CHARSET_GB18030) {
        put(document, chinese, sizeof chinese);
    }
}

void hal_escpos_free(struct hal_escpos *document)
{
    tally_buffer_free(&document->bytes);
}

void hal_escpos_line(struct hal_escpos *document, const char *utf8, struct hal_escpos_style style)
{
    static const uint8_t end = LF;
    assert(document != NULL && utf8 != NULL);

    put_command(document, ESC, 'a', (uint8_t)style.align);
    put_command(document, ESC, 'E', style.bold ? 1 : 0);
    put_command(document, GS, '!', style.tall ? 0x01 : 0x00);
    if (document->status == TALLY_OK) {
        document->status =
            hal_charset_append(document->charset, tally_slice_text(utf8), &document->bytes);
    }
    put(document, &end, 1);
}

void hal_escpos_feed(struct hal_escpos *document, unsigned lines)
{
    assert(document != NULL && lines >= 1 && lines <= 255);
    put_command(document, ESC, 'd', (uint8_t)lines);
}

/* GS ( k pL pH cn=49 fn ... */
static void put_qr(struct hal_escpos *document, uint8_t function, const void *bytes, size_t len)
{
    size_t count = len + 2;
    const uint8_t head[] = {GS, '(',     'k', (uint8_t)(count & 0xff), (uint8_t)(count >> 8),
                            49, function};
    put(document, head, sizeof head);
    put(document, bytes, len);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            return false;
        }
    }
    return true;
}

void hal_escpos_qr(struct hal_escpos *document, const char *link, unsigned module)
{
    assert(document != NULL && link != NULL);
    assert(module >= HAL_ESCPOS_MODULE_MIN && module <= HAL_ESCPOS_MODULE_MAX);

    size_t len = strlen(link);
    if (len == 0 || len > HAL_ESCPOS_LINK_LEN_MAX || !is_printable(link)) {
        document->status = document->status == TALLY_OK ? TALLY_E_INVALID : document->status;
        return;
    }
    const uint8_t model_2[] = {50, 0}, size = (uint8_t)module, correction_m = 49, m = 48;
    put_command(document, ESC, 'a', HAL_ESCPOS_CENTRE);
    put_qr(document, 65, model_2, sizeof model_2);
    put_qr(document, 67, &size, 1);
    put_qr(document, 69, &correction_m, 1);
    uint8_t stored[1 + HAL_ESCPOS_LINK_LEN_MAX] = {m};
    memcpy(stored + 1, link, len);
    put_qr(document, 80, stored, 1 + len);
    put_qr(document, 81, &m, 1);
}

void hal_escpos_cut(struct hal_escpos *document)
{
    hal_escpos_feed(document, LINES_TO_BLADE);
    put_command(document, GS, 'V', 1);
}

void hal_escpos_open_drawer(struct hal_escpos *document, bool second, unsigned on_ms,
                            unsigned off_ms)
{
    assert(document != NULL);
    assert(on_ms <= HAL_ESCPOS_PULSE_MS_MAX && off_ms <= HAL_ESCPOS_PULSE_MS_MAX);

    const uint8_t command[] = {ESC, 'p', second ? 1 : 0, (uint8_t)(on_ms / PULSE_UNIT_MS),
                               (uint8_t)(off_ms / PULSE_UNIT_MS)};
    put(document, command, sizeof command);
}

/* ---- statuses ---- */

void hal_escpos_ask(enum hal_escpos_question question, uint8_t ret_bytes[HAL_ESCPOS_QUESTION_LEN])
{
    assert(question > HAL_ESCPOS_ASKS_NOTHING && question < HAL_ESCPOS_QUESTION_COUNT);
    ret_bytes[0] = DLE;
    ret_bytes[1] = EOT;
    ret_bytes[2] = (uint8_t)question;
}

/* Bits that say what a byte is. */
enum {
    ANSWER_MASK = 0x93,
    ANSWER_IS = 0x12,
    REPORT_MASK = 0x93,
    REPORT_IS = 0x10,
    LATER_MASK = 0x90,
    LATER_IS = 0x00
};

/* Answers to DLE EOT. */
enum {
    PRINTER_DRAWER = 0x04,
    PRINTER_OFFLINE = 0x08,
    CAUSE_COVER = 0x04,
    CAUSE_PAPER = 0x20,
    CAUSE_ERROR = 0x40,
    ERROR_CUTTER = 0x08,
    ERROR_FATAL = 0x20,
    ERROR_PASSING = 0x40,
    PAPER_LOW = 0x0c,
    PAPER_OUT = 0x60
};

/* Bytes of a report that say the same. */
enum {
    REPORT_DRAWER = 0x04,
    REPORT_OFFLINE = 0x08,
    REPORT_COVER = 0x20,
    REPORT_ERRORS = ERROR_CUTTER | ERROR_FATAL | ERROR_PASSING, /* of the second byte */
    REPORT_LOW = 0x03,                                          /* of the third */
    REPORT_OUT = 0x0c
};

/* A report, as the four answers that it stands for. */
static void take_report(struct hal_escpos_ears *ears)
{
    const uint8_t *report = ears->report;
    bool is_out = (report[2] & REPORT_OUT) != 0;
    uint8_t printer = ANSWER_IS, cause = ANSWER_IS, paper = ANSWER_IS;
    printer |= (report[0] & REPORT_DRAWER) != 0 ? PRINTER_DRAWER : 0;
    printer |= (report[0] & REPORT_OFFLINE) != 0 ? PRINTER_OFFLINE : 0;
    cause |= (report[0] & REPORT_COVER) != 0 ? CAUSE_COVER : 0;
    paper |= (report[2] & REPORT_LOW) != 0 ? PAPER_LOW : 0;
    paper |= is_out ? PAPER_OUT : 0;
    ears->answers[HAL_ESCPOS_ASKS_PRINTER] = printer;
    ears->answers[HAL_ESCPOS_ASKS_OFFLINE_CAUSE] = cause;
    ears->answers[HAL_ESCPOS_ASKS_ERROR] = ANSWER_IS | (report[1] & REPORT_ERRORS);
    ears->answers[HAL_ESCPOS_ASKS_PAPER] = paper;
}

enum hal_escpos_heard hal_escpos_hear(struct hal_escpos_ears *ears, enum hal_escpos_question asked,
                                      uint8_t byte)
{
    assert(ears != NULL && asked < HAL_ESCPOS_QUESTION_COUNT);

    if ((byte & ANSWER_MASK) == ANSWER_IS) {
        if (asked == HAL_ESCPOS_ASKS_NOTHING) {
            return HAL_ESCPOS_HEARD_NOTHING;
        }
        ears->answers[asked] = byte;
        return HAL_ESCPOS_HEARD_ANSWER;
    }
    if ((byte & REPORT_MASK) == REPORT_IS) {
        ears->report[0] = byte;
        ears->report_len = 1;
        return HAL_ESCPOS_HEARD_NOTHING;
    }
    if ((byte & LATER_MASK) != LATER_IS) {
        ears->report_len = 0;
        return HAL_ESCPOS_HEARD_NOTHING;
    }
    if (ears->report_len == 0) {
        return HAL_ESCPOS_HEARD_MARK;
    }
    ears->report[ears->report_len++] = byte;
    if (ears->report_len < sizeof ears->report) {
        return HAL_ESCPOS_HEARD_NOTHING;
    }
    ears->report_len = 0;
    take_report(ears);
    return HAL_ESCPOS_HEARD_CHANGE;
}

struct hal_escpos_status hal_escpos_status(const struct hal_escpos_ears *ears)
{
    uint8_t printer = ears->answers[HAL_ESCPOS_ASKS_PRINTER];
    uint8_t cause = ears->answers[HAL_ESCPOS_ASKS_OFFLINE_CAUSE];
    uint8_t error = ears->answers[HAL_ESCPOS_ASKS_ERROR];
    uint8_t paper = ears->answers[HAL_ESCPOS_ASKS_PAPER];
    return (struct hal_escpos_status){
        .is_offline = (printer & PRINTER_OFFLINE) != 0,
        .cover_open = (cause & CAUSE_COVER) != 0,
        .paper_out = (paper & PAPER_OUT) != 0 || (cause & CAUSE_PAPER) != 0,
        .paper_low = (paper & PAPER_LOW) != 0,
        .has_error = (cause & CAUSE_ERROR) != 0 ||
                     (error & (ERROR_CUTTER | ERROR_FATAL | ERROR_PASSING)) != 0,
        .drawer_signal = (printer & PRINTER_DRAWER) != 0,
    };
}
