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
