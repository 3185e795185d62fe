/* app/programme/sections.h: the sections of a document. Private to app/programme.
 *
 * Each is read from one value of the document; sections that others name codes of come first. */
#ifndef TALLY_PROGRAMME_SECTIONS_H
#define TALLY_PROGRAMME_SECTIONS_H

#include "app/programme/reader.h"

/* Every shape there is, ended by NULL: what programme.schema.json describes. */
extern const struct shape *const all_shapes[];

extern const struct shape shape_earn, shape_rule;                    /* rules.c */
extern const struct shape shape_redeem, shape_reward, shape_refunds; /* rewards.c */
extern const struct shape shape_tiers, shape_grace, shape_hold, shape_level, shape_conditions,
    shape_condition;                                               /* tiers.c */
extern const struct shape shape_award, shape_transfer;             /* awards.c */
extern const struct shape shape_merchant, shape_guard, shape_card; /* owners.c */
extern const struct shape shape_group, shape_purse, shape_holds, shape_currency,
    shape_document; /* document.c */

/* For FIELD_SPECIAL: `member` is what the name says. */
void take_redeem(struct reading *reading, struct node node, void *redeem);
void take_tiers(struct reading *reading, struct node node, void *tier_rules);
void take_transfer(struct reading *reading, struct node node, void *transfer);

/* For items of FIELD_LIST. */
void take_rule(struct reading *reading, struct node node, void *rule);
void take_reward(struct reading *reading, struct node node, void *reward);
void take_award(struct reading *reading, struct node node, void *award);
void take_merchant(struct reading *reading, struct node node, void *merchant);
void take_guard(struct reading *reading, struct node node, void *guard);
void take_card(struct reading *reading, struct node node, void *card);

/* What a document without these sections means. */
void redeem_default(struct tally_redeem_rules *redeem);
void tiers_default(struct reading *reading);

/* What can only be told of a whole section. */
void check_groups(struct reading *reading);
void check_merchants(struct reading *reading);
void check_cards(struct reading *reading);

#endif
