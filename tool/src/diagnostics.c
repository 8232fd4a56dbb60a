/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <tool/diagnostics.h>

/* More than this many of a kind help nobody. */
#define DIAGNOSTICS_MAX 1000u

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena, const char *file)
{
    *diagnostics = (struct diagnostics){.arena = arena, .file = file};
}

/* Control characters of a hostile file must not reach the terminal. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

static void report(struct diagnostics *diagnostics, enum severity severity, long line, const char *format,
                   va_list arguments)
{
    if (severity == SEVERITY_ERROR) {
        diagnostics->error_count++;
    }
    if (diagnostics->items.count >= DIAGNOSTICS_MAX) {
        return;
    }
    char text[1024];
    vsnprintf(text, sizeof(text), format, arguments);
    make_printable(text);
    LIST_FOR (struct diagnostic, other, &diagnostics->items) {
        if (other->line == line && strcmp(other->text, text) == 0) {
            return;
        }
    }
    struct diagnostic *item = ARENA_NEW(diagnostics->arena, struct diagnostic);
    item->line = line;
    item->severity = severity;
    item->order = diagnostics->items.count;
    item->text = arena_copy_string(diagnostics->arena, text);
    list_append(diagnostics->arena, &diagnostics->items, item);
}

void report_error(struct diagnostics *diagnostics, long line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, SEVERITY_ERROR, line, format, arguments);
    va_end(arguments);
}

void report_warning(struct diagnostics *diagnostics, long line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(diagnostics, SEVERITY_WARNING, line, format, arguments);
    va_end(arguments);
}

static int compare(const void *left, const void *right)
{
    const struct diagnostic *a = *(struct diagnostic *const *)left;
    const struct diagnostic *b = *(struct diagnostic *const *)right;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

void diagnostics_print(struct diagnostics *diagnostics, FILE *to)
{
    if (diagnostics->items.count == 0) {
        return;
    }
    qsort(diagnostics->items.items, diagnostics->items.count, sizeof(void *), compare);
    LIST_FOR (struct diagnostic, item, &diagnostics->items) {
        const char *severity = item->severity == SEVERITY_ERROR ? "error" : "warning";
        if (item->line > 0) {
            fprintf(to, "%s:%ld: %s: %s\n", diagnostics->file, item->line, severity, item->text);
        } else {
            fprintf(to, "%s: %s: %s\n", diagnostics->file, severity, item->text);
        }
    }
}
