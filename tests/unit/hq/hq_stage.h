/* tests/unit/hq/hq_stage.h: what most tests of head office play on: one terminal, enrolled; set up
 * and torn down around each test. */
#ifndef TALLY_TESTS_HQ_STAGE_H
#define TALLY_TESTS_HQ_STAGE_H

#include "tests/unit/hq/hq_world.h"

#include "app/base/alloc.h"

struct stage {
    struct world world;
    struct till till;
    struct tally_programme_document *document;
    const struct tally_programme *programme; /* after stage_rules */
};

static inline int stage_open(void **state)
{
    struct stage *stage = tally_alloc(1, sizeof *stage);
    assert_non_null(stage);
    world_open(&stage->world);
    till_open(&stage->world, &stage->till, 1, 0);
    *state = stage;
    return 0;
}

static inline int stage_close(void **state)
{
    struct stage *stage = *state;
    tally_programme_document_free(stage->document);
    till_close(&stage->till);
    world_close(&stage->world);
    tally_free(stage);
    return 0;
}

/* Publishes the sample programme with `more`, as world_publish_with. */
static inline void stage_rules(struct stage *stage, const char *more)
{
    stage->document = world_publish_with(&stage->world, more);
    stage->programme = tally_programme_of(stage->document);
}

#endif
