/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodings and bits of AArch64's system registers (Arm ARM DDI 0487, ch. C5 and D19). */
#pragma once

#include <stdint.h>

/* A system register or instruction as struct vcpu_exit_system_register.encoding has it. */
#define SYSREG(op0, op1, crn, crm, op2)                                                                                \
    ((uint32_t)(op0) << 20 | (uint32_t)(op2) << 17 | (uint32_t)(op1) << 14 | (uint32_t)(crn) << 10 |                   \
     (uint32_t)(crm) << 1)
#define SYSREG_OP0(encoding) ((encoding) >> 20 & 3u)
#define SYSREG_OP2(encoding) ((encoding) >> 17 & 7u)
#define SYSREG_OP1(encoding) ((encoding) >> 14 & 7u)
#define SYSREG_CRN(encoding) ((encoding) >> 10 & 15u)
#define SYSREG_CRM(encoding) ((encoding) >> 1 & 15u)

/* PSTATE, as in SPSR_EL1 */
#define PSTATE_MODE_MASK 0x1full
#define PSTATE_EL0       0x00ull
#define PSTATE_EL1T      0x04ull
#define PSTATE_EL1H      0x05ull
#define PSTATE_AARCH32   (1ull << 4)
#define PSTATE_DAIF      (0xfull << 6)
#define PSTATE_BTYPE     (3ull << 10)
#define PSTATE_SSBS      (1ull << 12)
#define PSTATE_IL        (1ull << 20)
#define PSTATE_SS        (1ull << 21)
#define PSTATE_PAN       (1ull << 22)
#define PSTATE_UAO       (1ull << 23)
#define PSTATE_DIT       (1ull << 24)
#define PSTATE_FLAGS     (0xfull << 28)

#define SCTLR_M     (1ull << 0)
#define SCTLR_SPAN  (1ull << 23)
#define SCTLR_DSSBS (1ull << 44)
/* Bits that are one where nothing else is said: MMU and caches off, little-endian. */
#define SCTLR_RESET 0x30d00800ull

#define TCR_T0SZ(tcr) ((uint32_t)(tcr)&0x3fu)
#define TCR_T1SZ(tcr) ((uint32_t)((tcr) >> 16) & 0x3fu)
#define TCR_EPD0      (1ull << 7)
#define TCR_EPD1      (1ull << 23)
#define TCR_TG0(tcr)  ((uint32_t)((tcr) >> 14) & 3u)
#define TCR_TG1(tcr)  ((uint32_t)((tcr) >> 30) & 3u)
#define TCR_TBI0      (1ull << 37)
#define TCR_TBI1      (1ull << 38)
#define TCR_HA        (1ull << 39)
#define TCR_HD        (1ull << 40)
#define TCR_HPD0      (1ull << 41)
#define TCR_HPD1      (1ull << 42)

#define MPIDR_RES1     (1ull << 31)
#define MPIDR_AFFINITY 0xff00ffffffull

/* ESR_ELx */
#define ESR_EC_SHIFT 26u
#define ESR_IL       (1ull << 25)
enum esr_class {
    ESR_EC_UNKNOWN = 0x00,
    ESR_EC_FETCH_ABORT_LOWER = 0x20,
    ESR_EC_FETCH_ABORT = 0x21,
    ESR_EC_DATA_ABORT_LOWER = 0x24,
    ESR_EC_DATA_ABORT = 0x25,
    ESR_EC_SERROR = 0x2f,
};
#define ESR_ABORT_STATUS      0x3full
#define ESR_ABORT_WRITE       (1ull << 6)  /* WnR */
#define ESR_ABORT_FAR_INVALID (1ull << 10) /* FnV */

/* Fault status codes (DDI 0487, ISS encoding for an exception from a Data Abort). */
enum fault_status {
    FAULT_ADDRESS_SIZE = 0x00, /* + level */
    FAULT_TRANSLATION = 0x04,  /* + level */
    FAULT_ACCESS_FLAG = 0x08,  /* + level */
    FAULT_PERMISSION = 0x0c,   /* + level */
    FAULT_EXTERNAL = 0x10,
    FAULT_EXTERNAL_WALK = 0x14, /* + level */
};

#define TIMER_ENABLE (1ull << 0)
#define TIMER_IMASK  (1ull << 1)
#define TIMER_STATUS (1ull << 2)
