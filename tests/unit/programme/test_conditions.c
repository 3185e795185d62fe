/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two rules is wider, and whether both can hold at once. */
#include "tests/unit/programme/paper.h"

#include "app/programme/conditions.h"

enum relation {
    APART = 0,
    MEET = 1,
    WIDER = 2, /* the left one covers the right one */
    SAME = 3
};

static struct reach reach_of(const struct tally_rule *rule)
{
    return (struct reach){&rule->when, &rule->lines};
}

static void check_pair(const char *left, const char *right, enum relation relation)
{
    char sections[2048];
    snprintf(sections, sizeof sections,
             "\"tiers\": { \"levels\": [{ \"code\": \"t\" }, { \"code\": \"u\","
             " \"given_only\": true }] },\n"
             "\"merchants\": [{ \"code\": \"m\", \"shops\": [1, 2] }, { \"code\": \"n\","
             " \"shops\": [3] }],\n" PAPER_RULES("{ \"code\": \"l\", \"points\": 1 %s%s },"
                                                 "{ \"code\": \"r\", \"points\": 1 %s%s }"),
             left[0] != '\0' ? "," : "", left, right[0] != '\0' ? "," : "", right);
    struct tally_programme_document *document = accepted(sections);
    const struct tally_rule *rules = tally_programme_of(document)->rules;
    struct reach one = reach_of(&rules[0]), other = reach_of(&rules[1]);
    bool covers = reach_covers(one, other), covered = reach_covers(other, one);
    bool meets = reach_meets(one, other);
    if (covers != (relation >= WIDER) || covered != (relation == SAME) ||
        meets != (relation >= MEET) || reach_meets(other, one) != meets) {
        fail_msg("%s / %s: covers %d, covered %d, meets %d", left, right, covers, covered, meets);
    }
    tally_programme_document_free(document);
}

static void conditions_lie_to_each_other_as_they_should(void **state)
{
    (void)state;
#define WHEN(text)  "\"when\": { " text " }"
#define LINES(text) "\"lines\": { " text " }"
#define EVERYTHING                                                                                 \
    "\"from\": \"2026-02-01\", \"until\": \"2026-02-02\", \"weekdays\": [\"mon\"],"                \
    "\"hours\": [\"10:00-12:00\"], \"shops\": [1], \"channels\": [\"web\"], \"tiers\": [\"t\"],"   \
    "\"merchants\": [\"m\"], \"tenders\": [\"cash\"], \"codes\": [\"A\"], \"visit_first\": 4,"     \
    "\"visit_every\": 2, \"away_days\": 1, \"joined_days\": 9, \"birthday\": \"week\","            \
    "\"basket_minor_min\": 1, \"spend_minor_min\": 2, \"quantity_milli_min\": 3"
    static const struct {
        const char *left, *right;
        enum relation relation;
    } pairs[] = {
        {"", "", SAME},
        {"", WHEN("\"from\": \"2026-02-01\""), WIDER},
        {WHEN("\"from\": \"2026-02-01\""), WHEN("\"from\": \"2026-02-02\""), WIDER},
        {WHEN("\"until\": \"2026-02-02\""), WHEN("\"until\": \"2026-02-01\""), WIDER},
        {WHEN("\"until\": \"2026-02-01\""), WHEN("\"from\": \"2026-02-01\""), MEET},
        {WHEN("\"until\": \"2026-02-01\""), WHEN("\"from\": \"2026-02-02\""), APART},
        {"", WHEN("\"weekdays\": [\"mon\"]"), WIDER},
        {WHEN("\"weekdays\": [\"mon\", \"tue\"]"), WHEN("\"weekdays\": [\"mon\"]"), WIDER},
        {WHEN("\"weekdays\": [\"mon\", \"tue\"]"), WHEN("\"weekdays\": [\"tue\", \"wed\"]"), MEET},
        {WHEN("\"weekdays\": [\"mon\"]"), WHEN("\"weekdays\": [\"tue\"]"), APART},
        {"", WHEN("\"hours\": [\"10:00-12:00\"]"), WIDER},
        {WHEN("\"hours\": [\"10:00-12:00\"]"), WHEN("\"hours\": [\"10:00-11:00\"]"), WIDER},
        {WHEN("\"hours\": [\"10:00-12:00\"]"), WHEN("\"hours\": [\"11:00-12:00\"]"), WIDER},
        {WHEN("\"hours\": [\"10:00-12:00\"]"), WHEN("\"hours\": [\"11:00-13:00\"]"), MEET},
        {WHEN("\"hours\": [\"10:00-12:00\"]"), WHEN("\"hours\": [\"12:00-13:00\"]"), APART},
        {WHEN("\"hours\": [\"10:00-12:00\"]"), WHEN("\"hours\": [\"09:00-10:00\"]"), APART},
        {WHEN("\"hours\": [\"08:00-09:00\", \"10:00-12:00\"]"),
         WHEN("\"hours\": [\"11:00-12:00\", \"08:30-09:00\"]"), WIDER},
        {"", WHEN("\"shops\": [1]"), WIDER},
        {WHEN("\"shops\": [1, 2]"), WHEN("\"shops\": [2]"), WIDER},
        {WHEN("\"shops\": [1, 2]"), WHEN("\"shops\": [2, 3]"), MEET},
        {WHEN("\"shops\": [1, 2]"), WHEN("\"shops\": [3]"), APART},
        {"", WHEN("\"channels\": [\"web\"]"), WIDER},
        {WHEN("\"channels\": [\"web\", \"app\"]"), WHEN("\"channels\": [\"app\"]"), WIDER},
        {WHEN("\"channels\": [\"web\"]"), WHEN("\"channels\": [\"app\"]"), APART},
        {WHEN("\"tiers\": [\"t\", \"u\"]"), WHEN("\"tiers\": [\"u\"]"), WIDER},
        {WHEN("\"tiers\": [\"t\"]"), WHEN("\"tiers\": [\"u\"]"), APART},
        {WHEN("\"merchants\": [\"m\"]"), WHEN("\"merchants\": [\"n\"]"), APART},
        {"", WHEN("\"tenders\": [\"cash\"]"), WIDER},
        {WHEN("\"tenders\": [\"card\"]"), WHEN("\"tenders\": [\"cash\"]"), MEET}, /* both pay */
        {WHEN("\"codes\": [\"A\"]"), WHEN("\"codes\": [\"B\"]"), MEET}, /* both are shown */
        {"", WHEN("\"visit_first\": 2"), WIDER},
        {WHEN("\"visit_first\": 3"), WHEN("\"visit_first\": 2"), WIDER},
        {"", WHEN("\"visit_every\": 2"), WIDER},
        {WHEN("\"visit_every\": 2"), WHEN("\"visit_every\": 4"), WIDER},
        {WHEN("\"visit_every\": 2"), WHEN("\"visit_every\": 3"), MEET},
        {WHEN("\"away_days\": 2"), WHEN("\"away_days\": 3"), WIDER},
        {WHEN("\"joined_days\": 3"), WHEN("\"joined_days\": 2"), WIDER},
        {WHEN("\"birthday\": \"week\""), WHEN("\"birthday\": \"day\""), WIDER},
        {WHEN("\"birthday\": \"month\""), WHEN("\"birthday\": \"day\""), WIDER},
        {WHEN("\"birthday\": \"month\""), WHEN("\"birthday\": \"week\""), MEET},
        {WHEN("\"basket_minor_min\": 1"), WHEN("\"basket_minor_min\": 2"), WIDER},
        {WHEN("\"spend_minor_min\": 1"), WHEN("\"spend_minor_min\": 2"), WIDER},
        {WHEN("\"spend_minor_min\": 1"),
         WHEN("\"spend_minor_min\": 2, \"spend_without_tax\": true"), MEET},
        {WHEN("\"quantity_milli_min\": 1"), WHEN("\"quantity_milli_min\": 2"), WIDER},
        {"", LINES("\"skus\": [\"a\"]"), WIDER},
        {LINES("\"skus\": [\"a\", \"b\"]"), LINES("\"skus\": [\"b\"]"), WIDER},
        {LINES("\"skus\": [\"a\"]"), LINES("\"skus\": [\"b\"]"), APART},
        {LINES("\"skus\": [\"a\"]"), LINES("\"categories\": [\"b\"]"), MEET},
        {LINES("\"skus\": [\"a\"], \"categories\": [\"b\"]"), LINES("\"categories\": [\"b\"]"),
         WIDER},
        {LINES("\"categories\": [\"a\"]"), LINES("\"categories\": [\"b\"]"), APART},
        {"", LINES("\"except_skus\": [\"a\"]"), WIDER},
        {LINES("\"except_categories\": [\"a\"]"), LINES("\"except_categories\": [\"a\", \"b\"]"),
         WIDER},
        {LINES("\"except_categories\": [\"a\"]"), LINES("\"categories\": [\"a\"]"), APART},
        {LINES("\"except_skus\": [\"a\"]"), LINES("\"skus\": [\"a\", \"b\"]"), MEET},
        {LINES("\"price_minor_min\": 1"), LINES("\"price_minor_min\": 2"), WIDER},
        {WHEN("\"weekdays\": [\"mon\"]"), LINES("\"skus\": [\"a\"]"), MEET},
        {WHEN(EVERYTHING), WHEN(EVERYTHING), SAME},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        check_pair(pairs[i].left, pairs[i].right, pairs[i].relation);
    }
#undef WHEN
#undef EVERYTHING
#undef LINES
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_lie_to_each_other_as_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
