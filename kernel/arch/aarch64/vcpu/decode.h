/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks, decodings and conversions that depend on nothing but their arguments. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vcpu.h>

/* --- State that the VMM gives --- */

/* PSTATE as the guest may have it: an AArch64 mode of EL1 or EL0, or where the CPU has it AArch32 at EL0, and
 * only bits that mean something there. False: another mode; an exception return to it would be illegal. */
bool vcpu_pstate_valid(uint64_t *pstate, bool aarch32_el0);

/* MDSCR_EL1: software step and its kernel enable (SS, KDE) and the trap of the debug channel (TDCC). */
#define VCPU_MDSCR_MASK ((1ull << 0) | (1ull << 12) | (1ull << 13))

uint64_t vcpu_mpidr_valid(uint64_t mpidr);

/* --- Exits --- */

/* What the VMM must do about an exception that the guest took to EL2. */
enum vcpu_exit_kind vcpu_classify(uint64_t esr);
/* Bytes of the instruction: 4, or 2 for a short one of AArch32. */
uint32_t vcpu_instruction_length(uint64_t esr);
/* Whether ELR_EL2 is behind the instruction already: HVC. */
bool vcpu_returns_behind(uint64_t esr);

/* Of an abort (ESR_EL2.EC 0x20, 0x24) of stage 2. */
enum vcpu_abort {
    VCPU_ABORT_NOT_MAPPED,   /* translation or access flag fault: HPFAR_EL2 is valid */
    VCPU_ABORT_PERMISSION,   /* HPFAR_EL2 is valid only if the page walk did it */
    VCPU_ABORT_TLB_CONFLICT, /* two translations at once: the guest's tables; gone after TLB invalidation */
    VCPU_ABORT_OTHER,        /* external aborts, and what cannot be mended by mapping something */
};
enum vcpu_abort vcpu_abort_kind(uint64_t esr);
/* Access and transfer; gpa from HPFAR_EL2 and FAR_EL2. */
struct vcpu_exit_memory vcpu_decode_memory(uint64_t esr, uint64_t far, uint64_t hpfar);
struct vcpu_exit_system_register vcpu_decode_system_register(uint64_t esr);

/* encoding in struct vcpu_exit_system_register. */
#define VCPU_SYSREG(op0, op1, crn, crm, op2)                                                                           \
    ((uint32_t)(op0) << 20 | (uint32_t)(op2) << 17 | (uint32_t)(op1) << 14 | (uint32_t)(crn) << 10 |                   \
     (uint32_t)(crm) << 1)
#define VCPU_SYSREG_ICC_SGI1R VCPU_SYSREG(3, 0, 12, 11, 5)
#define VCPU_SYSREG_ICC_SRE   VCPU_SYSREG(3, 0, 12, 12, 5)
/* Index 0..55 among the ID registers (Op0 3, Op1 0, CRn 0, CRm 1..7), or -1. */
int32_t vcpu_id_register(uint32_t encoding);
#define VCPU_ID_REGISTERS 56u
/* The features in a host's ID register that vCPUs can have: those whose state the kernel switches and whose
 * use it does not trap. index: as above; sve: guests can have SVE. */
uint64_t vcpu_id_register_limit(uint32_t index, uint64_t value, bool sve);

/* --- Software-generated interrupts --- */

/* A write of ICC_SGI1R_EL1 (IHI 0069) or GICD_SGIR (IHI 0048 §4.3.15), decoded. */
struct vcpu_sgi {
    uint32_t intid; /* 0..15 */
    bool all_others;
    bool self_only;
    uint32_t cpus;    /* GICv2: vCPUs by number, 8 bits */
    uint64_t cluster; /* GICv3: Aff3..Aff1 in MPIDR's places */
    uint32_t first;   /* GICv3: Aff0 of bit 0 of targets */
    uint32_t targets; /* GICv3: 16 bits */
};
struct vcpu_sgi vcpu_decode_sgi1r(uint64_t value);
struct vcpu_sgi vcpu_decode_sgir(uint32_t value);
/* Whether the interrupt goes to this vCPU. is_sender: it sent it. */
bool vcpu_sgi_reaches_v3(const struct vcpu_sgi *sgi, uint64_t mpidr, bool is_sender);
bool vcpu_sgi_reaches_v2(const struct vcpu_sgi *sgi, uint32_t id, bool is_sender);

/* --- List registers --- */

#define LIST_INTID(list)    ((uint32_t)(list))
#define LIST_PHYSICAL_SHIFT 32
#define LIST_PHYSICAL(list) ((uint32_t)((list) >> LIST_PHYSICAL_SHIFT) & 0x1fffu)
#define LIST_SOURCE(list)   ((uint32_t)((list) >> 32) & 7u)
#define LIST_PRIORITY_SHIFT 48
#define LIST_GROUP1         (1ull << 60)
/* GICv2 guests that know of no security have all their interrupts in group 0. */
#define LIST_GROUP(version) ((version) == 2 ? 0 : LIST_GROUP1)
#define LIST_HARDWARE       (1ull << 61)
#define LIST_PENDING        (1ull << 62)
#define LIST_ACTIVE         (1ull << 63)
#define LIST_STATE          (LIST_PENDING | LIST_ACTIVE)

/* What the VMM may have in a list register: no bits that mean nothing, and as a hardware interrupt only the
 * virtual timer's, GUEST_PPI_VIRTUAL_TIMER, which on this host is `timer` (0: not that either). */
uint64_t vcpu_list_valid(uint64_t list, uint32_t version, uint32_t timer);
/* Between the neutral layout and GICv2's (IHI 0048 §5.3.10, GICH_LRn). */
uint32_t vcpu_list_to_v2(uint64_t list);
/* The state bits alone, in the neutral place. */
uint64_t vcpu_list_state_of_v2(uint32_t register_value);

/* Whether a CPU (MIDR_EL1) may carry out an AT instruction ahead of time, and keep what it finds with registers
 * of which some are a guest's and some are not: switch.c. */
bool vcpu_walks_early(uint64_t midr);
