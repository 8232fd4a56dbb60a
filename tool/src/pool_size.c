/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much memory the kernel needs for a plan. An upper bound: page tables are
 * counted for each mapping as if no two shared one, and each object at least as
 * large as the kernel makes it.
 */
#include <tool/layout.h>
#include <tool/plan_builder.h>

static uint64_t tables_spanned(uint64_t start, uint64_t size, unsigned int shift)
{
    return ((start + size - 1) >> shift) - (start >> shift) + 1;
}

/* Page tables below the root for one mapping: those of levels that translate less than a page have none. */
static uint64_t tables_for_range(const struct target *target, uint64_t start, uint64_t size, uint64_t page_size)
{
    uint64_t tables = 0;
    for (uint32_t i = 0; i < target->kernel.table_levels; i++) {
        if (page_size < 1ull << target->kernel.table_shifts[i]) {
            tables += tables_spanned(start, size, target->kernel.table_shifts[i]);
        }
    }
    return tables;
}

uint64_t plan_kernel_pool_size(const struct plan_tables *plan)
{
    const struct target *target = plan->system->target;
    const struct plan_map *maps = PLAN_ROWS(plan, PLAN_TABLE_MAPS, struct plan_map);
    const struct plan_region *regions = PLAN_ROWS(plan, PLAN_TABLE_REGIONS, struct plan_region);
    uint64_t thread_count = plan->tables[PLAN_TABLE_THREADS].count;
    uint64_t vcpu_count = plan->tables[PLAN_TABLE_VCPUS].count;
    uint64_t tables = plan->tables[PLAN_TABLE_SPACES].count;
    for (size_t i = 0; i < plan->tables[PLAN_TABLE_MAPS].count; i++) {
        tables += tables_for_range(target, maps[i].virtual_address, maps[i].size, regions[maps[i].region].page_size);
    }
    /* An IPC buffer and a vCPU page are a mapping of one page each. */
    tables += (thread_count + vcpu_count) * target->kernel.table_levels;
    uint64_t size = target->kernel.fixed + tables * LAYOUT_PAGE + thread_count * target->kernel.thread +
                    vcpu_count * target->kernel.vcpu + system_cpu_count(plan->system) * target->kernel.cpu +
                    plan->tables[PLAN_TABLE_PDS].count * target->kernel.pd;
    const struct plan_irq *irqs = PLAN_ROWS(plan, PLAN_TABLE_IRQS, struct plan_irq);
    for (size_t i = 0; i < plan->tables[PLAN_TABLE_IRQS].count; i++) {
        size += irqs[i].kind == PLAN_IRQ_MSI ? target->kernel.msi : 0;
    }
    for (size_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        /* The kernel's own records of the plan's rows. */
        size += plan->tables[i].count * (plan->tables[i].entry_size + 64);
    }
    return align_up(size, PAGE_SIZE_2M);
}

uint64_t plan_region_memory(const struct plan_tables *plan)
{
    const struct plan_region *regions = PLAN_ROWS(plan, PLAN_TABLE_REGIONS, struct plan_region);
    uint64_t size = 0;
    for (size_t i = 0; i < plan->tables[PLAN_TABLE_REGIONS].count; i++) {
        if (regions[i].kind == PLAN_REGION_RAM && (regions[i].flags & PLAN_REGION_IN_PLACE) == 0) {
            size += regions[i].size;
        }
    }
    return size;
}
