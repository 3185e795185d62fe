/* tests/usb/hand.h: the hand that pulls a card through a reader, as the words of a conversation
 * say: "T1 %B...? T2 ;...?".
 *
 * Memory   hand_swipe() allocates
 * Threads  pure */
#ifndef TESTS_USB_HAND_H
#define TESTS_USB_HAND_H

#include <stdbool.h>

enum { HAND_TRACKS = 3 };

/* Splits the words in place; tracks that are not named become NULL. False: not understood. */
bool hand_tracks(char *words, const char *ret_tracks[HAND_TRACKS]);

/* The swipe as lines of the head protocol (firmware/port/head.h), always the same hand; free()
 * them. NULL: not understood, or a text that can't be on that track. */
char *hand_swipe(const char *words, bool is_damaged);

#endif
