/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client of the console may send to the person's terminal.
 *
 * The multiplexer's own lines begin with OWN_LINE_MARK. The filter lets nothing
 * through that could imitate or alter such a line:
 *  - The two characters of the mark, U+27E6 and U+27E7, come out as '?'. Output is
 *    held to valid UTF-8, and character sets that the terminal could be switched
 *    to are limited to US-ASCII and line drawing, so no other bytes show them.
 *  - Control sequences are passed only complete, and only those on a list. Nothing
 *    can make the terminal answer with chosen text, reset its character set, or
 *    swallow what follows. So the multiplexer can write between any two outputs.
 *  - While lines of the multiplexer may be on the screen, the first sequence that
 *    can move the cursor up, or scroll down, or change screens, is preceded by
 *    clearing the screen: a client never reaches a line that is not its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "⟦skyscope⟧ " in UTF-8. */
#define OWN_LINE_MARK "\xe2\x9f\xa6skyscope\xe2\x9f\xa7 "

/* Leaves every mode that a client can set, and stops at the left of the bottom
 * line of the ordinary screen. */
#define TERMINAL_RESET                                                                                                 \
    "\x1b[?1049l\x1b[?1047l\x1b[?47l"                /* ordinary screen */                                             \
    "\x1b[0m\x1b(B\x1b)B\x0f"                        /* attributes, character sets */                                  \
    "\x1b[4l\x1b[20l\x1b[?6l\x1b[?7h\x1b[?25h\x1b[r" /* insert, new line, origin, wrap, cursor, scrolling region */    \
    "\x1b[?1l\x1b>\x1b[?2004l"                       /* cursor and numeric keys, bracketed paste */                    \
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l" /* mouse and focus reports */                            \
    "\x1b[999;1H"

/* Bytes that one byte of input can become. */
#define TERMINAL_FILTER_MAX_OUTPUT 80u
#define TERMINAL_SEQUENCE_LENGTH   64u

enum terminal_filter_state {
    TERMINAL_GROUND,
    TERMINAL_UTF8,          /* in a character of several bytes */
    TERMINAL_ESCAPE,        /* after ESC */
    TERMINAL_CHARACTER_SET, /* after ESC ( or ESC ) */
    TERMINAL_ESCAPE_IGNORE, /* in an escape sequence that is not passed */
    TERMINAL_CONTROL,       /* in a control sequence, after ESC [ */
    TERMINAL_CONTROL_IGNORE,
    TERMINAL_STRING, /* in an OSC, DCS, SOS, PM or APC string: not passed */
    TERMINAL_STRING_ESCAPE,
};

struct terminal_filter {
    enum terminal_filter_state state;
    bool own_lines_visible; /* set by the multiplexer when it has written lines of its own */
    uint8_t utf8_remaining; /* bytes that the character still lacks */
    uint32_t utf8_code;
    uint32_t length;  /* of the sequence so far */
    uint32_t ignored; /* bytes of the string so far */
    char sequence[TERMINAL_SEQUENCE_LENGTH];
};

/* Starts anew, as after something else was on the terminal. */
void terminal_filter_reset(struct terminal_filter *filter);

/* Takes a byte from the client; writes what may go to the terminal to `output`,
 * at least TERMINAL_FILTER_MAX_OUTPUT bytes long; returns how many bytes. */
size_t terminal_filter_put(struct terminal_filter *filter, uint8_t byte, char *output);
