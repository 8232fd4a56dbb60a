/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the two versions of virtio over MMIO. */
#pragma once

#include <vmm/virtio/virtio_mmio.h>

enum mmio_register {
    MMIO_MAGIC = 0x000,
    MMIO_VERSION = 0x004,
    MMIO_DEVICE_ID = 0x008,
    MMIO_VENDOR_ID = 0x00c,
    MMIO_DEVICE_FEATURES = 0x010,
    MMIO_DEVICE_FEATURES_SELECT = 0x014,
    MMIO_DRIVER_FEATURES = 0x020,
    MMIO_DRIVER_FEATURES_SELECT = 0x024,
    MMIO_PAGE_SIZE = 0x028, /* legacy */
    MMIO_QUEUE_SELECT = 0x030,
    MMIO_QUEUE_SIZE_MAX = 0x034,
    MMIO_QUEUE_SIZE = 0x038,
    MMIO_QUEUE_ALIGNMENT = 0x03c, /* legacy */
    MMIO_QUEUE_ADDRESS = 0x040,   /* legacy: page number */
    MMIO_QUEUE_READY = 0x044,
    MMIO_QUEUE_NOTIFY = 0x050,
    MMIO_INTERRUPT_STATUS = 0x060,
    MMIO_INTERRUPT_ACK = 0x064,
    MMIO_STATUS = 0x070,
    MMIO_QUEUE_DESCRIPTORS = 0x080, /* low and high halves */
    MMIO_QUEUE_DRIVER = 0x090,
    MMIO_QUEUE_DEVICE = 0x0a0,
    MMIO_SHARED_MEMORY_LENGTH = 0x0b0,
    MMIO_SHARED_MEMORY_BASE = 0x0b8,
    MMIO_QUEUE_RESET = 0x0c0,
    MMIO_CONFIG_GENERATION = 0x0fc,
    MMIO_CONFIG = 0x100,
};

/* The registers that only version 1 has. False: not one of them. */
bool virtio_mmio_legacy_read(struct virtio_mmio *mmio, uint32_t offset, uint32_t *value);
bool virtio_mmio_legacy_write(struct virtio_mmio *mmio, uint32_t offset, uint32_t value);
