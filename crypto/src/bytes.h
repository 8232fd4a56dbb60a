/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing formats without alignment, little-endian, within bounds.
 * Both keep going after an error without touching anything outside, and say so
 * at the end: the caller need not look after each field.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <base/memory.h>

struct byte_reader {
    const uint8_t *bytes;
    size_t size, offset;
    bool truncated; /* something was asked for that is not there */
};

/* The next count bytes, NULL if there are not as many. */
static inline const uint8_t *read_bytes(struct byte_reader *reader, size_t count)
{
    if (reader->truncated || count > reader->size - reader->offset) {
        reader->truncated = true;
        return NULL;
    }
    const uint8_t *at = reader->bytes + reader->offset;
    reader->offset += count;
    return at;
}

/* An integer of count bytes, at most 8; 0 if there are not as many. */
static inline uint64_t read_integer(struct byte_reader *reader, size_t count)
{
    const uint8_t *at = read_bytes(reader, count);
    uint64_t value = 0;
    for (size_t i = count; at != NULL && i > 0; i--) {
        value = value << 8 | at[i - 1];
    }
    return value;
}

static inline uint32_t read_u8(struct byte_reader *reader)
{
    return (uint32_t)read_integer(reader, 1);
}

static inline uint32_t read_u16(struct byte_reader *reader)
{
    return (uint32_t)read_integer(reader, 2);
}

static inline uint32_t read_u32(struct byte_reader *reader)
{
    return (uint32_t)read_integer(reader, 4);
}

static inline uint64_t read_u64(struct byte_reader *reader)
{
    return read_integer(reader, 8);
}

/* A name: one byte with its length, then as much printable ASCII; into a
 * terminated text of limit + 1 characters. False if it is longer than limit or
 * not printable. One that is cut short counts as good; reader->truncated tells. */
static inline bool read_name(struct byte_reader *reader, char *name, size_t limit)
{
    size_t length = read_u8(reader);
    name[0] = '\0';
    if (length > limit) {
        return false;
    }
    const uint8_t *text = read_bytes(reader, length);
    for (size_t i = 0; text != NULL && i < length; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            name[0] = '\0';
            return false;
        }
        name[i] = (char)text[i];
        name[i + 1] = '\0';
    }
    return true;
}

struct byte_writer {
    uint8_t *bytes;
    size_t capacity, offset;
    bool full; /* something did not fit, or could not be written in the format */
};

static inline void write_bytes(struct byte_writer *writer, const void *data, size_t count)
{
    if (writer->full || count > writer->capacity - writer->offset) {
        writer->full = true;
        return;
    }
    if (count != 0) {
        memcpy(writer->bytes + writer->offset, data, count);
    }
    writer->offset += count;
}

/* The count low bytes of value, which must hold it. */
static inline void write_integer(struct byte_writer *writer, uint64_t value, size_t count)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
        writer->full = writer->full || (i >= count && bytes[i] != 0);
    }
    write_bytes(writer, bytes, count);
}

/* A terminated text of at most limit characters, as read_name() reads it. */
static inline void write_name(struct byte_writer *writer, const char *name, size_t limit)
{
    size_t length = strnlen(name, limit + 1);
    writer->full = writer->full || length > limit;
    write_integer(writer, length, 1);
    write_bytes(writer, name, length);
}
