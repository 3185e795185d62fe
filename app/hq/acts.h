/* app/hq/acts.h: what a person does to an account at head office.
 *
 * Every act names who did it and why, and is one event of HQ's own in its own drawer.
 *
 * Units    points whole, days as app/core/types.h.
 * Memory   texts are borrowed for the call.
 * Errors   nothing happened unless TALLY_OK; `ret_text` (HQ_TEXT_MAX) then says why in a sentence.
 * Blocking and threads as store.h. */
#ifndef TALLY_HQ_ACTS_H
#define TALLY_HQ_ACTS_H

#include "app/hq/store.h"

struct hq_act {
    uint64_t account;
    const char *who;    /* never empty */
    const char *reason; /* never empty */
    const char *second; /* the second person; "" for none */
};

/* Gives (above 0) or takes (below 0) points; expires_day 0: as points earned today.
 *   TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_POINTS_SHORT (HQ's drawer holds fewer), TALLY_E_BLOCKED (a
 *   guard of the programme wants a second person), TALLY_E_NOT_READY (no programme), store
 *   statuses */
TALLY_MUST_USE enum tally_status hq_store_adjust(struct hq_store *store, const struct hq_act *act,
                                                 int64_t points, int32_t expires_day,
                                                 int64_t now_ms, char ret_text[HQ_TEXT_MAX]);

/* Gives a tier to a last day (TALLY_DAY_NEVER: for good); an empty code takes it away.
 *   TALLY_OK, TALLY_E_NOT_FOUND (account or tier), TALLY_E_INVALID (the day is past),
 *   TALLY_E_NOT_READY, store statuses */
TALLY_MUST_USE enum tally_status hq_store_give_tier(struct hq_store *store,
                                                    const struct hq_act *act, const char *code,
                                                    int32_t until_day, int64_t now_ms,
                                                    char ret_text[HQ_TEXT_MAX]);

/* Points of HQ's drawer to another account, by the programme's rules.
 *   TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_RULE, TALLY_E_POINTS_SHORT, TALLY_E_NOT_READY, store
 *   statuses */
TALLY_MUST_USE enum tally_status hq_store_transfer(struct hq_store *store, const struct hq_act *act,
                                                   uint64_t to, int64_t points, int64_t now_ms,
                                                   char ret_text[HQ_TEXT_MAX]);

/* Blocks an account, or lets it in again: nothing is earned or spent meanwhile.
 *   TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_NOT_READY, store statuses */
TALLY_MUST_USE enum tally_status hq_store_block(struct hq_store *store, const struct hq_act *act,
                                                bool blocked, int64_t now_ms,
                                                char ret_text[HQ_TEXT_MAX]);

/* Ends the act's account: its members, cards, debts, counters and the points of HQ's drawer go over
 * to `into`; the points that terminals hold follow when they hear of it.
 *   TALLY_OK, TALLY_E_NOT_FOUND, TALLY_E_INVALID (into itself), TALLY_E_EXISTS (merged before),
 *   TALLY_E_OVERFLOW (too many members for one account), TALLY_E_NO_MEMORY (more lots than one
 * event carries), TALLY_E_NOT_READY, store statuses */
TALLY_MUST_USE enum tally_status hq_store_merge(struct hq_store *store, const struct hq_act *act,
                                                uint64_t into, int64_t now_ms,
                                                char ret_text[HQ_TEXT_MAX]);

/* Links, replaces, blocks or lets in a card of the member who has `handle` (of REPLACE and LINK:
 * who has `old`). act->account is not looked at.
 *   TALLY_OK, TALLY_E_NOT_FOUND (nobody has it), TALLY_E_EXISTS (the new card is somebody's),
 *   TALLY_E_NOT_READY, store statuses */
TALLY_MUST_USE enum tally_status hq_store_card_change(struct hq_store *store,
                                                      const struct hq_act *act,
                                                      enum tally_card_action action,
                                                      const uint8_t handle[TALLY_HANDLE_LEN],
                                                      const uint8_t old[TALLY_HANDLE_LEN],
                                                      int64_t now_ms, char ret_text[HQ_TEXT_MAX]);

#endif
