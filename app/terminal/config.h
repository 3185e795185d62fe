/* app/terminal/config.h: what tallyd.conf says.
 *
 * Memory   texts are owned by the struct; terminal_config_free().
 * Threads  one. */
#ifndef TALLY_TERMINAL_CONFIG_H
#define TALLY_TERMINAL_CONFIG_H

#include "app/base/config.h"
#include "app/terminal/paper.h"

#include <stdbool.h>

struct terminal_config {
    char *store_dir;            /* [store] dir */
    char *till_socket;          /* [till] socket */
    bool readers;               /* [reader] enabled */
    bool printer;               /* [printer] enabled */
    char *printer_charset;      /* [printer] charset: ascii, pc437, gb18030 */
    int64_t printer_columns;    /* [printer] columns */
    char *display;              /* [display] on: none, usb, printer */
    char *display_device;       /* [display] device: vendor and product, "0416:f012"; "0:0" none */
    char *display_charset;      /* [display] charset */
    int64_t display_brightness; /* [display] brightness: 1 to 4 */
    char *hq_host;              /* [hq] host; NULL: this terminal stands alone */
    int64_t hq_port;            /* [hq] port */
    int64_t enrol_port;         /* [hq] enrol_port */
    char *token_file;           /* [hq] token_file: the one-time token, read until enrolled */
};

/* What they say of printer and display, understood.
 *   TALLY_OK, TALLY_E_INVALID (`problem` says which key) */
TALLY_MUST_USE enum tally_status terminal_config_paper(const struct terminal_config *config,
                                                       struct paper_settings *ret_settings,
                                                       char problem[TALLY_CONFIG_PROBLEM_MAX]);

/* Defaults, then the file. The same statuses and `problem` as tally_config_read. */
TALLY_MUST_USE enum tally_status terminal_config_read(const char *path,
                                                      struct terminal_config *ret_config,
                                                      char problem[TALLY_CONFIG_PROBLEM_MAX]);
void terminal_config_free(struct terminal_config *config);

#endif
