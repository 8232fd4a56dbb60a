/* SPDX-License-Identifier: BSD-2-Clause */
/* The loader's allocator: ranges, taken once, never given back. */
#include <loader/memory_map.h>

#include <base/memory.h>
#include <skyscope/types.h>

#define PAGE_MASK (PAGE_SIZE_4K - 1)

void free_memory_from_map(struct free_memory *memory, const struct memory_map *map)
{
    memory->count = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        if (map->ranges[i].kind == HARDWARE_MEMORY_USABLE) {
            memory->ranges[memory->count++] =
                (struct free_range){.base = map->ranges[i].base, .size = map->ranges[i].size};
        }
    }
}

/* Page bounds that hold [base, base + size), cut off at the top of the address space. */
static void outer_pages(uint64_t base, uint64_t size, uint64_t *start, uint64_t *end)
{
    uint64_t top = ~PAGE_MASK;
    *start = base & ~PAGE_MASK;
    *end = size > top || base > top - size ? top : (base + size + PAGE_MASK) & ~PAGE_MASK;
}

bool free_memory_remove(struct free_memory *memory, uint64_t base, uint64_t size)
{
    uint64_t start, end;
    if (size == 0) {
        return true;
    }
    outer_pages(base, size, &start, &end);
    /* At most one range is cut in two: the one that holds the block in its middle. */
    for (uint32_t i = 0; i < memory->count; i++) {
        struct free_range *range = &memory->ranges[i];
        if (start > range->base && end < range->base + range->size) {
            if (memory->count == MEMORY_MAP_MAX) {
                return false;
            }
            memmove(range + 2, range + 1, (memory->count - i - 1) * sizeof(*range));
            range[1] = (struct free_range){.base = end, .size = range->base + range->size - end};
            range->size = start - range->base;
            memory->count++;
            return true;
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < memory->count; i++) {
        struct free_range range = memory->ranges[i];
        uint64_t range_end = range.base + range.size;
        if (start < range_end && end > range.base) {
            if (start > range.base) {
                range.size = start - range.base;
            } else {
                range.base = end < range_end ? end : range_end;
                range.size = range_end - range.base;
            }
        }
        if (range.size > 0) {
            memory->ranges[kept++] = range;
        }
    }
    memory->count = kept;
    return true;
}

bool free_memory_contains(const struct free_memory *memory, uint64_t base, uint64_t size)
{
    for (uint32_t i = 0; i < memory->count; i++) {
        const struct free_range *range = &memory->ranges[i];
        if (base >= range->base && size <= range->size && base - range->base <= range->size - size) {
            return true;
        }
    }
    return false;
}

uint64_t free_memory_total(const struct free_memory *memory)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < memory->count; i++) {
        total += memory->ranges[i].size;
    }
    return total;
}

/* The aligned part of a range below limit; its size, 0: none. */
static uint64_t aligned_part(const struct free_range *range, uint64_t alignment, uint64_t limit, uint64_t *base)
{
    uint64_t end = range->base + range->size < limit ? range->base + range->size : limit;
    *base = (range->base + alignment - 1) & ~(alignment - 1);
    return *base < range->base || *base >= end ? 0 : (end - *base) & ~(alignment - 1);
}

uint64_t free_memory_largest(const struct free_memory *memory, uint64_t alignment)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < memory->count; i++) {
        uint64_t base;
        uint64_t size = aligned_part(&memory->ranges[i], alignment, UINT64_MAX, &base);
        largest = size > largest ? size : largest;
    }
    return largest;
}

uint64_t free_memory_allocate(struct free_memory *memory, uint64_t size, uint64_t alignment, uint64_t limit)
{
    const struct free_range *best = NULL;
    uint64_t best_base = 0;
    for (uint32_t i = 0; i < memory->count; i++) {
        const struct free_range *range = &memory->ranges[i];
        uint64_t end = range->base + range->size < limit ? range->base + range->size : limit;
        uint64_t base = (range->base + alignment - 1) & ~(alignment - 1);
        if (base >= range->base && base < end && size <= end - base && base != 0 &&
            (best == NULL || range->size < best->size)) {
            best = range;
            best_base = base;
        }
    }
    if (best == NULL || !free_memory_remove(memory, best_base, size)) {
        return 0;
    }
    return best_base;
}
