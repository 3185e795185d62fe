/* app/cashier/screen.h: the cashier's screen as a state machine: keys and tallyd's messages in,
 * calls and a drawn canvas out. It knows no terminal and no socket.
 *
 * Units    points whole, money minor units, time seconds since 1970 UTC.
 * Memory   screen_open() allocates nothing; the screen holds references to JSON until
 *          screen_close().
 * Errors   everything that goes wrong ends as a sentence on the message line.
 * Threads  one. */
#ifndef TALLY_CASHIER_SCREEN_H
#define TALLY_CASHIER_SCREEN_H

#include "app/cashier/canvas.h"

#include <jansson.h>
#include <stdint.h>
#include <time.h>

enum {
    SCREEN_ROWS_MIN = 24,
    SCREEN_COLS_MIN = 80,
    SCREEN_FIELD_MAX = 128, /* bytes that can be typed into one field */
    SCREEN_MESSAGE_MAX = 320,
    SCREEN_REF_MAX = 64,
    SCREEN_TRAY_CARDS = 9,
    SCREEN_CLAIMS_SHOWN = 9,
    SCREEN_RULES_SHOWN = 5 /* with two rows each, and what comes of them, on 24 rows */
};

/* Keys that are not characters; a character is its code point. */
enum screen_key {
    SCREEN_KEY_ENTER = -1,
    SCREEN_KEY_ESCAPE = -2,
    SCREEN_KEY_BACKSPACE = -3,
    SCREEN_KEY_HELP = -4
};

enum screen_mode {
    SCREEN_IDLE = 0,
    SCREEN_TYPE,   /* a card or phone number */
    SCREEN_MEMBER, /* digits are the amount */
    SCREEN_REDEEM, /* digits are points */
    SCREEN_ENROL_NAME,
    SCREEN_ENROL_PHONE,
    SCREEN_ENROL_BIRTHDAY,
    SCREEN_CLAIM,   /* rewards; digits take them */
    SCREEN_WHY,     /* the rules of the quote */
    SCREEN_COMMIT,  /* a sale, void or enrolment is on its way */
    SCREEN_RECEIPT, /* what was recorded */
    SCREEN_VOID     /* "void the last sale?" */
};

enum screen_message { SCREEN_SAYS_NOTHING, SCREEN_SAYS_GOOD, SCREEN_SAYS_WARN, SCREEN_SAYS_BAD };

struct screen_ops {
    /* Sends a call (takes params) and returns its id; 0 when it could not be sent. */
    uint64_t (*call)(void *context, const char *method, json_t *params);
    /* A new reference for a sale or a void, never given before. */
    void (*new_ref)(void *context, char ref[SCREEN_REF_MAX + 1]);
    /* Swipes sample card 1..9 at the reader. */
    void (*swipe)(void *context, int card);
};

/* Which answer is awaited under which id; 0: none. */
struct screen_calls {
    uint64_t subscribe, status, identify, quote, commit;
};

struct screen {
    struct screen_ops ops;
    void *context;
    const char *tray[SCREEN_TRAY_CARDS]; /* borrowed names; NULL: no such card */
    bool has_tray;
    time_t now;

    bool connected;
    char why[128]; /* not connected: the system's words */
    bool help;
    bool quit;

    enum screen_mode mode;
    json_t *status; /* tallyd's last status, or NULL; likewise below, owned */
    json_t *member;
    json_t *quote; /* of amount and points as they are now, or NULL */
    json_t *receipt;
    json_t *waiting; /* a member who swiped while a commit was on its way */
    json_t *commit;  /* parameters of the commit on its way, to send again after a reconnect */
    const char *commit_method;
    bool has_most; /* most_* belong to this member and amount; a refused quote leaves them */
    int64_t most_here, most_online;
    bool take_most;   /* M was pressed before the quote was there */
    bool quote_again; /* amount or points changed while a quote was on its way */

    int64_t amount_minor;
    int64_t points;
    char field[SCREEN_FIELD_MAX + 1];
    json_t *claims;   /* code of a reward -> times */
    size_t list_from; /* first entry shown of what W or G lists */
    char enrol_name[SCREEN_FIELD_MAX + 1];
    char enrol_phone[SCREEN_FIELD_MAX + 1];
    json_t *enrol_with;                /* {"card": token} or {"text": typed}, or NULL */
    char sale_ref[SCREEN_REF_MAX + 1]; /* of the last sale here, "" if none or voided */
    int64_t sale_minor;                /* and its total and member, so that V can name it */
    char sale_name[SCREEN_FIELD_MAX + 1];

    struct screen_calls calls;
    enum screen_message message_kind;
    char message[SCREEN_MESSAGE_MAX];
};

void screen_open(struct screen *screen, const struct screen_ops *ops, void *context);
void screen_close(struct screen *screen);

void screen_key(struct screen *screen, int key);
void screen_connection(struct screen *screen, bool connected, const char *why);
void screen_answer(struct screen *screen, uint64_t id, json_t *result, json_t *error);
void screen_notification(struct screen *screen, const char *method, json_t *params);
/* Puts a sentence on the message line. */
void screen_say(struct screen *screen, enum screen_message kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Draws everything (draw.c). */
void screen_draw(const struct screen *screen, struct canvas *canvas);

/* What the drawing and the keys agree on. */
uint32_t screen_exponent(const struct screen *screen);
const char *screen_currency(const struct screen *screen);
bool screen_hq_is_up(const struct screen *screen);
bool screen_is_enrolled(const struct screen *screen);
/* Most points this sale could redeem now; 0 while that is not known. */
int64_t screen_redeemable(const struct screen *screen);

#endif
