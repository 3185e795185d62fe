/* app/cashier/words.h: what the daemon's answers are called in front of a cashier.
 *
 * Memory   returned texts are static, translated, never NULL; a text given a buffer fills that.
 * Threads  one, after lang_open(). */
#ifndef TALLY_CASHIER_WORDS_H
#define TALLY_CASHIER_WORDS_H

#include "app/core/status.h"

#include <jansson.h>
#include <stdint.h>
#include <time.h>

enum { WORDS_DATE_MAX = 64, WORDS_TEXT_MAX = 512 };

/* What amounts are written with. */
struct words_currency {
    uint32_t exponent;
    const char *code; /* ISO 4217, "" where none is known */
};

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

/* The name of a tier, rule, reward or purse in the language of the screen: the other language's or
 * the code where it has none; "" for NULL. */
const char *words_name(const json_t *named);

/* Up to nine stars; "" for none. */
const char *words_stars(const json_t *tier);

/* What is missing for the next tier: "spend ¥12.00 more by 31 December 2026 for Gold". */
void words_next_tier(const json_t *next, const struct words_currency *currency,
                     char text[WORDS_TEXT_MAX]);

/* Why a rule of a quote gave what it gave: "1 for each ¥1.00 · on ¥108.50 · x 1.25 · = 135 · at
 * most 100 a day"; or why it gave nothing. */
void words_why(const json_t *rule, const struct words_currency *currency,
               char text[WORDS_TEXT_MAX]);

/* What one entry of `earned` brings, beside its number: "usable from 6 December 2026, last day 31
 * December 2027"; "" where there is nothing to say. */
void words_earned(const json_t *earned, char text[WORDS_TEXT_MAX]);

/* A warning of a guard: "Many sales with this card in one hour: 7 (6 are all right)". */
void words_warning(const json_t *warning, char text[WORDS_TEXT_MAX]);

#endif
