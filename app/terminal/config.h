/* app/terminal/config.h: what tallyd.conf says.
 *
 * Memory   texts are owned by the struct; terminal_config_free().
 * Threads  one. */
#ifndef TALLY_TERMINAL_CONFIG_H
#define TALLY_TERMINAL_CONFIG_H

#include "app/base/config.h"
#include "app/terminal/paper.h"
#include "hal/reader/settings.h"

#include <stdbool.h>

struct terminal_config {
    char *store_dir;                 /* [store] dir */
    char *till_socket;               /* [till] socket */
    bool readers;                    /* [reader] enabled */
    bool accepts_uid;                /* [reader] uid */
    bool only_paired;                /* [reader] only_paired */
    struct hal_wedge_settings wedge; /* the rest of [reader] */
    struct hal_tag_settings tag;     /* [tag] */
    struct paper_settings paper;     /* [printer] and [display] */
    char *hq_host;                   /* [hq] host; NULL: this terminal stands alone */
    int64_t hq_port;                 /* [hq] port */
    int64_t enrol_port;              /* [hq] enrol_port */
    char *token_file;                /* [hq] token_file: the one-time token, read until enrolled */
};

/* Defaults, then the file. The same statuses and `problem` as tally_config_read. */
TALLY_MUST_USE enum tally_status terminal_config_read(const char *path,
                                                      struct terminal_config *ret_config,
                                                      char problem[TALLY_CONFIG_PROBLEM_MAX]);
void terminal_config_free(struct terminal_config *config);

#endif
