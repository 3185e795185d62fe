/* SPDX-License-Identifier: Apache-2.0 */
/* The journal alone: segments, going over to the next one, and what recovery cuts or refuses. */
#include "tests/unit/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/crypto/crypto.h"
#include "app/store/journal.h"
#include "tests/unit/store/faults.h"

enum { EVENT_LEN = 200, BIG_LEN = 300 * 1024 };

static const struct journal_mark beginning;

struct paper {
    char dir[64];
    struct journal *journal;
    uint64_t cut;
};

static struct paper a_journal(void)
{
    struct paper paper = {.dir = "/tmp/tally-journal-XXXXXX"};
    assert_non_null(mkdtemp(paper.dir));
    assert_status(TALLY_OK, journal_open(paper.dir, &paper.journal));
    assert_status(TALLY_OK, journal_recover(paper.journal, &beginning, &paper.cut));
    assert_status(TALLY_OK, journal_start_epoch(paper.journal, 7, 1));
    return paper;
}

static void paper_end(struct paper *paper)
{
    char command[128];
    journal_close(paper->journal);
    snprintf(command, sizeof command, "rm -r '%s'", paper->dir);
    assert_int_equal(0, system(command));
}

static enum tally_status reopen_from(struct paper *paper, const struct journal_mark *from)
{
    journal_close(paper->journal);
    paper->journal = NULL;
    TALLY_TRY(journal_open(paper->dir, &paper->journal));
    return journal_recover(paper->journal, from, &paper->cut);
}

static enum tally_status try_append(struct paper *paper, size_t len)
{
    static uint8_t event[JOURNAL_SEGMENT_LEN * 2];
    struct journal_head head;
    uint8_t chain[TALLY_HASH_LEN];
    journal_head(paper->journal, &head);
    memset(event, 0, len);
    for (size_t i = 0; i < len && i < 4096; i++) {
        event[i] = (uint8_t)(head.mark.seq + i);
    }
    TALLY_TRY(tally_chain_next(head.mark.chain, (struct tally_slice){event, len}, chain));
    return journal_append(paper->journal, (struct tally_slice){event, len}, text("side"), chain);
}

static void append(struct paper *paper, size_t len)
{
    assert_status(TALLY_OK, try_append(paper, len));
}

static enum tally_status count_record(void *context, const struct journal_record *record)
{
    uint64_t *count = context;
    (*count)++;
    assert_memory_equal("side", record->sidecar.data, 4);
    return TALLY_OK;
}

static uint64_t records(struct paper *paper)
{
    uint64_t count = 0;
    assert_status(TALLY_OK, journal_walk(paper->journal, &beginning, count_record, NULL, &count));
    return count;
}

static void segment_path(const struct paper *paper, unsigned epoch, unsigned number,
                         char ret_path[128])
{
    snprintf(ret_path, 128, "%s/%08x-%08x.journal", paper->dir, epoch, number);
}

static void change_byte(const struct paper *paper, unsigned number, size_t at)
{
    char path[128];
    segment_path(paper, 1, number, path);
    struct tally_buffer bytes = read_file(path);
    bytes.data[at] ^= 0x40;
    write_file(path, bytes.data, bytes.len);
    tally_buffer_free(&bytes);
}

static void one_record_is_one_write_and_one_sync(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    append(&paper, EVENT_LEN);
    faults_plan((struct fault_plan){0});
    append(&paper, EVENT_LEN);
    assert_int_equal(1, fault_writes);
    assert_int_equal(1, fault_syncs);
    paper_end(&paper);
}

static void going_over_to_a_prepared_segment_is_one_write_and_one_sync_too(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    append(&paper, BIG_LEN);
    assert_false(journal_wants_segment(paper.journal));
    append(&paper, BIG_LEN);
    assert_true(journal_wants_segment(paper.journal));
    assert_status(TALLY_OK, journal_prepare(paper.journal));
    assert_false(journal_wants_segment(paper.journal));
    append(&paper, BIG_LEN);
    faults_plan((struct fault_plan){0});
    append(&paper, BIG_LEN); /* does not fit any more */
    assert_int_equal(1, fault_writes);
    assert_int_equal(1, fault_syncs);
    assert_int_equal(4, records(&paper));
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(4, records(&paper));
    paper_end(&paper);
}

static void segments_follow_one_another_without_being_prepared(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    for (int i = 0; i < 20; i++) {
        append(&paper, BIG_LEN);
        append(&paper, EVENT_LEN);
    }
    assert_int_equal(40, records(&paper));
    assert_int_equal((uint64_t)7 << 20, journal_bytes(paper.journal));
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(0, paper.cut);
    for (uint64_t seq = 40; seq > 0; seq--) {
        struct tally_buffer event = {0}, side = {0};
        uint8_t chain[TALLY_HASH_LEN];
        assert_status(TALLY_OK, journal_read(paper.journal, 1, seq, &event, &side, chain));
        assert_int_equal(seq % 2 == 1 ? BIG_LEN : EVENT_LEN, event.len);
        assert_int_equal((uint8_t)(seq - 1), event.data[0]);
        tally_buffer_free(&event);
        tally_buffer_free(&side);
    }
    append(&paper, EVENT_LEN);
    assert_int_equal(41, records(&paper));
    paper_end(&paper);
}

static void a_record_longer_than_a_segment_is_refused(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    assert_status(TALLY_E_INVALID, try_append(&paper, JOURNAL_SEGMENT_LEN));
    assert_status(TALLY_E_INVALID, try_append(&paper, JOURNAL_RECORD_LEN_MAX - 64 - 3));
    append(&paper, JOURNAL_RECORD_LEN_MAX - 64 - 4);
    append(&paper, EVENT_LEN);
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(2, records(&paper));
    paper_end(&paper);
}

static void recovery_starts_at_the_segment_it_is_told(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    struct journal_head head;
    for (int i = 0; i < 8; i++) {
        append(&paper, BIG_LEN);
    }
    journal_head(paper.journal, &head);
    append(&paper, EVENT_LEN);
    change_byte(&paper, 1, 100000); /* long behind us */
    assert_status(TALLY_OK, reopen_from(&paper, &head.mark));
    struct journal_head now;
    journal_head(paper.journal, &now);
    assert_int_equal(9, now.mark.seq);
    assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &beginning));
    assert_status(TALLY_OK, reopen_from(&paper, &head.mark));
    paper_end(&paper);
}

static void a_mark_with_another_chain_is_not_of_this_journal(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    struct journal_head head;
    append(&paper, EVENT_LEN);
    append(&paper, EVENT_LEN);
    journal_head(paper.journal, &head);
    head.mark.chain[3] ^= 1;
    assert_status(TALLY_E_MISMATCH, reopen_from(&paper, &head.mark));
    head.mark.chain[3] ^= 1;
    assert_status(TALLY_OK, reopen_from(&paper, &head.mark));
    paper_end(&paper);
}

static void a_journal_that_ends_before_its_mark_is_damaged_and_left_alone(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    struct journal_head head;
    char path[128];
    append(&paper, EVENT_LEN);
    append(&paper, EVENT_LEN);
    journal_head(paper.journal, &head);
    change_byte(&paper, 1, JOURNAL_HEADER_LEN + 64 + EVENT_LEN + 8 + 64); /* in the last one */
    segment_path(&paper, 1, 1, path);
    struct tally_buffer before = read_file(path);
    assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &head.mark));
    struct tally_buffer after = read_file(path);
    assert_memory_equal(before.data, after.data, before.len);
    tally_buffer_free(&before);
    tally_buffer_free(&after);
    paper_end(&paper);
}

static void damage_before_the_tail_is_never_cut(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    size_t second = JOURNAL_HEADER_LEN + (64 + EVENT_LEN + 4 + 7) / 8 * 8;
    for (int i = 0; i < 3; i++) {
        append(&paper, EVENT_LEN);
    }
    for (size_t at = second; at < second + 64 + EVENT_LEN; at += 7) {
        change_byte(&paper, 1, at);
        assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &beginning));
        change_byte(&paper, 1, at);
    }
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(3, records(&paper));
    paper_end(&paper);
}

static void a_bad_or_missing_segment_in_the_middle_is_never_cut(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    char path[128], away[160];
    for (int i = 0; i < 8; i++) {
        append(&paper, BIG_LEN);
    }
    change_byte(&paper, 2, 20); /* its header */
    assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &beginning));
    change_byte(&paper, 2, 20);
    change_byte(&paper, 2, 3 * BIG_LEN); /* its last record */
    assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &beginning));
    change_byte(&paper, 2, 3 * BIG_LEN);
    segment_path(&paper, 1, 2, path);
    snprintf(away, sizeof away, "%s.away", path);
    assert_int_equal(0, rename(path, away));
    assert_status(TALLY_E_STORE_DAMAGED, reopen_from(&paper, &beginning));
    assert_int_equal(0, rename(away, path));
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(8, records(&paper));
    paper_end(&paper);
}

static void a_torn_first_record_of_a_segment_is_cut_with_its_header(void **state)
{
    (void)state;
    const size_t cuts[] = {1, 40, 79, 80, 4095, 4096, 4097, 4096 + 63, 4096 + 64, 4096 + BIG_LEN};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct paper paper = a_journal();
        char path[128];
        for (int n = 0; n < 4; n++) {
            append(&paper, BIG_LEN); /* the fourth opens segment 2 */
        }
        segment_path(&paper, 1, 2, path);
        assert_int_equal(0, truncate(path, (off_t)cuts[i]));
        assert_status(TALLY_OK, reopen_from(&paper, &beginning));
        assert_int_equal(3, records(&paper));
        append(&paper, BIG_LEN);
        append(&paper, EVENT_LEN);
        assert_status(TALLY_OK, reopen_from(&paper, &beginning));
        assert_int_equal(0, paper.cut);
        assert_int_equal(5, records(&paper));
        paper_end(&paper);
    }
}

static void old_bytes_behind_a_cut_never_come_back(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    char path[128];
    append(&paper, EVENT_LEN);
    append(&paper, EVENT_LEN);
    size_t end = JOURNAL_HEADER_LEN + 2 * ((64 + EVENT_LEN + 4 + 7) / 8 * 8);
    change_byte(&paper, 1, end - 16);
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_true(paper.cut > 0);
    assert_int_equal(1, records(&paper));
    segment_path(&paper, 1, 1, path);
    struct tally_buffer bytes = read_file(path);
    size_t start = JOURNAL_HEADER_LEN + (64 + EVENT_LEN + 4 + 7) / 8 * 8;
    for (size_t at = start; at < bytes.len; at++) {
        assert_int_equal(0, bytes.data[at]);
    }
    tally_buffer_free(&bytes);
    paper_end(&paper);
}

static void a_newer_journal_is_refused_untouched(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    char path[128];
    append(&paper, EVENT_LEN);
    segment_path(&paper, 1, 1, path);
    struct tally_buffer bytes = read_file(path);
    tally_store_le(bytes.data + 8, 4, 2);
    tally_store_le(bytes.data + 76, 4, tally_crc32c(0, bytes.data, 76));
    bytes.data[JOURNAL_HEADER_LEN + 12] = 9; /* a record that this program doesn't know */
    write_file(path, bytes.data, bytes.len);
    assert_status(TALLY_E_STORE_VERSION, reopen_from(&paper, &beginning));
    struct tally_buffer after = read_file(path);
    assert_memory_equal(bytes.data, after.data, bytes.len);
    tally_buffer_free(&bytes);
    tally_buffer_free(&after);
    paper_end(&paper);
}

static void after_a_failed_write_or_sync_nothing_more_is_written(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 2; at++) {
        struct paper paper = a_journal();
        append(&paper, EVENT_LEN);
        faults_plan((struct fault_plan){.fault = FAULT_ERROR, .at = at, .error = EIO});
        assert_status(TALLY_E_STORE_IO, try_append(&paper, EVENT_LEN));
        unsigned seen = fault_seen;
        assert_status(TALLY_E_STORE_IO, try_append(&paper, EVENT_LEN));
        assert_int_equal(seen, fault_seen);
        faults_plan((struct fault_plan){0});
        assert_status(TALLY_OK, reopen_from(&paper, &beginning));
        append(&paper, EVENT_LEN);
        paper_end(&paper);
    }
}

static void no_room_for_a_new_segment_says_full_and_loses_nothing(void **state)
{
    (void)state;
    struct paper paper = a_journal();
    for (int i = 0; i < 3; i++) {
        append(&paper, BIG_LEN);
    }
    for (unsigned at = 1; at <= 16; at++) {
        faults_plan((struct fault_plan){.fault = FAULT_ERROR, .at = at, .error = ENOSPC});
        assert_status(TALLY_E_STORE_FULL, try_append(&paper, BIG_LEN));
    }
    faults_plan((struct fault_plan){0});
    append(&paper, EVENT_LEN); /* still fits */
    append(&paper, BIG_LEN);   /* there is room again */
    assert_status(TALLY_OK, reopen_from(&paper, &beginning));
    assert_int_equal(5, records(&paper));
    paper_end(&paper);
}

int main(void)
{
    assert_status(TALLY_OK, tally_crypto_start());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_record_is_one_write_and_one_sync),
        cmocka_unit_test(going_over_to_a_prepared_segment_is_one_write_and_one_sync_too),
        cmocka_unit_test(segments_follow_one_another_without_being_prepared),
        cmocka_unit_test(a_record_longer_than_a_segment_is_refused),
        cmocka_unit_test(recovery_starts_at_the_segment_it_is_told),
        cmocka_unit_test(a_mark_with_another_chain_is_not_of_this_journal),
        cmocka_unit_test(a_journal_that_ends_before_its_mark_is_damaged_and_left_alone),
        cmocka_unit_test(damage_before_the_tail_is_never_cut),
        cmocka_unit_test(a_bad_or_missing_segment_in_the_middle_is_never_cut),
        cmocka_unit_test(a_torn_first_record_of_a_segment_is_cut_with_its_header),
        cmocka_unit_test(old_bytes_behind_a_cut_never_come_back),
        cmocka_unit_test(a_newer_journal_is_refused_untouched),
        cmocka_unit_test(after_a_failed_write_or_sync_nothing_more_is_written),
        cmocka_unit_test(no_room_for_a_new_segment_says_full_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
