/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest state between the vCPU page and the VMCB. */
#include "basic.h"
#include "svm.h"

#include <base/memory.h>

#define DR6_FIXED       0xffff0ff0ull
#define DR6_DEFINED     0x0000f00full
#define DR7_FIXED       (1ull << 10)
#define DR7_DEFINED     0xffff2bffull
#define DR7_ENABLED     0xffull
#define CR0_RESET       0x60000010ull
#define PAT_RESET       0x0007040600070406ull
#define SEGMENT_DEFINED 0xfffu

#define INTERCEPT3_ALWAYS                                                                                              \
    (INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_INIT | INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD |            \
     INTERCEPT_INVLPGA | INTERCEPT_IOIO | INTERCEPT_MSR | INTERCEPT_TASK | INTERCEPT_SHUTDOWN)
#define INTERCEPT4_ALWAYS                                                                                              \
    (INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE | INTERCEPT_STGI | INTERCEPT_CLGI |     \
     INTERCEPT_SKINIT | INTERCEPT_WBINVD | INTERCEPT_MONITOR | INTERCEPT_MWAIT | INTERCEPT_MWAIT_ARMED |               \
     INTERCEPT_XSETBV | INTERCEPT_RDPRU)
/* #DB and #AC because a guest can make their delivery raise them again for ever
 * (CVE-2015-5307, CVE-2015-8104); #MC because it is the host's. */
#define INTERCEPT_EXCEPTIONS (1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC)

static void get_segment(struct vcpu_segment *to, const struct vmcb_segment *from)
{
    to->selector = from->selector;
    to->attributes = from->attributes;
    to->limit = from->limit;
    to->base = from->base;
}

static void set_segment(struct vmcb_segment *to, const struct vcpu_segment *from)
{
    to->selector = from->selector;
    to->attributes = from->attributes & SEGMENT_DEFINED;
    to->limit = from->limit;
    to->base = from->base;
}

static void read_segments(struct vcpu_arch_state *state, const struct vmcb *vmcb)
{
    get_segment(&state->es, &vmcb->es);
    get_segment(&state->cs, &vmcb->cs);
    get_segment(&state->ss, &vmcb->ss);
    get_segment(&state->ds, &vmcb->ds);
    get_segment(&state->fs, &vmcb->fs);
    get_segment(&state->gs, &vmcb->gs);
    get_segment(&state->tr, &vmcb->tr);
    get_segment(&state->ldtr, &vmcb->ldtr);
    get_segment(&state->gdtr, &vmcb->gdtr);
    get_segment(&state->idtr, &vmcb->idtr);
}

void vcpu_read(struct vcpu *vcpu, uint32_t groups)
{
    const struct vcpu_hardware *hardware = vcpu->hardware;
    const struct vmcb *vmcb = hardware->vmcb;
    struct vcpu_arch_state *state = &vcpu->page->state;
    if ((groups & VCPU_STATE_BASIC) != 0) {
        svm_read_basic(state, hardware);
    }
    if ((groups & ~(uint32_t)VCPU_STATE_BASIC) == 0) {
        return;
    }
    if ((groups & VCPU_STATE_CONTROL) != 0) {
        svm_read_control(state, vmcb);
    }
    if ((groups & VCPU_STATE_SEGMENTS) != 0) {
        read_segments(state, vmcb);
    }
    if ((groups & VCPU_STATE_SYSCALL) != 0) {
        state->star = vmcb->star;
        state->lstar = vmcb->lstar;
        state->cstar = vmcb->cstar;
        state->sfmask = vmcb->sfmask;
        state->kernel_gs_base = vmcb->kernel_gs_base;
        state->sysenter_cs = vmcb->sysenter_cs;
        state->sysenter_esp = vmcb->sysenter_esp;
        state->sysenter_eip = vmcb->sysenter_eip;
    }
    if ((groups & VCPU_STATE_DEBUG) != 0) {
        uint64_t dr[4];
        svm_debug_read(hardware, dr);
        memcpy(state->dr, dr, sizeof(dr));
        state->dr6 = vmcb->dr6;
        state->dr7 = vmcb->dr7;
    }
    if ((groups & VCPU_STATE_MISC) != 0) {
        state->pat = vmcb->g_pat;
        state->tsc_offset = vmcb->tsc_offset;
        state->tsc_aux = hardware->tsc_aux;
        state->xcr0 = fpu_xcr0(hardware->fpu);
        state->xss = 0;
        state->spec_ctrl = svm_platform.virtual_spec_ctrl ? vmcb->spec_ctrl : hardware->spec_ctrl;
    }
}

void svm_set_intercepts(struct vcpu_hardware *hardware, uint32_t intercepts)
{
    struct vmcb *vmcb = hardware->vmcb;
    uint32_t three = vmcb->intercept3 & ~(INTERCEPT_PAUSE | INTERCEPT_RDTSC | INTERCEPT_HLT);
    uint32_t four = vmcb->intercept4 & ~INTERCEPT_RDTSCP;
    three |= (intercepts & VCPU_INTERCEPT_PAUSE) != 0 ? INTERCEPT_PAUSE : 0;
    three |= (intercepts & VCPU_INTERCEPT_HALT) != 0 ? INTERCEPT_HLT : 0;
    if ((intercepts & VCPU_INTERCEPT_RDTSC) != 0) {
        three |= INTERCEPT_RDTSC;
        four |= INTERCEPT_RDTSCP;
    }
    vmcb->intercept3 = three;
    vmcb->intercept4 = four;
    vmcb->clean &= ~CLEAN_INTERCEPTS;
    hardware->intercepts = intercepts;
}

static void write_control(struct vmcb *vmcb, const struct vcpu_arch_state *state)
{
    uint64_t efer = state->efer & ~EFER_LMA;
    if ((efer & EFER_LME) != 0 && (state->cr0 & CR0_PG) != 0) {
        efer |= EFER_LMA;
    }
    vmcb->cr0 = state->cr0;
    vmcb->cr2 = state->cr2;
    vmcb->cr3 = state->cr3;
    vmcb->cr4 = state->cr4;
    vmcb->efer = efer | EFER_SVME;
    vmcb->cpl = state->cpl & 3;
    vmcb->clean &= ~(CLEAN_CONTROL | CLEAN_CR2 | CLEAN_SEGMENTS);
}

static void write_segments(struct vmcb *vmcb, const struct vcpu_arch_state *state)
{
    set_segment(&vmcb->es, &state->es);
    set_segment(&vmcb->cs, &state->cs);
    set_segment(&vmcb->ss, &state->ss);
    set_segment(&vmcb->ds, &state->ds);
    set_segment(&vmcb->fs, &state->fs);
    set_segment(&vmcb->gs, &state->gs);
    set_segment(&vmcb->tr, &state->tr);
    set_segment(&vmcb->ldtr, &state->ldtr);
    set_segment(&vmcb->gdtr, &state->gdtr);
    set_segment(&vmcb->idtr, &state->idtr);
    vmcb->clean &= ~(CLEAN_SEGMENTS | CLEAN_TABLES);
}

static void write_syscall(struct vmcb *vmcb, const struct vcpu_arch_state *state)
{
    vmcb->star = state->star;
    vmcb->lstar = state->lstar;
    vmcb->cstar = state->cstar;
    vmcb->sfmask = state->sfmask;
    vmcb->kernel_gs_base = state->kernel_gs_base;
    vmcb->sysenter_cs = state->sysenter_cs;
    vmcb->sysenter_esp = state->sysenter_esp;
    vmcb->sysenter_eip = state->sysenter_eip;
}

static void write_debug(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    struct vmcb *vmcb = hardware->vmcb;
    vmcb->dr6 = (state->dr6 & DR6_DEFINED) | DR6_FIXED;
    vmcb->dr7 = (state->dr7 & DR7_DEFINED) | DR7_FIXED;
    vmcb->clean &= ~CLEAN_DEBUG;
    svm_debug_write(hardware, state->dr);
    if ((vmcb->dr7 & DR7_ENABLED) != 0) {
        hardware->attention |= SVM_DEBUG_WANTED;
    }
}

/* False if XCR0 cannot be had. */
static bool write_misc(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    struct vmcb *vmcb = hardware->vmcb;
    if (fpu_features() != 0 && !fpu_xcr0_valid(state->xcr0)) {
        return false;
    }
    fpu_set_xcr0(hardware->fpu, state->xcr0);
    vmcb->g_pat = state->pat;
    vmcb->tsc_offset = state->tsc_offset;
    vmcb->clean &= ~(CLEAN_NESTED | CLEAN_INTERCEPTS);
    if (hardware->tsc_aux != state->tsc_aux) {
        hardware->tsc_aux = state->tsc_aux;
        hardware->cpu->current = NULL; /* written at the next entry */
    }
    if (svm_platform.virtual_spec_ctrl) {
        vmcb->spec_ctrl = state->spec_ctrl;
    } else {
        hardware->spec_ctrl = state->spec_ctrl;
    }
    return true;
}

static __attribute__((noinline)) void write_groups(struct vcpu *vcpu, uint32_t groups)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vmcb *vmcb = hardware->vmcb;
    /* The VMM may write to its page meanwhile: check and use one copy. */
    struct vcpu_arch_state state = vcpu->page->state;
    uint32_t invalid = svm_invalid_groups(&state, groups, &svm_platform.limits);
    uint32_t valid = groups & ~invalid;
    if ((valid & VCPU_STATE_CONTROL) != 0) {
        write_control(vmcb, &state);
    }
    if ((valid & VCPU_STATE_SEGMENTS) != 0) {
        write_segments(vmcb, &state);
    }
    if ((valid & VCPU_STATE_SYSCALL) != 0) {
        write_syscall(vmcb, &state);
    }
    if ((valid & VCPU_STATE_DEBUG) != 0) {
        write_debug(hardware, &state);
    }
    if ((valid & VCPU_STATE_MISC) != 0 && !write_misc(hardware, &state)) {
        invalid |= VCPU_STATE_MISC;
    }
    if ((valid & VCPU_STATE_FPU) != 0) {
        uint64_t xcr0 = fpu_xcr0(hardware->fpu);
        fpu_reset(hardware->fpu);
        fpu_set_xcr0(hardware->fpu, xcr0);
    }
    if ((valid & VCPU_STATE_INTERCEPTS) != 0) {
        svm_set_intercepts(hardware, state.intercepts);
    }
    hardware->invalid_groups = (hardware->invalid_groups & ~groups) | invalid;
}

void svm_write_state(struct vcpu *vcpu, uint32_t groups)
{
    if ((groups & VCPU_STATE_BASIC) != 0) {
        svm_write_basic(vcpu->hardware, &vcpu->page->state);
    }
    groups &= VCPU_STATE_ALL & ~(uint32_t)VCPU_STATE_BASIC;
    if (groups != 0) {
        write_groups(vcpu, groups);
    }
}

static struct vmcb_segment real_mode_segment(uint16_t attributes)
{
    return (struct vmcb_segment){.attributes = attributes, .limit = 0xffff};
}

/* APM vol. 2 §14.1.3, table 14-1. */
static void reset_registers(struct vmcb *vmcb)
{
    const uint16_t data = 0x93, code = 0x9b, ldt = 0x82, tss = 0x8b;
    vmcb->es = vmcb->ss = vmcb->ds = vmcb->fs = vmcb->gs = real_mode_segment(data);
    vmcb->cs = real_mode_segment(code);
    vmcb->cs.selector = 0xf000;
    vmcb->cs.base = 0xffff0000u;
    vmcb->ldtr = real_mode_segment(ldt);
    vmcb->tr = real_mode_segment(tss);
    vmcb->gdtr = vmcb->idtr = real_mode_segment(0);
    vmcb->cr0 = CR0_RESET;
    vmcb->efer = EFER_SVME;
    vmcb->dr6 = DR6_FIXED;
    vmcb->dr7 = DR7_FIXED;
    vmcb->rflags = RFLAGS_RESERVED1;
    vmcb->rip = 0xfff0;
    vmcb->g_pat = PAT_RESET;
}

void svm_reset_state(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vmcb *vmcb = hardware->vmcb;
    uint32_t asid = vmcb->asid;
    uint64_t nested_cr3 = vmcb->nested_cr3;
    memset(vmcb, 0, sizeof(*vmcb));
    vmcb->asid = asid;
    vmcb->nested_cr3 = nested_cr3;
    vmcb->nested_control = NESTED_PAGING_ENABLE;
    vmcb->tlb_control = svm_platform.flush;
    vmcb->iopm_base = svm_platform.iopm.value;
    vmcb->msrpm_base = svm_platform.msrpm.value;
    vmcb->virtual_interrupt = VIRTUAL_INTERRUPT_MASKING;
    vmcb->intercept_dr_read = vmcb->intercept_dr_write = 0xffff;
    vmcb->intercept_exceptions = INTERCEPT_EXCEPTIONS;
    vmcb->intercept3 = INTERCEPT3_ALWAYS;
    vmcb->intercept4 = INTERCEPT4_ALWAYS;
    vmcb->intercept5 = svm_platform.intercept5;
    reset_registers(vmcb);
    svm_debug_forget(hardware);
    hardware->attention = 0;
    hardware->invalid_groups = 0;
    hardware->window = 0;
    hardware->hidden_flags = 0;
    hardware->shadow_rip = SVM_NO_SHADOW;
    hardware->spec_ctrl = 0;
    hardware->tsc_aux = 0;
    hardware->cpu->current = NULL;
    fpu_reset(hardware->fpu);
    if (fpu_features() != 0) {
        fpu_set_xcr0(hardware->fpu, 1); /* XCR0 after reset: x87 alone */
    }
    svm_set_intercepts(hardware, VCPU_INTERCEPT_HALT);
}
