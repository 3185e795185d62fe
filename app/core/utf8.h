/* app/core/utf8.h: whether bytes are text.
 *
 * Threads  pure. */
#ifndef TALLY_CORE_UTF8_H
#define TALLY_CORE_UTF8_H

#include "app/core/bytes.h"

/* Strictly well-formed UTF-8 (RFC 3629, 4): shortest forms only, no surrogates, nothing above
 * U+10FFFF, and no NUL. Empty text is well-formed. */
bool tally_utf8_valid(struct tally_slice text);

#endif
