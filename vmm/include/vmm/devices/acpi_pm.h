/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware (ACPI 6.4 §4.8): PM1a event and control registers, the
 * 32-bit power management timer (3.579545 MHz), and 16 general-purpose events.
 * The machine is always in ACPI mode (SCI_EN reads 1). SCI is GSI 9, level.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/devices/machine_control.h>
#include <vmm/irq.h>
#include <vmm/log.h>
#include <vmm/timer.h>

#define ACPI_PM_TIMER_FREQUENCY 3579545u /* Hz */

struct acpi_pm {
    uint16_t status;
    uint16_t enable;
    uint16_t control;
    uint16_t gpe_status, gpe_enable;
    bool sci_level;
    uint64_t start;     /* TSC at which the timer was 0 */
    uint64_t overflows; /* half periods (2^31 ticks) up to which TMR_STS was evaluated */
    struct irq_router *router;
    struct timer_set *timers;
    const struct vm_clock *clock;
    struct timer timer;
    const struct machine_control *machine;
    struct vm *vm;
    struct log_limit limit;
};

/* Registers ports 0x600..0x60f. 0, or -1 if a table is full. */
int acpi_pm_init(struct acpi_pm *pm, struct bus *io, struct irq_router *router, struct timer_set *timers,
                 const struct vm_clock *clock, const struct machine_control *machine, struct vm *vm);
void acpi_pm_reset(struct acpi_pm *pm);
/* Presses the power button: a guest that listens shuts itself down. False if the guest has not enabled it. */
bool acpi_pm_press_power_button(struct acpi_pm *pm);
/* A general-purpose event happened; event: 0..15. */
void acpi_pm_raise_event(struct acpi_pm *pm, uint32_t event);
