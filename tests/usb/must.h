/* tests/usb/must.h: what has to hold for these tests to mean anything, also where NDEBUG is set.
 *
 * Threads  pure */
#ifndef TESTS_USB_MUST_H
#define TESTS_USB_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: this must hold: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
