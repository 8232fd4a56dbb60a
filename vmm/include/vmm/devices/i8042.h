/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8042 keyboard controller with nothing plugged in: enough for drivers and
 * firmware to find that out at once, for A20 and for the reset pulse. A byte sent
 * to the absent keyboard is answered as the controller does it, with a time-out
 * (status bit 6) and 0xFE. There is no auxiliary port.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/devices/machine_control.h>
#include <vmm/irq.h>
#include <vmm/log.h>

struct i8042 {
    uint8_t status;
    uint8_t output; /* output buffer, valid with status bit 0 */
    uint8_t output_port;
    uint8_t pending; /* command whose data byte is awaited, 0: none */
    uint8_t ram[32]; /* [0]: command byte */
    bool irq_level;
    struct irq_router *router;
    const struct machine_control *machine;
};

/* Registers ports 0x60 and 0x64. 0, or -1 if a table is full. */
int i8042_init(struct i8042 *controller, struct bus *io, struct irq_router *router,
               const struct machine_control *machine, struct vm *vm);
void i8042_reset(struct i8042 *controller);
