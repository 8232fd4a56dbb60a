/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/descriptor_tables.h>
#include <arch/frame.h>
#include <arch/layout.h>
#include <arch/msr.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <kernel/pool.h>

#define GDT_ENTRIES            8u
#define DESCRIPTOR_KERNEL_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_KERNEL_DATA 0x00cf93000000ffffull
#define DESCRIPTOR_USER_DATA   0x00cff3000000ffffull
#define DESCRIPTOR_USER_CODE   0x00affb000000ffffull
#define DESCRIPTOR_TSS         0x0000890000000000ull
#define GATE_INTERRUPT         0x8e00u
#define GATE_USER              0x6000u
/* TF IF DF IOPL NT AC and all others that a program could have set. */
#define SYSCALL_FLAG_MASK      0x247fd5u

#define VECTOR_DEBUG         1u
#define VECTOR_NMI           2u
#define VECTOR_BREAKPOINT    3u
#define VECTOR_OVERFLOW      4u
#define VECTOR_DOUBLE_FAULT  8u
#define VECTOR_MACHINE_CHECK 18u

struct gate {
    uint16_t offset_low, selector, attributes, offset_middle;
    uint32_t offset_high, reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct cpu_tables {
    uint64_t gdt[GDT_ENTRIES];
    struct task_state_segment tss;
};

extern char trap_entries[], trap_system_call[], trap_compatibility_call[];

static _Alignas(16) struct gate idt[256];

void descriptor_tables_init(void)
{
    for (unsigned int vector = 0; vector < 256; vector++) {
        uint64_t entry = (uint64_t)trap_entries + 16ull * vector;
        uint16_t attributes = GATE_INTERRUPT;
        switch (vector) {
        case VECTOR_DEBUG:
            attributes |= EVENT_STACK_DEBUG;
            break;
        case VECTOR_NMI:
            attributes |= EVENT_STACK_NMI;
            break;
        case VECTOR_DOUBLE_FAULT:
            attributes |= EVENT_STACK_DOUBLE_FAULT;
            break;
        case VECTOR_MACHINE_CHECK:
            attributes |= EVENT_STACK_MACHINE_CHECK;
            break;
        case VECTOR_BREAKPOINT:
        case VECTOR_OVERFLOW:
            attributes |= GATE_USER;
            break;
        default:
            break;
        }
        idt[vector] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = SELECTOR_KERNEL_CODE,
            .attributes = attributes,
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
}

void descriptor_tables_create(struct percpu *percpu)
{
    struct cpu_tables *tables = pool_alloc(sizeof(*tables), 64);
    uint64_t tss = (uint64_t)&tables->tss;

    percpu->tss = &tables->tss;
    percpu->stack_top = page_table_map_stack(percpu->index, 0);
    for (uint32_t stack = EVENT_STACK_NMI; stack <= EVENT_STACK_DEBUG; stack++) {
        tables->tss.ist[stack - 1] = page_table_map_stack(percpu->index, stack);
    }
    tables->tss.rsp[0] = percpu->stack_top;
    tables->tss.io_map_base = sizeof(tables->tss); /* beyond the limit: no port is allowed */

    tables->gdt[SELECTOR_KERNEL_CODE / 8] = DESCRIPTOR_KERNEL_CODE;
    tables->gdt[SELECTOR_KERNEL_DATA / 8] = DESCRIPTOR_KERNEL_DATA;
    tables->gdt[SELECTOR_USER_DATA / 8] = DESCRIPTOR_USER_DATA;
    tables->gdt[SELECTOR_USER_CODE / 8] = DESCRIPTOR_USER_CODE;
    tables->gdt[SELECTOR_TSS / 8] =
        DESCRIPTOR_TSS | (sizeof(tables->tss) - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
    tables->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

void descriptor_tables_load(struct percpu *percpu)
{
    const struct cpu_tables *tables =
        (const struct cpu_tables *)(const void *)((char *)percpu->tss - offsetof(struct cpu_tables, tss));
    struct table_pointer gdt = {.limit = sizeof(tables->gdt) - 1, .base = (uint64_t)tables->gdt};
    struct table_pointer idt_pointer = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};

    __asm__ volatile("lgdt %0\n\t"
                     "lidt %1\n\t"
                     "mov %w3, %%ss\n\t"
                     "mov %w4, %%ds\n\t"
                     "mov %w4, %%es\n\t"
                     "mov %w4, %%fs\n\t"
                     "mov %w4, %%gs\n\t"
                     "push %2\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "ltr %w5"
                     :
                     : "m"(gdt), "m"(idt_pointer), "r"((uint64_t)SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA),
                       "r"(0), "r"(SELECTOR_TSS)
                     : "rax", "memory");
    __asm__ volatile("lldt %w0" : : "r"(0));
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    wrmsr(MSR_GS_BASE, (uint64_t)percpu);
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_SYSRET_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)trap_system_call);
    wrmsr(MSR_CSTAR, (uint64_t)trap_compatibility_call);
    wrmsr(MSR_SFMASK, SYSCALL_FLAG_MASK);
}
