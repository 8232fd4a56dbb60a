/* SPDX-License-Identifier: BSD-2-Clause */
/* What the legacy interfaces of PCI and MMIO share: VirtIO 1.2 §2.7.2, rings in one piece at a page number. */
#pragma once

#include <vmm/virtio/virtio.h>

/* The driver wrote the queue's page number: 0 takes the queue away, anything else places and starts it. page: bytes;
 * alignment: of the used ring, a power of two. */
void virtio_legacy_place_queue(struct virtio_device *device, uint32_t index, uint32_t number, uint32_t page,
                               uint32_t alignment);
