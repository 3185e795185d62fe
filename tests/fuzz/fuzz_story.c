/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a story: they are refused with a reason and a line, or told to their end; and
 * whatever happens in them, nothing is BROKEN: accounts add up, and both halves match. */
#include "tests/fuzz/fuzz.h"

#include "app/story/story.h"

/* Whatever document a story names: it has one of most things. */
static const char document[] =
    "{\"programme\":\"Fuzz\",\"version\":1,\"effective_from\":\"2015-01-01T00:00:00Z\","
    "\"time_zone\":\"CET-1CEST,M3.5.0,M10.5.0/3\",\"currency\":{\"code\":\"EUR\",\"exponent\":2},"
    "\"earn\":{\"rules\":[{\"code\":\"base\",\"points\":1,\"per_minor\":100},"
    "{\"code\":\"stamp\",\"points\":1,\"per_items\":1,\"purse\":\"stamps\"},"
    "{\"code\":\"tea\",\"multiply_pct\":200,\"lines\":{\"categories\":[\"tea\",\"cake\"]}}]},"
    "\"purses\":[{\"code\":\"stamps\"},{\"code\":\"free\"}],"
    "\"redeem\":{\"step_points\":1,\"step_value_minor\":1},"
    "\"rewards\":[{\"code\":\"FIVE\",\"kind\":\"amount\",\"amount_minor\":500,\"cost\":100},"
    "{\"code\":\"CAKE\",\"kind\":\"item\",\"lines\":{\"categories\":[\"cake\"]},\"cost\":30},"
    "{\"code\":\"FULL\",\"kind\":\"purse\",\"automatic\":true,\"gives_purse\":\"free\","
    "\"cost_purse\":\"stamps\",\"cost\":9}],"
    "\"expiry\":{\"kind\":\"months\",\"months\":3},"
    "\"tiers\":{\"metric\":\"spend\",\"hold\":\"next_period\",\"levels\":[{\"code\":\"basic\"},"
    "{\"code\":\"gold\",\"threshold\":50000,\"multiplier_pct\":150}]},"
    "\"awards\":[{\"code\":\"HELLO\",\"kind\":\"sign_up\",\"points\":10}],"
    "\"transfer\":{\"allowed\":true}}";

struct heard {
    const uint8_t *data;
    size_t lines;
    size_t last;
    size_t different;
    size_t told;
};

static enum tally_status read_any(void *context, const char *path, struct tally_buffer *ret_bytes)
{
    (void)context;
    return path[0] == '\0' ? TALLY_E_NOT_FOUND
                           : tally_buffer_append(ret_bytes, document, sizeof document - 1);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7F) {
            return false;
        }
    }
    return true;
}

static void hear(void *context, const struct story_told *line)
{
    struct heard *heard = context;
    FUZZ_CLAIM(line->line > heard->last && line->line <= heard->lines);
    FUZZ_CLAIM(line->as_told == (line->came_out[0] == '\0'));
    if (line->is_broken) {
        fprintf(stderr, "line %zu: %s\n", line->line, line->came_out);
    }
    FUZZ_CLAIM(!line->is_broken);
    FUZZ_CLAIM(is_printable(line->came_out));
    heard->last = line->line;
    heard->told++;
    heard->different += line->as_told ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard heard = {.data = data, .lines = 1};
    const struct story_ports ports = {&heard, read_any, hear};
    struct story *story = NULL;
    struct story_problem problem = {.line = 0};
    struct story_count count = {0, 0};
    for (size_t i = 0; i < size; i++) {
        heard.lines += data[i] == '\n' ? 1 : 0;
    }
    enum tally_status status = story_parse((struct tally_slice){data, size}, &story, &problem);
    if (status == TALLY_OK) {
        status = story_run(story, &ports, &count, &problem);
    }
    FUZZ_CLAIM(status == TALLY_OK || status == TALLY_E_INVALID);
    if (status == TALLY_OK) {
        FUZZ_CLAIM(count.different == heard.different);
        FUZZ_CLAIM(count.as_told + count.different == heard.told);
    } else {
        FUZZ_CLAIM(problem.line >= 1 && problem.line <= heard.lines);
        FUZZ_CLAIM(problem.text[0] != '\0' && is_printable(problem.text));
    }
    story_free(story);
    return 0;
}
