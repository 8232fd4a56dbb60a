/* SPDX-License-Identifier: BSD-2-Clause */
/* VCPU_STATE_BASIC and CONTROL between page and VMCB: part of nearly every exit. */
#pragma once

#include "svm.h"

#define SVM_RFLAGS_DEFINED 0x3f7fd5ull
#define SVM_CR8_MASK       0xfu

static inline void svm_read_basic(struct vcpu_arch_state *state, const struct vcpu_hardware *hardware)
{
    const struct vmcb *vmcb = hardware->vmcb;
    state->gpr[VCPU_RAX] = vmcb->rax;
    state->gpr[VCPU_RSP] = vmcb->rsp;
    state->rip = vmcb->rip;
    state->rflags = vmcb->rflags & ~hardware->hidden_flags;
    state->interrupt_shadow = vmcb->interrupt_shadow & 1;
    state->cr8 = vmcb->virtual_interrupt & SVM_CR8_MASK;
}

static inline void svm_read_control(struct vcpu_arch_state *state, const struct vmcb *vmcb)
{
    state->cr0 = vmcb->cr0;
    state->cr2 = vmcb->cr2;
    state->cr3 = vmcb->cr3;
    state->cr4 = vmcb->cr4;
    state->efer = vmcb->efer & ~EFER_SVME;
    state->cpl = vmcb->cpl;
    state->cs_attributes = vmcb->cs.attributes;
}

static inline void svm_write_basic(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    struct vmcb *vmcb = hardware->vmcb;
    vmcb->rax = state->gpr[VCPU_RAX];
    vmcb->rsp = state->gpr[VCPU_RSP];
    vmcb->rip = state->rip;
    vmcb->rflags = (state->rflags & SVM_RFLAGS_DEFINED) | RFLAGS_RESERVED1 | hardware->hidden_flags;
    vmcb->interrupt_shadow = state->interrupt_shadow & 1;
    uint64_t tpr = state->cr8 & SVM_CR8_MASK;
    if ((vmcb->virtual_interrupt & VIRTUAL_TPR_MASK) != tpr) {
        vmcb->virtual_interrupt = (vmcb->virtual_interrupt & ~VIRTUAL_TPR_MASK) | tpr;
        vmcb->clean &= ~CLEAN_TPR;
    }
}
