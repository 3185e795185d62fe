/* hal/reader/code.h: codes of our own, TLY1, on a phone's screen, on paper or in a tag (CODES.md).
 *
 * Units    lengths are bytes; wall_ms is milliseconds since 1970 UTC.
 * Memory   nothing is allocated; struct hal_code_memory is the caller's, one for all readers of a
 *          terminal, zeroed or started, and lives as long as they do.
 * Errors   outputs are written only on TALLY_OK.
 * Blocking nothing.
 * Threads  a memory belongs to one thread; else pure.
 * Privacy  keys and what was decoded are wiped from temporaries before return. */
#ifndef HAL_READER_CODE_H
#define HAL_READER_CODE_H

#include "app/core/card.h"
#include "hal/reader/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HAL_CODE_HANDLE_LEN = 10,
    HAL_CODE_ROTATING_LEN = 45, /* characters: "TLY1:" and 40 of Base32 */
    HAL_CODE_STATIC_LEN = 37,   /* and 32 */
    HAL_CODE_LEN_MAX = HAL_CODE_ROTATING_LEN,

    HAL_CODE_STEP_MS = 30000,
    HAL_CODE_TOLERANCE_MS = 15000, /* before its step begins, and after it has ended */

    HAL_CODE_MEMORY_MAX = 128 /* members whose codes may still be valid, at one terminal */
};

/* The last step that was accepted for a member. */
struct hal_code_use {
    uint8_t handle[HAL_CODE_HANDLE_LEN];
    uint32_t step; /* 0: free */
};

/* Which rotating codes were used here. It never forgets one that could be accepted again: a use is
 * dropped when its code has expired, and then all codes as old as that one are refused. */
struct hal_code_memory {
    struct hal_code_use uses[HAL_CODE_MEMORY_MAX];
    uint32_t step_min; /* older codes are refused; 0: not started */
};

/* Forgets everything, and from now on refuses the codes that were valid before this moment: they
 * may have been used before a restart. Without this call, the first code that is read starts the
 * memory, and is refused as expired. */
void hal_code_memory_start(struct hal_code_memory *memory, int64_t wall_ms);

/* Whether a text claims to be a code of ours: it begins with "TLY1:". */
bool hal_code_is(const uint8_t *text, size_t len);

/* The card in a code, with kind, strength and identity, but no entry: that is the caller's. The
 * settings' clock decides when it is. What is accepted is stated in CODES.md, "Reading".
 *   TALLY_OK                 *ret_card is TALLY_CARD_CODE, its bytes are the handle; a rotating
 *                            code is TALLY_STRENGTH_PROVEN and now used, a static one is _STATIC
 *   TALLY_E_CARD_UNREADABLE  garbled: scan it again
 *   TALLY_E_UNKNOWN_CARD     not made with our key, or a form that is not known; or the settings
 *                            have no key; or it rotates and there is no memory or no clock
 *   TALLY_E_CODE_EXPIRED     too old, too new, or from before the memory was started
 *   TALLY_E_CODE_USED        it was used here, or a newer one of this member was
 *   TALLY_E_BUSY             the memory is full of codes that are still valid: try again in a
 *                            minute
 *   TALLY_E_CRYPTO           the HMAC could not be computed */
TALLY_MUST_USE enum tally_status hal_code_read(const struct hal_reader_settings *settings,
                                               struct hal_code_memory *memory, const uint8_t *text,
                                               size_t len, struct tally_card *ret_card);

/* ---- making them: the member's phone, head office, and tests ---- */

/* The key that makes a member's rotating codes: what head office gives to the phone.
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_code_member_key(const uint8_t code_key[HAL_READER_KEY_LEN],
                                                     const uint8_t handle[HAL_CODE_HANDLE_LEN],
                                                     uint8_t ret_key[HAL_READER_KEY_LEN]);

/* The rotating code of this moment, NUL-terminated.
 *   TALLY_OK, TALLY_E_INVALID (a time before 1970 or after 32 bits of steps), TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status
hal_code_make_rotating(const uint8_t member_key[HAL_READER_KEY_LEN],
                       const uint8_t handle[HAL_CODE_HANDLE_LEN], int64_t wall_ms,
                       char ret_text[HAL_CODE_ROTATING_LEN + 1]);

/* The code that may be printed, NUL-terminated. Only who has `code_key` can make it.
 *   TALLY_OK, TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_code_make_static(const uint8_t code_key[HAL_READER_KEY_LEN],
                                                      const uint8_t handle[HAL_CODE_HANDLE_LEN],
                                                      char ret_text[HAL_CODE_STATIC_LEN + 1]);

#endif
