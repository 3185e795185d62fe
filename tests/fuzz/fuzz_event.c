/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes come as an event: they are refused, or they are an event within the limits that is
 * written and read again as the same one. */
#include "tests/fuzz/fuzz.h"

#include "app/proto/event_codec.h"

static bool same(const struct tally_buffer *left, const struct tally_buffer *right)
{
    return left->len == right->len &&
           (left->len == 0 || memcmp(left->data, right->data, left->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally_event_decoded first = {0}, second = {0};
    struct tally_buffer bytes = {0}, again = {0};
    if (tally_event_decode((struct tally_slice){data, size}, &first) != TALLY_OK) {
        return 0;
    }
    FUZZ_CLAIM(tally_event_limits(&first.event) == TALLY_OK);
    /* What came may have been written in a longer way, or with fields that are not known here. */
    FUZZ_CLAIM(tally_event_encode(&first.event, &bytes) == TALLY_OK);
    FUZZ_CLAIM(tally_event_decode(tally_buffer_slice(&bytes), &second) == TALLY_OK);
    FUZZ_CLAIM(tally_event_encode(&second.event, &again) == TALLY_OK);
    FUZZ_CLAIM(same(&bytes, &again));
    tally_event_decoded_free(&first);
    tally_event_decoded_free(&second);
    tally_buffer_free(&bytes);
    tally_buffer_free(&again);
    return 0;
}
