/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers (Arm ARM DDI 0487, chapter D19): access, and the fields that the
 * kernel uses in more than one place. */
#pragma once

#ifndef __ASSEMBLER__
#include <stdint.h>

/* name: as the assembler knows it, or S<op0>_<op1>_C<n>_C<m>_<op2>. Volatile, and
 * ordered against each other by the compiler, not by the CPU: that is isb()'s. */
#define read_sysreg(name)                                                                                              \
    ({                                                                                                                 \
        uint64_t sysreg_value_;                                                                                        \
        __asm__ volatile("mrs %0, " #name : "=r"(sysreg_value_));                                                      \
        sysreg_value_;                                                                                                 \
    })
#define write_sysreg(name, value)                                                                                      \
    do {                                                                                                               \
        __asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(value)) : "memory");                                 \
    } while (0)
/* The same with the name expanded first: for registers named by macros below. */
#define read_sysreg_s(name)         read_sysreg(name)
#define write_sysreg_s(name, value) write_sysreg(name, value)
#endif

/* Registers that assemblers of the base architecture do not know by name. */
#define SYSREG_ZCR_EL2      S3_4_C1_C2_0
#define SYSREG_ZCR_EL1      S3_0_C1_C2_0
#define SYSREG_RNDR         S3_3_C2_C4_0
#define SYSREG_ID_AA64ZFR0  S3_0_C0_C4_4
#define SYSREG_ID_AA64MMFR2 S3_0_C0_C7_2
#define SYSREG_AMUSERENR    S3_3_C13_C2_3
/* GICv3 CPU interface (Arm IHI 0069, chapter 12). */
#define SYSREG_ICC_IAR1     S3_0_C12_C12_0
#define SYSREG_ICC_EOIR1    S3_0_C12_C12_1
#define SYSREG_ICC_HPPIR1   S3_0_C12_C12_2
#define SYSREG_ICC_BPR1     S3_0_C12_C12_3
#define SYSREG_ICC_AP1R0    S3_0_C12_C9_0
#define SYSREG_ICC_CTLR     S3_0_C12_C12_4
#define SYSREG_ICC_IGRPEN1  S3_0_C12_C12_7
#define SYSREG_ICC_PMR      S3_0_C4_C6_0
#define SYSREG_ICC_DIR      S3_0_C12_C11_1
#define SYSREG_ICC_SGI1R    S3_0_C12_C11_5
#define SYSREG_ICC_SRE_EL1  S3_0_C12_C12_5
#define SYSREG_ICC_SRE_EL2  S3_4_C12_C9_5

#define HCR_VM        (1ull << 0) /* stage 2 on */
#define HCR_SWIO      (1ull << 1) /* invalidation by set and way cleans, too */
#define HCR_PTW       (1ull << 2) /* page walks through device memory fault */
#define HCR_FMO       (1ull << 3)
#define HCR_IMO       (1ull << 4)
#define HCR_AMO       (1ull << 5)
#define HCR_VF        (1ull << 6)
#define HCR_VI        (1ull << 7)
#define HCR_VSE       (1ull << 8)
#define HCR_FB        (1ull << 9) /* TLB and cache maintenance reaches all CPUs */
#define HCR_BSU_INNER (1ull << 10)
#define HCR_DC        (1ull << 12) /* stage 1 off, all memory write-back */
#define HCR_TWI       (1ull << 13)
#define HCR_TWE       (1ull << 14)
#define HCR_TID0      (1ull << 15)
#define HCR_TID1      (1ull << 16)
#define HCR_TID2      (1ull << 17)
#define HCR_TID3      (1ull << 18)
#define HCR_TSC       (1ull << 19) /* SMC */
#define HCR_TIDCP     (1ull << 20) /* implementation-defined registers */
#define HCR_TACR      (1ull << 21)
#define HCR_TSW       (1ull << 22) /* cache maintenance by set and way */
#define HCR_TPC       (1ull << 23)
#define HCR_TPU       (1ull << 24)
#define HCR_TTLB      (1ull << 25)
#define HCR_TVM       (1ull << 26)
#define HCR_TGE       (1ull << 27) /* exceptions of EL0 come to EL2 */
#define HCR_TDZ       (1ull << 28)
#define HCR_HCD       (1ull << 29)
#define HCR_TRVM      (1ull << 30)
#define HCR_RW        (1ull << 31) /* EL1 is AArch64 */
#define HCR_CD        (1ull << 32)
#define HCR_ID        (1ull << 33)
#define HCR_E2H       (1ull << 34)
#define HCR_TLOR      (1ull << 35)
#define HCR_TERR      (1ull << 36)
#define HCR_TEA       (1ull << 37)
#define HCR_APK       (1ull << 40)
#define HCR_API       (1ull << 41)
#define HCR_FIEN      (1ull << 47)

/*
 * While a PD runs, and in the kernel: EL0 alone beneath EL2, its accesses through
 * stage 2 only, as cacheable memory.
 */
#define HCR_HOST (HCR_RW | HCR_TGE | HCR_DC | HCR_TIDCP | HCR_TSW | HCR_AMO | HCR_IMO | HCR_FMO | HCR_VM)

/*
 * What EL1's and other registers that reach EL0 must hold while a PD runs: HCR_EL2.TGE
 * does not switch off those of SCTLR_EL1's and its like's fields that concern EL0.
 * Whoever runs a guest puts them back (cpu_load_host_registers(), <arch/cpu.h>).
 *
 * SCTLR_EL1: little-endian, caches on, stack aligned; a PD may clean caches (it may
 * have written a guest's code), zero memory by DC ZVA, read CTR_EL0, wait by WFI.
 */
#define SCTLR_EL1_HOST    0x34d5d814ull
#define SCTLR_EL1_M       1ull
/* No walk of tables of stage 1: EPD0, EPD1. It matters where a CPU walks them before it should (vcpu/switch.c). */
#define TCR_EL1_HOST      ((1ull << 7) | (1ull << 23))
#define CPACR_EL1_HOST    ((3ull << 20) | (3ull << 16)) /* FPEN, ZEN: CPTR_EL2 decides alone */
#define CNTKCTL_EL1_HOST  1ull                          /* EL0 may read CNTPCT_EL0 */
/* EL1PCTEN: CNTPCT_EL0 does not trap. EL1PCEN matters not, as CNTKCTL_EL1 keeps EL0 from
 * the physical timer, but QEMU 7.2 asks it, not the other, about CNTPCT_EL0. A guest at
 * EL1 must not have it. */
#define CNTHCTL_EL2_HOST  3ull
#define CNTHCTL_EL2_GUEST 1ull
#define MDSCR_EL1_HOST    (1ull << 12) /* no debugging, no debug channel */

/* CPTR_EL2 with E2H = 0. What the kernel never grants: SME, trace, activity monitors. */
#define CPTR_TZ   (1ull << 8)
#define CPTR_TFP  (1ull << 10)
#define CPTR_BASE (0x32ffull | 1ull << 20 | 1ull << 30)
/* Neither floating point nor SVE: of a PD that may not use them. */
#define CPTR_NONE (CPTR_BASE | CPTR_TFP | CPTR_TZ)

#define ESR_EC(esr)          ((uint32_t)((esr) >> 26) & 0x3fu)
#define ESR_ISS(esr)         ((uint32_t)(esr)&0x1ffffffu)
#define ESR_EC_UNKNOWN       0x00u
#define ESR_EC_WFX           0x01u
#define ESR_EC_FP            0x07u
#define ESR_EC_ILLEGAL_STATE 0x0eu
#define ESR_EC_SVC64         0x15u
#define ESR_EC_HVC64         0x16u
#define ESR_EC_SMC64         0x17u
#define ESR_EC_SYSREG        0x18u
#define ESR_EC_SVE           0x19u
#define ESR_EC_FETCH_LOWER   0x20u
#define ESR_EC_FETCH_SAME    0x21u
#define ESR_EC_PC_ALIGNMENT  0x22u
#define ESR_EC_DATA_LOWER    0x24u
#define ESR_EC_DATA_SAME     0x25u
#define ESR_EC_SP_ALIGNMENT  0x26u
#define ESR_EC_SERROR        0x2fu
#define ESR_EC_BRK64         0x3cu

/* SPSR_ELx and PSTATE. */
#define PSTATE_EL0T 0x0ull
#define PSTATE_EL1T 0x4ull
#define PSTATE_EL1H 0x5ull
#define PSTATE_EL2H 0x9ull
#define PSTATE_MODE 0x1full
#define PSTATE_F    (1ull << 6)
#define PSTATE_I    (1ull << 7)
#define PSTATE_A    (1ull << 8)
#define PSTATE_D    (1ull << 9)
#define PSTATE_DAIF (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_NZCV (0xfull << 28)
#define PSTATE_DIT  (1ull << 24)

/* ISR_EL1: what is pending, masked or not. */
#define ISR_A (1ull << 8)
#define ISR_I (1ull << 7)
#define ISR_F (1ull << 6)

/* Generic timers' control registers. */
#define TIMER_ENABLE 1ull
#define TIMER_MASK   2ull
#define TIMER_STATUS 4ull
