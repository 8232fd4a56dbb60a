/* SPDX-License-Identifier: BSD-2-Clause */
/* Mistakes found in a system file: collected, then printed in line order. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <tool/arena.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diagnostic {
    long line; /* 0: the file as a whole */
    enum severity severity;
    size_t order;
    const char *text;
};

struct diagnostics {
    struct arena *arena;
    const char *file;
    struct list items; /* struct diagnostic */
    size_t error_count;
};

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena, const char *file);
/* The text says what is wrong (element and value), then "; " and what would be
 * right. The same text at the same line is kept once. */
__attribute__((format(printf, 3, 4))) void report_error(struct diagnostics *diagnostics, long line, const char *format,
                                                        ...);
__attribute__((format(printf, 3, 4))) void report_warning(struct diagnostics *diagnostics, long line,
                                                          const char *format, ...);
/* FILE:LINE: error: TEXT, sorted by line. */
void diagnostics_print(struct diagnostics *diagnostics, FILE *to);
