/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C, eight bytes at a time. */
#include "app/crypto/crypto.h"

#include <pthread.h>

/* Castagnoli's polynomial 0x1EDC6F41, bits reversed (RFC 3720, appendix B.4). */
#define POLYNOMIAL 0x82F63B78u

enum { SLICES = 8 };

/* tables[k][b]: what byte b does to the remainder when k more bytes follow it. */
static uint32_t tables[SLICES][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; bit++) {
            rest = rest >> 1 ^ (rest & 1 ? POLYNOMIAL : 0);
        }
        tables[0][byte] = rest;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int slice = 1; slice < SLICES; slice++) {
            uint32_t rest = tables[slice - 1][byte];
            tables[slice][byte] = rest >> 8 ^ tables[0][rest & 0xff];
        }
    }
}

uint32_t tally_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    pthread_once(&tables_once, make_tables);
    const uint8_t *at = bytes;
    uint32_t rest = ~crc;
    for (; len >= SLICES; len -= SLICES, at += SLICES) {
        uint32_t low = rest ^ (uint32_t)tally_load_le(at, 4);
        rest = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
               tables[4][low >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^
               tables[0][at[7]];
    }
    for (; len > 0; len--, at++) {
        rest = rest >> 8 ^ tables[0][(rest ^ *at) & 0xff];
    }
    return ~rest;
}
