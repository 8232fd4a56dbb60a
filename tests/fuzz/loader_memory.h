/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is all there is to a parser of what firmware and boot loaders leave. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <loader/memory_map.h>
#include <loader_arch/acpi.h>

#define BASE 0x1000u

void log_warning(const char *format, ...)
{
    (void)format;
}

struct window {
    struct physical_memory memory;
    const uint8_t *bytes;
    size_t size;
};

static inline const void *window_at(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    const struct window *window = (const struct window *)(const void *)memory;
    if (address < BASE || address - BASE > window->size || size > window->size - (address - BASE)) {
        return NULL;
    }
    return window->bytes + (address - BASE);
}

/* Gives tables right checksums where their lengths allow it. */
static inline void fix_checksums(uint8_t *bytes, size_t size)
{
    for (size_t start = 0; start + 36 <= size; start += 16) {
        uint32_t length = read_u32(bytes + start + 4);
        if (length < 36 || length > size - start) {
            continue;
        }
        uint8_t sum = 0;
        bytes[start + 9] = 0;
        for (uint32_t i = 0; i < length; i++) {
            sum = (uint8_t)(sum + bytes[start + i]);
        }
        bytes[start + 9] = (uint8_t)(0 - sum);
    }
}

/* One that leads to the table at the memory's begin, as an RSDT or an XSDT. */
static inline void make_rsdp(uint8_t rsdp[36], bool extended)
{
    memset(rsdp, 0, 36);
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = extended ? 2 : 0;
    rsdp[17] = BASE >> 8; /* RSDT */
    rsdp[25] = BASE >> 8; /* XSDT */
    for (int part = 20; part <= 36; part += 16) {
        uint8_t sum = 0;
        for (int i = 0; i < part; i++) {
            sum = (uint8_t)(sum + rsdp[i]);
        }
        rsdp[part == 20 ? 8 : 32] = (uint8_t)(0 - sum);
    }
}

/* What is normalised is in order, and nothing overlaps. */
static inline void check_order(const struct memory_map *map)
{
    for (uint32_t i = 0; i + 1 < map->count; i++) {
        if (map->ranges[i].base + map->ranges[i].size > map->ranges[i + 1].base) {
            abort();
        }
    }
}
