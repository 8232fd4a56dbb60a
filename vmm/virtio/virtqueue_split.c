/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues: VirtIO 1.2 §2.7. A table of descriptors; an available ring that the driver writes (flags, index,
 * heads of chains, used_event) and a used ring that the device writes (flags, index, pairs of head and length,
 * avail_event). Indices run freely.
 */
#include "virtqueue_internal.h"

#define AVAILABLE_NO_INTERRUPT 1u
#define USED_NO_NOTIFY         1u

#define RING_FLAGS   0u
#define RING_INDEX   2u
#define RING_ENTRIES 4u

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

static struct descriptor load_descriptor(const uint8_t *table, uint32_t index)
{
    struct descriptor_words words = ring_load_descriptor(table + (uint64_t)DESCRIPTOR_SIZE * index);
    return (struct descriptor){
        .address = words.address,
        .length = (uint32_t)words.rest,
        .flags = (uint16_t)(words.rest >> 32),
        .next = (uint16_t)(words.rest >> 48),
    };
}

static uint8_t *used_event(const struct virtqueue *queue)
{
    return queue->driver + RING_ENTRIES + 2u * queue->size;
}

static uint8_t *available_event(const struct virtqueue *queue)
{
    return queue->device_ring + RING_ENTRIES + 8u * queue->size;
}

/* The chain that starts at descriptor `index` of the queue's table, and may end in an indirect one. */
static bool walk(struct virtqueue *queue, struct virtqueue_chain *chain, uint32_t index)
{
    const uint8_t *table = queue->descriptors;
    uint32_t count = queue->size;
    bool indirect = false;
    /* A chain without a loop has no more descriptors than its table. */
    for (uint32_t left = count; left > 0; left--) {
        struct descriptor descriptor = load_descriptor(table, index);
        if ((descriptor.flags & DESCRIPTOR_INDIRECT) != 0) {
            if (indirect) { /* even if it is the queue's own table again */
                virtio_fail(queue->device, "queue %u: an indirect descriptor in an indirect table", queue->index);
                return false;
            }
            table = virtqueue_indirect_table(queue, descriptor.address, descriptor.length, descriptor.flags);
            if (table == NULL) {
                return false;
            }
            count = descriptor.length / DESCRIPTOR_SIZE;
            left = count + 1;
            index = 0;
            indirect = true;
            continue;
        }
        bool writable = (descriptor.flags & DESCRIPTOR_WRITE) != 0;
        if (!virtqueue_add_segment(queue, chain, descriptor.address, descriptor.length, writable)) {
            return false;
        }
        if ((descriptor.flags & DESCRIPTOR_NEXT) == 0) {
            return true;
        }
        if (descriptor.next >= count) {
            virtio_fail(queue->device, "queue %u: a chain goes on at descriptor %u of %u", queue->index,
                        descriptor.next, count);
            return false;
        }
        index = descriptor.next;
    }
    virtio_fail(queue->device, "queue %u: a chain with a loop", queue->index);
    return false;
}

enum virtqueue_result split_pop(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    uint16_t available = (uint16_t)(ring_acquire16(queue->driver + RING_INDEX) - queue->next_available);
    if (available == 0) {
        return VIRTQUEUE_EMPTY;
    }
    /* Each buffer takes at least one descriptor until the driver sees that it is used. A driver that goes on adding
     * would otherwise keep the device at work for ever. */
    uint32_t taken = (uint32_t)queue->outstanding + queue->staged;
    if (available + taken > queue->size) {
        virtio_fail(queue->device, "queue %u: %u buffers available and %u not yet used, of %u", queue->index, available,
                    taken, queue->size);
        return VIRTQUEUE_BROKEN;
    }
    uint32_t position = queue->next_available & (queue->size - 1u);
    uint16_t head = ring_load16(queue->driver + RING_ENTRIES + 2u * position);
    if (head >= queue->size) {
        virtio_fail(queue->device, "queue %u: descriptor %u of %u made available", queue->index, head, queue->size);
        return VIRTQUEUE_BROKEN;
    }
    if (!walk(queue, chain, head)) {
        return VIRTQUEUE_BROKEN;
    }
    queue->next_available++;
    chain->id = head;
    chain->slots = 1;
    return VIRTQUEUE_CHAIN;
}

void split_push(struct virtqueue *queue, uint16_t id, uint32_t written)
{
    uint32_t position = queue->next_used & (queue->size - 1u);
    uint8_t *entry = queue->device_ring + RING_ENTRIES + 8u * position;
    ring_store32(entry, id);
    ring_store32(entry + 4, written);
    queue->next_used++;
}

void split_publish(struct virtqueue *queue)
{
    ring_release16(queue->device_ring + RING_INDEX, queue->next_used);
}

bool split_interrupt_wanted(const struct virtqueue *queue, uint16_t published)
{
    if (queue->event_index) {
        return event_passed(ring_load16(used_event(queue)), queue->next_used, published);
    }
    return (ring_load16(queue->driver + RING_FLAGS) & AVAILABLE_NO_INTERRUPT) == 0;
}

bool split_has_buffers(const struct virtqueue *queue)
{
    return ring_acquire16(queue->driver + RING_INDEX) != queue->next_available;
}

void split_set_notification(struct virtqueue *queue, bool wanted)
{
    if (!queue->event_index) {
        ring_store16(queue->device_ring + RING_FLAGS, (uint16_t)(wanted ? 0 : USED_NO_NOTIFY));
        return;
    }
    ring_store16(queue->device_ring + RING_FLAGS, 0); /* has no meaning with event indices, and is to be 0 */
    if (wanted) {
        ring_store16(available_event(queue), queue->next_available);
    }
    /* Not wanted: the event lies behind, and is not met again before the index has gone around. */
}
