/* app/till/write.h: what the engine says, as JSON. Field names are those of TILL.md. Not for other
 * rooms.
 *
 * Memory   whatever is returned is the caller's; NULL without memory, or for a text that is no
 *          UTF-8, and jansson passes that on to the whole answer.
 * Threads  any. */
#ifndef TALLY_TILL_WRITE_H
#define TALLY_TILL_WRITE_H

#include "app/till/request.h"

#include "app/core/tier.h"

/* A 64-bit number as a string: JavaScript has 53 bits. */
json_t *till_json_digits(uint64_t number);
/* ISO 8601 date; null for "never" and for 0. */
json_t *till_json_date(int32_t day);
/* ISO 8601 instant in UTC; null for 0. */
json_t *till_json_instant(int64_t time_ms);
/* Code of a purse; null for the points. One that this programme does not have shows its id. */
json_t *till_json_purse(const struct tally_programme *programme, uint32_t purse);
/* Adds name_en and name_zh. */
void till_json_set_name(json_t *object, const struct tally_name *name);

/* Adds `tier_key` and `next_key`: where a member stands, and what is missing for more. */
void till_json_set_tiers(json_t *object, const struct tally_programme *programme,
                         const struct tally_tier_view *view, int32_t day, const char *tier_key,
                         const char *next_key);

/* What the guards say: an array, empty when all is well. */
json_t *till_json_warnings(const struct tally_ruling *ruling);

/* Points and units that moves of an event bring, each with its days. */
json_t *till_json_earned(const struct tally_programme *programme, const struct tally_event *event);

json_t *till_json_member(const struct till_member *member);
json_t *till_json_quote(const struct till_quote *quote);
json_t *till_json_receipt(const struct till_receipt *receipt);

#endif
