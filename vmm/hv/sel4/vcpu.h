/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU on seL4 under Microkit, which stops with a fault message whenever it needs
 * its VMM: on AArch64 a thread of its own, on x86-64 what the VMM's thread does while
 * it waits. The struct vcpu_page that the VMM works on is private memory here; these
 * functions carry it to the kernel and back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include <vmm/vm.h>

/* arch/ARCH/, chosen by the build: struct sel4_vcpu_arch, sel4_vcpu_timer_asserted(). */
#include <vcpu_arch.h>

struct sel4_vcpu {
    struct vcpu_page page __attribute__((aligned(4096)));
    microkit_child child;
    bool on;      /* hv_vcpu_on: it is to run */
    bool kicked;  /* vmm_handle_event() is owed */
    bool touched; /* the VMM had to do with it: sel4_vcpu_settle() is owed */
    struct sel4_vcpu_arch arch;
};

/* A vCPU's page as the built-in kernel makes it: state after reset. */
void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child);
/* Takes a fault message of the vCPU into its page. False: there is nothing for the
 * VMM to do; the vCPU goes on with the next sel4_vcpu_settle(). */
bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message);
/* A notification, not a fault, brought control here: has the page show the vCPU as it is now. */
void sel4_vcpu_interrupted(struct sel4_vcpu *vcpu);
/* Lets the vCPU run, or stops it, as `on` says; hands over what is new in its page.
 * timer_asserted: the VMM holds the virtual timer's interrupt line. True: it runs on
 * with the reply to its fault, which is the caller's to give. */
bool sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted);
/* Reads VCPU_STATE_* groups of a vCPU that is not running. */
void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups);
