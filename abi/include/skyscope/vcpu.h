/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPU page: 4 KiB shared by the kernel and the VMM thread that runs the
 * vCPU. The kernel fills the exit part when skyscope_vcpu_run() returns with
 * VCPU_RUN_EXIT; the VMM fills the control part before it calls again.
 *
 * The general-purpose registers live here (nothing is copied); other guest
 * state is written back to the vCPU only for the groups named in
 * `control.dirty`, and read into the page at exit only for the groups named in
 * `control.want` (VCPU_STATE_BASIC always). skyscope_vcpu_read() reads groups
 * at any other time.
 *
 * The kernel trusts nothing here: it copies what it needs once, checks it, and
 * answers a bad value with an exit of kind VCPU_EXIT_BAD_STATE.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Chosen by the build: abi/arch/ARCH is on the include path. */
#include <skyscope/arch/vcpu_state.h>

enum vcpu_exit_kind {
    VCPU_EXIT_NONE = 0,
    VCPU_EXIT_MEMORY = 1,  /* access to guest-physical memory that is not mapped so */
    VCPU_EXIT_PORT_IO = 2, /* x86 IN, OUT, INS, OUTS */
    VCPU_EXIT_CPUID = 3,
    VCPU_EXIT_MSR = 4,              /* RDMSR, WRMSR */
    VCPU_EXIT_HYPERCALL = 5,        /* VMMCALL, VMCALL, HVC */
    VCPU_EXIT_HALT = 6,             /* HLT, WFI */
    VCPU_EXIT_INTERRUPT_WINDOW = 7, /* the guest can take an interrupt now */
    VCPU_EXIT_SHUTDOWN = 8,         /* triple fault; state undefined afterwards */
    VCPU_EXIT_CONTROL_REGISTER = 9, /* MOV to or from a control register */
    VCPU_EXIT_SET_XCR = 10,         /* XSETBV */
    VCPU_EXIT_EXCEPTION = 11,       /* an intercepted exception */
    VCPU_EXIT_INSTRUCTION = 12,     /* an intercepted instruction that none of the others names */
    VCPU_EXIT_SYSTEM_REGISTER = 13, /* AArch64 MSR, MRS */
    VCPU_EXIT_SECURE_CALL = 14,     /* AArch64 SMC */
    VCPU_EXIT_TASK_SWITCH = 15,
    VCPU_EXIT_NMI_WINDOW = 16, /* the guest can take an NMI now (IRET done) */
    VCPU_EXIT_BAD_STATE = 17,  /* the state that the VMM gave cannot be run */
    VCPU_EXIT_PAUSE = 18,
    VCPU_EXIT_TIMER = 19, /* AArch64: the virtual timer fired and the kernel may not deliver it */
    VCPU_EXIT_KIND_COUNT = 20,
};

/* access bits of struct vcpu_exit_memory, after the page-fault error code */
enum vcpu_memory_access {
    VCPU_ACCESS_READ = 1u << 0,
    VCPU_ACCESS_WRITE = 1u << 1,
    VCPU_ACCESS_FETCH = 1u << 2,
    VCPU_ACCESS_PAGE_WALK = 1u << 3, /* by the guest's page walk, not the final access */
};

struct vcpu_exit_memory {
    uint64_t gpa;
    uint64_t gva;    /* valid where gva_valid */
    uint32_t access; /* enum vcpu_memory_access */
    uint32_t gva_valid;
    /* The transfer between memory and a general register, where the hardware tells
     * (AArch64: ESR_EL2.ISV); width 0: decode the instruction. */
    uint8_t width;          /* bytes: 1, 2, 4 or 8 */
    uint8_t gpr;            /* index in vcpu_arch_state.gpr; 31 on AArch64: the zero register */
    uint8_t sign_extend;    /* 1: of a value read, to register_width */
    uint8_t register_width; /* bytes: 4 (upper half becomes 0) or 8 */
    uint32_t reserved;
};

struct vcpu_exit_port_io {
    uint16_t port;
    uint8_t width;         /* 1, 2 or 4 bytes */
    uint8_t write;         /* 1: OUT/OUTS */
    uint8_t string;        /* 1: INS/OUTS */
    uint8_t repeat;        /* 1: REP prefix */
    uint8_t address_width; /* bytes of the string address: 2, 4 or 8; 0 where not known */
    uint8_t segment;       /* 0 ES 1 CS 2 SS 3 DS 4 FS 5 GS; 0xff where not known */
};

struct vcpu_exit_msr {
    uint32_t index;
    uint32_t write; /* 1: WRMSR */
};

struct vcpu_exit_control_register {
    uint8_t number; /* 0, 2, 3, 4, 8 */
    uint8_t write;
    uint8_t gpr; /* index of the general register; 0xff: decode the instruction */
    uint8_t reserved[5];
};

/* AArch64 MSR, MRS and system instructions. */
struct vcpu_exit_system_register {
    uint32_t encoding; /* ESR_EL2.ISS without Rt and direction: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, CRm 4:1 */
    uint8_t write;     /* 1: MSR */
    uint8_t gpr;       /* 31: the zero register */
    uint16_t reserved;
    /* MRS of an identification register (Op0 3, Op1 0, CRn 0): its value on this CPU, less what the
     * kernel keeps from guests (features whose state it does not switch). Otherwise 0. */
    uint64_t value;
};

/* HVC and SMC; arguments are in general registers. */
struct vcpu_exit_call {
    uint32_t immediate;
    uint32_t reserved;
};

struct vcpu_exit_exception {
    uint32_t vector;        /* x86-64: 0..31; AArch64: ESR_EL2.EC */
    uint32_t error_code;    /* AArch64: ESR_EL2.ISS */
    uint64_t fault_address; /* #PF: CR2; AArch64: FAR_EL2 */
};

#define VCPU_INSTRUCTION_BYTES 15u

struct vcpu_exit {
    uint32_t kind; /* enum vcpu_exit_kind */
    /* Bytes of the instruction that caused the exit; 0: the hardware did not
     * say, the VMM decodes. Where known, next_ip is the address after it. */
    uint32_t instruction_length;
    uint64_t next_ip;
    uint64_t hardware_code; /* SVM EXITCODE, VT-x reason, ESR_EL2: for logs only */
    uint64_t hardware_info; /* EXITINFO1, qualification: for logs only */
    union {
        struct vcpu_exit_memory memory;
        struct vcpu_exit_port_io port_io;
        struct vcpu_exit_msr msr;
        struct vcpu_exit_control_register control_register;
        struct vcpu_exit_exception exception;
        struct vcpu_exit_system_register system_register;
        struct vcpu_exit_call call;
    };
    uint8_t instruction_count; /* valid bytes in instruction, 0: fetch them by GVA */
    uint8_t instruction[VCPU_INSTRUCTION_BYTES];
};

/* Event to inject: bits 7:0 vector, 10:8 type, 11 error code valid, 31 valid,
 * 63:32 error code (AMD APM vol. 2 §15.20; VT-x's layout is the same up to bit 31). */
#define VCPU_EVENT_VALID      (1ull << 31)
#define VCPU_EVENT_ERROR_CODE (1ull << 11)
#define VCPU_EVENT_TYPE(type) ((uint64_t)(type) << 8)
enum vcpu_event_type {
    VCPU_EVENT_INTERRUPT = 0,
    VCPU_EVENT_NMI = 2,
    VCPU_EVENT_EXCEPTION = 3,
    VCPU_EVENT_SOFTWARE = 4,
};

struct vcpu_control {
    uint32_t dirty; /* VCPU_STATE_* groups that the VMM changed; cleared by the kernel */
    uint32_t want;  /* VCPU_STATE_* groups to read at each exit */
    /* Event delivered at the next entry. The kernel clears it once delivered. If
     * an exit interrupted delivery of an event, the kernel puts it here again,
     * so an event found valid here after an exit is owed to the guest: leave it. */
    uint64_t event;
    /* Absolute host clock value at which skyscope_vcpu_run() returns with
     * SKYSCOPE_EVENT_TIMER; 0: none. Kept until it fires or is changed. */
    uint64_t deadline;
    /* Not 0: exit as soon as the guest can take an interrupt, whatever its task
     * priority. The kernel clears it with the exit. */
    uint32_t interrupt_window;
    uint32_t nmi_window; /* 1: exit as soon as the guest can take an NMI */
};

struct vcpu_page {
    struct vcpu_control control;
    struct vcpu_exit exit;
    struct vcpu_arch_state state;
};

_Static_assert(sizeof(struct vcpu_page) <= 4096, "the vCPU page is one page");
