/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq serve: the server on its loop, until a signal. */
#include "app/hq/command.h"

#include "app/base/log.h"
#include "app/hq/server.h"
#include "app/hq/text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct serve {
    uv_loop_t loop;
    uv_signal_t signals[2];
    struct hq_server *server;
    const char *port_file;
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct serve *serve = handle->data;
    tally_log("stopping on %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&serve->signals[i], NULL);
    }
    hq_server_close(serve->server, NULL, NULL);
}

/* Whole or not at all: a script waits for this file. */
static int port_file_write(const struct serve *serve)
{
    char temporary[4096];
    int len = snprintf(temporary, sizeof temporary, "%s.new", serve->port_file);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return hq_failed("--port-file: the name is too long");
    }
    FILE *file = fopen(temporary, "we");
    if (file == NULL) {
        return hq_failed("%s can't be written", temporary);
    }
    fprintf(file, "%u %u\n", hq_server_port(serve->server), hq_server_enrol_port(serve->server));
    if (fclose(file) != 0 || rename(temporary, serve->port_file) != 0) {
        return hq_failed("%s can't be written", serve->port_file);
    }
    return HQ_EXIT_OK;
}

static int listen_and_run(struct serve *serve, const struct hq_server_options *options)
{
    if (uv_loop_init(&serve->loop) != 0) {
        return hq_failed("no event loop: %s", tally_status_text(TALLY_E_NO_MEMORY));
    }
    enum tally_status status = hq_server_open(&serve->loop, options, &serve->server);
    int result = status == TALLY_OK ? HQ_EXIT_OK
                                    : hq_failed("can't listen on %s: %s", options->listen,
                                                tally_status_text(status));
    if (status == TALLY_OK && serve->port_file != NULL) {
        result = port_file_write(serve);
    }
    if (result != HQ_EXIT_OK) {
        if (status == TALLY_OK) {
            hq_server_close(serve->server, NULL, NULL);
        }
    } else {
        const int numbers[2] = {SIGTERM, SIGINT};
        for (size_t i = 0; i < 2; i++) {
            uv_signal_init(&serve->loop, &serve->signals[i]);
            serve->signals[i].data = serve;
            uv_signal_start(&serve->signals[i], on_signal, numbers[i]);
        }
        tally_log("head office listens on %s, sync port %u, enrolment port %u", options->listen,
                  hq_server_port(serve->server), hq_server_enrol_port(serve->server));
    }
    uv_run(&serve->loop, UV_RUN_DEFAULT);
    uv_loop_close(&serve->loop);
    return result;
}

static int serve_with(struct serve *serve, struct hq_server_options *options, const char *dir)
{
    char problem[HQ_PROBLEM_MAX];
    struct hq_keys keys;
    bool renewed = false;
    if (hq_keys_load(dir, &keys, problem) != TALLY_OK) {
        return hq_failed("%s", problem);
    }
    int result = HQ_EXIT_FAILED;
    enum tally_status status = hq_keys_renew(dir, &keys, hq_now_ms(), &renewed, problem);
    if (status != TALLY_OK) {
        result = hq_failed("HQ's certificate can't be made again: %s %s", tally_status_text(status),
                           problem);
    } else if ((options->store = hq_store_open_or_say(dir)) != NULL) {
        if (renewed) {
            tally_log("HQ's certificate was made again");
        }
        options->keys = &keys;
        result = listen_and_run(serve, options);
        hq_store_close(options->store);
    }
    hq_keys_free(&keys);
    return result;
}

int hq_run_serve(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                     {"port", required_argument, NULL, 'p'},
                                     {"enrol-port", required_argument, NULL, 'e'},
                                     {"port-file", required_argument, NULL, 'f'},
                                     {NULL, 0, NULL, 0}};
    struct serve serve = {.port_file = NULL};
    struct hq_server_options server = {
        .dir = dir, .listen = "0.0.0.0", .port = 7443, .enrol_port = 7444};
    int option;
    int64_t port = 0;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if ((option == 'p' || option == 'e') &&
            hq_number_parse(optarg, 0, UINT16_MAX, &port) != TALLY_OK) {
            return hq_usage_error(self, "a port is 0 to 65535, not %s", optarg);
        }
        switch (option) {
        case 'l':
            server.listen = optarg;
            break;
        case 'p':
            server.port = (uint16_t)port;
            break;
        case 'e':
            server.enrol_port = (uint16_t)port;
            break;
        case 'f':
            serve.port_file = optarg;
            break;
        default:
            return hq_option_exit();
        }
    }
    if (optind != argc) {
        return hq_usage_error(self, "takes no words besides options");
    }
    signal(SIGPIPE, SIG_IGN);
    return serve_with(&serve, &server, dir);
}
