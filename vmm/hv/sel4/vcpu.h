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
    bool running; /* the kernel may run it: its registers are in the kernel, not in the page */
    bool stopped; /* suspended: it neither runs nor waits for the reply to a fault */
    bool kicked;  /* vmm_handle_event() is owed */
    /* Virtual interrupts that were given to the kernel, by list register; 0: free. */
    uint64_t injected[VCPU_GIC_LISTS];
    uint32_t again;    /* became pending once more meanwhile: bit per list register */
    bool timer_masked; /* the kernel masked the virtual timer's interrupt when it told of it */
};

/* A vCPU's page as the built-in kernel makes it: state after reset. */
void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child);
/* Takes a fault message of the vCPU into its page. False: there is nothing for the
 * VMM to do; the vCPU goes on with the next sel4_vcpu_settle(). */
bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message);
/* Lets the vCPU run, or stops it, as `on` says; hands over what is new in its page.
 * timer_asserted: the VMM holds the virtual timer's interrupt line. */
void sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted);
/* Reads VCPU_STATE_* groups of a vCPU that is not running. */
void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups);
