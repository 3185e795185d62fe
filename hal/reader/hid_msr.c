/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for magnetic stripe readers that are HID devices but no keyboards: the MagTek vendor page
 * and all who copied it, and the USB-IF's stripe page. A reader of ours that is paired proves
 * itself before it is ready, and signs what it reports (signed.h). */
#include "hal/reader/drivers.h"

#include "app/crypto/crypto.h"
#include "hal/reader/hid_request.h"
#include "hal/reader/signed.h"

#include <string.h>

enum { HID_CLASS = 3, HID_NO_SUBCLASS = 0 };
enum { LEAVE_MS = 5000 }; /* a reader that was told to leave the bus has left it by then */

/* What was asked last. */
enum step {
    ASKED_DESCRIPTOR = 0,
    ASKED_SOFTWARE,
    ASKED_SERIAL,
    ASKED_PROOF,
    SENT_FORM,
    SENT_RESET,
    SENT_KEY_1,
    SENT_KEY_2,
    ASKED_NOTHING /* it is listened to */
};

struct msr_reader {
    struct hal_msr_layout layout;
    enum step step;
    bool is_answering;                          /* the command went out, its answer is fetched */
    bool is_paired;                             /* it has proved itself */
    char serial[HAL_READER_SERIAL_LEN_MAX + 1]; /* "": not one of ours */
    uint8_t nonce[TALLY_MSR_NONCE_LEN];
    uint8_t key[HAL_READER_KEY_LEN]; /* while it is being paired */
};

/* Subclass 1 is a keyboard or a mouse at boot. Of the others, the kernel's HID driver holds touch
 * screens and UPSes too: where it shows us the descriptor, nothing but a stripe reader is claimed.
 * Where nobody has looked at the descriptor yet, nobody is disturbed when we ask. */
static bool fits(const struct hal_interface *interface, const struct hal_reader_settings *settings)
{
    (void)settings;
    bool may_be = interface->bInterfaceClass == HID_CLASS &&
                  interface->bInterfaceSubClass == HID_NO_SUBCLASS &&
                  interface->interrupt_in != 0 && interface->report_descriptor_len != 0;
    if (!may_be || interface->report_descriptor == NULL) {
        return may_be;
    }
    struct hal_msr_layout layout;
    return hal_msr_layout(interface->report_descriptor, interface->report_descriptor_len,
                          &layout) == TALLY_OK;
}

/* ---- asking ---- */

static void end_unless(enum tally_status status, struct hal_link *link)
{
    if (status != TALLY_OK) {
        hal_link_end(link, status);
    }
}

/* Wipes the command: it may hold half a key. */
static enum tally_status send_command(struct msr_reader *reader, struct hal_link *link,
                                      enum step step, uint8_t command[TALLY_MSR_FEATURE_LEN])
{
    const struct hal_setup setup = hal_hid_set_feature(link->interface, 0, TALLY_MSR_FEATURE_LEN);
    enum tally_status status = hal_link_control(link, &setup, command);
    explicit_bzero(command, TALLY_MSR_FEATURE_LEN);
    if (status == TALLY_OK) {
        reader->step = step;
        reader->is_answering = false;
    }
    return status;
}

static enum tally_status fetch_answer(struct msr_reader *reader, struct hal_link *link)
{
    const struct hal_setup setup = hal_hid_get_feature(link->interface, 0, TALLY_MSR_FEATURE_LEN);
    reader->is_answering = true;
    return hal_link_control(link, &setup, NULL);
}

static enum tally_status ask(struct msr_reader *reader, struct hal_link *link, enum step step,
                             enum tally_msr_property property)
{
    uint8_t command[TALLY_MSR_FEATURE_LEN];
    hal_signed_ask(property, command);
    return send_command(reader, link, step, command);
}

static enum tally_status ask_proof(struct msr_reader *reader, struct hal_link *link)
{
    uint8_t command[TALLY_MSR_FEATURE_LEN];
    TALLY_TRY(tally_random(reader->nonce, sizeof reader->nonce));
    hal_signed_ask_proof(reader->nonce, command);
    return send_command(reader, link, ASKED_PROOF, command);
}

static enum tally_status send_key(struct msr_reader *reader, struct hal_link *link, int half)
{
    uint8_t command[TALLY_MSR_FEATURE_LEN];
    hal_signed_set_key(reader->key, half, command);
    return send_command(reader, link, half == 0 ? SENT_KEY_1 : SENT_KEY_2, command);
}

static enum tally_status send_form(struct msr_reader *reader, struct hal_link *link)
{
    uint8_t command[TALLY_MSR_FEATURE_LEN];
    hal_signed_set_form(TALLY_MSR_FORM_SIGNED, command);
    return send_command(reader, link, SENT_FORM, command);
}

static enum tally_status send_reset(struct msr_reader *reader, struct hal_link *link)
{
    uint8_t command[TALLY_MSR_FEATURE_LEN];
    hal_signed_reset(command);
    return send_command(reader, link, SENT_RESET, command);
}

static void listen_to(struct msr_reader *reader, struct hal_link *link)
{
    const struct hal_hid_sizes *sizes = &reader->layout.sizes;
    enum tally_status status = hal_link_listen(link, sizes->input_len, sizes->input_len_varies);
    reader->step = ASKED_NOTHING;
    if (status != TALLY_OK) {
        hal_link_end(link, status);
        return;
    }
    if (reader->serial[0] != '\0') {
        hal_link_ours(link, reader->serial, reader->is_paired);
    }
    hal_link_ready(link);
}

/* ---- what it answers ---- */

/* Less than announced is no whole descriptor. */
static void take_descriptor(struct msr_reader *reader, struct hal_link *link, const uint8_t *bytes,
                            size_t len)
{
    enum tally_status status = len == link->interface->report_descriptor_len
                                   ? hal_msr_layout(bytes, len, &reader->layout)
                                   : TALLY_E_DEVICE;
    if (status == TALLY_OK && hal_signed_may_ask(&reader->layout)) {
        status = ask(reader, link, ASKED_SOFTWARE, TALLY_MSR_PROP_SOFTWARE_ID);
    } else if (status == TALLY_OK) {
        listen_to(reader, link);
    }
    end_unless(status, link);
}

static void take_software(struct msr_reader *reader, struct hal_link *link, const uint8_t *answer,
                          size_t len)
{
    if (hal_signed_is_ours(answer, len)) {
        end_unless(ask(reader, link, ASKED_SERIAL, TALLY_MSR_PROP_SERIAL), link);
    } else {
        listen_to(reader, link);
    }
}

static void take_serial(struct msr_reader *reader, struct hal_link *link, const uint8_t *answer,
                        size_t len)
{
    bool is_known = hal_signed_serial(answer, len, reader->serial) == TALLY_OK;
    if (!is_known) {
        reader->serial[0] = '\0';
    }
    if (is_known && hal_signed_find(link->settings->pairs, reader->serial) != NULL) {
        end_unless(ask_proof(reader, link), link);
    } else {
        listen_to(reader, link);
    }
}

/* A paired reader that does not sign was stopped in the middle of pairing, or somebody has set it
 * back. */
static void take_proof(struct msr_reader *reader, struct hal_link *link, const uint8_t *answer,
                       size_t len)
{
    const struct hal_reader_pair *pair = hal_signed_find(link->settings->pairs, reader->serial);
    enum tally_status status =
        pair == NULL ? TALLY_E_READER_UNPAIRED : hal_signed_proof(pair, reader->nonce, answer, len);
    reader->is_paired = status == TALLY_OK;
    if (status == TALLY_OK && hal_signed_has_trailer(&reader->layout)) {
        listen_to(reader, link);
    } else if (status == TALLY_OK) {
        status = send_form(reader, link);
    }
    end_unless(status, link);
}

static void fail_pairing(struct msr_reader *reader, struct hal_link *link, enum tally_status status)
{
    explicit_bzero(reader->key, sizeof reader->key);
    reader->step = ASKED_NOTHING;
    hal_link_paired(link, status);
}

/* The reader has the key, whatever comes now. */
static void succeed_pairing(struct msr_reader *reader, struct hal_link *link)
{
    explicit_bzero(reader->key, sizeof reader->key);
    enum tally_status status = send_form(reader, link);
    hal_link_paired(link, TALLY_OK);
    end_unless(status, link);
}

static void take_pairing(struct msr_reader *reader, struct hal_link *link, const uint8_t *answer,
                         size_t len)
{
    enum tally_status status = hal_signed_answer(answer, len, NULL, NULL);
    if (status == TALLY_OK && reader->step == SENT_KEY_2) {
        succeed_pairing(reader, link);
        return;
    }
    if (status == TALLY_OK) {
        status = send_key(reader, link, 1);
    }
    if (status != TALLY_OK) {
        fail_pairing(reader, link, status);
    }
}

static void take_answer(struct msr_reader *reader, struct hal_link *link, const uint8_t *answer,
                        size_t len)
{
    switch (reader->step) {
    case ASKED_SOFTWARE:
        take_software(reader, link, answer, len);
        break;
    case ASKED_SERIAL:
        take_serial(reader, link, answer, len);
        break;
    case ASKED_PROOF:
        take_proof(reader, link, answer, len);
        break;
    case SENT_KEY_1:
    case SENT_KEY_2:
        take_pairing(reader, link, answer, len);
        break;
    case SENT_FORM:
        end_unless(hal_signed_answer(answer, len, NULL, NULL) == TALLY_OK ? send_reset(reader, link)
                                                                          : TALLY_E_DEVICE,
                   link);
        break;
    case ASKED_DESCRIPTOR:
    case SENT_RESET:
    case ASKED_NOTHING:
        break;
    }
}

/* Somebody else's reader need not know our questions. */
static void take_failure(struct msr_reader *reader, struct hal_link *link, enum tally_status status)
{
    bool is_stranger = reader->step == ASKED_SOFTWARE || reader->step == ASKED_SERIAL;
    if (is_stranger) {
        listen_to(reader, link);
    } else if (reader->step == SENT_KEY_1 || reader->step == SENT_KEY_2) {
        fail_pairing(reader, link, status);
    } else {
        hal_link_end(link, status);
    }
}

/* ---- the driver ---- */

static void start(void *state, struct hal_link *link)
{
    const struct hal_interface *interface = link->interface;
    if (interface->report_descriptor != NULL) {
        take_descriptor(state, link, interface->report_descriptor,
                        interface->report_descriptor_len);
        return;
    }
    const struct hal_setup setup = hal_hid_get_report_descriptor(interface);
    end_unless(setup.wLength > HAL_HID_DESCRIPTOR_LEN_MAX ? TALLY_E_DEVICE
                                                          : hal_link_control(link, &setup, NULL),
               link);
}

static void on_control(void *state, struct hal_link *link, enum tally_status status, uint8_t *bytes,
                       size_t len)
{
    struct msr_reader *reader = state;
    if (status != TALLY_OK) {
        take_failure(reader, link, status);
    } else if (reader->step == ASKED_DESCRIPTOR) {
        take_descriptor(reader, link, bytes, len);
    } else if (reader->step == SENT_RESET) {
        hal_link_set_timer(link, LEAVE_MS); /* it leaves, and comes back with other descriptors */
    } else if (!reader->is_answering) {
        status = fetch_answer(reader, link);
        if (status != TALLY_OK) {
            take_failure(reader, link, status);
        }
    } else {
        take_answer(reader, link, bytes, len);
    }
}

static void on_timer(void *state, struct hal_link *link)
{
    (void)state;
    hal_link_end(link, TALLY_E_DEVICE);
}

/* A report of a paired reader is taken once, and only with its signature. */
static enum tally_status check_signature(struct msr_reader *reader, struct hal_link *link,
                                         const uint8_t *report, size_t len)
{
    const struct hal_reader_pairs *pairs = link->settings->pairs;
    struct hal_reader_pair *pair = hal_signed_find(pairs, reader->serial);
    if (pair == NULL) {
        return TALLY_E_READER_UNPAIRED;
    }
    TALLY_TRY(
        hal_signed_check(&reader->layout, pair->key, pair->counter, report, len, &pair->counter));
    if (pairs->on_counter != NULL) {
        pairs->on_counter(pairs->context, pair);
    }
    return TALLY_OK;
}

static void on_report(void *state, struct hal_link *link, enum tally_status status, uint8_t *report,
                      size_t len)
{
    struct msr_reader *reader = state;
    struct tally_card card = {0};
    if (status == TALLY_OK && reader->is_paired) {
        status = check_signature(reader, link, report, len);
    }
    if (status == TALLY_OK) {
        status = hal_msr_read(&reader->layout, report, len, &link->settings->rules, &card);
    }
    if (status == TALLY_OK) {
        hal_link_card(link, &card);
    } else if (status == TALLY_E_READER_UNPAIRED) {
        hal_link_end(link, status);
    } else if (status != TALLY_E_NOT_FOUND) {
        hal_link_refuse(link, status);
    }
    explicit_bzero(&card, sizeof card);
}

static void pair(void *state, struct hal_link *link, const uint8_t *key)
{
    struct msr_reader *reader = state;
    if (reader->step != ASKED_NOTHING) {
        hal_link_paired(link, TALLY_E_BUSY);
        return;
    }
    memcpy(reader->key, key, sizeof reader->key);
    enum tally_status status = send_key(reader, link, 0);
    if (status != TALLY_OK) {
        fail_pairing(reader, link, status);
    }
}

const struct hal_reader_driver hal_driver_hid_msr = {.name = "HID magnetic stripe",
                                                     .state_len = sizeof(struct msr_reader),
                                                     .fits = fits,
                                                     .start = start,
                                                     .on_control = on_control,
                                                     .on_report = on_report,
                                                     .on_timer = on_timer,
                                                     .pair = pair};
