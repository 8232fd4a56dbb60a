/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vmm/hv/sel4/ and drivers/timer/ use of a Microkit SDK's headers for x86-64, for
 * tests on the host: the names are the SDK's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t seL4_Word;
typedef uint8_t seL4_Uint8;
typedef unsigned int microkit_child;
typedef unsigned int microkit_ioport;
typedef uint64_t microkit_msginfo;

enum {
    SEL4_VMENTER_CALL_EIP_MR,
    SEL4_VMENTER_CALL_CONTROL_PPC_MR,
    SEL4_VMENTER_CALL_INTERRUPT_INFO_MR,
    SEL4_VMENTER_FAULT_REASON_MR,
    SEL4_VMENTER_FAULT_QUALIFICATION_MR,
    SEL4_VMENTER_FAULT_INSTRUCTION_LEN_MR,
    SEL4_VMENTER_FAULT_GUEST_PHYSICAL_MR,
    SEL4_VMENTER_FAULT_RFLAGS_MR,
    SEL4_VMENTER_FAULT_GUEST_INT_MR,
    SEL4_VMENTER_FAULT_CR3_MR,
    SEL4_VMENTER_FAULT_EAX,
    SEL4_VMENTER_FAULT_R15 = SEL4_VMENTER_FAULT_EAX + 14,
    SEL4_VMENTER_NUM_FAULT_MSGS,
};

typedef struct seL4_VCPUContext_ {
    seL4_Word rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
} seL4_VCPUContext;

seL4_Word microkit_mr_get(seL4_Uint8 index);
seL4_Word microkit_vcpu_x86_read_vmcs(microkit_child child, seL4_Word field);
void microkit_vcpu_x86_write_vmcs(microkit_child child, seL4_Word field, seL4_Word value);
void microkit_vcpu_x86_write_msr(microkit_child child, seL4_Word index, seL4_Word value);
void microkit_vcpu_x86_write_regs(microkit_child child, seL4_VCPUContext *registers);
void microkit_vcpu_x86_on(void);
void microkit_vcpu_x86_off(void);
void microkit_x86_ioport_write_8(microkit_ioport port, seL4_Word address, seL4_Word data);
