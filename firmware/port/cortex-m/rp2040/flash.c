/* SPDX-License-Identifier: Apache-2.0 */
/* Records in the last two sectors of the board's flash. */
#include <hardware/flash.h>
#include <hardware/regs/addressmap.h>
#include <hardware/sync.h>

#include "firmware/port/cortex-m/keep.h"
#include "firmware/port/cortex-m/rp2040/board.h"

enum { KEPT_AT = PICO_FLASH_SIZE_BYTES - KEEP_SECTORS * FLASH_SECTOR_SIZE };
_Static_assert(KEEP_PAGES *KEEP_PAGE_LEN == FLASH_SECTOR_SIZE, "a sector is erased as a whole");
_Static_assert(KEEP_PAGE_LEN == FLASH_PAGE_SIZE, "a page is programmed as a whole");

/* The program itself runs from this flash: nothing of it may be needed meanwhile, no interrupt
 * either. A card that is swiped in these 50 ms is lost, with a red light. */
static void erase(void *self, int sector)
{
    (void)self;
    uint32_t were_on = save_and_disable_interrupts();
    flash_range_erase((uint32_t)(KEPT_AT + sector * FLASH_SECTOR_SIZE), FLASH_SECTOR_SIZE);
    restore_interrupts(were_on);
}

static void program(void *self, int page, const uint8_t bytes[KEEP_PAGE_LEN])
{
    (void)self;
    uint32_t were_on = save_and_disable_interrupts();
    flash_range_program((uint32_t)(KEPT_AT + page * FLASH_PAGE_SIZE), bytes, FLASH_PAGE_SIZE);
    restore_interrupts(were_on);
}

static const struct keep_flash flash = {
    .bytes = (const uint8_t *)(XIP_BASE + KEPT_AT), .erase = erase, .program = program};

bool flash_load(void *self, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    (void)self;
    return keep_load(&flash, what, ret_bytes, len);
}

bool flash_save(void *self, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    (void)self;
    return keep_save(&flash, what, bytes, len);
}
