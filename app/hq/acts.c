/* SPDX-License-Identifier: Apache-2.0 */
/* What a person does to an account at head office. */
#include "app/hq/acts.h"

#include "app/base/alloc.h"
#include "app/core/bonus.h"
#include "app/core/guard.h"
#include "app/hq/tables.h"

#include <stdio.h>

/* What every act needs; its event is appended when it was planned. */
struct scene {
    struct hq_txn txn;
    struct hq_today today;
    struct tally_moment moment;
    struct tally_book book;
    struct tally_move *moves;
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    struct tally_bonus_room room;
};

static enum tally_status account_load(struct scene *scene, uint64_t account,
                                      struct tally_book *book, char ret_text[HQ_TEXT_MAX])
{
    if (account == TALLY_ACCOUNT_HOUSE) {
        snprintf(ret_text, HQ_TEXT_MAX,
                 "this is head office's own account: it holds the units of rewards");
        return TALLY_E_INVALID;
    }
    TALLY_TRY(hq_account_load(&scene->txn, account, book));
    if (book->account.id == 0) {
        tally_book_free(book);
        snprintf(ret_text, HQ_TEXT_MAX, "there is no such account");
        return TALLY_E_NOT_FOUND;
    }
    return TALLY_OK;
}

/* Begins a transaction that scene_end() ends. */
static enum tally_status scene_begin(struct hq_store *store, const struct hq_act *act,
                                     int64_t now_ms, struct scene *scene,
                                     char ret_text[HQ_TEXT_MAX])
{
    *scene = (struct scene){.moves = tally_alloc(TALLY_MOVES_MAX, sizeof *scene->moves)};
    ret_text[0] = '\0';
    if (scene->moves == NULL) {
        return TALLY_E_NO_MEMORY;
    }
    scene->room = (struct tally_bonus_room){scene->moves, TALLY_MOVES_MAX, scene->counts,
                                            TALLY_BONUS_COUNTS_MAX};
    enum tally_status status = hq_begin(store, true, now_ms, &scene->txn);
    if (status != TALLY_OK) {
        tally_free(scene->moves);
        return status;
    }
    status = hq_today(&scene->txn, &scene->today);
    if (status == TALLY_OK && scene->today.programme == NULL) {
        snprintf(ret_text, HQ_TEXT_MAX, "publish a programme first");
        status = TALLY_E_NOT_READY;
    }
    if (status == TALLY_OK) {
        scene->moment = (struct tally_moment){TALLY_TERMINAL_HQ, now_ms, scene->today.day};
        status = account_load(scene, act->account, &scene->book, ret_text);
    }
    if (status != TALLY_OK) {
        tally_free(scene->moves);
        return hq_end(&scene->txn, status);
    }
    return TALLY_OK;
}

static enum tally_status scene_end(struct scene *scene, enum tally_status status,
                                   char ret_text[HQ_TEXT_MAX])
{
    tally_book_free(&scene->book);
    tally_free(scene->moves);
    if (status != TALLY_OK && ret_text[0] == '\0') {
        snprintf(ret_text, HQ_TEXT_MAX, "%s", tally_status_text(status));
    }
    return hq_end(&scene->txn, status);
}

/* ------------------------------------------------------------------ points */

static enum tally_status guard(const struct scene *scene, const struct tally_event *event,
                               char ret_text[HQ_TEXT_MAX])
{
    const struct tally_guard_scene guarded = {
        .account = &scene->book.account, .event = event, .now_ms = scene->moment.now_ms};
    struct tally_ruling ruling = tally_guard_rule(scene->today.programme, &guarded);
    if (ruling.verdict != TALLY_REFUSE) {
        return TALLY_OK;
    }
    tally_guard_text(&ruling, ret_text, HQ_TEXT_MAX);
    return TALLY_E_BLOCKED;
}

enum tally_status hq_store_adjust(struct hq_store *store, const struct hq_act *act, int64_t points,
                                  int32_t expires_day, int64_t now_ms, char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    struct tally_event event;
    const struct tally_adjust_request request = {
        .drawer = TALLY_TERMINAL_HQ, .points = points, .expires_day = expires_day};
    TALLY_TRY(scene_begin(store, act, now_ms, &scene, ret_text));
    enum tally_status status = tally_adjust_plan(scene.today.programme, &scene.book.account,
                                                 &request, &scene.moment, &scene.room, &event);
    if (status == TALLY_E_POINTS_SHORT) {
        snprintf(ret_text, HQ_TEXT_MAX,
                 "head office's drawer holds fewer points of this account; the others are at "
                 "terminals");
    }
    if (status == TALLY_OK) {
        event.as.adjust.reason = tally_slice_text(act->reason);
        event.as.adjust.who = tally_slice_text(act->who);
        event.as.adjust.second = tally_slice_text(act->second);
        status = guard(&scene, &event, ret_text);
    }
    if (status == TALLY_OK) {
        status = hq_append_own(&scene.txn, &event);
    }
    return scene_end(&scene, status, ret_text);
}

/* ------------------------------------------------------------------ blocks */

enum tally_status hq_store_block(struct hq_store *store, const struct hq_act *act, bool blocked,
                                 int64_t now_ms, char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    TALLY_TRY(scene_begin(store, act, now_ms, &scene, ret_text));
    struct tally_event event = {.type = TALLY_EVENT_BLOCK,
                                .account = act->account,
                                .effects = {.has_block = true, .blocked = blocked}};
    event.as.given.reason = tally_slice_text(act->reason);
    event.as.given.who = tally_slice_text(act->who);
    return scene_end(&scene, hq_append_own(&scene.txn, &event), ret_text);
}

static enum tally_status card_change(struct scene *scene, struct tally_event *event,
                                     char ret_text[HQ_TEXT_MAX])
{
    const struct tally_card_change *change = &event->as.card;
    bool known = false;
    bool is_new = change->action == TALLY_CARD_LINK || change->action == TALLY_CARD_REPLACE;
    if (is_new) {
        TALLY_TRY(hq_card_known(&scene->txn, change->handle, &known));
    }
    if (known) {
        snprintf(ret_text, HQ_TEXT_MAX, "the new card belongs to a member already");
        return TALLY_E_EXISTS;
    }
    return hq_append_own(&scene->txn, event);
}

enum tally_status hq_store_card_change(struct hq_store *store, const struct hq_act *act,
                                       enum tally_card_action action,
                                       const uint8_t handle[TALLY_HANDLE_LEN],
                                       const uint8_t old[TALLY_HANDLE_LEN], int64_t now_ms,
                                       char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    struct hq_act of_owner = *act;
    struct tally_event event = {.type = TALLY_EVENT_CARD};
    struct tally_card_change *change = &event.as.card;
    bool by_old = action == TALLY_CARD_LINK || action == TALLY_CARD_REPLACE;
    enum tally_status status =
        hq_store_card(store, by_old ? old : handle, &event.member, &of_owner.account);
    if (status != TALLY_OK) {
        snprintf(ret_text, HQ_TEXT_MAX, "%s",
                 status == TALLY_E_NOT_FOUND ? "nobody has this card" : tally_status_text(status));
        return status;
    }
    change->action = action;
    change->reason = tally_slice_text(act->reason);
    change->who = tally_slice_text(act->who);
    memcpy(change->handle, handle, TALLY_HANDLE_LEN);
    if (action == TALLY_CARD_REPLACE) {
        memcpy(change->old, old, TALLY_HANDLE_LEN);
    }
    event.account = of_owner.account;
    TALLY_TRY(scene_begin(store, &of_owner, now_ms, &scene, ret_text));
    return scene_end(&scene, card_change(&scene, &event, ret_text), ret_text);
}

/* ------------------------------------------------------------------ merging */

static enum tally_status may_merge(struct scene *scene, uint64_t into, char ret_text[HQ_TEXT_MAX])
{
    size_t here = 0, there = 0;
    if (scene->book.account.merged_into != 0) {
        snprintf(ret_text, HQ_TEXT_MAX, "this account was merged before");
        return TALLY_E_EXISTS;
    }
    TALLY_TRY(hq_people_count(&scene->txn, scene->book.account.id, &here));
    TALLY_TRY(hq_people_count(&scene->txn, into, &there));
    if (here + there > HQ_ACCOUNT_MEMBERS_MAX) {
        snprintf(ret_text, HQ_TEXT_MAX, "together they have more members than one account can");
        return TALLY_E_OVERFLOW;
    }
    return TALLY_OK;
}

enum tally_status hq_store_merge(struct hq_store *store, const struct hq_act *act, uint64_t into,
                                 int64_t now_ms, char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    struct tally_book other;
    TALLY_TRY(scene_begin(store, act, now_ms, &scene, ret_text));
    enum tally_status status = may_merge(&scene, into, ret_text);
    if (status == TALLY_OK) {
        status = account_load(&scene, into, &other, ret_text);
    }
    if (status == TALLY_OK) {
        bool has_ended = other.account.merged_into != 0;
        tally_book_free(&other);
        if (has_ended) {
            snprintf(ret_text, HQ_TEXT_MAX, "the other account was merged before");
        }
        status = has_ended
                     ? TALLY_E_EXISTS
                     : hq_merge_over(&scene.txn, act->account, into, tally_slice_text(act->reason),
                                     tally_slice_text(act->who));
    }
    return scene_end(&scene, status, ret_text);
}

/* ------------------------------------------------------------------ tiers */

enum tally_status hq_store_give_tier(struct hq_store *store, const struct hq_act *act,
                                     const char *code, int32_t until_day, int64_t now_ms,
                                     char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    struct tally_event event;
    TALLY_TRY(scene_begin(store, act, now_ms, &scene, ret_text));
    const struct tally_programme *programme = scene.today.programme;
    size_t tier = code[0] == '\0'
                      ? 0
                      : tally_programme_tier_index(programme, tally_word_id(code, strlen(code)));
    enum tally_status status = TALLY_OK;
    if (tier == programme->tiers.tier_count) {
        snprintf(ret_text, HQ_TEXT_MAX, "the programme has no tier %.64s", code);
        status = TALLY_E_NOT_FOUND;
    }
    if (status == TALLY_OK) {
        status = tally_standing_plan(programme, &scene.book.account, tier, until_day, &scene.moment,
                                     &event);
    }
    if (status == TALLY_OK) {
        event.as.given.reason = tally_slice_text(act->reason);
        event.as.given.who = tally_slice_text(act->who);
        status = hq_append_own(&scene.txn, &event);
    }
    return scene_end(&scene, status, ret_text);
}

/* ------------------------------------------------------------------ transfers */

static enum tally_status transfer(struct scene *scene, const struct hq_act *act, uint64_t to,
                                  int64_t points)
{
    struct tally_event sent, received;
    const struct tally_programme *programme = scene->today.programme;
    TALLY_TRY(tally_transfer_plan(programme, &scene->book.account, to, points, &scene->moment,
                                  &scene->room, &sent));
    sent.as.transfer.reason = tally_slice_text(act->reason);
    sent.as.transfer.who = tally_slice_text(act->who);
    TALLY_TRY(hq_append_own(&scene->txn, &sent));
    struct tally_move *moves = tally_alloc(TALLY_MOVES_MAX, sizeof *moves);
    struct tally_count counts[TALLY_BONUS_COUNTS_MAX];
    const struct tally_bonus_room room = {moves, TALLY_MOVES_MAX, counts, TALLY_BONUS_COUNTS_MAX};
    enum tally_status status = moves == NULL ? TALLY_E_NO_MEMORY : TALLY_OK;
    if (status == TALLY_OK) {
        status = tally_transfer_receive_plan(programme, &sent, &scene->moment, &room, &received);
    }
    if (status == TALLY_OK) {
        received.as.transfer.reason = sent.as.transfer.reason;
        received.as.transfer.who = sent.as.transfer.who;
        status = hq_append_own(&scene->txn, &received);
    }
    tally_free(moves);
    return status;
}

enum tally_status hq_store_transfer(struct hq_store *store, const struct hq_act *act, uint64_t to,
                                    int64_t points, int64_t now_ms, char ret_text[HQ_TEXT_MAX])
{
    struct scene scene;
    struct tally_book other;
    TALLY_TRY(scene_begin(store, act, now_ms, &scene, ret_text));
    enum tally_status status = account_load(&scene, to, &other, ret_text);
    if (status == TALLY_OK) {
        tally_book_free(&other);
        status = transfer(&scene, act, to, points);
    }
    if (status == TALLY_E_RULE) {
        snprintf(ret_text, HQ_TEXT_MAX,
                 "the programme does not allow this transfer: see 'transfer' in its document");
    }
    return scene_end(&scene, status, ret_text);
}
