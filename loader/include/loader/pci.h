/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding PCI devices. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

/* Configuration space of one segment; width is 1, 2 or 4, offset a multiple of it. */
struct pci_access {
    uint32_t (*read)(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width);
    void (*write)(const struct pci_access *access, uint32_t address, uint32_t offset, uint32_t width, uint32_t value);
    uint64_t ecam_address; /* of bus first_bus; 0: by ports 0xcf8 and 0xcfc */
    uint16_t segment;
    uint8_t first_bus, last_bus;
};

/* Adds the functions of a segment to hardware->pci, measuring their BARs. */
void pci_scan(const struct pci_access *access, struct hardware_info *hardware);
/* Scans all segments whose configuration space is in memory (hardware->ecams). True
 * if segment 0 was among them. */
bool pci_scan_ecams(struct hardware_info *hardware);
