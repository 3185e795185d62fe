/* SPDX-License-Identifier: Apache-2.0 */
/* The configfs side of the reader: which folders and files make a USB device. */
#include "firmware/port/linux-gadget/gadget.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/reports.h"
#include "firmware/usb/descriptors.h"

#define CONFIGFS   "/sys/kernel/config"
#define GADGETS    CONFIGFS "/usb_gadget"
#define GADGET     GADGETS "/tally-reader"
#define STRINGS    GADGET "/strings/0x409"
#define CONFIG     GADGET "/configs/c.1"
#define FUNCTION   GADGET "/functions/ffs.tally"
#define LINK       CONFIG "/ffs.tally"
#define FFS_SOURCE "tally"
#define UDC_CLASS  "/sys/class/udc"

__attribute__((format(printf, 2, 3))) static bool fail(struct gadget *gadget, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(gadget->error, sizeof gadget->error, format, arguments);
    va_end(arguments);
    return false;
}

static bool make_dir(struct gadget *gadget, const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return fail(gadget, "cannot create %s: %s", path, strerror(errno));
    }
    return true;
}

static bool write_text(struct gadget *gadget, const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(gadget, "cannot open %s: %s", path, strerror(errno));
    }
    ssize_t written = write(fd, text, strlen(text));
    int write_error = errno;
    close(fd);
    if (written != (ssize_t)strlen(text)) {
        return fail(gadget, "cannot write to %s: %s", path, strerror(write_error));
    }
    return true;
}

static bool write_number(struct gadget *gadget, const char *path, unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "0x%04x", number);
    return write_text(gadget, path, text);
}

bool gadget_choose_udc(struct gadget *gadget, const char *udc)
{
    if (udc != NULL) {
        char path[PATH_MAX];
        if (strlen(udc) >= sizeof gadget->udc || strchr(udc, '/') != NULL) {
            return fail(gadget, "%s is no name of a UDC", udc);
        }
        snprintf(path, sizeof path, UDC_CLASS "/%s", udc);
        if (access(path, F_OK) != 0) {
            return fail(gadget, "there is no UDC %s; `ls " UDC_CLASS "` shows what there is", udc);
        }
        snprintf(gadget->udc, sizeof gadget->udc, "%s", udc);
        return true;
    }
    gadget->udc[0] = '\0';
    DIR *dir = opendir(UDC_CLASS);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.' &&
            (gadget->udc[0] == '\0' || strcmp(entry->d_name, gadget->udc) < 0)) {
            snprintf(gadget->udc, sizeof gadget->udc, "%s", entry->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (gadget->udc[0] == '\0') {
        return fail(gadget,
                    "this board has no USB device controller (" UDC_CLASS " is empty): load "
                    "its driver, or `modprobe dummy_hcd` for a reader without a cable");
    }
    return true;
}

static bool mount_configfs(struct gadget *gadget)
{
    if (access(GADGETS, F_OK) == 0) {
        return true;
    }
    if (mount("none", CONFIGFS, "configfs", 0, NULL) != 0 && errno != EBUSY) {
        return fail(gadget,
                    "cannot mount configfs at " CONFIGFS ": %s (`modprobe configfs`, and "
                    "run as root)",
                    strerror(errno));
    }
    if (access(GADGETS, F_OK) != 0) {
        return fail(gadget, GADGETS " is missing: the kernel's gadget layer is not loaded; "
                                    "`modprobe libcomposite` first");
    }
    return true;
}

static bool describe_device(struct gadget *gadget, const char *serial)
{
    return write_number(gadget, GADGET "/idVendor", TALLY_MSR_USB_VENDOR) &&
           write_number(gadget, GADGET "/idProduct", TALLY_MSR_USB_PRODUCT) &&
           write_number(gadget, GADGET "/bcdDevice", TALLY_USB_BCD_DEVICE) &&
           write_number(gadget, GADGET "/bcdUSB", TALLY_USB_BCD_USB) && make_dir(gadget, STRINGS) &&
           write_text(gadget, STRINGS "/manufacturer", TALLY_USB_MANUFACTURER) &&
           write_text(gadget, STRINGS "/product", TALLY_USB_PRODUCT) &&
           write_text(gadget, STRINGS "/serialnumber", serial);
}

static bool add_function(struct gadget *gadget)
{
    char power[16];
    snprintf(power, sizeof power, "%d", TALLY_USB_POWER_MA);
    if (!make_dir(gadget, CONFIG) || !write_text(gadget, CONFIG "/MaxPower", power)) {
        return false;
    }
    if (mkdir(FUNCTION, 0755) != 0) {
        return fail(gadget, "cannot create " FUNCTION ": %s (`modprobe usb_f_fs` first)",
                    strerror(errno));
    }
    if (symlink(FUNCTION, LINK) != 0) {
        return fail(gadget, "cannot link " LINK ": %s", strerror(errno));
    }
    if (mount(FFS_SOURCE, GADGET_FFS_DIR, "functionfs", 0, NULL) != 0) {
        return fail(gadget, "cannot mount functionfs at " GADGET_FFS_DIR ": %s", strerror(errno));
    }
    return true;
}

bool gadget_create(struct gadget *gadget, const char *serial)
{
    if (!mount_configfs(gadget) || !make_dir(gadget, GADGET_FFS_DIR)) {
        return false;
    }
    gadget_remove(gadget);
    if (!make_dir(gadget, GADGET) || !describe_device(gadget, serial) || !add_function(gadget)) {
        gadget_remove(gadget);
        return false;
    }
    return true;
}

bool gadget_bind(struct gadget *gadget)
{
    if (!gadget->is_bound) {
        gadget->is_bound = write_text(gadget, GADGET "/UDC", gadget->udc);
    }
    return gadget->is_bound;
}

bool gadget_unbind(struct gadget *gadget)
{
    if (gadget->is_bound) {
        gadget->is_bound = !write_text(gadget, GADGET "/UDC", "\n");
    }
    return !gadget->is_bound;
}

bool gadget_is_high_speed(const struct gadget *gadget)
{
    char path[PATH_MAX], text[32] = "";
    snprintf(path, sizeof path, UDC_CLASS "/%s/current_speed", gadget->udc);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    return len > 0 && strncmp(text, "high-speed", strlen("high-speed")) == 0;
}

void gadget_remove(struct gadget *gadget)
{
    char first_error[sizeof gadget->error];
    snprintf(first_error, sizeof first_error, "%s", gadget->error);
    if (access(GADGET "/UDC", F_OK) == 0) {
        (void)write_text(gadget, GADGET "/UDC", "\n"); /* ENODEV when it is not bound */
    }
    gadget->is_bound = false;
    (void)umount2(GADGET_FFS_DIR, MNT_DETACH);
    (void)unlink(LINK);
    (void)rmdir(CONFIG);
    (void)rmdir(FUNCTION);
    (void)rmdir(STRINGS);
    (void)rmdir(GADGET);
    snprintf(gadget->error, sizeof gadget->error, "%s", first_error);
}
