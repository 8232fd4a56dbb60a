/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of this architecture's kernel and its vCPUs owe each other.
 *
 * A guest's registers stay in the CPU after an exit, for as long as only the kernel
 * runs: it may go straight back. What would show or matter at EL0 (HCR_EL2,
 * VTTBR_EL2, CPTR_EL2, SCTLR_EL1, TCR_EL1, CPACR_EL1, CNTKCTL_EL1, MDSCR_EL1, SP_EL0,
 * TPIDR_EL0, TPIDRRO_EL0, the virtual interface's enable) is the guest's while
 * percpu.guest_loaded is set, and the host's again after vcpu_leave(). The guest's
 * other EL1 registers stay until another vCPU is entered on this CPU.
 *
 * VBAR_EL2 is the guest's only between vcpu_enter()'s innermost assembly and the exit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/percpu.h>

/* Puts the host's values back (percpu.loaded_pd's address space, percpu.cptr). */
void vcpu_unload(struct percpu *percpu);

/* To be called before anything else is changed that is listed above, that is at the
 * beginning of arch_switch_thread(), and before every return to EL0. */
static inline void vcpu_leave(struct percpu *percpu)
{
    if (__builtin_expect(percpu->guest_loaded, 0)) {
        vcpu_unload(percpu);
    }
}

/* The virtual timer's interrupt was taken and its priority dropped, but it was not
 * deactivated: that is up to the guest, or to the vCPU code. Never shared with PDs. */
void vcpu_timer_interrupt(struct percpu *percpu);
/* The maintenance interrupt was taken; afterwards its line is down: the caller ends
 * and deactivates it as usual. */
void vcpu_maintenance_interrupt(struct percpu *percpu);

/*
 * Needed from the interrupt controller's driver, for the calling CPU's private
 * interrupts (INTIDs 16..31), <arch/gic.h>:
 *   void gic_private_enable(uint32_t intid, bool edge);
 *   void gic_private_set_active(uint32_t intid, bool active);
 * and that Group 1 interrupts of EL2 are taken while HCR_EL2.IMO is set or not.
 */
