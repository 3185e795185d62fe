/* SPDX-License-Identifier: Apache-2.0 */
/* A board that is a struct. */
#include "firmware/port/host/board.h"

#include <assert.h>
#include <string.h>

#include "firmware/port/hmac.h"

static bool load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    const struct tally_host_board *board = self;
    if (board->record_lens[what] != len) {
        return false;
    }
    memcpy(ret_bytes, board->records[what], len);
    return true;
}

static bool save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    struct tally_host_board *board = self;
    assert(len <= TALLY_KEEP_LEN_MAX);
    if (board->is_worn_out) {
        return false;
    }
    memcpy(board->records[what], bytes, len);
    board->record_lens[what] = (uint8_t)len;
    board->saves++;
    return true;
}

static bool hmac(void *self, const uint8_t key[TALLY_HMAC_KEY_LEN], const uint8_t *bytes,
                 size_t len, uint8_t ret_mac[TALLY_HMAC_LEN])
{
    const struct tally_host_board *board = self;
    return !board->is_hmac_broken && tally_port_hmac(NULL, key, bytes, len, ret_mac);
}

static bool may_pair(void *self)
{
    const struct tally_host_board *board = self;
    return board->is_button_held;
}

struct tally_ports tally_host_board_ports(struct tally_host_board *board, const char *serial)
{
    return (struct tally_ports){.self = board,
                                .serial = serial,
                                .load = load,
                                .save = save,
                                .hmac = hmac,
                                .may_pair = may_pair};
}
