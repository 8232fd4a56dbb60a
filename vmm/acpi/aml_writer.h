/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing AML: ACPI 6.4 §20.2. A writer without a buffer counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum aml {
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_DWORD = 0x0c,
    AML_STRING = 0x0d,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_METHOD = 0x14,
    AML_EXTENDED = 0x5b,
    AML_DEVICE = 0x82, /* behind AML_EXTENDED */
    AML_STORE = 0x70,
    AML_ARG0 = 0x68,
    AML_ARG1 = 0x69,
    AML_AND = 0x7b,
    AML_NOTIFY = 0x86,
    AML_IF = 0xa0,
    AML_RETURN = 0xa4,
    AML_ZERO = 0x00,   /* and, as a target, none */
    AML_NAMED = 0x100, /* no opcode: a name follows */
};

struct aml_writer {
    uint8_t *buffer; /* NULL: nothing is written */
    uint32_t used;
};

static inline void aml_put(struct aml_writer *writer, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        if (writer->buffer != NULL) {
            writer->buffer[writer->used] = (uint8_t)(value >> 8 * i);
        }
        writer->used++;
    }
}

static inline void aml_put_text(struct aml_writer *writer, const char *text)
{
    while (*text != '\0') {
        aml_put(writer, 1, (uint8_t)*text++);
    }
}

/* Name (`name`, ...): the value's prefix is `type`, the value follows. */
static inline void aml_put_name(struct aml_writer *writer, const char *name, enum aml type)
{
    aml_put(writer, 1, AML_NAME);
    aml_put_text(writer, name);
    aml_put(writer, 1, type);
}

static inline void aml_put_dword(struct aml_writer *writer, uint32_t value)
{
    aml_put(writer, 1, AML_DWORD);
    aml_put(writer, 4, value);
}

/* Begins the package of an operator that was just written: up to 4095 bytes. Returns what aml_end() wants. */
static inline uint32_t aml_begin(struct aml_writer *writer)
{
    uint32_t start = writer->used;
    aml_put(writer, 2, 0);
    return start;
}

static inline void aml_end(struct aml_writer *writer, uint32_t start)
{
    uint32_t length = writer->used - start;
    if (writer->buffer != NULL) {
        writer->buffer[start] = (uint8_t)(0x40u | (length & 0xfu));
        writer->buffer[start + 1] = (uint8_t)(length >> 4);
    }
}
