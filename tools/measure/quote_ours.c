/* SPDX-License-Identifier: Apache-2.0 */
/* A quote by our engine. */
#include "tools/measure/quote.h"

int64_t ours_quote(struct quote_shop *shop)
{
    static const struct tally_occasion occasion = {
        .terminal = 7, .now_ms = (int64_t)QUOTE_DAY * 86400000, .day = QUOTE_DAY, .minute = 720};
    struct tally_quote quote;
    bench_check(tally_sale_quote(&shop->programme, &shop->account, &shop->basket, &occasion,
                                 shop->room, shop->room_len, &quote),
                "quote");
    return quote.earned_points;
}
