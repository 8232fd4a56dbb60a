/* SPDX-License-Identifier: BSD-2-Clause */
/* The table for a PD's devices: nothing here touches the hardware. */
#include <arch/dma.h>
#include <arch/frame.h>

/* Page by page: what another map of the PD has brought in already stays as it is. */
static bool map_pages(struct page_table *table, uint64_t physical, uint64_t size, uint64_t page_size, uint32_t flags)
{
    if (physical >= GUEST_PHYSICAL_END || size > GUEST_PHYSICAL_END - physical) {
        return false;
    }
    for (uint64_t offset = 0; offset < size; offset += page_size) {
        (void)page_table_map(table, physical + offset, HPA(physical + offset), page_size, page_size, flags);
    }
    return true;
}

static bool map_region(struct page_table *table, const struct plan_map *map, const struct plan_region *region,
                       const struct plan_machine *machine)
{
    const uint32_t flags = map->flags & (PLAN_MAP_READ | PLAN_MAP_WRITE);
    uint64_t end = map->region_offset + map->size;
    bool complete = true;

    for (uint32_t i = 0; i < machine->extent_count; i++) {
        const struct region_extent *extent = &machine->extents[i];
        uint64_t from = extent->region_offset > map->region_offset ? extent->region_offset : map->region_offset;
        uint64_t extent_end = extent->region_offset + extent->size;
        uint64_t to = extent_end < end ? extent_end : end;
        if (extent->region == map->region && from < to) {
            complete &= map_pages(table, extent->physical_address + (from - extent->region_offset), to - from,
                                  region->page_size, flags);
        }
    }
    return complete;
}

bool dma_make_table(struct page_table *table, uint64_t doorbell, const struct plan_view *view,
                    const struct plan_machine *machine, uint32_t space)
{
    const uint32_t rights[] = {PLAN_MAP_WRITE, 0};
    bool complete = true;

    complete &= map_pages(table, doorbell & ~(PAGE_SIZE_4K - 1), PAGE_SIZE_4K, PAGE_SIZE_4K,
                          PLAN_MAP_READ | PLAN_MAP_WRITE | PLAN_MAP_UNCACHED);
    /* First those that may be written, lest a read-only map of the same memory comes before. */
    for (unsigned int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < view->counts[PLAN_TABLE_MAPS]; i++) {
            const struct plan_map *map = &view->maps[i];
            const struct plan_region *region = &view->regions[map->region];
            if (map->space == space && region->kind == PLAN_REGION_RAM &&
                (map->flags & PLAN_MAP_WRITE) == rights[pass]) {
                complete &= map_region(table, map, region, machine);
            }
        }
    }
    return complete;
}
