/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever bytes come as a message of the service: they are refused, or they are a message that can
 * be written again. The first byte says which message it is to be. */
#include "tests/fuzz/fuzz.h"

#include "app/proto/messages.h"

#define TRY(name, release)                                                                         \
    static void try_##name(struct tally_slice bytes)                                               \
    {                                                                                              \
        struct tally_msg_##name first = {0}, second = {0};                                         \
        struct tally_buffer again = {0};                                                           \
        if (tally_msg_##name##_decode(bytes, &first) == TALLY_OK) {                                \
            FUZZ_CLAIM(tally_msg_##name##_encode(&first, &again) == TALLY_OK);                     \
            FUZZ_CLAIM(tally_msg_##name##_decode(tally_buffer_slice(&again), &second) ==           \
                       TALLY_OK);                                                                  \
        }                                                                                          \
        release(&first);                                                                           \
        release(&second);                                                                          \
        tally_buffer_free(&again);                                                                 \
    }

static void nothing(const void *message)
{
    (void)message;
}

TRY(enrol_request, nothing)
TRY(enrol_reply, tally_msg_enrol_reply_free)
TRY(push_request, tally_msg_push_request_free)
TRY(push_reply, nothing)
TRY(pull_request, nothing)
TRY(pull_reply, tally_msg_pull_reply_free)
TRY(draw_request, nothing)
TRY(draw_reply, tally_msg_draw_reply_free)
TRY(profile, nothing)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct tally_slice) = {
        try_enrol_request, try_enrol_reply,  try_push_request, try_push_reply, try_pull_request,
        try_pull_reply,    try_draw_request, try_draw_reply,   try_profile};
    if (size > 0) {
        tries[data[0] % (sizeof tries / sizeof tries[0])]((struct tally_slice){data + 1, size - 1});
    }
    return 0;
}
