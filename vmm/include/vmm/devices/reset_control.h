/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports by which a PC is reset: the reset control register 0xCF9 (Intel ICH data
 * sheet §10.7.5) and system control port A 0x92 (fast A20 and INIT), and the
 * POST code port 0x80, which only takes bytes.
 *
 * 0xCF9 lies within the PCI configuration address register: struct pci_host
 * passes on the byte accesses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/devices/machine_control.h>
#include <vmm/log.h>

struct reset_control {
    uint8_t control;   /* 0xCF9 */
    uint8_t system_a;  /* 0x92 */
    uint8_t post_code; /* last byte written to 0x80 */
    const struct machine_control *machine;
};

/* Registers ports 0x92 and 0x80. 0, or -1 if a table is full. */
int reset_control_init(struct reset_control *control, struct bus *io, const struct machine_control *machine,
                       struct vm *vm);
void reset_control_reset(struct reset_control *control);
/* Port 0xCF9. */
uint8_t reset_control_read(const struct reset_control *control);
void reset_control_write(struct reset_control *control, uint8_t value);
