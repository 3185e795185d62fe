/* SPDX-License-Identifier: Apache-2.0 */
/* The readers' settings, out of configuration, programme and keys. */
#include "app/terminal/reading.h"

#include "app/base/log.h"
#include "hal/reader/keys.h"

#include <string.h>

static int64_t wall_ms(void *context)
{
    (void)context;
    return ledger_now_ms();
}

void reading_start(struct reading *reading, const struct terminal_config *config,
                   const struct paper *paper, struct pairs *pairs)
{
    *reading = (struct reading){.settings = {.wedge = config->wedge,
                                             .tag = config->tag,
                                             .accepts_uid = config->accepts_uid,
                                             .no_cards = !config->readers,
                                             .only_paired = config->only_paired,
                                             .wall_ms = wall_ms,
                                             .pairs = &pairs->table,
                                             .codes = &reading->codes,
                                             .printer = paper_printer(paper),
                                             .display = paper_display(paper)}};
    hal_code_memory_start(&reading->codes, ledger_now_ms());
}

void reading_refresh(struct reading *reading, struct ledger *ledger)
{
    struct hal_reader_settings *settings = &reading->settings;
    const struct tally_programme *programme = ledger_programme(ledger, ledger_now_ms());
    settings->rules = programme == NULL ? (struct tally_card_rules){NULL, 0} : programme->cards;
    explicit_bzero(&settings->keys, sizeof settings->keys);
    if (ledger->has_keys && hal_reader_keys_derive(ledger->card_key, &settings->keys) != TALLY_OK) {
        tally_log("reader: the keys of codes and tags can't be made: they are not read");
    }
}

void reading_wipe(struct reading *reading)
{
    explicit_bzero(reading, sizeof *reading);
}
