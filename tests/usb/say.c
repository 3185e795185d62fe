/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines. */
#include "tests/usb/say.h"

#include <stdbool.h>
#include <stdio.h>

static const char *const kinds[] = {"?", "number", "phone", "uid", "code"};
static const char *const strengths[] = {"weak", "static", "proven"};
static const char *const entries[] = {"?", "swiped", "scanned", "tapped", "typed"};

void say_card(const struct tally_card *card, char into[SAY_LEN_MAX])
{
    char identity[2 * TALLY_CARD_LEN_MAX + 1] = "";
    bool is_text = card->kind == TALLY_CARD_NUMBER || card->kind == TALLY_CARD_PHONE;
    for (size_t i = 0; i < card->len; i++) {
        if (is_text) {
            snprintf(identity + i, 2, "%c", card->bytes[i]);
        } else {
            snprintf(identity + 2 * i, 3, "%02x", card->bytes[i]);
        }
    }
    snprintf(into, SAY_LEN_MAX, "card %s %s %s %s", kinds[card->kind], identity,
             strengths[card->strength], entries[card->entry]);
}

void say_refused(enum tally_status status, char into[SAY_LEN_MAX])
{
    snprintf(into, SAY_LEN_MAX, "refused %s", tally_status_name(status));
}

void say_state(enum tally_status status, unsigned ready_count, char into[SAY_LEN_MAX])
{
    if (status == TALLY_OK) {
        snprintf(into, SAY_LEN_MAX, "ready %u", ready_count);
    } else {
        snprintf(into, SAY_LEN_MAX, "state %s %u", tally_status_name(status), ready_count);
    }
}
