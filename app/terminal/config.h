/* app/terminal/config.h: what tallyd.conf says.
 *
 * Memory   texts are owned by the struct; terminal_config_free().
 * Threads  one. */
#ifndef TALLY_TERMINAL_CONFIG_H
#define TALLY_TERMINAL_CONFIG_H

#include "app/base/config.h"
#include "hal/reader/settings.h"

#include <stdbool.h>

/* [reader] */
struct terminal_reader_config {
    bool enabled;
    int keyboard; /* enum hal_wedge_choice */
    int layout;   /* enum hal_keyboard_layout */
    char *device; /* one more keyboard that is a reader, "VVVV:PPPP"; NULL: none */
    char *prefix; /* NULL: none */
    char *suffix;
    bool uid;
    bool only_paired;
};

struct terminal_config {
    char *store_dir;   /* [store] dir */
    char *till_socket; /* [till] socket */
    struct terminal_reader_config reader;
    char *hq_host;      /* [hq] host; NULL: this terminal stands alone */
    int64_t hq_port;    /* [hq] port */
    int64_t enrol_port; /* [hq] enrol_port */
    char *token_file;   /* [hq] token_file: the one-time token, read until enrolled */
};

/* Defaults, then the file. The same statuses and `problem` as tally_config_read. */
TALLY_MUST_USE enum tally_status terminal_config_read(const char *path,
                                                      struct terminal_config *ret_config,
                                                      char problem[TALLY_CONFIG_PROBLEM_MAX]);
void terminal_config_free(struct terminal_config *config);

/* What the readers' room has to know of it. TALLY_OK, TALLY_E_INVALID with the sentence in
 * `problem`. terminal_config_read() has asked already: what it took is right. */
TALLY_MUST_USE enum tally_status terminal_config_wedge(const struct terminal_reader_config *config,
                                                       struct hal_wedge_settings *ret_wedge,
                                                       char problem[TALLY_CONFIG_PROBLEM_MAX]);

#endif
