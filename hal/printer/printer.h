/* hal/printer/printer.h: the receipt printer of this terminal: jobs in, and honest words about what
 * became of each.
 *
 * The terminal makes one printer, whether one is plugged in or not, and names it in the settings of
 * the readers (hal/reader/settings.h): hal_driver_printer is a row of their driver table, and what
 * fits it plugs itself in here. The first one that comes is used; a second waits unused until it is
 * plugged in again.
 *
 * How a job goes: the printer is asked how it is; if all is well, it is reset and the job's bytes
 * go out in pieces; then it is asked to say when it has worked them off. A printer that is out of
 * paper, open or in error holds the job, before or in the middle of it, until it is mended or the
 * caller gives the job up. A printer that answers no question gets the data unless its port status
 * says that it can't print.
 *
 * Units    lengths are bytes.
 * Memory   a job's bytes are copied; on_done and on_state may call anything here but
 *          hal_printer_free().
 * Errors   on_done comes once for each job that hal_printer_print() took, never from within a call
 *          of the caller's; on_state may come from within one.
 * Blocking nothing.
 * Threads  the loop's thread only. */
#ifndef HAL_PRINTER_PRINTER_H
#define HAL_PRINTER_PRINTER_H

#include "hal/printer/escpos.h"
#include "hal/reader/link.h"

enum {
    HAL_PRINTER_NAME_LEN_MAX = 63,
    HAL_PRINTER_WAITING_MAX = 64 * 1024, /* bytes of all jobs that are not done */

    /* Of no consequence to what is printed, only to how soon somebody hears of trouble. */
    HAL_PRINTER_ANSWER_MS = 500,  /* a question */
    HAL_PRINTER_LOOK_MS = 1000,   /* between two looks at a printer that holds a job */
    HAL_PRINTER_STALL_MS = 2000,  /* a piece that is not taken: why? */
    HAL_PRINTER_FINISH_LOOKS = 15 /* looks at a printer that is well and says no more */
};

/* What a person has to know. The first that is true, in this order. */
enum hal_printer_condition {
    HAL_PRINTER_UNPLUGGED = 0,
    HAL_PRINTER_COVER_OPEN,
    HAL_PRINTER_PAPER_OUT,
    HAL_PRINTER_ERROR,   /* the cutter, the head: switch it off and on */
    HAL_PRINTER_OFFLINE, /* or it takes no data, and does not say why */
    HAL_PRINTER_PAPER_LOW,
    HAL_PRINTER_READY
};

struct hal_printer_state {
    enum hal_printer_condition condition;
    bool drawer_signal; /* as in struct hal_escpos_status */
    bool is_silent;     /* it answers no questions: what is known comes from its port status */
    const char *name;   /* "" none; printable ASCII; lives until the state changes */
};

enum hal_print_result {
    HAL_PRINT_DONE,        /* the printer says that it has worked it off */
    HAL_PRINT_UNCONFIRMED, /* it took every byte and says nothing against it */
    HAL_PRINT_MAYBE,       /* it took bytes of the job, and is gone, failed or was given up */
    HAL_PRINT_NOT          /* no byte of the job was sent */
};

struct hal_printer_watcher {
    void *context;
    void (*on_done)(void *context, uint32_t job, enum hal_print_result result);
    void (*on_state)(void *context, const struct hal_printer_state *state); /* may be NULL */
};

struct hal_printer;

/* TALLY_OK, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status hal_printer_new(const struct hal_printer_watcher *watcher,
                                                 struct hal_printer **ret_printer);

/* After the readers that name it are closed. Jobs that are left are forgotten without a call. */
void hal_printer_free(struct hal_printer *printer);

struct hal_printer_state hal_printer_state(const struct hal_printer *printer);

/* Puts a job in the queue. `bytes` as struct hal_escpos makes them, without ESC @ in front.
 *   TALLY_OK            *ret_job is its number, never 0
 *   TALLY_E_READER_GONE no printer is plugged in: nothing is kept, a receipt that comes out an hour
 *                       later helps nobody
 *   TALLY_E_BUSY        HAL_PRINTER_WAITING_MAX bytes wait already, or would
 *   TALLY_E_INVALID     an empty job
 *   TALLY_E_NO_MEMORY, TALLY_E_DEVICE */
TALLY_MUST_USE enum tally_status hal_printer_print(struct hal_printer *printer,
                                                   struct tally_slice bytes, uint32_t *ret_job);

/* Gives a job up; on_done does not come. *ret_result is HAL_PRINT_NOT or HAL_PRINT_MAYBE: what the
 * printer has taken already it may still print when it is mended.
 *   TALLY_OK, TALLY_E_NOT_FOUND (it is done) */
TALLY_MUST_USE enum tally_status hal_printer_give_up(struct hal_printer *printer, uint32_t job,
                                                     enum hal_print_result *ret_result);

/* A row of the driver table: USB printer class (7/1/1 to 3), and Epson's vendor class. */
extern const struct hal_reader_driver hal_driver_printer;

#endif
