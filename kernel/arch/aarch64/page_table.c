/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/page_table.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <skyscope/boot_info.h>

#include "page_table_entry.h"

#define TOP_ENTRY_KERNEL 511u

/* Section boundaries, from the linker script. */
extern char image_start[], text_end[], rodata_end[], image_end[];

static struct page_table kernel_table;
static hpa_t empty_root; /* stage 2 of a CPU that runs no PD yet */
static uint64_t next_device = KERNEL_DEVICE_BASE;

uint64_t page_table_physical_range(void)
{
    uint64_t range = read_sysreg(id_aa64mmfr0_el1) & 15;
    return range < TCR_PS_48_BITS ? range : TCR_PS_48_BITS;
}

uint64_t page_table_vtcr(void)
{
    return VTCR_VALUE | page_table_physical_range() << TCR_PS_SHIFT;
}

uint64_t page_table_tcr(void)
{
    return TCR_VALUE | page_table_physical_range() << TCR_PS_SHIFT;
}

static void map_kernel(uint64_t virtual_address, uint64_t physical, uint64_t size, uint64_t page_size, uint32_t flags)
{
    if (!page_table_map(&kernel_table, virtual_address, HPA(physical), size, page_size, flags)) {
        kernel_panic("page tables: 0x%llx is mapped twice", (unsigned long long)virtual_address);
    }
    /* Page walks see it from here on. */
    dsb_ish();
    isb();
}

static void map_section(const struct boot_info *boot, const char *start, const char *end, uint32_t flags)
{
    uint64_t virtual_address = (uint64_t)start;

    map_kernel(virtual_address, boot->kernel_physical + (virtual_address - boot->kernel_virtual),
               (uint64_t)(end - start), PAGE_SIZE_4K, flags);
}

static void flush_tlb(void)
{
    __asm__ volatile("dsb ish\n\ttlbi alle2is\n\tdsb ish\n\tisb" : : : "memory");
}

void page_table_init_kernel(const struct boot_info *boot)
{
    if (page_table_physical_range() < TCR_PS_40_BITS) {
        kernel_refuse("the CPU has physical addresses of less than 40 bits");
    }
    if ((read_sysreg(id_aa64mmfr0_el1) >> 28 & 15) == 15) {
        kernel_refuse("the CPU has no pages of 4 KiB");
    }
    kernel_table = page_table_create(false);
    map_section(boot, image_start, text_end, PLAN_MAP_READ | PLAN_MAP_EXECUTE);
    map_section(boot, text_end, rodata_end, PLAN_MAP_READ);
    map_section(boot, rodata_end, image_end, PLAN_MAP_READ | PLAN_MAP_WRITE);
    map_kernel(KERNEL_POOL_BASE, boot->pool_physical, boot->pool_size, PAGE_SIZE_2M, PLAN_MAP_READ | PLAN_MAP_WRITE);

    /* Until boot is over: everything below the kernel's part as the loader mapped it. */
    uint64_t *top = pool_pointer(kernel_table.root);
    const uint64_t *loader_top = (const uint64_t *)(read_sysreg(ttbr0_el2) & ENTRY_ADDRESS);
    for (unsigned int i = 0; i < TOP_ENTRY_KERNEL; i++) {
        top[i] = loader_top[i];
    }
    empty_root = page_table_create(true).root;
    dsb_ish();
    write_sysreg(mair_el2, PAGE_TABLE_MAIR);
    write_sysreg(tcr_el2, page_table_tcr());
    /* The image stays where it is, in pages of the same size: nothing is broken that is in use. */
    write_sysreg(ttbr0_el2, kernel_table.root.value);
    isb();
    flush_tlb();
}

void page_table_drop_identity_map(void)
{
    uint64_t *top = pool_pointer(kernel_table.root);

    for (unsigned int i = 0; i < TOP_ENTRY_KERNEL; i++) {
        top[i] = 0;
    }
    flush_tlb();
}

void page_table_cpu_init(void)
{
    write_sysreg(vtcr_el2, page_table_vtcr());
    write_sysreg(vttbr_el2, page_table_vttbr(empty_root, 0));
    isb();
    __asm__ volatile("tlbi alle1\n\tdsb nsh\n\tisb" : : : "memory");
}

hpa_t page_table_kernel_root(void)
{
    return kernel_table.root;
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

uint64_t page_table_map_stack(uint32_t cpu, enum kernel_stack stack)
{
    uint64_t pages = stack == KERNEL_STACK_MAIN ? KERNEL_STACK_PAGES : KERNEL_EMERGENCY_STACK_PAGES;
    uint64_t page = stack == KERNEL_STACK_MAIN ? 1 : 1 + KERNEL_STACK_PAGES + 1;
    uint64_t bottom = KERNEL_STACKS_BASE + (uint64_t)cpu * KERNEL_STACK_WINDOW + page * PAGE_SIZE_4K;
    void *memory = pool_alloc(pages * PAGE_SIZE_4K, PAGE_SIZE_4K);

    map_kernel(bottom, pool_hpa(memory).value, pages * PAGE_SIZE_4K, PAGE_SIZE_4K, PLAN_MAP_READ | PLAN_MAP_WRITE);
    return bottom + pages * PAGE_SIZE_4K;
}
