/* SPDX-License-Identifier: BSD-2-Clause */
/* Armoured text: any text decodes or fails; any data survive the way there and back. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/armour.h>

#define MAX_DATA 4096u

struct text {
    char bytes[3 * MAX_DATA];
    size_t length;
};

static void add_line(void *context, const char *line)
{
    struct text *text = context;
    size_t length = strlen(line);
    memcpy(text->bytes + text->length, line, length);
    text->bytes[text->length + length] = '\n';
    text->length += length + 1;
}

/* Decodes; returns the number of bytes, SIZE_MAX if there is no complete text. */
static size_t decode(const char *text, size_t length, uint8_t *data, size_t capacity)
{
    struct armour_decoder decoder;
    size_t total = 0;
    armour_decoder_start(&decoder);
    for (size_t i = 0; i < length;) {
        const char *end = memchr(text + i, '\n', length - i);
        size_t line = end == NULL ? length - i : (size_t)(end - (text + i));
        uint8_t piece[ARMOUR_LINE_BYTES];
        size_t size;
        enum armour_result result = armour_decode_line(&decoder, text + i, line, piece, &size);
        total = result == ARMOUR_STARTED ? 0 : total;
        if (size > sizeof(piece)) {
            abort();
        }
        if (size > 0 && total + size <= capacity) {
            memcpy(data + total, piece, size);
        }
        total += size;
        if (result == ARMOUR_ENDED) {
            return total;
        }
        if (result == ARMOUR_AMBIGUOUS || result == ARMOUR_BAD_PADDING) {
            return SIZE_MAX;
        }
        i += line + 1;
    }
    return SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t decoded[MAX_DATA];
    static struct text text;
    decode((const char *)data, size, decoded, sizeof(decoded));
    if (size > MAX_DATA) {
        return 0;
    }
    struct armour_encoder encoder;
    text.length = 0;
    armour_start(&encoder, add_line, &text);
    armour_add(&encoder, data, size);
    armour_finish(&encoder);
    if (decode(text.bytes, text.length, decoded, sizeof(decoded)) != size || memcmp(decoded, data, size) != 0) {
        abort();
    }
    return 0;
}
