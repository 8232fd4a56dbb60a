/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local APIC of one vCPU: xAPIC registers in memory and x2APIC registers as MSRs
 * (Intel SDM vol. 3 ch. 11; AMD APM vol. 2 ch. 16).
 *
 * Its functions are called by its vCPU's thread only, except for the delivery
 * through struct apic_bus.
 *
 * The timer counts host TSC ticks (divided by the divide configuration): announce
 * the TSC's frequency as the crystal clock's (CPUID 0x15), or let the guest
 * calibrate. Periodic interrupts come no faster than LAPIC_MIN_PERIOD_US; periods
 * that passed unseen give one interrupt, and the phase is kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/clock.h>
#include <vmm/devices/apic_bus.h>
#include <vmm/timer.h>

#define LAPIC_MIN_PERIOD_US 20u

#define LAPIC_MSR_APIC_BASE    0x1bu
#define LAPIC_MSR_TSC_DEADLINE 0x6e0u
#define LAPIC_MSR_X2APIC_FIRST 0x800u
#define LAPIC_MSR_X2APIC_LAST  0x8ffu

#define LAPIC_BASE_BSP    (1ull << 8)
#define LAPIC_BASE_X2APIC (1ull << 10)
#define LAPIC_BASE_ENABLE (1ull << 11)

enum lapic_lvt {
    LAPIC_LVT_TIMER = 0,
    LAPIC_LVT_THERMAL = 1,
    LAPIC_LVT_PERFORMANCE = 2,
    LAPIC_LVT_LINT0 = 3,
    LAPIC_LVT_LINT1 = 4,
    LAPIC_LVT_ERROR = 5,
    LAPIC_LVT_COUNT = 6,
};

struct vm;

struct lapic_config {
    uint32_t vcpu;          /* index and initial APIC ID; vCPU 0 is the boot processor */
    uint32_t physical_bits; /* MAXPHYADDR of the guest's CPUID, 36..52 */
    bool x2apic;            /* offered by CPUID */
    bool tsc_deadline;      /* offered by CPUID */
};

struct lapic {
    /* Set by any thread, atomically. */
    uint64_t irr[4];
    uint64_t tmr[4];
    uint8_t irr_hint;       /* not 0: irr may have a bit set */
    uint8_t extint_message; /* an ExtINT message (from the I/O APIC) waits */
    uint8_t error_pending;  /* ESR bits found since its last write */

    /* The vCPU thread's own. */
    uint8_t tpr;
    uint8_t ppr; /* max(TPR, class in service), kept current */
    bool lint_level[2];
    uint64_t isr[4];
    uint64_t base; /* IA32_APIC_BASE */
    uint32_t spurious;
    uint32_t lvt[LAPIC_LVT_COUNT];
    uint32_t id;      /* as the mode shows it: bits 31:24 in xAPIC mode, all in x2APIC mode */
    uint32_t logical; /* LDR */
    uint32_t format;  /* DFR */
    uint32_t error;   /* ESR as last written */
    uint64_t icr;
    uint32_t initial_count;
    uint32_t divide;       /* register value */
    uint32_t divide_shift; /* log2 of the divisor */
    uint64_t timer_start;  /* TSC of the last load, phase of the periods */
    uint64_t tsc_deadline; /* guest TSC, 0: none */
    int64_t tsc_offset;    /* guest TSC = host TSC + this */

    struct timer timer;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct apic_bus *bus;
    struct lapic_config config;
};

/* Adds the LAPIC to the bus. 0; -1 if the vCPU index is taken or out of range, or the timer set is full. */
int lapic_init(struct lapic *lapic, struct apic_bus *bus, const struct lapic_config *config, struct timer_set *timers,
               const struct vm_clock *clock, struct vm *vm);
/* Power-on: xAPIC mode, software-disabled. With virtual_wire the boot processor's is as firmware leaves it (MP
 * specification §3.6.2.2): software-enabled, LINT0 ExtINT and LINT1 NMI, unmasked. */
void lapic_reset(struct lapic *lapic, bool virtual_wire);
/* INIT: as reset, but IA32_APIC_BASE and the APIC ID stay (SDM vol. 3 §11.4.7.3). */
void lapic_init_signal(struct lapic *lapic);
/* guest TSC - host TSC. An armed TSC deadline moves with it. */
void lapic_set_tsc_offset(struct lapic *lapic, int64_t offset);

/* --- Interrupts, seen from the vCPU --- */

/* Vector that the vCPU should take now, or -1: the highest request above the processor priority. */
int lapic_highest_pending(struct lapic *lapic);
/* Highest request at all, whatever the priority; -1: none. With highest_pending() -1 and this one not, a lower TPR
 * would let it through. */
int lapic_highest_request(struct lapic *lapic);
/* The vCPU takes `vector` (from lapic_highest_pending()): request becomes in service. */
void lapic_accept(struct lapic *lapic, uint8_t vector);
/* The end of the interrupt in service, if there is one: what a write to the EOI register does. */
void lapic_eoi(struct lapic *lapic);
/* Whether the end of the interrupt in service does nothing but end it: it was an edge, and no other waits. False also
 * if there is none. */
bool lapic_ends_quietly(struct lapic *lapic);
/* The 8259 pair's interrupt passes LINT0 or came as a message: take it with i8259_acknowledge() and then
 * lapic_accept_extint(). Before lapic_highest_pending() in order. */
bool lapic_extint_pending(const struct lapic *lapic);
void lapic_accept_extint(struct lapic *lapic);
/* Level of a local interrupt pin: 0 the 8259 pair's INTR, 1 NMI. */
void lapic_set_lint(struct lapic *lapic, uint32_t pin, bool level);
/* CR8 is TPR[7:4]. */
static inline uint32_t lapic_cr8(const struct lapic *lapic)
{
    return (uint32_t)lapic->tpr >> 4;
}
void lapic_set_cr8(struct lapic *lapic, uint32_t cr8);

/* --- Registers --- */

/* Guest-physical address of the register page, or 0 where it does not answer (disabled, x2APIC mode). */
static inline uint64_t lapic_mmio_base(const struct lapic *lapic)
{
    return (lapic->base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC)) == LAPIC_BASE_ENABLE ? lapic->base & ~0xfffull : 0;
}
/* offset: in the page; width 1, 2, 4, 8, within the page. The architecture defines aligned 32-bit accesses;
 * narrower reads give the part asked for, other writes are ignored. */
uint64_t lapic_mmio_read(struct lapic *lapic, uint64_t offset, uint32_t width);
void lapic_mmio_write(struct lapic *lapic, uint64_t offset, uint32_t width, uint64_t value);
/* IA32_APIC_BASE, IA32_TSC_DEADLINE and 0x800..0x8ff. 0; -1: the guest gets #GP(0). */
int lapic_msr_read(struct lapic *lapic, uint32_t index, uint64_t *value);
int lapic_msr_write(struct lapic *lapic, uint32_t index, uint64_t value);

/* --- Delivery; from any thread. apic_bus_send() is the way in. --- */

/* Sets a request. vector below 16 is an error noted in ESR. False if the LAPIC does not take it (disabled). */
bool lapic_deliver(struct lapic *lapic, uint8_t vector, bool level_triggered);
/* Whether a message is for this LAPIC (SDM vol. 3 §11.6.2). */
bool lapic_matches(const struct lapic *lapic, const struct apic_message *message);
