/* SPDX-License-Identifier: BSD-2-Clause */
/* Global and interrupt descriptor tables, task state segment (AMD APM vol. 2 §4.8, §12.2.5). */
#pragma once

#include <stdint.h>

struct task_state_segment {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[0] is IST 1 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed, aligned(16)));

/* Event stacks, by IST number; also their numbers for page_table_map_stack(). */
enum event_stack { EVENT_STACK_NMI = 1, EVENT_STACK_DOUBLE_FAULT, EVENT_STACK_MACHINE_CHECK, EVENT_STACK_DEBUG };

struct percpu;

/* Boot CPU, once: the IDT, which all CPUs share. */
void descriptor_tables_init(void);
/* Boot CPU, for each CPU: its GDT and TSS, from the pool; maps its stacks. */
void descriptor_tables_create(struct percpu *percpu);
/* Each CPU: loads its own, and GS base, and the registers of SYSCALL. */
void descriptor_tables_load(struct percpu *percpu);
