/* tests/unit/proto/events.h: one event of every type, any event at all, and whether two are the
 * same.
 *
 * Errors   a comparison that fails, fails the test. */
#ifndef TALLY_TESTS_PROTO_EVENTS_H
#define TALLY_TESTS_PROTO_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/proto/event_codec.h"

struct tally_slice text(const char *from);

/* One of each type, with everything that it can have. */
enum sample {
    SAMPLE_SALE,
    SAMPLE_VOID,
    SAMPLE_ENROL,
    SAMPLE_GRANT,
    SAMPLE_ADJUST,
    SAMPLE_REFUND,
    SAMPLE_HOLD,
    SAMPLE_RELEASE,
    SAMPLE_AWARD,
    SAMPLE_STANDING,
    SAMPLE_TRANSFER,
    SAMPLE_MERGER,
    SAMPLE_CARD,
    SAMPLE_REPLACED_CARD,
    SAMPLE_BLOCK,
    SAMPLE_LET_IN,
    SAMPLE_COUNT
};
struct tally_event a_sample(enum sample which);
extern const char *const sample_hex[SAMPLE_COUNT]; /* their bytes */

/* What most sales are: one line, points earned, nothing else. */
struct tally_event a_small_sale(void);

/* Any event within the limits; `event` points into the arrays beside it. */
struct any_event {
    struct tally_event event;
    struct tally_move moves[12];
    struct tally_count counts[12];
    struct tally_count used[6];
    struct tally_line lines[8];
    struct tally_tender tenders[4];
    struct tally_slice codes[4];
    struct tally_claim claims[4];
    struct tally_line_paid paid[8];
    struct tally_share shares[16];
    struct tally_exchange exchanges[4];
    struct tally_returned_line returned[8];
};
void make_any_event(struct any_event *any, uint64_t *seed);

void expect_same(struct tally_slice left, struct tally_slice right);
void expect_same_event(const struct tally_event *left, const struct tally_event *right);

#endif
