/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_legacy.h"

void virtio_legacy_place_queue(struct virtio_device *device, uint32_t index, uint32_t number, uint32_t page,
                               uint32_t alignment)
{
    struct virtqueue *queue = virtio_queue(device, index);
    if (queue == NULL) {
        return;
    }
    if (number == 0) {
        virtio_stop_queue(device, index);
        return;
    }
    if (queue->enabled) {
        virtio_fail(device, "queue %u placed again while it runs", index);
        return;
    }
    uint64_t base = (uint64_t)number * page;
    uint64_t available_end = 16ull * queue->size + 4 + 2ull * queue->size + 2;
    queue->descriptor_area = base;
    queue->driver_area = base + 16ull * queue->size;
    queue->device_area = base + ((available_end + alignment - 1) & ~((uint64_t)alignment - 1));
    virtio_enable_queue(device, index);
}
