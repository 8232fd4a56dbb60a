/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Channel 0 of a PC's interval timer (Intel 8254): counts down once, at most 55 ms;
 * a later deadline takes several interrupts. Its interrupt is an edge.
 */
#include "pc_timers.h"

#include <microkit.h>

#define PIT_FREQUENCY 1193182u
#define PIT_MAXIMUM   0xffffu

#define PORT_CHANNEL0 0x40u
#define PORT_CONTROL  0x43u
/* Channel 0, low byte before high byte, mode 0: the output rises when the count has ended. */
#define CONTROL_ONCE  0x30u

/* Written by the tool: how the ports are named. */
uintptr_t timer_ports;

static void write_port(uint16_t port, uint8_t value)
{
    microkit_x86_ioport_write_8((microkit_ioport)timer_ports, port, value);
}

uint32_t pit_count(uint64_t ticks, uint64_t frequency)
{
    uint64_t longest = frequency * PIT_MAXIMUM / PIT_FREQUENCY;
    if (ticks >= longest) {
        return PIT_MAXIMUM;
    }
    uint64_t count = (ticks * PIT_FREQUENCY + frequency - 1) / frequency;
    return count != 0 ? (uint32_t)count : 1;
}

void pit_arm(uint64_t ticks, uint64_t frequency)
{
    uint32_t count = pit_count(ticks, frequency);
    write_port(PORT_CONTROL, CONTROL_ONCE);
    write_port(PORT_CHANNEL0, (uint8_t)count);
    write_port(PORT_CHANNEL0, (uint8_t)(count >> 8));
}
