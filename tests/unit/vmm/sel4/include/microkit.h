/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vmm/hv/sel4/vcpu_aarch64.c uses of a Microkit SDK's headers, for tests on the
 * host: the names are the SDK's, the numbers are not. fake_kernel.c is behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t seL4_Word;
typedef int8_t seL4_Bool;
typedef uint8_t seL4_Uint8;
typedef uint16_t seL4_Uint16;
typedef unsigned int microkit_child;
typedef uint64_t microkit_msginfo; /* the label */

#define seL4_False 0
#define seL4_True  1

typedef enum { seL4_NoError, seL4_DeleteFirst, seL4_RangeError } seL4_Error;

/* In the order in which seL4 copies them. */
typedef struct seL4_UserContext_ {
    seL4_Word pc, sp, spsr, x0, x1, x2, x3, x4, x5, x6, x7, x8, x16, x17, x18, x29, x30;
    seL4_Word x9, x10, x11, x12, x13, x14, x15, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
    seL4_Word tpidr_el0, tpidrro_el0;
} seL4_UserContext;

#define BASE_VM_TCB_CAP 266u
#define BASE_VCPU_CAP   330u

enum {
    seL4_Fault_UnknownSyscall = 2,
    seL4_Fault_VMFault = 6,
    seL4_Fault_VGICMaintenance,
    seL4_Fault_VCPUFault,
    seL4_Fault_VPPIEvent
};
enum { seL4_VMFault_IP, seL4_VMFault_Addr, seL4_VMFault_PrefetchFault, seL4_VMFault_FSR };
enum { seL4_VCPUFault_HSR, seL4_VGICMaintenance_IDX = 0, seL4_VPPIEvent_IRQ = 0 };

enum {
    seL4_VCPUReg_SCTLR = 1,
    seL4_VCPUReg_CPACR,
    seL4_VCPUReg_TTBR0,
    seL4_VCPUReg_TTBR1,
    seL4_VCPUReg_TCR,
    seL4_VCPUReg_MAIR,
    seL4_VCPUReg_AMAIR,
    seL4_VCPUReg_CIDR,
    seL4_VCPUReg_AFSR0,
    seL4_VCPUReg_AFSR1,
    seL4_VCPUReg_ESR,
    seL4_VCPUReg_FAR,
    seL4_VCPUReg_PAR,
    seL4_VCPUReg_VBAR,
    seL4_VCPUReg_TPIDR_EL1,
    seL4_VCPUReg_SP_EL1,
    seL4_VCPUReg_ELR_EL1,
    seL4_VCPUReg_SPSR_EL1,
    seL4_VCPUReg_CNTKCTL_EL1,
    seL4_VCPUReg_CNTV_CTL,
    seL4_VCPUReg_CNTV_CVAL,
    seL4_VCPUReg_CNTVOFF,
    seL4_VCPUReg_VMPIDR_EL2,
    FAKE_VCPU_REGISTERS
};

seL4_Word microkit_mr_get(unsigned int index);
microkit_msginfo microkit_msginfo_get_label(microkit_msginfo message);
void microkit_vcpu_stop(microkit_child child);
seL4_Word microkit_vcpu_arm_read_reg(microkit_child child, seL4_Word reg);
void microkit_vcpu_arm_write_reg(microkit_child child, seL4_Word reg, seL4_Word value);
void microkit_vcpu_arm_ack_vppi(microkit_child child, seL4_Word irq);
seL4_Error seL4_TCB_ReadRegisters(seL4_Word cap, seL4_Bool suspend, seL4_Uint8 flags, seL4_Word count,
                                  seL4_UserContext *registers);
seL4_Error seL4_TCB_WriteRegisters(seL4_Word cap, seL4_Bool resume, seL4_Uint8 flags, seL4_Word count,
                                   seL4_UserContext *registers);
seL4_Error seL4_TCB_Resume(seL4_Word cap);
seL4_Error seL4_ARM_VCPU_InjectIRQ(seL4_Word cap, seL4_Uint16 intid, seL4_Uint8 priority, seL4_Uint8 group,
                                   seL4_Uint8 index);
