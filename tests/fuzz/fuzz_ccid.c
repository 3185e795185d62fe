/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a reader says: its class descriptor, its notices, its messages; and through them
 * whatever a card says. The driver runs on the link of tests/fakes. Bytes of a seed:
 *
 *   features (1), then again and again: kind and length (2), that many bytes
 *   kind 0 a message as it is; 1 a message whose header is put right; 2 a notice; 3 time passes;
 *   4 a class descriptor; 5 a failed transfer
 *
 * Whatever it was: no hang, and no card, for the rules know none. */
#include "tests/fuzz/fuzz.h"

#include "app/crypto/crypto.h"
#include "hal/reader/ccid.h"
#include "hal/reader/drivers.h"
#include "tests/fakes/fake_link.h"

#include <string.h>

enum { MESSAGE_MAX = 255, STEPS_MAX = 400, DESCRIPTOR_LEN = 54 };

static struct fake_link fake;
static uint8_t last[10]; /* header of what the driver sent */
static unsigned sent;

static void on_out(struct fake_link *link, const uint8_t *bytes, size_t len)
{
    (void)link;
    FUZZ_CLAIM(len >= sizeof last && len - sizeof last == tally_load_le(bytes + 1, 4));
    memcpy(last, bytes, sizeof last);
    sent++;
}

/* What answers to the last command, with the bytes as status, error, chaining and data. */
static void answer_rightly(const uint8_t *bytes, size_t len)
{
    uint8_t message[10 + MESSAGE_MAX] = {0};
    size_t data_len = len > 3 ? len - 3 : 0;
    message[0] = last[0] == 0x62 || last[0] == 0x6f ? 0x80 : 0x81;
    tally_store_le(message + 1, 4, data_len);
    message[5] = last[5];
    message[6] = last[6];
    memcpy(message + 7, bytes, len);
    fake_link_answer(&fake, message, 10 + data_len);
}

static void step(uint8_t kind, const uint8_t *bytes, size_t len)
{
    struct hal_ccid_class about;
    switch (kind % 6) {
    case 0:
        fake_link_answer(&fake, bytes, len);
        break;
    case 1:
        answer_rightly(bytes, len);
        break;
    case 2:
        fake_link_report(&fake, bytes, len < fake.listen_len ? len : fake.listen_len);
        break;
    case 3:
        fake_link_wait(&fake, (uint32_t)len * 64);
        break;
    case 4:
        (void)!hal_ccid_class_read((struct tally_slice){bytes, len}, &about);
        break;
    default:
        fake_link_answer_fails(&fake);
        break;
    }
    fake_link_run(&fake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_started;
    is_started = is_started || tally_crypto_start() == TALLY_OK;
    FUZZ_CLAIM(is_started);
    if (size < 1) {
        return 0;
    }
    uint8_t descriptor[DESCRIPTOR_LEN] = {DESCRIPTOR_LEN, 0x21, 0, 1, data[0] & 3, data[0] >> 5, 3};
    descriptor[40] = (data[0] & 4) != 0 ? 8 : 0;
    descriptor[42] = (uint8_t)(1U << (data[0] >> 3 & 3) % 3);
    tally_store_le(descriptor + 44, 4, 512);
    const struct hal_interface interface = {.bInterfaceClass = 0x0b,
                                            .interrupt_in = 0x81,
                                            .bulk_in = 0x82,
                                            .bulk_out = 0x02,
                                            .class_descriptors = descriptor,
                                            .class_descriptors_len = sizeof descriptor};
    const struct hal_reader_settings settings = {
        .keys = {.has_tag_key = true},
        .tag = {.aid = {1, 2, 3, 4, 5}, .aid_len = 5, .reads_classic = true}};
    FUZZ_CLAIM(hal_driver_ccid.fits(&interface, &settings));
    sent = 0;
    fake_link_open(&fake, &hal_driver_ccid, &interface, &settings, on_out, NULL);
    fake_link_run(&fake);
    size_t at = 1;
    for (unsigned i = 0;
         i < STEPS_MAX && size - at >= 2 && !fake.has_ended && fake.refused_count < FAKE_SAID_MAX;
         i++) {
        size_t len = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
        step(data[at], data + at + 2, len);
        at += 2 + len;
    }
    FUZZ_CLAIM(fake.card_count == 0);
    FUZZ_CLAIM(fake.has_ended || sent > 0);
    fake_link_close(&fake);
    return 0;
}
