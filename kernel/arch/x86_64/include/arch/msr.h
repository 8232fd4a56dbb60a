/* SPDX-License-Identifier: BSD-2-Clause */
/* Model-specific registers. AMD APM vol. 2 appendix A, Intel SDM vol. 4. */
#pragma once

#include <stdint.h>

#define MSR_TSC               0x10u
#define MSR_APIC_BASE         0x1bu
#define MSR_SPEC_CTRL         0x48u
#define MSR_PRED_CMD          0x49u
#define MSR_ARCH_CAPABILITIES 0x10au
#define MSR_FLUSH_CMD         0x10bu
#define MSR_SYSENTER_CS       0x174u
#define MSR_SYSENTER_ESP      0x175u
#define MSR_SYSENTER_EIP      0x176u
#define MSR_PAT               0x277u
#define MSR_TSC_DEADLINE      0x6e0u
#define MSR_X2APIC_BASE       0x800u
#define MSR_XSS               0xda0u
#define MSR_EFER              0xc0000080u
#define MSR_STAR              0xc0000081u
#define MSR_LSTAR             0xc0000082u
#define MSR_CSTAR             0xc0000083u
#define MSR_SFMASK            0xc0000084u
#define MSR_FS_BASE           0xc0000100u
#define MSR_GS_BASE           0xc0000101u
#define MSR_KERNEL_GS_BASE    0xc0000102u
#define MSR_TSC_AUX           0xc0000103u
#define MSR_VM_CR             0xc0010114u
#define MSR_VM_HSAVE_PA       0xc0010117u

#define EFER_SCE            (1ull << 0)
#define EFER_LME            (1ull << 8)
#define EFER_LMA            (1ull << 10)
#define EFER_NXE            (1ull << 11)
#define EFER_SVME           (1ull << 12)
#define EFER_AUTOMATIC_IBRS (1ull << 21)

#define SPEC_CTRL_IBRS  (1ull << 0)
#define SPEC_CTRL_STIBP (1ull << 1)
#define PRED_CMD_IBPB   (1ull << 0)

#define ARCH_CAPABILITY_IBRS_ALL (1ull << 1)
#define ARCH_CAPABILITY_MDS_NO   (1ull << 5)

static inline uint64_t rdmsr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}
