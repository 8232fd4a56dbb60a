/* SPDX-License-Identifier: BSD-2-Clause */
/* The states follow ECMA-48 §5 and the parser that DEC's terminals had; the
 * sequences are xterm's (ctlseqs), which others copy. */
#include "terminal_filter.h"

#include <base/memory.h>

enum {
    BACKSPACE = 0x08,
    SHIFT_IN = 0x0f,
    BELL = 0x07,
    CANCEL = 0x18,
    SUBSTITUTE = 0x1a,
    ESCAPE = 0x1b,
    DELETE = 0x7f,
};

#define MARK_OPENING 0x27e6u
#define MARK_CLOSING 0x27e7u

/* A string that does not end within so many bytes is taken as ended. */
#define MAX_STRING 4096u

/* What may happen to a sequence. */
enum verdict {
    DROP,
    PASS,
    PASS_CLEARED, /* it can reach lines above: clear own lines away first */
};

void terminal_filter_reset(struct terminal_filter *filter)
{
    *filter = (struct terminal_filter){.own_lines_visible = filter->own_lines_visible};
}

static size_t emit_byte(char byte, char *output)
{
    output[0] = byte;
    return 1;
}

/* Writes out the sequence collected so far. */
static size_t emit_sequence(struct terminal_filter *filter, enum verdict verdict, char *output)
{
    static const char clear_screen[] = "\x1b[2J";
    size_t length = 0;
    if (verdict == PASS_CLEARED && filter->own_lines_visible) {
        memcpy(output, clear_screen, sizeof(clear_screen) - 1);
        length = sizeof(clear_screen) - 1;
        filter->own_lines_visible = false;
    }
    if (verdict != DROP) {
        memcpy(output + length, filter->sequence, filter->length);
        length += filter->length;
    }
    filter->state = TERMINAL_GROUND;
    filter->length = 0;
    return length;
}
_Static_assert(TERMINAL_SEQUENCE_LENGTH + 4 <= TERMINAL_FILTER_MAX_OUTPUT, "room for a sequence and the clearing");

/* False if there is no room left. */
static bool collect(struct terminal_filter *filter, uint8_t byte)
{
    if (filter->length == TERMINAL_SEQUENCE_LENGTH) {
        return false;
    }
    filter->sequence[filter->length++] = (char)byte;
    return true;
}

/* --- Characters --- */

static size_t start_utf8(struct terminal_filter *filter, uint8_t byte, char *output)
{
    filter->length = 0;
    if (byte >= 0xc2 && byte <= 0xdf) {
        filter->utf8_remaining = 1;
        filter->utf8_code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        filter->utf8_remaining = 2;
        filter->utf8_code = byte & 0x0f;
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        filter->utf8_remaining = 3;
        filter->utf8_code = byte & 0x07;
    } else {
        return emit_byte('?', output);
    }
    collect(filter, byte);
    filter->state = TERMINAL_UTF8;
    return 0;
}

static bool may_be_shown(uint32_t code, uint32_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return length < sizeof(least) / sizeof(least[0]) && code >= least[length] && code >= 0xa0 && code <= 0x10ffff &&
           !(code >= 0xd800 && code <= 0xdfff) && code != MARK_OPENING && code != MARK_CLOSING;
}

static size_t continue_utf8(struct terminal_filter *filter, uint8_t byte, char *output)
{
    if ((byte & 0xc0) != 0x80) {
        /* Cut short: show that, and take the byte for itself. */
        filter->state = TERMINAL_GROUND;
        output[0] = '?';
        return 1 + terminal_filter_put(filter, byte, output + 1);
    }
    collect(filter, byte);
    filter->utf8_code = filter->utf8_code << 6 | (byte & 0x3f);
    if (--filter->utf8_remaining > 0) {
        return 0;
    }
    if (may_be_shown(filter->utf8_code, filter->length)) {
        return emit_sequence(filter, PASS, output);
    }
    filter->state = TERMINAL_GROUND;
    return emit_byte('?', output);
}

static size_t ground(struct terminal_filter *filter, uint8_t byte, char *output)
{
    if (byte == ESCAPE) {
        filter->state = TERMINAL_ESCAPE;
        filter->length = 0;
        collect(filter, byte);
        return 0;
    }
    if (byte >= 0x80) {
        return start_utf8(filter, byte, output);
    }
    /* Bell, cursor movements without upward, shifts. Others have no effect, or
     * make the terminal answer (ENQ), or stop it (XOFF). */
    bool control = byte == BELL || (byte >= BACKSPACE && byte <= SHIFT_IN);
    if ((byte < 0x20 && !control) || byte == DELETE) {
        return 0;
    }
    return emit_byte((char)byte, output);
}

/* --- Escape and control sequences --- */

static enum verdict judge_escape(uint8_t final)
{
    switch (final) {
    case '7': /* save cursor */
    case 'D': /* line down */
    case 'E': /* next line */
    case 'H': /* set tabulator */
    case '=': /* keypad modes */
    case '>':
        return PASS;
    case '8': /* restore cursor */
    case 'M': /* line up */
    case 'c': /* full reset */
        return PASS_CLEARED;
    default:
        return DROP;
    }
}

/* The next number in a parameter string; false at its end, or if there is more
 * than numbers in it. */
static bool next_parameter(const char **text, const char *end, uint32_t *value, bool *malformed)
{
    if (*text > end) {
        return false;
    }
    *value = 0;
    while (*text < end && **text != ';') {
        char c = **text;
        if (c < '0' || c > '9' || *value > 100000) {
            *malformed = true;
            return false;
        }
        *value = *value * 10 + (uint32_t)(c - '0');
        (*text)++;
    }
    (*text)++;
    return true;
}

static enum verdict judge_private_mode(uint32_t mode)
{
    switch (mode) {
    case 1:    /* cursor keys */
    case 7:    /* wrap at the right */
    case 12:   /* blinking cursor */
    case 25:   /* cursor shown */
    case 1000: /* mouse and focus reports */
    case 1002:
    case 1003:
    case 1004:
    case 1006:
    case 2004: /* bracketed paste */
        return PASS;
    case 6:  /* origin */
    case 47: /* other screen */
    case 1047:
    case 1048:
    case 1049:
        return PASS_CLEARED;
    default:
        return DROP;
    }
}

/* Set or reset mode: passed only if each mode named may be. */
static enum verdict judge_modes(const char *text, const char *end, bool private)
{
    enum verdict verdict = PASS;
    uint32_t mode;
    bool malformed = false;
    while (next_parameter(&text, end, &mode, &malformed)) {
        enum verdict one = private ? judge_private_mode(mode) : (mode == 4 || mode == 20 ? PASS : DROP);
        if (one == DROP) {
            return DROP;
        }
        if (one == PASS_CLEARED) {
            verdict = PASS_CLEARED;
        }
    }
    return malformed ? DROP : verdict;
}

static enum verdict judge_status_report(const char *text, const char *end)
{
    return end - text == 1 && (text[0] == '5' || text[0] == '6') ? PASS : DROP;
}

static enum verdict judge_plain_control(char final, const char *text, const char *end)
{
    switch (final) {
    case 'm': /* attributes */
    case 'B': /* cursor down, right, left, next line, columns */
    case 'C':
    case 'D':
    case 'E':
    case 'G':
    case '`':
    case 'a':
    case 'e':
    case 'I': /* tabulators */
    case 'Z':
    case 'g':
    case 'J': /* erase */
    case 'K':
    case 'X':
    case 'P': /* delete and insert characters */
    case '@':
    case 'b': /* repeat */
    case 'c': /* what terminal are you: a fixed answer */
        return PASS;
    case 'n':
        return judge_status_report(text, end);
    case 'h':
    case 'l':
        return judge_modes(text, end, false);
    case 'A': /* cursor up */
    case 'F':
    case 'H': /* cursor anywhere */
    case 'f':
    case 'd':
    case 'L': /* insert and delete lines */
    case 'M':
    case 'S': /* scroll */
    case 'r': /* scrolling region */
    case 's': /* save, restore cursor */
    case 'u':
        return PASS_CLEARED;
    case 'T': /* scroll down; with more parameters something else */
        return end - text <= 3 ? PASS_CLEARED : DROP;
    default:
        return DROP;
    }
}

/* sequence: ESC [ parameters intermediates final, complete. */
static enum verdict judge_control(const struct terminal_filter *filter)
{
    const char *text = filter->sequence + 2;
    const char *end = filter->sequence + filter->length - 1;
    char final = *end;
    char prefix = 0;
    if (text < end && *text >= '<' && *text <= '?') {
        prefix = *text++;
    }
    for (const char *c = text; c < end; c++) {
        if (*c >= 0x20 && *c <= 0x2f) {
            /* Intermediates: cursor style, soft reset. */
            bool cursor_style = prefix == 0 && final == 'q' && end - c == 1 && *c == ' ';
            bool soft_reset = prefix == 0 && final == 'p' && end - text == 1 && *c == '!';
            return cursor_style ? PASS : (soft_reset ? PASS_CLEARED : DROP);
        }
        if (*c != ';' && *c != ':' && (*c < '0' || *c > '9')) {
            return DROP;
        }
    }
    if (prefix == '?') {
        return final == 'h' || final == 'l' ? judge_modes(text, end, true) : DROP;
    }
    if (prefix == '>') {
        return final == 'c' ? PASS : DROP;
    }
    return prefix == 0 ? judge_plain_control(final, text, end) : DROP;
}

static size_t escape(struct terminal_filter *filter, uint8_t byte, char *output)
{
    switch (byte) {
    case '[':
        collect(filter, byte);
        filter->state = TERMINAL_CONTROL;
        return 0;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
        filter->state = TERMINAL_STRING;
        filter->ignored = 0;
        return 0;
    case '(':
    case ')':
        collect(filter, byte);
        filter->state = TERMINAL_CHARACTER_SET;
        return 0;
    default:
        if (byte <= 0x2f) {
            filter->state = TERMINAL_ESCAPE_IGNORE;
            return 0;
        }
        collect(filter, byte);
        return emit_sequence(filter, judge_escape(byte), output);
    }
}

static size_t control(struct terminal_filter *filter, uint8_t byte, char *output)
{
    if (!collect(filter, byte)) {
        filter->state = TERMINAL_CONTROL_IGNORE;
    }
    if (byte < 0x40) {
        return 0;
    }
    enum verdict verdict = filter->state == TERMINAL_CONTROL ? judge_control(filter) : DROP;
    return emit_sequence(filter, verdict, output);
}

static size_t string(struct terminal_filter *filter, uint8_t byte)
{
    if (byte == BELL || byte == '\n' || ++filter->ignored > MAX_STRING) {
        filter->state = TERMINAL_GROUND;
    }
    return 0;
}

size_t terminal_filter_put(struct terminal_filter *filter, uint8_t byte, char *output)
{
    if (filter->state == TERMINAL_GROUND) {
        return ground(filter, byte, output);
    }
    if (filter->state == TERMINAL_UTF8) {
        return continue_utf8(filter, byte, output);
    }
    /* In a sequence: some bytes end or restart it wherever they come. */
    if (byte == CANCEL || byte == SUBSTITUTE) {
        filter->state = TERMINAL_GROUND;
        return 0;
    }
    if (byte == ESCAPE) {
        filter->state = filter->state == TERMINAL_STRING ? TERMINAL_STRING_ESCAPE : TERMINAL_ESCAPE;
        filter->length = 0;
        collect(filter, byte);
        return 0;
    }
    if (filter->state == TERMINAL_STRING) {
        return string(filter, byte);
    }
    if (filter->state == TERMINAL_STRING_ESCAPE) {
        filter->state = TERMINAL_ESCAPE;
        if (byte == '\\') {
            filter->state = TERMINAL_GROUND;
            return 0;
        }
    }
    if (byte < 0x20 || byte == DELETE) {
        return 0;
    }
    if (byte >= 0x80) {
        filter->state = TERMINAL_GROUND;
        return ground(filter, byte, output);
    }
    switch (filter->state) {
    case TERMINAL_ESCAPE:
        return escape(filter, byte, output);
    case TERMINAL_CHARACTER_SET:
        collect(filter, byte);
        return emit_sequence(filter, byte == 'B' || byte == '0' ? PASS : DROP, output);
    case TERMINAL_ESCAPE_IGNORE:
        if (byte >= 0x30) {
            filter->state = TERMINAL_GROUND;
        }
        return 0;
    default:
        return control(filter, byte, output);
    }
}
