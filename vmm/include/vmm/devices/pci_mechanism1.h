/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PC's way to PCI configuration space by ports 0xCF8 (address) and 0xCFC (data): mechanism 1, PCI Local Bus 3.0
 * §3.2.2.3.2. The reset register 0xCF9 lies among them.
 */
#pragma once

#include <vmm/devices/pci.h>
#include <vmm/devices/reset_control.h>

struct pci_mechanism1 {
    uint32_t address; /* 0xCF8 */
    struct pci_host *host;
    struct reset_control *reset;
};

/* Registers the ports on the host's I/O bus. 0, or -1 if the table is full. */
int pci_mechanism1_init(struct pci_mechanism1 *ports, struct pci_host *host, struct reset_control *reset);
void pci_mechanism1_reset(struct pci_mechanism1 *ports);
