/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the virtual interrupt interface: ICH_*_EL2 (Arm IHI 0069, chapter 12) on
 * GICv3, GICH_* in memory (IHI 0048, chapter 5) on GICv2.
 */
#pragma once

#include "vcpu_hardware.h"

#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP0R1_EL2 S3_4_C12_C8_1
#define ICH_AP0R2_EL2 S3_4_C12_C8_2
#define ICH_AP0R3_EL2 S3_4_C12_C8_3
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_AP1R1_EL2 S3_4_C12_C9_1
#define ICH_AP1R2_EL2 S3_4_C12_C9_2
#define ICH_AP1R3_EL2 S3_4_C12_C9_3
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_MISR_EL2  S3_4_C12_C11_2
#define ICH_EISR_EL2  S3_4_C12_C11_3
#define ICH_VMCR_EL2  S3_4_C12_C11_7
#define ICH_LR0_EL2   S3_4_C12_C12_0
#define ICH_LR1_EL2   S3_4_C12_C12_1
#define ICH_LR2_EL2   S3_4_C12_C12_2
#define ICH_LR3_EL2   S3_4_C12_C12_3
#define ICH_LR4_EL2   S3_4_C12_C12_4
#define ICH_LR5_EL2   S3_4_C12_C12_5
#define ICH_LR6_EL2   S3_4_C12_C12_6
#define ICH_LR7_EL2   S3_4_C12_C12_7
#define ICH_LR8_EL2   S3_4_C12_C13_0
#define ICH_LR9_EL2   S3_4_C12_C13_1
#define ICH_LR10_EL2  S3_4_C12_C13_2
#define ICH_LR11_EL2  S3_4_C12_C13_3
#define ICH_LR12_EL2  S3_4_C12_C13_4
#define ICH_LR13_EL2  S3_4_C12_C13_5
#define ICH_LR14_EL2  S3_4_C12_C13_6
#define ICH_LR15_EL2  S3_4_C12_C13_7

/* Words from GICH's start. */
#define GICH_HCR   (0x000 / 4)
#define GICH_VTR   (0x004 / 4)
#define GICH_VMCR  (0x008 / 4)
#define GICH_MISR  (0x010 / 4)
#define GICH_EISR0 (0x020 / 4)
#define GICH_EISR1 (0x024 / 4)
#define GICH_APR   (0x0f0 / 4)
#define GICH_LR0   (0x100 / 4)

/* The same in ICH_HCR_EL2 and GICH_HCR. */
#define INTERFACE_ENABLE    1u
#define INTERFACE_CONDITION (VCPU_GIC_UNDERFLOW | VCPU_GIC_ENTRY_NOT_PRESENT | VCPU_GIC_NO_PENDING)
#define INTERFACE_EOI_COUNT (0x1fu << 27)

#define FOR_EACH_LIST(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15)

static inline bool interface_is_v2(void)
{
    return vcpu_platform.gich != NULL;
}

static inline void interface_write_list(uint32_t index, uint64_t list)
{
    if (interface_is_v2()) {
        vcpu_platform.gich[GICH_LR0 + index] = vcpu_list_to_v2(list);
        return;
    }
    switch (index) {
#define WRITE_LIST(n)                                                                                                  \
    case n:                                                                                                            \
        write_sysreg_s(ICH_LR##n##_EL2, list);                                                                         \
        break;
        FOR_EACH_LIST(WRITE_LIST)
#undef WRITE_LIST
    default:
        break;
    }
}

/* LIST_STATE bits. */
static inline uint64_t interface_read_state(uint32_t index)
{
    if (interface_is_v2()) {
        return vcpu_list_state_of_v2(vcpu_platform.gich[GICH_LR0 + index]);
    }
    switch (index) {
#define READ_LIST(n)                                                                                                   \
    case n:                                                                                                            \
        return read_sysreg_s(ICH_LR##n##_EL2) & LIST_STATE;
        FOR_EACH_LIST(READ_LIST)
#undef READ_LIST
    default:
        return 0;
    }
}

static inline void interface_write_control(uint32_t control)
{
    if (interface_is_v2()) {
        vcpu_platform.gich[GICH_HCR] = control;
    } else {
        write_sysreg_s(ICH_HCR_EL2, control);
    }
}

static inline uint32_t interface_read_control(void)
{
    return interface_is_v2() ? vcpu_platform.gich[GICH_HCR] : (uint32_t)read_sysreg_s(ICH_HCR_EL2);
}

static inline uint32_t interface_read_vmcr(void)
{
    return interface_is_v2() ? vcpu_platform.gich[GICH_VMCR] : (uint32_t)read_sysreg_s(ICH_VMCR_EL2);
}

static inline void interface_write_vmcr(uint32_t value)
{
    if (interface_is_v2()) {
        vcpu_platform.gich[GICH_VMCR] = value;
    } else {
        write_sysreg_s(ICH_VMCR_EL2, value);
    }
}

/* The first word of those of group 1. */
static inline uint32_t interface_read_active_priorities(void)
{
    return interface_is_v2() ? vcpu_platform.gich[GICH_APR] : (uint32_t)read_sysreg_s(ICH_AP1R0_EL2);
}

/* Which conditions for maintenance hold: ICH_MISR_EL2. */
static inline uint32_t interface_read_maintenance(void)
{
    return interface_is_v2() ? vcpu_platform.gich[GICH_MISR] : (uint32_t)read_sysreg_s(ICH_MISR_EL2);
}

/* List registers whose interrupt has ended and asked for maintenance. */
static inline uint32_t interface_read_ended(void)
{
    return interface_is_v2() ? vcpu_platform.gich[GICH_EISR0] & 0xffff : (uint32_t)read_sysreg_s(ICH_EISR_EL2);
}
