/* SPDX-License-Identifier: Apache-2.0 */
/* No further secret has to travel: what head office gives each terminal is enough for codes and
 * tags. */
#include "hal/reader/keys.h"

#include <string.h>

_Static_assert(HAL_READER_KEY_LEN == (int)TALLY_KEY_LEN, "one length of keys");

enum tally_status hal_reader_keys_derive(const uint8_t card_key[TALLY_KEY_LEN],
                                         struct hal_reader_keys *ret_keys)
{
    struct hal_reader_keys keys = {.has_code_key = true, .has_tag_key = true};
    *ret_keys = (struct hal_reader_keys){.has_code_key = false};
    enum tally_status status =
        tally_key_derive(card_key, "tally code key", keys.code_key, sizeof keys.code_key);
    if (status == TALLY_OK) {
        status = tally_key_derive(card_key, "tally tag key", keys.tag_key, sizeof keys.tag_key);
    }
    if (status == TALLY_OK) {
        *ret_keys = keys;
    }
    explicit_bzero(&keys, sizeof keys);
    return status;
}
