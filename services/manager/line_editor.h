/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line of input, typed at a terminal: backspace, Ctrl-U (erase line), Ctrl-W
 * (erase word), Ctrl-C (give up), Ctrl-L (clear screen), cursor up and down through
 * earlier lines, tabulator to complete.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "text_output.h"

#define LINE_LENGTH  120u /* characters, without the NUL */
#define LINE_HISTORY 16u

/* Candidate number `index` for the word after `before` (the line up to that
 * word), or NULL when there are no more. */
typedef const char *(*line_candidates)(void *context, const char *before, unsigned int index);

enum line_escape_state { LINE_ESCAPE_NONE, LINE_ESCAPE_SEEN, LINE_ESCAPE_CONTROL };

struct line_editor {
    struct text_output *out;
    const char *prompt;
    line_candidates candidates;
    void *context;
    enum line_escape_state escape;
    bool last_was_return; /* a line feed right after it is part of it */
    uint32_t length;
    uint32_t history_count;    /* lines ever entered */
    uint32_t history_position; /* lines back from the newest; 0: the new line */
    char line[LINE_LENGTH + 1];
    char history[LINE_HISTORY][LINE_LENGTH + 1];
};

void line_editor_initialise(struct line_editor *editor, struct text_output *out, const char *prompt,
                            line_candidates candidates, void *context);
/* Shows the prompt and what has been typed. */
void line_editor_show(struct line_editor *editor);
/* Takes a character. True if a line is complete: editor->line, until
 * line_editor_next() is called. */
bool line_editor_key(struct line_editor *editor, char key);
/* Starts the next line. */
void line_editor_next(struct line_editor *editor);
