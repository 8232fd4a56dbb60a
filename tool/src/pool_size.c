/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much memory the kernel needs for a plan. An upper bound: page tables are
 * counted for each mapping as if no two shared one, and each object at least as
 * large as the kernel makes it.
 */
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <tool/layout.h>
#include <tool/plan_builder.h>

/* FPU state by XSAVE, with every component that x86-64 CPUs have today. */
#define XSAVE_AREA  0x4000ull
/* Thread control block, IPC buffer, XSAVE area. */
#define THREAD_SIZE (0x2000ull + LAYOUT_PAGE + XSAVE_AREA)
/* vCPU page, control block (VMCB or VMCS), saved host state, permission maps for
 * MSRs (8 KiB) and I/O ports (12 KiB), guest and host XSAVE areas, own state. */
#define VCPU_SIZE   (LAYOUT_PAGE * 4 + 0x2000ull + 0x3000ull + 2 * XSAVE_AREA + 0x2000ull)
/* Stacks (normal, NMI, double fault, machine check), descriptor tables, TSS with
 * the I/O permission map, run queues, local page tables. */
#define CPU_SIZE    0x40000ull
/* TSS-independent I/O permission map, own state, PML4. */
#define PD_SIZE     (0x3000ull + 0x1000ull)
/* Map of the pool and the kernel itself, device registers, logs, statistics. */
#define KERNEL_SIZE (0x100000ull + KERNEL_STATISTICS_REGION_SIZE + KERNEL_LOG_REGION_SIZE + HARDWARE_INFO_REGION_SIZE)

static uint64_t tables_spanned(uint64_t start, uint64_t size, unsigned int shift)
{
    return ((start + size - 1) >> shift) - (start >> shift) + 1;
}

/* Page tables below the top level for one mapping. */
static uint64_t tables_for_range(uint64_t start, uint64_t size, uint64_t page_size)
{
    uint64_t tables = tables_spanned(start, size, 39);
    if (page_size < PAGE_SIZE_1G) {
        tables += tables_spanned(start, size, 30);
    }
    if (page_size < PAGE_SIZE_2M) {
        tables += tables_spanned(start, size, 21);
    }
    return tables;
}

uint64_t plan_kernel_pool_size(const struct plan_tables *plan)
{
    const struct plan_map *maps = PLAN_ROWS(plan, PLAN_TABLE_MAPS, struct plan_map);
    const struct plan_region *regions = PLAN_ROWS(plan, PLAN_TABLE_REGIONS, struct plan_region);
    uint64_t thread_count = plan->tables[PLAN_TABLE_THREADS].count;
    uint64_t vcpu_count = plan->tables[PLAN_TABLE_VCPUS].count;
    uint64_t tables = plan->tables[PLAN_TABLE_SPACES].count;
    for (size_t i = 0; i < plan->tables[PLAN_TABLE_MAPS].count; i++) {
        tables += tables_for_range(maps[i].virtual_address, maps[i].size, regions[maps[i].region].page_size);
    }
    /* An IPC buffer and a vCPU page are a mapping of one page each. */
    tables += (thread_count + vcpu_count) * 3;
    uint64_t size = KERNEL_SIZE + tables * LAYOUT_PAGE + thread_count * THREAD_SIZE + vcpu_count * VCPU_SIZE +
                    system_cpu_count(plan->system) * CPU_SIZE + plan->tables[PLAN_TABLE_PDS].count * PD_SIZE;
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
