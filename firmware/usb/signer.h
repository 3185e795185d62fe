/* firmware/usb/signer.h: a reader that is paired with a terminal signs its reports, and proves
 * itself when asked (REPORTS.md, "Pairing").
 *
 * Memory   one struct; no heap; the pair key never leaves it but into the port's HMAC and memory
 * Errors   false, or an answer of the feature report
 * Threads  one caller at a time */
#ifndef TALLY_FIRMWARE_USB_SIGNER_H
#define TALLY_FIRMWARE_USB_SIGNER_H

#include "firmware/reports.h"
#include "firmware/usb/port.h"

enum {
    TALLY_SIGNER_COUNTER_STRIDE = 256, /* counters between two writes to the port's memory */
    TALLY_SIGNER_COUNTER_RECORD_LEN = 4
};

struct tally_signer {
    const struct tally_ports *ports;
    bool is_paired;
    bool has_first_half;
    uint32_t counter;     /* the next to be used */
    uint32_t counter_end; /* the first that has not been kept as used */
    uint8_t key[TALLY_HMAC_KEY_LEN];
    uint8_t first_half[TALLY_MSR_PAIR_HALF_LEN];
};

/* Fetches key and counter from the port's memory. `ports` is borrowed. */
void tally_signer_init(struct tally_signer *signer, const struct tally_ports *ports);

/* Half 0 is remembered until half 1 comes; then the key is in force and kept.
 *   OK, FAILED (paired and nobody holds the button; half 1 without half 0; the port cannot keep it
 * or has no HMAC), BAD_PARAMETER (an all-zero key) */
enum tally_msr_answer tally_signer_pair(struct tally_signer *signer, int half,
                                        const uint8_t bytes[TALLY_MSR_PAIR_HALF_LEN]);

/* Forgets half a key: the host that sent it is gone. */
void tally_signer_forget_half(struct tally_signer *signer);

/* Forgets the key. FAILED: as above. */
enum tally_msr_answer tally_signer_unpair(struct tally_signer *signer);

/* Copies the report and puts counter and MAC behind it; zeros where it cannot sign (false): not
 * paired, no counter left, or the port failed. */
bool tally_signer_sign(struct tally_signer *signer, const uint8_t report[TALLY_MSR_REPORT_LEN],
                       uint8_t ret_report[TALLY_MSR_SIGNED_REPORT_LEN]);

/* HMAC over nonce and serial number. False: not paired, or the port failed. */
bool tally_signer_prove(const struct tally_signer *signer, const uint8_t nonce[TALLY_MSR_NONCE_LEN],
                        uint8_t ret_proof[TALLY_MSR_MAC_LEN]);

#endif
