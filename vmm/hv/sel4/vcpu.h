/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU on seL4 under Microkit: a child of the VMM's protection domain, which
 * stops with a fault message whenever it needs its VMM. The struct vcpu_page that
 * the VMM works on is private memory here; these functions carry it to the kernel
 * and back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include <vmm/vm.h>

struct sel4_vcpu {
    struct vcpu_page page __attribute__((aligned(4096)));
    microkit_child child;
    bool on;      /* hv_vcpu_on: it is to run */
    bool kicked;  /* vmm_handle_event() is owed */
    bool touched; /* the VMM had to do with it: sel4_vcpu_settle() is owed */
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

/* A vCPU's page as the built-in kernel makes it: state after reset. */
void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child);
/* Takes a fault message of the vCPU into its page. False: there is nothing for the
 * VMM to do; the vCPU goes on with the next sel4_vcpu_settle(). */
bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message);
/* Lets the vCPU run, or stops it, as `on` says; hands over what is new in its page.
 * timer_asserted: the VMM holds the virtual timer's interrupt line. True: it runs on
 * with the reply to its fault, which is the caller's to give. */
bool sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted);
/* Reads VCPU_STATE_* groups of a vCPU that is not running. */
void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups);
