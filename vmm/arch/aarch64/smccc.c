/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMC Calling Convention 1.2 (Arm DEN 0028), by HVC and SMC alike.
 *
 * Not offered: SMCCC_ARCH_SOC_ID (there is no system on chip to name), the
 * SMCCC_ARCH_WORKAROUNDs (firmware calls for the guest's own protection; whether
 * the host's firmware has them is not known here, and "not supported" makes a
 * guest fall back on what its CPU says of itself), random numbers (DEN 0098; the
 * guest's device tree has a seed), stolen time.
 */
#include <vmm/arch/execution.h>

#define SMCCC_VERSION       0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u

#define VERSION_1_2   0x00010002
#define SUCCESS       0
#define NOT_SUPPORTED (-1)

static int64_t architecture_features(uint32_t function)
{
    switch (function) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return SUCCESS;
    default:
        return NOT_SUPPORTED;
    }
}

void smccc_call(struct vcpu_context *vcpu)
{
    uint32_t function = (uint32_t)register_read(vcpu, 0);
    int64_t result = NOT_SUPPORTED;
    switch (function) {
    case SMCCC_VERSION:
        result = VERSION_1_2;
        break;
    case SMCCC_ARCH_FEATURES:
        result = architecture_features((uint32_t)register_read(vcpu, 1));
        break;
    default:
        psci_call(vcpu, function, &result);
        break;
    }
    register_write(vcpu, 0, (uint64_t)result);
}

void exit_call(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    if (page->exit.kind == VCPU_EXIT_SECURE_CALL) {
        execution_advance(vcpu); /* HVC has left pc behind itself */
    }
    if (__builtin_expect(page->exit.call.immediate != 0, 0)) {
        log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_CALL], "cpu",
                        "vCPU %u: %s #0x%x at 0x%llx: only #0 is a call that is known here", vcpu->id,
                        page->exit.kind == VCPU_EXIT_SECURE_CALL ? "SMC" : "HVC", page->exit.call.immediate,
                        (unsigned long long)page->state.pc);
        register_write(vcpu, 0, (uint64_t)NOT_SUPPORTED);
        return;
    }
    smccc_call(vcpu);
}
