/* app/programme/reader.h: reads JSON values into structs by tables of fields, and says what is
 * wrong with them. Private to app/programme.
 *
 * What may stand in one kind of object is a `shape`: a table of its keys. An optional key that is
 * missing leaves its member as it was, so whoever reads an object sets the defaults first.
 *
 * Memory   what is read goes into the reading's arena; nothing points into the JSON.
 * Errors   nothing is answered: a reading collects problems and goes on with the next value.
 * Threads  one at a time for each reading. */
#ifndef TALLY_PROGRAMME_READER_H
#define TALLY_PROGRAMME_READER_H

#include "app/programme/arena.h"
#include "app/programme/document.h"
#include "app/programme/locate.h"

#include <jansson.h>
#include <stddef.h>

/* Codes that other keys may name. */
enum reading_codes {
    CODES_NONE = 0,
    CODES_TIERS,
    CODES_GROUPS,
    CODES_PURSES,
    CODES_MERCHANTS,
    CODES_RULES,
    CODES_REWARDS,
    CODES_AWARDS,
    CODES_COUNT
};

struct reading_code {
    uint32_t id;
    size_t index; /* in the document */
    const char *text;
};

struct reading {
    struct tally_slice json;
    struct tally_programme_problems *problems; /* may be NULL */
    struct arena *arena;
    struct tally_programme *programme;
    bool failed;
    bool no_memory;
    struct {
        const struct reading_code *items; /* rising by id */
        size_t count;
    } codes[CODES_COUNT];
};

/* A value, and how it was reached. */
struct node {
    json_t *value;
    const struct locate_path *path;
};

struct choice {
    const char *word; /* NULL ends a list of them */
    int value;
};

enum field_kind {
    FIELD_NUMBER,  /* `low`..`high` into 32 or 64 bits */
    FIELD_FLAG,    /* true or false */
    FIELD_NO_FLAG, /* the other way round */
    FIELD_CHOICE,  /* one of `choices`, into an enum */
    FIELD_TEXT,    /* of up to `high` bytes */
    FIELD_NAME,    /* struct tally_name: {"en", "zh"} or one text */
    FIELD_DATE,    /* "2026-12-31", into a day */
    FIELD_PERIOD,  /* one of `choices` or, unless `high` is 0, a rolling one */
    FIELD_WORDS,   /* struct tally_words; of `codes`, where that says some */
    FIELD_CODE,    /* one of `codes`, into its id */
    FIELD_GROUP,   /* code of a group, into its index + 1 */
    FIELD_OBJECT,  /* of `shape` */
    FIELD_LIST,    /* `low`..`high` items of `size` bytes, read by `take` */
    FIELD_SPECIAL, /* read by `take` */
    FIELD_LATER    /* whoever reads the object does it */
};

struct shape;
struct field {
    const char *key;
    enum field_kind kind;
    bool required;
    size_t at;       /* offset of the member */
    size_t size;     /* of the member; of a list's item */
    size_t count_at; /* of a list */
    int64_t low;
    int64_t high;
    const struct choice *choices;
    const struct shape *shape; /* of an object, of a list's items, of what `take` reads */
    enum reading_codes codes;
    void (*take)(struct reading *reading, struct node node, void *member);
};

struct shape {
    const char *name; /* as in programme.schema.json */
    const struct field *fields;
    size_t count;
};

#define FIELD_AT(type, member)                                                                     \
    .at = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define FIELD_LIST_AT(type, member, counter)                                                       \
    .at = offsetof(struct type, member), .size = sizeof(*((struct type *)0)->member),              \
    .count_at = offsetof(struct type, counter)
#define SHAPE(shape_name, shape_fields)                                                            \
    {                                                                                              \
        .name = (shape_name), .fields = (shape_fields),                                            \
        .count = sizeof(shape_fields) / sizeof(shape_fields)[0]                                    \
    }

/* ------------------------------------------------------------------ problems */

/* "path: text" with its line. */
void reading_report(struct reading *reading, const struct locate_path *path, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));
/* The same at a key of `node`. */
void reading_report_key(struct reading *reading, struct node node, const char *key,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------ values */

/* Whether `node` is an object; its fields into `object`. */
bool reading_object(struct reading *reading, struct node node, const struct shape *shape,
                    void *object);

bool reading_has(struct node node, const char *key);
/* Reports each of the keys (NULL ends them) that is there: it has no meaning `why`. */
void reading_no_keys(struct reading *reading, struct node node, const char *const *keys,
                     const char *why);

/* Whether the value was one; else it is reported. */
bool reading_number(struct reading *reading, struct node node, int64_t low, int64_t high,
                    int64_t *ret_number);
/* Text of 1..len_max bytes without control characters, in the arena; else NULL. */
const char *reading_text(struct reading *reading, struct node node, size_t len_max);
bool reading_choice(struct reading *reading, struct node node, const struct choice *choices,
                    int *ret_value);

/* Zeroed items in the arena; NULL (and *ret_count is 0) when there are none. */
void *reading_items(struct reading *reading, struct node node, size_t low, size_t high, size_t size,
                    size_t *ret_count);

/* The code with this text, or NULL. */
const struct reading_code *reading_code(const struct reading *reading, enum reading_codes codes,
                                        const char *text);

#endif
