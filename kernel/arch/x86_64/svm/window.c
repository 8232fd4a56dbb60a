/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt and NMI windows: exits at the moment when the guest can take one.
 *
 * Interrupts: a virtual interrupt that is intercepted (APM vol. 2 §15.21.4). One
 * that is not intercepted delivers an interrupt where VMRUN's own way of injecting
 * them cannot be relied upon.
 *
 * A processor that forgets an interrupt shadow over a host interrupt is helped:
 * the instruction in the shadow is stepped over first.
 *
 * NMIs: the processor does not track whether the guest is in an NMI handler, so
 * the handler's IRET is intercepted, and then stepped over by RFLAGS.TF.
 */
#include "svm.h"

#define DR6_BS           (1ull << 14)
#define DR6_BREAKPOINTS  0xfull
#define PRIORITY_HIGHEST 0xfu

/* A request of the highest priority, whatever the TPR. */
#define REQUEST (VIRTUAL_IRQ | VIRTUAL_IGNORE_TPR | VIRTUAL_INTERRUPT_PRIORITY(PRIORITY_HIGHEST))

static void set_virtual_interrupt(struct vmcb *vmcb, uint64_t request, uint32_t intercept)
{
    uint64_t fields = VIRTUAL_IRQ | VIRTUAL_PRIORITY_MASK | VIRTUAL_IGNORE_TPR | VIRTUAL_VECTOR_MASK;
    vmcb->virtual_interrupt = (vmcb->virtual_interrupt & ~fields) | request;
    vmcb->intercept3 = (vmcb->intercept3 & ~INTERCEPT_VINTR) | intercept;
    vmcb->clean &= ~(CLEAN_INTERCEPTS | CLEAN_TPR);
}

static void arm_interrupt_window(struct vcpu_hardware *hardware, uint32_t window)
{
    set_virtual_interrupt(hardware->vmcb, window != 0 ? REQUEST : 0, window != 0 ? INTERCEPT_VINTR : 0);
    hardware->window = window;
}

void svm_request_interrupt(struct vcpu_hardware *hardware, uint32_t vector)
{
    set_virtual_interrupt(hardware->vmcb, REQUEST | VIRTUAL_VECTOR(vector), 0);
    hardware->window = 0;
}

bool svm_interrupt_taken(struct vcpu_hardware *hardware)
{
    bool taken = (hardware->vmcb->virtual_interrupt & VIRTUAL_IRQ) == 0;
    set_virtual_interrupt(hardware->vmcb, 0, 0);
    return taken;
}

static void begin_step(struct vcpu_hardware *hardware, uint32_t reason)
{
    struct vmcb *vmcb = hardware->vmcb;
    hardware->attention |= reason;
    if ((hardware->attention & SVM_STEPPING) != 0) {
        return;
    }
    hardware->attention |= SVM_STEPPING;
    if ((vmcb->rflags & RFLAGS_TF) != 0) {
        hardware->attention |= SVM_STEP_WAS_TRACED;
    } else {
        hardware->hidden_flags = RFLAGS_TF;
    }
    vmcb->rflags |= RFLAGS_TF;
}

static void end_step(struct vcpu_hardware *hardware)
{
    if ((hardware->attention & SVM_STEP_SHADOW) != 0) {
        hardware->shadow_rip = SVM_NO_SHADOW;
    }
    hardware->attention &= ~(uint32_t)(SVM_STEPPING | SVM_STEP_WAS_TRACED | SVM_STEP_TO_NMI | SVM_STEP_SHADOW);
    hardware->vmcb->rflags &= ~hardware->hidden_flags;
    hardware->hidden_flags = 0;
}

void svm_update_windows(struct vcpu_hardware *hardware, uint32_t interrupt_window, bool nmi_window)
{
    uint32_t open = (hardware->attention & SVM_STEP_SHADOW) == 0 ? interrupt_window : 0;
    if (hardware->window != open) {
        arm_interrupt_window(hardware, open);
    }
    /* An interrupt shadow delays an NMI by one instruction. */
    if (nmi_window && (hardware->attention & (SVM_NMI_BLOCKED | SVM_STEPPING)) == 0) {
        begin_step(hardware, SVM_STEP_TO_NMI);
    }
}

void svm_step_shadow(struct vcpu_hardware *hardware)
{
    begin_step(hardware, SVM_STEP_SHADOW);
    svm_update_windows(hardware, 0, false);
}

void svm_nmi_delivered(struct vcpu_hardware *hardware)
{
    hardware->attention |= SVM_NMI_BLOCKED;
    hardware->vmcb->intercept3 |= INTERCEPT_IRET;
    hardware->vmcb->clean &= ~CLEAN_INTERCEPTS;
}

void svm_nmi_undelivered(struct vcpu_hardware *hardware)
{
    hardware->attention &= ~(uint32_t)SVM_NMI_BLOCKED;
    hardware->vmcb->intercept3 &= ~INTERCEPT_IRET;
    hardware->vmcb->clean &= ~CLEAN_INTERCEPTS;
}

void svm_handle_iret(struct vcpu_hardware *hardware)
{
    hardware->vmcb->intercept3 &= ~INTERCEPT_IRET;
    hardware->vmcb->clean &= ~CLEAN_INTERCEPTS;
    begin_step(hardware, SVM_STEP_TO_NMI);
}

void svm_cancel_step(struct vcpu_hardware *hardware)
{
    uint32_t to_nmi = SVM_STEPPING | SVM_STEP_TO_NMI | SVM_NMI_BLOCKED;
    if ((hardware->attention & to_nmi) == to_nmi) {
        /* The IRET did not complete: it is to exit again. */
        svm_nmi_delivered(hardware);
    }
    end_step(hardware);
}

bool svm_handle_step(struct vcpu_hardware *hardware)
{
    struct vmcb *vmcb = hardware->vmcb;
    bool traced = (hardware->attention & SVM_STEP_WAS_TRACED) != 0;
    if ((hardware->attention & SVM_STEP_TO_NMI) != 0) {
        hardware->attention &= ~(uint32_t)SVM_NMI_BLOCKED;
    }
    end_step(hardware);
    if (traced) {
        return false;
    }
    vmcb->dr6 &= ~DR6_BS;
    vmcb->clean &= ~CLEAN_DEBUG;
    /* Something that the guest itself asked for may have come with it, or instead. */
    return (vmcb->dr6 & DR6_BREAKPOINTS) == 0;
}
