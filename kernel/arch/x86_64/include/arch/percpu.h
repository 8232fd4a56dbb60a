/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each CPU has for itself, at its GS base while it is in the kernel. User
 * programs run with GS base 0 and cannot change it (CR4.FSGSBASE is clear), so
 * the base's sign tells an entry path which of the two is loaded.
 */
#pragma once

/* Offsets that assembly uses. */
#define PERCPU_SELF      0
#define PERCPU_STACK_TOP 8
#define PERCPU_SCRATCH   16
#define PERCPU_FLAGS     24
#define PERCPU_INDEX     28
#define PERCPU_NMI_COUNT 32
#define PERCPU_CURRENT   64

#define PERCPU_FLAG_SMAP 1 /* entries from user mode clear RFLAGS.AC */
#define PERCPU_FLAG_VERW 2 /* VERW before return to user mode (MDS) */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <kernel/cpu.h>

struct pd;
struct task_state_segment;

struct percpu {
    struct percpu *self;
    uint64_t stack_top; /* of the CPU's one kernel stack */
    uint64_t scratch;   /* user RSP during the first instructions of a system call */
    uint32_t flags;     /* PERCPU_FLAG_* */
    uint32_t index;     /* cpu_id_t: index in hardware_info.cpus */
    uint64_t nmi_count;
    struct task_state_segment *tss;
    uint64_t spec_ctrl;         /* value of MSR_SPEC_CTRL for the host; 0 also if the MSR is not there */
    const struct pd *loaded_pd; /* whose address space is in CR3 */
    struct cpu core;            /* the portable part; its first member is the current thread */
    uint32_t apic_id;
};
_Static_assert(offsetof(struct percpu, self) == PERCPU_SELF, "assembly offset");
_Static_assert(offsetof(struct percpu, stack_top) == PERCPU_STACK_TOP, "assembly offset");
_Static_assert(offsetof(struct percpu, scratch) == PERCPU_SCRATCH, "assembly offset");
_Static_assert(offsetof(struct percpu, flags) == PERCPU_FLAGS, "assembly offset");
_Static_assert(offsetof(struct percpu, index) == PERCPU_INDEX, "assembly offset");
_Static_assert(offsetof(struct percpu, nmi_count) == PERCPU_NMI_COUNT, "assembly offset");
_Static_assert(offsetof(struct percpu, core.current) == PERCPU_CURRENT, "assembly offset");

/* This CPU's. Not volatile: it never changes, so the compiler may keep it. */
static inline struct percpu *current_percpu(void)
{
    struct percpu *p;
    __asm__("mov %%gs:%c1, %0" : "=r"(p) : "i"(PERCPU_SELF));
    return p;
}

static inline struct cpu *current_cpu(void)
{
    return &current_percpu()->core;
}

static inline uint32_t current_cpu_index(void)
{
    uint32_t index;
    __asm__("mov %%gs:%c1, %0" : "=r"(index) : "i"(PERCPU_INDEX));
    return index;
}

#endif
