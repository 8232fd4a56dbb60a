/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of an x86-64 vCPU on seL4 besides its page. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/vm.h>

/* In the order of seL4's messages: RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8 to R15. RSP is in the VMCS. */
#define SEL4_VCPU_GPRS 15u

struct sel4_vcpu_arch {
    bool runs;       /* the guest runs, or is interrupted, since the page was true last */
    bool rsp_known;  /* the page's rsp is the guest's, or is to be */
    bool gprs_known; /* ditto its other general registers */
    /* What the kernel has, for as long as the guest does not run: what differs in the page is new. */
    uint64_t gprs[SEL4_VCPU_GPRS];
    uint64_t rsp, rflags, cr0, cr3, cr4, efer;
    uint32_t interruptibility;
};

/* There is no virtual timer whose line the VMM would hold. */
static inline bool sel4_vcpu_timer_asserted(const struct vcpu_context *vcpu)
{
    (void)vcpu;
    return false;
}
