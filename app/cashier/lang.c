/* SPDX-License-Identifier: Apache-2.0 */
/* Which language, and how gettext is made to speak it on a machine that has no such locale. */
#include "app/cashier/lang.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool chinese;

/* The language asked for, as the environment says it. */
static const char *wanted(void)
{
    static const char *const names[] = {"TALLY_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return value;
        }
    }
    return "en";
}

/* A fresh Debian has the locale C.UTF-8 only, and glibc from 2.39 on never translates in a locale
 * whose name begins with "C." So where there is no zh_CN.UTF-8 we load C.UTF-8's own data under
 * that name: LOCPATH points at a folder of ours where zh_CN.UTF-8 is a link to it. It is set for
 * this one call, so that no child inherits it. */
static bool set_messages(const char *name, const char *share_dir)
{
    char path[PATH_MAX];
    if (setlocale(LC_MESSAGES, name) != NULL) {
        return true;
    }
    int len = snprintf(path, sizeof path, "%s/tallystick/locale", share_dir);
    if (len < 0 || (size_t)len >= sizeof path || setenv("LOCPATH", path, 1) != 0) {
        return false;
    }
    bool set = setlocale(LC_MESSAGES, name) != NULL;
    unsetenv("LOCPATH");
    return set;
}

void lang_share_dir(char *path, size_t path_size)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    program[len < 0 ? 0 : len] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
    snprintf(path, path_size, "%s/share", program);
}

void lang_open(const char *share_dir)
{
    char path[PATH_MAX];
    if (setlocale(LC_ALL, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        (void)setlocale(LC_ALL, "C.UTF-8");
    }
    setlocale(LC_NUMERIC, "C");
    chinese = strncmp(wanted(), "zh", 2) == 0;
    /* LANGUAGE would win over the locale; the choice has been made above. */
    unsetenv("LANGUAGE");
    if (!chinese) {
        setlocale(LC_MESSAGES, "C");
        return;
    }
    snprintf(path, sizeof path, "%s/locale", share_dir);
    if (set_messages("zh_CN.UTF-8", share_dir) && bindtextdomain("tally", path) != NULL) {
        bind_textdomain_codeset("tally", "UTF-8");
        textdomain("tally");
    }
}

bool lang_is_chinese(void)
{
    return chinese;
}
