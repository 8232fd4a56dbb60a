/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hot-plug of a PC's PCI slots through ACPI (ACPI 6.4 §6.3): four registers that the DSDT's methods use, a bit for each
 * slot of bus 0, and the general-purpose event PC_GPE_PCI_SLOTS. Accesses are of 32 bits.
 *
 *   0  a device was put in, or pulled; writing 1 clears
 *   4  the guest is asked to let a device go; writing 1 clears
 *   8  a device that can go is there; read-only
 *  12  writing 1 ejects it
 */
#pragma once

#include <stdint.h>

#include <vmm/devices/acpi_pm.h>
#include <vmm/devices/pci.h>

struct acpi_slots {
    uint32_t changed, leaving;
    struct pci_host *host;
    struct acpi_pm *pm;
    struct vm *vm;
    struct log_limit limit;
};

/* Registers ports 0x620..0x62f, and itself as what tells the guest of the host's slots. 0, or -1 if a table is full. */
int acpi_slots_init(struct acpi_slots *slots, struct bus *io, struct pci_host *host, struct acpi_pm *pm, struct vm *vm);
void acpi_slots_reset(struct acpi_slots *slots);
