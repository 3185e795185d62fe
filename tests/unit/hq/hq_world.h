/* tests/unit/hq/hq_world.h: a head office in a directory of its own, and terminals that write real
 * journals, for the tests. Everything here asserts instead of answering a status. */
#ifndef TALLY_TESTS_HQ_WORLD_H
#define TALLY_TESTS_HQ_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/hq/dir.h"
#include "app/hq/store.h"
#include "app/programme/document.h"

#define EXPECT(expected, call)                                                                     \
    assert_string_equal(tally_status_name(expected), tally_status_name(call))
#define OK(call) EXPECT(TALLY_OK, call)

/* 2026-11-22 12:00 UTC, and that day. */
#define WORLD_NOW INT64_C(1795348800000)
enum { WORLD_DAY = 20779, WORLD_JOURNAL_MAX = 64 };

struct world {
    char dir[64];
    struct hq_keys keys;
    struct hq_store *store;
    int64_t now_ms;
};

/* One terminal: its key, and the journal it has written. */
struct till {
    struct world *world;
    uint32_t number, shop, epoch;
    uint8_t pin[TALLY_HASH_LEN];
    struct tally_buffer key_pem;
    struct tally_buffer cert_der;
    struct tally_buffer events[WORLD_JOURNAL_MAX];
    struct tally_buffer sidecars[WORLD_JOURNAL_MAX];
    uint8_t chains[WORLD_JOURNAL_MAX + 1][TALLY_HASH_LEN]; /* [seq]; [0] is zeros */
    uint64_t seq;
    int32_t days_ahead;        /* of its clock */
    int32_t business_days_off; /* of its business day against its own clock */
};

void world_open(struct world *world);
void world_close(struct world *world);

/* A token that was just made: its hash. */
void world_token(struct world *world, uint8_t first_byte, uint32_t terminal,
                 uint8_t ret_hash[TALLY_HASH_LEN]);
/* Enrols with a fresh key. */
void till_open(struct world *world, struct till *till, uint8_t token_byte, uint32_t terminal);
void till_close(struct till *till);
/* A certificate request for a fresh key. */
void till_csr(struct till *till, struct tally_buffer *ret_csr);

/* Writes an event into the journal: id, time and day are set. */
void till_write(struct till *till, struct tally_event *event);
void till_enrol(struct till *till, uint64_t account, uint8_t card);
void till_enrol_with_phone(struct till *till, uint64_t account, uint8_t card, uint8_t phone);
void till_sale(struct till *till, uint64_t account, int64_t earned, int64_t spent);
/* Voids the sale at `seq` of this journal, which earned and spent that much. */
void till_void(struct till *till, uint64_t account, uint64_t seq, int64_t earned, int64_t spent);

/* Two teas, by the real rules; `claimed` says that it earned other points (0: what it earns). */
void till_sell(struct till *till, const struct tally_programme *programme, uint64_t account,
               int64_t amount_minor, int64_t claimed);
/* Takes so much of that sale's line back, after so much before; HQ holds the sale. */
void till_refund(struct till *till, const struct tally_programme *programme, uint64_t seq,
                 int64_t quantity_milli, int64_t before_milli);

/* A push of events first..last of the journal, appended. */
void till_push_encode(const struct till *till, uint64_t first, uint64_t last,
                      struct tally_buffer *ret_message);
/* Gives that push to the store. */
struct hq_push till_push(struct till *till, uint64_t first, uint64_t last);
/* All of it, and it must be taken. */
void till_push_all(struct till *till);

/* From event `first` on; it must be taken, and head office must agree with itself. */
void till_push_rest(struct till *till, uint64_t first);

/* Forgets events above `seq`: what is written next forks the journal. */
void till_rewind(struct till *till, uint64_t seq);

int64_t world_balance(struct world *world, uint64_t account);
/* Whose card or phone number it is; 0: nobody's. */
uint64_t world_member(struct world *world, uint8_t card);
int64_t world_drawer(struct world *world, uint64_t account, uint32_t drawer);
uint64_t world_flags(struct world *world);
/* Whether a flag's text holds these words. */
bool world_is_flagged(struct world *world, const char *words);
/* A member of HQ's own import with these points; publishes the sample programme if there is
 * none. */
void world_import(struct world *world, uint8_t card, int64_t points, int32_t expires_day,
                  uint64_t *ret_account);

/* Publishes the sample programme; the caller frees the document (HQ keeps its own). */
struct tally_programme_document *world_publish(struct world *world);
/* The same as another version, in force from another instant (ISO 8601). */
struct tally_programme_document *world_publish_version(struct world *world, uint32_t version,
                                                       const char *effective_from);

/* Another sample document. */
struct tally_programme_document *world_publish_sample(struct world *world, const char *name);

/* The sample programme with `more` in the place of its version: "version": 1, "awards": ... */
struct tally_programme_document *world_publish_with(struct world *world, const char *more);

enum { LOT_DAY = WORLD_DAY + 400 }; /* last day of everything the tills earn */

#endif
