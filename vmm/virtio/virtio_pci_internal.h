/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of virtio over PCI. */
#pragma once

#include <vmm/virtio/virtio_pci.h>

/* Common configuration, §4.1.4.3. offset, width: as the guest accessed it. */
uint64_t virtio_pci_common_read(struct virtio_pci *pci, uint32_t offset, uint32_t width);
void virtio_pci_common_write(struct virtio_pci *pci, uint32_t offset, uint32_t width, uint64_t value);

/* Legacy interface, §4.1.4.10. */
extern const struct bus_ops virtio_pci_legacy_ops;
/* Bytes that its BAR needs. */
uint32_t virtio_pci_legacy_size(const struct virtio_device *device);

/* The driver wrote the status: what belongs to the transport follows a reset. */
void virtio_pci_write_status(struct virtio_pci *pci, uint8_t status);
/* Reads and clears the ISR, and with it INTx. */
uint8_t virtio_pci_take_isr(struct virtio_pci *pci);
/* The vector that the driver asked for, or VIRTIO_NO_VECTOR if there is none of that number. */
uint16_t virtio_pci_vector(const struct virtio_pci *pci, uint64_t value);
