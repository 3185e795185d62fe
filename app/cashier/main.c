/* SPDX-License-Identifier: Apache-2.0 */
/* `tally`: the till API from a shell, and the cashier's screen. */
#include "app/base/alloc.h"
#include "app/base/buffer.h"
#include "app/cashier/lang.h"
#include "app/cashier/money.h"
#include "app/cashier/print.h"
#include "app/cashier/rpc.h"
#include "app/cashier/show.h"
#include "app/cashier/words.h"
#include "app/story/story.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_DEFAULT "/run/tally/till.sock"

enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* Every option has a letter here; a command names those it takes. */
enum option_letter {
    OPTION_SOCKET = 's',
    OPTION_JSON = 'j',
    OPTION_HELP = 'h',
    OPTION_VERSION = 'v',
    OPTION_REF = 'r',
    OPTION_MEMBER = 'm',
    OPTION_CARD = 'c',
    OPTION_AMOUNT = 'a',
    OPTION_POINTS = 'p',
    OPTION_SALE = 'S',
    OPTION_NAME = 'n',
    OPTION_PHONE = 'P',
    OPTION_CASHIER = 'C',
    OPTION_TOKEN = 'T',
    OPTION_TRAY = 't',
    OPTION_HEAD = 'H',
    OPTION_SWIPE_PROGRAM = 'W',
    OPTION_BIRTHDAY = 'b',
    OPTION_REFERRER = 'f',
    OPTION_CLAIM = 'g',
    OPTION_CODE = 'd',
    OPTION_HOLD = 'o',
    OPTION_LINE = 'l',
    OPTION_QUANTITY = 'q',
    OPTION_PURSE = 'u',
    OPTION_REASON = 'R',
    OPTION_WHO = 'w',
    OPTION_SECOND = '2',
    OPTION_OLD = 'O'
};

struct cli {
    const char *values[128]; /* by option letter; NULL: not given */
    const char *text;        /* the word behind the command, or NULL */
    char **words;            /* all of them; NULL behind the last */
    bool json;
    char currency[8]; /* its code, once asked for */
    struct rpc *rpc;
    uint64_t waiting_for;
    bool failed; /* the connection */
    char why[128];
    json_t *result, *error; /* owned: the last answer */
};

/* ------------------------------------------------------------------ one call */

static void on_state(void *context, bool connected, const char *why)
{
    struct cli *cli = context;
    cli->failed = !connected;
    snprintf(cli->why, sizeof cli->why, "%s", why);
}

static void on_answer(void *context, uint64_t id, json_t *result, json_t *error)
{
    struct cli *cli = context;
    if (id == cli->waiting_for) {
        cli->waiting_for = 0;
        cli->result = json_incref(result);
        cli->error = json_incref(error);
    }
}

static void step(struct cli *cli)
{
    struct pollfd polled = {.fd = rpc_fd(cli->rpc), .events = rpc_events(cli->rpc)};
    if (poll(&polled, 1, rpc_timeout_ms(cli->rpc, rpc_now_ms())) < 0) {
        polled.revents = 0;
    }
    rpc_step(cli->rpc, polled.revents, rpc_now_ms());
}

static const char *socket_address(const struct cli *cli)
{
    const char *address = cli->values[OPTION_SOCKET];
    if (address == NULL) {
        address = getenv("TALLY_SOCKET");
    }
    return address == NULL || address[0] == '\0' ? SOCKET_DEFAULT : address;
}

/* Calls and waits for the answer in cli->result or cli->error; `params` is taken.
 * EXIT_DONE also when the answer is an error; otherwise the reason has been printed. */
static int call(struct cli *cli, const char *method, json_t *params)
{
    static const struct rpc_ops ops = {on_state, on_answer, NULL};
    json_decref(cli->result);
    json_decref(cli->error);
    cli->result = cli->error = NULL;
    if (cli->rpc == NULL && rpc_open(socket_address(cli), &ops, cli, &cli->rpc) != TALLY_OK) {
        fprintf(stderr, _("tally: %s is neither a path nor HOST:PORT\n"), socket_address(cli));
        json_decref(params);
        return EXIT_USAGE;
    }
    while (!rpc_is_connected(cli->rpc) && !cli->failed) {
        step(cli);
    }
    if (cli->failed) {
        json_decref(params);
    } else if (rpc_call(cli->rpc, method, params, &cli->waiting_for) != TALLY_OK) {
        fprintf(stderr, _("tally: that is not text in UTF-8\n"));
        return EXIT_USAGE;
    }
    while (cli->waiting_for != 0 && !cli->failed) {
        step(cli);
    }
    if (cli->failed) {
        fprintf(stderr, _("tally: no connection to tallyd at %s: %s\n"), socket_address(cli),
                cli->why);
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text == NULL ? "" : text;
}

static int64_t number_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* Prints a refusal for people, or the error object. */
static int print_error(const struct cli *cli)
{
    const json_t *data = json_object_get(cli->error, "data");
    if (cli->json) {
        print_json(cli->error);
    } else if (json_is_object(data)) {
        const char *detail = text_of(data, "detail");
        fprintf(stderr, "tally: %s%s%s%s [%s]\n",
                words_status(words_status_of(text_of(data, "status"))),
                detail[0] == '\0' ? "" : " (", detail, detail[0] == '\0' ? "" : ")",
                text_of(data, "status"));
    } else {
        fprintf(stderr, "tally: %s\n", text_of(cli->error, "message"));
    }
    return EXIT_REFUSED;
}

/* ------------------------------------------------------------------ commands */

static int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("tally: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\ntally --help says how.\n", stderr);
    va_end(arguments);
    return EXIT_USAGE;
}

/* Calls, and prints a refusal. EXIT_DONE: cli->result is the answer. */
static int ask(struct cli *cli, const char *method, json_t *params)
{
    int code = call(cli, method, params);
    if (code == EXIT_DONE && cli->error != NULL) {
        return print_error(cli);
    }
    return code;
}

/* The currency's decimals, which an amount in an argument needs. */
static int ask_currency(struct cli *cli, struct words_currency *ret_currency)
{
    int code = ask(cli, "status", json_object());
    if (code != EXIT_DONE) {
        return code;
    }
    const json_t *programme = json_object_get(cli->result, "programme");
    int64_t exponent = json_is_object(programme) ? number_of(programme, "currency_exponent") : 2;
    ret_currency->exponent = exponent < 0 || exponent > 4 ? 2 : (uint32_t)exponent;
    snprintf(cli->currency, sizeof cli->currency, "%s", text_of(programme, "currency"));
    ret_currency->code = cli->currency;
    return EXIT_DONE;
}

/* The member of --member, or whose card --card names. */
static int find_member(struct cli *cli, char *ret_member, size_t size)
{
    const char *member = cli->values[OPTION_MEMBER], *card = cli->values[OPTION_CARD];
    if ((member == NULL) == (card == NULL)) {
        return usage("exactly one of --member and --card is needed");
    }
    if (member == NULL) {
        int code = ask(cli, "identify", json_pack("{s:s}", "text", card));
        if (code != EXIT_DONE) {
            return code;
        }
        member = text_of(cli->result, "member");
    }
    snprintf(ret_member, size, "%s", member);
    return EXIT_DONE;
}

/* "MUG,TEN-OFF:2" */
static void add_claims(json_t *params, const char *words)
{
    json_t *claims = json_array();
    for (const char *at = words == NULL ? "" : words; *at != '\0';) {
        size_t len = strcspn(at, ","), code_len = strcspn(at, ":,");
        json_int_t times = code_len < len ? (json_int_t)strtol(at + code_len + 1, NULL, 10) : 1;
        json_array_append_new(
            claims, json_pack("{s:o, s:I}", "reward", json_stringn(at, code_len), "times", times));
        at += len + (at[len] == ',');
    }
    if (json_array_size(claims) > 0) {
        json_object_set(params, "claims", claims);
    }
    json_decref(claims);
}

static void add_codes(json_t *params, const char *words)
{
    json_t *codes = json_array();
    for (const char *at = words == NULL ? "" : words; *at != '\0';) {
        size_t len = strcspn(at, ",");
        json_array_append_new(codes, json_stringn(at, len));
        at += len + (at[len] == ',');
    }
    if (json_array_size(codes) > 0) {
        json_object_set(params, "codes", codes);
    }
    json_decref(codes);
}

/* A whole number that an option gives, if it does. */
static int add_number(struct cli *cli, json_t *params, const char *key, enum option_letter option)
{
    int64_t number = 0;
    const char *text = cli->values[option];
    if (text == NULL) {
        return EXIT_DONE;
    }
    bool is_negative = text[0] == '-';
    if (money_parse_points(text + (is_negative ? 1 : 0), &number) != TALLY_OK) {
        json_decref(params);
        return usage("--%s: a whole number is needed", key);
    }
    json_object_set_new(params, key, json_integer(is_negative ? -number : number));
    return EXIT_DONE;
}

static void add_text(const struct cli *cli, json_t *params, const char *key,
                     enum option_letter option)
{
    if (cli->values[option] != NULL) {
        json_object_set_new(params, key, json_string(cli->values[option]));
    }
}

static int basket_params(struct cli *cli, const struct words_currency *currency,
                         json_t **ret_params)
{
    char member[64];
    int64_t amount_minor = 0, points = 0;
    const char *amount = cli->values[OPTION_AMOUNT], *redeem = cli->values[OPTION_POINTS];
    if (amount == NULL || money_parse(amount, currency->exponent, &amount_minor) != TALLY_OK) {
        return usage("--amount: an amount with at most %u decimals is needed",
                     (unsigned)currency->exponent);
    }
    if (redeem != NULL && money_parse_points(redeem, &points) != TALLY_OK) {
        return usage("--points: a whole number is needed");
    }
    int code = find_member(cli, member, sizeof member);
    if (code == EXIT_DONE) {
        *ret_params = json_pack("{s:s, s:[{s:I}], s:I}", "member", member, "lines", "amount_minor",
                                (json_int_t)amount_minor, "points", (json_int_t)points);
        add_claims(*ret_params, cli->values[OPTION_CLAIM]);
        add_codes(*ret_params, cli->values[OPTION_CODE]);
        code = add_number(cli, *ret_params, "hold", OPTION_HOLD);
    }
    return code;
}

static int command_basket(struct cli *cli, bool is_sale)
{
    struct words_currency currency = {2, ""};
    json_t *params = NULL;
    if (is_sale && cli->values[OPTION_REF] == NULL) {
        return usage("--ref: the sale needs a reference of its own");
    }
    int code = ask_currency(cli, &currency);
    if (code == EXIT_DONE) {
        code = basket_params(cli, &currency, &params);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    if (is_sale) {
        json_object_set_new(params, "ref", json_string(cli->values[OPTION_REF]));
        if (cli->values[OPTION_CASHIER] != NULL) {
            json_object_set_new(params, "cashier", json_string(cli->values[OPTION_CASHIER]));
        }
    }
    code = ask(cli, is_sale ? "sale" : "quote", params);
    if (code != EXIT_DONE) {
        return code;
    }
    if (cli->json) {
        print_json(cli->result);
    } else if (is_sale) {
        print_receipt(cli->result, &currency);
    } else {
        print_quote(cli->result, &currency);
    }
    return EXIT_DONE;
}

static int command_quote(struct cli *cli)
{
    return command_basket(cli, false);
}

static int command_sale(struct cli *cli)
{
    return command_basket(cli, true);
}

static int command_status(struct cli *cli)
{
    int code = ask(cli, "status", json_object());
    if (code == EXIT_DONE && cli->json) {
        print_json(cli->result);
    } else if (code == EXIT_DONE) {
        print_status(cli->result);
    }
    return code;
}

static int command_verify(struct cli *cli)
{
    int code = ask(cli, "verify", json_object());
    if (code != EXIT_DONE) {
        return code;
    }
    if (cli->json) {
        print_json(cli->result);
    } else {
        print_verified(cli->result);
    }
    return json_is_true(json_object_get(cli->result, "equal")) ? EXIT_DONE : EXIT_REFUSED;
}

static int command_sync(struct cli *cli)
{
    int code = ask(cli, "sync", json_object());
    if (code == EXIT_DONE && cli->json) {
        print_json(cli->result);
    }
    return code;
}

static int command_readers(struct cli *cli)
{
    int code = ask(cli, "readers", json_object());
    if (code == EXIT_DONE && cli->json) {
        print_json(cli->result);
    } else if (code == EXIT_DONE) {
        print_readers(cli->result);
    }
    return code;
}

static int command_reader(struct cli *cli)
{
    bool pairs = cli->text != NULL && strcmp(cli->text, "pair") == 0 && cli->words[1] == NULL;
    bool unpairs = cli->text != NULL && strcmp(cli->text, "unpair") == 0 && cli->words[1] != NULL;
    if (!pairs && !unpairs) {
        return usage("reader: pair, or unpair and a serial number, is needed");
    }
    int code = pairs ? ask(cli, "reader_pair", json_object())
                     : ask(cli, "reader_unpair", json_pack("{s:s}", "serial", cli->words[1]));
    if (code == EXIT_DONE && cli->json) {
        print_json(cli->result);
    } else if (code == EXIT_DONE && pairs) {
        print_paired(cli->result);
    }
    return code;
}

/* A call whose answer is a member or a receipt: printing it needs the currency first. */
static int print_after(struct cli *cli, const char *method, json_t *params,
                       void (*print)(const json_t *json, const struct words_currency *currency))
{
    struct words_currency currency = {2, ""};
    int code = cli->json ? EXIT_DONE : ask_currency(cli, &currency);
    if (code != EXIT_DONE) {
        json_decref(params);
        return code;
    }
    code = ask(cli, method, params);
    if (code == EXIT_DONE && cli->json) {
        print_json(cli->result);
    } else if (code == EXIT_DONE) {
        print(cli->result, &currency);
    }
    return code;
}

static int command_identify(struct cli *cli)
{
    if (cli->text == NULL) {
        return usage("identify: a card or phone number is needed");
    }
    return print_after(cli, "identify", json_pack("{s:s}", "text", cli->text), print_member);
}

static int command_member(struct cli *cli)
{
    if (cli->text == NULL) {
        return usage("member: a member's number is needed");
    }
    return print_after(cli, "member", json_pack("{s:s}", "member", cli->text), print_member);
}

static int command_enrol(struct cli *cli)
{
    const char *card = cli->values[OPTION_CARD], *token = cli->values[OPTION_TOKEN];
    const char *name = cli->values[OPTION_NAME];
    if (name == NULL || (card == NULL) == (token == NULL)) {
        return usage("enrol: --name and exactly one of --card and --token are needed");
    }
    json_t *params = json_pack("{s:s, s:s}", "name", name, card != NULL ? "text" : "card",
                               card != NULL ? card : token);
    add_text(cli, params, "phone", OPTION_PHONE);
    add_text(cli, params, "birthday", OPTION_BIRTHDAY);
    add_text(cli, params, "referrer", OPTION_REFERRER);
    return print_after(cli, "enrol", params, print_member);
}

static int command_void(struct cli *cli)
{
    const char *ref = cli->values[OPTION_REF], *sale = cli->values[OPTION_SALE];
    if (ref == NULL || sale == NULL) {
        return usage("void: --ref and --sale are needed");
    }
    json_t *params = json_pack("{s:s, s:s}", "ref", ref, "sale_ref", sale);
    add_text(cli, params, "cashier", OPTION_CASHIER);
    return print_after(cli, "void", params, print_receipt);
}

/* Thousandths of "1", "0.25". */
static bool parse_quantity(const char *text, int64_t *ret_milli)
{
    return money_parse(text, 3, ret_milli) == TALLY_OK && *ret_milli > 0;
}

static int command_refund(struct cli *cli)
{
    const char *ref = cli->values[OPTION_REF], *sale = cli->values[OPTION_SALE];
    const char *line = cli->values[OPTION_LINE], *quantity = cli->values[OPTION_QUANTITY];
    int64_t number = 0, milli = 0;
    if (ref == NULL || sale == NULL || (line == NULL) != (quantity == NULL)) {
        return usage("refund: --ref and --sale are needed, and --line with --quantity");
    }
    if (line != NULL && (money_parse_points(line, &number) != TALLY_OK || number < 1 ||
                         !parse_quantity(quantity, &milli))) {
        return usage("refund: --line counts from 1, --quantity is such as 1 or 0.25");
    }
    json_t *params = json_pack("{s:s, s:s}", "ref", ref, "sale_ref", sale);
    if (line != NULL) {
        json_object_set_new(params, "lines",
                            json_pack("[{s:I, s:I}]", "line", (json_int_t)(number - 1),
                                      "quantity_milli", (json_int_t)milli));
    }
    add_text(cli, params, "cashier", OPTION_CASHIER);
    return print_after(cli, "refund", params, print_receipt);
}

/* The calls about one member's points: --member or --card, and a number. */
static int command_moved(struct cli *cli, const char *method, json_t *params)
{
    char member[64];
    int code = find_member(cli, member, sizeof member);
    if (code != EXIT_DONE) {
        json_decref(params);
        return code;
    }
    json_object_set_new(params, "member", json_string(member));
    return print_after(cli, method, params, print_moved);
}

static int command_hold(struct cli *cli)
{
    if (cli->values[OPTION_REF] == NULL || cli->values[OPTION_POINTS] == NULL) {
        return usage("hold: --ref and --points are needed");
    }
    json_t *params = json_object();
    int code = add_number(cli, params, "points", OPTION_POINTS);
    if (code != EXIT_DONE) {
        return code;
    }
    add_text(cli, params, "ref", OPTION_REF);
    add_text(cli, params, "cashier", OPTION_CASHIER);
    return command_moved(cli, "hold", params);
}

static int command_release(struct cli *cli)
{
    if (cli->values[OPTION_HOLD] == NULL) {
        return usage("release: --hold is needed");
    }
    json_t *params = json_object();
    int code = add_number(cli, params, "hold", OPTION_HOLD);
    if (code != EXIT_DONE) {
        return code;
    }
    add_text(cli, params, "cashier", OPTION_CASHIER);
    return command_moved(cli, "release", params);
}

static int command_adjust(struct cli *cli)
{
    if (cli->values[OPTION_POINTS] == NULL || cli->values[OPTION_REASON] == NULL ||
        cli->values[OPTION_WHO] == NULL) {
        return usage("adjust: --points, --reason and --who are needed");
    }
    json_t *params = json_object();
    int code = add_number(cli, params, "points", OPTION_POINTS);
    if (code != EXIT_DONE) {
        return code;
    }
    add_text(cli, params, "purse", OPTION_PURSE);
    add_text(cli, params, "reason", OPTION_REASON);
    add_text(cli, params, "who", OPTION_WHO);
    add_text(cli, params, "second", OPTION_SECOND);
    return command_moved(cli, "adjust", params);
}

static int command_card(struct cli *cli)
{
    const char *card = cli->values[OPTION_CARD], *token = cli->values[OPTION_TOKEN];
    if (cli->text == NULL || cli->values[OPTION_MEMBER] == NULL ||
        cli->values[OPTION_WHO] == NULL || (card == NULL) == (token == NULL)) {
        return usage("card: link, replace, block or unblock, --member, --who and one of --card and "
                     "--token are needed");
    }
    json_t *params = json_pack("{s:s, s:s}", "action", cli->text, card != NULL ? "text" : "card",
                               card != NULL ? card : token);
    add_text(cli, params, "member", OPTION_MEMBER);
    add_text(cli, params, "old", OPTION_OLD);
    add_text(cli, params, "reason", OPTION_REASON);
    add_text(cli, params, "who", OPTION_WHO);
    return print_after(cli, "card", params, print_member);
}

/* ------------------------------------------------------------------ rpc: lines through */

/* Moves what `from` has into `buffer`; false at its end. */
static bool pull(int from, struct tally_buffer *buffer)
{
    if (tally_buffer_reserve(buffer, BUFSIZ) != TALLY_OK) {
        return false;
    }
    ssize_t got = read(from, buffer->data + buffer->len, BUFSIZ);
    if (got > 0) {
        buffer->len += (size_t)got;
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool push(int to, struct tally_buffer *buffer)
{
    ssize_t sent = write(to, buffer->data, buffer->len);
    if (sent > 0) {
        tally_buffer_consume(buffer, (size_t)sent);
    }
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

/* Standard input to the socket and the socket to standard output, until tallyd closes. The end of
 * the input is passed on, and tallyd answers what is open before it closes. */
static int pass_lines(int fd)
{
    struct tally_buffer up = {0}, down = {0};
    bool input = true, good = true;
    for (bool open = true; good && (open || down.len > 0);) {
        struct pollfd polled[] = {
            {.fd = input && up.len == 0 ? STDIN_FILENO : -1, .events = POLLIN},
            {.fd = open ? fd : -1, .events = (short)(POLLIN | (up.len > 0 ? POLLOUT : 0))}};
        if (poll(polled, 2, -1) < 0) {
            continue;
        }
        if (polled[0].revents != 0) {
            input = pull(STDIN_FILENO, &up);
            if (!input) {
                shutdown(fd, SHUT_WR);
            }
        }
        if (up.len > 0 && (polled[1].revents & POLLOUT) != 0) {
            good = push(fd, &up);
        }
        if ((polled[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            open = pull(fd, &down);
        }
        while (good && down.len > 0) {
            good = push(STDOUT_FILENO, &down);
        }
    }
    tally_buffer_free(&up);
    tally_buffer_free(&down);
    return good ? EXIT_DONE : EXIT_REFUSED;
}

static int command_rpc(struct cli *cli)
{
    int fd = -1, error = 0;
    bool in_progress = false;
    socklen_t len = sizeof error;
    enum tally_status status = rpc_connect(socket_address(cli), &fd, &in_progress);
    if (status == TALLY_OK && in_progress) {
        struct pollfd polled = {.fd = fd, .events = POLLOUT};
        while (poll(&polled, 1, -1) < 0 && errno == EINTR) {
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
            close(fd);
            errno = error;
            status = TALLY_E_OFFLINE;
        }
    }
    if (status == TALLY_E_INVALID) {
        return usage("%s is neither a path nor HOST:PORT", socket_address(cli));
    }
    if (status != TALLY_OK) {
        fprintf(stderr, _("tally: no connection to tallyd at %s: %s\n"), socket_address(cli),
                strerror(errno));
        return EXIT_REFUSED;
    }
    int code = pass_lines(fd);
    close(fd);
    return code;
}

/* ------------------------------------------------------------------ screen */

/* tally-swipe beside this program, else whatever PATH finds. */
static const char *swipe_program(char *path, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    path[len < 0 ? 0 : len] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = slash == NULL ? 0 : size - (size_t)(slash + 1 - path);
    if (room > sizeof "tally-swipe") {
        snprintf(slash + 1, room, "tally-swipe");
        if (access(path, X_OK) == 0) {
            return path;
        }
    }
    return "tally-swipe";
}

static int command_screen(struct cli *cli)
{
    char path[PATH_MAX], problem[TRAY_PROBLEM_MAX];
    struct tray tray;
    struct show_options options = {.socket = socket_address(cli)};
    const char *tray_path = cli->values[OPTION_TRAY], *head = cli->values[OPTION_HEAD];
    const char *program = cli->values[OPTION_SWIPE_PROGRAM];
    if ((tray_path == NULL) != (head == NULL)) {
        return usage("screen: --tray and --head go together");
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return usage("screen: a terminal is needed");
    }
    if (tray_path != NULL) {
        if (program == NULL) {
            program = swipe_program(path, sizeof path);
        }
        if (tray_open(&tray, tray_path, head, program, problem) != TALLY_OK) {
            return usage("%s", problem);
        }
        options.tray = &tray;
    }
    enum tally_status status = show_run(&options);
    if (options.tray != NULL) {
        tray_close(&tray);
    }
    if (status == TALLY_E_INVALID) {
        return usage("%s is neither a path nor HOST:PORT", options.socket);
    }
    if (status != TALLY_OK) {
        return usage("screen: this terminal cannot be used (is TERM right?)");
    }
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ story */

/* Needs no tallyd. The worst of the files' exit codes. */
static int command_story(struct cli *cli)
{
    int worst = EXIT_DONE;
    if (cli->text == NULL) {
        return usage("story: a file is needed");
    }
    for (char **path = cli->words; *path != NULL; path++) {
        int code = story_tell(*path, stdout, stderr);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* ------------------------------------------------------------------ the command line */

static const struct command {
    const char *name;
    int (*run)(struct cli *cli);
    const char *options; /* letters, beside --socket, --help and --version */
    int words_max;
} commands[] = {{"screen", command_screen, "tHW", 0},     {"status", command_status, "j", 0},
                {"identify", command_identify, "j", 1},   {"member", command_member, "j", 1},
                {"enrol", command_enrol, "jcTnPbf", 0},   {"quote", command_quote, "jmcapgdo", 0},
                {"sale", command_sale, "jrmcapgdoC", 0},  {"void", command_void, "jrSC", 0},
                {"refund", command_refund, "jrSlqC", 0},  {"hold", command_hold, "jrmcpC", 0},
                {"release", command_release, "jmcoC", 0}, {"adjust", command_adjust, "jmcpuRw2", 0},
                {"card", command_card, "jmcTORw", 1},     {"verify", command_verify, "j", 0},
                {"sync", command_sync, "j", 0},           {"readers", command_readers, "j", 0},
                {"reader", command_reader, "j", 2},       {"rpc", command_rpc, "", 0},
                {"story", command_story, "", INT_MAX}};

static const struct option long_options[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"ref", required_argument, NULL, OPTION_REF},
    {"member", required_argument, NULL, OPTION_MEMBER},
    {"card", required_argument, NULL, OPTION_CARD},
    {"amount", required_argument, NULL, OPTION_AMOUNT},
    {"points", required_argument, NULL, OPTION_POINTS},
    {"sale", required_argument, NULL, OPTION_SALE},
    {"name", required_argument, NULL, OPTION_NAME},
    {"phone", required_argument, NULL, OPTION_PHONE},
    {"cashier", required_argument, NULL, OPTION_CASHIER},
    {"token", required_argument, NULL, OPTION_TOKEN},
    {"tray", required_argument, NULL, OPTION_TRAY},
    {"head", required_argument, NULL, OPTION_HEAD},
    {"swipe-program", required_argument, NULL, OPTION_SWIPE_PROGRAM},
    {"birthday", required_argument, NULL, OPTION_BIRTHDAY},
    {"referrer", required_argument, NULL, OPTION_REFERRER},
    {"claim", required_argument, NULL, OPTION_CLAIM},
    {"code", required_argument, NULL, OPTION_CODE},
    {"hold", required_argument, NULL, OPTION_HOLD},
    {"line", required_argument, NULL, OPTION_LINE},
    {"quantity", required_argument, NULL, OPTION_QUANTITY},
    {"purse", required_argument, NULL, OPTION_PURSE},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"who", required_argument, NULL, OPTION_WHO},
    {"second", required_argument, NULL, OPTION_SECOND},
    {"old", required_argument, NULL, OPTION_OLD},
    {NULL, 0, NULL, 0}};

static void print_help(void)
{
    fputs("Usage: tally [--socket PATH|HOST:PORT] COMMAND [OPTIONS]\n"
          "\n"
          "  screen            the cashier's screen\n"
          "      --tray FILE --head HOST:PORT|PATH    nine sample cards and the reader's head\n"
          "      --swipe-program PATH                 instead of the tally-swipe beside tally\n"
          "  status            terminal, programme, reader, head office, store\n"
          "  identify TEXT     the member of a typed card or phone number\n"
          "  member NUMBER     a member by number\n"
          "  enrol   --name NAME --card TEXT|--token TOKEN [--phone PHONE] [--birthday MM-DD]\n"
          "          [--referrer M]\n"
          "  quote   --member M|--card TEXT --amount 128.50 [--points N] [--claim CODE[:N],...]\n"
          "          [--code CODE,...] [--hold H]      also says why, rule by rule\n"
          "  sale    --ref R [--cashier C], and as quote\n"
          "  void    --ref R --sale R2 [--cashier C]\n"
          "  refund  --ref R --sale R2 [--line N --quantity Q] [--cashier C]\n"
          "  hold    --ref R --member M|--card TEXT --points N [--cashier C]\n"
          "  release --member M|--card TEXT --hold H [--cashier C]\n"
          "  adjust  --member M|--card TEXT --points N|-N [--purse CODE] --reason TEXT --who NAME\n"
          "          [--second NAME]\n"
          "  card link|replace|block|unblock  --member M --card TEXT|--token TOKEN [--old TEXT]\n"
          "          --who NAME [--reason TEXT]\n"
          "  verify            proves the store against the journal\n"
          "  sync              asks for an exchange with head office now\n"
          "  readers           the readers of this terminal, and those that it is paired with\n"
          "  reader pair       pairs the reader that is plugged in and not paired\n"
          "  reader unpair SERIAL                      forgets a paired reader\n"
          "  rpc               passes JSON-RPC lines from standard input to tallyd and back\n"
          "  story FILE...     tells stories to the engine and compares; needs no tallyd\n"
          "\n"
          "  --socket          where tallyd is; default " SOCKET_DEFAULT ",\n"
          "                    or the environment's TALLY_SOCKET\n"
          "  --json            prints the answer as JSON\n"
          "  --version, --help\n"
          "\n"
          "A sale with a --ref that was used before is answered as then and counted once.\n"
          "Exit: 0 done, 1 refused, no connection or a story that came out differently, 2 wrong\n"
          "usage or a story that can't be read. TALLY_LANG=zh_CN: Chinese.\n",
          stdout);
}

/* EXIT_DONE with the command's words left at optind, or the exit code with *ret_over set. */
static int read_options(struct cli *cli, int argc, char **argv, bool *ret_over)
{
    *ret_over = true;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (letter) {
        case OPTION_HELP:
            print_help();
            return EXIT_DONE;
        case OPTION_VERSION:
            puts("tally " TALLY_VERSION);
            return EXIT_DONE;
        case '?':
            return usage("see above");
        default:
            if (cli->values[letter] != NULL) {
                return usage("an option is given twice: --%s",
                             letter == OPTION_SOCKET ? "socket" : argv[optind - 1]);
            }
            cli->values[letter] = optarg == NULL ? "" : optarg;
        }
    }
    *ret_over = false;
    return EXIT_DONE;
}

static int run_command(struct cli *cli, const struct command *command, int word_count)
{
    for (const struct option *option = long_options; option->name != NULL; option++) {
        if (cli->values[option->val] != NULL && option->val != OPTION_SOCKET &&
            strchr(command->options, option->val) == NULL) {
            return usage("%s does not take --%s", command->name, option->name);
        }
    }
    if (word_count - 1 > command->words_max) {
        return usage("%s: one word too many", command->name);
    }
    cli->json = cli->values[OPTION_JSON] != NULL;
    return command->run(cli);
}

int main(int argc, char **argv)
{
    char share[PATH_MAX];
    struct cli cli = {0};
    bool is_over = false;
    lang_share_dir(share, sizeof share);
    lang_open(share);
    int code = read_options(&cli, argc, argv, &is_over);
    if (is_over) {
        return code;
    }
    if (optind >= argc) {
        print_help();
        return EXIT_USAGE;
    }
    size_t i = 0, count = sizeof commands / sizeof commands[0];
    while (i < count && strcmp(commands[i].name, argv[optind]) != 0) {
        i++;
    }
    if (i == count) {
        return usage("there is no command '%s'", argv[optind]);
    }
    cli.words = argv + optind + 1;
    cli.text = cli.words[0];
    code = run_command(&cli, &commands[i], argc - optind);
    rpc_close(cli.rpc);
    json_decref(cli.result);
    json_decref(cli.error);
    return code;
}
