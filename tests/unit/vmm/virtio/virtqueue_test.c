/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues: both formats with a driver that keeps the rules, then with drivers that break them. */
#include "virtio_machine.h"

#include <string.h>

#define CAPACITY 8u
#define PACKED   (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED)
#define SPLIT    VIRTIO_F_VERSION_1

/* A device that pops only when the test does. */
struct fixture {
    struct virtio_machine machine;
    struct virtio_device device;
    uint32_t notified, resets;
    struct virtio_segment segments[CAPACITY];
    struct virtqueue_chain chain;
};

static struct fixture fixture;

static void notified(void *context, uint32_t queue)
{
    (void)queue;
    ((struct fixture *)context)->notified++;
}

static void reset(void *context)
{
    ((struct fixture *)context)->resets++;
}

static const struct virtio_ops ops = {.type = 4, .name = "toy", .queue_notified = notified, .reset = reset};

static int setup(void **state)
{
    memset(&fixture, 0, sizeof(fixture));
    machine_create(&fixture.machine);
    virtio_device_init(&fixture.device, &ops, &fixture, &fixture.machine.vm, "toy0", 0, NULL, 0);
    assert_int_equal(virtio_add_queue(&fixture.device, 16), 0);
    machine_attach(&fixture.machine, &fixture.device);
    fixture.chain = (struct virtqueue_chain){.segments = fixture.segments, .capacity = CAPACITY};
    *state = NULL;
    return 0;
}

static struct virtqueue *start(uint64_t features, uint16_t size)
{
    driver_start(&fixture.machine, &fixture.device, features, size);
    return &fixture.device.queues[0];
}

static enum virtqueue_result pop(void)
{
    return virtqueue_pop(&fixture.device.queues[0], &fixture.chain);
}

static void use(uint32_t written)
{
    virtqueue_push(&fixture.device.queues[0], fixture.chain.id, fixture.chain.slots, written);
}

/* A buffer of `readable` and `writable` pieces of 16 bytes in memory of their own. */
static uint16_t add(uint32_t readable, uint32_t writable, bool indirect)
{
    struct piece pieces[CAPACITY + 8];
    for (uint32_t i = 0; i < readable + writable; i++) {
        pieces[i] = (struct piece){
            .address = machine_allocate(&fixture.machine, 16, 16), .length = 16, .writable = i >= readable};
    }
    return driver_add(&fixture.machine, 0, pieces, readable + writable, indirect);
}

/* --- Good drivers --- */

static void a_buffer_goes_there_and_back(uint64_t features, bool indirect)
{
    struct virtqueue *queue = start(features, 16);
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
        uint16_t id = driver_add(&fixture.machine, 0, pieces, 4, indirect);
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

static void split_buffers(void **state)
{
    (void)state;
    a_buffer_goes_there_and_back(SPLIT, false);
}

static void split_indirect_buffers(void **state)
{
    (void)state;
    a_buffer_goes_there_and_back(SPLIT | VIRTIO_F_INDIRECT_DESC, true);
}

static void packed_buffers(void **state)
{
    (void)state;
    a_buffer_goes_there_and_back(PACKED, false);
}

static void packed_indirect_buffers(void **state)
{
    (void)state;
    a_buffer_goes_there_and_back(PACKED | VIRTIO_F_INDIRECT_DESC, true);
}

/* Buffers of different lengths, used in another order than they came in, in a ring whose size they do not divide. */
static void out_of_order(uint64_t features, uint16_t size)
{
    struct virtqueue *queue = start(features, size);
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

static void split_out_of_order(void **state)
{
    (void)state;
    out_of_order(SPLIT, 16);
}

static void packed_out_of_order(void **state)
{
    (void)state;
    out_of_order(PACKED, 11);
}

/* A chain over the end of a packed ring, and a ring that is full to the last entry. */
static void full_rings(uint64_t features)
{
    struct virtqueue *queue = start(features, 4);
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
        add(1, 0, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        use(0);
        virtqueue_flush(queue);
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
    }
    assert_false(fixture.device.broken);
}

static void split_full(void **state)
{
    (void)state;
    full_rings(SPLIT);
}

static void packed_full(void **state)
{
    (void)state;
    full_rings(PACKED);
}

/* The free-running 16-bit indices of split rings pass 65535. */
static void split_indices_wrap(void **state)
{
    (void)state;
    struct virtqueue *queue = start(SPLIT | VIRTIO_F_EVENT_IDX, 4);
    for (uint32_t i = 0; i < 70000; i++) {
        fixture.machine.next_free = 0x100000;
        uint16_t id;
        uint32_t written;
        add(1, 0, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        use(0);
        virtqueue_flush(queue);
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
    }
    assert_false(fixture.device.broken);
}

/* --- Interrupts and notifications --- */

static void one_buffer(struct virtqueue *queue)
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

static void interrupts_by_flags(uint64_t features)
{
    struct virtqueue *queue = start(features, 8);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 1);
    virtqueue_flush(queue); /* nothing new */
    assert_int_equal(fixture.machine.interrupts[0], 1);
    driver_want_interrupts(&fixture.machine, 0, false);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 1);
    assert_int_equal(queue->interrupts_saved, 1);
    driver_want_interrupts(&fixture.machine, 0, true);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 2);

    assert_true(driver_must_notify(&fixture.machine, 0, 1));
    assert_false(virtqueue_want_notification(queue, false));
    assert_false(driver_must_notify(&fixture.machine, 0, 1));
    add(1, 0, false);
    assert_true(virtqueue_want_notification(queue, true)); /* came meanwhile */
    assert_true(driver_must_notify(&fixture.machine, 0, 1));
}

static void split_flags(void **state)
{
    (void)state;
    interrupts_by_flags(SPLIT);
}

static void packed_flags(void **state)
{
    (void)state;
    interrupts_by_flags(PACKED);
}

/* The driver asks to hear when the buffer `ahead` of those to come is used. */
static void ask_interrupt(uint16_t ahead)
{
    struct driver_queue *q = &fixture.machine.queues[0];
    uint8_t *area = machine_memory(&fixture.machine, q->driver);
    uint16_t event;
    if (q->packed) {
        uint32_t position = q->last_used + ahead;
        bool wrap = q->used_wrap;
        if (position >= q->size) {
            position -= q->size;
            wrap = !wrap;
        }
        event = (uint16_t)(position | (wrap ? 0x8000u : 0));
        memcpy(area, &event, 2);
        event = 2;
        memcpy(area + 2, &event, 2);
    } else {
        event = (uint16_t)(q->last_used + ahead);
        memcpy(area + 4 + 2 * q->size, &event, 2);
    }
}

static void event_index(uint64_t features, uint16_t size)
{
    struct virtqueue *queue = start(features | VIRTIO_F_EVENT_IDX, size);
    uint32_t expected = 0;
    for (uint32_t round = 0; round < 200; round++) {
        uint16_t ahead = (uint16_t)(round % 4);
        ask_interrupt(ahead);
        for (uint32_t i = 0; i < 4; i++) {
            one_buffer(queue);
            expected += i == ahead;
            assert_int_equal(fixture.machine.interrupts[0], expected);
        }
        /* The same for the other direction. */
        assert_false(virtqueue_want_notification(queue, true));
        fixture.machine.next_free = 0x100000;
        add(1, 0, false);
        assert_true(driver_must_notify(&fixture.machine, 0, 1));
        add(1, 0, false);
        assert_false(driver_must_notify(&fixture.machine, 0, 1)); /* once */
        for (uint32_t i = 0; i < 2; i++) {
            uint16_t id;
            uint32_t written;
            assert_int_equal(pop(), VIRTQUEUE_CHAIN);
            use(0);
            virtqueue_flush(queue);
            assert_true(driver_take(&fixture.machine, 0, &id, &written));
        }
        expected = fixture.machine.interrupts[0];
    }
}

static void split_event_index(void **state)
{
    (void)state;
    event_index(SPLIT, 8);
}

static void packed_event_index(void **state)
{
    (void)state;
    event_index(PACKED, 7);
}

/* Several buffers published at once: one interrupt, and none of them is seen before. */
static void a_batch_appears_at_once(uint64_t features)
{
    struct virtqueue *queue = start(features | VIRTIO_F_EVENT_IDX, 16);
    ask_interrupt(2);
    uint16_t id;
    uint32_t written;
    for (uint32_t i = 0; i < 4; i++) {
        add(1, 1, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        use(i);
        assert_false(driver_take(&fixture.machine, 0, &id, &written));
    }
    virtqueue_flush(queue);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
        assert_int_equal(written, i);
    }
    assert_int_equal(fixture.machine.interrupts[0], 1);
}

static void split_batch(void **state)
{
    (void)state;
    a_batch_appears_at_once(SPLIT);
}

static void packed_batch(void **state)
{
    (void)state;
    a_batch_appears_at_once(PACKED);
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

/* --- Drivers that break the rules --- */

static void put(uint64_t gpa, uint32_t width, uint64_t value)
{
    memcpy(machine_memory(&fixture.machine, gpa), &value, width);
}

static void split_descriptor(uint64_t table, uint32_t index, uint64_t address, uint32_t length, uint32_t flags,
                             uint32_t next)
{
    put(table + 16 * index, 8, address);
    put(table + 16 * index + 8, 4, length);
    put(table + 16 * index + 12, 2, flags);
    put(table + 16 * index + 14, 2, next);
}

static void packed_descriptor(uint64_t table, uint32_t index, uint64_t address, uint32_t length, uint32_t flags)
{
    split_descriptor(table, index, address, length, 0, flags | 1u << 7);
}

/* Makes `head` available in a fresh split ring and expects the queue to break, once. */
static void expect_split_broken(uint16_t head, const char *why)
{
    struct driver_queue *q = &fixture.machine.queues[0];
    uint32_t errors = machine_guest_errors();
    put(q->driver + 4, 2, head);
    put(q->driver + 2, 2, 1);
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
    assert_non_null(strstr(machine_last_error(), why));
    assert_true((fixture.device.status & VIRTIO_STATUS_NEEDS_RESET) != 0);
    assert_int_equal(fixture.machine.config_interrupts, 1);
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
    assert_int_equal(machine_guest_errors(), errors + 1);
    assert_int_equal(fixture.device.queues[0].outstanding, 0);
    fixture.machine.config_interrupts = 0;
}

static uint64_t fresh_split(void)
{
    start(SPLIT | VIRTIO_F_INDIRECT_DESC, 16);
    return fixture.machine.queues[0].descriptors;
}

static void split_hostile_chains(void **state)
{
    (void)state;
    uint64_t table;
    fresh_split();
    expect_split_broken(16, "descriptor 16 of 16");
    fresh_split();
    expect_split_broken(0xffff, "descriptor 65535 of 16");

    table = fresh_split(); /* a descriptor that follows itself */
    split_descriptor(table, 3, 0x1000, 16, 1, 3);
    expect_split_broken(3, "loop");

    table = fresh_split(); /* a loop of two */
    split_descriptor(table, 0, 0x1000, 16, 1, 1);
    split_descriptor(table, 1, 0x1000, 16, 1, 0);
    expect_split_broken(0, "loop");

    table = fresh_split(); /* longer than what the device takes */
    for (uint32_t i = 0; i <= CAPACITY; i++) {
        split_descriptor(table, i, 0x1000, 16, i < CAPACITY, i + 1);
    }
    expect_split_broken(0, "more than 8");

    table = fresh_split();
    split_descriptor(table, 0, 0x1000, 16, 1, 16);
    expect_split_broken(0, "goes on at descriptor 16");

    table = fresh_split();
    split_descriptor(table, 0, 0x1000, 0, 0, 0);
    expect_split_broken(0, "length 0");

    table = fresh_split(); /* readable behind writable */
    split_descriptor(table, 0, 0x1000, 16, 3, 1);
    split_descriptor(table, 1, 0x1000, 16, 0, 0);
    expect_split_broken(0, "after one to be written");
}

static void hostile_addresses(void **state)
{
    (void)state;
    static const struct {
        uint64_t address;
        uint32_t length;
        bool good;
    } cases[] = {
        {0, 1, true},
        {MACHINE_RAM_SIZE - 1, 1, true},
        {0, MACHINE_RAM_SIZE, true},
        {MACHINE_RAM_SIZE - 1, 2, false},
        {MACHINE_RAM_SIZE, 1, false},
        {0, 0xffffffff, false},
        {0xfee00000, 4, false},
        {MACHINE_HIGH_RAM_BASE - 1, 2, false},
        {MACHINE_HIGH_RAM_BASE + MACHINE_HIGH_RAM_SIZE - 1, 1, true},
        {0xffffffffffffffff, 1, false},
        {0xffffffffffffffff, 2, false},
        {0xfffffffffffff000, 0x2000, false},
        {0x8000000000000000, 16, false},
    };
    for (uint32_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t n = i / 2;
        start(i % 2 == 0 ? SPLIT : PACKED, 16);
        struct piece piece = {.address = cases[n].address, .length = cases[n].length};
        driver_add(&fixture.machine, 0, &piece, 1, false);
        assert_int_equal(pop(), cases[n].good ? VIRTQUEUE_CHAIN : VIRTQUEUE_BROKEN);
    }
}

/* Pieces of RAM that may lie anywhere, but not 4 GiB of them. */
static void too_many_bytes(void **state)
{
    (void)state;
    static struct virtio_segment segments[1024];
    fixture.chain = (struct virtqueue_chain){.segments = segments, .capacity = 1024};
    static struct piece pieces[1024];
    for (uint32_t i = 0; i < 1024; i++) {
        pieces[i] = (struct piece){.address = 0, .length = MACHINE_RAM_SIZE};
    }
    start(SPLIT | VIRTIO_F_INDIRECT_DESC, 16);
    driver_add(&fixture.machine, 0, pieces, 1023, true); /* more than the ring has entries */
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    driver_add(&fixture.machine, 0, pieces, 1024, true);
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
    assert_non_null(strstr(machine_last_error(), "4 GiB"));
}

static void split_hostile_indirect_tables(void **state)
{
    (void)state;
    uint64_t inner = 0x200000;
    uint64_t table = fresh_split(); /* of no whole number of descriptors */
    split_descriptor(table, 0, inner, 24, 4, 0);
    expect_split_broken(0, "table of 0x18 bytes");

    table = fresh_split();
    split_descriptor(table, 0, inner, 0, 4, 0);
    expect_split_broken(0, "table of 0x0 bytes");

    table = fresh_split(); /* both indirect and continued */
    split_descriptor(table, 0, inner, 16, 5, 1);
    expect_split_broken(0, "both indirect and continued");

    table = fresh_split(); /* a table in a table */
    split_descriptor(table, 0, inner, 32, 4, 0);
    split_descriptor(inner, 0, inner, 32, 4, 0);
    expect_split_broken(0, "in an indirect table");

    table = fresh_split(); /* the ring's own table as an indirect one, again and again */
    split_descriptor(table, 0, table, 16, 4, 0);
    expect_split_broken(0, "in an indirect table");

    table = fresh_split(); /* outside RAM */
    split_descriptor(table, 0, 0xffffffffffffff00, 0x1000, 4, 0);
    expect_split_broken(0, "not RAM");
    table = fresh_split();
    split_descriptor(table, 0, MACHINE_RAM_SIZE - 16, 32, 4, 0);
    expect_split_broken(0, "not RAM");

    table = fresh_split(); /* goes on outside the table */
    split_descriptor(table, 0, inner, 32, 4, 0);
    split_descriptor(inner, 0, 0x1000, 16, 1, 2);
    expect_split_broken(0, "at descriptor 2 of 2");

    table = fresh_split(); /* a loop in the table */
    split_descriptor(table, 0, inner, 32, 4, 0);
    split_descriptor(inner, 0, 0x1000, 16, 1, 1);
    split_descriptor(inner, 1, 0x1000, 16, 1, 0);
    expect_split_broken(0, "loop");

    start(SPLIT, 16); /* not negotiated */
    split_descriptor(fixture.machine.queues[0].descriptors, 0, inner, 16, 4, 0);
    expect_split_broken(0, "not negotiated");

    /* A descriptor in front of an indirect one, and WRITE on the indirect one: allowed. */
    table = fresh_split();
    split_descriptor(table, 0, 0x1000, 16, 1, 5);
    split_descriptor(table, 5, inner, 16, 6, 0);
    split_descriptor(inner, 0, 0x1000, 16, 0, 0);
    put(fixture.machine.queues[0].driver + 2, 2, 1);
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    assert_int_equal(fixture.chain.readable_count, 2);
}

static void split_hostile_indices(void **state)
{
    (void)state;
    fresh_split();
    put(fixture.machine.queues[0].driver + 2, 2, 17);
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
    assert_non_null(strstr(machine_last_error(), "17 buffers"));
    fresh_split();
    put(fixture.machine.queues[0].driver + 2, 2, 0xffff); /* one back */
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);

    /* The same descriptor again and again: as often as the queue has entries, no more. */
    uint64_t table = fresh_split();
    split_descriptor(table, 0, 0x1000, 16, 0, 0);
    put(fixture.machine.queues[0].driver + 2, 2, 16);
    for (uint32_t i = 0; i < 16; i++) {
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    }
    put(fixture.machine.queues[0].driver + 2, 2, 17);
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
}

static void expect_packed_broken(const char *why)
{
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
    assert_non_null(strstr(machine_last_error(), why));
    assert_int_equal(pop(), VIRTQUEUE_BROKEN);
}

static uint64_t fresh_packed(void)
{
    start(PACKED | VIRTIO_F_INDIRECT_DESC, 4);
    return fixture.machine.queues[0].descriptors;
}

static void packed_hostile_chains(void **state)
{
    (void)state;
    uint64_t inner = 0x200000;
    uint64_t table = fresh_packed(); /* a chain around the whole ring */
    for (uint32_t i = 0; i < 4; i++) {
        packed_descriptor(table, i, 0x1000, 16, 1);
    }
    expect_packed_broken("more descriptors available than");

    table = fresh_packed();
    packed_descriptor(table, 0, 0x1000, 0, 0);
    expect_packed_broken("length 0");

    table = fresh_packed();
    packed_descriptor(table, 0, 0x1000, 16, 3);
    packed_descriptor(table, 1, 0x1000, 16, 0);
    expect_packed_broken("after one to be written");

    table = fresh_packed();
    packed_descriptor(table, 0, inner, 16 * (CAPACITY + 1), 4);
    for (uint32_t i = 0; i <= CAPACITY; i++) {
        packed_descriptor(inner, i, 0x1000, 16, 0);
    }
    expect_packed_broken("more than 8");

    table = fresh_packed();
    packed_descriptor(table, 0, inner, 17, 4);
    expect_packed_broken("table of 0x11 bytes");

    table = fresh_packed();
    packed_descriptor(table, 0, inner, 16, 5);
    expect_packed_broken("both indirect and continued");

    table = fresh_packed();
    packed_descriptor(table, 0, 0xfffffffffffffff0, 16, 4);
    expect_packed_broken("not RAM");

    /* In an indirect table flags but WRITE mean nothing. */
    table = fresh_packed();
    packed_descriptor(table, 0, inner, 32, 4);
    packed_descriptor(inner, 0, 0x1000, 16, 5);
    packed_descriptor(inner, 1, 0x1000, 16, 7);
    assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    assert_int_equal(fixture.chain.readable_count, 1);
    assert_int_equal(fixture.chain.writable_count, 1);
}

/* Ring entries marked available again before the device has used them. */
static void packed_entries_made_available_twice(void **state)
{
    (void)state;
    uint64_t table = fresh_packed();
    for (uint32_t i = 0; i < 4; i++) {
        packed_descriptor(table, i, 0x1000, 16, 0);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
    }
    assert_int_equal(pop(), VIRTQUEUE_EMPTY);
    split_descriptor(table, 0, 0x1000, 16, 0, 1u << 15); /* available in the second round */
    expect_packed_broken("more descriptors available than");
}

/* What was copied and checked does not change with the guest's copy. */
/* A driver that does not wait until it sees that buffers are used must not keep the device at work for ever. */
static void buffers_added_without_end(uint64_t features)
{
    struct virtqueue *queue = start(features, 16);
    struct driver_queue *driver = &fixture.machine.queues[0];
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 16; i++) {
        add(1, 0, false);
    }
    while (taken < 100 && pop() == VIRTQUEUE_CHAIN) {
        use(16); /* in a packed ring it stands where the driver's length stood */
        taken++;
        if (driver->packed) {
            uint8_t *flags =
                (uint8_t *)machine_memory(&fixture.machine, driver->descriptors) + 16 * (taken - 1) % 256 + 14;
            uint16_t value = (taken - 1) / 16 % 2 == 0 ? 1u << 15 : 1u << 7; /* available in the next round */
            memcpy(flags, &value, 2);
        } else {
            uint16_t next = (uint16_t)(16 + taken);
            memcpy((uint8_t *)machine_memory(&fixture.machine, driver->driver) + 2, &next, 2);
        }
    }
    assert_in_range(taken, 1, 16);
    assert_true(fixture.device.broken);
    assert_int_equal(queue->outstanding, 0);
}

static void split_buffers_without_end(void **state)
{
    (void)state;
    buffers_added_without_end(SPLIT);
}

static void packed_buffers_without_end(void **state)
{
    (void)state;
    buffers_added_without_end(PACKED);
}

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
        cmocka_unit_test_setup(split_buffers, setup),
        cmocka_unit_test_setup(split_indirect_buffers, setup),
        cmocka_unit_test_setup(packed_buffers, setup),
        cmocka_unit_test_setup(packed_indirect_buffers, setup),
        cmocka_unit_test_setup(split_out_of_order, setup),
        cmocka_unit_test_setup(packed_out_of_order, setup),
        cmocka_unit_test_setup(split_full, setup),
        cmocka_unit_test_setup(packed_full, setup),
        cmocka_unit_test_setup(split_indices_wrap, setup),
        cmocka_unit_test_setup(split_flags, setup),
        cmocka_unit_test_setup(packed_flags, setup),
        cmocka_unit_test_setup(split_event_index, setup),
        cmocka_unit_test_setup(packed_event_index, setup),
        cmocka_unit_test_setup(split_batch, setup),
        cmocka_unit_test_setup(packed_batch, setup),
        cmocka_unit_test_setup(enable_checks_what_the_driver_wrote, setup),
        cmocka_unit_test_setup(a_queue_can_be_reset_and_started_anew, setup),
        cmocka_unit_test_setup(nothing_moves_before_driver_ok, setup),
        cmocka_unit_test_setup(split_hostile_chains, setup),
        cmocka_unit_test_setup(hostile_addresses, setup),
        cmocka_unit_test_setup(too_many_bytes, setup),
        cmocka_unit_test_setup(split_hostile_indirect_tables, setup),
        cmocka_unit_test_setup(split_hostile_indices, setup),
        cmocka_unit_test_setup(packed_hostile_chains, setup),
        cmocka_unit_test_setup(packed_entries_made_available_twice, setup),
        cmocka_unit_test_setup(split_buffers_without_end, setup),
        cmocka_unit_test_setup(packed_buffers_without_end, setup),
        cmocka_unit_test_setup(a_chain_is_a_copy, setup),
        cmocka_unit_test_setup(late_answers_are_ignored, setup),
    };
    return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
