/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine control block: AMD APM vol. 2, appendix B. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* VMCB 00Ch: intercept vector 3. */
#define INTERCEPT_INTR     (1u << 0)
#define INTERCEPT_NMI      (1u << 1)
#define INTERCEPT_SMI      (1u << 2)
#define INTERCEPT_INIT     (1u << 3)
#define INTERCEPT_VINTR    (1u << 4)
#define INTERCEPT_RDTSC    (1u << 14)
#define INTERCEPT_RDPMC    (1u << 15)
#define INTERCEPT_CPUID    (1u << 18)
#define INTERCEPT_IRET     (1u << 20)
#define INTERCEPT_INVD     (1u << 22)
#define INTERCEPT_PAUSE    (1u << 23)
#define INTERCEPT_HLT      (1u << 24)
#define INTERCEPT_INVLPGA  (1u << 26)
#define INTERCEPT_IOIO     (1u << 27)
#define INTERCEPT_MSR      (1u << 28)
#define INTERCEPT_TASK     (1u << 29)
#define INTERCEPT_SHUTDOWN (1u << 31)

/* VMCB 010h: intercept vector 4. */
#define INTERCEPT_VMRUN       (1u << 0)
#define INTERCEPT_VMMCALL     (1u << 1)
#define INTERCEPT_VMLOAD      (1u << 2)
#define INTERCEPT_VMSAVE      (1u << 3)
#define INTERCEPT_STGI        (1u << 4)
#define INTERCEPT_CLGI        (1u << 5)
#define INTERCEPT_SKINIT      (1u << 6)
#define INTERCEPT_RDTSCP      (1u << 7)
#define INTERCEPT_WBINVD      (1u << 9)
#define INTERCEPT_MONITOR     (1u << 10)
#define INTERCEPT_MWAIT       (1u << 11)
#define INTERCEPT_MWAIT_ARMED (1u << 12)
#define INTERCEPT_XSETBV      (1u << 13)
#define INTERCEPT_RDPRU       (1u << 14)

/* VMCB 014h: intercept vector 5. */
#define INTERCEPT_INVLPGB         (1u << 0)
#define INTERCEPT_INVLPGB_ILLEGAL (1u << 1)
#define INTERCEPT_TLBSYNC         (1u << 4)

#define VECTOR_DB 1u
#define VECTOR_UD 6u
#define VECTOR_GP 13u
#define VECTOR_AC 17u
#define VECTOR_MC 18u

/* VMCB 05Ch. */
#define TLB_CONTROL_NOTHING    0u
#define TLB_CONTROL_FLUSH_ALL  1u
#define TLB_CONTROL_FLUSH_ASID 3u /* needs flush-by-ASID */

/* VMCB 060h. */
#define VIRTUAL_TPR_MASK                     0xffull
#define VIRTUAL_IRQ                          (1ull << 8)
#define VIRTUAL_INTERRUPT_PRIORITY(priority) ((uint64_t)(priority) << 16)
#define VIRTUAL_PRIORITY_MASK                (0xfull << 16)
#define VIRTUAL_IGNORE_TPR                   (1ull << 20)
#define VIRTUAL_INTERRUPT_MASKING            (1ull << 24)
#define VIRTUAL_VECTOR(vector)               ((uint64_t)(vector) << 32)
#define VIRTUAL_VECTOR_MASK                  (0xffull << 32)

#define NESTED_PAGING_ENABLE (1ull << 0)

/* VMCB 0C0h: a set bit says that the processor may use its cached copy. */
#define CLEAN_INTERCEPTS (1u << 0)
#define CLEAN_MAPS       (1u << 1)
#define CLEAN_ASID       (1u << 2)
#define CLEAN_TPR        (1u << 3)
#define CLEAN_NESTED     (1u << 4)
#define CLEAN_CONTROL    (1u << 5)
#define CLEAN_DEBUG      (1u << 6)
#define CLEAN_TABLES     (1u << 7)
#define CLEAN_SEGMENTS   (1u << 8)
#define CLEAN_CR2        (1u << 9)
#define CLEAN_ALL        0x3ffu

/* Exit codes: appendix C. */
enum svm_exit {
    SVM_EXIT_CR_READ = 0x00,
    SVM_EXIT_CR_WRITE = 0x10,
    SVM_EXIT_DR_READ = 0x20,
    SVM_EXIT_DR_WRITE = 0x30,
    SVM_EXIT_EXCEPTION = 0x40,
    SVM_EXIT_INTR = 0x60,
    SVM_EXIT_NMI = 0x61,
    SVM_EXIT_SMI = 0x62,
    SVM_EXIT_INIT = 0x63,
    SVM_EXIT_VINTR = 0x64,
    SVM_EXIT_RDTSC = 0x6e,
    SVM_EXIT_RDPMC = 0x6f,
    SVM_EXIT_CPUID = 0x72,
    SVM_EXIT_IRET = 0x74,
    SVM_EXIT_INVD = 0x76,
    SVM_EXIT_PAUSE = 0x77,
    SVM_EXIT_HLT = 0x78,
    SVM_EXIT_INVLPGA = 0x7a,
    SVM_EXIT_IOIO = 0x7b,
    SVM_EXIT_MSR = 0x7c,
    SVM_EXIT_TASK_SWITCH = 0x7d,
    SVM_EXIT_SHUTDOWN = 0x7f,
    SVM_EXIT_VMRUN = 0x80,
    SVM_EXIT_VMMCALL = 0x81,
    SVM_EXIT_VMLOAD = 0x82,
    SVM_EXIT_VMSAVE = 0x83,
    SVM_EXIT_STGI = 0x84,
    SVM_EXIT_CLGI = 0x85,
    SVM_EXIT_SKINIT = 0x86,
    SVM_EXIT_RDTSCP = 0x87,
    SVM_EXIT_WBINVD = 0x89,
    SVM_EXIT_MONITOR = 0x8a,
    SVM_EXIT_MWAIT = 0x8b,
    SVM_EXIT_MWAIT_ARMED = 0x8c,
    SVM_EXIT_XSETBV = 0x8d,
    SVM_EXIT_RDPRU = 0x8e,
    SVM_EXIT_INVLPGB = 0xa0,
    SVM_EXIT_INVLPGB_ILLEGAL = 0xa1,
    SVM_EXIT_TLBSYNC = 0xa4,
    SVM_EXIT_NPF = 0x400,
};
/* The lower half of EXITCODE counts: QEMU does not extend these to 64 bits. */
#define SVM_EXIT_INVALID 0xffffffffu
#define SVM_EXIT_BUSY    0xfffffffeu

/* EXITINFO1 of #NPF: a page-fault error code and more (APM vol. 2 §15.25.6). */
#define NPF_WRITE (1ull << 1)
#define NPF_FETCH (1ull << 4)
#define NPF_WALK  (1ull << 33)

/* EXITINFO1 of IOIO (§15.10.2). */
#define IOIO_IN            (1ull << 0)
#define IOIO_STRING        (1ull << 2)
#define IOIO_REPEAT        (1ull << 3)
#define IOIO_WIDTH_SHIFT   4
#define IOIO_ADDRESS_SHIFT 7
#define IOIO_SEGMENT_SHIFT 10
#define IOIO_PORT_SHIFT    16

/* EXITINFO1 of MOV CR with decode assists (§15.33.1). */
#define CR_ACCESS_MOV (1ull << 63)

struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes;
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    /* Control area. */
    uint16_t intercept_cr_read, intercept_cr_write; /* 000 */
    uint16_t intercept_dr_read, intercept_dr_write; /* 004 */
    uint32_t intercept_exceptions;                  /* 008 */
    uint32_t intercept3, intercept4, intercept5;    /* 00C */
    uint8_t reserved0[0x3c - 0x18];
    uint16_t pause_filter_threshold, pause_filter_count; /* 03C */
    uint64_t iopm_base;                                  /* 040 */
    uint64_t msrpm_base;                                 /* 048 */
    uint64_t tsc_offset;                                 /* 050 */
    uint32_t asid;                                       /* 058 */
    uint32_t tlb_control;                                /* 05C */
    uint64_t virtual_interrupt;                          /* 060 */
    uint64_t interrupt_shadow;                           /* 068 */
    uint64_t exit_code;                                  /* 070 */
    uint64_t exit_info1;                                 /* 078 */
    uint64_t exit_info2;                                 /* 080 */
    uint64_t exit_event;                                 /* 088: EXITINTINFO */
    uint64_t nested_control;                             /* 090 */
    uint8_t reserved1[0xa8 - 0x98];
    uint64_t event;       /* 0A8: EVENTINJ */
    uint64_t nested_cr3;  /* 0B0 */
    uint64_t lbr_control; /* 0B8 */
    uint32_t clean;       /* 0C0 */
    uint32_t reserved2;
    uint64_t next_rip;         /* 0C8 */
    uint8_t fetched_count;     /* 0D0 */
    uint8_t fetched_bytes[15]; /* 0D1 */
    uint8_t reserved3[0x400 - 0xe0];
    /* State save area. */
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 400 */
    uint8_t reserved4[0x4cb - 0x4a0];
    uint8_t cpl; /* 4CB */
    uint32_t reserved5;
    uint64_t efer; /* 4D0 */
    uint8_t reserved6[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip; /* 548 */
    uint8_t reserved7[0x5d8 - 0x580];
    uint64_t rsp; /* 5D8 */
    uint64_t s_cet, ssp, isst_address;
    uint64_t rax;                                        /* 5F8 */
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base; /* 600 */
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2; /* 640 */
    uint8_t reserved8[0x668 - 0x648];
    uint64_t g_pat;    /* 668 */
    uint64_t debugctl; /* 670 */
    uint64_t branch_from, branch_to, exception_from, exception_to;
    uint8_t reserved9[0x6e0 - 0x698];
    uint64_t spec_ctrl; /* 6E0 */
    uint8_t reserved10[0x1000 - 0x6e8];
};

_Static_assert(offsetof(struct vmcb, iopm_base) == 0x40, "VMCB");
_Static_assert(offsetof(struct vmcb, virtual_interrupt) == 0x60, "VMCB");
_Static_assert(offsetof(struct vmcb, event) == 0xa8, "VMCB");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "VMCB");
_Static_assert(offsetof(struct vmcb, tr) == 0x490, "VMCB");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "VMCB");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "VMCB");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "VMCB");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "VMCB");
_Static_assert(offsetof(struct vmcb, spec_ctrl) == 0x6e0, "VMCB");
_Static_assert(sizeof(struct vmcb) == 0x1000, "VMCB");
