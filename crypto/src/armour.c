/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/armour.h>

#include <string.h>

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* --- Writing --- */

static void write_line(struct armour_encoder *encoder)
{
    char text[ARMOUR_LINE_LENGTH + 1];
    size_t length = 0;
    for (size_t i = 0; i < encoder->count; i += 3) {
        size_t left = encoder->count - i;
        uint32_t group = (uint32_t)encoder->pending[i] << 16;
        group |= left > 1 ? (uint32_t)encoder->pending[i + 1] << 8 : 0;
        group |= left > 2 ? encoder->pending[i + 2] : 0;
        text[length++] = alphabet[group >> 18];
        text[length++] = alphabet[group >> 12 & 63];
        text[length++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
        text[length++] = left > 2 ? alphabet[group & 63] : '=';
    }
    text[length] = '\0';
    encoder->line(encoder->context, text);
    encoder->count = 0;
}

void armour_start_as(struct armour_encoder *encoder, const char *begin, const char *end,
                     void (*line)(void *context, const char *text), void *context)
{
    encoder->line = line;
    encoder->context = context;
    encoder->end = end;
    encoder->count = 0;
    line(context, begin);
}

void armour_start(struct armour_encoder *encoder, void (*line)(void *context, const char *text), void *context)
{
    armour_start_as(encoder, ARMOUR_BEGIN, ARMOUR_END, line, context);
}

void armour_add(struct armour_encoder *encoder, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        encoder->pending[encoder->count++] = data[i];
        if (encoder->count == ARMOUR_LINE_BYTES) {
            write_line(encoder);
        }
    }
}

void armour_finish(struct armour_encoder *encoder)
{
    if (encoder->count > 0) {
        write_line(encoder);
    }
    encoder->line(encoder->context, encoder->end);
}

/* --- Reading --- */

static int value_of(char c)
{
    for (int i = 0; i < 64; i++) {
        if (alphabet[i] == c) {
            return i;
        }
    }
    return -1;
}

/* Copies a line without terminal control sequences (ECMA-48 section 5.4) and without
 * blanks at its ends. Returns its length; what does not fit is no line of ours. */
static size_t clean(const char *line, size_t length, char *text, size_t capacity)
{
    size_t count = 0, end = 0;
    for (size_t i = 0; i < length && count < capacity; i++) {
        if (line[i] == '\x1b' && i + 1 < length && line[i + 1] == '[') {
            i += 2;
            while (i < length && line[i] >= 0x20 && line[i] < 0x40) {
                i++;
            }
            continue;
        }
        bool blank = line[i] == ' ' || line[i] == '\t' || line[i] == '\r' || line[i] == '\0';
        if (blank && count == 0) {
            continue;
        }
        text[count++] = line[i];
        end = blank ? end : count;
    }
    return end;
}

static bool line_is(const char *text, size_t length, const char *what)
{
    return length == strlen(what) && memcmp(text, what, length) == 0;
}

/* A line of base64: whole groups, padding only at its end. */
static bool is_base64(const char *text, size_t length)
{
    if (length == 0 || length > ARMOUR_LINE_LENGTH || length % 4 != 0) {
        return false;
    }
    size_t padding = text[length - 1] != '=' ? 0 : text[length - 2] != '=' ? 1 : 2;
    for (size_t i = 0; i < length - padding; i++) {
        if (value_of(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* Decodes what is_base64() accepts. False if the bits that padding leaves over are not zero. */
static bool decode(const char *text, size_t length, uint8_t data[ARMOUR_LINE_BYTES], size_t *size)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        size_t letters = text[i + 2] == '=' ? 2 : text[i + 3] == '=' ? 3 : 4;
        for (size_t j = 0; j < 4; j++) {
            group = group << 6 | (j < letters ? (uint32_t)value_of(text[i + j]) : 0);
        }
        for (size_t j = 0; j < letters - 1; j++) {
            data[count++] = (uint8_t)(group >> (16 - 8 * j));
        }
        if ((group & (0xffffffu >> 8 * (letters - 1))) != 0) {
            return false;
        }
    }
    *size = count;
    return true;
}

void armour_decoder_start(struct armour_decoder *decoder)
{
    memset(decoder, 0, sizeof(*decoder));
}

static enum armour_result take_data(struct armour_decoder *decoder, const char *text, size_t length,
                                    uint8_t data[ARMOUR_LINE_BYTES], size_t *size)
{
    if (length < ARMOUR_LINE_LENGTH || text[length - 1] == '=') {
        /* The last line, or a word that looks like one. */
        if (decoder->last[0] != '\0') {
            return ARMOUR_AMBIGUOUS;
        }
        memcpy(decoder->last, text, length);
        decoder->last[length] = '\0';
        return ARMOUR_NOTHING;
    }
    if (decoder->last[0] != '\0') {
        decoder->last[0] = '\0';
        decoder->skipped++;
    }
    return decode(text, length, data, size) ? ARMOUR_DATA : ARMOUR_BAD_PADDING;
}

enum armour_result armour_decode_line(struct armour_decoder *decoder, const char *line, size_t length,
                                      uint8_t data[ARMOUR_LINE_BYTES], size_t *size)
{
    char text[ARMOUR_MAX_LINE];
    *size = 0;
    length = clean(line, length, text, sizeof(text));
    if (line_is(text, length, ARMOUR_BEGIN)) {
        armour_decoder_start(decoder);
        decoder->started = true;
        return ARMOUR_STARTED;
    }
    if (!decoder->started || length == 0) {
        return ARMOUR_NOTHING;
    }
    if (line_is(text, length, ARMOUR_END)) {
        decoder->started = false;
        return decode(decoder->last, strlen(decoder->last), data, size) ? ARMOUR_ENDED : ARMOUR_BAD_PADDING;
    }
    if (!is_base64(text, length)) {
        decoder->skipped++;
        return ARMOUR_NOTHING;
    }
    return take_data(decoder, text, length, data, size);
}
