/* SPDX-License-Identifier: BSD-2-Clause */
/* Building tables: nothing here touches the CPU. */
#include <arch/page_table.h>
#include <kernel/pool.h>

#include "page_table_entry.h"

static uint64_t *table_at(uint64_t entry)
{
    return pool_pointer(HPA(entry & ENTRY_ADDRESS));
}

/* The entry of `level` (3: 4 KiB, 2: 2 MiB, 1: 1 GiB) for the address; tables above
 * it are made as needed. NULL: a larger page is in the way. */
static uint64_t *walk(const struct page_table *table, uint64_t address, unsigned int level)
{
    uint64_t *current = pool_pointer(table->root);

    for (unsigned int at = table->stage2 ? 1 : 0; at < level; at++) {
        uint64_t *entry = &current[entry_index(at, address)];
        if ((*entry & ENTRY_VALID) == 0) {
            *entry = pool_hpa(pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K)).value | ENTRY_TABLE;
        } else if ((*entry & ENTRY_KIND) != ENTRY_TABLE) {
            return NULL;
        }
        current = table_at(*entry);
    }
    return &current[entry_index(level, address)];
}

bool page_table_map(struct page_table *table, uint64_t virtual_address, hpa_t physical, uint64_t size,
                    uint64_t page_size, uint32_t flags)
{
    unsigned int level = page_size == PAGE_SIZE_4K ? 3 : page_size == PAGE_SIZE_2M ? 2 : 1;
    uint64_t bits = table->stage2 ? entry_stage2(flags, level) : entry_stage1(flags, level);

    for (uint64_t offset = 0; offset < size; offset += page_size) {
        uint64_t *entry = walk(table, virtual_address + offset, level);
        if (entry == NULL || (*entry & ENTRY_VALID) != 0) {
            return false;
        }
        *entry = (physical.value + offset) | bits;
    }
    return true;
}

struct page_table page_table_create(bool stage2)
{
    return (struct page_table){.root = pool_hpa(pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K)), .stage2 = stage2};
}

struct page_table page_table_create_pd(void)
{
    return page_table_create(true);
}

struct page_table page_table_create_vm(void)
{
    return page_table_create(true);
}

uint64_t page_table_address_space(const struct page_table *table, uint32_t index)
{
    return page_table_vttbr(table->root, page_table_vmid_of_pd(index));
}
