/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles sealed under one key per member, and that key wrapped under the shared data key. */
#include "app/crypto/seal.h"

#include <assert.h>

enum { CONTEXT_LEN_MAX = 16, MEMBER_LEN = 8 };

/* label || member, little-endian. */
static struct tally_slice context_of(const char *label, uint64_t member,
                                     uint8_t bytes[CONTEXT_LEN_MAX])
{
    size_t label_len = strlen(label);
    assert(label_len + MEMBER_LEN <= CONTEXT_LEN_MAX);
    memcpy(bytes, label, label_len);
    tally_store_le(bytes + label_len, MEMBER_LEN, member);
    return (struct tally_slice){bytes, label_len + MEMBER_LEN};
}

enum tally_status tally_profile_seal(const uint8_t data_key[TALLY_KEY_LEN], uint64_t member,
                                     struct tally_slice profile, struct tally_buffer *ret_sealed,
                                     struct tally_buffer *ret_wrapped_key)
{
    uint8_t member_key[TALLY_KEY_LEN], profile_context[CONTEXT_LEN_MAX],
        member_context[CONTEXT_LEN_MAX];
    const size_t sealed_before = ret_sealed->len;
    enum tally_status status = tally_random(member_key, sizeof member_key);
    if (status == TALLY_OK) {
        status = tally_seal(member_key, context_of("profile", member, profile_context), profile,
                            ret_sealed);
    }
    if (status == TALLY_OK) {
        status = tally_seal(data_key, context_of("member", member, member_context),
                            (struct tally_slice){member_key, sizeof member_key}, ret_wrapped_key);
        if (status != TALLY_OK) {
            ret_sealed->len = sealed_before;
        }
    }
    explicit_bzero(member_key, sizeof member_key);
    return status;
}

enum tally_status tally_profile_open(const uint8_t data_key[TALLY_KEY_LEN], uint64_t member,
                                     struct tally_slice sealed, struct tally_slice wrapped_key,
                                     struct tally_buffer *ret_profile)
{
    if (wrapped_key.len == 0) {
        return TALLY_E_NOT_FOUND;
    }
    uint8_t profile_context[CONTEXT_LEN_MAX], member_context[CONTEXT_LEN_MAX];
    struct tally_buffer member_key = {0};
    enum tally_status status = tally_unseal(data_key, context_of("member", member, member_context),
                                            wrapped_key, &member_key);
    if (status == TALLY_OK && member_key.len != TALLY_KEY_LEN) {
        status = TALLY_E_SIGNATURE;
    }
    if (status == TALLY_OK) {
        status = tally_unseal(member_key.data, context_of("profile", member, profile_context),
                              sealed, ret_profile);
    }
    tally_buffer_wipe(&member_key);
    return status;
}
