/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtqueue_fixture.h"

struct virtqueue_fixture fixture;

static void notified(void *context, uint32_t queue)
{
    (void)queue;
    ((struct virtqueue_fixture *)context)->notified++;
}

static void reset(void *context)
{
    ((struct virtqueue_fixture *)context)->resets++;
}

static const struct virtio_ops ops = {.type = 4, .name = "toy", .queue_notified = notified, .reset = reset};

int fixture_set_up(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    machine_create(&fixture.machine);
    virtio_device_init(&fixture.device, &ops, &fixture, &fixture.machine.vm, "toy0", 0, NULL, 0);
    assert_int_equal(virtio_add_queue(&fixture.device, 16), 0);
    machine_attach(&fixture.machine, &fixture.device);
    fixture.chain = (struct virtqueue_chain){.segments = fixture.segments, .capacity = CAPACITY};
    return 0;
}

struct virtqueue *start(uint64_t features, uint16_t size)
{
    driver_start(&fixture.machine, &fixture.device, features, size);
    return &fixture.device.queues[0];
}

enum virtqueue_result pop(void)
{
    return virtqueue_pop(&fixture.device.queues[0], &fixture.chain);
}

void use(uint32_t written)
{
    virtqueue_push(&fixture.device.queues[0], fixture.chain.id, fixture.chain.slots, written);
}

uint16_t add(uint32_t readable, uint32_t writable, bool indirect)
{
    struct piece pieces[CAPACITY + 8];
    for (uint32_t i = 0; i < readable + writable; i++) {
        pieces[i] = (struct piece){
            .address = machine_allocate(&fixture.machine, 16, 16), .length = 16, .writable = i >= readable};
    }
    return driver_add(&fixture.machine, 0, pieces, readable + writable, indirect);
}

void one_buffer(struct virtqueue *queue)
{
    uint16_t id;
    uint32_t written;
    fixture.machine.next_free = 0x100000;
    add(1, 0, false);
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    use(0);
    virtqueue_flush(queue);
    assert_true(driver_take(&fixture.machine, 0, &id, &written));
}

void put(uint64_t gpa, uint32_t width, uint64_t value)
{
    memcpy(machine_memory(&fixture.machine, gpa), &value, width);
}
