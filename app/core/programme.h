/* app/core/programme.h: the rules of one loyalty programme, as the engine uses them.
 *
 * The document (JSON) is read by app/programme; here it is plain data. A programme is immutable: a
 * change is a new version. Codes name rules, rewards, tiers and purses for people; events and
 * counters carry their ids (tally_word_id).
 *
 * Units    money is in minor units (cents); points are whole; percentages and rates are integers
 *          with the factor in the name.
 * Memory   borrowed: arrays and texts belong to whoever made the programme.
 * Threads  pure. */
#ifndef TALLY_CORE_PROGRAMME_H
#define TALLY_CORE_PROGRAMME_H

#include "app/core/card.h"
#include "app/core/event.h"
#include "app/core/period.h"
#include "app/core/zone.h"

enum {
    TALLY_EXPONENT_MAX = 4,
    TALLY_REDEEM_MAX = 1000000000, /* of the value, the step and the minimum */
    TALLY_EXPIRY_MONTHS_MAX = 1200,
    TALLY_EXPIRY_DAYS_MAX = 36500,
    TALLY_STARS_MAX = 9,
    TALLY_PERCENT_MAX = 10000, /* of a multiplier */
    TALLY_TIERS_MAX = 1000,
    TALLY_CARD_RULES_MAX = 10000,
    TALLY_RULES_MAX = 10000,
    TALLY_REWARDS_MAX = 10000,
    TALLY_PURSES_MAX = 100,
    TALLY_GROUPS_MAX = 1000,
    TALLY_WORDS_MAX = 100000, /* of one list of SKUs */
    TALLY_CAPS_MAX = 16,      /* of one rule */
    TALLY_YEAR_MIN = 2000,    /* of business days that rules are asked about */
    TALLY_YEAR_MAX = 2199
};

/* ------------------------------------------------------------------ words and names */

struct tally_word {
    uint32_t id;
    const char *text; /* UTF-8 */
};
struct tally_words { /* rising by id, words with one id by their bytes; none twice */
    const struct tally_word *items;
    size_t count;
};
bool tally_words_have(const struct tally_words *words, const void *text, size_t len);

struct tally_name { /* UTF-8; zh is Simplified Chinese */
    const char *en;
    const char *zh;
};

/* ------------------------------------------------------------------ when and what */

struct tally_hours { /* minutes of the day by the local clock; until is exclusive, 1..1440 */
    int32_t from_minute;
    int32_t until_minute;
};

/* All that is said must hold; a zeroed list or number says nothing. */
struct tally_when {
    int32_t from_day;  /* INT32_MIN: no beginning */
    int32_t until_day; /* TALLY_DAY_NEVER: no end */
    uint32_t weekdays; /* bit 0 Monday..bit 6 Sunday; 0: every day */
    const struct tally_hours *hours;
    size_t hour_count;
    const uint32_t *shops;
    size_t shop_count;
    struct tally_words channels;
    struct tally_words tiers;
    struct tally_words merchants;
    struct tally_words tenders; /* one of them pays a part */
    struct tally_words codes;   /* one of them was shown */
    uint32_t visit_first;       /* only the first so many visits; 1: the first purchase */
    uint32_t visit_every;       /* only each n-th visit */
    int32_t away_days;          /* only when the last sale is at least so long ago */
    int32_t joined_days;        /* only in the first so many days of membership */
    uint32_t birthday;          /* one bit of enum tally_birthday; 0: any day */
    int64_t basket_minor_min;   /* the whole basket after rewards, tax included */
    int64_t spend_minor_min;    /* the selected lines after rewards */
    bool spend_without_tax;     /* of both */
    int64_t quantity_milli_min; /* of the selected lines */
};

/* Lines of a basket: those with one of the SKUs or categories (all, where neither is said), and
 * none of the exceptions. */
struct tally_selector {
    struct tally_words skus;
    struct tally_words categories;
    struct tally_words except_skus;
    struct tally_words except_categories;
    int64_t price_minor_min; /* for one piece (quantity 1000) */
};

/* Rules or rewards of one group shut each other out. All rules of a group multiply, or none does;
 * all earn one purse. */
enum tally_group_kind {
    TALLY_GROUP_BEST = 1, /* the one that gives the member most; of two alike the first */
    TALLY_GROUP_FIRST = 2 /* the first that gives anything */
};
struct tally_group {
    const char *code;
    uint32_t id;
    enum tally_group_kind kind;
};

/* ------------------------------------------------------------------ dates of points */

enum tally_expiry_kind {
    TALLY_EXPIRY_NEVER = 0,
    TALLY_EXPIRY_MONTHS = 1,       /* same day `count` months later, clamped; inclusive */
    TALLY_EXPIRY_END_OF_MONTH = 2, /* the last day of the month `count` months later */
    TALLY_EXPIRY_DAYS = 3,         /* `count` days later */
    TALLY_EXPIRY_END_OF_YEAR = 4,  /* 31 December `count` years later */
    TALLY_EXPIRY_FIXED = 5,        /* `day`; points earned after it last to that date a year on */
    TALLY_EXPIRY_INACTIVE = 6      /* `count` months after the account's last sale; the same count
                                      wherever it stands in a programme */
};
struct tally_expiry {
    enum tally_expiry_kind kind;
    int32_t count;
    int32_t day;
};

enum tally_pending_kind {
    TALLY_PENDING_NONE = 0,
    TALLY_PENDING_DAYS = 1,  /* usable `count` days later */
    TALLY_PENDING_DAY = 2,   /* usable from `day`, at once if that is past */
    TALLY_PENDING_RETURN = 3 /* usable the day after the return window, which must be there */
};
struct tally_pending {
    enum tally_pending_kind kind;
    int32_t count;
    int32_t day;
};

/* ------------------------------------------------------------------ earning */

enum tally_earn_kind {
    TALLY_EARN_PER_MONEY = 1, /* `points` per `per_minor` of the selected lines */
    TALLY_EARN_PER_ITEM = 2,  /* `points` per `per_milli` of their quantity */
    TALLY_EARN_FIXED = 3,     /* `points` per sale */
    TALLY_EARN_MULTIPLY = 4,  /* what other rules give on the selected lines, times multiply_pct */
    TALLY_EARN_TIER = 5       /* no points: the member gets tier `tier` for `tier_months` */
};

struct tally_cap {
    struct tally_period period;
    int64_t points_max;     /* uses_max of limits */
    bool before_multiplier; /* caps what the rule gives before multipliers; of a sale only */
    bool refuses;           /* the rule gives nothing where it would pass the cap */
};

struct tally_rule {
    const char *code;
    uint32_t id;
    struct tally_name name;
    struct tally_when when;
    struct tally_selector lines;
    enum tally_earn_kind kind;
    uint32_t purse;
    int64_t points;    /* 0..TALLY_REDEEM_MAX */
    int64_t per_minor; /* above 0 */
    int64_t per_milli; /* above 0 */
    bool whole_steps;  /* only whole `per` count: 19.99 at 1 per 1.00 is 19 before multipliers */
    uint32_t multiply_pct; /* 0..TALLY_PERCENT_MAX */
    bool is_multiplied;    /* tier and multiplying rules apply to it */
    enum tally_rounding rounding;
    bool per_line;        /* rounded on each line, not once on the basket */
    bool counts_for_tier; /* of purse 0 */
    const struct tally_cap *caps;
    size_t cap_count;
    int32_t uses_max; /* sales of one member in which it gives anything; 0: no limit */
    size_t group;     /* index + 1 in groups; 0: none */
    bool stops;       /* once it gave anything, the rules after it give nothing */
    bool has_pending; /* its own, else the programme's */
    struct tally_pending pending;
    bool has_expiry;
    struct tally_expiry expiry;
    uint32_t tier;
    int32_t tier_months;
};

/* How several multipliers on one line meet: 150 % and 200 %. */
enum tally_multipliers {
    TALLY_MULTIPLIERS_COMPOUND = 0, /* 300 % */
    TALLY_MULTIPLIERS_SUM = 1,      /* 250 % */
    TALLY_MULTIPLIERS_BEST = 2      /* 200 % */
};

/* ------------------------------------------------------------------ purses */

/* Points are the purse 0 and always there; a purse is anything else that is earned and spent in
 * whole units: stamps, vouchers. */
struct tally_purse_rules {
    const char *code;
    uint32_t id;
    struct tally_name name;
    struct tally_expiry expiry;
    struct tally_pending pending;
    int64_t per_sale_max; /* most that one sale earns; 0: no limit */
};

/* ------------------------------------------------------------------ redeeming */

enum tally_reward_kind {
    TALLY_REWARD_AMOUNT = 1,  /* `amount_minor` off the selected lines */
    TALLY_REWARD_PERCENT = 2, /* `percent` off them, at most `amount_minor` (0: no cap) */
    TALLY_REWARD_ITEM = 3,    /* a piece of them free, or `percent` off; the cheapest first */
    TALLY_REWARD_BUNDLE = 4,  /* buy `buy`, get up to `get` at `percent` off: the cheapest */
    TALLY_REWARD_GIFT = 5,    /* a thing that is no line of the basket */
    TALLY_REWARD_PURSE = 6    /* `gives` units of another purse: a voucher */
};

struct tally_reward {
    const char *code;
    uint32_t id;
    struct tally_name name;
    enum tally_reward_kind kind;
    struct tally_when when;
    struct tally_selector lines;
    bool is_automatic; /* applied without a claim, as often as it fits where it costs nothing */
    uint32_t cost_purse;
    int64_t cost; /* units of cost_purse for one; 0: free */
    int64_t amount_minor;
    uint32_t percent; /* 1..100 */
    int64_t buy;
    int64_t get;
    uint32_t gives_purse;
    int64_t gives;
    const struct tally_cap *limits; /* of times per member; period SALE: in one basket */
    size_t limit_count;
    int64_t total_max; /* times for all members together; 0: no limit. See stock.h */
    size_t group;      /* index + 1 in groups; 0: none */
};

struct tally_redeem_rules { /* points as payment */
    int64_t step_points;    /* redeemed in multiples of this; above 0 */
    int64_t value_minor;    /* what they are worth; above 0 */
    int64_t points_min;     /* of one redemption; a multiple of the step */
    int64_t points_max;     /* of one redemption; 0: no limit */
    uint32_t share_pct;     /* of the basket that points may pay; 0..100 (0: rewards only) */
    const struct tally_cap *limits; /* points per member in a period */
    size_t limit_count;
    const struct tally_cap *member_limits; /* the same for one member of a pool */
    size_t member_limit_count;
    struct tally_selector lines; /* those that points may pay */
    bool earned_pays; /* what a sale earns at once may pay for its own claims and payment, too */
};

/* ------------------------------------------------------------------ refunds */

enum tally_refund_policy {
    TALLY_REFUND_DEBT = 0,   /* what is gone is owed, the next earns pay it */
    TALLY_REFUND_CLAMP = 1,  /* what is gone is forgiven: the member keeps it as earned */
    TALLY_REFUND_REFUSE = 2, /* a refund of points that are gone is refused */
    TALLY_REFUND_PENDING = 3 /* only points still pending are taken back */
};

struct tally_refund_rules {
    enum tally_refund_policy policy;
    bool pending_first;  /* taken back from pending lots before usable ones */
    int32_t window_days; /* of returns; 0: no limit */
    int32_t grace_days;  /* points that come back after their last day live so much longer */
    bool by_amount;      /* earned points go back by the share of the basket's worth, not by line */
    bool capped_first;   /* what caps cut off a sale goes before what it earned */
};

/* ------------------------------------------------------------------ tiers */

enum tally_metric {
    TALLY_METRIC_SPEND = 1,  /* minor units paid with money */
    TALLY_METRIC_POINTS = 2, /* earned */
    TALLY_METRIC_VISITS = 3,
    TALLY_METRIC_BALANCE = 4 /* usable and pending points; has no window */
};

struct tally_condition {
    enum tally_metric metric;
    int64_t threshold; /* inclusive */
};

struct tally_tier {
    const char *code; /* "2xVIP": what cashiers and reports call it */
    uint32_t id;
    struct tally_name name;
    struct tally_name note; /* shown to the cashier: "may skip the queue"; may be empty */
    uint32_t stars;         /* 0..9 */
    uint32_t colour;        /* 0xRRGGBB */
    const struct tally_condition *conditions; /* tier 0 has none; others at least one */
    size_t condition_count;
    bool any_condition;         /* one of them is enough */
    uint32_t multiplier_pct;    /* 100 is no bonus; 0..10000 */
    int64_t redeem_value_minor; /* of a step, in place of the programme's; 0: the programme's */
    bool is_given_only;         /* never reached, only given: a club by fee or invitation */
};

/* How long a tier that was reached holds. */
enum tally_tier_hold {
    TALLY_TIER_HOLD_NONE = 0,        /* while its conditions hold */
    TALLY_TIER_HOLD_PERIOD = 1,      /* to the end of the window's period */
    TALLY_TIER_HOLD_NEXT_PERIOD = 2, /* to the end of the one after */
    TALLY_TIER_HOLD_MONTHS = 3,      /* `hold_months` from the day it was reached */
    TALLY_TIER_HOLD_EVER = 4
};
enum tally_tier_downgrade {
    TALLY_DOWNGRADE_TO_FIT = 0,
    TALLY_DOWNGRADE_ONE_STEP = 1, /* one tier down for each period, as far as it must */
    TALLY_DOWNGRADE_NEVER = 2
};

struct tally_tier_rules {
    struct tally_period window; /* what counts together: year, anniversary, rolling, lifetime... */
    bool upgrade_next_period;   /* else at once */
    enum tally_tier_hold hold;
    int32_t hold_months;
    enum tally_tier_downgrade downgrade;
    int32_t grace_days;             /* a tier that is lost holds so much longer */
    int32_t grace_months;           /* the same in months */
    bool grace_to_month_end;        /* and on to the end of that month */
    const struct tally_tier *tiers; /* lowest first; at least 1 */
    size_t tier_count;
};

/* ------------------------------------------------------------------ bonuses outside a sale */

enum tally_award_kind {
    TALLY_AWARD_SIGN_UP = 1,
    TALLY_AWARD_PROFILE = 2,  /* the profile became complete */
    TALLY_AWARD_BIRTHDAY = 3, /* on the day, once a year */
    TALLY_AWARD_REFERRER = 4, /* to the one who brought a member, when that one buys */
    TALLY_AWARD_REFERRED = 5, /* to the member who was brought, when it first buys */
    TALLY_AWARD_SURPRISE = 6, /* drawn; see surprise.h */
    TALLY_AWARD_PERIOD = 7    /* once in each period, for those in a tier: a free item a month */
};
struct tally_award_rule {
    const char *code;
    uint32_t id;
    struct tally_name name;
    enum tally_award_kind kind;
    struct tally_words tiers; /* only for these; none said: all */
    uint32_t purse;
    int64_t points;
    struct tally_period period; /* of AWARD_PERIOD */
    int64_t uses_max;           /* a referrer: members; a referred one's purchases: 0 every one */
    int64_t spend_minor_min;    /* of the purchase that pays a referral */
    uint32_t chance_ppm;        /* of a surprise: probability in millionths, or */
    uint32_t every;             /* each n-th sale of the programme */
    uint32_t multiply_pct;      /* of a surprise: times what the sale earned, beside `points` */
    int64_t budget;             /* of all surprises of this award, in points; 0: no limit */
};

/* Points from one member to another. */
struct tally_transfer_rules {
    bool allowed;
    int64_t points_min;
    int64_t points_max;
    const struct tally_cap *limits; /* points sent by one account in a period */
    size_t limit_count;
    bool renews_expiry; /* they get the dates of points earned that day; else they keep theirs */
};

/* ------------------------------------------------------------------ who shares it */

struct tally_merchant {
    const char *code;
    uint32_t id;
    struct tally_name name;
    const uint32_t *shops;
    size_t shop_count;
    uint32_t earn_pct;          /* of what the rules give in its shops; 100: all */
    int64_t issue_price_micro;  /* minor units times 10^6 that it pays for one point given */
    int64_t redeem_price_micro; /* and gets for one point redeemed */
};

/* ------------------------------------------------------------------ guards */

enum tally_guard_kind {
    TALLY_GUARD_CARD_SALES_HOUR = 1, /* sales of one account in one hour, by the clock */
    TALLY_GUARD_CARD_SALES_DAY = 2,
    TALLY_GUARD_CARD_EARNED_DAY = 3,   /* points */
    TALLY_GUARD_CARD_REDEEMED_DAY = 4, /* points */
    TALLY_GUARD_CASHIER_SALES_HOUR = 5,
    TALLY_GUARD_CASHIER_EARNED_DAY = 6, /* points given by one cashier */
    TALLY_GUARD_TRAVEL_MINUTES = 7,     /* two shops in less than `limit` minutes */
    TALLY_GUARD_OWN_CARD = 8,           /* the cashier's own card; no limit */
    TALLY_GUARD_ADJUST_POINTS = 9       /* manual adjustments above it need a second person */
};
struct tally_guard {
    enum tally_guard_kind kind;
    int64_t limit; /* the last value that is all right */
    bool refuses;  /* else it warns */
};

/* ------------------------------------------------------------------ the programme */

struct tally_programme {
    const char *name;     /* UTF-8 */
    uint32_t version;     /* 1 and up; rolled out in order */
    int64_t effective_ms; /* from this instant */
    struct tally_zone zone;
    char currency[TALLY_CURRENCY_LEN + 1];
    uint32_t currency_exponent; /* ISO 4217: 2 for CNY and EUR, 0 for JPY; 0..4 */

    const struct tally_rule *rules; /* in the order in which they are tried */
    size_t rule_count;
    enum tally_multipliers multipliers;
    bool earn_on_redeemed;     /* whether the part paid with points earns; default no */
    bool earn_without_tax;     /* tax earns nothing */
    bool earn_before_discount; /* on the price before rewards; default on what is paid */
    struct tally_words tenders_without_points; /* what they pay earns nothing */
    struct tally_selector
        earn_lines; /* those that earn at all: excepts fuel, tobacco, gift cards */
    const struct tally_cap *earn_caps; /* points of purse 0, all rules together */
    size_t earn_cap_count;
    struct tally_pending pending;
    struct tally_expiry expiry;

    const struct tally_group *groups;
    size_t group_count;
    const struct tally_purse_rules *purses; /* rising by id; without the points */
    size_t purse_count;

    struct tally_redeem_rules redeem;
    const struct tally_reward *rewards; /* in the order in which they are taken off */
    size_t reward_count;
    struct tally_refund_rules refund;
    int32_t hold_minutes; /* time limit of a hold; 1..10080 */

    struct tally_tier_rules tiers;
    const struct tally_award_rule *awards;
    size_t award_count;
    struct tally_transfer_rules transfer;
    const struct tally_merchant *merchants; /* none: one owner */
    size_t merchant_count;
    const struct tally_guard *guards;
    size_t guard_count;

    struct tally_card_rules cards;
};

/* The business day of an instant, and the minute of that day. */
int32_t tally_programme_day(const struct tally_programme *programme, int64_t time_ms);
int32_t tally_programme_minute(const struct tally_programme *programme, int64_t time_ms);

/* First and last valid day of points earned on `day`. A first day of 0 is at once; a last day may
 * be TALLY_DAY_NEVER or TALLY_DAY_ACTIVE. Pending points never end before they begin. */
struct tally_span tally_programme_dates(const struct tally_programme *programme,
                                        const struct tally_expiry *expiry,
                                        const struct tally_pending *pending, int32_t day);
/* The same for a purse's own rules. */
struct tally_span tally_programme_purse_dates(const struct tally_programme *programme,
                                              uint32_t purse, int32_t day);

/* Months that an account stays active after a sale; 0 where nothing lives on activity. */
int32_t tally_programme_active_months(const struct tally_programme *programme);
/* Last day on which an account that bought on `day` is active; 0 where nothing lives on
 * activity. */
int32_t tally_programme_active_until(const struct tally_programme *programme, int32_t day);

/* Money value of points at a tier's rate, rounded down. TALLY_OK, TALLY_E_OVERFLOW */
TALLY_MUST_USE enum tally_status tally_programme_value(const struct tally_programme *programme,
                                                       size_t tier, int64_t points,
                                                       int64_t *ret_minor);

/* By id; NULL where there is none. */
const struct tally_merchant *tally_programme_merchant(const struct tally_programme *programme,
                                                      uint32_t shop);
const struct tally_reward *tally_programme_reward(const struct tally_programme *programme,
                                                  uint32_t id);
const struct tally_purse_rules *tally_programme_purse(const struct tally_programme *programme,
                                                      uint32_t id);
const struct tally_award_rule *tally_programme_award(const struct tally_programme *programme,
                                                     uint32_t id);

/* Index of the tier with this id; tier_count where there is none. */
size_t tally_programme_tier_index(const struct tally_programme *programme, uint32_t id);

/* Every rule above holds: what must be there is, nothing is above its limit, ids of one kind are
 * unlike. The document reader says this with line and path; the engine asserts it. TALLY_OK,
 * TALLY_E_RULE, TALLY_E_PAYMENT_CARD (a card rule swallows a payment brand) */
TALLY_MUST_USE enum tally_status tally_programme_check(const struct tally_programme *programme);

#endif
