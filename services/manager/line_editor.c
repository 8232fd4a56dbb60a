/* SPDX-License-Identifier: BSD-2-Clause */
#include "line_editor.h"

#include <base/memory.h>

#define CONTROL(letter) ((letter)-0x40)
#define MAX_CANDIDATES  256u

void line_editor_initialise(struct line_editor *editor, struct text_output *out, const char *prompt,
                            line_candidates candidates, void *context)
{
    memset(editor, 0, sizeof(*editor));
    editor->out = out;
    editor->prompt = prompt;
    editor->candidates = candidates;
    editor->context = context;
}

void line_editor_show(struct line_editor *editor)
{
    print(editor->out, "%s%s", editor->prompt, editor->line);
}

void line_editor_next(struct line_editor *editor)
{
    editor->length = 0;
    editor->line[0] = '\0';
    editor->history_position = 0;
    line_editor_show(editor);
}

static void erase_last(struct line_editor *editor)
{
    if (editor->length > 0) {
        editor->line[--editor->length] = '\0';
        print(editor->out, "\b \b");
    }
}

static void erase_line(struct line_editor *editor)
{
    while (editor->length > 0) {
        erase_last(editor);
    }
}

static void erase_word(struct line_editor *editor)
{
    while (editor->length > 0 && editor->line[editor->length - 1] == ' ') {
        erase_last(editor);
    }
    while (editor->length > 0 && editor->line[editor->length - 1] != ' ') {
        erase_last(editor);
    }
}

static void append(struct line_editor *editor, char c)
{
    if (editor->length < LINE_LENGTH) {
        editor->line[editor->length++] = c;
        editor->line[editor->length] = '\0';
        print(editor->out, "%c", c);
    } else {
        print(editor->out, "\a");
    }
}

/* --- Earlier lines --- */

static void remember(struct line_editor *editor)
{
    const char *newest = editor->history[(editor->history_count - 1) % LINE_HISTORY];
    if (editor->length == 0 || (editor->history_count > 0 && strcmp(newest, editor->line) == 0)) {
        return;
    }
    memcpy(editor->history[editor->history_count % LINE_HISTORY], editor->line, editor->length + 1);
    editor->history_count++;
}

static void recall(struct line_editor *editor, bool older)
{
    uint32_t kept = editor->history_count < LINE_HISTORY ? editor->history_count : LINE_HISTORY;
    if (older ? editor->history_position >= kept : editor->history_position == 0) {
        print(editor->out, "\a");
        return;
    }
    editor->history_position += older ? 1 : (uint32_t)-1;
    erase_line(editor);
    if (editor->history_position > 0) {
        const char *line = editor->history[(editor->history_count - editor->history_position) % LINE_HISTORY];
        for (const char *c = line; *c != '\0'; c++) {
            append(editor, *c);
        }
    }
}

/* --- Completion --- */

static uint32_t common_length(const char *a, const char *b)
{
    uint32_t n = 0;
    while (a[n] != '\0' && a[n] == b[n]) {
        n++;
    }
    return n;
}

static void complete(struct line_editor *editor)
{
    uint32_t start = editor->length;
    while (start > 0 && editor->line[start - 1] != ' ') {
        start--;
    }
    char before[LINE_LENGTH + 1];
    memcpy(before, editor->line, start);
    before[start] = '\0';
    const char *word = &editor->line[start];
    uint32_t typed = editor->length - start;

    const char *match = NULL;
    uint32_t matches = 0;
    uint32_t common = 0;
    for (unsigned int i = 0; i < MAX_CANDIDATES; i++) {
        const char *candidate = editor->candidates(editor->context, before, i);
        if (candidate == NULL) {
            break;
        }
        if (strncmp(candidate, word, typed) == 0) {
            common = matches == 0                               ? (uint32_t)strlen(candidate)
                     : common_length(match, candidate) < common ? common_length(match, candidate)
                                                                : common;
            match = candidate;
            matches++;
        }
    }
    if (matches == 0) {
        print(editor->out, "\a");
        return;
    }
    if (matches > 1 && common == typed) {
        print(editor->out, "\n");
        for (unsigned int i = 0; i < MAX_CANDIDATES; i++) {
            const char *candidate = editor->candidates(editor->context, before, i);
            if (candidate == NULL) {
                break;
            }
            if (strncmp(candidate, word, typed) == 0) {
                print(editor->out, "  %s", candidate);
            }
        }
        print(editor->out, "\n");
        line_editor_show(editor);
        return;
    }
    for (uint32_t i = typed; i < common; i++) {
        append(editor, match[i]);
    }
    if (matches == 1) {
        append(editor, ' ');
    }
}

/* --- Keys --- */

/* In a sequence that a special key sends: ESC [ letter, or ESC O letter. */
static void escape_key(struct line_editor *editor, char key)
{
    if (editor->escape == LINE_ESCAPE_SEEN) {
        editor->escape = key == '[' || key == 'O' ? LINE_ESCAPE_CONTROL : LINE_ESCAPE_NONE;
        return;
    }
    if (key >= 0x20 && key < 0x40) {
        return; /* parameters */
    }
    editor->escape = LINE_ESCAPE_NONE;
    if (key == 'A' || key == 'B') {
        recall(editor, key == 'A');
    }
}

bool line_editor_key(struct line_editor *editor, char key)
{
    bool after_return = editor->last_was_return;
    editor->last_was_return = key == '\r';
    if (editor->escape != LINE_ESCAPE_NONE) {
        escape_key(editor, key);
        return false;
    }
    switch (key) {
    case '\n':
        if (after_return) {
            return false;
        }
        /* fallthrough */
    case '\r':
        print(editor->out, "\n");
        remember(editor);
        return true;
    case '\b':
    case 0x7f:
        erase_last(editor);
        return false;
    case '\t':
        complete(editor);
        return false;
    case CONTROL('['):
        editor->escape = LINE_ESCAPE_SEEN;
        return false;
    case CONTROL('U'):
        erase_line(editor);
        return false;
    case CONTROL('W'):
        erase_word(editor);
        return false;
    case CONTROL('L'):
        print(editor->out, "\x1b[H\x1b[2J");
        line_editor_show(editor);
        return false;
    case CONTROL('C'):
        print(editor->out, "^C\n");
        line_editor_next(editor);
        return false;
    default:
        if (key >= 0x20 && key < 0x7f) {
            append(editor, key);
        }
        return false;
    }
}
