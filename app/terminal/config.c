/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of tallyd.conf and their defaults. */
#include "app/terminal/config.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of the enums in hal/reader/settings.h. */
static const char *const keyboards[] = {"known", "none", "all", NULL};
static const char *const layouts[] = {"us", "german", "french", NULL};

#define FIELD(name) offsetof(struct terminal_config, name)

static const struct tally_config_key keys[] = {
    {"store", "dir", TALLY_CONFIG_TEXT, FIELD(store_dir), 0, 0, NULL},
    {"till", "socket", TALLY_CONFIG_TEXT, FIELD(till_socket), 0, 0, NULL},
    {"reader", "enabled", TALLY_CONFIG_SWITCH, FIELD(reader.enabled), 0, 0, NULL},
    {"reader", "keyboard", TALLY_CONFIG_CHOICE, FIELD(reader.keyboard), 0, 0, keyboards},
    {"reader", "keyboard_device", TALLY_CONFIG_TEXT, FIELD(reader.device), 0, 0, NULL},
    {"reader", "layout", TALLY_CONFIG_CHOICE, FIELD(reader.layout), 0, 0, layouts},
    {"reader", "prefix", TALLY_CONFIG_TEXT, FIELD(reader.prefix), 0, 0, NULL},
    {"reader", "suffix", TALLY_CONFIG_TEXT, FIELD(reader.suffix), 0, 0, NULL},
    {"reader", "uid", TALLY_CONFIG_SWITCH, FIELD(reader.uid), 0, 0, NULL},
    {"reader", "only_paired", TALLY_CONFIG_SWITCH, FIELD(reader.only_paired), 0, 0, NULL},
    {"hq", "host", TALLY_CONFIG_TEXT, FIELD(hq_host), 0, 0, NULL},
    {"hq", "port", TALLY_CONFIG_NUMBER, FIELD(hq_port), 1, 65535, NULL},
    {"hq", "enrol_port", TALLY_CONFIG_NUMBER, FIELD(enrol_port), 1, 65535, NULL},
    {"hq", "token_file", TALLY_CONFIG_TEXT, FIELD(token_file), 0, 0, NULL},
};

/* "0801:0001", as lsusb prints it. */
static bool read_usb_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_product)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    if (strspn(text, hex) != 4 || text[4] != ':' || strspn(text + 5, hex) != 4 || text[9] != '\0') {
        return false;
    }
    *ret_vendor = (uint16_t)strtoul(text, NULL, 16);
    *ret_product = (uint16_t)strtoul(text + 5, NULL, 16);
    return *ret_vendor != 0;
}

/* What readers type: printable ASCII. */
static bool read_affix(const char *text, char into[HAL_AFFIX_LEN_MAX + 1])
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len > HAL_AFFIX_LEN_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
        into[i] = text[i];
    }
    into[len] = '\0';
    return true;
}

enum tally_status terminal_config_wedge(const struct terminal_reader_config *config,
                                        struct hal_wedge_settings *ret_wedge,
                                        char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct hal_wedge_settings wedge = {.choice = (enum hal_wedge_choice)config->keyboard,
                                       .layout = (enum hal_keyboard_layout)config->layout};
    if (config->device != NULL && !read_usb_id(config->device, &wedge.idVendor, &wedge.idProduct)) {
        snprintf(problem, TALLY_CONFIG_PROBLEM_MAX,
                 "[reader] keyboard_device: must be vendor:product as lsusb prints them, for "
                 "example 0801:0001");
        return TALLY_E_INVALID;
    }
    if (!read_affix(config->prefix, wedge.prefix) || !read_affix(config->suffix, wedge.suffix)) {
        snprintf(problem, TALLY_CONFIG_PROBLEM_MAX,
                 "[reader] prefix, suffix: must be at most %d plain characters", HAL_AFFIX_LEN_MAX);
        return TALLY_E_INVALID;
    }
    *ret_wedge = wedge;
    return TALLY_OK;
}

enum tally_status terminal_config_read(const char *path, struct terminal_config *ret_config,
                                       char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct terminal_config config = {
        .reader = {.enabled = true}, .hq_port = 7443, .enrol_port = 7444};
    struct hal_wedge_settings wedge;
    config.store_dir = tally_copy_text("/var/lib/tally");
    config.till_socket = tally_copy_text("/run/tally/till.sock");
    config.token_file = tally_copy_text("/etc/tally/token");
    enum tally_status status = TALLY_E_NO_MEMORY;
    if (config.store_dir != NULL && config.till_socket != NULL && config.token_file != NULL) {
        status = tally_config_read(path, keys, sizeof keys / sizeof keys[0], &config, problem);
    }
    if (status == TALLY_OK) {
        status = terminal_config_wedge(&config.reader, &wedge, problem);
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
    tally_free(config->reader.device);
    tally_free(config->reader.prefix);
    tally_free(config->reader.suffix);
    tally_free(config->hq_host);
    tally_free(config->token_file);
    *config = (struct terminal_config){0};
}
