/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over MMIO: VirtIO 1.2 §4.2. 512 bytes of registers and one interrupt line; version 2, or the legacy version 1
 * (§4.2.4), which a driver cannot choose: it is what the system file says.
 */
#pragma once

#include <vmm/bus.h>
#include <vmm/irq.h>
#include <vmm/virtio/virtio.h>

#define VIRTIO_MMIO_SIZE 0x200u

struct virtio_mmio {
    struct virtio_device *device;
    struct irq_shared_line *line;
    bool legacy;
    bool asserted;
    uint32_t interrupt_status; /* enum virtio_mmio_interrupt */
    uint32_t device_features_select, driver_features_select;
    uint32_t queue_select;
    /* Legacy only. */
    uint32_t page_size;
    uint32_t queue_alignment[VIRTIO_MAX_QUEUES];
};

enum virtio_mmio_interrupt {
    VIRTIO_MMIO_INTERRUPT_QUEUE = 1u << 0,
    VIRTIO_MMIO_INTERRUPT_CONFIG = 1u << 1,
};

/* Registers the transport on the bus at `base`. NULL, or what is wrong. */
const char *virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device, struct bus *bus, uint64_t base,
                             struct irq_shared_line *line, bool legacy);
/* Registers and device to their power-on state. */
void virtio_mmio_reset(struct virtio_mmio *mmio);
