/* app/story/words.h: the words of one line, and the tables that give them meaning.
 *
 * Memory   a word points into the line.
 * Threads  pure. */
#ifndef TALLY_STORY_WORDS_H
#define TALLY_STORY_WORDS_H

#include "app/story/steps.h"

/* A word, or key=value. `value` of a plain word is empty and `has_value` false. */
struct story_word {
    struct tally_slice key;
    struct tally_slice value;
    bool has_value;
    bool is_arrow;
};

/* Takes the next word off *line; false at its end or at a comment. Commas between words are layout.
 * A value that begins with a bracket goes to the one that closes it.
 *   *ret_wrong is NULL, or what is wrong with the word */
bool story_next_word(struct tally_slice *line, struct story_word *ret_word, const char **ret_wrong);

/* Each: TALLY_OK, TALLY_E_NOT_FOUND (it is no such word), TALLY_E_INVALID (out of range). */
TALLY_MUST_USE enum tally_status story_verb_of(struct tally_slice word, enum story_verb *ret_verb);
TALLY_MUST_USE enum tally_status story_fact_of(struct tally_slice word, enum story_fact *ret_fact,
                                               struct tally_slice *ret_part);
/* "02-29": month and day. */
TALLY_MUST_USE enum tally_status story_birthday_of(struct tally_slice word, uint32_t *ret_month,
                                                   uint32_t *ret_day);
TALLY_MUST_USE enum tally_status story_minute_of(struct tally_slice word, int32_t *ret_minute);
TALLY_MUST_USE enum tally_status story_amount_of(struct tally_slice word, bool may_be_signed,
                                                 struct story_amount *ret_amount);
/* "points_short", "points-short", "Points short", "TALLY_E_POINTS_SHORT"; not ok. */
TALLY_MUST_USE enum tally_status story_status_of(struct tally_slice word,
                                                 enum tally_status *ret_status);

#endif
