/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq programme check and publish. */
#include "app/hq/command.h"

#include "app/hq/document_file.h"
#include "app/programme/advice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_LIMIT_MAX = 1000000 };

/* The file as text and as a programme that may be published. */
static int document_load(const struct hq_command *self, int argc, char **argv,
                         struct tally_buffer *ret_text,
                         struct tally_programme_document **ret_document)
{
    const struct option none[] = {{NULL, 0, NULL, 0}};
    if (hq_option(self, argc, argv, none) != -1) {
        return hq_option_exit();
    }
    if (argc - optind != 1) {
        return hq_usage_error(self, "wants one file");
    }
    return hq_document_load(argv[optind], ret_text, ret_document);
}

/* What `programme check` was asked. */
struct check_request {
    const char *path;
    bool strict;
    uint32_t value_pct_max;
};

/* -1: go on; else the exit code. */
static int check_read(const struct hq_command *self, int argc, char **argv,
                      struct check_request *ret_request)
{
    static const struct option options[] = {{"strict", no_argument, NULL, 's'},
                                            {"value-limit", required_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    *ret_request = (struct check_request){.value_pct_max = TALLY_PROGRAMME_VALUE_PCT_MAX};
    int option = 0;
    while ((option = hq_option(self, argc, argv, options)) != -1) {
        char *end = NULL;
        long limit = 0;
        switch (option) {
        case 's':
            ret_request->strict = true;
            break;
        case 'v':
            limit = strtol(optarg, &end, 10);
            if (end == optarg || *end != '\0' || limit < 0 || limit > VALUE_LIMIT_MAX) {
                return hq_usage_error(self, "--value-limit wants a percentage, 0..%d",
                                      VALUE_LIMIT_MAX);
            }
            ret_request->value_pct_max = (uint32_t)limit;
            break;
        default:
            return hq_option_exit();
        }
    }
    if (argc - optind != 1) {
        return hq_usage_error(self, "wants one file");
    }
    ret_request->path = argv[optind];
    return -1;
}

/* Says every warning as "FILE:LINE: warning: PATH: what is odd". */
static int advise(const struct check_request *request, const struct tally_buffer *text,
                  const struct tally_programme_document *document)
{
    struct tally_programme_problems warnings = {0};
    enum tally_status status = tally_programme_advise(document, tally_buffer_slice(text),
                                                      request->value_pct_max, &warnings);
    for (size_t i = 0; i < warnings.count; i++) {
        fprintf(stderr, "%s:%zu: warning: %s\n", request->path, warnings.items[i].line,
                warnings.items[i].text);
    }
    if (warnings.untold > 0) {
        fprintf(stderr, "%s: and %zu more warnings\n", request->path, warnings.untold);
    }
    size_t count = warnings.count + warnings.untold;
    tally_programme_problems_free(&warnings);
    if (status != TALLY_OK) {
        return hq_failed("%s: %s", request->path, tally_status_text(status));
    }
    const struct tally_programme *programme = tally_programme_of(document);
    printf("%s, version %" PRIu32 ": no mistakes", programme->name, programme->version);
    if (count > 0) {
        printf(", %zu warning%s", count, count == 1 ? "" : "s");
    }
    printf("\n");
    return request->strict && count > 0 ? HQ_EXIT_FAILED : HQ_EXIT_OK;
}

int hq_run_programme_check(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    (void)dir;
    struct check_request request;
    int result = check_read(self, argc, argv, &request);
    if (result != -1) {
        return result;
    }
    struct tally_buffer text = {0};
    struct tally_programme_document *document = NULL;
    result = hq_document_load(request.path, &text, &document);
    if (document != NULL) {
        result = advise(&request, &text, document);
    }
    tally_programme_document_free(document);
    tally_buffer_free(&text);
    return result;
}

static int publish(const char *dir, uint32_t version, const struct tally_buffer *text)
{
    char problem[HQ_PROBLEM_MAX];
    struct hq_keys keys;
    if (hq_keys_load(dir, &keys, problem) != TALLY_OK) {
        return hq_failed("%s", problem);
    }
    int result = HQ_EXIT_FAILED;
    struct tally_buffer signature = {0};
    struct hq_store *store = hq_store_open_or_say(dir);
    if (store != NULL) {
        enum tally_status status = tally_sign(tally_buffer_slice(&keys.programme_key),
                                              tally_buffer_slice(text), &signature);
        if (status == TALLY_OK) {
            status = hq_store_programme_put(store, version, tally_buffer_slice(text),
                                            tally_buffer_slice(&signature));
        }
        if (status == TALLY_OK) {
            printf("version %" PRIu32 " is published\n", version);
            status = hq_store_stock(store, hq_now_ms());
            hq_dir_touch(dir);
            result = status == TALLY_OK ? HQ_EXIT_OK
                                        : hq_failed("its stock was not put in: %s; tallyhq night "
                                                    "does it",
                                                    tally_status_text(status));
        } else if (status == TALLY_E_EXISTS) {
            hq_failed("version %" PRIu32 " is not above the newest one published", version);
        } else {
            hq_failed("%s", tally_status_text(status));
        }
    }
    hq_store_close(store);
    tally_buffer_free(&signature);
    hq_keys_free(&keys);
    return result;
}

int hq_run_programme_publish(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    struct tally_buffer text = {0};
    struct tally_programme_document *document = NULL;
    int result = document_load(self, argc, argv, &text, &document);
    if (document != NULL) {
        result = publish(dir, tally_programme_of(document)->version, &text);
    }
    tally_programme_document_free(document);
    tally_buffer_free(&text);
    return result;
}
