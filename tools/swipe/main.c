/* SPDX-License-Identifier: Apache-2.0 */
/* tally-swipe: prints one swipe in the head protocol, or sends it to a reader and prints the
 * answer. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/swipe/swipe.h"

enum { EXIT_USAGE = 2, HOST_LEN_MAX = 256 };

struct request {
    struct tally_swipe_hand hand;
    const char *tracks[TALLY_SWIPE_TRACKS];
    const char *command; /* instead of a swipe */
    const char *head;
};

static void print_help(FILE *out)
{
    fputs("Usage: tally-swipe [--track1 TEXT] [--track2 TEXT] [--track3 TEXT] [--seed N]\n"
          "                   [--speed CMS] [--wear WEAR] [--reverse] [--damage]\n"
          "                   [--head PATH|HOST:PORT]\n"
          "       tally-swipe --command LINE --head PATH|HOST:PORT\n"
          "Swipes a card: prints the flux transitions, or sends them to a tally-reader.\n"
          "\n"
          "  --trackN TEXT   what track N carries; sentinels may be left out\n"
          "  --seed N        replay the swipe with this seed; default: a new one, printed\n"
          "  --speed CMS     speed at the start, 5 to 150 cm/s; default: the seed chooses\n"
          "  --wear WEAR     clean (default), captured, worn or terrible\n"
          "  --reverse       from the other end\n"
          "  --damage        with a scratch: no track can be read\n"
          "  --head WHERE    Unix socket (with a /) or HOST:PORT of the reader's head\n"
          "  --command LINE  send this line, such as plug, unplug, status\n"
          "\n"
          "Exit: 0 done, 1 the reader said no or cannot be reached, 2 wrong usage.\n",
          out);
}

/* ---- where the lines go ---- */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int connect_error = errno;
        close(fd);
        errno = connect_error;
        return -1;
    }
    return fd;
}

static int connect_tcp(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1;
    errno = EHOSTUNREACH;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            int connect_error = errno;
            close(fd);
            errno = connect_error;
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

struct lines {
    FILE *out;
    FILE *answers; /* NULL: nobody answers */
};

/* False and errno when the head cannot be reached. */
static bool connect_head(const char *where, struct lines *ret_lines)
{
    const char *colon = strrchr(where, ':');
    int fd = -1;
    if (strchr(where, '/') != NULL) {
        fd = connect_unix(where);
    } else if (colon != NULL && colon - where < HOST_LEN_MAX) {
        char host[HOST_LEN_MAX];
        memcpy(host, where, (size_t)(colon - where));
        host[colon - where] = '\0';
        fd = connect_tcp(host, colon + 1);
    } else {
        errno = EINVAL;
    }
    if (fd < 0) {
        return false;
    }
    *ret_lines = (struct lines){fdopen(dup(fd), "w"), fdopen(fd, "r")};
    return ret_lines->out != NULL && ret_lines->answers != NULL;
}

/* ---- lines ---- */

/* Waits for the answer to one line; prints it when it is the last or not "ok". True on "ok". */
static bool read_answer(const struct lines *lines, bool is_last)
{
    char line[512];
    if (lines->answers == NULL) {
        return true;
    }
    if (fflush(lines->out) != 0 || fgets(line, sizeof line, lines->answers) == NULL) {
        fprintf(stderr, "tally-swipe: the reader hung up\n");
        return false;
    }
    bool is_ok = strncmp(line, "ok", 2) == 0;
    if (is_last || !is_ok) {
        fputs(line, stdout);
    }
    return is_ok;
}

static void put_track(FILE *out, int track, const struct tally_swipe_flux *flux)
{
    fprintf(out, "swipe T%d", track);
    for (size_t i = 0; i < flux->count; i++) {
        fprintf(out, " %" PRIu32, flux->intervals[i]);
    }
    fputc('\n', out);
}

/* All lines of the swipe, each after the answer to the one before. */
static bool put_swipe(const struct request *request, const struct tally_swipe_flux fluxes[],
                      const struct lines *lines)
{
    fputs("begin\n", lines->out);
    if (!read_answer(lines, false)) {
        return false;
    }
    for (int track = 1; track <= TALLY_SWIPE_TRACKS; track++) {
        if (request->tracks[track - 1] == NULL) {
            continue;
        }
        put_track(lines->out, track, &fluxes[track - 1]);
        if (!read_answer(lines, false)) {
            return false;
        }
    }
    fputs("end\n", lines->out);
    return read_answer(lines, true);
}

static bool run(const struct request *request, const struct tally_swipe_flux fluxes[])
{
    struct lines lines = {stdout, NULL};
    if (request->head != NULL && !connect_head(request->head, &lines)) {
        fprintf(stderr, "tally-swipe: cannot reach %s: %s\n", request->head, strerror(errno));
        return false;
    }
    bool is_ok = false;
    if (request->command != NULL) {
        fprintf(lines.out, "%s\n", request->command);
        is_ok = read_answer(&lines, true);
    } else {
        is_ok = put_swipe(request, fluxes, &lines);
    }
    if (lines.answers != NULL) {
        fclose(lines.answers);
        fclose(lines.out);
    }
    return is_ok && fflush(stdout) == 0;
}

/* ---- arguments ---- */

static bool read_number(const char *text, uint64_t most, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number > most) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool read_wear(const char *name, enum tally_swipe_wear *ret_wear)
{
    for (int wear = 0; wear < TALLY_SWIPE_WEARS; wear++) {
        if (strcmp(name, tally_swipe_noise((enum tally_swipe_wear)wear)->name) == 0) {
            *ret_wear = (enum tally_swipe_wear)wear;
            return true;
        }
    }
    return false;
}

/* 0 go on, -1 help was asked for, EXIT_USAGE. */
static int read_options(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {
        {"track1", required_argument, NULL, '1'}, {"track2", required_argument, NULL, '2'},
        {"track3", required_argument, NULL, '3'}, {"seed", required_argument, NULL, 's'},
        {"speed", required_argument, NULL, 'v'},  {"wear", required_argument, NULL, 'w'},
        {"reverse", no_argument, NULL, 'r'},      {"damage", no_argument, NULL, 'd'},
        {"head", required_argument, NULL, 'p'},   {"command", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    uint64_t speed = 0;
    if (getrandom(&request->hand.seed, sizeof request->hand.seed, 0) < 0) {
        request->hand.seed = (uint64_t)getpid();
    }
    request->hand.seed >>= 32; /* short enough to type again */
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case '1':
        case '2':
        case '3':
            request->tracks[option - '1'] = optarg;
            break;
        case 's':
            if (!read_number(optarg, UINT64_MAX, &request->hand.seed)) {
                return EXIT_USAGE;
            }
            break;
        case 'v':
            if (!read_number(optarg, TALLY_SWIPE_SPEED_MAX, &speed) ||
                speed < TALLY_SWIPE_SPEED_MIN) {
                return EXIT_USAGE;
            }
            request->hand.speed_cms = (unsigned)speed;
            break;
        case 'w':
            if (!read_wear(optarg, &request->hand.wear)) {
                return EXIT_USAGE;
            }
            break;
        case 'r':
            request->hand.is_reverse = true;
            break;
        case 'd':
            request->hand.is_damaged = true;
            break;
        case 'p':
            request->head = optarg;
            break;
        case 'c':
            request->command = optarg;
            break;
        case 'h':
            return -1;
        default:
            return EXIT_USAGE;
        }
    }
    bool has_track = false;
    for (int i = 0; i < TALLY_SWIPE_TRACKS; i++) {
        has_track = has_track || request->tracks[i] != NULL;
    }
    bool is_sensible = request->command != NULL ? request->head != NULL && !has_track : has_track;
    return optind == argc && is_sensible ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct tally_swipe_flux fluxes[TALLY_SWIPE_TRACKS];
    struct request request = {.head = NULL};
    int asked = read_options(argc, argv, &request);
    if (asked != 0) {
        print_help(asked < 0 ? stdout : stderr);
        return asked < 0 ? 0 : asked;
    }
    for (int track = 1; track <= TALLY_SWIPE_TRACKS; track++) {
        const char *text = request.tracks[track - 1];
        if (text != NULL && !tally_swipe_flux(&request.hand, track, text, &fluxes[track - 1])) {
            fprintf(stderr, "tally-swipe: track %d cannot carry this text\n", track);
            return EXIT_USAGE;
        }
    }
    if (request.command == NULL) {
        fprintf(stderr, "seed %" PRIu64 "\n", request.hand.seed);
    }
    return run(&request, fluxes) ? 0 : 1;
}
