/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page's groups of state, and the VMCS. seL4 shows one field of it with each
 * invocation, so only those are written that are new.
 *
 * All writes to CR0, CR4, EFER, PAT, debug registers and the registers of SYSCALL
 * exit, so that the page has them; only bits of CR0 and CR4 that nobody else asks
 * for are the guest's to change.
 *
 * What seL4 does not let a VMM have: an offset for the TSC, TSC_AUX, CR2, XCR0, the
 * FPU's state, KERNEL_GS_BASE, DR0 to DR3. The first of these is not offered to
 * guests (enum vcpu_limits), nor is XSAVE; breakpoints of a guest are kept for it and
 * without effect; the rest are at a reset what the guest before left.
 */
#include "vcpu_x86_64.h"

#include <vmm/arch/registers.h>

#include <vmcs.h>

#define CR0_GUESTS (CR0_MP | 1ull << 2 | 1ull << 3) /* MP, EM, TS */
#define CR4_GUESTS CR4_PGE
/* A guest's caches are always on: no device of its looks past them. */
#define CR0_NEVER  (CR0_CD | CR0_NW)

#define MSR_STAR   0xc0000081u
#define MSR_LSTAR  0xc0000082u
#define MSR_CSTAR  0xc0000083u
#define MSR_SFMASK 0xc0000084u

#define EXCEPTIONS (1u << 1 | 1u << 17) /* #DB, for DR6 is ours; #AC, which may come without end */

uint64_t vmcs_read(const struct sel4_vcpu *vcpu, uint32_t field)
{
    return microkit_vcpu_x86_read_vmcs(vcpu->child, field);
}

void vmcs_write(const struct sel4_vcpu *vcpu, uint32_t field, uint64_t value)
{
    microkit_vcpu_x86_write_vmcs(vcpu->child, field, value);
}

/* --- Segments --- */

static struct vcpu_segment *const_segment(struct vcpu_arch_state *state, uint32_t index)
{
    struct vcpu_segment *const segments[] = {&state->es, &state->cs, &state->ss,   &state->ds,
                                             &state->fs, &state->gs, &state->ldtr, &state->tr};
    return segments[index];
}
#define SEGMENTS 8u

static uint16_t attributes_of(uint64_t access)
{
    uint32_t attributes = (uint32_t)((access & 0xffu) | (access >> 4 & 0xf00u));
    return (uint16_t)((access & ACCESS_UNUSABLE) != 0 ? attributes & ~SEGMENT_PRESENT : attributes);
}

static uint64_t access_of(const struct vcpu_segment *segment)
{
    uint64_t access = (segment->attributes & 0xffu) | (uint64_t)(segment->attributes & 0xf00u) << 4;
    return (access & SEGMENT_PRESENT) != 0 ? access : access | ACCESS_UNUSABLE;
}

static void read_segments(struct sel4_vcpu *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        struct vcpu_segment *segment = const_segment(state, i);
        segment->selector = (uint16_t)vmcs_read(vcpu, VMCS_ES_SELECTOR + 2 * i);
        segment->attributes = attributes_of(vmcs_read(vcpu, VMCS_ES_ACCESS + 2 * i));
        segment->limit = (uint32_t)vmcs_read(vcpu, VMCS_ES_LIMIT + 2 * i);
        segment->base = vmcs_read(vcpu, VMCS_ES_BASE + 2 * i);
    }
    state->gdtr.limit = (uint32_t)vmcs_read(vcpu, VMCS_GDTR_LIMIT);
    state->gdtr.base = vmcs_read(vcpu, VMCS_GDTR_BASE);
    state->idtr.limit = (uint32_t)vmcs_read(vcpu, VMCS_IDTR_LIMIT);
    state->idtr.base = vmcs_read(vcpu, VMCS_IDTR_BASE);
}

static void write_segments(struct sel4_vcpu *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        const struct vcpu_segment *segment = const_segment(state, i);
        vmcs_write(vcpu, VMCS_ES_SELECTOR + 2 * i, segment->selector);
        vmcs_write(vcpu, VMCS_ES_ACCESS + 2 * i, access_of(segment));
        vmcs_write(vcpu, VMCS_ES_LIMIT + 2 * i, segment->limit);
        vmcs_write(vcpu, VMCS_ES_BASE + 2 * i, segment->base);
    }
    vmcs_write(vcpu, VMCS_GDTR_LIMIT, state->gdtr.limit);
    vmcs_write(vcpu, VMCS_GDTR_BASE, state->gdtr.base);
    vmcs_write(vcpu, VMCS_IDTR_LIMIT, state->idtr.limit);
    vmcs_write(vcpu, VMCS_IDTR_BASE, state->idtr.base);
}

/* --- Control registers --- */

static void write_control(struct sel4_vcpu *vcpu, bool all)
{
    const struct vcpu_arch_state *state = &vcpu->page.state;
    struct sel4_vcpu_arch *kernel = &vcpu->arch;
    if (all || state->cr0 != kernel->cr0) {
        kernel->cr0 = state->cr0;
        /* seL4 sets what the processor asks for: NE. */
        vmcs_write(vcpu, VMCS_CR0, state->cr0 & ~CR0_NEVER);
        vmcs_write(vcpu, VMCS_CR0_SHADOW, state->cr0);
    }
    if (all || state->cr3 != kernel->cr3) {
        kernel->cr3 = state->cr3;
        vmcs_write(vcpu, VMCS_CR3, state->cr3);
    }
    if (all || state->cr4 != kernel->cr4) {
        kernel->cr4 = state->cr4;
        vmcs_write(vcpu, VMCS_CR4, state->cr4); /* and VMXE */
        vmcs_write(vcpu, VMCS_CR4_SHADOW, state->cr4);
    }
    if (all || state->efer != kernel->efer) {
        kernel->efer = state->efer;
        vmcs_write(vcpu, VMCS_EFER, state->efer);
        vmcs_write(vcpu, VMCS_ENTRY_CONTROLS,
                   ENTRY_DEBUG | ENTRY_PAT | ENTRY_EFER | ((state->efer & EFER_LMA) != 0 ? ENTRY_LONG_MODE : 0));
    }
}

/* --- Groups --- */

static void write_syscall(struct sel4_vcpu *vcpu)
{
    const struct vcpu_arch_state *state = &vcpu->page.state;
    microkit_vcpu_x86_write_msr(vcpu->child, MSR_STAR, state->star);
    microkit_vcpu_x86_write_msr(vcpu->child, MSR_LSTAR, state->lstar);
    microkit_vcpu_x86_write_msr(vcpu->child, MSR_CSTAR, state->cstar);
    microkit_vcpu_x86_write_msr(vcpu->child, MSR_SFMASK, state->sfmask);
    vmcs_write(vcpu, VMCS_SYSENTER_CS, state->sysenter_cs);
    vmcs_write(vcpu, VMCS_SYSENTER_ESP, state->sysenter_esp);
    vmcs_write(vcpu, VMCS_SYSENTER_EIP, state->sysenter_eip);
}

void vmcs_write_dirty(struct sel4_vcpu *vcpu)
{
    uint32_t dirty = vcpu->page.control.dirty;
    vcpu->page.control.dirty = 0;
    if ((dirty & VCPU_STATE_CONTROL) != 0) {
        write_control(vcpu, dirty == VCPU_STATE_ALL);
    }
    if ((dirty & VCPU_STATE_SEGMENTS) != 0) {
        write_segments(vcpu);
    }
    if ((dirty & VCPU_STATE_SYSCALL) != 0) {
        write_syscall(vcpu);
    }
    if ((dirty & VCPU_STATE_MISC) != 0) {
        vmcs_write(vcpu, VMCS_PAT, vcpu->page.state.pat);
    }
    if (dirty == VCPU_STATE_ALL) {
        vmcs_write(vcpu, VMCS_DR7, DR7_RESET);
        vmcs_write(vcpu, VMCS_PENDING_DEBUG, 0);
        vmcs_write(vcpu, VMCS_ACTIVITY, 0);
    }
}

void vmcs_read_rsp(struct sel4_vcpu *vcpu)
{
    if (!vcpu->arch.rsp_known) {
        vcpu->arch.rsp = vmcs_read(vcpu, VMCS_RSP);
        vcpu->arch.rsp_known = true;
        vcpu->page.state.gpr[VCPU_RSP] = vcpu->arch.rsp;
    }
}

void vmcs_read_code(struct sel4_vcpu *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    state->cs_attributes = attributes_of(vmcs_read(vcpu, VMCS_CS_ACCESS));
    state->cpl = vmcs_read(vcpu, VMCS_SS_ACCESS) >> 5 & 3; /* its DPL */
    vmcs_read_rsp(vcpu);
}

void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    groups &= ~vcpu->page.control.dirty;
    if ((groups & (VCPU_STATE_BASIC | VCPU_STATE_CONTROL)) != 0) {
        vmcs_read_code(vcpu);
    }
    if ((groups & VCPU_STATE_SEGMENTS) != 0) {
        read_segments(vcpu);
    }
    if ((groups & VCPU_STATE_SYSCALL) != 0) { /* the guest writes these without an exit */
        state->sysenter_cs = vmcs_read(vcpu, VMCS_SYSENTER_CS);
        state->sysenter_esp = vmcs_read(vcpu, VMCS_SYSENTER_ESP);
        state->sysenter_eip = vmcs_read(vcpu, VMCS_SYSENTER_EIP);
    }
}

void vmcs_set_up(struct sel4_vcpu *vcpu)
{
    /* seL4 takes what the processor does not have out again, and puts in what it needs itself. */
    vmcs_write(vcpu, VMCS_SECONDARY_CONTROLS,
               SECONDARY_EPT | SECONDARY_WBINVD | SECONDARY_UNRESTRICTED | SECONDARY_INVPCID);
    vmcs_write(vcpu, VMCS_EXCEPTION_BITMAP, EXCEPTIONS);
    vmcs_write(vcpu, VMCS_CR0_MASK, ~CR0_GUESTS);
    vmcs_write(vcpu, VMCS_CR4_MASK, ~CR4_GUESTS);
}
