/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots whose functions come and go. */
#include <stddef.h>

#include <vmm/devices/pci_port.h>

#include "pci_internal.h"

int pci_slot_add(struct pci_host *host, uint32_t slot, struct pci_device *function, bool present)
{
    if (slot == 0 || slot >= PCI_SLOTS) {
        return -1;
    }
    function->absent = !present;
    if (host->config.ports == NULL) {
        if (pci_host_add(host, PCI_DEVFN(slot, 0), function) != 0) {
            return -1;
        }
    } else if (host->ports_used == host->config.port_count ||
               pci_port_add(&host->config.ports[host->ports_used++], host, slot, function) != 0) {
        return -1;
    }
    host->removable[slot] = function;
    return 0;
}

bool pci_slot_occupied(const struct pci_host *host, uint32_t slot)
{
    return slot < PCI_SLOTS && host->removable[slot] != NULL && !host->removable[slot]->absent;
}

void pci_slot_insert(struct pci_host *host, uint32_t slot)
{
    struct pci_device *function = host->removable[slot];
    pci_function_reset(function);
    function->absent = false;
    if (host->slot_ops != NULL) {
        host->slot_ops->inserted(host->slot_controller, slot);
    }
}

void pci_slot_remove(struct pci_host *host, uint32_t slot)
{
    struct pci_device *function = host->removable[slot];
    function->absent = true;
    pci_function_reset(function);
}

void pci_slot_pull(struct pci_host *host, uint32_t slot)
{
    pci_function_pull(host->removable[slot]);
    if (host->slot_ops != NULL) {
        host->slot_ops->pulled(host->slot_controller, slot);
    }
}

void pci_slot_ask(struct pci_host *host, uint32_t slot)
{
    if (host->slot_ops != NULL) {
        host->slot_ops->asked(host->slot_controller, slot);
    }
}

void pci_slot_withdraw(struct pci_host *host, uint32_t slot)
{
    if (host->slot_ops != NULL) {
        host->slot_ops->withdrawn(host->slot_controller, slot);
    }
}

void pci_slot_release(struct pci_host *host, uint32_t slot)
{
    if (!pci_slot_occupied(host, slot)) {
        return;
    }
    pci_slot_remove(host, slot);
    if (host->slot_released != NULL) {
        host->slot_released(host->slot_context, slot);
    }
}
