/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions to EL1, taken as the processor would (Arm ARM DDI 0487, D1.3: AArch64.TakeException). */
#include <vmm/arch/execution.h>

/* Offsets in the vector table (D1.3.2) */
#define VECTOR_CURRENT_SP0 0x000ull
#define VECTOR_CURRENT_SPX 0x200ull
#define VECTOR_LOWER_64    0x400ull
#define VECTOR_LOWER_32    0x600ull

static bool from_el0(const struct vcpu_arch_state *state)
{
    return (state->pstate & PSTATE_AARCH32) != 0 || (state->pstate & PSTATE_MODE_MASK) == PSTATE_EL0;
}

static uint64_t vector_offset(const struct vcpu_arch_state *state)
{
    if ((state->pstate & PSTATE_AARCH32) != 0) {
        return VECTOR_LOWER_32;
    }
    switch (state->pstate & PSTATE_MODE_MASK) {
    case PSTATE_EL0:
        return VECTOR_LOWER_64;
    case PSTATE_EL1T:
        return VECTOR_CURRENT_SP0;
    default:
        return VECTOR_CURRENT_SPX;
    }
}

/* False if the kernel does not give the state; the VM then stops. */
static bool take(struct vcpu_context *vcpu, uint64_t syndrome)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    if (!execution_need(vcpu, VCPU_STATE_EL1)) {
        return false;
    }
    state->esr_el1 = syndrome;
    state->elr_el1 = state->pc;
    state->spsr_el1 = state->pstate;
    state->pc = state->vbar_el1 + vector_offset(state);
    uint64_t kept = PSTATE_FLAGS | PSTATE_PAN | ((state->pstate & PSTATE_AARCH32) != 0 ? 0 : PSTATE_DIT);
    uint64_t pstate = (state->pstate & kept) | PSTATE_DAIF | PSTATE_EL1H;
    /* Where there is no PAN or SSBS these bits of SCTLR_EL1 are fixed, and the kernel keeps PSTATE's zero. */
    pstate |= (state->sctlr_el1 & SCTLR_SPAN) == 0 ? PSTATE_PAN : 0;
    pstate |= (state->sctlr_el1 & SCTLR_DSSBS) != 0 ? PSTATE_SSBS : 0;
    state->pstate = pstate;
    execution_dirty(vcpu, VCPU_STATE_EL1);
    return true;
}

void exception_undefined(struct vcpu_context *vcpu)
{
    take(vcpu, (uint64_t)ESR_EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL);
}

void exception_abort(struct vcpu_context *vcpu, const struct abort *abort)
{
    bool lower = from_el0(&vcpu->page->state);
    uint64_t class = abort->fetch ? lower ? ESR_EC_FETCH_ABORT_LOWER : ESR_EC_FETCH_ABORT
                     : lower      ? ESR_EC_DATA_ABORT_LOWER
                                  : ESR_EC_DATA_ABORT;
    uint64_t syndrome = class << ESR_EC_SHIFT | ESR_IL | abort->status;
    syndrome |= abort->write && !abort->fetch ? ESR_ABORT_WRITE : 0;
    syndrome |= abort->address_valid ? 0 : ESR_ABORT_FAR_INVALID;
    if (take(vcpu, syndrome)) {
        vcpu->page->state.far_el1 = abort->address_valid ? abort->address : 0;
    }
}
