/* app/story/rules.h: the programmes of a story, read, changed where the story says so, and in force
 * by their dates.
 *
 * Memory   owns the documents; a zeroed struct is empty.
 * Threads  one at a time. */
#ifndef TALLY_STORY_RULES_H
#define TALLY_STORY_RULES_H

#include "app/core/programme.h"
#include "app/story/steps.h"

struct tally_programme_document;

struct story_rules {
    struct tally_programme_document **documents; /* as the story has them; one at least */
    size_t count;
};

/* TALLY_OK, TALLY_E_INVALID (*ret_problem says what is wrong), TALLY_E_NO_MEMORY */
TALLY_MUST_USE enum tally_status story_rules_read(const struct story *story,
                                                  const struct story_ports *ports,
                                                  struct story_rules *ret_rules,
                                                  struct story_problem *ret_problem);
void story_rules_free(struct story_rules *rules);

/* The highest version whose time has come; while there is none, the lowest rules at once, as at a
 * terminal. Never NULL. */
const struct tally_programme *story_rules_at(const struct story_rules *rules, int64_t now_ms);

/* The story's first programme: its time zone is the story's. */
const struct tally_programme *story_rules_first(const struct story_rules *rules);

/* NULL: the story has no such version. */
const struct tally_programme *story_rules_version(const struct story_rules *rules,
                                                  uint32_t version);

#endif
