/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of an event without an account. */
#include "app/core/event.h"

#include <assert.h>

uint64_t tally_event_account(const struct tally_event *event)
{
    assert(event != NULL);

    switch (event->type) {
    case TALLY_EVENT_SALE:
        return event->as.sale.account;
    case TALLY_EVENT_VOID:
        return event->as.voided.account;
    case TALLY_EVENT_ENROL:
        return event->as.enrol.account;
    case TALLY_EVENT_GRANT:
        return event->as.grant.account;
    case TALLY_EVENT_ADJUST:
        return event->as.adjust.account;
    }
    return 0;
}

enum tally_status tally_moves_sum(const struct tally_move *moves, size_t count, int64_t *ret_points)
{
    assert(moves != NULL || count == 0);
    assert(ret_points != NULL);

    if (count > TALLY_MOVES_MAX) {
        return TALLY_E_INVALID;
    }
    int64_t points = 0;
    for (size_t i = 0; i < count; i++) {
        if (moves[i].points <= 0 || (i > 0 && moves[i].expires_day <= moves[i - 1].expires_day)) {
            return TALLY_E_INVALID;
        }
        TALLY_TRY(tally_add(points, moves[i].points, &points));
    }
    *ret_points = points;
    return TALLY_OK;
}
