/* SPDX-License-Identifier: Apache-2.0 */
/* tallyhq programme check and publish. */
#include "app/hq/command.h"

#include "app/hq/document_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

int hq_run_programme_check(const struct hq_command *self, const char *dir, int argc, char **argv)
{
    (void)dir;
    struct tally_buffer text = {0};
    struct tally_programme_document *document = NULL;
    int result = document_load(self, argc, argv, &text, &document);
    if (document != NULL) {
        const struct tally_programme *programme = tally_programme_of(document);
        printf("%s, version %" PRIu32 ": no mistakes\n", programme->name, programme->version);
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
            hq_dir_touch(dir);
            printf("version %" PRIu32 " is published\n", version);
            result = HQ_EXIT_OK;
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
