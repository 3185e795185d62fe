/* SPDX-License-Identifier: Apache-2.0 */
/* Records as files: written beside the old one, synced, and moved over it. */
#include "firmware/port/linux-gadget/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[TALLY_KEEP_COUNT] = {[TALLY_KEEP_SETTINGS] = "settings",
                                                    [TALLY_KEEP_PAIR] = "pair",
                                                    [TALLY_KEEP_COUNTER] = "counter"};

bool kept_open(struct kept *kept, const char *dir)
{
    kept->dir = dir;
    return mkdir(dir, 0700) == 0 || errno == EEXIST;
}

static bool path_of(const struct kept *kept, enum tally_keep what, const char *suffix,
                    char ret_path[PATH_MAX])
{
    int len = snprintf(ret_path, PATH_MAX, "%s/%s%s", kept->dir, names[what], suffix);
    return len > 0 && len < PATH_MAX;
}

bool kept_load(const struct kept *kept, enum tally_keep what, uint8_t *ret_bytes, size_t len)
{
    char path[PATH_MAX];
    uint8_t bytes[TALLY_KEEP_LEN_MAX + 1]; /* one more, to see that there is no more */
    if (len > TALLY_KEEP_LEN_MAX || !path_of(kept, what, "", path)) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, bytes, sizeof bytes);
    close(fd);
    bool is_whole = got == (ssize_t)len;
    if (is_whole) {
        memcpy(ret_bytes, bytes, len);
    }
    explicit_bzero(bytes, sizeof bytes);
    return is_whole;
}

static bool write_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool is_written = write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && is_written;
}

/* A new name in a folder outlasts a power cut only when the folder itself is synced. */
static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

bool kept_save(const struct kept *kept, enum tally_keep what, const uint8_t *bytes, size_t len)
{
    char path[PATH_MAX], new_path[PATH_MAX];
    return len <= TALLY_KEEP_LEN_MAX && path_of(kept, what, "", path) &&
           path_of(kept, what, ".new", new_path) && write_file(new_path, bytes, len) &&
           rename(new_path, path) == 0 && sync_dir(kept->dir);
}
