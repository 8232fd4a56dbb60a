/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables that the kernel is entered with (Intel SDM volume 3, section
 * 4.5): RAM and the first 4 GiB at their physical addresses, not executable but
 * for the loader's own code; the kernel at its link address.
 */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <skyscope/types.h>

#define PAGE_PRESENT    1ull
#define PAGE_WRITABLE   2ull
#define PAGE_LARGE      0x80ull
#define PAGE_NO_EXECUTE (1ull << 63)
#define PAGE_ADDRESS    0x000ffffffffff000ull

#define ENTRIES            512u
#define LOW_MEMORY         (4ull * PAGE_SIZE_1G)
#define KERNEL_PAGE_TABLES (KERNEL_MAX_SIZE / PAGE_SIZE_2M)

#define CPUID_1G_PAGES (1u << 26)

extern uint64_t page_map[ENTRIES];
extern uint64_t page_directory_pointers[ENTRIES];
extern uint64_t page_directories[4 * ENTRIES];
extern const char loader_start[], text_end[], rodata_end[], loader_end[];

static uint64_t first_pages[ENTRIES] __attribute__((aligned(4096)));
static uint64_t kernel_pointers[ENTRIES] __attribute__((aligned(4096)));
static uint64_t kernel_directory[ENTRIES] __attribute__((aligned(4096)));
static uint64_t kernel_pages[KERNEL_PAGE_TABLES][ENTRIES] __attribute__((aligned(4096)));

static const struct memory_map *mapped;

uint64_t loader_image_start(void)
{
    return (uintptr_t)loader_start;
}

uint64_t loader_image_end(void)
{
    return (uintptr_t)loader_end;
}

static void reload(void)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"((uintptr_t)page_map) : "memory");
}

/* The loader's code and constants are not writable, everything else is not executable. */
static void protect_low_memory(void)
{
    for (uint64_t i = 0; i < ENTRIES; i++) {
        uint64_t address = i * PAGE_SIZE_4K;
        uint64_t flags = PAGE_PRESENT | PAGE_WRITABLE | PAGE_NO_EXECUTE;
        if (address >= (uintptr_t)loader_start && address < (uintptr_t)text_end) {
            flags = PAGE_PRESENT;
        } else if (address >= (uintptr_t)text_end && address < (uintptr_t)rodata_end) {
            flags = PAGE_PRESENT | PAGE_NO_EXECUTE;
        }
        first_pages[i] = address | flags;
    }
    page_directories[0] = (uintptr_t)first_pages | PAGE_PRESENT | PAGE_WRITABLE;
    for (uint32_t i = 1; i < 4 * ENTRIES; i++) {
        page_directories[i] |= PAGE_NO_EXECUTE;
    }
    reload();
}

/* The table that an entry leads to, made if there is none. */
static uint64_t *table_below(uint64_t *entry, struct free_memory *free)
{
    if ((*entry & PAGE_PRESENT) == 0) {
        uint64_t table = free_memory_allocate(free, PAGE_SIZE_4K, PAGE_SIZE_4K, LOW_MEMORY);
        if (table == 0) {
            return NULL;
        }
        memset((void *)(uintptr_t)table, 0, PAGE_SIZE_4K);
        *entry = table | PAGE_PRESENT | PAGE_WRITABLE;
    }
    return (uint64_t *)(uintptr_t)(*entry & PAGE_ADDRESS);
}

static bool map_range(uint64_t start, uint64_t end, bool huge, struct free_memory *free)
{
    uint64_t step = huge ? PAGE_SIZE_1G : PAGE_SIZE_2M;
    for (uint64_t address = start & ~(step - 1); address < end; address += step) {
        uint64_t *pointers = table_below(&page_map[address >> 39 & (ENTRIES - 1)], free);
        uint64_t *entry = pointers == NULL ? NULL : &pointers[address >> 30 & (ENTRIES - 1)];
        if (entry != NULL && !huge) {
            uint64_t *directory = table_below(entry, free);
            entry = directory == NULL ? NULL : &directory[address >> 21 & (ENTRIES - 1)];
        }
        if (entry == NULL) {
            return false;
        }
        *entry = address | PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE | PAGE_NO_EXECUTE;
    }
    return true;
}

/* Ranges worth reaching: RAM, whoever uses it. */
static bool is_memory(const struct memory_range *range)
{
    return range->kind == HARDWARE_MEMORY_USABLE || range->kind == HARDWARE_MEMORY_ACPI_RECLAIMABLE ||
           range->kind == HARDWARE_MEMORY_ACPI_NVS;
}

bool page_tables_map_memory(const struct memory_map *map, struct free_memory *free)
{
    bool huge = (read_cpuid(0x80000001).edx & CPUID_1G_PAGES) != 0;
    protect_low_memory();
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        uint64_t end = range->base + range->size;
        uint64_t start = range->base > LOW_MEMORY ? range->base : LOW_MEMORY;
        if (is_memory(range) && start < end && !map_range(start, end, huge, free)) {
            return false;
        }
    }
    reload();
    mapped = map;
    return true;
}

bool page_tables_reach(uint64_t address, uint64_t size)
{
    if (address <= LOW_MEMORY && size <= LOW_MEMORY - address) {
        return true;
    }
    for (uint32_t i = 0; mapped != NULL && i < mapped->count; i++) {
        const struct memory_range *range = &mapped->ranges[i];
        if (is_memory(range) && address >= range->base && size <= range->size &&
            address - range->base <= range->size - size) {
            return true;
        }
    }
    return false;
}

bool device_reach(uint64_t address, uint64_t size)
{
    return address < LOW_MEMORY && size <= LOW_MEMORY - address && !page_tables_usable_memory(address, size);
}

bool page_tables_usable_memory(uint64_t address, uint64_t size)
{
    return mapped == NULL || memory_map_touches(mapped, address, size, HARDWARE_MEMORY_USABLE);
}

void page_tables_map_kernel(const struct kernel_image *image, uint64_t physical)
{
    page_map[KERNEL_LINK_BASE >> 39 & (ENTRIES - 1)] = (uintptr_t)kernel_pointers | PAGE_PRESENT | PAGE_WRITABLE;
    kernel_pointers[KERNEL_LINK_BASE >> 30 & (ENTRIES - 1)] =
        (uintptr_t)kernel_directory | PAGE_PRESENT | PAGE_WRITABLE;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct kernel_segment *segment = &image->segments[i];
        uint64_t flags = PAGE_PRESENT;
        flags |= (segment->flags & SEGMENT_WRITE) != 0 ? PAGE_WRITABLE : 0;
        flags |= (segment->flags & SEGMENT_EXECUTE) == 0 ? PAGE_NO_EXECUTE : 0;
        for (uint64_t done = 0; done < segment->memory_size; done += PAGE_SIZE_4K) {
            uint64_t offset = segment->virtual_address + done - KERNEL_LINK_BASE;
            uint64_t table = offset / PAGE_SIZE_2M;
            uint64_t page = segment->virtual_address + done - image->virtual_base + physical;
            kernel_directory[table] = (uintptr_t)kernel_pages[table] | PAGE_PRESENT | PAGE_WRITABLE;
            kernel_pages[table][offset / PAGE_SIZE_4K % ENTRIES] = page | flags;
        }
    }
    reload();
}
