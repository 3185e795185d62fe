/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that fail: the program's own pwrite, pwritev, write, fdatasync and fsync. */
#include "tests/unit/store/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct fault_plan fault_plan;
unsigned fault_seen, fault_writes, fault_syncs;

void faults_plan(struct fault_plan plan)
{
    fault_plan = plan;
    fault_seen = fault_writes = fault_syncs = 0;
}

static bool strikes(void)
{
    fault_seen++;
    return fault_plan.fault != FAULT_NONE && fault_seen == fault_plan.at;
}

/* dlsym gives a data pointer; POSIX lets it be a function. */
#define REAL(type, name)                                                                           \
    static type real;                                                                              \
    if (real == NULL) {                                                                            \
        *(void **)(uintptr_t)&real = dlsym(RTLD_NEXT, name);                                       \
    }

typedef ssize_t (*write_at)(int, const void *, size_t, off64_t);
typedef ssize_t (*write_many_at)(int, const struct iovec *, int, off64_t);
typedef int (*sync_file)(int);

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    REAL(write_at, "pwrite64")
    fault_writes++;
    if (!strikes()) {
        return real(fd, bytes, len, offset);
    }
    size_t part = len * fault_plan.part / 256;
    if (part > 0) {
        (void)!real(fd, bytes, part, offset);
    }
    if (fault_plan.fault == FAULT_KILL) {
        raise(SIGKILL);
    }
    errno = fault_plan.error;
    return -1;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    REAL(write_many_at, "pwritev64")
    fault_writes++;
    if (!strikes()) {
        return real(fd, parts, count, offset);
    }
    int part = count * (int)fault_plan.part / 256;
    if (part > 0) {
        (void)!real(fd, parts, part, offset);
    }
    if (fault_plan.fault == FAULT_KILL) {
        raise(SIGKILL);
    }
    errno = fault_plan.error;
    return -1;
}

static int sync_or_fail(int fd, sync_file real)
{
    fault_syncs++;
    if (!strikes()) {
        return real(fd);
    }
    if (fault_plan.fault == FAULT_KILL) {
        raise(SIGKILL);
    }
    errno = fault_plan.error;
    return -1;
}

int fdatasync(int fd)
{
    REAL(sync_file, "fdatasync")
    return sync_or_fail(fd, real);
}

int fsync(int fd)
{
    REAL(sync_file, "fsync")
    return sync_or_fail(fd, real);
}

/* The names without 64, whose off_t is a long; a header may have turned them into those above, so
 * they are named for the linker. */
ssize_t fault_pwrite(int fd, const void *bytes, size_t len, long offset) __asm__("pwrite");
ssize_t fault_pwritev(int fd, const struct iovec *parts, int count, long offset) __asm__("pwritev");

ssize_t fault_pwrite(int fd, const void *bytes, size_t len, long offset)
{
    return pwrite64(fd, bytes, len, offset);
}

ssize_t fault_pwritev(int fd, const struct iovec *parts, int count, long offset)
{
    return pwritev64(fd, parts, count, offset);
}
