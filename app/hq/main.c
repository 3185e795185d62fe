/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq: head office. Finds the command among the words and runs it. */
#include "app/hq/command.h"

#include "app/crypto/crypto.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#define DATA_DEFAULT "/var/lib/tallyhq"

const struct hq_command hq_commands[] = {
    {"init", "--name NAME[,NAME...]",
     "Makes the data directory: certificate authority, HQ's certificate, keys and store.\n"
     "  --name NAME[,NAME...]  host names or addresses that terminals reach HQ by; the first one\n"
     "                         is what they check from then on\n",
     hq_run_init},
    {"serve", "[--listen ADDR] [--port N] [--enrol-port N] [--port-file FILE]",
     "Serves terminals until SIGTERM or SIGINT.\n"
     "  --listen ADDR      address to listen on (default 0.0.0.0)\n"
     "  --port N           sync port, client certificates required (default 7443; 0: any)\n"
     "  --enrol-port N     enrolment port (default 7444; 0: any)\n"
     "  --port-file FILE   once listening, writes 'PORT ENROL-PORT' into FILE\n",
     hq_run_serve},
    {"programme check", "[--strict] [--value-limit PCT] FILE",
     "Says what is wrong with a programme document, each mistake as FILE:LINE: PATH: TEXT, and\n"
     "then warns of what is allowed and hardly meant, as FILE:LINE: warning: PATH: TEXT.\n"
     "  --strict            warnings are a failure: exit status 1\n"
     "  --value-limit PCT   points may be worth so much of what is spent without a warning (20)\n"
     "Exit status 2 when there is a mistake.\n",
     hq_run_programme_check},
    {"programme publish", "FILE",
     "Checks a programme document, signs it and rolls it out to connected terminals at once.\n"
     "Its version must be above the newest one published.\n",
     hq_run_programme_publish},
    {"programme dry-run", "NEW.json [--against OLD.json] [--journal DIR]...",
     "Plays the sales there were again under another programme, and says what would be different:\n"
     "points, liability, members in each tier, cost, and who would have more or less.\n"
     "  --against OLD.json  compare with this programme (default: the newest published)\n"
     "  --journal DIR       the sales of one terminal's journal, instead of all that HQ holds;\n"
     "                      may be given several times\n",
     hq_run_programme_dry_run},
    {"account adjust", "ACCOUNT --points N --reason TEXT --who NAME [--second NAME] [--until DAY]",
     "Gives points (or takes them: --points=-50) in head office's drawer.\n"
     "  --reason TEXT  why, --who NAME  by whom: both are kept\n"
     "  --second NAME  a second person, where a guard of the programme wants one\n"
     "  --until DAY    last valid day (default: as points earned today)\n",
     hq_run_account_adjust},
    {"account tier", "ACCOUNT CODE --reason TEXT --who NAME [--until DAY]",
     "Gives a tier: the member is never below it until then. CODE - takes it away again.\n"
     "  --until DAY    last day of it (default: for good)\n",
     hq_run_account_tier},
    {"account transfer", "FROM TO --points N --reason TEXT --who NAME",
     "Moves points of head office's drawer to another account, by the programme's rules.\n",
     hq_run_account_transfer},
    {"account block", "ACCOUNT --reason TEXT --who NAME",
     "Blocks an account: nothing is earned or spent until it is let in again.\n",
     hq_run_account_block},
    {"account unblock", "ACCOUNT --reason TEXT --who NAME", "Lets a blocked account in again.\n",
     hq_run_account_unblock},
    {"account merge", "FROM INTO --reason TEXT --who NAME",
     "Ends account FROM: members, cards, debts, visits and points go over to INTO. Points that\n"
     "terminals hold follow when they hear of it.\n",
     hq_run_account_merge},
    {"card code", "A-CARD [--printed] --reason TEXT --who NAME",
     "Gives the member who has A-CARD a code of his own. Prints handle and key for his phone, "
     "which\n"
     "makes a new code of them every 30 s (hal/reader/CODES.md). It is said once: keep it safe.\n"
     "  --printed   a code that never changes, to be printed: who has a picture of it has the "
     "card\n",
     hq_run_card_code},
    {"card tag", "A-CARD UID --reason TEXT --who NAME",
     "Gives the member who has A-CARD an NTAG 424 DNA card that proves itself, and prints the "
     "keys\n"
     "to write into it (hal/reader/TAGS.md says how it is set up).\n"
     "  UID   of the tag, 14 hexadecimal digits\n",
     hq_run_card_tag},
    {"card",
     "block CARD | unblock CARD | replace OLD NEW | link A-CARD NEW --reason TEXT --who NAME",
     "Blocks a card, lets it in again, replaces a lost one (the old one is blocked), or gives the\n"
     "member who has A-CARD one more. Cards and phone numbers are typed as at the till.\n",
     hq_run_card},
    {"account", "ACCOUNT", "Shows one account: points, tier, and in which drawer every point is.\n",
     hq_run_account},
    {"night", "",
     "To be run once a day, beside a running server: counts points of head office's drawer that\n"
     "lapsed as expired, and gives the awards of birthdays and of periods. Running it again gives\n"
     "nothing twice.\n",
     hq_run_night},
    {"clearing", "[--from DAY] [--until DAY]",
     "Says what each merchant of the programme gave and took, and the payments that settle it.\n",
     hq_run_clearing},
    {"surprise", "[--commit MONTHS] [--prove]",
     "Lists the months for which head office committed to a seed: month, SHA-256 of the seed, and\n"
     "the seed once the month is over.\n"
     "  --commit MONTHS  commits to this month and those after it, so many in all\n"
     "  --prove          draws every sale again and compares with what was given\n",
     hq_run_surprise},
    {"enrol-token", "--shop S [--ttl 15m] [--terminal N]",
     "Prints a one-time token with which one terminal enrols.\n"
     "  --shop S       number of the shop it stands in\n"
     "  --ttl TIME     how long the token holds: 90s, 15m (the default), 2h, 1d\n"
     "  --terminal N   give this number; one in use starts its next epoch under the new key\n",
     hq_run_enrol_token},
    {"members import", "FILE.csv",
     "Brings in members: card,name,phone,points,expires,qualifying_minor,home_shop, with that\n"
     "header line; expires is YYYY-MM-DD or 'never'. The whole file is checked before anything is\n"
     "taken; cards that are known already are left alone, so it may be run again. The programme "
     "is\n"
     "published before: it says which cards are ours.\n",
     hq_run_members_import},
    {"export", "[--format csv|ndjson] [--what sales|accounts|events]",
     "Writes every sale (the default), account or event to standard output.\n"
     "  --format csv|ndjson           default csv\n"
     "  --what sales|accounts|events  default sales\n",
     hq_run_export},
    {"verify", "",
     "Recomputes every terminal's chain and every account from the stored events, and names the\n"
     "first difference. Exit status 1 when there is one.\n",
     hq_run_verify},
    {"terminals", "", "Lists the terminals: state, what HQ holds of them, when they were heard.\n",
     hq_run_terminals},
    {"flags", "", "Lists what a person should look at.\n", hq_run_flags},
    {"revoke", "N [--reason TEXT]",
     "Ends terminal N: refused from its next message on.\n"
     "  --reason TEXT  for the list of terminals\n",
     hq_run_revoke},
    {"status", "", "Says what HQ holds.\n", hq_run_status},
};
const size_t hq_command_count = sizeof hq_commands / sizeof hq_commands[0];

/* ------------------------------------------------------------------ for the commands */

int64_t hq_now_ms(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

int hq_failed(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("tallyhq: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return HQ_EXIT_FAILED;
}

int hq_usage_error(const struct hq_command *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "tallyhq %s: ", self->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n'tallyhq %s --help' says how it is used.\n", self->name);
    va_end(arguments);
    return HQ_EXIT_USAGE;
}

struct hq_store *hq_store_open_or_say(const char *dir)
{
    struct hq_store *store = NULL;
    enum tally_status status = hq_store_open(dir, false, &store);
    if (status == TALLY_E_NOT_FOUND) {
        hq_failed("%s is not a head office: make one with 'tallyhq --data %s init'", dir, dir);
    } else if (status != TALLY_OK) {
        hq_failed("%s/hq.mdb: %s", dir, tally_status_text(status));
    }
    return status == TALLY_OK ? store : NULL;
}

/* ------------------------------------------------------------------ options */

enum { OPTIONS_MAX = 12, OPTION_HELP = 1000 };

static int option_exit_code;

int hq_option_exit(void)
{
    return option_exit_code;
}

static int option_end(int exit_code)
{
    option_exit_code = exit_code;
    return '?';
}

int hq_option(const struct hq_command *self, int argc, char **argv, const struct option *options)
{
    struct option all[OPTIONS_MAX + 2] = {{"help", no_argument, NULL, OPTION_HELP}};
    for (size_t i = 0; i < OPTIONS_MAX && options[i].name != NULL; i++) {
        all[i + 1] = options[i];
    }
    opterr = 0;
    int option = getopt_long(argc, argv, ":", all, NULL);
    if (option == OPTION_HELP) {
        printf("tallyhq [--data DIR] %s %s\n\n%s", self->name, self->usage, self->help);
        return option_end(HQ_EXIT_OK);
    }
    if (option == ':') {
        return option_end(hq_usage_error(self, "%s wants a value", argv[optind - 1]));
    }
    if (option == '?') {
        return option_end(hq_usage_error(self, "unknown option %s", argv[optind - 1]));
    }
    return option;
}

/* ------------------------------------------------------------------ main */

static void help(FILE *file)
{
    fputs("tallyhq [--data DIR] COMMAND ...: head office of a Tallystick loyalty programme\n\n",
          file);
    for (size_t i = 0; i < hq_command_count; i++) {
        fprintf(file, "  %s %s\n", hq_commands[i].name, hq_commands[i].usage);
    }
    fputs("\n  --data DIR  keys and store (default " DATA_DEFAULT ")\n"
          "  --version   the program's version\n"
          "\n'tallyhq COMMAND --help' says more about each; see also tallyhq(8).\n",
          file);
}

/* How many words of argv name this command; 0: they don't. */
static int words_match(const char *name, int argc, char **argv)
{
    int count = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, " ");
        if (count == argc || strlen(argv[count]) != len || memcmp(argv[count], name, len) != 0) {
            return 0;
        }
        name += len + (name[len] == ' ');
        count++;
    }
    return count;
}

static int run(const char *dir, int argc, char **argv)
{
    for (size_t i = 0; i < hq_command_count; i++) {
        int words = words_match(hq_commands[i].name, argc, argv);
        if (words > 0) {
            optind = 0; /* getopt begins anew, with the command's last word as its argv[0] */
            return hq_commands[i].run(&hq_commands[i], dir, argc - words + 1, argv + words - 1);
        }
    }
    fprintf(stderr, "tallyhq: there is no command '%s'; 'tallyhq --help' names them all\n",
            argv[0]);
    return HQ_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                     {"help", no_argument, NULL, 'h'},
                                     {"version", no_argument, NULL, 'v'},
                                     {NULL, 0, NULL, 0}};
    const char *dir = DATA_DEFAULT;
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            dir = optarg;
            break;
        case 'h':
            help(stdout);
            return HQ_EXIT_OK;
        case 'v':
            puts("tallyhq " TALLY_VERSION);
            return HQ_EXIT_OK;
        default:
            return HQ_EXIT_USAGE; /* getopt has said why */
        }
    }
    if (optind == argc) {
        help(stderr);
        return HQ_EXIT_USAGE;
    }
    /* Keys are in memory: not into a core file, not to a debugger of the same user. */
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
#ifndef __SANITIZE_ADDRESS__ /* the leak checker of a test build attaches like a debugger */
    prctl(PR_SET_DUMPABLE, 0);
#endif
    umask(077);
    enum tally_status status = tally_crypto_start();
    if (status != TALLY_OK) {
        return hq_failed("%s", tally_status_text(status));
    }
    return run(dir, argc - optind, argv + optind);
}
