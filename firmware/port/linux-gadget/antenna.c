/* SPDX-License-Identifier: Apache-2.0 */
/* A serial line with a PN532 at its end. */
#include "firmware/port/linux-gadget/antenna.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void lose(struct antenna *antenna, const char *what)
{
    fprintf(stderr, "tally-reader: the line to the PN532 is lost: %s\n", what);
    close(antenna->fd);
    antenna->fd = -1;
}

/* A frame is shorter than any tty's buffer: one that does not fit says that nobody reads it. */
static void write_line(void *self, const uint8_t *bytes, size_t len)
{
    struct antenna *antenna = self;
    if (antenna->fd >= 0 && write(antenna->fd, bytes, len) != (ssize_t)len) {
        lose(antenna, "it does not take a frame");
    }
}

static bool be_raw(int fd)
{
    struct termios line;
    if (tcgetattr(fd, &line) != 0) {
        return false;
    }
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    return cfsetspeed(&line, B115200) == 0 && tcsetattr(fd, TCSANOW, &line) == 0;
}

bool antenna_open(struct antenna *antenna, const char *path)
{
    tally_pn532_init(&antenna->pn532, write_line, antenna);
    antenna->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (antenna->fd >= 0 && !be_raw(antenna->fd)) {
        int first_error = errno;
        antenna_close(antenna);
        errno = first_error;
    }
    return antenna->fd >= 0;
}

void antenna_serve(struct antenna *antenna)
{
    uint8_t bytes[TALLY_PN532_BODY_LEN_MAX];
    ssize_t len = read(antenna->fd, bytes, sizeof bytes);
    if (len > 0) {
        tally_pn532_received(&antenna->pn532, bytes, (size_t)len);
    } else if (len == 0) {
        lose(antenna, "hung up");
    } else if (errno != EAGAIN && errno != EINTR) {
        lose(antenna, strerror(errno));
    }
    explicit_bzero(bytes, sizeof bytes);
}

void antenna_close(struct antenna *antenna)
{
    if (antenna->fd >= 0) {
        close(antenna->fd);
    }
    explicit_bzero(&antenna->pn532, sizeof antenna->pn532);
    antenna->fd = -1;
}
