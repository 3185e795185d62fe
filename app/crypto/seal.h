/* app/crypto/seal.h: a person's profile under a key of its own, so that destroying the key erases
 * the person while the chain of events stays verifiable.
 *
 * sealed  = AES-256-GCM(member key, context "profile" || member as 8 bytes LE, profile)
 * wrapped = AES-256-GCM(data key,   context "member"  || member as 8 bytes LE, member key)
 *
 * Units    lengths are bytes; a profile is an encoded tally.v1.Profile (the caller wipes it).
 * Memory   outputs are appended to the caller's buffers.
 * Errors   on anything but TALLY_OK the buffers are as they were.
 * Threads  any. */
#ifndef TALLY_CRYPTO_SEAL_H
#define TALLY_CRYPTO_SEAL_H

#include "app/crypto/crypto.h"

/* Under a fresh random member key. TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_profile_seal(const uint8_t data_key[TALLY_KEY_LEN],
                                                    uint64_t member, struct tally_slice profile,
                                                    struct tally_buffer *ret_sealed,
                                                    struct tally_buffer *ret_wrapped_key);

/* TALLY_OK, TALLY_E_NOT_FOUND (no wrapped key: the person was erased), TALLY_E_SIGNATURE (changed,
 * or another data key or member), TALLY_E_NO_MEMORY, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status tally_profile_open(const uint8_t data_key[TALLY_KEY_LEN],
                                                    uint64_t member, struct tally_slice sealed,
                                                    struct tally_slice wrapped_key,
                                                    struct tally_buffer *ret_profile);

#endif
