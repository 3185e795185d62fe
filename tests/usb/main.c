/* SPDX-License-Identifier: Apache-2.0 */
/* Plays a file of conversations over one bus.
 *   usb_talk [--cut|--cut-sample|--cut-packets] [--only TEXT] FILE BUS [ARGUMENT...]
 *   BUS: in-process | bare | umockdev TERMINAL | usbredir SOCKET HOST:PORT | gadget HOST:PORT
 * HOST:PORT The last two are in a guest: where QEMU's usb-redir waits, or the head, and where the
 * terminal does. Which of them are built in depends on the libraries that are there. */
#include "tests/usb/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct talk_side *make_side(int count, char **words)
{
    if (count == 1 && strcmp(words[0], "bare") == 0) {
        return side_bare();
    }
#ifdef HAVE_DRIVERS
    bool is_paced = count == 2 && strcmp(words[1], "paced") == 0;
    if ((count == 1 || is_paced) && strcmp(words[0], "in-process") == 0) {
        return side_in_process(is_paced);
    }
#endif
#ifdef HAVE_UMOCKDEV
    if (count == 2 && strcmp(words[0], "umockdev") == 0) {
        return side_umockdev(words[1]);
    }
#endif
#ifdef HAVE_USBREDIR
    if (count == 3 && strcmp(words[0], "usbredir") == 0) {
        return side_usbredir(words[1], words[2]);
    }
#endif
    bool is_gadget = count == 4 && strcmp(words[0], "gadget") == 0;
    return is_gadget ? side_gadget(words[2], words[3], words[1]) : NULL;
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    bool is_cut = false;
    struct talk_cuts cuts = {false, false};
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--only") == 0 && at + 1 < argc) {
            only = argv[++at];
        } else {
            cuts.by_packets = strcmp(argv[at], "--cut-packets") == 0;
            cuts.is_sample = strcmp(argv[at], "--cut-sample") == 0;
            is_cut = true;
        }
    }
    struct talk_side *side = argc - at >= 2 ? make_side(argc - at - 1, argv + at + 1) : NULL;
    if (side == NULL) {
        fprintf(stderr, "usage: see tests/usb/README.md\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct talks talks;
    talks_read(&talks, argv[at]);
    unsigned failed =
        is_cut ? talks_play_cut(&talks, side, only, cuts) : talks_play(&talks, side, only);
    talks_free(&talks);
    free(side);
    return failed == 0 ? 0 : 1;
}
