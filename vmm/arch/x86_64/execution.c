/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/arch/execution.h>
#include <vmm/hv.h>

bool execution_need(struct vcpu_context *vcpu, uint32_t groups)
{
    uint32_t missing = groups & ~(vcpu->arch.groups | EXECUTION_WANT | vcpu->page->control.dirty);
    if (missing == 0) {
        return true;
    }
    if (!hv_vcpu_read(vcpu, missing)) {
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "the kernel refuses to read the vCPU's state");
        return false;
    }
    vcpu->arch.groups |= missing;
    return true;
}

uint32_t execution_length(struct vcpu_context *vcpu)
{
    const struct vcpu_exit *exit = &vcpu->page->exit;
    if (exit->instruction_length != 0) {
        return exit->instruction_length;
    }
    static const uint8_t opcodes[VCPU_EXIT_KIND_COUNT][2] = {
        [VCPU_EXIT_CPUID] = {0x0f, 0xa2},
        [VCPU_EXIT_HALT] = {0xf4, 0},
    };
    static const uint8_t msr_opcodes[2][2] = {{0x0f, 0x32}, {0x0f, 0x30}};
    const uint8_t *opcode = exit->kind == VCPU_EXIT_MSR         ? msr_opcodes[exit->msr.write != 0]
                            : exit->kind < VCPU_EXIT_KIND_COUNT ? opcodes[exit->kind]
                                                                : opcodes[0];
    uint32_t usual_length = opcode[1] != 0 ? 2 : 1;
    if (opcode[0] != 0 && instruction_is(vcpu, opcode, usual_length)) {
        return usual_length;
    }
    const struct instruction *instruction = instruction_fetch(vcpu);
    if (instruction == NULL || instruction->length == 0) {
        log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_INSTRUCTION], "cpu",
                        "vCPU %u: no instruction found at 0x%llx (exit %u)", vcpu->id,
                        (unsigned long long)vcpu->page->state.rip, exit->kind);
        event_exception(vcpu, EXCEPTION_UD, 0);
        return 0;
    }
    return instruction->length;
}

bool execution_advance(struct vcpu_context *vcpu, uint32_t length)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    if (length == 0) {
        length = execution_length(vcpu);
        if (length == 0) {
            return false;
        }
    }
    uint64_t rip = state->rip + length;
    /* Below 4 GiB it may be 32-bit code, where EIP wraps; 64-bit code that steps
     * over that line would have to be at its very end. */
    if (rip > UINT32_MAX && state->rip <= UINT32_MAX && execution_mode(vcpu) != INSTRUCTION_MODE_64) {
        rip &= UINT32_MAX;
    }
    state->rip = rip;
    state->interrupt_shadow = 0;
    state->rflags &= ~RFLAGS_RF;
    execution_dirty(vcpu, VCPU_STATE_BASIC);
    if ((state->rflags & RFLAGS_TF) != 0 && execution_need(vcpu, VCPU_STATE_DEBUG)) {
        state->dr6 |= DR6_BS;
        execution_dirty(vcpu, VCPU_STATE_DEBUG);
        event_exception(vcpu, EXCEPTION_DB, 0);
    }
    return true;
}

uint64_t register_read(const struct vcpu_context *vcpu, uint8_t number, uint8_t width, bool high_byte)
{
    uint64_t value = vcpu->page->state.gpr[number & 15u];
    return (high_byte ? value >> 8 : value) & width_mask(width);
}

void register_write(struct vcpu_context *vcpu, uint8_t number, uint8_t width, bool high_byte, uint64_t value)
{
    uint64_t *gpr = &vcpu->page->state.gpr[number & 15u];
    if (width >= 4) {
        *gpr = value & width_mask(width);
    } else {
        uint64_t mask = width_mask(width) << (high_byte ? 8 : 0);
        *gpr = (*gpr & ~mask) | ((high_byte ? value << 8 : value) & mask);
    }
    if (number == VCPU_RAX || number == VCPU_RSP) {
        execution_dirty(vcpu, VCPU_STATE_BASIC);
    }
}
