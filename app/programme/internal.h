/* app/programme/internal.h: what a document is made of. Private to app/programme. */
#ifndef TALLY_PROGRAMME_INTERNAL_H
#define TALLY_PROGRAMME_INTERNAL_H

#include "app/programme/arena.h"
#include "app/programme/document.h"

struct tally_programme_document {
    struct tally_programme programme;
    struct arena arena;         /* everything that the programme points at */
    const size_t *purse_places; /* of each of its purses: the index in the document */
};

#endif
