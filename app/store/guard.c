/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of LMDB's meta pages, and putting a torn one right before LMDB reads it. */
#include "app/store/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "app/core/bytes.h"
#include "app/crypto/crypto.h"
#include "app/store/files.h"

enum {
    META_LEN = 256,   /* page header and MDB_meta, with room: 152 bytes on 64 bits */
    BLOCK_LEN = 4096, /* one copy in each, so that a torn one spares the other */
    PAGE_LEN_MAX = 65536,
    IMAGE_AT = 16, /* behind CRC, length of a page, transaction */
    COPY_LEN = IMAGE_AT + META_LEN
};

static enum tally_status open_file(const char *path, const char *suffix, int flags, int *ret_fd)
{
    char full[FILE_PATH_LEN_MAX];
    size_t len = strlen(path), suffix_len = strlen(suffix) + 1;
    if (len + suffix_len > sizeof full) {
        return TALLY_E_INVALID;
    }
    memcpy(full, path, len);
    memcpy(full + len, suffix, suffix_len);
    int fd = open(full, flags | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    *ret_fd = fd;
    return TALLY_OK;
}

enum tally_status guard_open(const char *state_path, int *ret_fd)
{
    return open_file(state_path, ".guard", O_RDWR | O_CREAT, ret_fd);
}

enum tally_status guard_write(int guard_fd, int state_fd, uint32_t page_len, uint64_t txn)
{
    uint8_t block[BLOCK_LEN] = {0};
    uint64_t slot = txn % 2;
    size_t got = 0;
    tally_store_le(block + 4, 4, page_len);
    tally_store_le(block + 8, 8, txn);
    TALLY_TRY(file_read_at(state_fd, block + IMAGE_AT, META_LEN, slot * page_len, &got));
    if (got != META_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    tally_store_le(block, 4, tally_crc32c(0, block + 4, COPY_LEN - 4));
    TALLY_TRY(file_write_at(guard_fd, block, sizeof block, slot * BLOCK_LEN));
    return fdatasync(guard_fd) == 0 ? TALLY_OK : status_from_errno(errno);
}

struct copy {
    bool vouches; /* it is whole, and the page is what it says */
    uint32_t page_len;
    uint64_t txn;
    uint8_t image[META_LEN];
};

static enum tally_status read_copy(int guard_fd, int state_fd, uint64_t slot, struct copy *ret_copy)
{
    uint8_t bytes[COPY_LEN] = {0}, page[META_LEN] = {0};
    size_t got = 0;
    struct copy copy = {0};
    TALLY_TRY(file_read_at(guard_fd, bytes, sizeof bytes, slot * BLOCK_LEN, &got));
    copy.page_len = (uint32_t)tally_load_le(bytes + 4, 4);
    copy.txn = tally_load_le(bytes + 8, 8);
    memcpy(copy.image, bytes + IMAGE_AT, META_LEN);
    if (got == sizeof bytes &&
        tally_load_le(bytes, 4) == tally_crc32c(0, bytes + 4, COPY_LEN - 4) &&
        copy.page_len >= META_LEN && copy.page_len <= PAGE_LEN_MAX && copy.txn % 2 == slot) {
        TALLY_TRY(file_read_at(state_fd, page, sizeof page, slot * copy.page_len, &got));
        copy.vouches = got == sizeof page && memcmp(page, copy.image, META_LEN) == 0;
    }
    *ret_copy = copy;
    return TALLY_OK;
}

/* Both pages as `good` says; each begins with its own number, as wide as a pointer. */
static enum tally_status copy_over(int state_fd, const struct copy *good, uint64_t slot)
{
    uint8_t wanted[META_LEN], page[META_LEN];
    size_t number = (size_t)slot, got = 0;
    memcpy(wanted, good->image, META_LEN);
    memcpy(wanted, &number, sizeof number);
    TALLY_TRY(file_read_at(state_fd, page, sizeof page, slot * good->page_len, &got));
    if (got == sizeof page && memcmp(page, wanted, META_LEN) == 0) {
        return TALLY_OK;
    }
    TALLY_TRY(file_write_at(state_fd, wanted, sizeof wanted, slot * good->page_len));
    return fdatasync(state_fd) == 0 ? TALLY_OK : status_from_errno(errno);
}

static enum tally_status heal(int guard_fd, int state_fd)
{
    struct copy copies[2];
    for (uint64_t slot = 0; slot < 2; slot++) {
        TALLY_TRY(read_copy(guard_fd, state_fd, slot, &copies[slot]));
    }
    if (copies[0].vouches && copies[1].vouches) {
        return TALLY_OK;
    }
    for (uint64_t slot = 0; slot < 2; slot++) {
        if (copies[slot].vouches) {
            return copy_over(state_fd, &copies[slot], 1 - slot);
        }
    }
    return TALLY_E_STORE_DAMAGED;
}

enum tally_status guard_heal(const char *state_path)
{
    int guard_fd = -1, state_fd = -1;
    TALLY_TRY(open_file(state_path, "", O_RDWR, &state_fd));
    enum tally_status status = open_file(state_path, ".guard", O_RDONLY, &guard_fd);
    if (status == TALLY_OK) {
        status = heal(guard_fd, state_fd);
        close(guard_fd);
    } else if (status == TALLY_E_NOT_FOUND) {
        status = TALLY_E_STORE_DAMAGED;
    }
    close(state_fd);
    return status;
}
