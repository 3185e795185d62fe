/* tests/usb/talk.h: conversations: what the outside does, and what the other side must say.
 *
 * A file of conversations is text. A line that begins in the first column names a conversation; the
 * indented lines under it are its rows, DO > HEAR: `DO` is done, and then the line `HEAR` must be
 * heard. Either may be missing. A `HEAR` that ends in ` ...` is the beginning of a line. Nothing
 * else may be heard up to the end of the conversation. `#` begins a comment line.
 *
 * Memory   talks_read() allocates, talks_free() frees
 * Errors   a file that can't be read or understood ends the program with a sentence: it is ours
 * Threads  one */
#ifndef TESTS_USB_TALK_H
#define TESTS_USB_TALK_H

#include <stdbool.h>
#include <stddef.h>

enum { TALK_LINE_LEN_MAX = 2048 };

enum talk_answer { TALK_DONE = 0, TALK_CANNOT /* not on this bus */, TALK_NOT_UNDERSTOOD };

/* Where the cable is pulled; both 0: nowhere. */
struct side_cut {
    unsigned after_transfers;
    unsigned after_packets;
};

/* A bus with a reader at one end and a terminal at the other. The first member of whatever keeps
 * it. */
struct talk_side {
    const char *name; /* "umockdev" */
    /* A fresh bus with nothing plugged in, and a fresh terminal on it. */
    void (*begin)(struct talk_side *side);
    enum talk_answer (*act)(struct talk_side *side, const char *words);
    /* Waits for the next line, without its newline. False: there will be none. */
    bool (*hear)(struct talk_side *side, char line[TALK_LINE_LEN_MAX]);
    /* Tells the terminal to end; what it still says is heard before hear() answers false. */
    void (*finish)(struct talk_side *side);
    /* From the next begin() on, the cable of the device that is plugged in first is pulled there;
     * and whether the conversation that was played last came so far. NULL: it can't. */
    void (*cut)(struct talk_side *side, struct side_cut cut);
    bool (*was_cut)(const struct talk_side *side);
    /* Takes down what begin() made. False, after it has printed why: the terminal did not end
     * clean. */
    bool (*end)(struct talk_side *side);
};

struct talk_row {
    const char *act;  /* NULL: nothing is done */
    const char *hear; /* NULL: nothing is waited for */
    unsigned line;
};

struct talk {
    const char *name;
    struct talk_row *rows;
    size_t row_count;
};

struct talks {
    const char *path;
    char *text;
    struct talk *talks;
    size_t count;
};

void talks_read(struct talks *talks, const char *path);
void talks_free(struct talks *talks);

enum talk_verdict { TALK_PASSED, TALK_FAILED, TALK_SKIPPED };

/* Plays one conversation, and prints what differs. TALK_SKIPPED: this bus can't do one of its
 * rows. */
enum talk_verdict talk_play(const struct talks *talks, const struct talk *talk,
                            struct talk_side *side);

/* Plays all, says how each went, and returns how many failed. `only`: those whose name holds this
 * text; NULL: all. */
unsigned talks_play(const struct talks *talks, struct talk_side *side, const char *only);

struct talk_cuts {
    bool by_packets; /* else by transfers */
    bool is_sample;  /* the first ones, and some of the later ones */
};

/* Plays `talk` again and again and pulls the cable after 1, 2, 3.. transfers (or packets), until it
 * is over before that: every line up to there is as written, a card that is not in the conversation
 * is never heard, and the terminal ends clean. */
enum talk_verdict talk_play_cut(const struct talks *talks, const struct talk *talk,
                                struct talk_side *side, struct talk_cuts cuts);

/* All of them, as talks_play(). */
unsigned talks_play_cut(const struct talks *talks, struct talk_side *side, const char *only,
                        struct talk_cuts cuts);

#endif
