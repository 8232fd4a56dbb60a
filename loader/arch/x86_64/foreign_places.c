/* SPDX-License-Identifier: BSD-2-Clause */
/* Where another kernel, its module and what it is told go. */
#include <loader_arch/foreign.h>

#include <skyscope/types.h>

#define PAGE_MASK   (PAGE_SIZE_4K - 1)
#define ADDRESS_END (1ull << 32) /* of what protected mode reaches */

/* Whether the kernel can have [start, end): usable memory, whoever uses it now. What the firmware keeps for sleep may
 * be overwritten, since nothing that is started in this way can bring the machine to sleep and back. */
static bool can_have(const struct memory_map *map, uint64_t start, uint64_t end, bool *over_firmware)
{
    uint64_t at = start;
    for (uint32_t i = 0; i < map->count && at < end; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (at < range->base || at - range->base >= range->size) {
            continue;
        }
        if (range->kind != HARDWARE_MEMORY_USABLE && range->kind != HARDWARE_MEMORY_ACPI_NVS) {
            return false;
        }
        *over_firmware = *over_firmware || range->kind == HARDWARE_MEMORY_ACPI_NVS;
        at = range->base + range->size;
    }
    return at >= end;
}

/* The kernel's bounds, and whether they can be reached. */
static int find_kernel(const struct foreign_image *kernel, struct foreign_places *places, uint64_t *bytes,
                       struct loader_error *error)
{
    places->kernel_start = UINT64_MAX;
    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct foreign_segment *segment = &kernel->segments[i];
        uint64_t end = segment->physical_address + segment->memory_size;
        if (segment->physical_address < LOW_MEMORY_END || end > ADDRESS_END) {
            return error_set(error,
                             "foreign kernel: a segment wants the memory at 0x%llx to 0x%llx, which is not between 1 "
                             "MiB and 4 GiB",
                             (unsigned long long)segment->physical_address, (unsigned long long)(end - 1));
        }
        places->kernel_start =
            segment->physical_address < places->kernel_start ? segment->physical_address : places->kernel_start;
        places->kernel_end = end > places->kernel_end ? end : places->kernel_end;
        *bytes += segment->file_size;
    }
    return 1;
}

static uint64_t allocate(struct free_memory *free, uint64_t size)
{
    return free_memory_allocate(free, (size + PAGE_MASK) & ~PAGE_MASK, PAGE_SIZE_4K, ADDRESS_END);
}

int foreign_find_places(const struct foreign_image *kernel, uint64_t module_size, uint64_t module_memory,
                        const struct memory_map *map, struct free_memory *free, struct foreign_places *places,
                        struct loader_error *error)
{
    uint64_t bytes = 0;
    *places = (struct foreign_places){0};
    if (!find_kernel(kernel, places, &bytes, error)) {
        return 0;
    }
    uint64_t behind = (places->kernel_end + PAGE_MASK) & ~PAGE_MASK;
    uint64_t end = behind + module_memory;
    if (module_size >= ADDRESS_END || module_memory >= ADDRESS_END || bytes >= ADDRESS_END || end > ADDRESS_END) {
        return error_set(error, "foreign kernel: it and its boot module (%llu MiB unpacked) do not fit below 4 GiB",
                         (unsigned long long)module_memory >> 20);
    }
    if (!can_have(map, places->kernel_start & ~PAGE_MASK, end, &places->over_firmware)) {
        return error_set(error,
                         "foreign kernel: it and its unpacked boot module want all of the memory at 0x%llx to 0x%llx, "
                         "and this machine has less there, or its firmware keeps some: make the system smaller",
                         (unsigned long long)places->kernel_start, (unsigned long long)(end - 1));
    }
    /* Everything else lies above it, as the kernel wants its module to. */
    bool room = free_memory_remove(free, 0, end);
    places->module = room ? allocate(free, ((module_size + PAGE_MASK) & ~PAGE_MASK) + module_memory) : 0;
    places->staging = room ? allocate(free, bytes == 0 ? 1 : bytes) : 0;
    places->info = room ? allocate(free, MULTIBOOT2_INFO_SIZE) : 0;
    places->switch_page = room ? allocate(free, PAGE_SIZE_4K) : 0;
    if (places->module == 0 || places->staging == 0 || places->info == 0 || places->switch_page == 0) {
        return error_set(error,
                         "foreign kernel: no memory is left above 0x%llx and below 4 GiB for its boot module (%llu "
                         "MiB, and %llu MiB unpacked)",
                         (unsigned long long)end, (unsigned long long)module_size >> 20,
                         (unsigned long long)module_memory >> 20);
    }
    return 1;
}
