/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq members import: a CSV file becomes members, batch by batch. */
#include "app/hq/command.h"

#include "app/base/alloc.h"
#include "app/hq/csv.h"
#include "app/hq/text.h"
#include "app/programme/document.h"

#include <inttypes.h>
#include <string.h>

enum { BATCH = 5000, COLUMNS = 7 };

static const char *const columns[COLUMNS] = {
    "card", "name", "phone", "points", "expires", "qualifying_minor", "home_shop"};

struct import {
    const char *path;
    struct hq_store *store;
    struct hq_keys keys;
    struct tally_programme_document *programme; /* says which cards are ours */
    uint64_t total;                             /* rows of the file */
    uint64_t done;
    struct hq_import_known known;
    struct hq_import_row rows[BATCH];
    struct tally_buffer profiles[BATCH];
    size_t count;
};

/* ------------------------------------------------------------------ one row */

/* The number itself goes into no message. */
static const char *card_read(const struct import *import, const char *text,
                             struct tally_card *ret_card)
{
    size_t len = strlen(text);
    if (len == 0 || len > TALLY_CARD_LEN_MAX || strspn(text, "0123456789") != len) {
        return "card: not a number";
    }
    struct tally_card_rules rules = tally_programme_of(import->programme)->cards;
    enum tally_status status = tally_card_classify(&rules, (const uint8_t *)text, len);
    if (status == TALLY_E_PAYMENT_CARD) {
        return "card: this is a payment card";
    }
    if (status != TALLY_OK) {
        return "card: not one of the programme's prefixes and lengths";
    }
    struct tally_card card = {
        .kind = TALLY_CARD_NUMBER, .entry = TALLY_ENTRY_TYPED, .len = (uint8_t)len};
    memcpy(card.bytes, text, len);
    *ret_card = card;
    return NULL;
}

/* The phone number becomes the second handle; none is as good. */
static const char *phone_read(const struct import *import, const char *text,
                              struct hq_import_row *row)
{
    row->has_phone_handle = text[0] != '\0';
    if (!row->has_phone_handle) {
        return NULL;
    }
    struct tally_card_rules rules = tally_programme_of(import->programme)->cards;
    struct tally_card card;
    enum tally_status status = tally_card_from_typed(&rules, text, &card);
    if (status == TALLY_E_PAYMENT_CARD) {
        return "phone: this looks like a payment card; a + before it says that it is none";
    }
    if (status != TALLY_OK) {
        return "phone: not a number of 7 to 15 digits";
    }
    const char *problem = NULL;
    if (card.kind != TALLY_CARD_PHONE) {
        problem = "phone: this is a card's number";
    } else if ((status = tally_card_handle(import->keys.card_key, &card, row->phone_handle)) !=
               TALLY_OK) {
        problem = tally_status_text(status);
    }
    explicit_bzero(&card, sizeof card);
    return problem;
}

/* Reads one line into `row`; what is wrong with it, or NULL. The profile is appended to. */
static const char *row_read(const struct import *import, const struct hq_csv *csv,
                            struct hq_import_row *row, struct tally_buffer *profile)
{
    if (csv->field_count != COLUMNS) {
        return "there should be 7 fields";
    }
    struct tally_card card;
    int64_t shop = 0;
    const char *problem = card_read(import, csv->fields[0], &card);
    if (problem != NULL) {
        return problem;
    }
    struct tally_msg_profile person = {
        .name = {(const uint8_t *)csv->fields[1], strlen(csv->fields[1])},
        .phone = {(const uint8_t *)csv->fields[2], strlen(csv->fields[2])}};
    if (person.name.len == 0 || tally_msg_profile_encode(&person, profile) != TALLY_OK) {
        return "name or phone: empty, too long, or not UTF-8";
    }
    if ((problem = phone_read(import, csv->fields[2], row)) != NULL) {
        return problem;
    }
    if (hq_number_parse(csv->fields[3], 0, INT64_MAX, &row->points) != TALLY_OK) {
        return "points: not a whole number of 0 or more";
    }
    if (hq_day_parse(csv->fields[4], &row->expires_day) != TALLY_OK) {
        return "expires: not a day like 2027-12-31, nor 'never'";
    }
    if (hq_number_parse(csv->fields[5], 0, INT64_MAX, &row->qualifying) != TALLY_OK) {
        return "qualifying_minor: not a whole number of 0 or more";
    }
    if (hq_number_parse(csv->fields[6], 0, UINT32_MAX, &shop) != TALLY_OK) {
        return "home_shop: not a shop's number";
    }
    row->home_shop = (uint32_t)shop;
    enum tally_status status = tally_card_handle(import->keys.card_key, &card, row->handle);
    explicit_bzero(&card, sizeof card);
    return status == TALLY_OK ? NULL : tally_status_text(status);
}

/* ------------------------------------------------------------------ batches */

static void batch_empty(struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        tally_buffer_wipe(&import->profiles[i]);
    }
    import->count = 0;
}

static int batch_store(struct import *import)
{
    struct hq_import_known known;
    for (size_t i = 0; i < import->count; i++) {
        import->rows[i].profile = tally_buffer_slice(&import->profiles[i]);
    }
    enum tally_status status = hq_store_import(import->store, import->keys.data_key, import->rows,
                                               import->count, hq_now_ms(), &known);
    if (status != TALLY_OK) {
        return hq_failed("%s: stopped after %" PRIu64 " of %" PRIu64 " members: %s", import->path,
                         import->done, import->total, tally_status_text(status));
    }
    uint64_t tenth_before = import->done * 10 / import->total;
    import->done += import->count;
    import->known.cards += known.cards;
    import->known.phones += known.phones;
    if (import->done * 10 / import->total != tenth_before) {
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 "\n", import->done, import->total);
    }
    return HQ_EXIT_OK;
}

/* Reads the whole file; `store` says whether the rows are kept or only checked and counted. */
static int file_pass(struct import *import, FILE *file, bool store)
{
    static struct hq_csv csv; /* a line is long, and there is one file */
    csv = (struct hq_csv){.file = file};
    int mistakes = 0, result = HQ_EXIT_OK;
    enum tally_status status = hq_csv_next(&csv);
    bool header = status == TALLY_OK && csv.field_count == COLUMNS;
    for (size_t i = 0; i < COLUMNS && header; i++) {
        header = strcmp(csv.fields[i], columns[i]) == 0;
    }
    if (!header) {
        fprintf(stderr,
                "%s:1: the header line should be card,name,phone,points,expires,"
                "qualifying_minor,home_shop\n",
                import->path);
        return HQ_EXIT_USAGE;
    }
    import->total = store ? import->total : 0;
    while (result == HQ_EXIT_OK && mistakes < 20 && (status = hq_csv_next(&csv)) != TALLY_E_END &&
           status != TALLY_E_STORE_IO) {
        struct tally_buffer *profile = &import->profiles[import->count];
        const char *problem = status == TALLY_OK
                                  ? row_read(import, &csv, &import->rows[import->count], profile)
                                  : csv.problem;
        if (problem != NULL) {
            fprintf(stderr, "%s:%" PRIu64 ": %s\n", import->path, csv.line, problem);
            mistakes++;
        }
        import->total += !store;
        import->count++;
        if (!store) {
            batch_empty(import);
        } else if (import->count == BATCH) {
            result = batch_store(import);
            batch_empty(import);
        }
    }
    if (result == HQ_EXIT_OK && status == TALLY_E_STORE_IO) {
        result = hq_failed("%s can't be read", import->path);
    }
    if (result == HQ_EXIT_OK && store && import->count > 0) {
        result = batch_store(import);
    }
    batch_empty(import);
    explicit_bzero(csv.text, sizeof csv.text);
    return mistakes > 0 ? HQ_EXIT_USAGE : result;
}

static int import_file(struct import *import, const char *dir)
{
    FILE *file = fopen(import->path, "re");
    if (file == NULL) {
        return hq_failed("%s can't be read", import->path);
    }
    int result = file_pass(import, file, false);
    if (result == HQ_EXIT_OK && fseek(file, 0, SEEK_SET) != 0) {
        result = hq_failed("%s can't be read twice: it has to be a file", import->path);
    }
    if (result == HQ_EXIT_OK) {
        result = file_pass(import, file, true);
        hq_dir_touch(dir);
    }
    if (result == HQ_EXIT_OK) {
        printf("%" PRIu64 " members imported", import->done - import->known.cards);
        if (import->known.cards > 0) {
            printf(", %" PRIu64 " cards were known already", import->known.cards);
        }
        if (import->known.phones > 0) {
            printf(", %" PRIu64 " phone numbers stay with the members who had them first",
                   import->known.phones);
        }
        putchar('\n');
    } else if (result == HQ_EXIT_USAGE) {
        fprintf(stderr, "tallyhq: nothing was imported\n");
    }
    fclose(file);
    return result;
}

static enum tally_status programme_load(struct import *import)
{
    struct tally_buffer text = {0};
    uint32_t version = 0;
    enum tally_status status = hq_store_programme_newest(import->store, &version, &text);
    if (status == TALLY_OK) {
        status = tally_programme_parse(tally_buffer_slice(&text), &import->programme, NULL);
    }
    tally_buffer_free(&text);
    return status;
}

int hq_run_members_import(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    const struct option options[] = {{NULL, 0, NULL, 0}};
    if (hq_option(self, argc, argv, options) != -1) {
        return hq_option_exit();
    }
    if (argc - optind != 1) {
        return hq_usage_error(self, "wants one file");
    }
    struct import *import = tally_alloc(1, sizeof *import);
    if (import == NULL) {
        return hq_failed("%s", tally_status_text(TALLY_E_NO_MEMORY));
    }
    char problem[HQ_PROBLEM_MAX];
    int result = HQ_EXIT_FAILED;
    import->path = argv[optind];
    if (hq_keys_load(dir, &import->keys, problem) != TALLY_OK) {
        result = hq_failed("%s", problem);
    } else if ((import->store = hq_store_open_or_say(dir)) != NULL) {
        enum tally_status status = programme_load(import);
        if (status == TALLY_OK) {
            result = import_file(import, dir);
        } else if (status == TALLY_E_NOT_FOUND) {
            result = hq_failed("publish the programme first: it says which cards are ours");
        } else {
            result = hq_failed("%s", tally_status_text(status));
        }
    }
    tally_programme_document_free(import->programme);
    hq_store_close(import->store);
    hq_keys_free(&import->keys);
    tally_free(import);
    return result;
}
