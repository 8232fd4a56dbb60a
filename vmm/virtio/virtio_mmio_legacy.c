/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over MMIO, version 1: VirtIO 1.2 §4.2.4. The driver says how large its pages are, and places a queue by a page
 * number. */
#include "virtio_legacy.h"
#include "virtio_mmio_internal.h"

#define LARGEST (1u << 20) /* page and alignment */

static bool power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

bool virtio_mmio_legacy_read(struct virtio_mmio *mmio, uint32_t offset, uint32_t *value)
{
    const struct virtqueue *queue = virtio_queue(mmio->device, mmio->queue_select);
    if (offset != MMIO_QUEUE_ADDRESS) {
        return false;
    }
    *value = queue != NULL && queue->enabled ? (uint32_t)(queue->descriptor_area / mmio->page_size) : 0;
    return true;
}

static void place_queue(struct virtio_mmio *mmio, uint32_t number)
{
    uint32_t index = mmio->queue_select;
    if (index >= mmio->device->queue_count) {
        return;
    }
    if (number != 0 && (!power_of_two(mmio->page_size) || !power_of_two(mmio->queue_alignment[index]) ||
                        mmio->page_size > LARGEST || mmio->queue_alignment[index] > LARGEST)) {
        virtio_fail(mmio->device, "queue %u cannot start: pages of %u bytes, aligned to %u", index, mmio->page_size,
                    mmio->queue_alignment[index]);
        return;
    }
    virtio_legacy_place_queue(mmio->device, index, number, mmio->page_size, mmio->queue_alignment[index]);
}

bool virtio_mmio_legacy_write(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
    uint32_t index = mmio->queue_select;
    switch (offset) {
    case MMIO_PAGE_SIZE:
        for (uint32_t i = 0; i < mmio->device->queue_count; i++) {
            if (mmio->device->queues[i].enabled) {
                return true; /* page numbers have been said in other pages */
            }
        }
        mmio->page_size = value;
        return true;
    case MMIO_QUEUE_ALIGNMENT:
        if (index < VIRTIO_MAX_QUEUES) {
            mmio->queue_alignment[index] = value;
        }
        return true;
    case MMIO_QUEUE_ADDRESS:
        place_queue(mmio, value);
        return true;
    default:
        return false;
    }
}
