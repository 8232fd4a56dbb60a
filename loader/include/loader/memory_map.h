/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory: what there is, and what is still free. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/boot_source.h>

#define MEMORY_MAP_MAX 1024u

/* Sorted by base, without overlaps, neighbours of one kind joined, all bounds
 * multiples of 4 KiB. */
struct memory_map {
    uint32_t count;
    struct memory_range ranges[MEMORY_MAP_MAX];
};

/* Makes *map from ranges as a firmware tells them: usable memory is rounded
 * inwards, everything else outwards, and where ranges overlap, the less usable
 * kind wins. 1, or 0 and an explanation. */
int memory_map_normalise(struct memory_map *map, const struct memory_range *ranges, uint32_t count,
                         struct loader_error *error);

uint64_t memory_map_total(const struct memory_map *map, uint32_t kind);
/* Whether the whole of [base, base + size) is of one kind. */
bool memory_map_is(const struct memory_map *map, uint64_t base, uint64_t size, uint32_t kind);
/* Whether any byte of [base, base + size) is of the kind. */
bool memory_map_touches(const struct memory_map *map, uint64_t base, uint64_t size, uint32_t kind);

/* Memory that nothing uses yet: sorted, disjoint, page-aligned. */
struct free_memory {
    uint32_t count;
    struct free_range {
        uint64_t base, size;
    } ranges[MEMORY_MAP_MAX];
};

/* All usable memory of the map. */
void free_memory_from_map(struct free_memory *memory, const struct memory_map *map);
/* Takes the pages that [base, base + size) touches out, free or not. False if
 * there would be too many pieces (nothing is changed then). */
bool free_memory_remove(struct free_memory *memory, uint64_t base, uint64_t size);
bool free_memory_contains(const struct free_memory *memory, uint64_t base, uint64_t size);
uint64_t free_memory_total(const struct free_memory *memory);
/* Size of the largest piece that an aligned block could fill. */
uint64_t free_memory_largest(const struct free_memory *memory, uint64_t alignment);
/* Takes out a block (size and alignment: multiples of 4 KiB, alignment a power
 * of two) that ends at or below limit, from the smallest range it fits in.
 * Returns its address, or 0. Address 0 is never free. */
uint64_t free_memory_allocate(struct free_memory *memory, uint64_t size, uint64_t alignment, uint64_t limit);
