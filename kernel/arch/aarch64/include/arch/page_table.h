/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Translation tables with a granule of 4 KiB, made at boot and constant afterwards
 * (Arm ARM DDI 0487, chapter D8): the kernel's own, of EL2's stage 1 with 48-bit
 * addresses; and those of PDs and VMs alike, of stage 2 with 39-bit addresses, whose
 * walk starts at level 1 in one page.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/plan.h>
#include <skyscope/types.h>

struct page_table {
    hpa_t root;
    bool stage2;
};

/* enum plan_map_flags decide the rights. size, addresses: multiples of page_size.
 * False: something is mapped there already. */
bool page_table_map(struct page_table *table, uint64_t virtual_address, hpa_t physical, uint64_t size,
                    uint64_t page_size, uint32_t flags);

/* Empty ones, from the pool. */
struct page_table page_table_create(bool stage2);
struct page_table page_table_create_pd(void);
struct page_table page_table_create_vm(void);

/* Identifiers of stage-2 tables in the TLB; 0 is that of no PD and no VM. 8 bits
 * suffice. As no identifier is used twice and tables never change, the TLB needs no
 * maintenance after boot. */
static inline uint32_t page_table_vmid_of_pd(uint32_t pd)
{
    return 1 + pd;
}
static inline uint32_t page_table_vmid_of_vm(uint32_t vm)
{
    return 1 + PLAN_MAX_PDS + vm;
}
_Static_assert(1 + PLAN_MAX_PDS + PLAN_MAX_VMS <= 256, "8-bit VMIDs");

/* Value of VTTBR_EL2. */
static inline uint64_t page_table_vttbr(hpa_t root, uint32_t vmid)
{
    return root.value | (uint64_t)vmid << 48;
}

/* The same for a PD. index: in the plan. */
uint64_t page_table_address_space(const struct page_table *table, uint32_t index);

/* Value of VTCR_EL2, the same for PDs and VMs; each CPU has it from boot on. */
uint64_t page_table_vtcr(void);

/* ID_AA64MMFR0_EL1.PARange, at most that of 48 bits: as TCR_EL2.PS takes it. */
uint64_t page_table_physical_range(void);

/* Of the kernel: values of TCR_EL2 and, once it is made, TTBR0_EL2. */
uint64_t page_table_tcr(void);
hpa_t page_table_kernel_root(void);
#define PAGE_TABLE_MAIR 0x44ff04ull /* Device-nGnRE, write-back, non-cacheable */

struct boot_info;
/* Boot CPU: makes the kernel's table out of the pool, which is still accessed by
 * physical addresses, and switches to it. The loader's identity map stays until
 * page_table_drop_identity_map(). */
void page_table_init_kernel(const struct boot_info *boot);
void page_table_drop_identity_map(void);
/* Each CPU, on the kernel's table: stage 2 with an empty table; nothing of the TLB stays. */
void page_table_cpu_init(void);

/* Maps device registers into the kernel; device memory, never executable. */
volatile void *page_table_map_device(hpa_t physical, uint64_t size);
/* Maps one of a CPU's stacks; returns its top. */
enum kernel_stack { KERNEL_STACK_MAIN, KERNEL_STACK_EMERGENCY };
uint64_t page_table_map_stack(uint32_t cpu, enum kernel_stack stack);
