/* SPDX-License-Identifier: Apache-2.0 */
/* sample_receipt LANGUAGE CHARSET [LINK]: the bytes of an invented receipt, for read_receipt.py. */
#include "app/terminal/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum hal_charset charset_of(const char *name)
{
    return strcmp(name, "gb18030") == 0 ? HAL_CHARSET_GB18030
           : strcmp(name, "cp437") == 0 ? HAL_CHARSET_PC437
                                        : HAL_CHARSET_ASCII;
}

int main(int argc, char **argv)
{
    static const struct receipt_purse purses[] = {{{"Café stamps", "咖啡印花"}, 7}};
    static const struct receipt_facts facts = {.programme = "Golden Leaf",
                                               .earned = 135,
                                               .used = 1000,
                                               .balance = 11988,
                                               .tier = {"VIP", "贵宾会员"},
                                               .purses = purses,
                                               .purse_count = 1,
                                               .reward = {"A mug", "马克杯"},
                                               .reward_missing = 60,
                                               .expiry_day = 20818,
                                               .expiry_points = 3210};
    if (argc < 3) {
        return EXIT_FAILURE;
    }
    struct hal_escpos document;
    receipt_document(&facts, strcmp(argv[1], "zh") == 0 ? RECEIPT_CHINESE : RECEIPT_ENGLISH,
                     charset_of(argv[2]), 32, argc > 3 ? argv[3] : NULL, &document);
    bool is_whole =
        document.status == TALLY_OK &&
        fwrite(document.bytes.data, 1, document.bytes.len, stdout) == document.bytes.len;
    hal_escpos_free(&document);
    return is_whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
