/* SPDX-License-Identifier: BSD-2-Clause */
/* What each CPU has for itself: TPIDR_EL2 points to it, always. */
#pragma once

/* Offsets that assembly uses. */
#define PERCPU_STACK_TOP     0
#define PERCPU_EMERGENCY_TOP 8
#define PERCPU_INDEX         16
#define PERCPU_CURRENT       64

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/sysreg.h>
#include <kernel/cpu.h>

struct pd;
struct fpu_state;
struct vcpu_cpu; /* the vCPU implementation's own */

struct percpu {
    uint64_t stack_top;     /* of the CPU's one kernel stack */
    uint64_t emergency_top; /* of the stack on which the kernel reports its own death */
    uint32_t index;         /* cpu_id_t: index in hardware_info.cpus */
    bool guest_loaded;      /* see <arch/vcpu_host.h> */
    /* What the registers hold when no guest is loaded: whoever loaded one puts them back. */
    uint64_t vttbr;              /* VTTBR_EL2: of loaded_pd */
    uint64_t cptr;               /* CPTR_EL2: what the current thread may use */
    const struct pd *loaded_pd;  /* NULL: none yet */
    struct fpu_state *fpu_owner; /* whose values the vector registers hold, or NULL */
    struct vcpu_cpu *vcpu;
    /* The portable part; its first member is the current thread. */
    struct cpu core __attribute__((aligned(64)));
    uint64_t mpidr;                   /* affinity fields */
    volatile uint32_t *redistributor; /* GICv3: of this CPU */
    uint8_t gic_target;               /* GICv2: bit of this CPU in GICD_ITARGETSR */
};
_Static_assert(offsetof(struct percpu, stack_top) == PERCPU_STACK_TOP, "assembly offset");
_Static_assert(offsetof(struct percpu, emergency_top) == PERCPU_EMERGENCY_TOP, "assembly offset");
_Static_assert(offsetof(struct percpu, index) == PERCPU_INDEX, "assembly offset");
_Static_assert(offsetof(struct percpu, core.current) == PERCPU_CURRENT, "assembly offset");

/* This CPU's. Not volatile: it never changes, so the compiler may keep it. */
static inline struct percpu *current_percpu(void)
{
    struct percpu *p;
    __asm__("mrs %0, tpidr_el2" : "=r"(p));
    return p;
}

static inline struct cpu *current_cpu(void)
{
    return &current_percpu()->core;
}

static inline uint32_t current_cpu_index(void)
{
    return current_percpu()->index;
}

#endif
