/* tests/unit/store/faults.h: disks that fail, by standing in for the C library's writes and syncs.
 *
 * The whole test program, LMDB included, writes through these. */
#ifndef TALLY_TESTS_STORE_FAULTS_H
#define TALLY_TESTS_STORE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum fault {
    FAULT_NONE = 0,
    FAULT_ERROR, /* the operation answers `error`; a write leaves `part` of its bytes */
    FAULT_KILL   /* the process dies in the operation, after `part` of its bytes */
};

struct fault_plan {
    enum fault fault;
    unsigned at;   /* counts writes and syncs from 1 */
    int error;     /* errno */
    unsigned part; /* of 256 */
};

extern struct fault_plan fault_plan;
extern unsigned fault_seen; /* operations since faults_plan */
extern unsigned fault_writes, fault_syncs;

void faults_plan(struct fault_plan plan);

#endif
