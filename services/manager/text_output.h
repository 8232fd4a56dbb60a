/* SPDX-License-Identifier: BSD-2-Clause */
/* Text on its way to the manager's console: a buffer that never blocks the writer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct text_output {
    char *buffer;
    uint32_t size;       /* bytes of buffer, power of two */
    uint32_t head, tail; /* counting on; tail - head bytes wait */
    uint64_t dropped;
};

/* Formatted text; '\n' becomes carriage return and line feed. What finds no room is
 * dropped and counted. */
__attribute__((format(printf, 2, 3))) void print(struct text_output *out, const char *format, ...);
/* Exactly these bytes. */
void print_bytes(struct text_output *out, const char *bytes, size_t length);
/* Text from someone who is not trusted: up to the first NUL or `limit` bytes; what
 * is not printable ASCII becomes '?'. The text is read once. Pads with blanks
 * to `width`. */
void print_untrusted(struct text_output *out, const char *text, size_t limit, unsigned int width);
/* Moves waiting bytes to `to`; returns how many. */
uint32_t text_output_take(struct text_output *out, char *to, uint32_t limit);
uint32_t text_output_waiting(const struct text_output *out);
