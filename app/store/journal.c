/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: preallocated segments, one write and one fdatasync for each record, and a recovery
 * that cuts a torn tail but never damage before it. */
#include "app/store/journal.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/base/alloc.h"
#include "app/crypto/crypto.h"
#include "app/store/files.h"

enum {
    FORMAT_VERSION = 1,
    RECORD_TYPE_EVENT = 1,
    RECORD_ALIGN = 8,
    SEGMENT_NAME_LEN = 25, /* "eeeeeeee-nnnnnnnn.journal" */
    ZEROS_LEN = 65536,
    HEADER_CRC_AT = 76
};

static const uint8_t header_magic[8] = {'T', 'A', 'L', 'L', 'Y', 'J', 'R', 'N'};
static const uint8_t zeros[ZEROS_LEN];

struct segment {
    uint32_t epoch;
    uint32_t number;
    uint64_t first_seq; /* 0: the header has not been read, or is not written yet */
};

struct journal {
    char *dir;
    struct segment *segments; /* by epoch, then number */
    size_t segment_count;
    size_t segment_cap;
    size_t current; /* index; meaningful when the head's epoch is not 0 */
    struct journal_head head;
    uint32_t offset; /* where the next record goes in the current segment */
    int fd;          /* of the current segment; -1: none */
    int read_fd;     /* of the segment read last */
    size_t read_index;
    uint64_t hint_seq; /* the record behind the one read last: where it would start */
    uint32_t hint_offset;
    size_t hint_index;
    struct tally_buffer record;  /* what is being written */
    struct tally_buffer segment; /* what is being walked */
    bool recovered;
    bool broken;
};

/* ------------------------------------------------------------------ segments and their names */

static void segment_name(const struct segment *segment, char ret_name[SEGMENT_NAME_LEN + 1])
{
    snprintf(ret_name, SEGMENT_NAME_LEN + 1, "%08" PRIx32 "-%08" PRIx32 ".journal", segment->epoch,
             segment->number);
}

static bool segment_from_name(const char *name, struct segment *ret_segment)
{
    struct segment segment = {0};
    char again[SEGMENT_NAME_LEN + 1];
    if (strlen(name) != SEGMENT_NAME_LEN ||
        sscanf(name, "%8" SCNx32 "-%8" SCNx32 ".journal", &segment.epoch, &segment.number) != 2) {
        return false;
    }
    segment_name(&segment, again);
    if (strcmp(name, again) != 0 || segment.epoch == 0 || segment.number == 0) {
        return false;
    }
    *ret_segment = segment;
    return true;
}

static int segment_compare(const void *left, const void *right)
{
    const struct segment *a = left, *b = right;
    if (a->epoch != b->epoch) {
        return a->epoch < b->epoch ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

static enum tally_status add_segment(struct journal *journal, const struct segment *segment)
{
    if (journal->segment_count == journal->segment_cap) {
        size_t cap = journal->segment_cap == 0 ? 16 : journal->segment_cap * 2;
        struct segment *grown = tally_realloc(journal->segments, cap, sizeof *grown);
        if (grown == NULL) {
            return TALLY_E_NO_MEMORY;
        }
        journal->segments = grown;
        journal->segment_cap = cap;
    }
    journal->segments[journal->segment_count++] = *segment;
    return TALLY_OK;
}

static enum tally_status open_segment(const struct journal *journal, size_t index, int flags,
                                      int *ret_fd)
{
    char name[SEGMENT_NAME_LEN + 1], path[FILE_PATH_LEN_MAX];
    segment_name(&journal->segments[index], name);
    TALLY_TRY(file_path(path, journal->dir, name, ""));
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? TALLY_E_STORE_DAMAGED : status_from_errno(errno);
    }
    *ret_fd = fd;
    return TALLY_OK;
}

/* A file of real zeros, with `header` (may be NULL) at its beginning. Not fallocate: a first write
 * into an unwritten extent costs a commit of the file system's metadata at each fdatasync. */
static enum tally_status make_segment(struct journal *journal, const struct segment *segment,
                                      const uint8_t *header)
{
    char name[SEGMENT_NAME_LEN + 1], path[FILE_PATH_LEN_MAX], temporary[FILE_PATH_LEN_MAX];
    segment_name(segment, name);
    TALLY_TRY(file_path(path, journal->dir, name, ""));
    TALLY_TRY(file_path(temporary, journal->dir, name, ".new"));
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum tally_status status = TALLY_OK;
    for (uint32_t at = 0; at < JOURNAL_SEGMENT_LEN && status == TALLY_OK; at += ZEROS_LEN) {
        status = file_write_at(fd, zeros, ZEROS_LEN, at);
    }
    if (status == TALLY_OK && header != NULL) {
        status = file_write_at(fd, header, JOURNAL_HEADER_LEN, 0);
    }
    if (status == TALLY_OK && fsync(fd) != 0) {
        status = status_from_errno(errno);
    }
    close(fd);
    if (status == TALLY_OK && rename(temporary, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status != TALLY_OK) {
        unlink(temporary);
        return status;
    }
    TALLY_TRY(file_sync_dir(journal->dir));
    return add_segment(journal, segment);
}

/* ------------------------------------------------------------------ headers */

struct header {
    uint32_t version;
    uint32_t terminal;
    uint32_t epoch;
    uint32_t number;
    uint64_t first_seq;
    uint8_t chain_before[TALLY_HASH_LEN];
};

static void encode_header(const struct header *header, uint8_t ret_page[JOURNAL_HEADER_LEN])
{
    memset(ret_page, 0, JOURNAL_HEADER_LEN);
    struct tally_writer to = {.data = ret_page, .cap = JOURNAL_HEADER_LEN};
    tally_write_bytes(&to, header_magic, sizeof header_magic);
    tally_write_le(&to, 4, header->version);
    tally_write_le(&to, 4, header->terminal);
    tally_write_le(&to, 4, header->epoch);
    tally_write_le(&to, 4, header->number);
    tally_write_le(&to, 8, header->first_seq);
    tally_write_bytes(&to, header->chain_before, TALLY_HASH_LEN);
    tally_write_le(&to, 4, JOURNAL_SEGMENT_LEN);
    to.at = HEADER_CRC_AT;
    tally_write_le(&to, 4, tally_crc32c(0, ret_page, HEADER_CRC_AT));
    assert(!to.failed);
}

/* TALLY_OK, TALLY_E_STORE_VERSION, TALLY_E_STORE_DAMAGED (not a header, or a torn one) */
static enum tally_status decode_header(const uint8_t page[JOURNAL_HEADER_LEN],
                                       struct header *ret_header)
{
    struct tally_reader from = {.data = page, .len = JOURNAL_HEADER_LEN};
    struct tally_slice magic = tally_read_slice(&from, sizeof header_magic);
    struct header header;
    header.version = (uint32_t)tally_read_le(&from, 4);
    header.terminal = (uint32_t)tally_read_le(&from, 4);
    header.epoch = (uint32_t)tally_read_le(&from, 4);
    header.number = (uint32_t)tally_read_le(&from, 4);
    header.first_seq = tally_read_le(&from, 8);
    memcpy(header.chain_before, tally_read_slice(&from, TALLY_HASH_LEN).data, TALLY_HASH_LEN);
    uint32_t segment_len = (uint32_t)tally_read_le(&from, 4);
    from.at = HEADER_CRC_AT;
    uint32_t crc = (uint32_t)tally_read_le(&from, 4);
    if (memcmp(magic.data, header_magic, sizeof header_magic) != 0 ||
        crc != tally_crc32c(0, page, HEADER_CRC_AT)) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (header.version > FORMAT_VERSION) {
        return TALLY_E_STORE_VERSION;
    }
    if (header.first_seq == 0 || segment_len != JOURNAL_SEGMENT_LEN) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_header = header;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ records */

static size_t record_len(size_t event_len, size_t sidecar_len)
{
    size_t len = JOURNAL_RECORD_HEADER_LEN + event_len + sidecar_len;
    return (len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    while (len >= ZEROS_LEN) {
        if (memcmp(bytes, zeros, ZEROS_LEN) != 0) {
            return false;
        }
        bytes += ZEROS_LEN;
        len -= ZEROS_LEN;
    }
    return memcmp(bytes, zeros, len) == 0;
}

enum parsed { PARSED_BAD = 0, PARSED_END, PARSED_RECORD };

/* What stands at `offset` of a whole segment in memory. Only the checksum is judged here. */
static enum parsed parse_record(const uint8_t *segment, uint32_t offset,
                                struct journal_record *ret_record, uint32_t *ret_next)
{
    const uint8_t *at = segment + offset;
    size_t left = JOURNAL_SEGMENT_LEN - offset;
    if (left < JOURNAL_RECORD_HEADER_LEN || all_zero(at, JOURNAL_RECORD_HEADER_LEN)) {
        return all_zero(at, left) ? PARSED_END : PARSED_BAD;
    }
    size_t event_len = (size_t)tally_load_le(at + 4, 4);
    size_t sidecar_len = (size_t)tally_load_le(at + 8, 4);
    if (event_len == 0 || event_len > left || sidecar_len > left || at[12] != RECORD_TYPE_EVENT) {
        return PARSED_BAD;
    }
    size_t len = record_len(event_len, sidecar_len);
    if (len > left || tally_load_le(at, 4) != tally_crc32c(0, at + 4, len - 4)) {
        return PARSED_BAD;
    }
    ret_record->epoch = (uint32_t)tally_load_le(at + 16, 4);
    ret_record->terminal = (uint32_t)tally_load_le(at + 20, 4);
    ret_record->seq = tally_load_le(at + 24, 8);
    memcpy(ret_record->chain, at + 32, TALLY_HASH_LEN);
    ret_record->event = (struct tally_slice){at + JOURNAL_RECORD_HEADER_LEN, event_len};
    ret_record->sidecar =
        (struct tally_slice){at + JOURNAL_RECORD_HEADER_LEN + event_len, sidecar_len};
    *ret_next = offset + (uint32_t)len;
    return PARSED_RECORD;
}

/* Whether a whole record newer than `seq` stands anywhere behind `offset`: then what is bad there
 * is not the tail of a write that was cut short, since each write waits for the one before it. */
static bool newer_record_behind(const uint8_t *segment, uint32_t offset, uint32_t epoch,
                                uint64_t seq)
{
    uint32_t at = offset < JOURNAL_HEADER_LEN ? JOURNAL_HEADER_LEN : offset;
    for (; at + JOURNAL_RECORD_HEADER_LEN < JOURNAL_SEGMENT_LEN; at += RECORD_ALIGN) {
        if (segment[at + 12] != RECORD_TYPE_EVENT || tally_load_le(segment + at + 16, 4) != epoch ||
            tally_load_le(segment + at + 24, 8) <= seq) {
            continue;
        }
        struct journal_record record;
        uint32_t next;
        if (parse_record(segment, at, &record, &next) == PARSED_RECORD) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ walking */

struct walk {
    const struct journal_mark *from;
    journal_visit visit; /* may be NULL */
    void *context;
    bool passed; /* `from` has been met */
    /* where it stands */
    uint32_t terminal;
    struct journal_mark at;
    size_t index;
    uint32_t offset;
    /* set when a bad record ends it */
    bool torn;
    size_t torn_index;
    uint32_t torn_offset;
};

static enum tally_status load_segment(struct journal *journal, size_t index, bool *ret_short)
{
    journal->segment.len = 0;
    TALLY_TRY(tally_buffer_reserve(&journal->segment, JOURNAL_SEGMENT_LEN));
    int fd = -1;
    TALLY_TRY(open_segment(journal, index, O_RDONLY, &fd));
    size_t got = 0;
    enum tally_status status =
        file_read_at(fd, journal->segment.data, JOURNAL_SEGMENT_LEN, 0, &got);
    close(fd);
    TALLY_TRY(status);
    memset(journal->segment.data + got, 0, JOURNAL_SEGMENT_LEN - got);
    journal->segment.len = JOURNAL_SEGMENT_LEN;
    *ret_short = got < JOURNAL_SEGMENT_LEN;
    return TALLY_OK;
}

/* Compares `from` with the point where the walk stands. */
static enum tally_status pass_from(struct walk *walk)
{
    if (walk->passed || walk->at.epoch != walk->from->epoch || walk->at.seq != walk->from->seq) {
        return TALLY_OK;
    }
    if (memcmp(walk->at.chain, walk->from->chain, TALLY_HASH_LEN) != 0) {
        return TALLY_E_MISMATCH;
    }
    walk->passed = true;
    return TALLY_OK;
}

static enum tally_status enter_segment(struct journal *journal, struct walk *walk, size_t index,
                                       const struct header *header, bool first)
{
    struct segment *segment = &journal->segments[index];
    if (header->epoch != segment->epoch || header->number != segment->number) {
        return TALLY_E_STORE_DAMAGED;
    }
    bool new_epoch = first || segment->epoch != walk->at.epoch;
    if (new_epoch && !first && segment->number != 1) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (segment->number == 1 &&
        (header->first_seq != 1 || !all_zero(header->chain_before, TALLY_HASH_LEN))) {
        return TALLY_E_STORE_DAMAGED;
    }
    if (!new_epoch && (header->first_seq != walk->at.seq + 1 ||
                       memcmp(header->chain_before, walk->at.chain, TALLY_HASH_LEN) != 0)) {
        return TALLY_E_STORE_DAMAGED;
    }
    segment->first_seq = header->first_seq;
    walk->terminal = header->terminal;
    walk->at.epoch = segment->epoch;
    walk->at.segment = segment->number;
    walk->at.seq = header->first_seq - 1;
    memcpy(walk->at.chain, header->chain_before, TALLY_HASH_LEN);
    walk->index = index;
    walk->offset = JOURNAL_HEADER_LEN;
    if (first && walk->from->epoch == segment->epoch && walk->from->seq < walk->at.seq) {
        return TALLY_E_MISMATCH;
    }
    return pass_from(walk);
}

static enum tally_status take_record(struct walk *walk, struct journal_record *record)
{
    uint8_t chain[TALLY_HASH_LEN];
    TALLY_TRY(tally_chain_next(walk->at.chain, record->event, chain));
    if (record->epoch != walk->at.epoch || record->terminal != walk->terminal ||
        record->seq != walk->at.seq + 1 || memcmp(chain, record->chain, TALLY_HASH_LEN) != 0) {
        return TALLY_E_STORE_DAMAGED;
    }
    record->segment = walk->at.segment;
    walk->at.seq = record->seq;
    memcpy(walk->at.chain, chain, TALLY_HASH_LEN);
    if (walk->passed) {
        return walk->visit == NULL ? TALLY_OK : walk->visit(walk->context, record);
    }
    return pass_from(walk);
}

static void mark_torn(struct walk *walk, size_t index, uint32_t offset)
{
    walk->torn = true;
    walk->torn_index = index;
    walk->torn_offset = offset;
}

static enum tally_status walk_segment(struct journal *journal, struct walk *walk, size_t index,
                                      bool first)
{
    bool short_file = false; /* what is missing reads as zeros */
    TALLY_TRY(load_segment(journal, index, &short_file));
    const uint8_t *bytes = journal->segment.data;
    if (walk->torn) { /* nothing may stand behind a torn record */
        struct header header;
        bool newer = decode_header(bytes, &header) == TALLY_OK ||
                     newer_record_behind(bytes, 0, walk->at.epoch, walk->at.seq + 1);
        return newer ? TALLY_E_STORE_DAMAGED : TALLY_OK;
    }
    if (!first && all_zero(bytes, JOURNAL_SEGMENT_LEN)) {
        return TALLY_OK; /* made ahead of time */
    }
    struct header header;
    enum tally_status status = decode_header(bytes, &header);
    if (status == TALLY_E_STORE_DAMAGED && !first &&
        journal->segments[index].epoch == walk->at.epoch) {
        mark_torn(walk, index, 0); /* the write of header page and first record was cut */
        return newer_record_behind(bytes, 0, walk->at.epoch, walk->at.seq + 1)
                   ? TALLY_E_STORE_DAMAGED
                   : TALLY_OK;
    }
    TALLY_TRY(status);
    TALLY_TRY(enter_segment(journal, walk, index, &header, first));
    for (;;) {
        struct journal_record record;
        uint32_t next = 0;
        enum parsed parsed = parse_record(bytes, walk->offset, &record, &next);
        if (parsed == PARSED_END) {
            return TALLY_OK;
        }
        if (parsed == PARSED_BAD) {
            mark_torn(walk, index, walk->offset);
            return newer_record_behind(bytes, walk->offset, walk->at.epoch, walk->at.seq + 1)
                       ? TALLY_E_STORE_DAMAGED
                       : TALLY_OK;
        }
        TALLY_TRY(take_record(walk, &record));
        walk->offset = next;
    }
}

static enum tally_status walk_all(struct journal *journal, struct walk *walk,
                                  void (*percent)(void *context, unsigned percent))
{
    size_t start = 0;
    if (walk->from->epoch == 0) {
        walk->passed = true;
    } else {
        while (start < journal->segment_count &&
               (journal->segments[start].epoch != walk->from->epoch ||
                journal->segments[start].number != walk->from->segment)) {
            start++;
        }
        if (start == journal->segment_count) {
            return TALLY_E_STORE_DAMAGED;
        }
    }
    for (size_t i = start; i < journal->segment_count; i++) {
        if (walk->torn && journal->segments[i].epoch != walk->at.epoch) {
            return TALLY_E_STORE_DAMAGED; /* an epoch starts only behind a clean end */
        }
        TALLY_TRY(walk_segment(journal, walk, i, i == start));
        if (percent != NULL) {
            percent(walk->context, (unsigned)((i + 1 - start) * 100 / journal->segment_count));
        }
    }
    return walk->passed ? TALLY_OK : TALLY_E_STORE_DAMAGED;
}

enum tally_status journal_walk(struct journal *journal, const struct journal_mark *from,
                               journal_visit visit,
                               void (*percent)(void *context, unsigned percent), void *context)
{
    struct walk walk = {.from = from, .visit = visit, .context = context};
    TALLY_TRY(walk_all(journal, &walk, percent));
    bool whole = !walk.torn && walk.at.epoch == journal->head.mark.epoch &&
                 walk.at.seq == journal->head.mark.seq;
    return whole ? TALLY_OK : TALLY_E_STORE_DAMAGED;
}

/* ------------------------------------------------------------------ opening */

static enum tally_status list_segments(struct journal *journal)
{
    DIR *dir = opendir(journal->dir);
    if (dir == NULL) {
        return status_from_errno(errno);
    }
    enum tally_status status = TALLY_OK;
    while (status == TALLY_OK) {
        struct segment segment;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) { /* a segment that is overlooked would be sales that are forgotten */
            status = errno == 0 ? TALLY_OK : TALLY_E_STORE_IO;
            break;
        }
        if (segment_from_name(entry->d_name, &segment)) {
            status = add_segment(journal, &segment);
        }
    }
    closedir(dir);
    TALLY_TRY(status);
    if (journal->segment_count > 1) {
        qsort(journal->segments, journal->segment_count, sizeof *journal->segments,
              segment_compare);
    }
    for (size_t i = 1; i < journal->segment_count; i++) {
        const struct segment *before = &journal->segments[i - 1], *here = &journal->segments[i];
        if (here->epoch == before->epoch ? here->number != before->number + 1 : here->number != 1) {
            return TALLY_E_STORE_DAMAGED;
        }
    }
    return TALLY_OK;
}

/* A newer program's journal must be left alone, so its version is looked at before anything
 * else. */
static enum tally_status check_versions(struct journal *journal)
{
    for (size_t i = journal->segment_count; i > 0; i--) {
        uint8_t page[JOURNAL_HEADER_LEN] = {0};
        int fd = -1;
        size_t got = 0;
        TALLY_TRY(open_segment(journal, i - 1, O_RDONLY, &fd));
        enum tally_status status = file_read_at(fd, page, sizeof page, 0, &got);
        close(fd);
        TALLY_TRY(status);
        struct header header;
        status = decode_header(page, &header);
        if (status != TALLY_E_STORE_DAMAGED) {
            return status; /* the newest header that is there */
        }
    }
    return TALLY_OK;
}

static enum tally_status journal_find(const char *dir, bool makes, struct journal **ret_journal)
{
    struct journal *journal = tally_alloc(1, sizeof *journal);
    if (journal == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    journal->fd = -1;
    journal->read_fd = -1;
    enum tally_status status = TALLY_E_NO_MEMORY;
    journal->dir = tally_copy_text(dir);
    if (journal->dir != NULL) {
        status = makes ? file_make_dir(dir, NULL) : TALLY_OK;
    }
    if (status == TALLY_OK) {
        status = list_segments(journal);
    }
    if (status == TALLY_OK) {
        status = check_versions(journal);
    }
    if (status != TALLY_OK) {
        journal_close(journal);
        return status;
    }
    *ret_journal = journal;
    return TALLY_OK;
}

enum tally_status journal_open(const char *dir, struct journal **ret_journal)
{
    return journal_find(dir, true, ret_journal);
}

enum tally_status journal_show(const char *dir, journal_visit visit, void *context)
{
    const struct journal_mark beginning = {.epoch = 0};
    struct walk walk = {.from = &beginning, .visit = visit, .context = context};
    struct journal *journal = NULL;
    TALLY_TRY(journal_find(dir, false, &journal));
    enum tally_status status =
        journal->segment_count == 0 ? TALLY_E_NOT_FOUND : walk_all(journal, &walk, NULL);
    journal_close(journal);
    return status; /* a torn end is being written, or was when the power went */
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    if (journal->read_fd >= 0) {
        close(journal->read_fd);
    }
    tally_buffer_free(&journal->record);
    tally_buffer_free(&journal->segment);
    tally_free(journal->segments);
    tally_free(journal->dir);
    tally_free(journal);
}

/* Puts zeros over everything behind `offset` of a segment, where there is anything else. */
static enum tally_status clear_behind(struct journal *journal, size_t index, uint32_t offset,
                                      uint64_t *ret_cut)
{
    bool short_file = false;
    TALLY_TRY(load_segment(journal, index, &short_file));
    uint32_t end = JOURNAL_SEGMENT_LEN;
    while (end > offset && journal->segment.data[end - 1] == 0) {
        end--;
    }
    *ret_cut += end - offset;
    if (end == offset && !short_file) {
        return TALLY_OK;
    }
    int fd = -1;
    TALLY_TRY(open_segment(journal, index, O_WRONLY, &fd));
    enum tally_status status = TALLY_OK;
    for (uint32_t at = offset; at < JOURNAL_SEGMENT_LEN && status == TALLY_OK;) {
        uint32_t len = JOURNAL_SEGMENT_LEN - at < ZEROS_LEN ? JOURNAL_SEGMENT_LEN - at : ZEROS_LEN;
        status = file_write_at(fd, zeros, len, at);
        at += len;
    }
    if (status == TALLY_OK && fsync(fd) != 0) {
        status = status_from_errno(errno);
    }
    close(fd);
    return status;
}

enum tally_status journal_recover(struct journal *journal, const struct journal_mark *from,
                                  uint64_t *ret_cut_bytes)
{
    uint64_t cut = 0;
    if (journal->recovered) {
        *ret_cut_bytes = 0;
        return TALLY_OK;
    }
    if (journal->segment_count == 0) {
        if (from->epoch != 0) {
            return TALLY_E_STORE_DAMAGED;
        }
        journal->recovered = true;
        *ret_cut_bytes = 0;
        return TALLY_OK;
    }
    struct walk walk = {.from = from};
    TALLY_TRY(walk_all(journal, &walk, NULL));
    if (walk.at.epoch != journal->segments[journal->segment_count - 1].epoch) {
        return TALLY_E_STORE_DAMAGED; /* the newest epoch has no header */
    }
    for (size_t i = walk.index; i < journal->segment_count; i++) {
        TALLY_TRY(clear_behind(journal, i, i == walk.index ? walk.offset : 0, &cut));
    }
    TALLY_TRY(open_segment(journal, walk.index, O_RDWR, &journal->fd));
    journal->current = walk.index;
    journal->offset = walk.offset;
    journal->head.terminal = walk.terminal;
    journal->head.mark = walk.at;
    journal->recovered = true;
    tally_buffer_free(&journal->segment); /* a megabyte that is seldom needed again */
    *ret_cut_bytes = cut;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ writing */

void journal_head(const struct journal *journal, struct journal_head *ret_head)
{
    *ret_head = journal->head;
}

uint64_t journal_bytes(const struct journal *journal)
{
    return (uint64_t)journal->segment_count * JOURNAL_SEGMENT_LEN;
}

enum tally_status journal_start_epoch(struct journal *journal, uint32_t terminal, uint32_t epoch)
{
    assert(journal->recovered);
    if (journal->broken) {
        return TALLY_E_STORE_IO;
    }
    if (terminal == 0 || epoch == 0) {
        return TALLY_E_INVALID;
    }
    if (epoch <= journal->head.mark.epoch) {
        return TALLY_E_EXISTS;
    }
    struct segment segment = {.epoch = epoch, .number = 1, .first_seq = 1};
    struct header header = {.version = FORMAT_VERSION,
                            .terminal = terminal,
                            .epoch = epoch,
                            .number = 1,
                            .first_seq = 1};
    uint8_t page[JOURNAL_HEADER_LEN];
    encode_header(&header, page);
    TALLY_TRY(make_segment(journal, &segment, page));
    int fd = -1;
    TALLY_TRY(open_segment(journal, journal->segment_count - 1, O_RDWR, &fd));
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    journal->fd = fd;
    journal->current = journal->segment_count - 1;
    journal->offset = JOURNAL_HEADER_LEN;
    journal->head =
        (struct journal_head){.terminal = terminal, .mark = {.epoch = epoch, .segment = 1}};
    journal->hint_seq = 0;
    return TALLY_OK;
}

static bool has_spare(const struct journal *journal)
{
    return journal->current + 1 < journal->segment_count;
}

bool journal_wants_segment(const struct journal *journal)
{
    return journal->head.mark.epoch != 0 && !journal->broken && !has_spare(journal) &&
           journal->offset > JOURNAL_SEGMENT_LEN / 2;
}

enum tally_status journal_prepare(struct journal *journal)
{
    if (journal->head.mark.epoch == 0 || has_spare(journal)) {
        return TALLY_OK;
    }
    struct segment next = {.epoch = journal->head.mark.epoch,
                           .number = journal->segments[journal->current].number + 1};
    return make_segment(journal, &next, NULL);
}

static void put_record(const struct journal *journal, uint8_t *at, size_t len,
                       struct tally_slice event, struct tally_slice sidecar,
                       const uint8_t chain_after[TALLY_HASH_LEN])
{
    struct tally_writer to = {.data = at, .cap = len};
    tally_write_le(&to, 4, 0);
    tally_write_le(&to, 4, event.len);
    tally_write_le(&to, 4, sidecar.len);
    tally_write_le(&to, 4, RECORD_TYPE_EVENT);
    tally_write_le(&to, 4, journal->head.mark.epoch);
    tally_write_le(&to, 4, journal->head.terminal);
    tally_write_le(&to, 8, journal->head.mark.seq + 1);
    tally_write_bytes(&to, chain_after, TALLY_HASH_LEN);
    tally_write_bytes(&to, event.data, event.len);
    tally_write_bytes(&to, sidecar.data, sidecar.len);
    memset(at + to.at, 0, len - to.at);
    assert(!to.failed);
    tally_store_le(at, 4, tally_crc32c(0, at + 4, len - 4));
}

/* One write and one sync, at `offset` of the segment behind `fd`. */
static enum tally_status write_durably(struct journal *journal, int fd, uint32_t offset)
{
    enum tally_status status = file_write_at(fd, journal->record.data, journal->record.len, offset);
    if (status == TALLY_OK && fdatasync(fd) != 0) {
        status = TALLY_E_STORE_IO;
    }
    if (status != TALLY_OK) {
        journal->broken = true;
        return TALLY_E_STORE_IO;
    }
    return TALLY_OK;
}

enum tally_status journal_append(struct journal *journal, struct tally_slice event,
                                 struct tally_slice sidecar,
                                 const uint8_t chain_after[TALLY_HASH_LEN])
{
    if (journal->broken) {
        return TALLY_E_STORE_IO;
    }
    if (journal->head.mark.epoch == 0) {
        return TALLY_E_NOT_READY;
    }
    if (event.len == 0 || event.len > JOURNAL_RECORD_LEN_MAX ||
        sidecar.len > JOURNAL_RECORD_LEN_MAX ||
        record_len(event.len, sidecar.len) > JOURNAL_RECORD_LEN_MAX) {
        return TALLY_E_INVALID;
    }
    size_t len = record_len(event.len, sidecar.len);
    bool roll = len > JOURNAL_SEGMENT_LEN - journal->offset;
    size_t header_len = roll ? JOURNAL_HEADER_LEN : 0;
    journal->record.len = 0;
    TALLY_TRY(tally_buffer_reserve(&journal->record, header_len + len));
    journal->record.len = header_len + len;
    put_record(journal, journal->record.data + header_len, len, event, sidecar, chain_after);
    int fd = journal->fd;
    if (roll) {
        TALLY_TRY(journal_prepare(journal));
        struct segment *next = &journal->segments[journal->current + 1];
        struct header header = {.version = FORMAT_VERSION,
                                .terminal = journal->head.terminal,
                                .epoch = next->epoch,
                                .number = next->number,
                                .first_seq = journal->head.mark.seq + 1};
        memcpy(header.chain_before, journal->head.mark.chain, TALLY_HASH_LEN);
        encode_header(&header, journal->record.data);
        TALLY_TRY(open_segment(journal, journal->current + 1, O_RDWR, &fd));
    }
    enum tally_status status = write_durably(journal, fd, roll ? 0 : journal->offset);
    if (status != TALLY_OK) {
        if (roll) {
            close(fd);
        }
        return status;
    }
    if (roll) {
        close(journal->fd);
        journal->fd = fd;
        journal->current++;
        journal->segments[journal->current].first_seq = journal->head.mark.seq + 1;
        journal->head.mark.segment = journal->segments[journal->current].number;
        journal->offset = 0;
    }
    journal->offset += (uint32_t)(header_len + len);
    journal->head.mark.seq++;
    memcpy(journal->head.mark.chain, chain_after, TALLY_HASH_LEN);
    return TALLY_OK;
}

/* ------------------------------------------------------------------ reading one record */

static enum tally_status read_segment_fd(struct journal *journal, size_t index, int *ret_fd)
{
    if (index == journal->current) {
        *ret_fd = journal->fd;
        return TALLY_OK;
    }
    if (journal->read_fd < 0 || journal->read_index != index) {
        int fd = -1;
        TALLY_TRY(open_segment(journal, index, O_RDONLY, &fd));
        if (journal->read_fd >= 0) {
            close(journal->read_fd);
        }
        journal->read_fd = fd;
        journal->read_index = index;
    }
    *ret_fd = journal->read_fd;
    return TALLY_OK;
}

static enum tally_status segment_first_seq(struct journal *journal, size_t index, uint64_t *ret_seq)
{
    struct segment *segment = &journal->segments[index];
    if (segment->first_seq == 0) {
        uint8_t page[JOURNAL_HEADER_LEN] = {0};
        struct header header;
        int fd = -1;
        size_t got = 0;
        TALLY_TRY(read_segment_fd(journal, index, &fd));
        TALLY_TRY(file_read_at(fd, page, sizeof page, 0, &got));
        if (all_zero(page, sizeof page)) { /* made ahead of time, and then came a new epoch */
            *ret_seq = UINT64_MAX;
            return TALLY_OK;
        }
        TALLY_TRY(decode_header(page, &header));
        segment->first_seq = header.first_seq;
    }
    *ret_seq = segment->first_seq;
    return TALLY_OK;
}

/* The newest segment of an epoch. TALLY_OK, TALLY_E_NOT_FOUND */
static enum tally_status newest_segment(const struct journal *journal, uint32_t epoch,
                                        size_t *ret_index)
{
    size_t index = journal->current + 1;
    while (index > 0 && journal->segments[index - 1].epoch > epoch) {
        index--;
    }
    if (index == 0 || journal->segments[index - 1].epoch != epoch) {
        return TALLY_E_NOT_FOUND;
    }
    *ret_index = index - 1;
    return TALLY_OK;
}

/* The segment of an epoch that holds `seq`, by halving: headers are the sparse index. */
static enum tally_status find_segment(struct journal *journal, uint32_t epoch, uint64_t seq,
                                      size_t *ret_index)
{
    size_t high = 0;
    TALLY_TRY(newest_segment(journal, epoch, &high));
    size_t low = high;
    while (low > 0 && journal->segments[low - 1].epoch == epoch) {
        low--;
    }
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        uint64_t first = 0;
        TALLY_TRY(segment_first_seq(journal, middle, &first));
        if (first <= seq) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    uint64_t first = 0;
    TALLY_TRY(segment_first_seq(journal, low, &first));
    *ret_index = low;
    return first <= seq ? TALLY_OK : TALLY_E_NOT_FOUND;
}

/* TALLY_OK, TALLY_E_NOT_FOUND (behind the last record), TALLY_E_STORE_DAMAGED */
static enum tally_status read_record_header(int fd, uint32_t offset, uint64_t seq, uint8_t *header,
                                            size_t *ret_event_len, size_t *ret_sidecar_len)
{
    if (offset > JOURNAL_SEGMENT_LEN - JOURNAL_RECORD_HEADER_LEN) {
        return TALLY_E_NOT_FOUND;
    }
    size_t got = 0;
    TALLY_TRY(file_read_at(fd, header, JOURNAL_RECORD_HEADER_LEN, offset, &got));
    if (all_zero(header, got)) {
        return TALLY_E_NOT_FOUND;
    }
    size_t event_len = (size_t)tally_load_le(header + 4, 4);
    size_t sidecar_len = (size_t)tally_load_le(header + 8, 4);
    if (got != JOURNAL_RECORD_HEADER_LEN || tally_load_le(header + 24, 8) != seq ||
        event_len > JOURNAL_SEGMENT_LEN || sidecar_len > JOURNAL_SEGMENT_LEN ||
        record_len(event_len, sidecar_len) > JOURNAL_SEGMENT_LEN - offset) {
        return TALLY_E_STORE_DAMAGED;
    }
    *ret_event_len = event_len;
    *ret_sidecar_len = sidecar_len;
    return TALLY_OK;
}

enum tally_status journal_read(struct journal *journal, uint32_t epoch, uint64_t seq,
                               struct tally_buffer *ret_event, struct tally_buffer *ret_sidecar,
                               uint8_t ret_chain[TALLY_HASH_LEN])
{
    const bool is_current = epoch == journal->head.mark.epoch;
    if (epoch == 0 || seq == 0 || (is_current && seq > journal->head.mark.seq)) {
        return TALLY_E_NOT_FOUND;
    }
    size_t index = 0;
    TALLY_TRY(find_segment(journal, epoch, seq, &index));
    uint64_t at_seq = 0;
    TALLY_TRY(segment_first_seq(journal, index, &at_seq));
    uint32_t offset = JOURNAL_HEADER_LEN;
    if (journal->hint_seq != 0 && journal->hint_index == index && journal->hint_seq <= seq) {
        at_seq = journal->hint_seq;
        offset = journal->hint_offset;
    }
    int fd = -1;
    TALLY_TRY(read_segment_fd(journal, index, &fd));
    uint8_t header[JOURNAL_RECORD_HEADER_LEN];
    size_t event_len = 0, sidecar_len = 0;
    for (;; at_seq++) {
        enum tally_status found =
            read_record_header(fd, offset, at_seq, header, &event_len, &sidecar_len);
        if (found != TALLY_OK) { /* of the current epoch it was known to be there */
            return found == TALLY_E_NOT_FOUND && is_current ? TALLY_E_STORE_DAMAGED : found;
        }
        if (at_seq == seq) {
            break;
        }
        offset += (uint32_t)record_len(event_len, sidecar_len);
    }
    size_t len = record_len(event_len, sidecar_len), got = 0;
    struct tally_buffer record = {0};
    enum tally_status status = tally_buffer_reserve(&record, len);
    if (status == TALLY_OK) {
        status = file_read_at(fd, record.data, len, offset, &got);
    }
    if (status == TALLY_OK && (got != len || tally_load_le(record.data, 4) !=
                                                 tally_crc32c(0, record.data + 4, len - 4))) {
        status = TALLY_E_STORE_DAMAGED;
    }
    size_t event_before = ret_event->len;
    if (status == TALLY_OK) {
        status = tally_buffer_append(ret_event, record.data + JOURNAL_RECORD_HEADER_LEN, event_len);
    }
    if (status == TALLY_OK) {
        status = tally_buffer_append(
            ret_sidecar, record.data + JOURNAL_RECORD_HEADER_LEN + event_len, sidecar_len);
        if (status != TALLY_OK) {
            ret_event->len = event_before;
        }
    }
    if (status == TALLY_OK) {
        memcpy(ret_chain, record.data + 32, TALLY_HASH_LEN);
        journal->hint_seq = seq + 1;
        journal->hint_index = index;
        journal->hint_offset = offset + (uint32_t)len;
    }
    tally_buffer_free(&record);
    return status;
}
