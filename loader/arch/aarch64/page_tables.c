/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The translation tables of EL2 that the kernel is entered with (Arm ARM DDI 0487,
 * D8.3): 48-bit addresses, pages of 4 KiB; RAM and the console at their physical
 * addresses, not executable but for the loader's own code; the kernel at its link
 * address.
 *
 * Of what is mapped nothing is changed later but a permission (page_tables_let_write()), so that no TLB holds anything
 * old.
 */
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/entry.h>
#include <skyscope/types.h>

#define DESCRIPTOR_VALID     1ull
#define DESCRIPTOR_TABLE     2ull /* at levels 0 to 2; at level 3: a page */
#define DESCRIPTOR_RES1      (1ull << 6)
#define DESCRIPTOR_READ_ONLY (1ull << 7)
#define DESCRIPTOR_INNER     (3ull << 8) /* inner shareable */
#define DESCRIPTOR_ACCESS    (1ull << 10)
#define DESCRIPTOR_XN        (1ull << 54)
#define DESCRIPTOR_ADDRESS   0x0000fffffffff000ull

#define ATTRIBUTE(index) ((uint64_t)(index) << 2) /* of MAIR_EL2 */
#define ATTRIBUTE_MASK   ATTRIBUTE(7)
#define DEVICE           (ATTRIBUTE(0) | DESCRIPTOR_XN)
#define NORMAL           (ATTRIBUTE(1) | DESCRIPTOR_INNER)

#define ENTRIES      512u
#define LEVELS       4u
#define ADDRESS_END  (1ull << 48)
#define STATIC_COUNT 64u
/* Tables for the kernel, kept back: levels 1 and 2, and pages. */
#define KERNEL_COUNT (2u + (uint32_t)(KERNEL_MAX_SIZE / PAGE_SIZE_2M))

/* TCR_EL2: RES1 bits, walks through write-back inner shareable memory, T0SZ for 48 bits. */
#define TCR_VALUE      (1ull << 31 | 1ull << 23 | 3ull << 12 | 1ull << 10 | 1ull << 8 | 16ull)
#define TCR_PS_SHIFT   16
#define PARANGE_48_BIT 5u

struct mmu_registers mmu_registers;

extern const char image_start[], text_start[], text_end[], rodata_end[], loader_end[];

static uint64_t root[ENTRIES] __attribute__((aligned(4096)));
static uint64_t tables[STATIC_COUNT + KERNEL_COUNT][ENTRIES] __attribute__((aligned(4096)));
static uint32_t tables_used;
static uint32_t tables_usable = STATIC_COUNT;

static const struct memory_map *mapped;
/* More tables: from here, below this address, where all memory is reachable already. */
static struct free_memory *table_memory;
static uint64_t table_limit;

uint64_t loader_image_start(void)
{
    return (uintptr_t)image_start;
}

uint64_t loader_image_end(void)
{
    return (uintptr_t)loader_end;
}

static uint64_t *new_table(void)
{
    if (tables_used < tables_usable) {
        return tables[tables_used++];
    }
    uint64_t address =
        table_memory == NULL ? 0 : free_memory_allocate(table_memory, PAGE_SIZE_4K, PAGE_SIZE_4K, table_limit);
    if (address != 0) {
        memset((void *)(uintptr_t)address, 0, PAGE_SIZE_4K);
    }
    return (uint64_t *)(uintptr_t)address;
}

/* Bytes that an entry at a level covers. */
static uint64_t span(uint32_t level)
{
    return PAGE_SIZE_4K << (9 * (LEVELS - 1 - level));
}

static bool is_table(uint64_t descriptor, uint32_t level)
{
    return level < LEVELS - 1 && (descriptor & (DESCRIPTOR_VALID | DESCRIPTOR_TABLE)) == 3;
}

static uint64_t *entry_of(uint64_t *table, uint64_t address, uint32_t level)
{
    return &table[address / span(level) % ENTRIES];
}

/* Maps [start, end) at what lies at physical, except where something is mapped
 * already. False: no tables left. */
static bool map_range(uint64_t start, uint64_t end, uint64_t physical, uint64_t attributes)
{
    for (uint64_t address = start; address < end;) {
        uint64_t *table = root;
        uint64_t target = physical + (address - start);
        for (uint32_t level = 0;; level++) {
            uint64_t *entry = entry_of(table, address, level);
            uint64_t size = span(level);
            if (is_table(*entry, level)) {
                table = (uint64_t *)(uintptr_t)(*entry & DESCRIPTOR_ADDRESS);
                continue;
            }
            if ((*entry & DESCRIPTOR_VALID) != 0) {
                address = (address & ~(size - 1)) + size;
                break;
            }
            if (level > 0 && (address | target) % size == 0 && end - address >= size) {
                uint64_t kind = level == LEVELS - 1 ? DESCRIPTOR_TABLE : 0;
                *entry = target | attributes | DESCRIPTOR_ACCESS | DESCRIPTOR_RES1 | DESCRIPTOR_VALID | kind;
                address += size;
                break;
            }
            uint64_t *next = new_table();
            if (next == NULL) {
                return false;
            }
            memory_barrier(); /* it is zero before walks find it */
            *entry = (uintptr_t)next | DESCRIPTOR_TABLE | DESCRIPTOR_VALID;
            table = next;
        }
    }
    memory_barrier();
    instruction_barrier();
    return true;
}

/* The leaf that maps an address, 0: none; *size: what it covers. */
static uint64_t leaf_of(uint64_t address, uint64_t *size)
{
    const uint64_t *table = root;
    for (uint32_t level = 0;; level++) {
        uint64_t entry = table[address / span(level) % ENTRIES];
        *size = span(level);
        if (!is_table(entry, level)) {
            return (entry & DESCRIPTOR_VALID) != 0 ? entry : 0;
        }
        table = (const uint64_t *)(uintptr_t)(entry & DESCRIPTOR_ADDRESS);
    }
}

/* Whether all of the range is mapped with this attribute. */
static bool mapped_as(uint64_t address, uint64_t size, uint64_t attribute)
{
    if (address >= ADDRESS_END || size > ADDRESS_END - address) {
        return false;
    }
    for (uint64_t at = address; at < address + size;) {
        uint64_t leaf_size;
        uint64_t leaf = leaf_of(at, &leaf_size);
        if (leaf == 0 || (leaf & ATTRIBUTE_MASK) != attribute) {
            return false;
        }
        at = (at & ~(leaf_size - 1)) + leaf_size;
    }
    return true;
}

static bool map_same(uint64_t start, uint64_t end, uint64_t attributes)
{
    return map_range(start & ~(PAGE_SIZE_4K - 1), (end + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1),
                     start & ~(PAGE_SIZE_4K - 1), attributes);
}

void page_tables_start(void)
{
    uint64_t range = read_register(id_aa64mmfr0_el1) & 0xf;
    mmu_registers.tcr = TCR_VALUE | (range < PARANGE_48_BIT ? range : PARANGE_48_BIT) << TCR_PS_SHIFT;
    mmu_registers.ttbr0 = (uintptr_t)root;
    /* The static tables suffice for these. */
    (void)map_same((uintptr_t)image_start, (uintptr_t)text_start, NORMAL | DESCRIPTOR_READ_ONLY | DESCRIPTOR_XN);
    (void)map_same((uintptr_t)text_start, (uintptr_t)text_end, NORMAL | DESCRIPTOR_READ_ONLY);
    (void)map_same((uintptr_t)text_end, (uintptr_t)rodata_end, NORMAL | DESCRIPTOR_READ_ONLY | DESCRIPTOR_XN);
    (void)map_same((uintptr_t)rodata_end, (uintptr_t)loader_end, NORMAL | DESCRIPTOR_XN);
    /* Written past the caches; nothing old of them may be in a cache. Others start with these. */
    cache_clean_invalidate((uintptr_t)image_start, (uintptr_t)loader_end - (uintptr_t)image_start);
    mmu_enable();
}

bool page_tables_map_early(uint64_t address, uint64_t size)
{
    return address < ADDRESS_END && size <= ADDRESS_END - address &&
           map_same(address, address + size, NORMAL | DESCRIPTOR_READ_ONLY | DESCRIPTOR_XN);
}

bool page_tables_let_write(uint64_t address, uint64_t size)
{
    if (!page_tables_reach(address, size)) {
        return false;
    }
    for (uint64_t at = address; at < address + size;) {
        uint64_t *table = root;
        uint32_t level = 0;
        while (is_table(*entry_of(table, at, level), level)) {
            table = (uint64_t *)(uintptr_t)(*entry_of(table, at, level++) & DESCRIPTOR_ADDRESS);
        }
        *entry_of(table, at, level) &= ~(uint64_t)DESCRIPTOR_READ_ONLY;
        at = (at & ~(span(level) - 1)) + span(level);
    }
    memory_barrier();
    __asm__ volatile("tlbi alle2" : : : "memory"); /* a change of permissions needs no break before it */
    memory_barrier();
    instruction_barrier();
    return true;
}

/* Ranges worth reaching: RAM, whoever uses it, but not what the firmware keeps for itself. */
static bool is_memory(const struct memory_range *range)
{
    return range->kind == HARDWARE_MEMORY_USABLE || range->kind == HARDWARE_MEMORY_ACPI_RECLAIMABLE ||
           range->kind == HARDWARE_MEMORY_ACPI_NVS;
}

bool page_tables_map_memory(const struct memory_map *map, struct free_memory *free)
{
    table_memory = free;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        table_limit = range->base; /* all below is mapped */
        if (is_memory(range) && !map_same(range->base, range->base + range->size, NORMAL | DESCRIPTOR_XN)) {
            return false;
        }
    }
    table_limit = UINT64_MAX;
    mapped = map;
    return true;
}

/* Those in the image come with it. Table walks write nothing. */
static void clean_tables(const uint64_t *table, uint32_t level)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (is_table(table[i], level)) {
            clean_tables((const uint64_t *)(uintptr_t)(table[i] & DESCRIPTOR_ADDRESS), level + 1);
        }
    }
    cache_clean_invalidate((uintptr_t)table, PAGE_SIZE_4K);
}

void page_tables_clean(void)
{
    clean_tables(root, 0);
}

bool page_tables_reach(uint64_t address, uint64_t size)
{
    return mapped_as(address, size, ATTRIBUTE(1));
}

bool page_tables_usable_memory(uint64_t address, uint64_t size)
{
    return mapped == NULL || memory_map_touches(mapped, address, size, HARDWARE_MEMORY_USABLE);
}

bool device_reach(uint64_t address, uint64_t size)
{
    if (address == 0 || size == 0 || address >= ADDRESS_END || size > ADDRESS_END - address ||
        address + size > KERNEL_LINK_BASE) {
        return false;
    }
    return map_same(address, address + size, DEVICE) && mapped_as(address, size, ATTRIBUTE(0));
}

void page_tables_map_kernel(const struct kernel_image *image, uint64_t physical)
{
    tables_usable = STATIC_COUNT + KERNEL_COUNT;
    tables_used = tables_used < STATIC_COUNT ? tables_used : STATIC_COUNT;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct kernel_segment *segment = &image->segments[i];
        uint64_t attributes = NORMAL;
        attributes |= (segment->flags & SEGMENT_WRITE) == 0 ? DESCRIPTOR_READ_ONLY : 0;
        attributes |= (segment->flags & SEGMENT_EXECUTE) == 0 ? DESCRIPTOR_XN : 0;
        if (!map_range(segment->virtual_address, segment->virtual_address + segment->memory_size,
                       physical + (segment->virtual_address - image->virtual_base), attributes)) {
            loader_fail("no memory for the kernel's page tables");
        }
    }
}
