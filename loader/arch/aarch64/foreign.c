/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another kernel's start, as the arm64 boot protocol asks for (Linux,
 * Documentation/arch/arm64/booting.rst): at EL2, the MMU and the caches off, what was
 * loaded clean to the point of coherency.
 *
 * More than that: no line of memory that the loader wrote, or that was written for
 * it, stays in a data cache. It would come back over what the kernel writes past
 * the caches, or be read in its stead when the kernel switches them on.
 */
#include <base/memory.h>
#include <loader/foreign.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/entry.h>

static void *at(uint64_t physical)
{
    return (void *)(uintptr_t)physical;
}

/* No byte is written before all of it is known to have a place. */
static void find_places(const struct foreign_image *image, struct free_memory *free)
{
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct foreign_segment *segment = &image->segments[i];
        if (!free_memory_contains(free, segment->physical_address, segment->memory_size)) {
            loader_fail(
                "the kernel wants the memory at 0x%llx to 0x%llx, which is not free on this machine: the system "
                "was built for another board, or this machine has too little memory",
                (unsigned long long)segment->physical_address,
                (unsigned long long)(segment->physical_address + segment->memory_size - 1));
        }
    }
}

void foreign_place(const struct foreign_system *system, struct free_memory *free)
{
    if (system->module_count != 0) {
        loader_fail("foreign kernel: it has %u boot modules, and on AArch64 none can be given to it",
                    system->module_count);
    }
    find_places(system->kernel, free);
    for (uint32_t i = 0; i < system->kernel->segment_count; i++) {
        const struct foreign_segment *segment = &system->kernel->segments[i];
        memcpy(at(segment->physical_address), system->kernel_file + segment->file_offset, segment->file_size);
        memory_clear(segment->physical_address + segment->file_size, segment->memory_size - segment->file_size);
        cache_clean_invalidate(segment->physical_address, segment->memory_size);
    }
}

void foreign_enter(const struct foreign_system *system)
{
    const struct hardware_info *hardware = system->hardware;
    const struct hardware_range *device_tree = &hardware->arch.device_tree;
    cache_clean_invalidate(hardware->payload_address, hardware->payload_size);
    if (device_tree->address != 0) {
        cache_clean_invalidate(device_tree->address, device_tree->size);
    }
    page_tables_clean();
    foreign_leave(system->kernel->entry, device_tree->address);
}
