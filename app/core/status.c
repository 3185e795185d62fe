/* SPDX-License-Identifier: Apache-2.0 */
/* The names and texts of statuses, made from the one list. */
#include "app/core/status.h"

const char *tally_status_name(enum tally_status status)
{
    switch (status) {
#define X(name, code, text)                                                                        \
    case name:                                                                                     \
        return #name;
        TALLY_STATUS_LIST(X)
#undef X
    }
    return "TALLY_E_?";
}

const char *tally_status_text(enum tally_status status)
{
    switch (status) {
#define X(name, code, text)                                                                        \
    case name:                                                                                     \
        return text;
        TALLY_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}
