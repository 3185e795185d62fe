/* app/terminal/reading.h: what this terminal's readers, and texts of a till's own scanner, are read
 * by: the configuration, the programme's card ranges, and the keys that came from head office.
 *
 * Memory   the struct is the caller's; wipe it with reading_wipe().
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_READING_H
#define TALLY_TERMINAL_READING_H

#include "app/terminal/config.h"
#include "app/terminal/ledger.h"
#include "app/terminal/pairs.h"
#include "hal/reader/code.h"

struct reading {
    /* Borrows `codes`, the pairs and the paper's. Its rules are the programme's at the last
     * reading_refresh() and gone when another takes over: whoever keeps them copies them at once.
     */
    struct hal_reader_settings settings;
    struct hal_code_memory codes;
};

/* From now on codes of before this moment are refused. `reading` stays where it is; `paper`
 * and `pairs` outlive it. */
void reading_start(struct reading *reading, const struct terminal_config *config,
                   const struct paper *paper, struct pairs *pairs);

/* Takes over the programme in force and the keys there are. */
void reading_refresh(struct reading *reading, struct ledger *ledger);

void reading_wipe(struct reading *reading);

#endif
