/* app/core/card.h: what a card is, once a reader has read it.
 *
 * A card's identity is digits (stripe, barcode, typed, phone) or bytes (NFC UID). It leaves
 * hal/reader only as this type, never as a track, and only after tally_card_classify() said that it
 * is one of ours. Outside the terminal's memory only its handle exists: HMAC-SHA-256 under the
 * programme's card key, truncated to 16 bytes (app/crypto).
 *
 * Units    lengths are digits or bytes.
 * Memory   nothing is allocated; a card is a value.
 * Threads  pure. */
#ifndef TALLY_CORE_CARD_H
#define TALLY_CORE_CARD_H

#include "app/core/status.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_CARD_LEN_MAX = 64,    /* digits or bytes of one identity */
    TALLY_CARD_PREFIX_MAX = 12, /* digits of a prefix in a rule */
    TALLY_HANDLE_LEN = 16
};

/* The name space of an identity. The same number swiped, scanned or typed is the same card. */
enum tally_card_kind {
    TALLY_CARD_NUMBER = 1, /* ASCII digits of a member number */
    TALLY_CARD_PHONE = 2,  /* ASCII digits of a phone number, as typed without separators */
    TALLY_CARD_UID = 3,    /* bytes, NFC */
    TALLY_CARD_CODE = 4    /* bytes: the handle inside a code of ours (hal/reader/CODES.md) */
};

/* How it was read: goes into the event for fraud rules; decides nothing here. */
enum tally_card_entry {
    TALLY_ENTRY_SWIPED = 1,
    TALLY_ENTRY_SCANNED = 2,
    TALLY_ENTRY_TAPPED = 3,
    TALLY_ENTRY_TYPED = 4
};

/* What it takes to pretend to be this card. Ordered: more is stronger. */
enum tally_card_strength {
    TALLY_STRENGTH_WEAK = 0,   /* to know it: typed digits, a UID that every phone can read */
    TALLY_STRENGTH_STATIC = 1, /* to have held it, or a picture of it: stripe, barcode, plain NFC */
    TALLY_STRENGTH_PROVEN = 2  /* to have it now: it answered with a key that does not leave it */
};

struct tally_card {
    enum tally_card_kind kind;
    enum tally_card_entry entry;
    enum tally_card_strength strength;
    uint8_t len;                       /* 1..TALLY_CARD_LEN_MAX */
    uint8_t bytes[TALLY_CARD_LEN_MAX]; /* ASCII digits, or raw bytes for a UID */
};

/* One range of member numbers that the programme calls its own. */
struct tally_card_rule {
    char prefix[TALLY_CARD_PREFIX_MAX + 1]; /* 1..12 ASCII digits, NUL-terminated */
    uint8_t length;                         /* of the whole number: more digits than the prefix,
                                               at most 19 (ISO/IEC 7812-1, 4.2) */
};

/* Borrowed; NULL with count 0 means that nothing is ours, so everything is refused. */
struct tally_card_rules {
    const struct tally_card_rule *rules;
    size_t count;
};

/* Ours, a payment card, or neither: own prefix and length first, then payment brand by prefix and
 * length (ISO/IEC 7812-1 issuer identification numbers; the table stands in card.c), then unknown.
 * Luhn decides nothing: real club cards fail it. `digits` is `len` ASCII digits and need not be
 * terminated; anything else is unknown.
 *   TALLY_OK              a member number of this programme
 *   TALLY_E_PAYMENT_CARD  wipe it: it must not be stored, logged or sent
 *   TALLY_E_UNKNOWN_CARD  wipe it too */
TALLY_MUST_USE enum tally_status tally_card_classify(const struct tally_card_rules *rules,
                                                     const uint8_t *digits, size_t len);

/* The card of a number that a reader read and tally_card_classify() has taken: its strength is
 * TALLY_STRENGTH_STATIC. `len` is 1 to TALLY_CARD_LEN_MAX. */
void tally_card_from_number(enum tally_card_entry entry, const uint8_t *digits, size_t len,
                            struct tally_card *ret_card);

/* Whether a rule may stand in a programme: digits only, length above the prefix's, and not
 * swallowing a payment brand of the same length.
 *   TALLY_OK, TALLY_E_INVALID (malformed), TALLY_E_PAYMENT_CARD (collides with a payment brand) */
TALLY_MUST_USE enum tally_status tally_card_rule_check(const struct tally_card_rule *rule);

/* A card from what a cashier typed: spaces and dashes are dropped; a number that is ours becomes
 * TALLY_CARD_NUMBER, else 7 to 15 digits (E.164, 6.1), with an optional leading +, become
 * TALLY_CARD_PHONE unless they look like a payment card. A leading + and at most 13 digits are a
 * phone number whatever they look like: German and Indonesian ones have a payment card's form.
 *   TALLY_OK, TALLY_E_INVALID (not digits, or too short or long), TALLY_E_PAYMENT_CARD */
TALLY_MUST_USE enum tally_status tally_card_from_typed(const struct tally_card_rules *rules,
                                                       const char *text,
                                                       struct tally_card *ret_card);

#endif
