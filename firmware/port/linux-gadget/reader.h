/* firmware/port/linux-gadget/reader.h: tally-reader put together: cable, head, what is kept, card
 * slot.
 *
 * Units    times are milliseconds of CLOCK_MONOTONIC
 * Errors   false, and a sentence on stderr
 * Threads  one */
#ifndef TALLY_FIRMWARE_PORT_LINUX_GADGET_READER_H
#define TALLY_FIRMWARE_PORT_LINUX_GADGET_READER_H

#include "firmware/port/host/virtual_card.h"
#include "firmware/port/linux-gadget/antenna.h"
#include "firmware/port/linux-gadget/cable.h"
#include "firmware/port/linux-gadget/kept.h"
#include "firmware/port/linux-gadget/talkers.h"

enum reader_slot { READER_SLOT_NONE = 0, READER_SLOT_VIRTUAL, READER_SLOT_PN532 };

struct reader_options {
    const char *udc; /* NULL: the first there is */
    const char *head_path;
    const char *serial;
    const char *keep_dir;
    int form; /* enum tally_msr_form, or READER_FORM_KEPT */
    enum reader_slot slot;
    const char *tty; /* of READER_SLOT_PN532 */
};
enum { READER_FORM_KEPT = -1 };

struct reader {
    struct tally_ports ports;
    struct kept kept;
    enum reader_slot slot;
    struct antenna antenna;                 /* of READER_SLOT_PN532 */
    struct tally_virtual_slot virtual_slot; /* of READER_SLOT_VIRTUAL */
    struct tally_virtual_card card;         /* on it, while has_card */
    bool has_card;
    bool is_button_held;
    struct cable cable;
    struct talkers talkers;
    enum tally_reader_light shown_light;
    bool shown_beeping;
    int64_t plug_deadline_ms; /* while a talker waits for a plug */
};

/* On false what has been opened is closed again. */
bool reader_open(struct reader *reader, const struct reader_options *options);
void reader_close(struct reader *reader);

/* Serves until `signal_fd` becomes readable. */
void reader_run(struct reader *reader, int signal_fd);

#endif
