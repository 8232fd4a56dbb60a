/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed virtqueues: VirtIO 1.2 §2.8. One ring of descriptors that both sides write: the driver makes them available,
 * the device overwrites them with used ones. Two flags say which it is, with a meaning that changes with each round
 * (wrap counters). The driver area and the device area say when each side wants to hear of the other.
 */
#include "virtqueue_internal.h"

#define FLAG_AVAILABLE (1u << 7)
#define FLAG_USED      (1u << 15)

#define OFFSET_ID    12u
#define OFFSET_FLAGS 14u

/* Event suppression structure, §2.8.14. */
#define EVENT_POSITION    0u
#define EVENT_FLAGS       2u
#define EVENT_WRAP        (1u << 15)
#define EVENTS_ENABLE     0u
#define EVENTS_DISABLE    1u
#define EVENTS_DESCRIPTOR 2u

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t id;
    uint16_t flags;
};

static uint8_t *ring_entry(const struct virtqueue *queue, uint32_t position)
{
    return queue->descriptors + (uint64_t)DESCRIPTOR_SIZE * position;
}

static struct descriptor load_descriptor(const uint8_t *at)
{
    struct descriptor_words words = ring_load_descriptor(at);
    return (struct descriptor){
        .address = words.address,
        .length = (uint32_t)words.rest,
        .id = (uint16_t)(words.rest >> 32),
        .flags = (uint16_t)(words.rest >> 48),
    };
}

/* Moves a ring position on; its wrap counter changes at the end of the ring. */
static void advance(const struct virtqueue *queue, uint16_t *position, bool *wrap, uint16_t slots)
{
    uint32_t next = (uint32_t)*position + slots;
    if (next >= queue->size) {
        next -= queue->size;
        *wrap = !*wrap;
    }
    *position = (uint16_t)next;
}

bool packed_has_buffers(const struct virtqueue *queue)
{
    uint16_t flags = ring_acquire16(ring_entry(queue, queue->next_available) + OFFSET_FLAGS);
    bool available = (flags & FLAG_AVAILABLE) != 0;
    bool used = (flags & FLAG_USED) != 0;
    return available == queue->available_wrap && used != queue->available_wrap;
}

static bool walk_indirect(struct virtqueue *queue, struct virtqueue_chain *chain, const struct descriptor *descriptor)
{
    const uint8_t *table = virtqueue_indirect_table(queue, descriptor->address, descriptor->length, descriptor->flags);
    if (table == NULL) {
        return false;
    }
    /* All of the table; of the flags only WRITE means something there (§2.8.7). */
    for (uint32_t i = 0; i < descriptor->length / DESCRIPTOR_SIZE; i++) {
        struct descriptor entry = load_descriptor(table + (uint64_t)DESCRIPTOR_SIZE * i);
        bool writable = (entry.flags & DESCRIPTOR_WRITE) != 0;
        if (!virtqueue_add_segment(queue, chain, entry.address, entry.length, writable)) {
            return false;
        }
    }
    return true;
}

enum virtqueue_result packed_pop(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    if (!packed_has_buffers(queue)) {
        return VIRTQUEUE_EMPTY;
    }
    uint16_t position = queue->next_available;
    bool wrap = queue->available_wrap;
    for (uint16_t slots = 1;; slots++) {
        /* The driver does not know yet what is staged. */
        if ((uint32_t)queue->outstanding + queue->staged + slots > queue->size) {
            virtio_fail(queue->device, "queue %u: more descriptors available than the ring has, or a chain with a loop",
                        queue->index);
            return VIRTQUEUE_BROKEN;
        }
        struct descriptor descriptor = load_descriptor(ring_entry(queue, position));
        advance(queue, &position, &wrap, 1);
        bool good;
        if ((descriptor.flags & DESCRIPTOR_INDIRECT) != 0) {
            good = walk_indirect(queue, chain, &descriptor);
        } else {
            good = virtqueue_add_segment(queue, chain, descriptor.address, descriptor.length,
                                         (descriptor.flags & DESCRIPTOR_WRITE) != 0);
        }
        if (!good) {
            return VIRTQUEUE_BROKEN;
        }
        if ((descriptor.flags & DESCRIPTOR_NEXT) == 0) {
            chain->id = descriptor.id;
            chain->slots = slots;
            queue->next_available = position;
            queue->available_wrap = wrap;
            return VIRTQUEUE_CHAIN;
        }
    }
}

void packed_push(struct virtqueue *queue, uint16_t id, uint16_t slots, uint32_t written)
{
    uint8_t *entry = ring_entry(queue, queue->next_used);
    uint16_t flags = queue->used_wrap ? FLAG_AVAILABLE | FLAG_USED : 0;
    if (written != 0) {
        flags |= DESCRIPTOR_WRITE;
    }
    ring_store32(entry + 8, written);
    ring_store16(entry + OFFSET_ID, id);
    if (queue->staged == 0) {
        /* The driver looks at this one first: as long as it is not marked, none of those behind it counts. */
        queue->staged_position = queue->next_used;
        queue->staged_flags = flags;
    } else {
        ring_store16(entry + OFFSET_FLAGS, flags);
    }
    advance(queue, &queue->next_used, &queue->used_wrap, slots);
}

void packed_publish(struct virtqueue *queue)
{
    ring_release16(ring_entry(queue, queue->staged_position) + OFFSET_FLAGS, queue->staged_flags);
}

bool packed_interrupt_wanted(const struct virtqueue *queue, uint16_t published)
{
    uint16_t flags = ring_acquire16(queue->driver + EVENT_FLAGS) & 3u;
    if (flags == EVENTS_DISABLE) {
        return false;
    }
    if (flags != EVENTS_DESCRIPTOR || !queue->event_index) {
        return true;
    }
    uint16_t event = ring_load16(queue->driver + EVENT_POSITION);
    uint16_t position = event & (uint16_t)~EVENT_WRAP;
    if (((event & EVENT_WRAP) != 0) != queue->used_wrap) {
        position = (uint16_t)(position - queue->size); /* of the round before */
    }
    return event_passed(position, queue->next_used, published);
}

void packed_set_notification(struct virtqueue *queue, bool wanted)
{
    uint8_t *event = queue->device_ring;
    if (!wanted) {
        ring_store16(event + EVENT_FLAGS, EVENTS_DISABLE);
    } else if (queue->event_index) {
        ring_store16(event + EVENT_POSITION,
                     (uint16_t)(queue->next_available | (queue->available_wrap ? EVENT_WRAP : 0)));
        ring_release16(event + EVENT_FLAGS, EVENTS_DESCRIPTOR);
    } else {
        ring_store16(event + EVENT_FLAGS, EVENTS_ENABLE);
    }
}
