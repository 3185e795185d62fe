/* app/core/bonus.h: what happens to an account outside a sale: holds, awards, standings, transfers
 * and adjustments, as events that lack nothing but id, time and texts.
 *
 * Units    points whole, days as types.h.
 * Memory   moves and counts go into the caller's arrays: TALLY_MOVES_MAX and
 *          TALLY_BONUS_COUNTS_MAX are enough; an award alone needs TALLY_AWARD_MOVES_MAX.
 * Errors   outputs are written only on TALLY_OK.
 * Threads  pure. */
#ifndef TALLY_CORE_BONUS_H
#define TALLY_CORE_BONUS_H

#include "app/core/account.h"
#include "app/core/programme.h"

enum { TALLY_BONUS_COUNTS_MAX = 16, TALLY_AWARD_MOVES_MAX = 4 };

struct tally_bonus_room {
    struct tally_move *moves;
    size_t move_cap;
    struct tally_count *counts;
    size_t count_cap;
};

/* Where and when. */
struct tally_moment {
    uint32_t terminal;
    int64_t now_ms;
    int32_t day;
};

/* Sets `points` of a terminal's drawer aside for the programme's time limit, earliest last day
 * first. TALLY_OK, TALLY_E_INVALID (points not above 0), TALLY_E_POINTS_SHORT, TALLY_E_BLOCKED,
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_hold_plan(const struct tally_programme *programme,
                                                 const struct tally_account *account,
                                                 int64_t points, const struct tally_moment *moment,
                                                 const struct tally_bonus_room *room,
                                                 struct tally_event *ret_event);
/* Gives all of a hold back. TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_release_plan(const struct tally_account *account,
                                                    uint64_t hold,
                                                    const struct tally_moment *moment,
                                                    const struct tally_bonus_room *room,
                                                    struct tally_event *ret_event);

/* An award into the acting drawer. `why` and `other` as struct tally_award; `points` is what a
 * surprise brings (tally_surprise_draw): other awards bring the rule's, and don't look at it.
 *   TALLY_OK
 *   TALLY_E_EXISTS  given before: its own once, its period's, or its limit is reached
 *   TALLY_E_RULE    not for this member (its tier; it is blocked), or it comes to nothing
 *   TALLY_E_NOT_FOUND (no such award), TALLY_E_OVERFLOW, TALLY_E_NO_MEMORY */
struct tally_award_request {
    uint32_t award;
    struct tally_event_id why;
    uint64_t other;
    int64_t points;
};
TALLY_MUST_USE enum tally_status
tally_award_plan(const struct tally_programme *programme, const struct tally_account *account,
                 const struct tally_award_request *request, const struct tally_moment *moment,
                 const struct tally_bonus_room *room, struct tally_event *ret_event);

/* Whether a sale of a member who was brought pays this award: a referrer's or a referred one's, and
 * enough was paid with money. */
bool tally_award_is_paid_by(const struct tally_award_rule *award, const struct tally_event *sale);

/* An award that hangs on a sale goes back with it: how many of its `points` in all, once so much of
 * the sale is back (quantity_before_milli of its lines; a void: everything), rounded up.
 * TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_award_points_back(const struct tally_event *sale,
                                                         const struct tally_returned_line *lines,
                                                         size_t line_count, bool is_void,
                                                         int64_t points, int64_t *ret_back);
/* The adjustment that takes them: out of the moment's drawer as far as they are there, the rest is
 * owed. TALLY_OK, TALLY_E_INVALID (points not above 0), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
tally_award_back_plan(const struct tally_programme *programme, const struct tally_account *account,
                      uint32_t purse, int64_t points, const struct tally_moment *moment,
                      const struct tally_bonus_room *room, struct tally_event *ret_event);

/* A tier given by a person: a floor to `until_day` (TALLY_DAY_NEVER: for good); tier 0 takes it
 * away. TALLY_OK, TALLY_E_INVALID (no such tier, or a day that is past) */
TALLY_MUST_USE enum tally_status tally_standing_plan(const struct tally_programme *programme,
                                                     const struct tally_account *account,
                                                     size_t tier, int32_t until_day,
                                                     const struct tally_moment *moment,
                                                     struct tally_event *ret_event);

/* `points` of the moment's drawer to another account: the event of the sender, and from it that of
 * the receiver. Both are head office's.
 *   TALLY_OK, TALLY_E_RULE (not allowed, outside the limits, or to oneself), TALLY_E_POINTS_SHORT,
 *   TALLY_E_BLOCKED, TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status
tally_transfer_plan(const struct tally_programme *programme, const struct tally_account *from,
                    uint64_t to, int64_t points, const struct tally_moment *moment,
                    const struct tally_bonus_room *room, struct tally_event *ret_event);
TALLY_MUST_USE enum tally_status
tally_transfer_receive_plan(const struct tally_programme *programme, const struct tally_event *sent,
                            const struct tally_moment *moment, const struct tally_bonus_room *room,
                            struct tally_event *ret_event);

/* Points given (above 0) or taken (below 0) by a person in one drawer, and optionally what counts
 * towards tiers. Given points get the dates of points earned that day unless `expires_day` says
 * otherwise (0: does not). Taken ones leave the lots with the earliest last day.
 *   TALLY_OK, TALLY_E_INVALID (nothing), TALLY_E_POINTS_SHORT, TALLY_E_NO_MEMORY */
struct tally_adjust_request {
    uint32_t purse;
    uint32_t drawer;
    int64_t points;
    int32_t expires_day;
    int64_t spend_minor;
    int64_t tier_points;
};
TALLY_MUST_USE enum tally_status
tally_adjust_plan(const struct tally_programme *programme, const struct tally_account *account,
                  const struct tally_adjust_request *request, const struct tally_moment *moment,
                  const struct tally_bonus_room *room, struct tally_event *ret_event);

/* Counts as expired what has lapsed in one drawer: an adjustment of nothing with EXPIRE moves,
 * which head office writes for its own drawer. TALLY_OK, TALLY_E_NOT_FOUND (nothing has lapsed),
 * TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status tally_lapse_plan(const struct tally_account *account,
                                                  uint32_t drawer,
                                                  const struct tally_moment *moment,
                                                  const struct tally_bonus_room *room,
                                                  struct tally_event *ret_event);

#endif
