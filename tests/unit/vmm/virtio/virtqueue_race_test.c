/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's other vCPU changes ring and descriptors while the device looks at them. What comes out is either nothing,
 * or pieces that lie in RAM to the last byte; the sanitizers see to it that nothing else is touched.
 */
#include "virtio_machine.h"

#include <pthread.h>
#include <string.h>

#define ROUNDS   40000u
#define CAPACITY 8u

struct scribbler {
    struct virtio_machine *machine;
    uint32_t stop;
};

static void notified(void *context, uint32_t queue)
{
    (void)context;
    (void)queue;
}

static void reset(void *context)
{
    (void)context;
}

static const struct virtio_ops ops = {.type = 4, .name = "toy", .queue_notified = notified, .reset = reset};

static void store(struct virtio_machine *machine, uint64_t gpa, uint64_t value)
{
    __atomic_store_n((uint64_t *)machine_memory(machine, gpa), value, __ATOMIC_RELAXED);
}

/* Good and bad values in turn, so that a check of one and a use of the other would show. */
static void *scribble(void *argument)
{
    struct scribbler *scribbler = argument;
    struct virtio_machine *machine = scribbler->machine;
    const struct driver_queue *q = &machine->queues[0];
    static const uint64_t addresses[] = {0x1000, 0xfffffffffffff000, 0x2000, MACHINE_RAM_SIZE - 8, 0x80000000};
    static const uint64_t rests[] = {
        16, 0x00010001ffffffff, 0x0002000100000010, 0x0000000400000010, 0xffff000100000010, 0x0080000000000010};
    for (uint32_t i = 0; __atomic_load_n(&scribbler->stop, __ATOMIC_RELAXED) == 0; i++) {
        uint64_t at = q->descriptors + 16 * (i % q->size);
        store(machine, at, addresses[i % 5]);
        store(machine, at + 8, rests[i / 3 % 6] | (uint64_t)(i & 0x80) << 48);
        __atomic_store_n((uint16_t *)machine_memory(machine, q->driver + 2), (uint16_t)(i / 7 % 24), __ATOMIC_RELAXED);
        store(machine, 0x1000, i * 0x9e3779b97f4a7c15); /* an indirect table at times */
        store(machine, 0x1008, rests[i % 6]);
    }
    return NULL;
}

static void race(uint64_t features)
{
    static struct virtio_machine machine;
    static struct virtio_device device;
    struct virtio_segment segments[CAPACITY] = {{0}};
    struct virtqueue_chain chain = {.segments = segments, .capacity = CAPACITY};
    machine_create(&machine);
    machine.next_free = 0x10000;
    virtio_device_init(&device, &ops, NULL, &machine.vm, "toy0", 0, NULL, 0);
    assert_int_equal(virtio_add_queue(&device, 8), 0);
    features |= VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC;
    driver_start(&machine, &device, features, 8);

    struct scribbler scribbler = {.machine = &machine};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, scribble, &scribbler), 0);
    uint8_t bytes[64];
    uint32_t chains = 0, breaks = 0;
    for (uint32_t i = 0; i < ROUNDS || chains == 0 || breaks == 0; i++) {
        enum virtqueue_result result = virtqueue_pop(&device.queues[0], &chain);
        if (result == VIRTQUEUE_CHAIN) {
            chains++;
            uint32_t count = chain.readable_count + chain.writable_count;
            assert_in_range(count, 1, CAPACITY);
            for (uint32_t s = 0; s < count; s++) {
                uintptr_t offset = (uintptr_t)segments[s].data - (uintptr_t)machine_memory(&machine, 0);
                assert_true(segments[s].length != 0 && segments[s].length <= MACHINE_RAM_SIZE);
                assert_true(offset <= MACHINE_RAM_SIZE - segments[s].length);
            }
            virtqueue_chain_read(&chain, 0, bytes, sizeof(bytes));
            virtqueue_push(&device.queues[0], chain.id, chain.slots, 0);
            virtqueue_flush(&device.queues[0]);
        } else if (result == VIRTQUEUE_BROKEN) {
            breaks++;
            uint64_t areas[] = {machine.queues[0].descriptors, machine.queues[0].driver, machine.queues[0].device};
            driver_negotiate(&device, features);
            device.queues[0].size = 8;
            device.queues[0].descriptor_area = areas[0];
            device.queues[0].driver_area = areas[1];
            device.queues[0].device_area = areas[2];
            virtio_enable_queue(&device, 0);
            virtio_write_status(&device, device.status | VIRTIO_STATUS_DRIVER_OK);
        }
    }
    __atomic_store_n(&scribbler.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}

static void split(void **state)
{
    (void)state;
    race(0);
}

static void packed(void **state)
{
    (void)state;
    race(VIRTIO_F_RING_PACKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split),
        cmocka_unit_test(packed),
    };
    return cmocka_run_group_tests_name("virtqueue_race", tests, NULL, NULL);
}
