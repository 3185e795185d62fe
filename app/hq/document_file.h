/* app/hq/document_file.h: a programme document from a file, with its mistakes said.
 *
 * Memory   the document is the caller's.
 * Threads  one. */
#ifndef TALLY_HQ_DOCUMENT_FILE_H
#define TALLY_HQ_DOCUMENT_FILE_H

#include "app/base/buffer.h"
#include "app/programme/document.h"

/* Reads and checks `path`; says every mistake on standard error as "FILE:LINE: PATH: what is
 * wrong". `ret_text` (may be NULL) gets the file's bytes, also when something is wrong with them.
 * Answers an exit code: HQ_EXIT_OK, HQ_EXIT_USAGE (mistakes), HQ_EXIT_FAILED (can't be read). */
int hq_document_load(const char *path, struct tally_buffer *ret_text,
                     struct tally_programme_document **ret_document);

#endif
