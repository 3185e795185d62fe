/* SPDX-License-Identifier: Apache-2.0 */
/* Must not compile: a caller drops a status (with CHECKED it keeps it, and compiles). */
#include "app/core/types.h"

int main(void)
{
    int64_t sum = 0;
#ifdef CHECKED
    return tally_add(1, 2, &sum) == TALLY_OK ? 0 : 1;
#else
    tally_add(1, 2, &sum);
    return 0;
#endif
}
