/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory as the parsers of boot information and firmware tables see
 * it. An address in such a table is only ever followed through this interface,
 * which says whether there is memory; host tests put a fake machine behind it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct physical_memory {
    /* A pointer to size bytes at the address, or NULL. */
    const void *(*at)(const struct physical_memory *memory, uint64_t address, uint64_t size);
};

static inline const void *physical_at(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    return memory->at(memory, address, size);
}

/* Little-endian integers at any alignment. */
static inline uint16_t read_u16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t read_u32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)read_u16(b) | (uint32_t)read_u16(b + 2) << 16;
}

static inline uint64_t read_u64(const void *p)
{
    const uint8_t *b = p;
    return (uint64_t)read_u32(b) | (uint64_t)read_u32(b + 4) << 32;
}

/* The TPM's integers are big-endian. */
static inline uint32_t read_be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Copies a NUL-terminated string of at most size - 1 characters; what is not
 * printable ASCII becomes '?'. Returns false (and an empty text) if the string
 * does not lie in memory, true if it was copied, cut short or not. */
bool physical_string(const struct physical_memory *memory, uint64_t address, char *text, uint32_t size);
