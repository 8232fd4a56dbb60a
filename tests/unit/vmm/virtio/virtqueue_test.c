/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues of both formats with a driver that keeps the rules. */
#include "virtqueue_fixture.h"

/* --- Buffers go there and back --- */

static void a_buffer_goes_there_and_back(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features, format->size);
    static const char text[] = "sixteen bytes..and 16 more.....";
    struct piece pieces[] = {
        {.address = machine_allocate(&fixture.machine, 16, 16), .length = 16},
        {.address = MACHINE_HIGH_RAM_BASE + MACHINE_HIGH_RAM_SIZE - 16, .length = 16},
        {.address = machine_allocate(&fixture.machine, 10, 1), .length = 10, .writable = true},
        {.address = machine_allocate(&fixture.machine, 22, 1), .length = 22, .writable = true},
    };
    memcpy(machine_memory(&fixture.machine, pieces[0].address), text, 16);
    memcpy(machine_memory(&fixture.machine, pieces[1].address), text + 16, 16);
    /* Three times around the ring. */
    for (uint32_t round = 0; round < 48; round++) {
        assert_int_equal(pop(), VIRTQUEUE_EMPTY);
        assert_false(virtqueue_has_buffers(queue));
        uint16_t id = driver_add(&fixture.machine, 0, pieces, 4, format->indirect);
        assert_true(virtqueue_has_buffers(queue));
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        struct virtqueue_chain *chain = &fixture.chain;
        assert_int_equal(chain->readable_count, 2);
        assert_int_equal(chain->writable_count, 2);
        assert_int_equal(chain->readable_length, 32);
        assert_int_equal(chain->writable_length, 32);
        assert_int_equal(chain->id, id);
        char bytes[40];
        assert_int_equal(virtqueue_chain_read(chain, 0, bytes, sizeof(bytes)), 32);
        assert_memory_equal(bytes, text, 32);
        assert_int_equal(virtqueue_chain_read(chain, 15, bytes, 2), 2);
        assert_memory_equal(bytes, text + 15, 2);
        assert_int_equal(virtqueue_chain_read(chain, 32, bytes, 1), 0);
        assert_int_equal(virtqueue_chain_write(chain, 1, text, 40), 31);
        assert_memory_equal((char *)machine_memory(&fixture.machine, pieces[2].address) + 1, text, 9);
        assert_memory_equal(machine_memory(&fixture.machine, pieces[3].address), text + 9, 22);

        uint16_t used;
        uint32_t written;
        use(32 + round);
        assert_false(driver_take(&fixture.machine, 0, &used, &written)); /* before the flush */
        virtqueue_flush(queue);
        assert_true(driver_take(&fixture.machine, 0, &used, &written));
        assert_int_equal(used, id);
        assert_int_equal(written, 32 + round);
        assert_false(driver_take(&fixture.machine, 0, &used, &written));
    }
    assert_int_equal(queue->popped, 48);
    assert_int_equal(queue->outstanding, 0);
    assert_false(fixture.device.broken);
}

/* Buffers of different lengths, used in another order than they came in, in a ring whose size they do not divide. */
static void out_of_order(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features, format->size);
    for (uint32_t round = 0; round < 100; round++) {
        uint16_t ids[3], slots[3];
        for (uint32_t i = 0; i < 3; i++) {
            fixture.machine.next_free = 0x100000;
            uint16_t id = add(1 + i, i, false);
            assert_int_equal(pop(), VIRTQUEUE_CHAIN);
            assert_int_equal(fixture.chain.id, id);
            assert_int_equal(fixture.chain.readable_count, 1 + i);
            ids[i] = id;
            slots[i] = fixture.chain.slots;
        }
        for (uint32_t i = 3; i-- > 0;) {
            virtqueue_push(queue, ids[i], slots[i], i);
        }
        virtqueue_flush(queue);
        for (uint32_t i = 3; i-- > 0;) {
            uint16_t id;
            uint32_t written;
            assert_true(driver_take(&fixture.machine, 0, &id, &written));
            assert_int_equal(id, ids[i]);
            assert_int_equal(written, i);
        }
    }
    assert_false(fixture.device.broken);
}

/* A chain over the end of a packed ring, and a ring that is full to the last entry. */
static void full_rings(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features, format->size);
    for (uint32_t round = 0; round < 9; round++) {
        fixture.machine.next_free = 0x100000;
        add(1, 2, false);
        add(1, 0, false);
        uint16_t ids[2], slots[2];
        for (uint32_t i = 0; i < 2; i++) {
            assert_int_equal(pop(), VIRTQUEUE_CHAIN);
            ids[i] = fixture.chain.id;
            slots[i] = fixture.chain.slots;
        }
        assert_int_equal(pop(), VIRTQUEUE_EMPTY);
        /* One, so that the next round starts elsewhere in a packed ring. */
        virtqueue_push(queue, ids[0], slots[0], 5);
        virtqueue_flush(queue);
        uint16_t id;
        uint32_t written;
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
        virtqueue_push(queue, ids[1], slots[1], 0);
        virtqueue_flush(queue);
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
        assert_int_equal(id, ids[1]);
        one_buffer(queue);
    }
    assert_false(fixture.device.broken);
}

/* The free-running 16-bit indices of split rings pass 65535. */
static void split_indices_wrap(void **state)
{
    (void)state;
    struct virtqueue *queue = start(SPLIT | VIRTIO_F_EVENT_IDX, 4);
    for (uint32_t i = 0; i < 70000; i++) {
        one_buffer(queue);
    }
    assert_false(fixture.device.broken);
}

/* --- Set-up --- */

static void enable_checks_what_the_driver_wrote(void **state)
{
    (void)state;
    struct virtio_device *device = &fixture.device;
    static const struct {
        uint64_t features;
        uint16_t size;
        uint64_t descriptors, driver, device;
        bool good;
    } cases[] = {
        {SPLIT, 16, 0x1000, 0x2000, 0x3000, true},
        {SPLIT, 1, 0x1000, 0x2000, 0x3000, true},
        {PACKED, 13, 0x1000, 0x2000, 0x3000, true},
        {SPLIT, 16, MACHINE_RAM_SIZE - 256, 0x2000, 0x3000, true},
        {SPLIT, 16, 0x1000, MACHINE_RAM_SIZE - 38, 0x3000, true},
        {SPLIT, 16, MACHINE_HIGH_RAM_BASE, 0x2000, MACHINE_RAM_SIZE - 136, true},
        {SPLIT, 0, 0x1000, 0x2000, 0x3000, false},
        {SPLIT, 13, 0x1000, 0x2000, 0x3000, false},
        {SPLIT, 32, 0x1000, 0x2000, 0x3000, false},
        {PACKED, 17, 0x1000, 0x2000, 0x3000, false},
        {SPLIT, 16, 0x1008, 0x2000, 0x3000, false},
        {SPLIT, 16, 0x1000, 0x2001, 0x3000, false},
        {PACKED, 16, 0x1000, 0x2002, 0x3000, false},
        {SPLIT, 16, 0x1000, 0x2000, 0x3002, false},
        {SPLIT, 16, MACHINE_RAM_SIZE - 240, 0x2000, 0x3000, false},
        {SPLIT, 16, 0x1000, MACHINE_RAM_SIZE - 36, 0x3000, false},
        {SPLIT, 16, 0x1000, 0x2000, MACHINE_RAM_SIZE - 132, false},
        {SPLIT, 16, 0xfffffffffffffff0, 0x2000, 0x3000, false},
        {SPLIT, 16, 0x1000, 0xfffffffffffffffe, 0x3000, false},
        {SPLIT, 16, 0x1000, 0x2000, 0x80000000, false},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        driver_negotiate(device, cases[i].features);
        struct virtqueue *queue = &device->queues[0];
        queue->size = cases[i].size;
        queue->descriptor_area = cases[i].descriptors;
        queue->driver_area = cases[i].driver;
        queue->device_area = cases[i].device;
        virtio_enable_queue(device, 0);
        assert_int_equal(queue->enabled, cases[i].good);
        assert_int_equal(device->broken, !cases[i].good);
    }
}

static void a_queue_can_be_reset_and_started_anew(void **state)
{
    (void)state;
    static const uint64_t formats[] = {SPLIT, PACKED};
    for (uint32_t i = 0; i < 2; i++) {
        struct virtqueue *queue = start(formats[i] | VIRTIO_F_RING_RESET, 8);
        add(1, 0, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        virtio_reset_queue(&fixture.device, 0);
        assert_false(queue->enabled);
        assert_int_equal(queue->size, 16);
        assert_int_equal(pop(), VIRTQUEUE_EMPTY);
        use(0); /* of before the reset */
        virtqueue_flush(queue);
        driver_start_queue(&fixture.machine, &fixture.device, 0, 4);
        assert_true(queue->enabled);
        use(0); /* still of before */
        virtqueue_flush(queue);
        uint16_t id;
        uint32_t written;
        assert_false(driver_take(&fixture.machine, 0, &id, &written));
        one_buffer(queue);
        assert_false(fixture.device.broken);
    }
    start(SPLIT, 8);
    virtio_reset_queue(&fixture.device, 0); /* not negotiated */
    assert_true(fixture.device.broken);
}

static void nothing_moves_before_driver_ok(void **state)
{
    (void)state;
    driver_negotiate(&fixture.device, SPLIT);
    driver_start_queue(&fixture.machine, &fixture.device, 0, 8);
    add(1, 0, false);
    virtio_notify(&fixture.device, 0);
    assert_int_equal(fixture.notified, 0);
    assert_int_equal(pop(), VIRTQUEUE_EMPTY);
    virtio_write_status(&fixture.device, fixture.device.status | VIRTIO_STATUS_DRIVER_OK);
    assert_int_equal(fixture.notified, 1); /* what was there before */
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
}

/* --- What is left when a buffer was taken --- */

/* What was copied and checked does not change with the guest's copy. */
static void a_chain_is_a_copy(void **state)
{
    (void)state;
    static const uint64_t formats[] = {SPLIT, PACKED};
    for (uint32_t i = 0; i < 2; i++) {
        start(formats[i], 4);
        struct piece piece = {.address = 0x300000, .length = 16};
        driver_add(&fixture.machine, 0, &piece, 1, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        put(fixture.machine.queues[0].descriptors, 8, 0xfee00000);
        put(fixture.machine.queues[0].descriptors + 8, 4, 0xffffffff);
        put(0x300000, 8, 0x6f6c6c6568);
        char bytes[20] = {0};
        assert_int_equal(virtqueue_chain_read(&fixture.chain, 0, bytes, 20), 16);
        assert_string_equal(bytes, "hello");
    }
}

/* A device that answers more than it took, or what it had before a reset, reaches nothing. */
static void late_answers_are_ignored(void **state)
{
    (void)state;
    struct virtqueue *queue = start(SPLIT, 8);
    virtqueue_push(queue, 0, 1, 0);
    virtqueue_flush(queue);
    uint16_t id;
    uint32_t written;
    assert_false(driver_take(&fixture.machine, 0, &id, &written));
    add(1, 0, false);
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    virtio_write_status(&fixture.device, 0);
    assert_int_equal(fixture.resets, 2); /* driver_negotiate() makes one, too */
    use(0);
    virtqueue_flush(queue);
    assert_int_equal(fixture.machine.interrupts[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF_FORMAT(a_buffer_goes_there_and_back, "split", SPLIT, 16, false),
        TEST_OF_FORMAT(a_buffer_goes_there_and_back, "split, indirect", SPLIT | VIRTIO_F_INDIRECT_DESC, 16, true),
        TEST_OF_FORMAT(a_buffer_goes_there_and_back, "packed", PACKED, 16, false),
        TEST_OF_FORMAT(a_buffer_goes_there_and_back, "packed, indirect", PACKED | VIRTIO_F_INDIRECT_DESC, 16, true),
        TEST_SPLIT_AND_PACKED(out_of_order, 16, 11),
        TEST_SPLIT_AND_PACKED(full_rings, 4, 4),
        TEST(split_indices_wrap),
        TEST(enable_checks_what_the_driver_wrote),
        TEST(a_queue_can_be_reset_and_started_anew),
        TEST(nothing_moves_before_driver_ok),
        TEST(a_chain_is_a_copy),
        TEST(late_answers_are_ignored),
    };
    return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
