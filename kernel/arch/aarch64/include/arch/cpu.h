/* SPDX-License-Identifier: BSD-2-Clause */
/* Barriers and single instructions of an AArch64 CPU. */
#pragma once

#include <stdint.h>

#include <arch/sysreg.h>

static inline void isb(void)
{
    __asm__ volatile("isb" : : : "memory");
}

/* Data synchronisation, inner shareable: everything before is complete for all CPUs. */
static inline void dsb_ish(void)
{
    __asm__ volatile("dsb ish" : : : "memory");
}

/* Ditto, for devices as well. */
static inline void dsb_sy(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("yield" : : : "memory");
}

/* Sleeps until an interrupt is pending, masked or not; may return early. */
static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("dsb sy\n\twfi" : : : "memory");
}

/* CNTPCT_EL0. ISB: the counter must not be read ahead of what comes before. */
static inline uint64_t read_counter(void)
{
    isb();
    return read_sysreg(cntpct_el0);
}

/* IRQ or FIQ pending at this CPU, though masked. */
static inline uint64_t cpu_interrupt_pending(void)
{
    return read_sysreg(isr_el1) & (ISR_I | ISR_F);
}

/* After a guest: what of EL1 and the timers reaches a PD at EL0. Takes effect with the
 * next return to EL0. HCR_EL2, VTTBR_EL2 and CPTR_EL2 are not among it, nor are SP_EL0,
 * TPIDR_EL0 and TPIDRRO_EL0, which every return to a PD loads. */
static inline void cpu_load_host_registers(void)
{
    write_sysreg(sctlr_el1, SCTLR_EL1_HOST);
    write_sysreg(tcr_el1, TCR_EL1_HOST);
    write_sysreg(cpacr_el1, CPACR_EL1_HOST);
    write_sysreg(cntkctl_el1, CNTKCTL_EL1_HOST);
    write_sysreg(mdscr_el1, MDSCR_EL1_HOST);
    write_sysreg(cnthctl_el2, CNTHCTL_EL2_HOST);
}
