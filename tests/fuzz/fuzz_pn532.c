/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a PN532 sends, and whenever it is silent: no UID, ATS or answer is longer than its room,
 * and a job ends or waits.
 *
 * A seed is a row of steps, each with a second byte: `r` length, bytes from the chip; `f` length,
 * body of a frame whose checksums are right; `l` look; `b` length, bytes of an exchange; `e` its
 * end; `d` drop; any other: the time goes on by 16 ms times the second byte. */
#include "tests/fuzz/fuzz.h"

#include "firmware/port/pn532.h"

static size_t written;

static void write_line(void *line, const uint8_t *bytes, size_t len)
{
    (void)line;
    FUZZ_CLAIM(len >= 6 && bytes[len - 1] == 0x00);
    written += len;
}

static size_t take(const uint8_t **at, size_t *left, size_t wanted, const uint8_t **ret_bytes)
{
    size_t len = wanted < *left ? wanted : *left;
    *ret_bytes = *at;
    *at += len;
    *left -= len;
    return len;
}

static void receive_frame(struct tally_pn532 *pn532, const uint8_t *body, size_t len)
{
    const uint8_t head[5] = {0x00, 0x00, 0xff, (uint8_t)len, (uint8_t)(0x100 - len)};
    uint8_t tail[2] = {0, 0};
    for (size_t i = 0; i < len; i++) {
        tail[0] = (uint8_t)(tail[0] - body[i]);
    }
    tally_pn532_received(pn532, head, sizeof head);
    tally_pn532_received(pn532, body, len);
    tally_pn532_received(pn532, tail, sizeof tail);
}

static void look(struct tally_pn532 *pn532)
{
    struct tally_slot_card card = {0};
    if (pn532->slot.look(pn532->slot.self, &card) == TALLY_CARD_OK) {
        FUZZ_CLAIM(card.uid_len > 0 && card.uid_len <= TALLY_CARD_UID_LEN_MAX);
        FUZZ_CLAIM(card.ats_len <= TALLY_CARD_ATS_LEN_MAX);
    }
}

static void end(struct tally_pn532 *pn532)
{
    uint8_t answer[TALLY_CARD_ANSWER_LEN_MAX];
    size_t len = 0;
    enum tally_card_status status = pn532->slot.end(pn532->slot.self, answer, sizeof answer, &len);
    FUZZ_CLAIM(len <= sizeof answer);
    FUZZ_CLAIM(status == TALLY_CARD_OK || len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tally_pn532 pn532;
    uint32_t now_ms = 0;
    const uint8_t *bytes = NULL, *count = NULL;
    bool is_begun = false;
    tally_pn532_init(&pn532, write_line, NULL);
    while (size > 0) {
        (void)take(&data, &size, 1, &bytes);
        uint8_t step = bytes[0];
        size_t len = take(&data, &size, 1, &count) == 1 ? count[0] : 0;
        switch (step) {
        case 'r':
            len = take(&data, &size, len, &bytes);
            tally_pn532_received(&pn532, bytes, len);
            break;
        case 'f':
            len = take(&data, &size, len, &bytes);
            receive_frame(&pn532, bytes, len);
            break;
        case 'b':
            len = take(&data, &size, len, &bytes);
            if (pn532.job == TALLY_PN532_NO_JOB) {
                pn532.slot.begin(pn532.slot.self, bytes, len);
                is_begun = true;
            }
            break;
        case 'l':
            if (pn532.job != TALLY_PN532_EXCHANGE) {
                look(&pn532);
            }
            break;
        case 'e':
            if (is_begun && pn532.job == TALLY_PN532_EXCHANGE) {
                end(&pn532);
            }
            break;
        case 'd':
            pn532.slot.drop(pn532.slot.self);
            break;
        default:
            now_ms += (uint32_t)len * 16;
            tally_pn532_time(&pn532, now_ms);
            break;
        }
    }
    return 0;
}
