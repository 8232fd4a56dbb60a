/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest state of an x86-64 vCPU, as the VMM sees it (see <skyscope/vcpu.h>). */
#pragma once

#include <stdint.h>

enum vcpu_state_group {
    VCPU_STATE_BASIC = 1u << 0,      /* rip, rsp, rflags, rax, interrupt_shadow, cr8 */
    VCPU_STATE_CONTROL = 1u << 1,    /* cr0, cr2, cr3, cr4, efer, cpl */
    VCPU_STATE_SEGMENTS = 1u << 2,   /* es..gs, tr, ldtr, gdtr, idtr */
    VCPU_STATE_SYSCALL = 1u << 3,    /* star, lstar, cstar, sfmask, kernel_gs_base, sysenter_* */
    VCPU_STATE_DEBUG = 1u << 4,      /* dr0..dr3, dr6, dr7 */
    VCPU_STATE_MISC = 1u << 5,       /* pat, tsc_offset, tsc_aux, xcr0, xss, spec_ctrl */
    VCPU_STATE_FPU = 1u << 6,        /* reset the FPU state to its initial value (dirty only) */
    VCPU_STATE_INTERCEPTS = 1u << 7, /* intercept_* below (dirty only) */
    VCPU_STATE_ALL = 0xff,
};

struct vcpu_segment {
    uint16_t selector;
    /* Bits 7:0 type, S, DPL, P; bits 11:8 AVL, L, D/B, G (the VMCB's packing:
     * descriptor bits 47:40 and 55:52). */
    uint16_t attributes;
    uint32_t limit; /* bytes - 1, granularity applied */
    uint64_t base;
};

enum vcpu_gpr {
    VCPU_RAX,
    VCPU_RCX,
    VCPU_RDX,
    VCPU_RBX,
    VCPU_RSP,
    VCPU_RBP,
    VCPU_RSI,
    VCPU_RDI,
    VCPU_R8,
    VCPU_R9,
    VCPU_R10,
    VCPU_R11,
    VCPU_R12,
    VCPU_R13,
    VCPU_R14,
    VCPU_R15,
    VCPU_GPR_COUNT,
};

enum vcpu_intercepts {
    VCPU_INTERCEPT_PAUSE = 1u << 0,
    VCPU_INTERCEPT_RDTSC = 1u << 1,
    VCPU_INTERCEPT_HALT = 1u << 2, /* set at reset */
};

/* What the kernel underneath cannot do for guests. It says so before a vCPU's first run; the VMM then does not offer
 * it. 0: nothing, as on the built-in kernel. */
enum vcpu_limits {
    VCPU_LIMIT_TSC = 1u << 0,   /* tsc_offset and tsc_aux have no effect: guests see the host's TSC */
    VCPU_LIMIT_XSAVE = 1u << 1, /* xcr0 has no effect: x87 and SSE state only */
};

struct vcpu_arch_state {
    /* Encoding order of the instruction set. gpr[VCPU_RSP] and gpr[VCPU_RAX]
     * belong to VCPU_STATE_BASIC; the others are live without any dirty bit. */
    uint64_t gpr[VCPU_GPR_COUNT];
    /* VCPU_STATE_BASIC */
    uint64_t rip;
    uint64_t rflags;
    uint32_t interrupt_shadow; /* 1: STI or MOV SS has just run */
    uint32_t cr8;              /* task priority, 0..15 */
    /* VCPU_STATE_CONTROL */
    uint64_t cr0, cr2, cr3, cr4;
    uint64_t efer; /* without SVME, which the kernel owns */
    uint32_t cpl;
    uint32_t cs_attributes; /* cs.attributes, read only: tells 16, 32 and 64-bit code apart */
    /* VCPU_STATE_SEGMENTS */
    struct vcpu_segment es, cs, ss, ds, fs, gs, tr, ldtr, gdtr, idtr;
    /* VCPU_STATE_SYSCALL */
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    /* VCPU_STATE_DEBUG */
    uint64_t dr[4];
    uint64_t dr6, dr7;
    /* VCPU_STATE_MISC */
    uint64_t pat;
    uint64_t tsc_offset; /* guest TSC = host TSC + tsc_offset */
    uint64_t tsc_aux;
    uint64_t xcr0;
    uint64_t xss;
    uint64_t spec_ctrl;
    /* VCPU_STATE_INTERCEPTS */
    uint32_t intercepts; /* enum vcpu_intercepts */
    uint32_t limits;     /* enum vcpu_limits; read only */
};
