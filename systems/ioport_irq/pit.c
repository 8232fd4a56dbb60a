/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts interrupts of the PC's interval timer (Intel 8254). */
#include <microkit.h>

#include "../common/report.h"

#define IRQ         5
#define PORTS       0
#define PIT_COUNTER 0x40
#define PIT_CONTROL 0x43

#define INTERRUPTS 20u

static unsigned int interrupts;

void init(void)
{
    /* Counter 0, both bytes, rate generator: 1193182 Hz / 11932 = 100 Hz. */
    microkit_x86_ioport_write_8(PORTS, PIT_CONTROL, 0x34);
    microkit_x86_ioport_write_8(PORTS, PIT_COUNTER, 11932 & 0xff);
    microkit_x86_ioport_write_8(PORTS, PIT_COUNTER, 11932 >> 8);
    /* Read-back command: latch the status of counter 0. */
    microkit_x86_ioport_write_8(PORTS, PIT_CONTROL, 0xe2);
    check((microkit_x86_ioport_read_8(PORTS, PIT_COUNTER) & 0x3f) == 0x34, "the counter is programmed");
}

void notified(microkit_channel ch)
{
    if (ch != IRQ) {
        report("WRONG channel %u", ch);
        return;
    }
    interrupts++;
    if (interrupts == INTERRUPTS) {
        report("%u interrupts", interrupts);
        report("passed");
    }
    if (interrupts % 2 == 0) {
        microkit_irq_ack(ch);
    } else {
        microkit_deferred_irq_ack(ch);
    }
}
