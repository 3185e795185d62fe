/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are whole or absent: temporary file, fsync, rename, fsync of the directory. */
#include "app/store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum tally_status status_from_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return TALLY_E_STORE_FULL;
    case ENOENT:
        return TALLY_E_NOT_FOUND;
    case ENOMEM:
        return TALLY_E_NO_MEMORY;
    default:
        return TALLY_E_STORE_IO;
    }
}

enum tally_status file_path(char ret_path[FILE_PATH_LEN_MAX], const char *dir, const char *name,
                            const char *suffix)
{
    int len = snprintf(ret_path, FILE_PATH_LEN_MAX, "%s/%s%s", dir, name, suffix);
    return len < 0 || len >= FILE_PATH_LEN_MAX ? TALLY_E_INVALID : TALLY_OK;
}

enum tally_status file_make_dir(const char *dir, bool *ret_made)
{
    bool made = true;
    if (mkdir(dir, 0700) != 0) {
        if (errno != EEXIST) {
            return status_from_errno(errno);
        }
        made = false;
    }
    if (ret_made != NULL) {
        *ret_made = made;
    }
    return TALLY_OK;
}

enum tally_status file_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = fsync(fd) == 0 ? TALLY_OK : status_from_errno(errno);
    close(fd);
    return status;
}

enum tally_status file_write_at(int fd, const void *bytes, size_t len, uint64_t offset)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        ssize_t written = pwrite(fd, from, len, (off_t)offset);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return status_from_errno(errno);
        }
        if (written == 0) {
            return TALLY_E_STORE_IO;
        }
        from += written;
        len -= (size_t)written;
        offset += (uint64_t)written;
    }
    return TALLY_OK;
}

enum tally_status file_read_at(int fd, void *bytes, size_t len, uint64_t offset, size_t *ret_len)
{
    uint8_t *to = bytes;
    size_t total = 0;
    while (total < len) {
        ssize_t got = pread(fd, to + total, len - total, (off_t)(offset + total));
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return status_from_errno(errno);
        }
        if (got == 0) {
            break;
        }
        total += (size_t)got;
    }
    *ret_len = total;
    return TALLY_OK;
}

enum tally_status file_write_whole(const char *dir, const char *name, struct tally_slice bytes)
{
    char path[FILE_PATH_LEN_MAX], temporary[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(path, dir, name, ""));
    TALLY_TRY(file_path(temporary, dir, name, ".new"));
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = file_write_at(fd, bytes.data, bytes.len, 0);
    if (status == TALLY_OK && fsync(fd) != 0) {
        status = status_from_errno(errno);
    }
    close(fd);
    if (status == TALLY_OK && rename(temporary, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status != TALLY_OK) {
        unlink(temporary);
        return status;
    }
    return file_sync_dir(dir);
}

enum tally_status file_read_whole(const char *dir, const char *name, size_t len_max,
                                  struct tally_buffer *ret_bytes)
{
    char path[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(path, dir, name, ""));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = TALLY_OK;
    struct stat about;
    if (fstat(fd, &about) != 0) {
        status = status_from_errno(errno);
    } else if (about.st_size < 0 || (uint64_t)about.st_size > len_max) {
        status = TALLY_E_STORE_DAMAGED;
    } else {
        size_t len = (size_t)about.st_size, got = 0;
        status = tally_buffer_reserve(ret_bytes, len);
        if (status == TALLY_OK) {
            status = file_read_at(fd, ret_bytes->data + ret_bytes->len, len, 0, &got);
        }
        if (status == TALLY_OK) {
            ret_bytes->len += got;
        }
    }
    close(fd);
    return status;
}

enum tally_status file_remove(const char *dir, const char *name)
{
    char path[FILE_PATH_LEN_MAX];
    TALLY_TRY(file_path(path, dir, name, ""));
    if (unlink(path) != 0) {
        return errno == ENOENT ? TALLY_OK : status_from_errno(errno);
    }
    return file_sync_dir(dir);
}
