/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of an AArch64 vCPU on seL4 besides its page. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/vm.h>

struct sel4_vcpu_arch {
    enum sel4_vcpu_progress {
        SEL4_VCPU_STOPPED, /* suspended: it waits for no reply */
        SEL4_VCPU_FAULTED, /* it waits for the reply to its fault, which is the one being handled */
        SEL4_VCPU_RUNNING,
    } progress;
    /* Of its thread's registers, in seL4's order, this many of the first are in the page, and this many of them may
     * have been changed there. The rest only the kernel has. */
    uint32_t registers, changed;
    /* Virtual interrupts that were given to the kernel, by its list registers; 0: free. */
    uint64_t injected[VCPU_GIC_LISTS];
    uint64_t stale[VCPU_GIC_LISTS]; /* those from before a reset, of which the guest may still signal the end */
    bool timer_masked;              /* the kernel masked the virtual timer's interrupt when it told of it */
};

/* Whether the VMM holds the virtual timer's interrupt line. */
static inline bool sel4_vcpu_timer_asserted(const struct vcpu_context *vcpu)
{
    return vcpu->arch.timer_line;
}
