/* app/hq/command.h: what the commands of tallyhq share.
 *
 * A command gets its own words (argv[0] is the command's last word) and answers the exit code: 0
 * done, 1 it failed, 2 the words or the file were wrong.
 *
 * Threads  one. */
#ifndef TALLY_HQ_COMMAND_H
#define TALLY_HQ_COMMAND_H

#include "app/hq/acts.h"
#include "app/hq/dir.h"
#include "app/hq/store.h"

#include <getopt.h>

enum { HQ_EXIT_OK = 0, HQ_EXIT_FAILED = 1, HQ_EXIT_USAGE = 2 };

struct hq_command {
    const char *name;  /* "members import" */
    const char *usage; /* what stands behind the name */
    const char *help;  /* several lines */
    int (*run)(const struct hq_command *self, const char *dir, int argc, char **argv);
};

extern const struct hq_command hq_commands[];
extern const size_t hq_command_count;

/* The next option of `options`, -1 at their end, or '?' after a message or --help: then return
 * hq_option_exit(). --help is added. */
int hq_option(const struct hq_command *self, int argc, char **argv, const struct option *options);
int hq_option_exit(void);
/* "tallyhq NAME: ..." on standard error, and where help is; HQ_EXIT_USAGE. */
int hq_usage_error(const struct hq_command *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "tallyhq: ..." on standard error; HQ_EXIT_FAILED. */
int hq_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Opens DIR's store, or says why not. */
TALLY_MUST_USE struct hq_store *hq_store_open_or_say(const char *dir);
int64_t hq_now_ms(void);
/* -1 when an act says why and who, in words that are not too long; else the exit code after a
 * message. */
int hq_wants_reason(const struct hq_command *self, const struct hq_act *act);
/* Closes the store after an act, says `text` if it failed, and tells a running server. The exit
 * code. */
int hq_act_end(const char *dir, struct hq_store *store, enum tally_status status, const char *text);

int hq_run_init(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_serve(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_programme_check(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_programme_publish(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_programme_dry_run(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_adjust(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_tier(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_transfer(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_block(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_unblock(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_account_merge(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_card(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_card_tag(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_card_code(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_night(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_clearing(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_surprise(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_enrol_token(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_members_import(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_export(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_verify(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_terminals(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_flags(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_revoke(const struct hq_command *self, const char *dir, int argc, char **argv);
int hq_run_status(const struct hq_command *self, const char *dir, int argc, char **argv);

#endif
