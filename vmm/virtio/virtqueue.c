/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues: what both ring formats have in common. VirtIO 1.2 §2.6. */
#include <base/memory.h>

#include <vmm/vm.h>

#include "virtqueue_internal.h"

/* --- Set up and reset --- */

struct area {
    uint64_t address;
    uint64_t size;
    uint32_t alignment;
    uint8_t **place;
    const char *misaligned, *not_ram;
};

static bool map_area(const struct virtqueue *queue, const struct area *area, const char **problem)
{
    if (area->address % area->alignment != 0) {
        *problem = area->misaligned;
        return false;
    }
    *area->place = guest_slice(queue->device->memory, GPA(area->address), area->size);
    if (*area->place == NULL || (uintptr_t)*area->place % area->alignment != 0) {
        *problem = area->not_ram;
        return false;
    }
    return true;
}

static bool map_areas(struct virtqueue *queue, const char **problem)
{
    uint64_t size = queue->size;
    /* §2.7: flags, index, ring, event; §2.8: one event suppression structure each. */
    const struct area areas[] = {
        {.address = queue->descriptor_area,
         .size = DESCRIPTOR_SIZE * size,
         .alignment = 16,
         .place = &queue->descriptors,
         .misaligned = "its descriptor area is not aligned to 16 bytes",
         .not_ram = "its descriptor area is not in RAM"},
        {.address = queue->driver_area,
         .size = queue->packed ? 4 : 6 + 2 * size,
         .alignment = queue->packed ? 4 : 2,
         .place = &queue->driver,
         .misaligned = "its driver area is not aligned",
         .not_ram = "its driver area is not in RAM"},
        {.address = queue->device_area,
         .size = queue->packed ? 4 : 6 + 8 * size,
         .alignment = 4,
         .place = &queue->device_ring,
         .misaligned = "its device area is not aligned to 4 bytes",
         .not_ram = "its device area is not in RAM"},
    };
    for (uint32_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        if (!map_area(queue, &areas[i], problem)) {
            return false;
        }
    }
    return true;
}

void virtqueue_set_features(struct virtqueue *queue)
{
    queue->event_index = virtio_has(queue->device, VIRTIO_F_EVENT_IDX);
    queue->indirect = virtio_has(queue->device, VIRTIO_F_INDIRECT_DESC);
}

bool virtqueue_enable(struct virtqueue *queue, const char **problem)
{
    queue->packed = virtio_has(queue->device, VIRTIO_F_RING_PACKED);
    if (queue->size == 0 || queue->size > queue->maximum_size) {
        *problem = "its size is 0 or more than the device offers";
        return false;
    }
    if (!queue->packed && (queue->size & (queue->size - 1)) != 0) {
        *problem = "its size is not a power of two";
        return false;
    }
    if (!map_areas(queue, problem)) {
        return false;
    }
    virtqueue_set_features(queue);
    queue->next_available = 0;
    queue->next_used = 0;
    queue->available_wrap = true;
    queue->used_wrap = true;
    queue->staged = 0;
    queue->outstanding = 0;
    queue->enabled = true;
    virtqueue_want_notification(queue, true);
    return true;
}

void virtqueue_reset(struct virtqueue *queue)
{
    *queue = (struct virtqueue){
        .device = queue->device,
        .index = queue->index,
        .maximum_size = queue->maximum_size,
        .size = queue->maximum_size,
        .vector = VIRTIO_NO_VECTOR,
        .popped = queue->popped,
    };
}

/* --- Chains --- */

bool virtqueue_add_segment(struct virtqueue *queue, struct virtqueue_chain *chain, uint64_t address, uint32_t length,
                           bool writable)
{
    uint32_t count = chain->readable_count + chain->writable_count;
    if (length == 0) {
        virtio_fail(queue->device, "queue %u: a descriptor of length 0", queue->index);
        return false;
    }
    if (count >= chain->capacity) {
        virtio_fail(queue->device, "queue %u: a chain of more than %u descriptors, or with a loop", queue->index,
                    chain->capacity);
        return false;
    }
    if (!writable && chain->writable_count != 0) {
        virtio_fail(queue->device, "queue %u: a descriptor to be read after one to be written", queue->index);
        return false;
    }
    const void *data = writable ? guest_slice(queue->device->memory, GPA(address), length)
                                : guest_readable_slice(queue->device->memory, GPA(address), length);
    if (data == NULL) {
        virtio_fail(queue->device, "queue %u: a descriptor of 0x%x bytes at 0x%llx, which is not RAM", queue->index,
                    length, (unsigned long long)address);
        return false;
    }
    uint64_t *total = writable ? &chain->writable_length : &chain->readable_length;
    if (chain->writable_length + chain->readable_length + length > UINT32_MAX) {
        virtio_fail(queue->device, "queue %u: a chain of 4 GiB or more", queue->index);
        return false;
    }
    *total += length;
    chain->segments[count] = (struct virtio_segment){.data = (uint8_t *)(uintptr_t)data, .length = length};
    if (writable) {
        chain->writable_count++;
    } else {
        chain->readable_count++;
    }
    return true;
}

const uint8_t *virtqueue_indirect_table(struct virtqueue *queue, uint64_t address, uint32_t length, uint16_t flags)
{
    if (!queue->indirect) {
        virtio_fail(queue->device, "queue %u: an indirect descriptor, which was not negotiated", queue->index);
        return NULL;
    }
    if ((flags & DESCRIPTOR_NEXT) != 0) {
        virtio_fail(queue->device, "queue %u: a descriptor both indirect and continued", queue->index);
        return NULL;
    }
    if (length == 0 || length % DESCRIPTOR_SIZE != 0) {
        virtio_fail(queue->device, "queue %u: an indirect table of 0x%x bytes", queue->index, length);
        return NULL;
    }
    const uint8_t *table = guest_slice(queue->device->memory, GPA(address), length);
    if (table == NULL) {
        virtio_fail(queue->device, "queue %u: an indirect table of 0x%x bytes at 0x%llx, which is not RAM",
                    queue->index, length, (unsigned long long)address);
    }
    return table;
}

enum virtqueue_result virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain)
{
    chain->readable_count = 0;
    chain->writable_count = 0;
    chain->readable_length = 0;
    chain->writable_length = 0;
    if (!queue->enabled || !virtio_is_live(queue->device)) {
        return queue->device->broken ? VIRTQUEUE_BROKEN : VIRTQUEUE_EMPTY;
    }
    enum virtqueue_result result = queue->packed ? packed_pop(queue, chain) : split_pop(queue, chain);
    if (result == VIRTQUEUE_CHAIN) {
        queue->outstanding = (uint16_t)(queue->outstanding + chain->slots);
        queue->popped++;
    }
    return result;
}

void virtqueue_push(struct virtqueue *queue, uint16_t id, uint16_t slots, uint32_t written)
{
    /* More than is out: a device that answers what it had before a reset. */
    if (!queue->enabled || slots == 0 || slots > queue->outstanding) {
        return;
    }
    if (queue->packed) {
        packed_push(queue, id, slots, written);
    } else {
        split_push(queue, id, written);
    }
    queue->staged = (uint16_t)(queue->staged + slots);
    queue->outstanding = (uint16_t)(queue->outstanding - slots);
}

/* Here and not with the VM's other counters, as there may be no other reason to publish those for long. */
static void publish_counters(const struct vm *vm)
{
    if (vm->control != NULL) {
        vm->control->status.queue_notifications = vm->queue_notifications;
        vm->control->status.queue_interrupts = vm->queue_interrupts;
        vm->control->status.queue_interrupts_saved = vm->queue_interrupts_saved;
    }
}

void virtqueue_flush(struct virtqueue *queue)
{
    uint16_t published = queue->staged;
    if (!queue->enabled || published == 0 || queue->device->broken) {
        return;
    }
    queue->staged = 0;
    struct virtio_device *device = queue->device;
    bool wanted;
    if (queue->packed) {
        packed_publish(queue);
    } else {
        split_publish(queue);
    }
    /* The driver asks for the interrupt, then looks whether there is something: one of us sees the other. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (queue->packed) {
        wanted = packed_interrupt_wanted(queue, published);
    } else {
        wanted = split_interrupt_wanted(queue, published);
    }
    if (wanted) {
        device->vm->queue_interrupts++;
    } else {
        device->vm->queue_interrupts_saved++;
    }
    publish_counters(device->vm);
    if (wanted && device->transport_ops != NULL) {
        device->transport_ops->queue_interrupt(device->transport, queue);
    }
}

bool virtqueue_want_notification(struct virtqueue *queue, bool wanted)
{
    if (!queue->enabled) {
        return false;
    }
    if (queue->packed) {
        packed_set_notification(queue, wanted);
    } else {
        split_set_notification(queue, wanted);
    }
    if (!wanted) {
        return false;
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return virtqueue_has_buffers(queue);
}

bool virtqueue_has_buffers(const struct virtqueue *queue)
{
    if (!queue->enabled || queue->device->broken) {
        return false;
    }
    return queue->packed ? packed_has_buffers(queue) : split_has_buffers(queue);
}

/* --- Bytes of a chain --- */

/* A place in a list of segments. */
struct place {
    const struct virtio_segment *segments;
    uint32_t count;
    uint64_t offset; /* in the first of them, or behind it */
};

/* The bytes at the place, up to `most` and to the end of their segment: how many, and where. The place moves behind
 * them. 0: the end. */
static uint64_t next_part(struct place *place, uint64_t most, uint8_t **data)
{
    while (place->count != 0 && place->offset >= place->segments->length) {
        place->offset -= place->segments->length;
        place->segments++;
        place->count--;
    }
    if (place->count == 0) {
        return 0;
    }
    uint64_t room = place->segments->length - place->offset;
    uint64_t part = room < most ? room : most;
    *data = place->segments->data + place->offset;
    place->offset += part;
    return part;
}

uint64_t virtqueue_chain_read(const struct virtqueue_chain *chain, uint64_t offset, void *to, uint64_t length)
{
    struct place place = {.segments = chain->segments, .count = chain->readable_count, .offset = offset};
    uint64_t done = 0;
    uint64_t part;
    uint8_t *data;
    while (done < length && (part = next_part(&place, length - done, &data)) != 0) {
        memcpy((uint8_t *)to + done, data, part);
        done += part;
    }
    return done;
}

uint64_t virtqueue_chain_write(const struct virtqueue_chain *chain, uint64_t offset, const void *from, uint64_t length)
{
    struct place place = {
        .segments = chain->segments + chain->readable_count, .count = chain->writable_count, .offset = offset};
    uint64_t done = 0;
    uint64_t part;
    uint8_t *data;
    while (done < length && (part = next_part(&place, length - done, &data)) != 0) {
        memcpy(data, (const uint8_t *)from + done, part);
        done += part;
    }
    return done;
}
