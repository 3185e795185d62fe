/* app/cashier/words.h: what the daemon's answers are called in front of a cashier.
 *
 * Memory   returned texts are static, translated, never NULL; a text given a buffer fills that.
 * Threads  one, after lang_open(). */
#ifndef TALLY_CASHIER_WORDS_H
#define TALLY_CASHIER_WORDS_H

#include "app/core/status.h"

#include <jansson.h>
#include <time.h>

enum { WORDS_DATE_MAX = 64 };

/* "TALLY_E_OFFLINE" -> TALLY_E_OFFLINE; TALLY_E_PROTOCOL for a name that this program does not know
 * (a newer daemon) and for NULL. */
enum tally_status words_status_of(const char *name);

/* A status as an instruction: "Swipe again". */
const char *words_status(enum tally_status status);

/* Why head office is not reached: "its certificate is for another name". */
const char *words_hq(enum tally_status why);

/* "2026-12-31" -> "31 December 2026", "2026年12月31日". */
void words_date(const char *iso, char text[WORDS_DATE_MAX]);

/* "2026-11-22T14:32:00Z" -> local "14:32", with the date in front when that is not today's. */
void words_since(const char *iso, time_t now, char text[WORDS_DATE_MAX]);

/* A tier's name in the language of the screen; "" for NULL. */
const char *words_tier(const json_t *tier);

/* Up to nine stars; "" for none. */
const char *words_stars(const json_t *tier);

#endif
