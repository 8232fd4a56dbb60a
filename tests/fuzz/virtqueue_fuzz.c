/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues against a driver made of the input's bytes: it writes anywhere into rings, descriptors and indirect
 * tables, sets queues up anew, resets; the device takes buffers, holds some, uses them. Every piece that comes out must
 * lie in RAM, and no chain may be longer than the device can take.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/vmm/virtio/virtio_machine.h"
#include "input.h"

#define CAPACITY  12u
#define HELD      64u
/* The driver's areas and tables, close together so that the input finds them. */
#define AREA      0x1000u
#define AREA_SIZE 0x800u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct held {
    uint16_t id, slots;
};

static struct virtio_machine machine;
static struct virtio_device device;

static void notified(void *context, uint32_t queue)
{
    (void)context;
    (void)queue;
}

static void reset(void *context)
{
    *(uint32_t *)context = 0;
}

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void set_up(struct input *input)
{
    struct virtqueue *queue = &device.queues[0];
    uint64_t head = take(input, 1);
    uint64_t features = VIRTIO_F_VERSION_1 | (head & 1 ? VIRTIO_F_RING_PACKED : 0) |
                        (head & 2 ? VIRTIO_F_EVENT_IDX : 0) | (head & 4 ? VIRTIO_F_INDIRECT_DESC : 0) |
                        (head & 8 ? VIRTIO_F_RING_RESET : 0);
    driver_negotiate(&device, features);
    queue->size = (uint16_t)(head & 0x80 ? take(input, 2) : 1u << (head >> 4 & 7));
    queue->descriptor_area = head & 0x80 ? take(input, 8) : AREA;
    queue->driver_area = head & 0x80 ? take(input, 8) : AREA + 0x400;
    queue->device_area = head & 0x80 ? take(input, 8) : AREA + 0x500;
    virtio_enable_queue(&device, 0);
    virtio_write_status(&device, device.status | VIRTIO_STATUS_DRIVER_OK);
}

static void check_chain(const struct virtqueue_chain *chain)
{
    uint64_t lengths[2] = {0, 0};
    const uint8_t *low = machine_memory(&machine, MACHINE_RAM_BASE);
    check(chain->readable_count + chain->writable_count <= CAPACITY);
    for (uint32_t i = 0; i < chain->readable_count + chain->writable_count; i++) {
        const struct virtio_segment *segment = &chain->segments[i];
        uint64_t offset = (uint64_t)(segment->data - low);
        uint64_t end = offset < MACHINE_RAM_SIZE ? MACHINE_RAM_SIZE : MACHINE_RAM_SIZE + MACHINE_HIGH_RAM_SIZE;
        check(segment->length != 0 && offset < end && segment->length <= end - offset);
        lengths[i >= chain->readable_count] += segment->length;
    }
    check(lengths[0] == chain->readable_length && lengths[1] == chain->writable_length);
    check(chain->slots != 0);
}

static void play(struct input *input, uint32_t *held_count)
{
    struct virtqueue *queue = &device.queues[0];
    struct virtio_segment segments[CAPACITY];
    struct virtqueue_chain chain = {.segments = segments, .capacity = CAPACITY};
    struct held held[HELD] = {{0}};
    uint8_t bytes[32] = {0};
    while (input->size > 0) {
        uint64_t head = take(input, 1);
        switch (head & 7) {
        case 0: { /* a word anywhere in the driver's areas */
            uint64_t at = take(input, 2) % (AREA_SIZE - 8);
            uint32_t width = 1u << (head >> 6);
            uint64_t value = take(input, width);
            memcpy((uint8_t *)machine_memory(&machine, AREA) + at, &value, width);
            break;
        }
        case 1: { /* a likely descriptor */
            uint64_t index = take(input, 1) % (AREA_SIZE / 16);
            uint64_t where = take(input, 1);
            uint64_t address = where & 0x80 ? take(input, 8) : AREA + 16 * where;
            uint64_t rest = take(input, 1) | take(input, 4) << 32;
            uint8_t *at = (uint8_t *)machine_memory(&machine, AREA) + 16 * index;
            memcpy(at, &address, 8);
            memcpy(at + 8, &rest, 8);
            break;
        }
        case 2:
            set_up(input);
            break;
        case 3:
            virtio_reset_queue(&device, 0);
            break;
        case 4:
            for (uint32_t i = 0; i < *held_count; i++) {
                virtqueue_push(queue, held[i].id, held[i].slots, (uint32_t)take(input, 1));
            }
            *held_count = 0;
            virtqueue_flush(queue);
            break;
        case 5:
            virtqueue_want_notification(queue, (head & 8) != 0);
            break;
        default: {
            if (*held_count == HELD) {
                *held_count = 0;
            }
            enum virtqueue_result result = virtqueue_pop(queue, &chain);
            check(result != VIRTQUEUE_BROKEN || device.broken);
            if (result == VIRTQUEUE_CHAIN) {
                check_chain(&chain);
                check(queue->outstanding <= queue->size);
                virtqueue_chain_read(&chain, take(input, 1), bytes, sizeof(bytes));
                virtqueue_chain_write(&chain, take(input, 1), bytes, sizeof(bytes));
                held[*held_count] = (struct held){.id = chain.id, .slots = chain.slots};
                (*held_count)++;
            }
            break;
        }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct virtio_ops ops = {.type = 4, .name = "toy", .queue_notified = notified, .reset = reset};
    static bool created;
    uint32_t held_count = 0;
    struct input input = {.data = data, .size = size};
    if (!created) {
        machine_create(&machine);
        created = true;
    }
    memset(machine_memory(&machine, AREA), 0, AREA_SIZE);
    virtio_device_init(&device, &ops, &held_count, &machine.vm, "toy0", 0, NULL, 0);
    virtio_add_queue(&device, 64);
    machine_attach(&machine, &device);
    set_up(&input);
    play(&input, &held_count);
    return 0;
}
