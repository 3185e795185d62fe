/* hal/reader/signed.h: readers of ours that are paired: what they sign, what they prove, and the
 * commands that ask them (firmware/REPORTS.md, "Feature report" and "Pairing").
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; who gets a request that holds a key wipes it.
 * Threads  pure. */
#ifndef HAL_READER_SIGNED_H
#define HAL_READER_SIGNED_H

#include "firmware/reports.h"
#include "hal/reader/msr.h"
#include "hal/reader/settings.h"

/* Whether a device with this layout may know our commands: it has a feature report of their length.
 * MagTek's readers have too; SOFTWARE_ID tells them apart. */
bool hal_signed_may_ask(const struct hal_msr_layout *layout);

/* Whether its reports end with a counter and a MAC where REPORTS.md has them, form 2. */
bool hal_signed_has_trailer(const struct hal_msr_layout *layout);

/* The pair with this serial number; NULL: none. `pairs` may be NULL. */
struct hal_reader_pair *hal_signed_find(const struct hal_reader_pairs *pairs, const char *serial);

/* Whether a report comes from the reader that has `key`, and has not been taken before: its MAC is
 * right (compared in constant time) and its counter above `last`.
 *   TALLY_OK                *ret_counter is the report's
 *   TALLY_E_READER_SWAPPED  it is not signed, or by another key, or was changed, or is old
 *   TALLY_E_DEVICE          it is not as long as a signed report
 *   TALLY_E_CRYPTO */
TALLY_MUST_USE enum tally_status hal_signed_check(const struct hal_msr_layout *layout,
                                                  const uint8_t key[HAL_READER_KEY_LEN],
                                                  uint32_t last, const uint8_t *report, size_t len,
                                                  uint32_t *ret_counter);

/* Commands as they go into the feature report. `nonce` is fresh and random; `half` is 0 or 1. */
void hal_signed_ask(enum tally_msr_property property, uint8_t ret_command[TALLY_MSR_FEATURE_LEN]);
void hal_signed_ask_proof(const uint8_t nonce[TALLY_MSR_NONCE_LEN],
                          uint8_t ret_command[TALLY_MSR_FEATURE_LEN]);
void hal_signed_set_key(const uint8_t key[HAL_READER_KEY_LEN], int half,
                        uint8_t ret_command[TALLY_MSR_FEATURE_LEN]);
void hal_signed_set_form(enum tally_msr_form form, uint8_t ret_command[TALLY_MSR_FEATURE_LEN]);
void hal_signed_reset(uint8_t ret_command[TALLY_MSR_FEATURE_LEN]);

/* What the feature report answered.
 *   TALLY_OK                *ret_data lies in `answer`; both may be NULL
 *   TALLY_E_NO_PERMISSION   the reader refuses (answer 1): it is paired already, say
 *   TALLY_E_DEVICE          it does not know the command, or this is no answer */
TALLY_MUST_USE enum tally_status hal_signed_answer(const uint8_t *answer, size_t len,
                                                   const uint8_t **ret_data, size_t *ret_len);

/* Whether SOFTWARE_ID's answer names our firmware. */
bool hal_signed_is_ours(const uint8_t *answer, size_t len);

/* SERIAL's answer as a text. TALLY_OK, TALLY_E_DEVICE (empty, or not printable ASCII) */
TALLY_MUST_USE enum tally_status hal_signed_serial(const uint8_t *answer, size_t len,
                                                   char ret_serial[HAL_READER_SERIAL_LEN_MAX + 1]);

/* Whether PROOF's answer is that of the reader with this key and serial number. Constant time.
 *   TALLY_OK, TALLY_E_READER_SWAPPED (wrong, or it answers that it is not paired), TALLY_E_CRYPTO
 */
TALLY_MUST_USE enum tally_status hal_signed_proof(const struct hal_reader_pair *pair,
                                                  const uint8_t nonce[TALLY_MSR_NONCE_LEN],
                                                  const uint8_t *answer, size_t len);

#endif
