/* app/terminal/programmes.h: the programme that rules here, and those that wait for their time.
 *
 * Of what has been received the newest whose time has come rules. One that would come into force no
 * earlier than a newer one never rules and is dropped. The store keeps the one that ruled at once
 * when it came ("programme") and, in one record, all that came ahead of their time
 * ("programmes-later": for each 4 bytes of length, little-endian, then the document), also after
 * they took over: a restart finds by the clock who rules.
 *
 * Memory   owns the documents; a zeroed struct holds none; free with programmes_free().
 * Blocking taking one blocks for one or two disk syncs.
 * Threads  the loop's thread only. */
#ifndef TALLY_TERMINAL_PROGRAMMES_H
#define TALLY_TERMINAL_PROGRAMMES_H

#include "app/programme/document.h"
#include "app/store/store.h"

struct programmes {
    struct programme_held {
        struct tally_programme_document *document;
        struct tally_buffer text;   /* as received; empty where "programme" holds it */
    } ruling;                       /* document NULL: none yet */
    struct programme_held *waiting; /* rising by version and by time */
    size_t waiting_count;
};

/* What the store holds. TALLY_OK (also none), TALLY_E_RULE (a document that this program can't
 * read), TALLY_E_NO_MEMORY, store statuses */
TALLY_MUST_USE enum tally_status programmes_load(struct programmes *programmes,
                                                 struct store *store);
void programmes_free(struct programmes *programmes);

/* Who rules at this instant; takes over what has waited for it. NULL: none has been received. */
const struct tally_programme *programmes_at(struct programmes *programmes, int64_t now_ms);

/* When the next one takes over, ms since 1970 UTC; INT64_MAX: none waits. */
int64_t programmes_takeover_ms(const struct programmes *programmes);
/* Version of the newest one held; 0: none. */
uint32_t programmes_version(const struct programmes *programmes);

/* Keeps a document, durably; with none yet it rules at once, since a till can't sell under no
 * programme. TALLY_OK, TALLY_E_RULE (this program can't read it), TALLY_E_TOO_LATE (not newer than
 * those held), TALLY_E_NO_MEMORY, store statuses; on these nothing has changed. */
TALLY_MUST_USE enum tally_status programmes_take(struct programmes *programmes, struct store *store,
                                                 struct tally_slice text, int64_t now_ms);

#endif
