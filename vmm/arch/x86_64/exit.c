/* SPDX-License-Identifier: BSD-2-Clause */
/* Dispatches the exits of a vCPU. */
#include <vmm/arch/execution.h>

void exit_cpuid(struct vcpu_context *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    uint32_t leaf = (uint32_t)state->gpr[VCPU_RAX];
    uint32_t subleaf = (uint32_t)state->gpr[VCPU_RCX];
    struct cpuid_viewer viewer = {
        .vcpu = vcpu->id,
        .cr4 = state->cr4,
        .apic_enabled = (vcpu->arch.lapic.base & LAPIC_BASE_ENABLE) != 0,
    };
    if (leaf == 0xd) { /* the only leaf that shows XCR0 */
        if (!execution_need(vcpu, VCPU_STATE_MISC)) {
            return;
        }
        viewer.xcr0 = state->xcr0;
    }
    uint32_t length = execution_length(vcpu);
    if (length == 0) {
        return;
    }
    struct cpuid_result result;
    cpuid_query(&vcpu->vm->arch.cpuid, &viewer, leaf, subleaf, &result);
    state->gpr[VCPU_RAX] = result.eax;
    state->gpr[VCPU_RBX] = result.ebx;
    state->gpr[VCPU_RCX] = result.ecx;
    state->gpr[VCPU_RDX] = result.edx;
    execution_advance(vcpu, length);
}

static void exit_halt(struct vcpu_context *vcpu)
{
    if (execution_advance(vcpu, 0)) {
        vcpu->activity = VCPU_HALTED;
    }
}

static void exit_nmi_window(struct vcpu_context *vcpu)
{
    if (vcpu->arch.nmi_pending && (vcpu->page->control.event & VCPU_EVENT_VALID) == 0) {
        vcpu->arch.nmi_pending = false;
        vcpu->page->control.event = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2;
    }
}

/* An instruction that is intercepted, and has no kind of exit to itself. */
static void exit_instruction(struct vcpu_context *vcpu)
{
    const struct vcpu_page *page = vcpu->page;
    const struct instruction *instruction = instruction_fetch(vcpu);
    if (instruction != NULL && instruction->operation == OPERATION_CACHE_FLUSH) {
        /* No device reads the guest's memory behind the caches' back. */
        execution_advance(vcpu, instruction->length);
        return;
    }
    if (instruction != NULL && instruction->operation == OPERATION_READ_COUNTER) {
        event_exception(vcpu, EXCEPTION_GP, 0); /* there are no counters */
        return;
    }
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_INSTRUCTION], "cpu",
                    "vCPU %u: instruction not offered at 0x%llx (exit code 0x%llx): #UD", vcpu->id,
                    (unsigned long long)page->state.rip, (unsigned long long)page->exit.hardware_code);
    event_exception(vcpu, EXCEPTION_UD, 0);
}

static void exit_exception(struct vcpu_context *vcpu)
{
    struct vcpu_exit_exception exception = vcpu->page->exit.exception;
    if (exception.vector == EXCEPTION_PF) {
        event_page_fault(vcpu, exception.fault_address, exception.error_code);
    } else {
        event_exception(vcpu, (enum x86_exception)(exception.vector & 31u), exception.error_code);
    }
}

void arch_handle_exit(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    vcpu->arch.groups = 0;
    event_sync_priority_in(vcpu);
    switch (page->exit.kind) {
    case VCPU_EXIT_CPUID:
        exit_cpuid(vcpu);
        return;
    case VCPU_EXIT_PORT_IO:
        exit_port_io(vcpu);
        return;
    case VCPU_EXIT_MSR:
        exit_msr(vcpu);
        event_sync_priority_out(vcpu);
        return;
    case VCPU_EXIT_MEMORY:
        exit_memory(vcpu);
        event_sync_priority_out(vcpu);
        return;
    case VCPU_EXIT_HALT:
        exit_halt(vcpu);
        return;
    case VCPU_EXIT_NONE:
    case VCPU_EXIT_INTERRUPT_WINDOW: /* event_prepare_entry() does what is to do */
        return;
    case VCPU_EXIT_NMI_WINDOW:
        exit_nmi_window(vcpu);
        return;
    case VCPU_EXIT_PAUSE:
        execution_advance(vcpu, 0);
        return;
    case VCPU_EXIT_CONTROL_REGISTER:
        exit_control_register(vcpu);
        return;
    case VCPU_EXIT_SET_XCR:
        exit_set_xcr(vcpu);
        return;
    case VCPU_EXIT_EXCEPTION:
        exit_exception(vcpu);
        return;
    case VCPU_EXIT_HYPERCALL: /* none are offered */
    case VCPU_EXIT_INSTRUCTION:
        exit_instruction(vcpu);
        return;
    case VCPU_EXIT_SHUTDOWN:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "triple fault");
        return;
    case VCPU_EXIT_TASK_SWITCH:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "hardware task switch at 0x%llx: not supported",
                          (unsigned long long)page->state.rip);
        return;
    case VCPU_EXIT_BAD_STATE:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH,
                          "the processor refuses the state at 0x%llx: CR0 0x%llx CR3 0x%llx CR4 0x%llx EFER 0x%llx",
                          (unsigned long long)page->state.rip, (unsigned long long)page->state.cr0,
                          (unsigned long long)page->state.cr3, (unsigned long long)page->state.cr4,
                          (unsigned long long)page->state.efer);
        return;
    default:
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "exit of unknown kind %u", page->exit.kind);
        return;
    }
}

void arch_prepare_entry(struct vcpu_context *vcpu)
{
    event_prepare_entry(vcpu);
}
