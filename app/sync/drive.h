/* app/sync/drive.h: the sync engine on a libuv loop, with real connections and a real clock.
 *
 * Memory   options and slices are copied; the store's ports must outlive the drive.
 * Blocking as the store's ports do.
 * Threads  the loop's thread only. */
#ifndef TALLY_SYNC_DRIVE_H
#define TALLY_SYNC_DRIVE_H

#include "app/sync/engine.h"

struct sync_drive;

/* `options->context` and `options->on_state` are not used: ask sync_engine_status. Connects from
 * the loop.  TALLY_OK, TALLY_E_NO_MEMORY, TALLY_E_CRYPTO, TALLY_E_INVALID (certificate or key) */
TALLY_MUST_USE enum tally_status sync_drive_open(uv_loop_t *loop,
                                                 const struct sync_channel_options *options,
                                                 const struct sync_engine_store *store,
                                                 struct sync_drive **ret_drive);

/* Open draws end with TALLY_E_OFFLINE before the return; on_closed (may be NULL) comes from the
 * loop when nothing is left. */
void sync_drive_close(struct sync_drive *drive, void (*on_closed)(void *context), void *context);

/* For sync_engine_wake, _poke, _draw and _status; the time to pass is sync_drive_now. */
struct sync_engine *sync_drive_engine(struct sync_drive *drive);
int64_t sync_drive_now(const struct sync_drive *drive);

#endif
