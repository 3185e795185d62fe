/* SPDX-License-Identifier: Apache-2.0 */
/* The least that anybody has to do who is told where the number stands: copy what came, and ask
 * whose number it is; or, for a rotating code, compute its two HMACs. */
#include "tools/measure/readers.h"

#include "app/crypto/crypto.h"
#include "hal/reader/code.h"

#include <string.h>

enum { ROOM_LEN = 65536 };

static enum tally_status look_up(const struct reader_take *take)
{
    return tally_card_classify(&take->link.settings->rules, take->card.bytes, take->card.len);
}

/* As long as those of CODES.md: label, handle; label, handle and step. */
static enum tally_status prove(const struct reader_take *take)
{
    const struct hal_reader_keys *keys = &take->link.settings->keys;
    uint8_t message[14 + HAL_CODE_HANDLE_LEN + 4] = {0};
    struct tally_slice member = {message, 12 + HAL_CODE_HANDLE_LEN};
    struct tally_slice rotating = {message, sizeof message};
    uint8_t key[TALLY_HASH_LEN], mac[TALLY_HASH_LEN];
    memcpy(message + 12, take->card.bytes, HAL_CODE_HANDLE_LEN);
    TALLY_TRY(tally_hmac(keys->code_key, member, key));
    return tally_hmac(key, rotating, mac);
}

unsigned floor_reader(struct reader_take *take)
{
    static uint8_t room[ROOM_LEN];
    size_t at = 0;
    for (size_t i = 0; i <= take->card_at; i++) {
        const struct reader_piece *piece = &take->pieces[i];
        if (piece->len > ROOM_LEN - at) {
            bench_die("the card's bytes do not fit");
        }
        memcpy(room + at, piece->bytes, piece->len);
        __asm__ volatile("" : : "r"(room) : "memory"); /* they are wanted */
        at += piece->len;
    }
    bench_check(take->card.kind == TALLY_CARD_CODE ? prove(take) : look_up(take), "the floor");
    return take->cards;
}
