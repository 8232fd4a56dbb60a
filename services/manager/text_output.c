/* SPDX-License-Identifier: BSD-2-Clause */
#include "text_output.h"

#include <base/format.h>

static void put(struct text_output *out, char c)
{
    if (out->tail - out->head == out->size) {
        out->dropped++;
        return;
    }
    out->buffer[out->tail++ & (out->size - 1)] = c;
}

static void sink(void *context, const char *text, size_t length)
{
    struct text_output *out = context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            put(out, '\r');
        }
        put(out, text[i]);
    }
}

void print(struct text_output *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_sink(sink, out, format, arguments);
    va_end(arguments);
}

void print_bytes(struct text_output *out, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        put(out, bytes[i]);
    }
}

void print_untrusted(struct text_output *out, const char *text, size_t limit, unsigned int width)
{
    size_t i = 0;
    for (; i < limit; i++) {
        char c = *(const volatile char *)&text[i];
        if (c == '\0') {
            break;
        }
        put(out, c >= 0x20 && c < 0x7f ? c : '?');
    }
    for (; i < width; i++) {
        put(out, ' ');
    }
}

uint32_t text_output_take(struct text_output *out, char *to, uint32_t limit)
{
    uint32_t count = 0;
    while (count < limit && out->head != out->tail) {
        to[count++] = out->buffer[out->head++ & (out->size - 1)];
    }
    return count;
}

uint32_t text_output_waiting(const struct text_output *out)
{
    return out->tail - out->head;
}
