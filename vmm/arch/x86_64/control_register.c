/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VCPU_EXIT_CONTROL_REGISTER and VCPU_EXIT_SET_XCR: only where the kernel has to
 * intercept them (AMD APM vol. 2 §3.1, Intel SDM vol. 3 §2.5).
 */
#include <vmm/arch/execution.h>

#define CR0_DEFINED                                                                                                    \
    (CR0_PE | CR0_MP | (1ull << 2) | (1ull << 3) | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

static bool write_cr0(struct vcpu_context *vcpu, uint64_t value)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    if (value >> 32 != 0 || ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) ||
        ((value & CR0_NW) != 0 && (value & CR0_CD) == 0)) {
        return false;
    }
    value = (value & CR0_DEFINED) | CR0_ET;
    if ((value & CR0_PG) != 0 && (state->cr0 & CR0_PG) == 0 && (state->efer & EFER_LME) != 0) {
        if ((state->cr4 & CR4_PAE) == 0 || !execution_need(vcpu, VCPU_STATE_SEGMENTS) ||
            (state->cs.attributes & SEGMENT_LONG) != 0) {
            return false;
        }
        state->efer |= EFER_LMA;
    } else if ((value & CR0_PG) == 0 && (state->cr0 & CR0_PG) != 0 && (state->efer & EFER_LMA) != 0) {
        if (execution_mode(vcpu) == INSTRUCTION_MODE_64 || (state->cr4 & CR4_PCIDE) != 0) {
            return false;
        }
        state->efer &= ~EFER_LMA;
    }
    state->cr0 = value;
    return true;
}

static bool write_cr3(struct vcpu_context *vcpu, uint64_t value)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    if ((state->cr4 & CR4_PCIDE) != 0) {
        value &= ~(1ull << 63); /* "keep translations": without effect on CR3 */
    }
    if ((state->efer & EFER_LMA) != 0 && value >> vcpu->vm->arch.cpuid.physical_bits != 0) {
        return false;
    }
    state->cr3 = value;
    return true;
}

static bool write_cr4(struct vcpu_context *vcpu, uint64_t value)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    bool long_mode = (state->efer & EFER_LMA) != 0;
    if ((value & ~vcpu->vm->arch.cpuid.cr4_allowed) != 0 || (long_mode && (value & CR4_PAE) == 0) ||
        ((value & CR4_PCIDE) != 0 && (state->cr4 & CR4_PCIDE) == 0 && (!long_mode || (state->cr3 & 0xfff) != 0))) {
        return false;
    }
    state->cr4 = value;
    return true;
}

static bool write_control(struct vcpu_context *vcpu, uint8_t number, uint64_t value)
{
    switch (number) {
    case 0:
        return write_cr0(vcpu, value);
    case 2:
        vcpu->page->state.cr2 = value;
        return true;
    case 3:
        return write_cr3(vcpu, value);
    case 4:
        return write_cr4(vcpu, value);
    case 8:
        if (value > 15) {
            return false;
        }
        vcpu->page->state.cr8 = (uint32_t)value;
        event_sync_priority_in(vcpu);
        return true;
    default:
        return false;
    }
}

static bool read_control(const struct vcpu_context *vcpu, uint8_t number, uint64_t *value)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    switch (number) {
    case 0:
        *value = state->cr0;
        return true;
    case 2:
        *value = state->cr2;
        return true;
    case 3:
        *value = state->cr3;
        return true;
    case 4:
        *value = state->cr4;
        return true;
    case 8:
        *value = state->cr8;
        return true;
    default:
        return false;
    }
}

void exit_control_register(struct vcpu_context *vcpu)
{
    struct vcpu_exit_control_register access = vcpu->page->exit.control_register;
    const struct instruction *instruction = instruction_fetch(vcpu);
    bool is_64bit = execution_mode(vcpu) == INSTRUCTION_MODE_64;
    uint32_t length = vcpu->page->exit.instruction_length;
    if (length == 0 || access.gpr >= VCPU_GPR_COUNT) {
        if (instruction == NULL || instruction->operation != OPERATION_MOV_CONTROL) {
            log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_INSTRUCTION], "cpu",
                            "vCPU %u: access to CR%u at 0x%llx is no MOV: #UD", vcpu->id, access.number,
                            (unsigned long long)vcpu->page->state.rip);
            event_exception(vcpu, EXCEPTION_UD, 0);
            return;
        }
        length = instruction->length;
        access.gpr = instruction->operands[access.write ? 1 : 0].number;
    }
    uint64_t value = 0;
    bool done;
    if (access.write) {
        value = register_read(vcpu, access.gpr, is_64bit ? 8 : 4, false);
        done = write_control(vcpu, access.number, value);
        execution_dirty(vcpu, access.number == 8 ? VCPU_STATE_BASIC : VCPU_STATE_CONTROL);
    } else {
        done = read_control(vcpu, access.number, &value);
        if (done) {
            register_write(vcpu, access.gpr, is_64bit ? 8 : 4, false, value);
        }
    }
    if (!done) {
        event_exception(vcpu, EXCEPTION_GP, 0);
        return;
    }
    execution_advance(vcpu, length);
}

/* SDM vol. 1 §13.3: x87 always, AVX needs SSE, AVX-512 comes whole and needs AVX. */
static bool xcr0_valid(const struct cpuid_policy *policy, uint64_t value)
{
    uint64_t avx512 = value & (7ull << 5);
    return (value & ~policy->xcr0_allowed) == 0 && (value & 1) != 0 && !((value & 4) != 0 && (value & 2) == 0) &&
           (avx512 == 0 || (avx512 == (7ull << 5) && (value & 4) != 0));
}

void exit_set_xcr(struct vcpu_context *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    uint64_t value = (state->gpr[VCPU_RDX] & UINT32_MAX) << 32 | (state->gpr[VCPU_RAX] & UINT32_MAX);
    if ((state->cr4 & CR4_OSXSAVE) == 0) {
        event_exception(vcpu, EXCEPTION_UD, 0);
        return;
    }
    if ((state->cpl & 3u) != 0 || (state->gpr[VCPU_RCX] & UINT32_MAX) != 0 ||
        !xcr0_valid(&vcpu->vm->arch.cpuid, value)) {
        event_exception(vcpu, EXCEPTION_GP, 0);
        return;
    }
    uint32_t length = execution_length(vcpu);
    if (length == 0 || !execution_need(vcpu, VCPU_STATE_MISC)) {
        return;
    }
    state->xcr0 = value;
    execution_dirty(vcpu, VCPU_STATE_MISC);
    execution_advance(vcpu, length);
}
