/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /sys/bus/usb/devices (kernel: Documentation/ABI/testing/sysfs-bus-usb). */
#include "hal/usb/sysfs.h"

#include "app/base/alloc.h"
#include "hal/usb/descriptors.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES "/sys/bus/usb/devices"

/* ---- files ---- */

static size_t read_all(int fd, uint8_t *into, size_t cap)
{
    size_t len = 0;
    ssize_t got = 0;
    do {
        len += (size_t)got;
        got = read(fd, into + len, cap - len);
    } while (got > 0 && len < cap);
    return got < 0 ? 0 : len;
}

/* 0 bytes also when there is no such file. */
static size_t read_attribute(const char *dir, const char *name, void *into, size_t cap)
{
    char path[sizeof DEVICES + USB_DIR_LEN_MAX + 64];
    snprintf(path, sizeof path, DEVICES "/%s/%s", dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    size_t len = read_all(fd, into, cap);
    close(fd);
    return len;
}

/* The decimal number in a file; 0 where there is none: no bus, device or configuration is called
 * so. */
static unsigned read_number(const char *dir, const char *name)
{
    char text[16];
    size_t len = read_attribute(dir, name, text, sizeof text - 1);
    text[len] = '\0';
    return (unsigned)strtoul(text, NULL, 10);
}

/* Control characters of a device don't belong on a screen or in a log. */
static void read_name(struct usb_seen *seen)
{
    size_t len = read_attribute(seen->dir, "product", seen->name, USB_NAME_LEN_MAX);
    if (len > 0 && seen->name[len - 1] == '\n') {
        len--; /* the file's own */
    }
    for (size_t i = 0; i < len; i++) {
        bool is_plain = seen->name[i] >= 0x20 && seen->name[i] < 0x7f;
        seen->name[i] = is_plain ? seen->name[i] : '?';
    }
    seen->name[len] = '\0';
    if (len == 0) {
        snprintf(seen->name, sizeof seen->name, "%s", seen->node);
    }
}

/* ---- the kernel's copy of a report descriptor ---- */

static bool copy_report_descriptor(struct hal_interface *interface, const char *path)
{
    uint8_t bytes[HAL_LINK_CONTROL_LEN_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t len = read_all(fd, bytes, sizeof bytes);
    close(fd);
    uint8_t *copy = len == 0 ? NULL : tally_alloc(len, 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, bytes, len);
    interface->report_descriptor = copy;
    interface->report_descriptor_len = (uint16_t)len;
    return true;
}

/* The HID device is a folder "bus:vendor:product.n" in the interface's folder "1-2.3:1.0". */
static void read_report_descriptor(const struct usb_seen *seen, struct hal_interface *interface)
{
    char path[sizeof DEVICES + USB_DIR_LEN_MAX + 16];
    snprintf(path, sizeof path, DEVICES "/%s:%u.%u", seen->dir, seen->identity.configuration,
             (unsigned)interface->bInterfaceNumber);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    const struct dirent *entry;
    bool is_found = false;
    while (!is_found && (entry = readdir(dir)) != NULL) {
        char file[sizeof path + NAME_MAX + sizeof "//report_descriptor"];
        snprintf(file, sizeof file, "%s/%s/report_descriptor", path, entry->d_name);
        is_found = strchr(entry->d_name, ':') != NULL && copy_report_descriptor(interface, file);
    }
    closedir(dir);
}

/* ---- one device ---- */

void usb_free_seen(struct usb_seen *seen)
{
    for (size_t i = 0; i < seen->interface_count; i++) {
        tally_free((void *)(uintptr_t)seen->interfaces[i].report_descriptor); /* ours */
    }
    tally_free(seen->interfaces);
    tally_free(seen->descriptors);
    tally_free(seen);
}

static uint8_t *read_descriptors(const char *dir, size_t *ret_len)
{
    uint8_t *bytes = tally_alloc(USB_DESCRIPTORS_LEN_MAX, 1);
    if (bytes == NULL) {
        return NULL;
    }
    *ret_len = read_attribute(dir, "descriptors", bytes, USB_DESCRIPTORS_LEN_MAX);
    uint8_t *fitted = *ret_len == 0 ? NULL : tally_realloc(bytes, *ret_len, 1);
    if (fitted == NULL) {
        tally_free(bytes);
    }
    return fitted;
}

static bool read_details(struct usb_seen *seen)
{
    struct hal_interface found[USB_INTERFACES_MAX];
    size_t len = 0;
    snprintf(seen->node, sizeof seen->node, "/dev/bus/usb/%03u/%03u", seen->identity.busnum,
             seen->identity.devnum);
    seen->descriptors = read_descriptors(seen->dir, &len);
    if (seen->descriptors == NULL) {
        return false;
    }
    size_t count =
        usb_find_interfaces(seen->descriptors, len, (uint8_t)seen->identity.configuration, found);
    seen->interfaces = tally_alloc(count, sizeof *seen->interfaces);
    if (seen->interfaces == NULL) {
        return false;
    }
    seen->interface_count = count;
    for (size_t i = 0; i < count; i++) {
        seen->interfaces[i] = found[i];
        if (found[i].report_descriptor_len != 0) {
            read_report_descriptor(seen, &seen->interfaces[i]);
        }
    }
    read_name(seen);
    return true;
}

bool usb_is_same(const struct usb_identity *a, const struct usb_identity *b)
{
    return a->busnum == b->busnum && a->devnum == b->devnum && a->inode == b->inode &&
           a->configuration == b->configuration;
}

static bool is_known(const struct usb_identity *identity, const struct usb_identity *known,
                     size_t known_count)
{
    for (size_t i = 0; i < known_count; i++) {
        if (usb_is_same(identity, &known[i])) {
            return true;
        }
    }
    return false;
}

static bool read_identity(const char *dir, struct usb_identity *ret_identity)
{
    char path[sizeof DEVICES + USB_DIR_LEN_MAX + 2];
    struct stat folder;
    snprintf(path, sizeof path, DEVICES "/%s", dir);
    if (stat(path, &folder) != 0) {
        return false;
    }
    *ret_identity =
        (struct usb_identity){.busnum = read_number(dir, "busnum"),
                              .devnum = read_number(dir, "devnum"),
                              .inode = folder.st_ino,
                              .configuration = read_number(dir, "bConfigurationValue")}; /* waits */
    return ret_identity->configuration != 0 && ret_identity->configuration <= UINT8_MAX &&
           ret_identity->busnum != 0 && ret_identity->busnum <= 999 && ret_identity->devnum != 0 &&
           ret_identity->devnum <= 999;
}

static struct usb_seen *see_device(const char *dir, const struct usb_identity *known,
                                   size_t known_count)
{
    struct usb_identity identity;
    if (!read_identity(dir, &identity)) {
        return NULL;
    }
    struct usb_seen *seen = tally_alloc(1, sizeof *seen);
    if (seen == NULL) {
        return NULL;
    }
    seen->identity = identity;
    snprintf(seen->dir, sizeof seen->dir, "%s", dir);
    seen->is_known = is_known(&identity, known, known_count);
    if (!seen->is_known && !read_details(seen)) {
        usb_free_seen(seen);
        return NULL;
    }
    return seen;
}

struct usb_seen *usb_scan_sysfs(const struct usb_identity *known, size_t known_count)
{
    assert(known != NULL || known_count == 0);

    struct usb_seen *all = NULL;
    DIR *dir = opendir(DEVICES);
    if (dir == NULL) {
        return NULL; /* no USB at all */
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        /* "1-2.3" is a device and "usb1" a root hub; "1-2.3:1.0" is an interface. */
        bool is_device = entry->d_name[0] != '.' && strchr(entry->d_name, ':') == NULL &&
                         strlen(entry->d_name) <= USB_DIR_LEN_MAX;
        struct usb_seen *seen = is_device ? see_device(entry->d_name, known, known_count) : NULL;
        if (seen != NULL) {
            seen->next = all;
            all = seen;
        }
    }
    closedir(dir);
    return all;
}
