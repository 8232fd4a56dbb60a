/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues with drivers that break the rules. */
#include "virtqueue_fixture.h"

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

/* A driver that does not wait until it sees that buffers are used must not keep the device at work for ever. */
static void buffers_added_without_end(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features, format->size);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(split_hostile_chains),
        TEST(hostile_addresses),
        TEST(too_many_bytes),
        TEST(split_hostile_indirect_tables),
        TEST(split_hostile_indices),
        TEST(packed_hostile_chains),
        TEST(packed_entries_made_available_twice),
        TEST_SPLIT_AND_PACKED(buffers_added_without_end, 16, 16),
    };
    return cmocka_run_group_tests_name("virtqueue_hostile", tests, NULL, NULL);
}
