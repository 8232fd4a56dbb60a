/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X of a PCI function: PCI Local Bus 3.0 §6.8.2. A table of vectors, each with an address, data and a mask, and an
 * array of pending bits, both in a BAR of the function, which passes accesses on.
 */
#pragma once

#include <vmm/devices/pci.h>

#define MSIX_VECTORS      32u
#define MSIX_ENTRY_SIZE   16u
#define MSIX_PENDING_SIZE (MSIX_VECTORS / 8u)

struct msix_entry {
    uint64_t address;
    uint32_t data;
    bool masked;
};

struct msix {
    struct pci_device *function;
    uint8_t capability; /* offset */
    uint16_t count;
    uint32_t pending; /* bit per vector */
    struct msix_entry entries[MSIX_VECTORS];
};

/* Adds the capability: `count` vectors, 1..MSIX_VECTORS, with the table and the pending bits at these offsets of BAR
 * `bar`, multiples of 8. 0; -1: no room for the capability. */
int msix_init(struct msix *msix, struct pci_device *function, uint16_t count, uint32_t bar, uint32_t table_offset,
              uint32_t pending_offset);
/* After the function's configuration space was put back. */
void msix_reset(struct msix *msix);
/* Configuration space was written: what was pending may go out. */
void msix_config_written(struct msix *msix);
/* The guest has turned it on: INTx is not used. */
bool msix_enabled(const struct msix *msix);
/* Sends the vector's message, or holds it while it is masked. No effect if MSI-X is off or there is no such vector. */
void msix_signal(struct msix *msix, uint32_t vector);

/* Accesses to the table and to the pending bits, offsets from the start of each; width 4 or 8, aligned; others read 0
 * and write nothing. */
uint64_t msix_table_read(const struct msix *msix, uint32_t offset, uint32_t width);
void msix_table_write(struct msix *msix, uint32_t offset, uint32_t width, uint64_t value);
uint64_t msix_pending_read(const struct msix *msix, uint32_t offset, uint32_t width);
