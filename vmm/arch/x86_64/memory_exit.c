/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VCPU_EXIT_MEMORY: an access to guest-physical memory that is not RAM.
 *
 * What a guest gets for it:
 *   a device's register      what the device answers
 *   nothing there            reads are all ones, writes are lost; logged
 *   an instruction that is not emulated, cannot be fetched or is not RAM itself
 *                            #UD; logged
 *   page tables outside RAM, or an event delivered through memory that is not
 *                            RAM: the VM stops with a reason, as no exception
 *                            could be delivered either
 */
#include <vmm/arch/execution.h>

static void no_instruction(struct vcpu_context *vcpu)
{
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_INSTRUCTION], "cpu",
                    "vCPU %u: the instruction at 0x%llx cannot be read: #UD", vcpu->id,
                    (unsigned long long)vcpu->page->state.rip);
    event_exception(vcpu, EXCEPTION_UD, 0);
}

void exit_memory(struct vcpu_context *vcpu)
{
    const struct vcpu_page *page = vcpu->page;
    const struct vcpu_exit_memory *memory = &page->exit.memory;
    if (__builtin_expect((page->control.event & VCPU_EVENT_VALID) != 0, 0)) {
        /* The stack or a descriptor table of the handler is not in RAM. */
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "event 0x%llx delivered through memory at 0x%llx, not RAM",
                          (unsigned long long)page->control.event, (unsigned long long)memory->gpa);
        return;
    }
    if (__builtin_expect((memory->access & VCPU_ACCESS_PAGE_WALK) != 0, 0)) {
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "page table at 0x%llx, not RAM", (unsigned long long)memory->gpa);
        return;
    }
    if (__builtin_expect((memory->access & VCPU_ACCESS_FETCH) != 0, 0)) {
        /* A bus without RAM reads as ones: bytes that are no instruction. */
        no_instruction(vcpu);
        return;
    }
    const struct instruction *instruction = instruction_fetch(vcpu);
    if (instruction == NULL || instruction->length == 0) {
        no_instruction(vcpu);
        return;
    }
    enum access_result result = emulate_memory_instruction(vcpu, instruction);
    bool advances_itself = instruction->operation == OPERATION_STRING_MOVE ||
                           instruction->operation == OPERATION_STRING_STORE ||
                           instruction->operation == OPERATION_STRING_LOAD;
    if (result == ACCESS_DONE && !advances_itself) {
        execution_advance(vcpu, instruction->length);
    }
}
