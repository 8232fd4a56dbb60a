/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables of the virtual PC (ACPI 6.4 ch. 5; PCI Firmware 3.2 §4.1.2 for MCFG). */
#pragma once

#include <stdint.h>

#define ACPI_MAX_VIRTIO_MMIO 32u

/* A virtio-mmio transport. */
struct acpi_virtio_mmio {
    uint32_t base; /* guest-physical address */
    uint32_t gsi;  /* level-triggered, shared */
};

struct acpi_tables_config {
    uint32_t vcpu_count; /* APIC IDs 0..vcpu_count - 1 */
    uint32_t virtio_mmio_count;
    struct acpi_virtio_mmio virtio_mmio[ACPI_MAX_VIRTIO_MMIO];
    uint32_t pci_slots; /* bit n: what is in slot n of bus 0 comes and goes; slot 0 does not */
};

/* Room that is always enough. */
#define ACPI_TABLES_MAX_SIZE 0x4000u

/* Writes all tables into `blob`, which the guest will find at guest-physical address `address` (16-byte aligned,
 * below 4 GiB). The RSDP is at the start of the blob; put it at 0xe0000..0xfffff for guests that search. Returns
 * the bytes used, 0 if `size` is too small or the configuration is impossible. */
uint32_t acpi_tables_build(const struct acpi_tables_config *config, uint8_t *blob, uint32_t size, uint64_t address);
