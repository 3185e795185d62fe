/* hal/reader/contactless.h: what to ask of a contactless card, and whose card it is.
 *
 * One conversation with one card: commands out, answers in, a verdict at the end. It knows nothing
 * of readers but that they take PC/SC part 3's pseudo-commands (FF CA, FF B0 ..). In this order:
 * what only a card of ours holds, then whether it is a payment card, then a bare UID. TAGS.md says
 * what cards are read, and what each is worth.
 *
 * Units    lengths are bytes.
 * Memory   nothing is allocated; a struct hal_contactless holds all, and borrows its needs.
 * Errors   whatever a card answers, the conversation ends after a bounded number of commands.
 * Threads  one at a time.
 * Privacy  hal_contactless_wipe() as soon as the verdict was taken. */
#ifndef HAL_READER_CONTACTLESS_H
#define HAL_READER_CONTACTLESS_H

#include "app/core/card.h"
#include "hal/reader/ndef.h"
#include "hal/reader/settings.h"
#include "hal/reader/tag424.h"

struct hal_code_memory;

/* Reads a rotating code (hal_code_read() of code.h). */
typedef enum tally_status hal_code_read_fn(const struct hal_reader_settings *settings,
                                           struct hal_code_memory *memory, const uint8_t *text,
                                           size_t len, struct tally_card *ret_card);

struct hal_contactless_needs {
    const struct hal_reader_settings *settings;
    hal_code_read_fn *code_read; /* NULL: codes are unknown cards */
    struct hal_code_memory *codes;
    struct hal_tag424_seen *seen;
    enum tally_status (*random)(void *bytes, size_t len); /* tally_random() */
    uint8_t read_len_max; /* data bytes that one answer of this reader can carry; 16 or more */
    bool is_last_try;     /* a failed read of a card that is still there counts as "not there" */
};

/* What an ATR says (PC/SC part 3, 3.1.3.2.3). */
enum hal_contactless_kind {
    HAL_CONTACTLESS_OTHER = 0, /* a contact card, or a reader with ATRs of its own */
    HAL_CONTACTLESS_ISO_DEP,   /* ISO/IEC 14443-4 */
    HAL_CONTACTLESS_PAGES,     /* Ultralight, NTAG 2xx: memory in pages of 4 bytes */
    HAL_CONTACTLESS_CLASSIC,   /* MIFARE Classic */
    HAL_CONTACTLESS_STORAGE    /* another memory card: it has a UID */
};

enum hal_contactless_step {
    HAL_STEP_DECIDED = 0,
    HAL_STEP_UID,
    HAL_STEP_ATS,
    HAL_STEP_STILL_THERE,
    HAL_STEP_CLASSIC_KEY,
    HAL_STEP_CLASSIC_OPEN,
    HAL_STEP_CLASSIC_READ,
    HAL_STEP_PAGES_FIRST,
    HAL_STEP_PAGES_MORE,
    HAL_STEP_OWN_SELECT,
    HAL_STEP_OWN_READ,
    HAL_STEP_OWN_READ_NATIVE,
    HAL_STEP_NDEF_SELECT,
    HAL_STEP_CC_SELECT,
    HAL_STEP_CC_READ,
    HAL_STEP_FILE_SELECT,
    HAL_STEP_FILE_LEN,
    HAL_STEP_FILE_READ,
    HAL_STEP_PROOF_FIRST,
    HAL_STEP_PROOF_SECOND,
    HAL_STEP_PPSE,
    HAL_STEP_PAYMENT,
    HAL_STEP_COUNT
};

enum {
    HAL_CONTACTLESS_COMMAND_LEN_MAX = 64,
    HAL_CONTACTLESS_UID_LEN_MAX = 10, /* ISO/IEC 14443-3 */
    HAL_CONTACTLESS_READ_LEN_MIN = 16
};

/* Private to contactless.c, but for whoever keeps one. */
struct hal_contactless {
    struct hal_contactless_needs needs;
    enum hal_contactless_step step;
    enum hal_contactless_kind kind;
    enum tally_status verdict;
    struct tally_card card;
    uint8_t command[HAL_CONTACTLESS_COMMAND_LEN_MAX];
    size_t command_len;
    uint8_t uid[HAL_CONTACTLESS_UID_LEN_MAX];
    size_t uid_len; /* 0: it has none that names it */
    bool is_type_b; /* may be: then 4 bytes are a PUPI, random like those of phones */
    uint8_t read[HAL_NDEF_LEN_MAX];
    size_t read_len;   /* so far */
    size_t read_total; /* of the file or the tag's memory */
    size_t read_asked; /* by the command under way */
    uint16_t file_id;
    size_t file_chunk;         /* MLe of the card */
    size_t payment_row;        /* of the table of payment applications */
    struct hal_tag424_tap tap; /* of a message that is right */
    uint8_t proof_key[HAL_TAG424_KEY_LEN];
    uint8_t rnd_a[HAL_TAG424_RANDOM_LEN];
    uint8_t token[HAL_TAG424_TOKEN_LEN];
};

/* What an ATR says. *ret_is_type_b: its historical bytes have type B's form (PC/SC part 3, table
 * 3.5), which a type A card's may have by chance. */
enum hal_contactless_kind hal_contactless_kind_of(const uint8_t *atr, size_t len,
                                                  bool *ret_is_type_b);

/* A card was powered on and gave this ATR. `needs` is copied, what it points at is borrowed until
 * the wipe. */
void hal_contactless_begin(struct hal_contactless *talk, const struct hal_contactless_needs *needs,
                           const uint8_t *atr, size_t len);

/* The command to send now; it lives until the next call. NULL: decided. */
const uint8_t *hal_contactless_command(const struct hal_contactless *talk, size_t *ret_len);

/* The answer to it, data and SW1 SW2; GET RESPONSE and the right Le are the reader's matter. */
void hal_contactless_answer(struct hal_contactless *talk, const uint8_t *bytes, size_t len);

/* The verdict.
 *   TALLY_OK                 *ret_card is a card of ours
 *   TALLY_E_PAYMENT_CARD
 *   TALLY_E_UNKNOWN_CARD     nothing on it is ours
 *   TALLY_E_CARD_UNREADABLE  it broke off, or answered nonsense: hold it still
 *   TALLY_E_NOT_FOUND        no contactless card at all (one in a contact slot): say nothing
 *   TALLY_E_AGAIN            not decided yet */
TALLY_MUST_USE enum tally_status hal_contactless_verdict(const struct hal_contactless *talk,
                                                         struct tally_card *ret_card);

void hal_contactless_wipe(struct hal_contactless *talk);

/* The member that a text names: `member:` or settings->tag.uri_prefix and digits, or digits alone.
 * PROVEN it never is.
 *   TALLY_OK, TALLY_E_PAYMENT_CARD, TALLY_E_UNKNOWN_CARD */
TALLY_MUST_USE enum tally_status hal_contactless_member(const struct hal_reader_settings *settings,
                                                        struct tally_slice text,
                                                        struct tally_card *ret_card);

#endif
