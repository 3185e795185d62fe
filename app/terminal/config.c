/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of tallyd.conf and their defaults. */
#include "app/terminal/config.h"

#include "app/base/alloc.h"

#define FIELD(name) offsetof(struct terminal_config, name)

static const struct tally_config_key keys[] = {
    {"store", "dir", TALLY_CONFIG_TEXT, FIELD(store_dir), 0, 0},
    {"till", "socket", TALLY_CONFIG_TEXT, FIELD(till_socket), 0, 0},
    {"reader", "enabled", TALLY_CONFIG_SWITCH, FIELD(readers), 0, 0},
    {"hq", "host", TALLY_CONFIG_TEXT, FIELD(hq_host), 0, 0},
    {"hq", "port", TALLY_CONFIG_NUMBER, FIELD(hq_port), 1, 65535},
    {"hq", "enrol_port", TALLY_CONFIG_NUMBER, FIELD(enrol_port), 1, 65535},
    {"hq", "token_file", TALLY_CONFIG_TEXT, FIELD(token_file), 0, 0},
};

enum tally_status terminal_config_read(const char *path, struct terminal_config *ret_config,
                                       char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct terminal_config config = {.readers = true, .hq_port = 7443, .enrol_port = 7444};
    config.store_dir = tally_copy_text("/var/lib/tally");
    config.till_socket = tally_copy_text("/run/tally/till.sock");
    config.token_file = tally_copy_text("/etc/tally/token");
    enum tally_status status = TALLY_E_NO_MEMORY;
    if (config.store_dir != NULL && config.till_socket != NULL && config.token_file != NULL) {
        status = tally_config_read(path, keys, sizeof keys / sizeof keys[0], &config, problem);
    }
    if (status != TALLY_OK) {
        terminal_config_free(&config);
        return status;
    }
    *ret_config = config;
    return TALLY_OK;
}

void terminal_config_free(struct terminal_config *config)
{
    tally_free(config->store_dir);
    tally_free(config->till_socket);
    tally_free(config->hq_host);
    tally_free(config->token_file);
    *config = (struct terminal_config){0};
}
