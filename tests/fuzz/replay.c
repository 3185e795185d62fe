/* SPDX-License-Identifier: Apache-2.0 */
/* Gives a fuzz target its seeds, and each of them changed in many small ways. The changes follow
 * from TALLY_SEED (printed), so that a failure can be had again. */
#include "tests/fuzz/fuzz.h"

#include "app/base/alloc.h"
#include "app/base/buffer.h"

#include <inttypes.h>
#include <string.h>

enum { CHANGED_RUNS = 300, CHANGES_MAX = 4, SPAN_MAX = 32, DEFAULT_SEED = 20260101 };

static uint64_t state;

/* splitmix64 */
static uint64_t next_random(void)
{
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

static size_t below(size_t limit)
{
    return limit == 0 ? 0 : (size_t)(next_random() % limit);
}

static void read_file(const char *path, struct tally_buffer *ret_bytes)
{
    FILE *file = fopen(path, "rb");
    FUZZ_CLAIM(file != NULL);
    uint8_t chunk[4096];
    size_t len = 0;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        FUZZ_CLAIM(tally_buffer_append(ret_bytes, chunk, len) == TALLY_OK);
    }
    fclose(file);
}

/* A copy that is exactly as long as it says, so that a byte too far is seen. */
static void run(const struct tally_buffer *bytes)
{
    uint8_t *exact = tally_alloc(bytes->len, 1);
    FUZZ_CLAIM(exact != NULL);
    if (bytes->len > 0) {
        memcpy(exact, bytes->data, bytes->len);
    }
    (void)LLVMFuzzerTestOneInput(exact, bytes->len);
    tally_free(exact);
}

static void change(struct tally_buffer *bytes)
{
    static const char likely[] = "\"{}[]:,0123456789-\\ntrue";
    size_t at = below(bytes->len), span = below(SPAN_MAX);
    span = span < bytes->len - at ? span : bytes->len - at;
    switch (below(5)) {
    case 0: /* a bit */
        bytes->data[at] ^= (uint8_t)(1U << below(8));
        break;
    case 1: /* a byte that means something */
        bytes->data[at] = (uint8_t)likely[below(sizeof likely - 1)];
        break;
    case 2: /* some bytes left out */
        memmove(bytes->data + at, bytes->data + at + span, bytes->len - at - span);
        bytes->len -= span;
        break;
    case 3: { /* some bytes copied to the end, which is then cut or not */
        uint8_t copy[SPAN_MAX];
        memcpy(copy, bytes->data + at, span);
        FUZZ_CLAIM(tally_buffer_append(bytes, copy, span) == TALLY_OK);
        break;
    }
    default: { /* some bytes put elsewhere */
        size_t to = below(bytes->len - span + 1);
        memmove(bytes->data + to, bytes->data + at, span);
        break;
    }
    }
}

static void run_seed(const char *path)
{
    struct tally_buffer seed = {0};
    read_file(path, &seed);
    run(&seed);
    for (int i = 0; i < CHANGED_RUNS && seed.len > 0; i++) {
        struct tally_buffer changed = {0};
        FUZZ_CLAIM(tally_buffer_append(&changed, seed.data, seed.len) == TALLY_OK);
        for (size_t j = 0; j <= below(CHANGES_MAX) && changed.len > 0; j++) {
            change(&changed);
        }
        run(&changed);
        tally_buffer_free(&changed);
    }
    tally_buffer_free(&seed);
}

int main(int argc, char **argv)
{
    const char *text = getenv("TALLY_SEED");
    state = text != NULL ? strtoull(text, NULL, 10) : DEFAULT_SEED;
    printf("TALLY_SEED=%" PRIu64 ", %d files\n", state, argc - 1);
    fflush(stdout);
    for (int i = 1; i < argc; i++) {
        run_seed(argv[i]);
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
