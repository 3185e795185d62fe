/* app/programme/parts.h: what rules, rewards and the rest have in common. Private to app/programme.
 *
 * The functions are for FIELD_SPECIAL and for items of FIELD_LIST. */
#ifndef TALLY_PROGRAMME_PARTS_H
#define TALLY_PROGRAMME_PARTS_H

#include "app/programme/reader.h"

extern const struct shape shape_name, shape_note, shape_when, shape_lines, shape_cap,
    shape_points_limit, shape_times_limit, shape_expiry, shape_pending, shape_rolling;

/* Lists of periods for FIELD_PERIOD. */
extern const struct choice cap_periods[], limit_periods[], tier_windows[], award_periods[];

#define FIELD_CODE_OF(type)                                                                        \
    {                                                                                              \
        .key = "code", .kind = FIELD_TEXT, .required = true, FIELD_AT(type, code),                 \
        .high = TALLY_PROGRAMME_TEXT_LEN_MAX                                                       \
    }
#define FIELD_NAME_OF(type)                                                                        \
    {                                                                                              \
        .key = "name", .kind = FIELD_NAME, FIELD_AT(type, name), .shape = &shape_name,             \
        .high = TALLY_PROGRAMME_TEXT_LEN_MAX                                                       \
    }
#define FIELD_WHEN_OF(type)                                                                        \
    {                                                                                              \
        .key = "when", .kind = FIELD_OBJECT, FIELD_AT(type, when), .shape = &shape_when            \
    }
#define FIELD_LINES_OF(type, member)                                                               \
    {                                                                                              \
        .key = "lines", .kind = FIELD_OBJECT, FIELD_AT(type, member), .shape = &shape_lines        \
    }

/* A `when` that says nothing. */
struct tally_when when_always(void);
/* The code for both languages where there is no name. */
void name_default(struct tally_name *name, const char *code);

/* A shop: its number, 1 and up. */
void take_shop(struct reading *reading, struct node node, void *shop);
void take_expiry(struct reading *reading, struct node node, void *expiry);
void take_pending(struct reading *reading, struct node node, void *pending);

/* struct tally_cap: of points with their kind of period, or of times. */
void take_cap(struct reading *reading, struct node node, void *cap);
void take_points_limit(struct reading *reading, struct node node, void *cap);
void take_times_limit(struct reading *reading, struct node node, void *cap);

/* Reports days that end before they begin. */
void check_when(struct reading *reading, struct node node, const struct tally_when *when);

/* Caps of a campaign stand only where `when` has both days: else it is reported at `key`. */
void check_campaigns(struct reading *reading, struct node node, const char *key,
                     const struct tally_cap *caps, size_t count, const struct tally_when *when);

#endif
