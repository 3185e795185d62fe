/* SPDX-License-Identifier: Apache-2.0 */
/* newlib here is built without the length modifiers of C99: %zu prints "zu". The linker sends the
 * calls of stdio's printing functions through here (--wrap), which puts down the modifier that
 * newlib does know. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_LEN_MAX = 500 };

int __real_vsnprintf(char *text, size_t size, const char *format, va_list arguments);
int __real_vprintf(const char *format, va_list arguments);
int __wrap_vsnprintf(char *text, size_t size, const char *format, va_list arguments);
int __wrap_snprintf(char *text, size_t size, const char *format, ...);
int __wrap_vprintf(const char *format, va_list arguments);
int __wrap_printf(const char *format, ...);

static char known[FORMAT_LEN_MAX];
static size_t known_len;

static void put(char character)
{
    if (known_len + 1 >= sizeof known) {
        abort(); /* a test with such a format can say so to whoever reads this */
    }
    known[known_len++] = character;
    known[known_len] = '\0';
}

static const char *put_modifier(const char *format)
{
    if (*format == 'z' || *format == 't') {
        return format + 1;
    }
    if (*format == 'j') {
        put('l');
        put('l');
        return format + 1;
    }
    return format;
}

/* size_t and ptrdiff_t are as long as an int on this processor, intmax_t is a long long. */
static const char *translate(const char *format)
{
    _Static_assert(sizeof(size_t) == sizeof(int) && sizeof(ptrdiff_t) == sizeof(int), "as said");
    known_len = 0;
    known[0] = '\0';
    while (*format != '\0') {
        put(*format);
        if (*format++ != '%') {
            continue;
        }
        while (*format != '\0' && strchr("-+ #0123456789.*", *format) != NULL) {
            put(*format++);
        }
        format = put_modifier(format);
        if (*format != '\0') {
            put(*format++); /* here, so that the second % of %% begins nothing */
        }
    }
    return known;
}

int __wrap_vsnprintf(char *text, size_t size, const char *format, va_list arguments)
{
    return __real_vsnprintf(text, size, translate(format), arguments);
}

int __wrap_vprintf(const char *format, va_list arguments)
{
    return __real_vprintf(translate(format), arguments);
}

int __wrap_snprintf(char *text, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = __wrap_vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return len;
}

int __wrap_printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = __wrap_vprintf(format, arguments);
    va_end(arguments);
    return len;
}
