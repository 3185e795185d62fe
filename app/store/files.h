/* app/store/files.h: files that are whole or absent, and the one translation of errno.
 *
 * Units    lengths are bytes.
 * Memory   paths are borrowed.
 * Errors   TALLY_E_STORE_FULL for a full disk or quota, TALLY_E_NOT_FOUND for a missing file,
 *          TALLY_E_STORE_IO for all else.
 * Blocking file_write_whole and file_remove block for two disk syncs.
 * Threads  any. */
#ifndef TALLY_STORE_FILES_H
#define TALLY_STORE_FILES_H

#include "app/base/buffer.h"

enum { FILE_PATH_LEN_MAX = 1024 };

TALLY_MUST_USE enum tally_status status_from_errno(int error);

/* "<dir>/<name><suffix>" into `ret_path`. TALLY_OK, TALLY_E_INVALID (too long) */
TALLY_MUST_USE enum tally_status file_path(char ret_path[FILE_PATH_LEN_MAX], const char *dir,
                                           const char *name, const char *suffix);

/* Makes a directory with mode 0700 if it is missing; *ret_made (may be NULL) says so. */
TALLY_MUST_USE enum tally_status file_make_dir(const char *dir, bool *ret_made);

/* Makes the names in a directory durable. */
TALLY_MUST_USE enum tally_status file_sync_dir(const char *dir);

/* All bytes at one offset, in one write where the kernel takes it whole. */
TALLY_MUST_USE enum tally_status file_write_at(int fd, const void *bytes, size_t len,
                                               uint64_t offset);
/* Up to `len` bytes; fewer only at the end of the file. */
TALLY_MUST_USE enum tally_status file_read_at(int fd, void *bytes, size_t len, uint64_t offset,
                                              size_t *ret_len);

/* Temporary file, write, fsync, rename, fsync of the directory. Mode 0600. */
TALLY_MUST_USE enum tally_status file_write_whole(const char *dir, const char *name,
                                                  struct tally_slice bytes);
/* Appends the whole file. TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_STORE_DAMAGED (above `len_max`) */
TALLY_MUST_USE enum tally_status file_read_whole(const char *dir, const char *name, size_t len_max,
                                                 struct tally_buffer *ret_bytes);
/* Removes a file durably; a missing one is TALLY_OK. */
TALLY_MUST_USE enum tally_status file_remove(const char *dir, const char *name);

#endif
