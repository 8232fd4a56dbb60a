/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatches the exits of a vCPU. */
#include <vmm/arch/execution.h>

/* An instruction that the kernel traps and that has no kind of exit to itself: SVE, SME or pointer authentication
 * where they are not offered, and the like. */
static void exit_instruction(struct vcpu_context *vcpu)
{
    const struct vcpu_page *page = vcpu->page;
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_INSTRUCTION], "cpu",
                    "vCPU %u: instruction not offered at 0x%llx (ESR_EL2 0x%llx): undefined instruction", vcpu->id,
                    (unsigned long long)page->state.pc, (unsigned long long)page->exit.hardware_code);
    exception_undefined(vcpu);
}

/* Aborts that are not for want of RAM: external ones, and atomics on memory that takes none. They are the guest's. */
static void exit_abort(struct vcpu_context *vcpu, const struct vcpu_exit_exception *exception, bool fetch)
{
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_MEMORY], "memory",
                    "vCPU %u: %s abort by the instruction at 0x%llx (ISS 0x%x)", vcpu->id,
                    fetch ? "instruction" : "data", (unsigned long long)vcpu->page->state.pc, exception->error_code);
    exception_abort(vcpu, &(struct abort){.status = exception->error_code & ESR_ABORT_STATUS,
                                          .fetch = fetch,
                                          .write = (exception->error_code & ESR_ABORT_WRITE) != 0,
                                          .address_valid = (exception->error_code & ESR_ABORT_FAR_INVALID) == 0,
                                          .address = exception->fault_address});
}

static void exit_exception(struct vcpu_context *vcpu)
{
    const struct vcpu_exit_exception *exception = &vcpu->page->exit.exception;
    switch (exception->vector) {
    case ESR_EC_FETCH_ABORT_LOWER:
        exit_abort(vcpu, exception, true);
        return;
    case ESR_EC_DATA_ABORT_LOWER:
        exit_abort(vcpu, exception, false);
        return;
    case ESR_EC_SERROR: /* nobody can say what is still right */
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "system error (SError) near 0x%llx: ISS 0x%x",
                          (unsigned long long)vcpu->page->state.pc, exception->error_code);
        return;
    default:
        exit_instruction(vcpu);
        return;
    }
}

void arch_handle_exit(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    vcpu->arch.groups = 0;
    interrupt_sync_timer(vcpu);
    switch (page->exit.kind) {
    case VCPU_EXIT_MEMORY:
        exit_memory(vcpu);
        return;
    case VCPU_EXIT_HALT:
        exit_halt(vcpu);
        return;
    case VCPU_EXIT_HYPERCALL:
    case VCPU_EXIT_SECURE_CALL:
        exit_call(vcpu);
        return;
    case VCPU_EXIT_SYSTEM_REGISTER:
        exit_system_register(vcpu);
        return;
    case VCPU_EXIT_INTERRUPT_WINDOW:
        gic_maintenance(&vcpu->vm->arch.gic, vcpu->id);
        return;
    case VCPU_EXIT_TIMER:
        exit_timer(vcpu);
        return;
    case VCPU_EXIT_PAUSE: /* WFE: somebody else had the CPU meanwhile */
        execution_advance(vcpu);
        return;
    case VCPU_EXIT_NONE:
        return;
    case VCPU_EXIT_EXCEPTION:
        exit_exception(vcpu);
        return;
    case VCPU_EXIT_INSTRUCTION:
        exit_instruction(vcpu);
        return;
    case VCPU_EXIT_BAD_STATE:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "the processor refuses the state at 0x%llx: PSTATE 0x%llx",
                          (unsigned long long)page->state.pc, (unsigned long long)page->state.pstate);
        return;
    default:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "exit of unknown kind %u", page->exit.kind);
        return;
    }
}

void arch_prepare_entry(struct vcpu_context *vcpu)
{
    interrupt_prepare_entry(vcpu);
}
