/* SPDX-License-Identifier: Apache-2.0 */
/* Making and reading head office's data directory. */
#include "app/hq/dir.h"

#include "app/base/alloc.h"
#include "app/hq/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 4096, FILE_LEN_MAX = 64 * 1024 };

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
enum { CA_DAYS = 3652, HQ_DAYS = 825, RENEW_DAYS = 60 };

static enum tally_status path_make(char ret_path[PATH_LEN_MAX], const char *dir, const char *name)
{
    int len = snprintf(ret_path, PATH_LEN_MAX, "%s/%s", dir, name);
    return len > 0 && len < PATH_LEN_MAX ? TALLY_OK : TALLY_E_INVALID;
}

static enum tally_status problem_errno(char problem[HQ_PROBLEM_MAX], const char *path)
{
    int code = errno;
    snprintf(problem, HQ_PROBLEM_MAX, "%.300s: %s", path, strerror(code));
    return code == EACCES || code == EPERM ? TALLY_E_NO_PERMISSION : TALLY_E_STORE_IO;
}

/* ------------------------------------------------------------------ files */

static int write_all(int file, struct tally_slice bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        ssize_t written = write(file, bytes.data + at, bytes.len - at);
        if (written < 0 && errno != EINTR) {
            return -1;
        }
        at += written > 0 ? (size_t)written : 0;
    }
    return fsync(file);
}

/* Durable and 0600 before it has its name. */
static enum tally_status file_write(const char *dir, const char *name, struct tally_slice bytes,
                                    char problem[HQ_PROBLEM_MAX])
{
    char path[PATH_LEN_MAX], temporary[PATH_LEN_MAX];
    TALLY_TRY(path_make(path, dir, name));
    TALLY_TRY(path_make(temporary, dir, ".new"));
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return problem_errno(problem, temporary);
    }
    int result = write_all(file, bytes);
    if (close(file) != 0 || result != 0 || rename(temporary, path) != 0) {
        return problem_errno(problem, path);
    }
    return TALLY_OK;
}

static enum tally_status file_read(const char *dir, const char *name, struct tally_buffer *ret,
                                   char problem[HQ_PROBLEM_MAX])
{
    char path[PATH_LEN_MAX];
    TALLY_TRY(path_make(path, dir, name));
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        enum tally_status status = problem_errno(problem, path);
        return errno == ENOENT ? TALLY_E_NOT_FOUND : status;
    }
    enum tally_status status = tally_buffer_reserve(ret, FILE_LEN_MAX);
    while (status == TALLY_OK) {
        ssize_t got = read(file, ret->data + ret->len, FILE_LEN_MAX - ret->len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            status = problem_errno(problem, path);
        } else if (got == 0) {
            break;
        } else {
            ret->len += (size_t)got;
        }
    }
    close(file);
    return status;
}

static void dir_sync(const char *dir)
{
    int file = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
}

/* ------------------------------------------------------------------ certificates */

static struct tally_slice slice_of(const struct tally_buffer *buffer)
{
    return tally_buffer_slice(buffer);
}

static enum tally_status cert_make(enum tally_cert_use use, const char *name, int64_t now_ms,
                                   int64_t days, const struct tally_buffer *key,
                                   const struct hq_keys *issuer, struct tally_buffer *ret_cert)
{
    struct tally_cert_request request = {.use = use,
                                         .name = name,
                                         .not_before_ms = now_ms - day_ms,
                                         .not_after_ms = now_ms + days * day_ms};
    TALLY_TRY(tally_random(request.serial, sizeof request.serial));
    request.serial[0] = (request.serial[0] & 0x7f) | 0x01;
    struct tally_slice none = {NULL, 0};
    return tally_cert_issue(&request, slice_of(key), issuer ? slice_of(&issuer->ca_key) : none,
                            issuer ? slice_of(&issuer->ca_cert) : none, ret_cert);
}

static enum tally_status keys_make(struct hq_keys *keys, int64_t now_ms)
{
    TALLY_TRY(tally_key_generate(&keys->ca_key));
    TALLY_TRY(cert_make(TALLY_CERT_CA, "Tallystick head office", now_ms, CA_DAYS, &keys->ca_key,
                        NULL, &keys->ca_cert));
    TALLY_TRY(tally_key_generate(&keys->hq_key));
    TALLY_TRY(cert_make(TALLY_CERT_HQ, keys->names, now_ms, HQ_DAYS, &keys->hq_key, keys,
                        &keys->hq_cert));
    TALLY_TRY(tally_key_generate(&keys->programme_key));
    TALLY_TRY(tally_random(keys->card_key, sizeof keys->card_key));
    return tally_random(keys->data_key, sizeof keys->data_key);
}

static enum tally_status keys_write(const char *dir, const struct hq_keys *keys,
                                    char problem[HQ_PROBLEM_MAX])
{
    const struct {
        const char *name;
        struct tally_slice bytes;
    } files[] = {
        {"ca.key", slice_of(&keys->ca_key)},
        {"ca.crt", slice_of(&keys->ca_cert)},
        {"hq.key", slice_of(&keys->hq_key)},
        {"hq.crt", slice_of(&keys->hq_cert)},
        {"programme.key", slice_of(&keys->programme_key)},
        {"card.key", {keys->card_key, sizeof keys->card_key}},
        {"data.key", {keys->data_key, sizeof keys->data_key}},
        {"names", {(const uint8_t *)keys->names, strlen(keys->names)}},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TALLY_TRY(file_write(dir, files[i].name, files[i].bytes, problem));
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ names */

/* One or more of letters, digits, dots, dashes and colons (IPv6), comma between. */
static bool names_set(struct hq_keys *keys, const char *names)
{
    size_t len = strlen(names), in_name = 0;
    if (len == 0 || len >= sizeof keys->names) {
        return false;
    }
    for (size_t i = 0; i <= len; i++) {
        unsigned char c = (unsigned char)names[i];
        if (c == ',' || c == '\0') {
            if (in_name == 0) {
                return false;
            }
            in_name = 0;
        } else if (!isalnum(c) && strchr(".-:", c) == NULL) {
            return false;
        } else if (++in_name >= HQ_NAME_MAX) {
            return false;
        }
    }
    memcpy(keys->names, names, len + 1);
    size_t first = strcspn(names, ",");
    memcpy(keys->name, names, first);
    keys->name[first] = '\0';
    return true;
}

/* ------------------------------------------------------------------ init */

static enum tally_status mkdir_private(const char *path, char problem[HQ_PROBLEM_MAX])
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return problem_errno(problem, path);
    }
    return chmod(path, 0700) == 0 ? TALLY_OK : problem_errno(problem, path);
}

/* A store without keys is what an attempt cut short leaves, if nothing is in it. */
static enum tally_status old_store_remove(const char *dir, char problem[HQ_PROBLEM_MAX])
{
    struct hq_store *store = NULL;
    enum tally_status status = hq_store_open(dir, false, &store);
    if (status == TALLY_E_NOT_FOUND) {
        return TALLY_OK;
    }
    struct hq_counts counts = {0};
    if (status == TALLY_OK) {
        status = hq_store_counts(store, &counts);
    }
    hq_store_close(store);
    if (status == TALLY_OK && counts.terminals + counts.events + counts.programme_version > 0) {
        snprintf(problem, HQ_PROBLEM_MAX,
                 "%.300s has a store with data but no keys: put the keys back from a backup", dir);
        return TALLY_E_EXISTS;
    }
    if (status != TALLY_OK && status != TALLY_E_STORE_DAMAGED) {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s/hq.mdb: %s", dir, tally_status_text(status));
        return status;
    }
    char path[PATH_LEN_MAX];
    TALLY_TRY(path_make(path, dir, "hq.mdb"));
    if (unlink(path) != 0) {
        return problem_errno(problem, path);
    }
    return TALLY_OK;
}

static enum tally_status init_in(const char *dir, struct hq_keys *keys, int64_t now_ms,
                                 char problem[HQ_PROBLEM_MAX])
{
    char final[PATH_LEN_MAX], making[PATH_LEN_MAX];
    TALLY_TRY(path_make(final, dir, "keys"));
    TALLY_TRY(path_make(making, dir, "keys.new"));
    TALLY_TRY(mkdir_private(dir, problem));
    if (access(final, F_OK) == 0) {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s is a head office already", dir);
        return TALLY_E_EXISTS;
    }
    TALLY_TRY(old_store_remove(dir, problem));
    TALLY_TRY(mkdir_private(making, problem));
    TALLY_TRY(keys_make(keys, now_ms));
    TALLY_TRY(keys_write(making, keys, problem));
    struct hq_store *store = NULL;
    TALLY_TRY(hq_store_open(dir, true, &store));
    hq_store_close(store);
    TALLY_TRY(file_write(dir, "changed", (struct tally_slice){NULL, 0}, problem));
    dir_sync(making);
    if (rename(making, final) != 0) {
        return problem_errno(problem, final);
    }
    dir_sync(dir);
    return TALLY_OK;
}

enum tally_status hq_dir_init(const char *dir, const char *names, int64_t now_ms,
                              char problem[HQ_PROBLEM_MAX])
{
    problem[0] = '\0';
    struct hq_keys keys = {0};
    if (!names_set(&keys, names)) {
        snprintf(problem, HQ_PROBLEM_MAX, "--name wants names or addresses, comma between");
        return TALLY_E_INVALID;
    }
    enum tally_status status = init_in(dir, &keys, now_ms, problem);
    if (status != TALLY_OK && problem[0] == '\0') {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s: %s", dir, tally_status_text(status));
    }
    hq_keys_free(&keys);
    return status;
}

/* ------------------------------------------------------------------ load */

static enum tally_status key_read(const char *dir, const char *name, uint8_t ret_key[TALLY_KEY_LEN],
                                  char problem[HQ_PROBLEM_MAX])
{
    struct tally_buffer bytes = {0};
    enum tally_status status = file_read(dir, name, &bytes, problem);
    if (status == TALLY_OK && bytes.len != TALLY_KEY_LEN) {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s/%s is not 32 bytes long", dir, name);
        status = TALLY_E_STORE_DAMAGED;
    }
    if (status == TALLY_OK) {
        memcpy(ret_key, bytes.data, TALLY_KEY_LEN);
    }
    tally_buffer_wipe(&bytes);
    return status;
}

static enum tally_status names_read(const char *dir, struct hq_keys *keys,
                                    char problem[HQ_PROBLEM_MAX])
{
    struct tally_buffer text = {0};
    enum tally_status status = file_read(dir, "names", &text, problem);
    if (status == TALLY_OK) {
        status = tally_buffer_append(&text, "", 1);
    }
    if (status == TALLY_OK && !names_set(keys, (const char *)text.data)) {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s/names is malformed", dir);
        status = TALLY_E_STORE_DAMAGED;
    }
    tally_buffer_free(&text);
    return status;
}

static enum tally_status keys_read(const char *dir, struct hq_keys *keys,
                                   char problem[HQ_PROBLEM_MAX])
{
    TALLY_TRY(file_read(dir, "ca.key", &keys->ca_key, problem));
    TALLY_TRY(file_read(dir, "ca.crt", &keys->ca_cert, problem));
    TALLY_TRY(file_read(dir, "hq.key", &keys->hq_key, problem));
    TALLY_TRY(file_read(dir, "hq.crt", &keys->hq_cert, problem));
    TALLY_TRY(file_read(dir, "programme.key", &keys->programme_key, problem));
    TALLY_TRY(key_read(dir, "card.key", keys->card_key, problem));
    TALLY_TRY(key_read(dir, "data.key", keys->data_key, problem));
    TALLY_TRY(names_read(dir, keys, problem));
    return tally_key_public(slice_of(&keys->programme_key), &keys->programme_public);
}

enum tally_status hq_keys_load(const char *dir, struct hq_keys *ret_keys,
                               char problem[HQ_PROBLEM_MAX])
{
    problem[0] = '\0';
    struct hq_keys keys = {0};
    char path[PATH_LEN_MAX];
    TALLY_TRY(path_make(path, dir, "keys"));
    if (access(path, F_OK) != 0) {
        snprintf(problem, HQ_PROBLEM_MAX, "%.300s is not a head office: make one with 'init'", dir);
        return TALLY_E_NOT_FOUND;
    }
    enum tally_status status = keys_read(path, &keys, problem);
    if (status != TALLY_OK) {
        if (problem[0] == '\0') {
            snprintf(problem, HQ_PROBLEM_MAX, "%.300s: %s", path, tally_status_text(status));
        }
        hq_keys_free(&keys);
        return status;
    }
    *ret_keys = keys;
    return TALLY_OK;
}

void hq_keys_free(struct hq_keys *keys)
{
    tally_buffer_wipe(&keys->ca_key);
    tally_buffer_free(&keys->ca_cert);
    tally_buffer_wipe(&keys->hq_key);
    tally_buffer_free(&keys->hq_cert);
    tally_buffer_wipe(&keys->programme_key);
    tally_buffer_free(&keys->programme_public);
    explicit_bzero(keys, sizeof *keys);
}

enum tally_status hq_keys_renew(const char *dir, struct hq_keys *keys, int64_t now_ms,
                                bool *ret_renewed, char problem[HQ_PROBLEM_MAX])
{
    problem[0] = '\0';
    int64_t from_ms = 0, to_ms = 0;
    TALLY_TRY(tally_cert_validity(slice_of(&keys->hq_cert), &from_ms, &to_ms));
    if (from_ms <= now_ms && to_ms - now_ms > RENEW_DAYS * day_ms) {
        *ret_renewed = false;
        return TALLY_OK;
    }
    char path[PATH_LEN_MAX];
    TALLY_TRY(path_make(path, dir, "keys"));
    struct tally_buffer cert = {0};
    enum tally_status status =
        cert_make(TALLY_CERT_HQ, keys->names, now_ms, HQ_DAYS, &keys->hq_key, keys, &cert);
    if (status == TALLY_OK) {
        status = file_write(path, "hq.crt", slice_of(&cert), problem);
    }
    if (status != TALLY_OK) {
        tally_buffer_free(&cert);
        return status;
    }
    tally_buffer_free(&keys->hq_cert);
    keys->hq_cert = cert;
    *ret_renewed = true;
    return TALLY_OK;
}

void hq_dir_touch(const char *dir)
{
    char path[PATH_LEN_MAX];
    if (path_make(path, dir, "changed") != TALLY_OK) {
        return;
    }
    /* Written in place: the server watches this very file. */
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) {
        ssize_t written = write(file, "\n", 1);
        (void)written; /* the modification itself is the message */
        close(file);
    }
}
