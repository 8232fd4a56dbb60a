/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers after power-on, and where a boot protocol or PSCI starts it. */
#include <base/memory.h>

#include <stddef.h>

#include <vmm/arch/execution.h>

/* Everything but the virtual interrupt interface, which is the GIC's. */
static void clear(struct vcpu_arch_state *state)
{
    memset(state->gpr, 0, sizeof(state->gpr));
    size_t from = offsetof(struct vcpu_arch_state, sp_el0);
    memset((uint8_t *)state + from, 0, sizeof(*state) - from);
}

void reset_registers(struct vcpu_context *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    uint64_t offset = state->cntvoff;
    uint64_t identity = state->vpidr; /* the kernel's word: what CPU this is */
    clear(state);
    state->pc = 0;
    state->pstate = PSTATE_DAIF | PSTATE_EL1H;
    state->sctlr_el1 = SCTLR_RESET;
    state->cntvoff = offset;
    state->vpidr = identity;
    state->vmpidr = MPIDR_RES1 | vcpu->vm->arch.gic.config.vcpus[vcpu->id].mpidr;
    state->traps = VCPU_TRAP_WFI | VCPU_TRAP_CACHE_SETS;
    vcpu->arch.groups = 0;
    vcpu->arch.os_lock = false;
    vcpu->page->control.want = EXECUTION_WANT;
    execution_dirty(vcpu, VCPU_STATE_ALL);
}

void reset_start_at(struct vcpu_context *vcpu, uint64_t address, uint64_t context)
{
    reset_registers(vcpu);
    vcpu->page->state.pc = address;
    vcpu->page->state.gpr[0] = context;
}
