/* SPDX-License-Identifier: Apache-2.0 */
/* Readers shown, paired and forgotten, for a till. */
#include "app/terminal/pairing.h"

#include "app/base/alloc.h"
#include "app/base/log.h"
#include "app/crypto/crypto.h"

#include <string.h>

/* ------------------------------------------------------------------ which there are */

/* Names and serial numbers are borrowed from the readers, which stay as they are meanwhile. */
struct listing {
    struct till_reader *readers;
    size_t count, room;
    bool is_full; /* no memory for another */
};

static void list_one(struct listing *listing, const struct till_reader *reader)
{
    if (listing->count == listing->room) {
        size_t room = listing->room * 2 + 8;
        struct till_reader *readers = tally_realloc(listing->readers, room, sizeof *readers);
        if (readers == NULL) {
            listing->is_full = true;
            return;
        }
        listing->readers = readers;
        listing->room = room;
    }
    listing->readers[listing->count++] = *reader;
}

static void list_plugged(void *context, const struct hal_reader_view *view)
{
    list_one(context, &(struct till_reader){.name = view->name,
                                            .serial = view->serial,
                                            .state = view->is_ready ? "ready" : "unused",
                                            .is_paired = view->is_paired});
}

static bool is_listed(const struct listing *listing, const char *serial)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->readers[i].serial, serial) == 0) {
            return true;
        }
    }
    return false;
}

/* The paired ones that are not there, or not themselves, are shown too. */
static void answer_readers(const struct pairs *pairs, const struct hal_readers *readers,
                           struct till_request *request)
{
    struct listing listing = {0};
    if (readers != NULL) {
        hal_readers_each(readers, list_plugged, &listing);
    }
    for (size_t i = 0; i < pairs->table.count; i++) {
        const char *serial = pairs->table.pairs[i].serial;
        if (!is_listed(&listing, serial)) {
            list_one(&listing,
                     &(struct till_reader){
                         .name = "", .serial = serial, .state = "missing", .is_paired = true});
        }
    }
    if (listing.is_full) {
        till_answer_refused(request, TALLY_E_NO_MEMORY, "");
    } else {
        till_answer_readers(request, listing.readers, listing.count);
    }
    tally_free(listing.readers);
}

/* ------------------------------------------------------------------ pairing */

static const char *sentence_of(enum tally_status status)
{
    switch (status) {
    case TALLY_E_NOT_FOUND:
        return "no reader that can be paired is plugged in and unpaired";
    case TALLY_E_EXISTS:
        return "several unpaired readers are plugged in: leave one";
    case TALLY_E_BUSY:
        return "a reader is being paired";
    case TALLY_E_NO_PERMISSION:
        return "the reader is paired with another terminal: hold its button meanwhile";
    default:
        return "";
    }
}

/* The reader has the key. One whose key could not be kept is to be paired again, with its button
 * held. */
static void on_paired(void *context, enum tally_status status, const char *serial)
{
    struct pairing *pairing = context;
    struct till_request *request = pairing->request;
    if (status == TALLY_OK) {
        status = pairs_add(pairing->pairs, serial, pairing->key);
        tally_log("reader: %s: paired: %s", serial, tally_status_text(status));
    }
    explicit_bzero(pairing->key, sizeof pairing->key);
    pairing->request = NULL;
    pairing->is_under_way = false;
    if (request != NULL && status == TALLY_OK) {
        till_answer_paired(request, serial);
    } else if (request != NULL) {
        till_answer_refused(request, status, sentence_of(status));
    }
}

static enum tally_status start_pairing(struct pairing *pairing, struct hal_readers *readers,
                                       struct till_request *request)
{
    if (pairing->is_under_way || readers == NULL) {
        return readers == NULL ? TALLY_E_NOT_FOUND : TALLY_E_BUSY;
    }
    TALLY_TRY(tally_random(pairing->key, sizeof pairing->key));
    pairing->request = request;
    pairing->is_under_way = true;
    enum tally_status status = hal_readers_pair(readers, pairing->key, on_paired, pairing);
    if (status != TALLY_OK) {
        explicit_bzero(pairing->key, sizeof pairing->key);
        pairing->request = NULL;
        pairing->is_under_way = false;
    }
    return status;
}

static void pair(struct pairing *pairing, struct hal_readers *readers, struct till_request *request)
{
    enum tally_status status = start_pairing(pairing, readers, request);
    if (status != TALLY_OK) {
        till_answer_refused(request, status, sentence_of(status));
    }
}

static void unpair(struct pairing *pairing, struct till_request *request)
{
    const char *serial = till_request_params(request)->serial;
    enum tally_status status = pairs_remove(pairing->pairs, serial);
    if (status == TALLY_OK) {
        tally_log("reader: %s: forgotten", serial);
        till_answer_done(request);
    } else {
        till_answer_refused(request, status,
                            status == TALLY_E_NOT_FOUND
                                ? "no reader with this serial number is paired with this terminal"
                                : "");
    }
}

bool pairing_request(struct pairing *pairing, struct hal_readers *readers,
                     struct till_request *request)
{
    switch ((int)till_request_method(request)) {
    case TILL_READERS:
        answer_readers(pairing->pairs, readers, request);
        return true;
    case TILL_READER_PAIR:
        pair(pairing, readers, request);
        return true;
    case TILL_READER_UNPAIR:
        unpair(pairing, request);
        return true;
    default:
        return false;
    }
}

void pairing_cancelled(struct pairing *pairing, const struct till_request *request)
{
    if (pairing->request == request) {
        pairing->request = NULL;
    }
}
