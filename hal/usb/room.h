/* hal/usb/room.h: what the files of this room share; nobody else includes it.
 *
 *   usb.c       the room itself: opening, closing, counting what is still to come
 *   uevents.c   the kernel's and udevd's news: something changed
 *   sysfs.c     what is on the bus, read in a thread of the pool; descriptors.c makes sense of it
 *   bus.c       what is new, what has left, what is to be shown again
 *   claim.c     opening and closing an interface in a thread of the pool, and all of its ends
 *   pipe.c      one libusb transfer with its buffer
 *   control.c   requests on endpoint 0
 *   endpoint.c  the interrupt and bulk endpoints, and what is done when they fail
 *   silence.c   is it still there?
 *
 * Threads  the loop's, but for what uv_queue_work() is given: that touches its job alone. */
#ifndef HAL_USB_ROOM_H
#define HAL_USB_ROOM_H

#include "hal/usb/sysfs.h"
#include "hal/usb/usb.h"

#include <libusb.h>

/* ---- the bus ---- */

struct hal_usb {
    uv_loop_t *loop;
    uint32_t look_ms;
    const struct hal_usb_watcher *watcher;
    void *context;
    hal_usb_closed_fn *on_closed;
    void *closed_context;
    struct usb_device *devices;
    uv_timer_t again; /* interfaces that are to be shown again */
    uv_poll_t uevents;
    int uevents_fd;
    uv_work_t scan;
    struct usb_identity *known; /* the scan's, as long as it runs */
    size_t known_count;
    struct usb_seen *seen; /* the scan's answer */
    bool is_scanning;
    bool has_changed; /* since the scan began */
    bool is_closing;
    unsigned parts; /* libuv handles, jobs, devices and claims that are not done yet */
};

enum usb_wait { USB_WAIT_NOT = 0, USB_WAIT_TIME, USB_WAIT_ALLOWED };

struct usb_offer {
    struct hal_usb_interface shown; /* first: the outside has only this */
    struct usb_device *device;
    struct hal_usb_claim *claim; /* NULL: nobody has it */
    enum usb_wait wait;          /* to be shown again */
    uint64_t due_ms;
    bool has_news;   /* of its node or of the bus, since it began to wait */
    bool was_silent; /* a claim of it has to answer first */
};

/* A device that has been shown. */
struct usb_device {
    struct hal_usb *usb;
    struct usb_seen *seen;
    struct usb_offer *offers; /* one for each of seen->interfaces */
    size_t offer_count;
    bool is_there;
    bool has_left;   /* for good: it stays only until its last claim is closed */
    bool comes_back; /* it was seen again meanwhile: the bus is looked at when it has gone */
    bool has_watch;
    uv_fs_event_t watch; /* of its folder of nodes, while it may not be opened */
    struct usb_device *next;
};

/* ---- claims ---- */

struct usb_pipe {
    struct hal_usb_claim *claim;
    struct libusb_transfer *transfer;
    uint8_t *buffer;
    size_t len;
    bool is_pending;   /* libusb has it */
    bool is_cancelled; /* by us */
    uv_timer_t timer;
    struct usb_pipe *next;
};

/* How a request on endpoint 0 ended, where the device is still ours. */
enum usb_answer { USB_ANSWERED, USB_STALLED, USB_UNANSWERED };

struct usb_request;
typedef void usb_answer_fn(struct usb_request *request, enum usb_answer answer, uint8_t *bytes,
                           size_t len);

struct usb_request {
    struct usb_pipe pipe; /* first */
    usb_answer_fn *on_answer;
    void *owner; /* whom it helps */
    size_t data_len;
    bool is_in;
};

struct usb_endpoint {
    struct usb_pipe pipe; /* first */
    struct usb_request clear;
    enum { USB_INTERRUPT_IN, USB_BULK_IN, USB_BULK_OUT } kind;
    uint8_t address;
    bool short_ends;
    bool is_restarting; /* cancelled because the report broke off */
    bool is_to_clear;   /* before it is used again */
    size_t have;        /* bytes of a report that came so far */
    unsigned failures;  /* in a row */
};

struct usb_poller {
    uv_poll_t handle;
    struct hal_usb_claim *claim;
};

enum { USB_POLLERS_MAX = 4 }; /* libusb's two or three descriptors and the device's */

enum usb_stage {
    USB_OPENING = 0, /* a thread opens it */
    USB_OPEN,        /* or was not to be opened: `handle` is NULL */
    USB_HANDLES_CLOSING,
    USB_CLOSING /* a thread closes it */
};

struct hal_usb_claim {
    struct hal_usb *usb;
    struct usb_offer *offer;
    const struct hal_usb_handlers *handlers;
    void *context;

    /* The job's: made in the thread that opens, used by the loop, given back in the thread that
     * closes. */
    libusb_context *libusb; /* of its own: nothing of one claim waits for another's */
    libusb_device_handle *handle;
    int fd;
    enum tally_status opened;
    char node[USB_NODE_LEN_MAX + 1];
    uint8_t number; /* bInterfaceNumber */
    bool wants_reset;
    uv_work_t job;

    enum usb_stage stage;
    bool is_renewing;
    bool has_ended;
    bool is_released;
    unsigned handles; /* of libuv, not closed yet */
    struct usb_poller pollers[USB_POLLERS_MAX];
    size_t poller_count;
    struct usb_pipe *pipes; /* all that follow */
    struct usb_request control;
    struct usb_request look;
    struct usb_endpoint interrupt_in;
    struct usb_endpoint bulk_in;
    struct usb_endpoint bulk_out;
    uv_timer_t timer; /* the driver's */
    uv_timer_t look_timer;
    uv_timer_t renewal;
    bool was_heard; /* since the last look */
    unsigned misses;
};

/* usb.c: one more that is to come; the last one gone ends a room that is closing. */
void usb_add_part(struct hal_usb *usb);
void usb_drop_part(struct hal_usb *usb);
enum tally_status usb_status(int libusb_code);

/* uevents.c */
enum tally_status usb_watch_uevents(struct hal_usb *usb);
void usb_stop_uevents(struct hal_usb *usb);

/* bus.c */
void usb_look_at_bus(struct hal_usb *usb); /* something has changed */
void usb_note_claim_closed(struct usb_offer *offer);
void usb_leave_bus(struct hal_usb *usb);

/* claim.c */
void usb_end_claim(struct hal_usb_claim *claim, enum tally_status status);
bool usb_is_dead(const struct hal_usb_claim *claim); /* nobody wants to hear of it any more */
void usb_settle(struct hal_usb_claim *claim);        /* something is no longer pending */

/* pipe.c */
void usb_init_pipe(struct usb_pipe *pipe, struct hal_usb_claim *claim);
enum tally_status usb_give_buffer(struct usb_pipe *pipe, size_t len);
void usb_drop_buffer(struct usb_pipe *pipe); /* wiped */
enum tally_status usb_submit(struct usb_pipe *pipe);
void usb_cancel(struct usb_pipe *pipe);
void usb_free_pipe(struct usb_pipe *pipe);
/* A transfer is back: whether there is somebody to tell, and something to tell. Ends the claim if
 * the device is gone. */
bool usb_take_back(struct usb_pipe *pipe);

/* control.c: as hal_usb_control(), for any request of this room. */
enum tally_status usb_ask(struct usb_request *request, const struct hal_setup *setup,
                          const uint8_t *data, usb_answer_fn *on_answer);

/* endpoint.c */
void usb_init_endpoints(struct hal_usb_claim *claim);
void usb_forget_failures(struct hal_usb_claim *claim); /* nothing is pending */

/* silence.c */
void usb_start_looking(struct hal_usb_claim *claim);
void usb_ask_if_there(struct hal_usb_claim *claim, usb_answer_fn *on_answer);

#endif
