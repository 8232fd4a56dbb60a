/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's EL1 and EL0 system registers that the kernel switches. */
#pragma once

#include <stdint.h>

/* Those that would show at EL0: put away before a PD runs; so is TCR_EL1, in an order of its own. */
#define VCPU_LOADED_REGISTERS(x)                                                                                       \
    x(sctlr_el1) x(cpacr_el1) x(cntkctl_el1) x(mdscr_el1) x(sp_el0) x(tpidr_el0) x(tpidrro_el0)

/* Those that stay until another vCPU is entered on the CPU. ACTLR_EL1 is not the guest's. */
#define VCPU_RESIDENT_REGISTERS(x)                                                                                     \
    x(sp_el1) x(elr_el1) x(spsr_el1) x(ttbr0_el1) x(ttbr1_el1) x(mair_el1) x(amair_el1) x(vbar_el1) x(esr_el1)         \
        x(far_el1) x(afsr0_el1) x(afsr1_el1) x(contextidr_el1) x(tpidr_el1) x(csselr_el1) x(par_el1)

/* Of the group VCPU_STATE_EL1: all of them but MDSCR_EL1. */
#define VCPU_LOADED_EL1_REGISTERS(x)                                                                                   \
    x(sctlr_el1) x(tcr_el1) x(cpacr_el1) x(cntkctl_el1) x(sp_el0) x(tpidr_el0) x(tpidrro_el0)

struct vcpu_registers {
#define FIELD_OF(name) uint64_t name;
    FIELD_OF(tcr_el1)
    VCPU_LOADED_REGISTERS(FIELD_OF)
    VCPU_RESIDENT_REGISTERS(FIELD_OF)
#undef FIELD_OF
};
