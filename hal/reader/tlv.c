/* SPDX-License-Identifier: Apache-2.0 */
/* TLV blocks in the memory of a type 2 tag. */
#include "hal/reader/tlv.h"

#include <assert.h>
#include <stdbool.h>

enum { LONG_LENGTH = 0xff };

/* The length field at *at, which then stands behind it. */
static bool take_length(struct tally_slice bytes, size_t *at, size_t *ret_len)
{
    if (*at >= bytes.len) {
        return false;
    }
    size_t len = bytes.data[(*at)++];
    if (len == LONG_LENGTH) {
        if (bytes.len - *at < 2) {
            return false;
        }
        len = (size_t)bytes.data[*at] << 8 | bytes.data[*at + 1];
        *at += 2;
    }
    *ret_len = len;
    return true;
}

enum tally_status hal_tlv_find(struct tally_slice read_so_far, uint8_t type,
                               struct tally_slice *ret_value)
{
    assert(read_so_far.data != NULL || read_so_far.len == 0);
    assert(type != HAL_TLV_NULL && type != HAL_TLV_TERMINATOR);
    assert(ret_value != NULL);

    size_t at = 0;
    while (at < read_so_far.len) {
        uint8_t found = read_so_far.data[at++];
        if (found == HAL_TLV_NULL) {
            continue;
        }
        if (found == HAL_TLV_TERMINATOR) {
            return TALLY_E_NOT_FOUND;
        }
        size_t len = 0;
        if (!take_length(read_so_far, &at, &len) || len > read_so_far.len - at) {
            return TALLY_E_AGAIN;
        }
        if (found == type) {
            *ret_value = (struct tally_slice){read_so_far.data + at, len};
            return TALLY_OK;
        }
        at += len;
    }
    return TALLY_E_AGAIN;
}
