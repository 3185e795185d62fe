/* app/core/status.h: what a call can answer, one list for the whole terminal and head office.
 *
 * The tens digit is the family, and callers branch on the family; logs and the till API show the
 * name. Add a status here only when a caller, a cashier or an operator would act differently.
 *
 *   1x  refused: tell the cashier why; nothing changed
 *   2x  try later: nothing changed here, the same call may succeed
 *   3x  device: a reader, card or display needs a person
 *   4x  stop using points: the store or the chain of events can't be trusted
 *   5x  our half and the other half don't match: security or protocol; an operator decides
 *
 * Threads  everything here is pure. */
#ifndef TALLY_CORE_STATUS_H
#define TALLY_CORE_STATUS_H

#define TALLY_STATUS_LIST(X)                                                                       \
    X(TALLY_OK, 0, "ok")                                                                           \
    X(TALLY_E_INVALID, 10, "the request is not valid")                                             \
    X(TALLY_E_POINTS_SHORT, 11, "balance is smaller than the redemption")                          \
    X(TALLY_E_RULE, 12, "the programme does not allow this")                                       \
    X(TALLY_E_OVERFLOW, 13, "amount does not fit")                                                 \
    X(TALLY_E_NOT_FOUND, 14, "not found")                                                          \
    X(TALLY_E_EXISTS, 15, "exists already")                                                        \
    X(TALLY_E_PAYMENT_CARD, 16, "payment card")                                                    \
    X(TALLY_E_UNKNOWN_CARD, 17, "unknown card")                                                    \
    X(TALLY_E_BLOCKED, 18, "card or account is blocked")                                           \
    X(TALLY_E_TOO_LATE, 19, "too late: the business day or the time limit is over")                \
    X(TALLY_E_TIMEOUT, 20, "no answer in time")                                                    \
    X(TALLY_E_OFFLINE, 21, "head office cannot be reached")                                        \
    X(TALLY_E_BUSY, 22, "busy, try again")                                                         \
    X(TALLY_E_NO_MEMORY, 23, "not enough memory")                                                  \
    X(TALLY_E_NOT_READY, 24, "no programme has been received yet")                                 \
    X(TALLY_E_AGAIN, 25, "more input is needed")                                                   \
    X(TALLY_E_END, 26, "the end was reached")                                                      \
    X(TALLY_E_CARD_UNREADABLE, 30, "card could not be read, swipe again")                          \
    X(TALLY_E_READER_GONE, 31, "reader was unplugged")                                             \
    X(TALLY_E_NO_PERMISSION, 32, "permission denied")                                              \
    X(TALLY_E_DEVICE, 33, "the device does not work as it should")                                 \
    X(TALLY_E_CODE_EXPIRED, 34, "the code is not of this moment, show a fresh one")                \
    X(TALLY_E_CODE_USED, 35, "the code was used already, show a fresh one")                        \
    X(TALLY_E_READER_SILENT, 36, "the reader is plugged in and does not answer")                   \
    X(TALLY_E_READER_SWAPPED, 37, "this is not the reader that was paired")                        \
    X(TALLY_E_READER_UNPAIRED, 38, "only paired readers are used here, and this one is not")       \
    X(TALLY_E_STORE_IO, 40, "the disk refuses to read or write")                                   \
    X(TALLY_E_STORE_DAMAGED, 41, "stored record fails its checksum")                               \
    X(TALLY_E_STORE_FULL, 42, "the disk or the store is full")                                     \
    X(TALLY_E_STORE_VERSION, 43, "the store was written by a newer program")                       \
    X(TALLY_E_STORE_IN_USE, 44, "another process uses the store")                                  \
    X(TALLY_E_PEER_UNTRUSTED, 50, "the other side's certificate is not trusted")                   \
    X(TALLY_E_PEER_NAME, 51, "the other side's certificate is for another name")                   \
    X(TALLY_E_PEER_EXPIRED, 52, "a certificate is expired or not yet valid")                       \
    X(TALLY_E_PROTOCOL, 53, "the other side broke the protocol")                                   \
    X(TALLY_E_SIGNATURE, 54, "a signature does not verify")                                        \
    X(TALLY_E_CHAIN, 55, "the chain of events is broken or forked")                                \
    X(TALLY_E_MISMATCH, 56, "a recomputed amount differs from the claim")                          \
    X(TALLY_E_TOKEN, 57, "the enrolment token is unknown, used or expired")                        \
    X(TALLY_E_REVOKED, 58, "this terminal is revoked or quarantined")                              \
    X(TALLY_E_CRYPTO, 59, "a cryptographic operation failed")

enum tally_status {
#define X(name, code, text) name = code,
    TALLY_STATUS_LIST(X)
#undef X
};

enum tally_family {
    TALLY_FAMILY_OK = 0,
    TALLY_FAMILY_REFUSED = 1,
    TALLY_FAMILY_LATER = 2,
    TALLY_FAMILY_DEVICE = 3,
    TALLY_FAMILY_STOP = 4,
    TALLY_FAMILY_PEER = 5
};

/* A status that is dropped is a bug; the compiler says so (-Wunused-result is an error here). */
#define TALLY_MUST_USE __attribute__((warn_unused_result))

/* For a function that holds nothing yet: leave with the first status that is not ok. */
#define TALLY_TRY(call)                                                                            \
    do {                                                                                           \
        enum tally_status try_status = (call);                                                     \
        if (try_status != TALLY_OK) {                                                              \
            return try_status;                                                                     \
        }                                                                                          \
    } while (0)

/* "TALLY_E_POINTS_SHORT"; "TALLY_E_?" for a number that is not in the list. Static, never NULL. */
const char *tally_status_name(enum tally_status status);

/* One plain sentence in English; the screens translate it by name. Static, never NULL. */
const char *tally_status_text(enum tally_status status);

static inline enum tally_family tally_status_family(enum tally_status status)
{
    return status == TALLY_OK ? TALLY_FAMILY_OK : (enum tally_family)(status / 10);
}

#endif
