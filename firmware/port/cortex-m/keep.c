/* SPDX-License-Identifier: Apache-2.0 */
/* An append-only log of small records in two sectors of flash. */
#include "firmware/port/cortex-m/keep.h"

#include <string.h>

/* A page: magic, sequence (both little-endian), kind, length, the bytes, CRC-32 over all before
 * it. */
enum {
    MAGIC = 0x594c4154, /* "TALY" */
    SEQUENCE_AT = 4,
    KIND_AT = 8,
    LEN_AT = 9,
    BYTES_AT = 10,
    CRC_AT = BYTES_AT + TALLY_KEEP_LEN_MAX,
    PAGES = KEEP_SECTORS * KEEP_PAGES,
    NO_PAGE = -1
};
_Static_assert(CRC_AT + 4 <= KEEP_PAGE_LEN, "a record fits a page");

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_le32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* CRC-32 of ISO 3309, bit by bit: a few hundred bytes at each start need no table. */
static uint32_t crc32(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

static const uint8_t *page_at(const struct keep_flash *flash, int page)
{
    return flash->bytes + page * KEEP_PAGE_LEN;
}

static bool is_whole(const uint8_t *page)
{
    return le32(page) == MAGIC && page[KIND_AT] < TALLY_KEEP_COUNT &&
           page[LEN_AT] <= TALLY_KEEP_LEN_MAX && le32(page + CRC_AT) == crc32(page, CRC_AT);
}

static bool is_erased(const uint8_t *page)
{
    int at = 0;
    while (at < KEEP_PAGE_LEN && page[at] == 0xff) {
        at++;
    }
    return at == KEEP_PAGE_LEN;
}

/* The page that counts of each kind, and of all together. */
struct newest {
    int of_kind[TALLY_KEEP_COUNT];
    int of_all;
};

static uint32_t sequence_of(const struct keep_flash *flash, int page)
{
    return page == NO_PAGE ? 0 : le32(page_at(flash, page) + SEQUENCE_AT);
}

static struct newest find_newest(const struct keep_flash *flash)
{
    struct newest newest = {.of_all = NO_PAGE};
    for (int kind = 0; kind < TALLY_KEEP_COUNT; kind++) {
        newest.of_kind[kind] = NO_PAGE;
    }
    for (int page = 0; page < PAGES; page++) {
        const uint8_t *bytes = page_at(flash, page);
        if (!is_whole(bytes)) {
            continue;
        }
        int *of_kind = &newest.of_kind[bytes[KIND_AT]];
        if (sequence_of(flash, page) > sequence_of(flash, *of_kind)) {
            *of_kind = page;
        }
        if (sequence_of(flash, page) > sequence_of(flash, newest.of_all)) {
            newest.of_all = page;
        }
    }
    return newest;
}

bool keep_load(const struct keep_flash *flash, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    int page = find_newest(flash).of_kind[what];
    if (page == NO_PAGE || page_at(flash, page)[LEN_AT] != len) {
        return false;
    }
    memcpy(ret_bytes, page_at(flash, page) + BYTES_AT, len);
    return true;
}

/* ---- saving ---- */

static int free_page(const struct keep_flash *flash, int sector)
{
    for (int page = sector * KEEP_PAGES; page < (sector + 1) * KEEP_PAGES; page++) {
        if (is_erased(page_at(flash, page))) {
            return page;
        }
    }
    return NO_PAGE;
}

static bool append(const struct keep_flash *flash, int sector, uint8_t kind, const uint8_t *bytes,
                   size_t len)
{
    uint8_t page[KEEP_PAGE_LEN];
    int at = free_page(flash, sector);
    if (at == NO_PAGE) {
        return false;
    }
    memset(page, 0xff, sizeof page);
    put_le32(page, MAGIC);
    put_le32(page + SEQUENCE_AT, sequence_of(flash, find_newest(flash).of_all) + 1);
    page[KIND_AT] = kind;
    page[LEN_AT] = (uint8_t)len;
    memcpy(page + BYTES_AT, bytes, len);
    put_le32(page + CRC_AT, crc32(page, CRC_AT));
    flash->program(flash->self, at, page);
    bool is_good = memcmp(page_at(flash, at), page, sizeof page) == 0;
    memset(page, 0, sizeof page);
    return is_good;
}

/* Brings the records that count into `sector`, except the kind that is about to be written. */
static bool carry_over(const struct keep_flash *flash, int sector, enum tally_keep except)
{
    struct newest newest = find_newest(flash);
    for (int kind = 0; kind < TALLY_KEEP_COUNT; kind++) {
        int page = newest.of_kind[kind];
        if (kind == (int)except || page == NO_PAGE || page / KEEP_PAGES == sector) {
            continue;
        }
        const uint8_t *bytes = page_at(flash, page);
        if (!append(flash, sector, (uint8_t)kind, bytes + BYTES_AT, bytes[LEN_AT])) {
            return false;
        }
    }
    return true;
}

static bool holds_one_that_counts(const struct keep_flash *flash, int sector)
{
    struct newest newest = find_newest(flash);
    for (int kind = 0; kind < TALLY_KEEP_COUNT; kind++) {
        if (newest.of_kind[kind] != NO_PAGE && newest.of_kind[kind] / KEEP_PAGES == sector) {
            return true;
        }
    }
    return false;
}

/* A record in the other sector counts only after a power cut in the middle of carrying over: it is
 * carried over first, so that the other sector may be erased when this one is full. */
bool keep_save(const struct keep_flash *flash, enum tally_keep what, const uint8_t *bytes,
               size_t len)
{
    int newest = find_newest(flash).of_all;
    int sector = newest == NO_PAGE ? 0 : newest / KEEP_PAGES;
    if (len > TALLY_KEEP_LEN_MAX) {
        return false;
    }
    if (carry_over(flash, sector, what) && append(flash, sector, (uint8_t)what, bytes, len)) {
        return true;
    }
    int other = (sector + 1) % KEEP_SECTORS;
    if (holds_one_that_counts(flash, other)) {
        return false;
    }
    flash->erase(flash->self, other);
    return carry_over(flash, other, what) && append(flash, other, (uint8_t)what, bytes, len);
}
