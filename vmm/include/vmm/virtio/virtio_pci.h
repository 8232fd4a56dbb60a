/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI: VirtIO 1.2 §4.1. A function with one memory BAR for the modern interface and MSI-X, and, if it is
 * transitional, an I/O BAR for the legacy interface (§4.1.4.10). On a PC notifications can be written to ports, too: an
 * exit for a port needs no instruction to be decoded.
 */
#pragma once

#include <vmm/devices/msix.h>
#include <vmm/devices/pci.h>
#include <vmm/virtio/virtio.h>

/* The memory BAR. */
#define VIRTIO_PCI_BAR           1u
#define VIRTIO_PCI_BAR_SIZE      0x8000u
#define VIRTIO_PCI_COMMON        0x0000u /* common configuration */
#define VIRTIO_PCI_ISR           0x1000u
#define VIRTIO_PCI_DEVICE        0x2000u /* device configuration */
#define VIRTIO_PCI_NOTIFY        0x3000u /* one word for each queue */
#define VIRTIO_PCI_MSIX_TABLE    0x4000u
#define VIRTIO_PCI_MSIX_PENDING  0x5000u
#define VIRTIO_PCI_PART          0x1000u
#define VIRTIO_PCI_NOTIFY_STRIDE 4u

#define VIRTIO_PCI_LEGACY_BAR  0u
/* Where ports are fast: notifications by ports, as in the memory BAR's part for them. */
#define VIRTIO_PCI_NOTIFY_BAR  2u
#define VIRTIO_PCI_NOTIFY_SIZE 128u

enum virtio_isr {
    VIRTIO_ISR_QUEUE = 1u << 0,
    VIRTIO_ISR_CONFIG = 1u << 1,
};

struct virtio_pci {
    struct pci_device function;
    struct msix msix;
    struct virtio_device *device;
    uint8_t access_capability; /* offset of VIRTIO_PCI_CAP_PCI_CFG */
    bool transitional;
    bool master; /* bus mastering is on */

    uint32_t device_feature_select, driver_feature_select;
    uint16_t queue_select;
    uint16_t config_vector;
    uint8_t isr; /* enum virtio_isr */
};

/* Where a device is put on the bus: function 0 of `slot`, 1..31. */
struct virtio_pci_place {
    uint32_t slot;
    bool transitional;
    bool removable; /* it comes and goes, by pci_slot_insert() and the like */
    bool absent;    /* and is not there at first */
};

/* Puts the device on the bus. NULL, or what is wrong. */
const char *virtio_pci_init(struct virtio_pci *pci, struct virtio_device *device, struct pci_host *host,
                            const struct virtio_pci_place *place);
/* Registers and device to their power-on state. Configuration space is pci_host_reset()'s. */
void virtio_pci_reset(struct virtio_pci *pci);
