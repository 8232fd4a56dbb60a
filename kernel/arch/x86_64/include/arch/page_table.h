/* SPDX-License-Identifier: BSD-2-Clause */
/* Four-level page tables, made at boot and constant afterwards: the kernel's half,
 * PDs' address spaces, and VMs' nested tables (AMD APM vol. 2 §5.3, §15.25). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/types.h>

struct page_table {
    hpa_t root;
    bool user; /* entries carry the user bit: PDs and nested tables */
};

/* enum plan_map_flags decide the rights. size, addresses: multiples of page_size.
 * False: something is mapped there already. */
bool page_table_map(struct page_table *table, uint64_t virtual_address, hpa_t physical, uint64_t size,
                    uint64_t page_size, uint32_t flags);

/* A PD's: has the kernel's half. A VM's: empty. */
struct page_table page_table_create_pd(void);
struct page_table page_table_create_vm(void);

/* Value for CR3. index: of the PD, for its PCID. */
uint64_t page_table_address_space(const struct page_table *table, uint32_t index);

struct boot_info;
/* Boot CPU: makes the kernel's half out of the pool, which is still accessed by
 * physical addresses, and switches to it. The loader's identity map stays until
 * page_table_drop_identity_map(). */
void page_table_init_kernel(const struct boot_info *boot);
void page_table_drop_identity_map(void);
/* CR3 of a CPU that runs no PD yet. */
uint64_t page_table_kernel_address_space(void);

/* Maps device registers into the kernel; uncached, never executable. */
volatile void *page_table_map_device(hpa_t physical, uint64_t size);
/* Maps one of a CPU's stacks; returns its top. stack: 0 main, 1.. event stacks. */
uint64_t page_table_map_stack(uint32_t cpu, uint32_t stack);
