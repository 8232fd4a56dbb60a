/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of virtqueues: a device that takes buffers out of its only queue when the test does, and a good driver. */
#pragma once

#include <string.h>

#include "virtio_machine.h"

#define CAPACITY 8u /* pieces that the device takes in a buffer */
#define PACKED   (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED)
#define SPLIT    VIRTIO_F_VERSION_1

struct virtqueue_fixture {
    struct virtio_machine machine;
    struct virtio_device device;
    uint32_t notified, resets;
    struct virtio_segment segments[CAPACITY];
    struct virtqueue_chain chain; /* the last one popped */
};

extern struct virtqueue_fixture fixture;

/* A test of rings in one format: its initial state. */
struct ring_format {
    uint64_t features;
    uint16_t size;
    bool indirect;
};

#define TEST_OF_FORMAT(test, name_of_format, ...)                                                                      \
    (struct CMUnitTest)                                                                                                \
    {                                                                                                                  \
        .name = #test ", " name_of_format, .test_func = test, .setup_func = fixture_set_up,                            \
        .initial_state = &(struct ring_format){__VA_ARGS__},                                                           \
    }
/* The same of both formats, with rings of these sizes. */
#define TEST_SPLIT_AND_PACKED(test, split_size, packed_size)                                                           \
    TEST_OF_FORMAT(test, "split", SPLIT, split_size, false), TEST_OF_FORMAT(test, "packed", PACKED, packed_size, false)
#define TEST(test) cmocka_unit_test_setup(test, fixture_set_up)

/* An empty VM with the device, not started. */
int fixture_set_up(void **state);
/* The driver starts the device, its queue with `size` entries; the queue. */
struct virtqueue *start(uint64_t features, uint16_t size);
/* The device takes a buffer, into fixture.chain. */
enum virtqueue_result pop(void);
/* It has used that one; to be flushed. */
void use(uint32_t written);
/* The driver adds a buffer of `readable` and `writable` pieces of 16 bytes in memory of their own; its id. */
uint16_t add(uint32_t readable, uint32_t writable, bool indirect);
/* A buffer goes there and back. */
void one_buffer(struct virtqueue *queue);
/* Writes `width` bytes of a little-endian value to guest memory. */
void put(uint64_t gpa, uint32_t width, uint64_t value);
