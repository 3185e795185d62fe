/* tools/measure/readers.h: a card as its driver hears it, recorded once and played as often as
 * wanted: from the bytes that came over the bus to the typed card, by hal's drivers and by the
 * least that anybody has to do.
 *
 * Memory   reader_open() allocates, reader_close() frees.
 * Errors   as bench.h. */
#ifndef TALLY_TOOLS_MEASURE_READERS_H
#define TALLY_TOOLS_MEASURE_READERS_H

#include "hal/reader/link.h"
#include "tools/measure/bench.h"

/* What the driver is told, in its order. */
enum reader_news { READER_REPORT, READER_RECEIVED, READER_SENT };

struct reader_piece {
    enum reader_news news;
    size_t len;
    uint8_t *bytes;   /* as they came */
    uint8_t *scratch; /* the driver may write into what it is given, so it is given a copy */
};

struct reader_take {
    struct hal_link link;
    const struct hal_reader_driver *driver;
    void *state;
    struct reader_piece *pieces;
    size_t count;
    size_t card_at;         /* with this piece the card is there; what follows is its leaving */
    uint8_t bSeq;           /* of the command that is under way (CCID 1.1, 6.1) */
    unsigned cards;         /* heard so far */
    struct tally_card card; /* the last one */
    int64_t wall_ms;        /* the clock of rotating codes */
};

/* KIND is stripe, wedge, scanner, code or tag. */
struct reader_take *reader_open(const char *kind);
void reader_close(struct reader_take *take);

/* Before each card, not counted: fresh copies, and for a rotating code the next one. */
void reader_prepare(struct reader_take *take);
/* After it, not counted: the driver hears the rest, and what came was the right card. */
void reader_settle(struct reader_take *take);
/* One piece to the driver. */
void reader_deliver(struct reader_take *take, const struct reader_piece *piece);

/* Counted; each says how many cards there were. */
unsigned ours_reader(struct reader_take *take);
unsigned floor_reader(struct reader_take *take);

#endif
