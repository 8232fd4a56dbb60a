/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu_features.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <skyscope/boot_info.h>

#include <arch/cpu.h>

#define ENTRY_PRESENT       (1ull << 0)
#define ENTRY_WRITE         (1ull << 1)
#define ENTRY_USER          (1ull << 2)
#define ENTRY_WRITE_THROUGH (1ull << 3)
#define ENTRY_CACHE_DISABLE (1ull << 4)
#define ENTRY_ACCESSED      (1ull << 5)
#define ENTRY_DIRTY         (1ull << 6)
#define ENTRY_LARGE         (1ull << 7)
#define ENTRY_GLOBAL        (1ull << 8)
#define ENTRY_NO_EXECUTE    (1ull << 63)
#define ENTRY_ADDRESS       0x000ffffffffff000ull

#define TABLE_ENTRIES    512u
#define TOP_ENTRY_KERNEL 511u
#define CR3_KEEP_TLB     (1ull << 63)

/* Section boundaries, from the linker script. */
extern char image_start[], text_end[], rodata_end[], image_end[];

static struct page_table kernel_table;
static uint64_t next_device = KERNEL_DEVICE_BASE;

static unsigned int level_shift(unsigned int level)
{
    return 12u + 9u * (level - 1u);
}

static uint64_t *table_at(uint64_t entry)
{
    return pool_pointer(HPA(entry & ENTRY_ADDRESS));
}

static uint64_t *entry_of(uint64_t *table, unsigned int level, uint64_t address)
{
    return &table[address >> level_shift(level) & (TABLE_ENTRIES - 1)];
}

/* The entry of `level` (1: 4 KiB, 2: 2 MiB, 3: 1 GiB) for the address; tables above
 * it are made as needed. NULL: a larger page is in the way. */
static uint64_t *walk(const struct page_table *table, uint64_t address, unsigned int level)
{
    uint64_t *current = pool_pointer(table->root);

    for (unsigned int at = 4; at > level; at--) {
        uint64_t *entry = entry_of(current, at, address);
        if ((*entry & ENTRY_PRESENT) == 0) {
            uint64_t *next = pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K);
            *entry =
                pool_hpa(next).value | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED | (table->user ? ENTRY_USER : 0);
        } else if ((*entry & ENTRY_LARGE) != 0) {
            return NULL;
        }
        current = table_at(*entry);
    }
    return entry_of(current, level, address);
}

static uint64_t leaf_bits(const struct page_table *table, uint32_t flags, unsigned int level)
{
    uint64_t bits = ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY;

    bits |= table->user ? ENTRY_USER : ENTRY_GLOBAL;
    bits |= (flags & PLAN_MAP_WRITE) != 0 ? ENTRY_WRITE : 0;
    bits |= (flags & PLAN_MAP_EXECUTE) == 0 ? ENTRY_NO_EXECUTE : 0;
    /* Entry 3 of the PAT at reset: uncacheable. */
    bits |= (flags & PLAN_MAP_UNCACHED) != 0 ? ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH : 0;
    bits |= level > 1 ? ENTRY_LARGE : 0;
    return bits;
}

bool page_table_map(struct page_table *table, uint64_t virtual_address, hpa_t physical, uint64_t size,
                    uint64_t page_size, uint32_t flags)
{
    unsigned int level = page_size == PAGE_SIZE_4K ? 1 : 2;

    if (page_size == PAGE_SIZE_1G && cpu_features.pages_1g) {
        level = 3;
    }
    uint64_t step = 1ull << level_shift(level);
    uint64_t bits = leaf_bits(table, flags, level);
    for (uint64_t offset = 0; offset < size; offset += step) {
        uint64_t *entry = walk(table, virtual_address + offset, level);
        if (entry == NULL || (*entry & ENTRY_PRESENT) != 0) {
            return false;
        }
        *entry = (physical.value + offset) | bits;
    }
    return true;
}

static struct page_table create(bool user)
{
    return (struct page_table){.root = pool_hpa(pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K)), .user = user};
}

struct page_table page_table_create_pd(void)
{
    struct page_table table = create(true);
    uint64_t *top = pool_pointer(table.root);
    const uint64_t *kernel_top = pool_pointer(kernel_table.root);

    top[TOP_ENTRY_KERNEL] = kernel_top[TOP_ENTRY_KERNEL];
    return table;
}

struct page_table page_table_create_vm(void)
{
    return create(true);
}

uint64_t page_table_address_space(const struct page_table *table, uint32_t index)
{
    /* The tables never change and no identifier is used twice: the TLB never
     * needs to be flushed. */
    return cpu_features.pcid ? table->root.value | (index + 1u) | CR3_KEEP_TLB : table->root.value;
}

static void map_kernel(uint64_t virtual_address, uint64_t physical, uint64_t size, uint64_t page_size, uint32_t flags)
{
    if (!page_table_map(&kernel_table, virtual_address, HPA(physical), size, page_size, flags)) {
        kernel_panic("page tables: 0x%llx is mapped twice", (unsigned long long)virtual_address);
    }
}

static void map_section(const struct boot_info *boot, const char *start, const char *end, uint32_t flags)
{
    uint64_t virtual_address = (uint64_t)start;

    map_kernel(virtual_address, boot->kernel_physical + (virtual_address - boot->kernel_virtual),
               (uint64_t)(end - start), PAGE_SIZE_4K, flags);
}

void page_table_init_kernel(const struct boot_info *boot)
{
    kernel_table = create(false);
    map_section(boot, image_start, text_end, PLAN_MAP_READ | PLAN_MAP_EXECUTE);
    map_section(boot, text_end, rodata_end, PLAN_MAP_READ);
    map_section(boot, rodata_end, image_end, PLAN_MAP_READ | PLAN_MAP_WRITE);
    map_kernel(KERNEL_POOL_BASE, boot->pool_physical, boot->pool_size, PAGE_SIZE_2M, PLAN_MAP_READ | PLAN_MAP_WRITE);

    /* Until boot is over: everything below the kernel's half as the loader mapped it. */
    uint64_t *top = pool_pointer(kernel_table.root);
    const uint64_t *loader_top = (const uint64_t *)(read_cr3() & ENTRY_ADDRESS);
    for (unsigned int i = 0; i < TABLE_ENTRIES / 2; i++) {
        top[i] = loader_top[i];
    }
    write_cr3(kernel_table.root.value);
    write_cr4(read_cr4() & ~CR4_PGE); /* the loader's global entries go, too */
}

void page_table_drop_identity_map(void)
{
    uint64_t *top = pool_pointer(kernel_table.root);

    for (unsigned int i = 0; i < TABLE_ENTRIES / 2; i++) {
        top[i] = 0;
    }
    write_cr3(kernel_table.root.value);
    /* Global entries of the loader's, if any. */
    uint64_t cr4 = read_cr4();
    write_cr4(cr4 & ~CR4_PGE);
    write_cr4(cr4);
}

uint64_t page_table_kernel_address_space(void)
{
    return kernel_table.root.value;
}

volatile void *page_table_map_device(hpa_t physical, uint64_t size)
{
    uint64_t offset = physical.value % PAGE_SIZE_4K;
    uint64_t bytes = (offset + size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
    uint64_t at = next_device;

    next_device += bytes;
    map_kernel(at, physical.value - offset, bytes, PAGE_SIZE_4K, PLAN_MAP_READ | PLAN_MAP_WRITE | PLAN_MAP_UNCACHED);
    return (volatile void *)(at + offset);
}

uint64_t page_table_map_stack(uint32_t cpu, uint32_t stack)
{
    uint64_t pages = stack == 0 ? KERNEL_STACK_PAGES : KERNEL_EVENT_STACK_PAGES;
    uint64_t page = stack == 0 ? 1 : 1 + KERNEL_STACK_PAGES + (stack - 1u) * (1 + KERNEL_EVENT_STACK_PAGES) + 1;
    uint64_t bottom = KERNEL_STACKS_BASE + (uint64_t)cpu * KERNEL_STACK_WINDOW + page * PAGE_SIZE_4K;
    void *memory = pool_alloc(pages * PAGE_SIZE_4K, PAGE_SIZE_4K);

    map_kernel(bottom, pool_hpa(memory).value, pages * PAGE_SIZE_4K, PAGE_SIZE_4K, PLAN_MAP_READ | PLAN_MAP_WRITE);
    return bottom + pages * PAGE_SIZE_4K;
}
