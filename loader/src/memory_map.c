/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/memory_map.h>

#include <base/memory.h>
#include <skyscope/types.h>

#define PAGE_MASK      (PAGE_SIZE_4K - 1)
/* Nothing lies above what page tables of four levels reach. */
#define PHYSICAL_LIMIT (1ull << 47)

/* How strongly a kind wins where ranges overlap. */
static unsigned int strength(uint32_t kind)
{
    switch (kind) {
    case HARDWARE_MEMORY_BAD:
        return 5;
    case HARDWARE_MEMORY_RESERVED:
        return 4;
    case HARDWARE_MEMORY_ACPI_NVS:
        return 3;
    case HARDWARE_MEMORY_ACPI_RECLAIMABLE:
        return 2;
    case HARDWARE_MEMORY_USABLE:
        return 1;
    default:
        return 4;
    }
}

/* Page bounds of a told range; false if nothing is left of it. */
static bool page_bounds(const struct memory_range *range, uint64_t *start, uint64_t *end)
{
    uint64_t first = range->base;
    uint64_t last =
        range->size > PHYSICAL_LIMIT || first > PHYSICAL_LIMIT - range->size ? PHYSICAL_LIMIT : first + range->size;
    if (range->size == 0 || first >= PHYSICAL_LIMIT) {
        return false;
    }
    if (range->kind == HARDWARE_MEMORY_USABLE) {
        first = (first + PAGE_MASK) & ~PAGE_MASK;
        last &= ~PAGE_MASK;
    } else {
        first &= ~PAGE_MASK;
        last = (last + PAGE_MASK) & ~PAGE_MASK;
    }
    *start = first;
    *end = last;
    return first < last;
}

static void sort_numbers(uint64_t *numbers, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) { /* Shell's sort */
        for (uint32_t i = gap; i < count; i++) {
            uint64_t number = numbers[i];
            uint32_t j = i;
            for (; j >= gap && numbers[j - gap] > number; j -= gap) {
                numbers[j] = numbers[j - gap];
            }
            numbers[j] = number;
        }
    }
}

/* The strongest kind that covers [start, end); 0: none. No bound lies inside. */
static uint32_t kind_at(const struct memory_range *ranges, uint32_t count, uint64_t start)
{
    uint32_t kind = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t first, last;
        if (page_bounds(&ranges[i], &first, &last) && first <= start && start < last &&
            (kind == 0 || strength(ranges[i].kind) > strength(kind))) {
            kind = ranges[i].kind;
        }
    }
    return kind;
}

int memory_map_normalise(struct memory_map *map, const struct memory_range *ranges, uint32_t count,
                         struct loader_error *error)
{
    static uint64_t bounds[2 * BOOT_MAX_MEMORY_RANGES];
    uint32_t bound_count = 0;
    map->count = 0;
    if (count > BOOT_MAX_MEMORY_RANGES) {
        return error_set(error, "the memory map has more than %u entries", BOOT_MAX_MEMORY_RANGES);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start, end;
        if (page_bounds(&ranges[i], &start, &end)) {
            bounds[bound_count++] = start;
            bounds[bound_count++] = end;
        }
    }
    sort_numbers(bounds, bound_count);
    for (uint32_t i = 0; i + 1 < bound_count; i++) {
        uint32_t kind = bounds[i] < bounds[i + 1] ? kind_at(ranges, count, bounds[i]) : 0;
        if (kind == 0) {
            continue;
        }
        struct memory_range *last = map->count > 0 ? &map->ranges[map->count - 1] : NULL;
        if (last != NULL && last->kind == kind && last->base + last->size == bounds[i]) {
            last->size += bounds[i + 1] - bounds[i];
            continue;
        }
        if (map->count == MEMORY_MAP_MAX) {
            return error_set(error, "the memory map has more than %u parts", MEMORY_MAP_MAX);
        }
        map->ranges[map->count++] =
            (struct memory_range){.base = bounds[i], .size = bounds[i + 1] - bounds[i], .kind = kind};
    }
    if (memory_map_total(map, HARDWARE_MEMORY_USABLE) == 0) {
        return error_set(error, "the memory map has no usable memory");
    }
    return 1;
}

uint64_t memory_map_total(const struct memory_map *map, uint32_t kind)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        total += map->ranges[i].kind == kind ? map->ranges[i].size : 0;
    }
    return total;
}

bool memory_map_is(const struct memory_map *map, uint64_t base, uint64_t size, uint32_t kind)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->kind == kind && base >= range->base && size <= range->size &&
            base - range->base <= range->size - size) {
            return true;
        }
    }
    return false;
}

bool memory_map_touches(const struct memory_map *map, uint64_t base, uint64_t size, uint32_t kind)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->kind == kind && size > 0 &&
            (base >= range->base ? base - range->base < range->size : range->base - base < size)) {
            return true;
        }
    }
    return false;
}
