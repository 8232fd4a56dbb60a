/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/uefi.h>

#include <base/format.h>

#define PIECE 64u

struct output {
    struct uefi_text_output *console;
    uint32_t count;
    uint16_t text[PIECE + 2];
};

static void flush(struct output *output)
{
    output->text[output->count] = 0;
    (void)output->console->output_string(output->console, output->text);
    output->count = 0;
}

static void sink(void *context, const char *text, size_t length)
{
    struct output *output = context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            output->text[output->count++] = '\r';
        }
        output->text[output->count++] = (uint8_t)text[i];
        if (output->count >= PIECE) {
            flush(output);
        }
    }
}

void uefi_print(const struct uefi *uefi, const char *format, ...)
{
    struct output output = {.console = uefi->system->output};
    if (output.console == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    format_to_sink(sink, &output, format, arguments);
    va_end(arguments);
    flush(&output);
}

void uefi_ascii(const uint16_t *text, uint64_t length, char *ascii, uint32_t size)
{
    uint32_t i = 0;
    for (; i < length && i + 1 < size && text[i] != 0; i++) {
        ascii[i] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
    }
    ascii[i] = '\0';
}
