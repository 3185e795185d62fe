/* SPDX-License-Identifier: Apache-2.0 */
/* The least that any engine does: one multiplication and one addition for each rule and line. */
#include "tools/measure/quote.h"

int64_t sum_quote(const struct quote_shop *shop)
{
    int64_t points = 0;
    for (size_t i = 0; i < QUOTE_RULES; i++) {
        const struct tally_rule *rule = &shop->rules[i];
        int64_t sum = 0;
        for (size_t j = 0; j < QUOTE_LINES; j++) {
            sum += shop->lines[j].amount_minor * rule->points;
        }
        points += sum / rule->per_minor;
    }
    return points;
}
