/* app/cashier/lang.h: the language that the cashier reads.
 *
 * Messages are English in the source and translated by GNU gettext (libc's): _() translates now,
 * N_() marks a text that is translated where it is used.
 *
 * Memory   translations are static.
 * Threads  call lang_open() before there are any. */
#ifndef TALLY_CASHIER_LANG_H
#define TALLY_CASHIER_LANG_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>

#define _(text)  gettext(text)
#define N_(text) text

/* Sets the locale (always one with UTF-8, if the machine has any) and the language: TALLY_LANG
 * ("en", "zh_CN"), else LC_ALL, LC_MESSAGES, LANG, else English. Catalogues stand in `share_dir`
 * ("locale/zh_CN/LC_MESSAGES/tally.mo" and "tallystick/locale/"; see README.md). */
void lang_open(const char *share_dir);

/* "share" beside the folder of the running program: .../bin/tally -> .../share. The same in the
 * build tree and when installed. */
void lang_share_dir(char *path, size_t path_size);

/* Whether names that exist in two languages are shown in Chinese. */
bool lang_is_chinese(void);

#endif
