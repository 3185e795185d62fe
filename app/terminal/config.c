/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of tallyd.conf and their defaults. */
#include "app/terminal/config.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct terminal_config, name)

static const struct tally_config_key keys[] = {
    {"store", "dir", TALLY_CONFIG_TEXT, FIELD(store_dir), 0, 0},
    {"till", "socket", TALLY_CONFIG_TEXT, FIELD(till_socket), 0, 0},
    {"reader", "enabled", TALLY_CONFIG_SWITCH, FIELD(readers), 0, 0},
    {"printer", "enabled", TALLY_CONFIG_SWITCH, FIELD(printer), 0, 0},
    {"printer", "charset", TALLY_CONFIG_TEXT, FIELD(printer_charset), 0, 0},
    {"printer", "columns", TALLY_CONFIG_NUMBER, FIELD(printer_columns), TILL_COLUMNS_MIN,
     TILL_COLUMNS_MAX},
    {"display", "on", TALLY_CONFIG_TEXT, FIELD(display), 0, 0},
    {"display", "device", TALLY_CONFIG_TEXT, FIELD(display_device), 0, 0},
    {"display", "charset", TALLY_CONFIG_TEXT, FIELD(display_charset), 0, 0},
    {"display", "brightness", TALLY_CONFIG_NUMBER, FIELD(display_brightness),
     HAL_CD5220_BRIGHTNESS_MIN, HAL_CD5220_BRIGHTNESS_MAX},
    {"hq", "host", TALLY_CONFIG_TEXT, FIELD(hq_host), 0, 0},
    {"hq", "port", TALLY_CONFIG_NUMBER, FIELD(hq_port), 1, 65535},
    {"hq", "enrol_port", TALLY_CONFIG_NUMBER, FIELD(enrol_port), 1, 65535},
    {"hq", "token_file", TALLY_CONFIG_TEXT, FIELD(token_file), 0, 0},
};

static bool copy_defaults(struct terminal_config *config)
{
    config->store_dir = tally_copy_text("/var/lib/tally");
    config->till_socket = tally_copy_text("/run/tally/till.sock");
    config->token_file = tally_copy_text("/etc/tally/token");
    config->printer_charset = tally_copy_text("ascii");
    config->display = tally_copy_text("none");
    config->display_device = tally_copy_text("0:0");
    config->display_charset = tally_copy_text("ascii");
    return config->store_dir != NULL && config->till_socket != NULL && config->token_file != NULL &&
           config->printer_charset != NULL && config->display != NULL &&
           config->display_device != NULL && config->display_charset != NULL;
}

enum tally_status terminal_config_read(const char *path, struct terminal_config *ret_config,
                                       char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct terminal_config config = {.readers = true,
                                     .hq_port = 7443,
                                     .enrol_port = 7444,
                                     .printer_columns = TILL_COLUMNS,
                                     .display_brightness = HAL_CD5220_BRIGHTNESS_MAX};
    struct paper_settings paper;
    enum tally_status status = TALLY_E_NO_MEMORY;
    if (copy_defaults(&config)) {
        status = tally_config_read(path, keys, sizeof keys / sizeof keys[0], &config, problem);
    }
    if (status == TALLY_OK) {
        status = terminal_config_paper(&config, &paper, problem);
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
    tally_free(config->printer_charset);
    tally_free(config->display);
    tally_free(config->display_device);
    tally_free(config->display_charset);
    *config = (struct terminal_config){0};
}

/* ------------------------------------------------------------------ printer and display */

static enum tally_status say_problem(char problem[TALLY_CONFIG_PROBLEM_MAX], const char *text)
{
    snprintf(problem, TALLY_CONFIG_PROBLEM_MAX, "%s", text);
    return TALLY_E_INVALID;
}

/* The place of `word` in `words`, which end with NULL; false: it is not there. */
static bool find_word(const char *word, const char *const *words, unsigned *ret_place)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret_place = i;
            return true;
        }
    }
    return false;
}

enum tally_status terminal_config_paper(const struct terminal_config *config,
                                        struct paper_settings *ret_settings,
                                        char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    static const char *const charsets[] = {"ascii", "pc437", "gb18030", NULL};
    static const char *const choices[] = {"none", "usb", "printer", NULL};
    unsigned printer_charset = 0, display_charset = 0, choice = 0, vendor = 0, product = 0;
    int end = 0;
    if (!find_word(config->printer_charset, charsets, &printer_charset)) {
        return say_problem(problem, "[printer] charset: must be ascii, pc437 or gb18030");
    }
    if (!find_word(config->display_charset, charsets, &display_charset)) {
        return say_problem(problem, "[display] charset: must be ascii, pc437 or gb18030");
    }
    if (!find_word(config->display, choices, &choice)) {
        return say_problem(problem, "[display] on: must be none, usb or printer");
    }
    if (sscanf(config->display_device, "%4x:%4x%n", &vendor, &product, &end) != 2 ||
        config->display_device[end] != '\0' || (choice == HAL_DISPLAY_USB && vendor == 0)) {
        return say_problem(problem,
                           "[display] device: must be vendor and product such as 0416:f012");
    }
    if (choice == HAL_DISPLAY_ON_PRINTER && !config->printer) {
        return say_problem(problem, "[display] on: there is no printer without [printer] enabled");
    }
    *ret_settings =
        (struct paper_settings){.prints = config->printer,
                                .charset = (enum hal_charset)printer_charset,
                                .columns = (size_t)config->printer_columns,
                                .display = {.choice = (enum hal_display_choice)choice,
                                            .idVendor = (uint16_t)vendor,
                                            .idProduct = (uint16_t)product,
                                            .charset = (enum hal_charset)display_charset,
                                            .brightness = (unsigned)config->display_brightness}};
    return TALLY_OK;
}
