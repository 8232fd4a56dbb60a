/* SPDX-License-Identifier: BSD-2-Clause */
/* System register values that assembly and C share (Arm ARM DDI 0487, D17.2). */
#pragma once

/* Of the CPU that boots, in bytes: verifying signatures takes most of it. */
#define BOOT_STACK_SIZE      0x30000
#define SECONDARY_STACK_SIZE 0x1000

/* MAIR_EL2: attribute 0 is Device-nGnRE, 1 normal write-back, 2 normal non-cacheable. */
#define MAIR_VALUE 0x44ff04

/* SCTLR_EL2: RES1 bits, and I, SA, C, M. Unaligned accesses are allowed where memory is normal. */
#define SCTLR_RES1 0x30c50830
#define SCTLR_ON   (SCTLR_RES1 | 0x100d)
#define SCTLR_OFF  SCTLR_RES1

/* HCR_EL2: RW, so that EL1 is in AArch64 state; E2H and TGE are 0. */
#define HCR_SHIFT_RW 31
#define HCR_E2H      (1ull << 34) /* in C only */

/* CPTR_EL2, E2H = 0: RES1 bits (TZ and TSM, which trap SVE and SME, are among them), and TFP, which traps vectors. */
#define CPTR_RES1 0x33ff
#define CPTR_TFP  (1 << 10)

/* CNTHCTL_EL2, E2H = 0: EL1 may read the physical counter and use the physical timer. */
#define CNTHCTL_VALUE 3
