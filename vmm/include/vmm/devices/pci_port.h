/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A root port of PCI Express with a slot, for machines whose guests know no ACPI: PCI Express Base 5.0 §7.5.3
 * (registers), §6.7 (hot-plug). Bus 0 has the port, the bus behind it one function, which comes and goes.
 *
 * The attention button is pressed when a device was put into a slot without power, and to ask the guest to let it go;
 * Linux waits five seconds for a second press, which takes the first one back. The guest lets go by turning the slot's
 * power off. A device that is pulled is missed by its link. The port interrupts by INTx.
 */
#pragma once

#include <vmm/devices/pci.h>

struct pci_port {
    struct pci_device function;
    struct pci_device *child; /* there or not */
    uint32_t slot;
    uint8_t capability; /* offset */
    bool powered;       /* as the guest has switched it */
    bool pulled;        /* what was there last; what comes next is announced by its link */
    bool pulled_on;     /* and the guest has yet to turn the power off, as it does when it misses a device */
    bool by_link;       /* the link is up without power, for the guest to see that something has come */
};

/* Puts the port on bus 0 and the function behind it; it becomes what tells the guest of the host's slots. 0; -1 if the
 * place is taken. */
int pci_port_add(struct pci_port *port, struct pci_host *host, uint32_t slot, struct pci_device *child);
/* The child can be reached: it is there, and has power. */
bool pci_port_link_active(const struct pci_port *port);
/* The bus behind the port; 0: the guest has not given it a number. */
uint32_t pci_port_bus(const struct pci_port *port);
/* Whether accesses to all of [base, base + size) come through to the bus behind it. */
bool pci_port_forwards(const struct pci_port *port, enum pci_bar_kind kind, uint64_t base, uint64_t size);
