/* app/base/log.h: one line a thing, to standard error, for the journal of the machine.
 *
 * Never a card number, never a name, never a key: ids, counts and statuses only.
 *
 * Threads  any; a line is written whole. */
#ifndef TALLY_BASE_LOG_H
#define TALLY_BASE_LOG_H

/* "2026-11-22T15:04:05.123Z what happened\n". Longer than 1000 bytes is cut. */
void tally_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
