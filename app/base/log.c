/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, each one write(2) so that two processes' lines don't mix. */
#include "app/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_LEN_MAX = 1000 };

void tally_log(const char *format, ...)
{
    char line[LINE_LEN_MAX + 2];
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(line + len, sizeof line - len, ".%03ldZ ", now.tv_nsec / 1000000);
    va_list arguments;
    va_start(arguments, format);
    int text_len = vsnprintf(line + len, LINE_LEN_MAX - len, format, arguments);
    va_end(arguments);
    if (text_len > 0) {
        size_t room = LINE_LEN_MAX - 1 - len;
        len += (size_t)text_len < room ? (size_t)text_len : room;
    }
    line[len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written; /* nowhere left to say that standard error is gone */
}
