/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts that the parser and the runner share. */
#include "app/story/steps.h"

#include "app/base/alloc.h"

#include <inttypes.h>
#include <stdarg.h>

enum { SAID_MAX = 512, LONG_NUMBER = 12 }; /* as many digits in a row may be a card */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* All but the last four digits of long numbers; blanks and dashes stand inside a number. */
static void mask_numbers(char *text)
{
    for (char *at = text; *at != '\0';) {
        size_t digits = 0, len = 0;
        for (size_t i = 0; is_digit(at[i]) || (digits > 0 && (at[i] == ' ' || at[i] == '-')); i++) {
            digits += is_digit(at[i]) ? 1 : 0;
            len = i + 1;
        }
        bool is_long = digits >= LONG_NUMBER;
        for (size_t i = 0; i < len && is_long; i++) {
            if (is_digit(at[i]) && digits-- > 4) {
                at[i] = '*';
            }
        }
        at += len > 0 ? len : 1;
    }
}

enum tally_status story_complain(struct story_problem *problem, size_t line, const char *format,
                                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    problem->line = line;
    mask_numbers(problem->text);
    for (char *at = problem->text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            *at = '?';
        }
    }
    return TALLY_E_INVALID;
}

enum tally_status story_say(struct tally_buffer *said, const char *format, ...)
{
    char text[SAID_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tally_buffer_append(said, text, strlen(text));
}

void *story_one_more(void *list, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0; /* room doubles at each power of two */
    if (!is_full) {
        return list;
    }
    return tally_realloc(list, count == 0 ? 1 : 2 * count, size);
}

bool story_same(struct tally_slice left, struct tally_slice right)
{
    return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

bool story_is(struct tally_slice word, const char *text)
{
    return story_same(word, (struct tally_slice){(const uint8_t *)text, strlen(text)});
}

bool story_next_of(struct tally_slice *list, struct tally_slice *ret_text)
{
    while (list->len > 0) {
        const uint8_t *comma = memchr(list->data, ',', list->len);
        size_t len = comma == NULL ? list->len : (size_t)(comma - list->data);
        size_t past = comma == NULL ? len : len + 1;
        *ret_text = (struct tally_slice){list->data, len};
        list->data += past;
        list->len -= past;
        if (len > 0) {
            return true;
        }
    }
    return false;
}

void story_day_text(int32_t day, char text[STORY_DAY_TEXT_MAX])
{
    int32_t year = 0, month = 0, of_month = 0;
    if (day == TALLY_DAY_NEVER) {
        snprintf(text, STORY_DAY_TEXT_MAX, "never");
        return;
    }
    tally_day_to_date(day, &year, &month, &of_month);
    snprintf(text, STORY_DAY_TEXT_MAX, "%04" PRId32 "-%02" PRId32 "-%02" PRId32, year, month,
             of_month);
}
