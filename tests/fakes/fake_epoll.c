/* SPDX-License-Identifier: Apache-2.0 */
/* Linked into a program that runs under umockdev. There a usbfs node is a plain file. poll() calls
 * that always ready, epoll refuses it, and libuv uses epoll; so what epoll refuses is stood in for
 * by something that is always ready. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 1024 };

static int stand_ins[FDS_MAX]; /* 0: none */

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    int stand_in = fd >= 0 && fd < FDS_MAX ? stand_ins[fd] : 0;
    if (operation != EPOLL_CTL_ADD && stand_in != 0) {
        if (operation == EPOLL_CTL_DEL) {
            close(stand_in);
            stand_ins[fd] = 0;
            return 0;
        }
        return (int)syscall(SYS_epoll_ctl, epoll_fd, operation, stand_in, event);
    }
    int result = (int)syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event);
    if (result != 0 && errno == EPERM && operation == EPOLL_CTL_ADD && fd < FDS_MAX) {
        stand_ins[fd] = eventfd(0, EFD_CLOEXEC);
        result = (int)syscall(SYS_epoll_ctl, epoll_fd, operation, stand_ins[fd], event);
    }
    return result;
}

/* A newer libuv hands epoll its changes through io_uring, past the function above; without io_uring
 * it calls epoll_ctl. A caller gives as many arguments as its call has; reading all six is what
 * libc does. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...)
{
    static long (*real)(long, ...);
    long a[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < sizeof a / sizeof a[0]; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_io_uring_setup) {
        errno = ENOSYS;
        return -1;
    }
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
