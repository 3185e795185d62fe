/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq card ...: which cards, codes on a phone or on paper, and tags are a member's. */
#include "app/hq/command.h"

#include "app/crypto/crypto.h"
#include "hal/reader/code.h"
#include "hal/reader/keys.h"
#include "hal/reader/tag424.h"

#include <stdio.h>
#include <string.h>

/* What is open while cards are changed. */
struct books {
    struct hq_keys keys;
    struct hq_store *store;
    const struct tally_programme *programme;
};

static void books_free_keys(struct books *books)
{
    hq_keys_free(&books->keys);
}

/* HQ_EXIT_OK, or the exit code after a message; nothing is open then. */
static int books_open(const char *dir, struct books *books)
{
    char problem[HQ_PROBLEM_MAX];
    struct hq_today today;
    if (hq_keys_load(dir, &books->keys, problem) != TALLY_OK) {
        return hq_failed("%s", problem);
    }
    books->store = hq_store_open_or_say(dir);
    if (books->store == NULL) {
        books_free_keys(books);
        return HQ_EXIT_FAILED;
    }
    enum tally_status status = hq_store_today(books->store, hq_now_ms(), &today);
    if (status == TALLY_OK && today.programme == NULL) {
        status = TALLY_E_NOT_READY;
    }
    if (status != TALLY_OK) {
        books_free_keys(books);
        hq_store_close(books->store);
        return hq_failed("%s", tally_status_text(status));
    }
    books->programme = today.programme;
    return HQ_EXIT_OK;
}

/* The handle of a card as typed at the till. The number itself goes into no message. */
static enum tally_status handle_of(const struct books *books, const char *text,
                                   uint8_t ret_handle[TALLY_HANDLE_LEN])
{
    struct tally_card card;
    TALLY_TRY(tally_card_from_typed(&books->programme->cards, text, &card));
    enum tally_status status = tally_card_handle(books->keys.card_key, &card, ret_handle);
    explicit_bzero(&card, sizeof card);
    return status;
}

/* ------------------------------------------------------------------ words */

/* Reads --reason, --who and `flag` (an option without a value; NULL: none). -1: go on. */
static int read_act(const struct hq_command *self, int argc, char **argv, const char *flag,
                    bool *ret_flag, struct hq_act *ret_act)
{
    const struct option options[] = {{"reason", required_argument, NULL, 'r'},
                                     {"who", required_argument, NULL, 'w'},
                                     {flag, no_argument, NULL, 'f'},
                                     {NULL, 0, NULL, 0}};
    struct hq_act act = {.who = "", .reason = "", .second = ""};
    bool has_flag = false;
    int option;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        if (option == 'f') {
            has_flag = true;
        } else if (option == 'r') {
            act.reason = optarg;
        } else if (option == 'w') {
            act.who = optarg;
        } else {
            return hq_option_exit();
        }
    }
    *ret_flag = has_flag;
    *ret_act = act;
    return -1;
}

/* ------------------------------------------------------------------ cards that are there */

static const struct {
    const char *word;
    enum tally_card_action action;
    int cards; /* words that follow */
} card_actions[] = {{"block", TALLY_CARD_BLOCK, 1},
                    {"unblock", TALLY_CARD_UNBLOCK, 1},
                    {"replace", TALLY_CARD_REPLACE, 2},
                    {"link", TALLY_CARD_LINK, 2}};

/* `cards` are as typed: the card, or the old one and the new one. */
static int card_act(const char *dir, const struct hq_act *act, size_t which, char **cards)
{
    char text[HQ_TEXT_MAX];
    struct books books;
    uint8_t handles[2][TALLY_HANDLE_LEN] = {{0}};
    int result = books_open(dir, &books);
    if (result != HQ_EXIT_OK) {
        return result;
    }
    enum tally_status status = TALLY_OK;
    for (int i = 0; status == TALLY_OK && i < card_actions[which].cards; i++) {
        status = handle_of(&books, cards[i], handles[i]);
    }
    books_free_keys(&books);
    snprintf(text, sizeof text, "%s", tally_status_text(status));
    if (status == TALLY_OK) {
        bool has_old = card_actions[which].cards == 2;
        status = hq_store_card_change(books.store, act, card_actions[which].action,
                                      handles[has_old ? 1 : 0], handles[0], hq_now_ms(), text);
    }
    return hq_act_end(dir, books.store, status, text);
}

int hq_run_card(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_act act;
    bool no_flag;
    int result = read_act(self, argc, argv, NULL, &no_flag, &act);
    if (result != -1) {
        return result;
    }
    size_t which = 0, count = sizeof card_actions / sizeof card_actions[0];
    while (optind < argc && which < count && strcmp(argv[optind], card_actions[which].word) != 0) {
        which++;
    }
    if (optind == argc || which == count || argc - optind - 1 != card_actions[which].cards) {
        return hq_usage_error(self,
                              "wants block CARD, unblock CARD, replace OLD NEW or link A-CARD "
                              "NEW");
    }
    result = hq_wants_reason(self, &act);
    return result == -1 ? card_act(dir, &act, which, argv + optind + 1) : result;
}

/* ------------------------------------------------------------------ codes and tags */

static void print_hex(const char *name, const uint8_t *bytes, size_t len)
{
    printf("%-7s ", name);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
    printf("\n");
}

/* What a new card's member or maker is given, on standard output. */
typedef enum tally_status print_fn(const struct hal_reader_keys *keys,
                                   const struct tally_card *card);

static enum tally_status print_printed_code(const struct hal_reader_keys *keys,
                                            const struct tally_card *card)
{
    char text[HAL_CODE_STATIC_LEN + 1];
    TALLY_TRY(hal_code_make_static(keys->code_key, card->bytes, text));
    printf("%s\n", text);
    return TALLY_OK;
}

static enum tally_status print_phone_code(const struct hal_reader_keys *keys,
                                          const struct tally_card *card)
{
    uint8_t key[HAL_READER_KEY_LEN];
    TALLY_TRY(hal_code_member_key(keys->code_key, card->bytes, key));
    print_hex("handle", card->bytes, card->len);
    print_hex("key", key, sizeof key);
    explicit_bzero(key, sizeof key);
    return TALLY_OK;
}

static enum tally_status print_tag_keys(const struct hal_reader_keys *keys,
                                        const struct tally_card *card)
{
    static const struct {
        const char *name;
        enum hal_tag424_key number;
    } rows[] = {{"key 1", HAL_TAG424_KEY_PROOF},
                {"key 2", HAL_TAG424_KEY_META},
                {"key 3", HAL_TAG424_KEY_FILE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t key[HAL_TAG424_KEY_LEN];
        TALLY_TRY(hal_tag424_key(keys->tag_key, card->bytes, rows[i].number, key));
        print_hex(rows[i].name, key, sizeof key);
        explicit_bzero(key, sizeof key);
    }
    return TALLY_OK;
}

/* Gives the member who has `owner` (as typed) a new card, and prints what belongs to it. */
static int give_card(const char *dir, const struct hq_act *act, const char *owner,
                     const struct tally_card *card, print_fn *print)
{
    char text[HQ_TEXT_MAX];
    struct books books;
    struct hal_reader_keys keys = {.has_code_key = false};
    uint8_t old[TALLY_HANDLE_LEN], new[TALLY_HANDLE_LEN];
    int result = books_open(dir, &books);
    if (result != HQ_EXIT_OK) {
        return result;
    }
    enum tally_status status = handle_of(&books, owner, old);
    if (status == TALLY_OK) {
        status = tally_card_handle(books.keys.card_key, card, new);
    }
    if (status == TALLY_OK) {
        status = hal_reader_keys_derive(books.keys.card_key, &keys);
    }
    books_free_keys(&books);
    snprintf(text, sizeof text, "%s", tally_status_text(status));
    if (status == TALLY_OK) {
        status =
            hq_store_card_change(books.store, act, TALLY_CARD_LINK, new, old, hq_now_ms(), text);
    }
    if (status == TALLY_OK) {
        status = print(&keys, card);
        snprintf(text, sizeof text, "%s", tally_status_text(status));
    }
    explicit_bzero(&keys, sizeof keys);
    return hq_act_end(dir, books.store, status, text);
}

int hq_run_card_code(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_act act;
    bool printed = false;
    struct tally_card card = {.kind = TALLY_CARD_CODE, .len = HAL_CODE_HANDLE_LEN};
    int result = read_act(self, argc, argv, "printed", &printed, &act);
    if (result != -1) {
        return result;
    }
    if (argc - optind != 1) {
        return hq_usage_error(self, "wants a card or phone number of the member");
    }
    result = hq_wants_reason(self, &act);
    if (result == -1 && tally_random(card.bytes, card.len) != TALLY_OK) {
        result = hq_failed("%s", tally_status_text(TALLY_E_CRYPTO));
    }
    return result == -1 ? give_card(dir, &act, argv[optind], &card,
                                    printed ? print_printed_code : print_phone_code)
                        : result;
}

/* 14 hexadecimal digits, in the order in which a reader shows them. */
static bool read_uid(const char *text, struct tally_card *card)
{
    static const char digits[] = "0123456789abcdef";
    *card = (struct tally_card){.kind = TALLY_CARD_UID, .len = HAL_TAG424_UID_LEN};
    for (size_t i = 0; i < 2 * HAL_TAG424_UID_LEN; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i] | 0x20);
        if (digit == NULL) {
            return false;
        }
        card->bytes[i / 2] = (uint8_t)(card->bytes[i / 2] << 4 | (digit - digits));
    }
    return text[2 * HAL_TAG424_UID_LEN] == '\0';
}

int hq_run_card_tag(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct hq_act act;
    bool no_flag = false;
    struct tally_card card;
    int result = read_act(self, argc, argv, NULL, &no_flag, &act);
    if (result != -1) {
        return result;
    }
    if (argc - optind != 2 || !read_uid(argv[optind + 1], &card)) {
        return hq_usage_error(self,
                              "wants a card or phone number of the member, and the tag's UID: "
                              "14 hexadecimal digits");
    }
    result = hq_wants_reason(self, &act);
    return result == -1 ? give_card(dir, &act, argv[optind], &card, print_tag_keys) : result;
}
