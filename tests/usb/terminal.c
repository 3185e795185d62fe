/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the line protocol of program.c. */
#include "tests/usb/terminal.h"
#include "tests/usb/must.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void terminal_spawn(struct terminal *terminal, const char *program)
{
    int orders[2], lines[2];
    if (pipe2(orders, O_CLOEXEC) != 0 || pipe2(lines, O_CLOEXEC) != 0) {
        perror("pipe");
        exit(2);
    }
    *terminal = (struct terminal){.pid = fork(), .orders_fd = orders[1], .lines_fd = lines[0]};
    if (terminal->pid == 0) {
        dup2(orders[0], STDIN_FILENO);
        dup2(lines[1], STDOUT_FILENO);
        char command[4096];
        snprintf(command, sizeof command, "exec %s", program);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    MUST(terminal->pid > 0);
    close(orders[0]);
    close(lines[1]);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const void *)&address, sizeof address) == 0 ? fd : -1;
}

static int connect_tcp(const char *where)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[256];
    snprintf(host, sizeof host, "%s", where);
    char *port = strrchr(host, ':');
    if (port == NULL) {
        return -1;
    }
    *port++ = '\0';
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    bool is_up = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    return is_up ? fd : -1;
}

void terminal_connect(struct terminal *terminal, const char *where)
{
    int fd = strchr(where, '/') != NULL ? connect_unix(where) : connect_tcp(where);
    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", where, strerror(errno));
        exit(2);
    }
    *terminal = (struct terminal){.orders_fd = fd, .lines_fd = fd};
}

void terminal_order(struct terminal *terminal, const char *line)
{
    (void)dprintf(terminal->orders_fd, "%s\n", line); /* when it is dead, hearing says so */
}

/* A whole line that is there already. */
static bool take_line(struct terminal *terminal, char line[TALK_LINE_LEN_MAX])
{
    char *end = memchr(terminal->text, '\n', terminal->len);
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - terminal->text);
    memcpy(line, terminal->text, len);
    line[len] = '\0';
    terminal->len -= len + 1;
    memmove(terminal->text, end + 1, terminal->len);
    return true;
}

bool terminal_hear(struct terminal *terminal, int wake_fd, char line[TALK_LINE_LEN_MAX],
                   bool *ret_woken)
{
    *ret_woken = false;
    while (!take_line(terminal, line)) {
        struct pollfd fds[2] = {{terminal->lines_fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
        if (terminal->has_said_closed || poll(fds, 2, TERMINAL_PATIENCE_MS) <= 0) {
            return false;
        }
        if (fds[1].revents != 0) {
            *ret_woken = true;
            return false;
        }
        ssize_t got = read(terminal->lines_fd, terminal->text + terminal->len,
                           sizeof terminal->text - terminal->len);
        if (got <= 0) {
            return false;
        }
        terminal->len += (size_t)got;
    }
    terminal->has_said_closed = strcmp(line, "closed") == 0;
    return !terminal->has_said_closed;
}

bool terminal_end(struct terminal *terminal)
{
    int status = 0;
    bool is_clean = terminal->has_said_closed;
    close(terminal->orders_fd);
    if (terminal->lines_fd != terminal->orders_fd) {
        close(terminal->lines_fd);
    }
    if (terminal->pid != 0) {
        if (!is_clean) {
            kill(terminal->pid, SIGKILL);
        }
        waitpid(terminal->pid, &status, 0);
    }
    if (!is_clean || status != 0) {
        fprintf(stderr, "    the terminal did not end clean: said \"closed\": %s, status %d\n",
                is_clean ? "yes" : "no", status);
    }
    return is_clean && status == 0;
}
