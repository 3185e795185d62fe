/* tools/measure/decode.h: how many swipes the reader's firmware reads, and a naive decoder, at four
 * wears of the card.
 *
 * Errors   as bench.h. */
#ifndef TALLY_TOOLS_MEASURE_DECODE_H
#define TALLY_TOOLS_MEASURE_DECODE_H

#include "tools/measure/bench.h"

/* decode-read-WEAR and decode-wrong-WEAR; the counts and the seed on standard error. */
void decode_measure(const struct bench_options *options);

#endif
