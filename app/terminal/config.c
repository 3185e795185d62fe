/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of tallyd.conf and their defaults; and what stands in them, as those who need it want
 * it. */
#include "app/terminal/config.h"

#include "app/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file as it is read: what can be taken as it is, and words that are looked at afterwards. */
struct file {
    struct terminal_config config;
    int keyboard;
    int layout;
    char *keyboard_device;
    char *prefix;
    char *suffix;
    char *uri_prefix;
    char *aid;
    int64_t aid_file;
    char *classic_key;
    int64_t classic_block;
    int printer_charset;
    int64_t printer_columns;
    int display;
    char *display_device;
    int display_charset;
    int64_t display_brightness;
};

/* In the order of the enums in hal/reader/settings.h, hal/printer/charset.h,
 * hal/display/display.h. */
static const char *const keyboards[] = {"known", "none", "all", NULL};
static const char *const layouts[] = {"us", "german", "french", NULL};
static const char *const charsets[] = {"ascii", "pc437", "gb18030", NULL};
static const char *const displays[] = {"none", "usb", "printer", NULL};

enum { CLASSIC_BLOCK_MAX = 255, FILE_NUMBER_MAX = 31 };

#define TEXT(section, key, field)                                                                  \
    {                                                                                              \
        section, key, TALLY_CONFIG_TEXT, offsetof(struct file, field), 0, 0, NULL                  \
    }
#define SWITCH(section, key, field)                                                                \
    {                                                                                              \
        section, key, TALLY_CONFIG_SWITCH, offsetof(struct file, field), 0, 0, NULL                \
    }
#define NUMBER(section, key, field, min, max)                                                      \
    {                                                                                              \
        section, key, TALLY_CONFIG_NUMBER, offsetof(struct file, field), min, max, NULL            \
    }
#define CHOICE(section, key, field, words)                                                         \
    {                                                                                              \
        section, key, TALLY_CONFIG_CHOICE, offsetof(struct file, field), 0, 0, words               \
    }

static const struct tally_config_key keys[] = {
    TEXT("store", "dir", config.store_dir),
    TEXT("till", "socket", config.till_socket),
    SWITCH("reader", "enabled", config.readers),
    CHOICE("reader", "keyboard", keyboard, keyboards),
    TEXT("reader", "keyboard_device", keyboard_device),
    CHOICE("reader", "layout", layout, layouts),
    TEXT("reader", "prefix", prefix),
    TEXT("reader", "suffix", suffix),
    SWITCH("reader", "uid", config.accepts_uid),
    SWITCH("reader", "only_paired", config.only_paired),
    TEXT("tag", "uri_prefix", uri_prefix),
    TEXT("tag", "aid", aid),
    NUMBER("tag", "file", aid_file, 0, FILE_NUMBER_MAX),
    TEXT("tag", "classic_key", classic_key),
    NUMBER("tag", "classic_block", classic_block, 0, CLASSIC_BLOCK_MAX),
    SWITCH("printer", "enabled", config.paper.prints),
    CHOICE("printer", "charset", printer_charset, charsets),
    NUMBER("printer", "columns", printer_columns, TILL_COLUMNS_MIN, TILL_COLUMNS_MAX),
    CHOICE("display", "on", display, displays),
    TEXT("display", "device", display_device),
    CHOICE("display", "charset", display_charset, charsets),
    NUMBER("display", "brightness", display_brightness, HAL_CD5220_BRIGHTNESS_MIN,
           HAL_CD5220_BRIGHTNESS_MAX),
    TEXT("hq", "host", config.hq_host),
    NUMBER("hq", "port", config.hq_port, 1, 65535),
    NUMBER("hq", "enrol_port", config.enrol_port, 1, 65535),
    TEXT("hq", "token_file", config.token_file),
};

/* ------------------------------------------------------------------ words */

static enum tally_status wrong(char problem[TALLY_CONFIG_PROBLEM_MAX], const char *text)
{
    snprintf(problem, TALLY_CONFIG_PROBLEM_MAX, "%s", text);
    return TALLY_E_INVALID;
}

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

/* Printable ASCII; `text` may be NULL. */
static bool read_plain(const char *text, char *into, size_t len_max)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len > len_max) {
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

/* Pairs of hexadecimal digits; 0: not that, or more than `len_max` of them. */
static uint8_t read_hex(const char *text, uint8_t *into, size_t len_max)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen(text);
    if (len % 2 != 0 || len / 2 > len_max) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i] | 0x20);
        if (digit == NULL) {
            return 0;
        }
        into[i / 2] = (uint8_t)(into[i / 2] << 4 | (digit - digits));
    }
    return (uint8_t)(len / 2);
}

/* ------------------------------------------------------------------ sections */

static enum tally_status read_wedge(const struct file *file, struct hal_wedge_settings *wedge,
                                    char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    wedge->choice = (enum hal_wedge_choice)file->keyboard;
    wedge->layout = (enum hal_keyboard_layout)file->layout;
    if (file->keyboard_device != NULL &&
        !read_usb_id(file->keyboard_device, &wedge->idVendor, &wedge->idProduct)) {
        return wrong(problem, "[reader] keyboard_device: must be vendor:product as lsusb prints "
                              "them, for example 0801:0001");
    }
    if (!read_plain(file->prefix, wedge->prefix, HAL_AFFIX_LEN_MAX) ||
        !read_plain(file->suffix, wedge->suffix, HAL_AFFIX_LEN_MAX)) {
        return wrong(problem, "[reader] prefix, suffix: must be at most 8 plain characters");
    }
    return TALLY_OK;
}
_Static_assert(HAL_AFFIX_LEN_MAX == 8, "as the sentence says");

/* "A:ffffffffffff" or "B:...". */
static bool read_classic_key(const char *text, struct hal_tag_settings *tag)
{
    tag->classic_key_b = text[0] == 'B';
    return (text[0] == 'A' || text[0] == 'B') && text[1] == ':' &&
           read_hex(text + 2, tag->classic_key, sizeof tag->classic_key) == sizeof tag->classic_key;
}

static enum tally_status read_tag(const struct file *file, struct hal_tag_settings *tag,
                                  char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    tag->file_number = (uint8_t)file->aid_file;
    tag->classic_block = (uint8_t)file->classic_block;
    if (!read_plain(file->uri_prefix, tag->uri_prefix, HAL_URI_PREFIX_LEN_MAX)) {
        return wrong(problem, "[tag] uri_prefix: must be at most 80 plain characters");
    }
    if (file->aid != NULL) {
        tag->aid_len = read_hex(file->aid, tag->aid, HAL_AID_LEN_MAX);
        if (tag->aid_len != 3 && tag->aid_len < 5) {
            return wrong(problem, "[tag] aid: must be 3, or 5 to 16, bytes in hexadecimal");
        }
    }
    tag->reads_classic = file->classic_key != NULL;
    if (tag->reads_classic && !read_classic_key(file->classic_key, tag)) {
        return wrong(problem, "[tag] classic_key: must be A: or B: and 12 hexadecimal digits");
    }
    return TALLY_OK;
}
_Static_assert(HAL_URI_PREFIX_LEN_MAX == 80, "as the sentence says");

static enum tally_status read_paper(const struct file *file, struct paper_settings *paper,
                                    char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct hal_display_settings *display = &paper->display;
    paper->charset = (enum hal_charset)file->printer_charset;
    paper->columns = (size_t)file->printer_columns;
    display->choice = (enum hal_display_choice)file->display;
    display->charset = (enum hal_charset)file->display_charset;
    display->brightness = (unsigned)file->display_brightness;
    bool is_named = file->display_device != NULL &&
                    read_usb_id(file->display_device, &display->idVendor, &display->idProduct);
    if ((file->display_device != NULL || display->choice == HAL_DISPLAY_USB) && !is_named) {
        return wrong(problem, "[display] device: must be vendor:product as lsusb prints them, for "
                              "example 0416:f012");
    }
    if (display->choice == HAL_DISPLAY_ON_PRINTER && !paper->prints) {
        return wrong(problem, "[display] on: there is no printer without [printer] enabled");
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ the file */

static void free_words(struct file *file)
{
    tally_free(file->keyboard_device);
    tally_free(file->prefix);
    tally_free(file->suffix);
    tally_free(file->uri_prefix);
    tally_free(file->aid);
    if (file->classic_key != NULL) {
        explicit_bzero(file->classic_key, strlen(file->classic_key));
    }
    tally_free(file->classic_key);
    tally_free(file->display_device);
}

static enum tally_status read_file(const char *path, struct file *file,
                                   char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct terminal_config *config = &file->config;
    config->store_dir = tally_copy_text("/var/lib/tally");
    config->till_socket = tally_copy_text("/run/tally/till.sock");
    config->token_file = tally_copy_text("/etc/tally/token");
    if (config->store_dir == NULL || config->till_socket == NULL || config->token_file == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    TALLY_TRY(tally_config_read(path, keys, sizeof keys / sizeof keys[0], file, problem));
    TALLY_TRY(read_wedge(file, &config->wedge, problem));
    TALLY_TRY(read_tag(file, &config->tag, problem));
    return read_paper(file, &config->paper, problem);
}

enum tally_status terminal_config_read(const char *path, struct terminal_config *ret_config,
                                       char problem[TALLY_CONFIG_PROBLEM_MAX])
{
    struct file file = {.config = {.readers = true, .hq_port = 7443, .enrol_port = 7444},
                        .printer_columns = TILL_COLUMNS,
                        .display_brightness = HAL_CD5220_BRIGHTNESS_MAX};
    enum tally_status status = read_file(path, &file, problem);
    free_words(&file);
    if (status != TALLY_OK) {
        terminal_config_free(&file.config);
        return status;
    }
    *ret_config = file.config;
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
