/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over MMIO, both versions. */
#include "transport_machine.h"

#include <string.h>

static struct transport_machine m;

static int setup(void **state)
{
    *state = NULL;
    transport_create(&m, TRANSPORT_MMIO_2, VIRTIO_TYPE_ENTROPY);
    return 0;
}

static int setup_legacy(void **state)
{
    *state = NULL;
    transport_create(&m, TRANSPORT_MMIO_1, VIRTIO_TYPE_ENTROPY);
    return 0;
}

static uint32_t get(uint32_t offset)
{
    return (uint32_t)transport_read(&m, TRANSPORT_MMIO + offset, 4);
}

static void set(uint32_t offset, uint32_t value)
{
    transport_write(&m, TRANSPORT_MMIO + offset, 4, value);
}

static struct driver_queue *new_queue(uint32_t index, uint16_t size)
{
    struct driver_queue *q = &m.base.queues[index];
    *q = (struct driver_queue){.queue = &m.device.queues[index], .size = size, .free_count = size};
    for (uint16_t n = 0; n < size; n++) {
        q->free[n] = n;
    }
    return q;
}

static void start(uint64_t features)
{
    set(0x70, 0);
    set(0x70, 3);
    set(0x24, 0);
    set(0x20, (uint32_t)features);
    set(0x24, 1);
    set(0x20, (uint32_t)(features >> 32));
    set(0x70, 11);
    assert_int_equal(get(0x70), 11);
    set(0x30, 1);
    assert_int_equal(get(0x34), TRANSPORT_QUEUE_SIZE);
    struct driver_queue *q = new_queue(1, 16);
    q->descriptors = machine_allocate(&m.base, 256, 16);
    q->driver = machine_allocate(&m.base, 64, 4);
    q->device = machine_allocate(&m.base, 256, 4);
    set(0x38, 16);
    set(0x80, (uint32_t)q->descriptors);
    set(0x84, 0);
    set(0x90, (uint32_t)q->driver);
    set(0x94, 0);
    set(0xa0, (uint32_t)q->device);
    set(0xa4, 0);
    set(0x44, 1);
    assert_int_equal(get(0x44), 1);
    set(0x70, 15);
}

static void one_buffer(void)
{
    struct piece piece = {.address = 0x300000, .length = 16, .writable = true};
    uint16_t id;
    uint32_t written;
    driver_add(&m.base, 1, &piece, 1, false);
    set(0x50, 1);
    assert_true(driver_take(&m.base, 1, &id, &written));
    assert_int_equal(written, 16);
}

static void version_2(void **state)
{
    (void)state;
    assert_int_equal(get(0), 0x74726976);
    assert_int_equal(get(4), 2);
    assert_int_equal(get(8), VIRTIO_TYPE_ENTROPY);
    set(0x14, 1);
    assert_int_equal(get(0x10), VIRTIO_COMMON_FEATURES >> 32);
    set(0x14, 2);
    assert_int_equal(get(0x10), 0);
    start(VIRTIO_F_VERSION_1);
    one_buffer();
    assert_int_equal(get(0x60), 1);
    assert_true(m.lines[TRANSPORT_MMIO_LINE]);
    virtio_config_changed(&m.device);
    assert_int_equal(get(0x60), 3);
    assert_int_equal(get(0xfc), 1);
    set(0x64, 1);
    assert_true(m.lines[TRANSPORT_MMIO_LINE]);
    set(0x64, 2);
    assert_false(m.lines[TRANSPORT_MMIO_LINE]);
    assert_int_equal(transport_read(&m, TRANSPORT_MMIO + 0x101, 1), 'b');
    assert_int_equal(transport_read(&m, TRANSPORT_MMIO + 0x100, 8), 0x6867666564636261);
    transport_write(&m, TRANSPORT_MMIO + 0x102, 2, 'y' << 8 | 'x');
    assert_memory_equal(m.config, "abxyefgh", 8);
    assert_int_equal(get(0xb0), 0xffffffff); /* no shared memory */
    set(0x44, 0);
    assert_int_equal(get(0x44), 0);
    assert_int_equal(m.device.queues[1].size, TRANSPORT_QUEUE_SIZE);
    start(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET);
    one_buffer();
    set(0xc0, 1);
    assert_int_equal(get(0x44), 0);
    assert_int_equal(get(0xc0), 0);
    set(0x70, 0);
    assert_int_equal(get(0x60), 0);
    assert_false(m.lines[TRANSPORT_MMIO_LINE]);
}

static void notification_data_names_the_queue(void **state)
{
    (void)state;
    start(VIRTIO_F_VERSION_1 | VIRTIO_F_NOTIFICATION_DATA);
    uint32_t before = m.notified;
    set(0x50, 0x80050001);
    assert_int_equal(m.notified, before + 1);
}

static void start_legacy(uint32_t page, uint32_t alignment)
{
    set(0x28, page); /* Linux says so before it resets the device */
    set(0x70, 0);
    set(0x70, 3);
    set(0x20, 0);
    set(0x30, 1);
    set(0x38, 16);
    set(0x3c, alignment);
    struct driver_queue *q = new_queue(1, 16);
    uint64_t base = machine_allocate(&m.base, 16384, 4096);
    q->descriptors = base;
    q->driver = base + 256;
    q->device = base + ((256 + 38 + alignment - 1) & ~(uint64_t)(alignment - 1));
    set(0x40, (uint32_t)(base / page));
    assert_int_equal(get(0x40), base / page);
    set(0x70, 7);
}

static void version_1(void **state)
{
    (void)state;
    assert_int_equal(get(4), 1);
    assert_int_equal(get(0x10), (uint32_t)(VIRTIO_COMMON_FEATURES | VIRTIO_F_ANY_LAYOUT | 1));
    set(0x14, 1);
    assert_int_equal(get(0x10), 0);
    start_legacy(4096, 4096);
    one_buffer();
    assert_true(m.lines[TRANSPORT_MMIO_LINE]);
    set(0x64, 1);
    set(0x40, 0);
    assert_int_equal(get(0x40), 0);
    start_legacy(512, 64);
    one_buffer();
    assert_true(m.device.legacy);
    virtio_mmio_reset(&m.transport);
    assert_true(m.device.legacy);
    assert_int_equal(get(0x70), 0);
    assert_int_equal(m.transport.page_size, 0);
}

static void legacy_nonsense(void **state)
{
    (void)state;
    static const uint32_t pages[][2] = {{0, 4096}, {4096, 0},          {3000, 4096},
                                        {4096, 3}, {0x80000000, 4096}, {1, 1u << 31}};
    for (uint32_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        set(0x70, 0);
        set(0x70, 3);
        set(0x28, pages[i][0]);
        set(0x30, 0);
        set(0x3c, pages[i][1]);
        assert_false(m.device.broken);
        set(0x40, 1);
        assert_true(m.device.broken);
    }
    set(0x70, 0);
    set(0x28, 4096);
    set(0x30, 0);
    set(0x3c, 4096);
    set(0x40, 0xffffffff);
    assert_true(m.device.broken);
    set(0x70, 0);
    set(0x30, 99);
    set(0x3c, 4096);
    set(0x40, 1);
    assert_int_equal(get(0x40), 0);
    start_legacy(4096, 4096);
    set(0x28, 0); /* after a queue was placed: no */
    assert_true(get(0x40) != 0);
    one_buffer();
}

static void accesses_of_every_kind(void)
{
    for (uint32_t at = 0; at < VIRTIO_MMIO_SIZE; at++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            transport_read(&m, TRANSPORT_MMIO + at, width);
            transport_write(&m, TRANSPORT_MMIO + at, width, 0x5a5a5a5a5a5a5a5a);
        }
    }
    for (uint32_t at = 0; at < 0x100; at += 4) {
        for (uint32_t value = 0; value < 4; value++) {
            set(at, value);
            get(at);
        }
    }
}

static void version_2_nonsense(void **state)
{
    (void)state;
    accesses_of_every_kind();
    set(0x38, 0x10010); /* a size that looks good in 16 bits */
    start(VIRTIO_F_VERSION_1);
    one_buffer();
    set(0x80, 0); /* while it runs */
    set(0x38, 4);
    one_buffer();
    set(0x70, 0);
    set(0x70, 3);
    set(0x24, 1);
    set(0x20, 1);
    set(0x70, 11);
    set(0x30, 0);
    set(0x38, 0x10010);
    set(0x44, 1);
    assert_true(m.device.broken);
}

static void version_1_every_access(void **state)
{
    (void)state;
    accesses_of_every_kind();
    start_legacy(4096, 4096);
    one_buffer();
}

/* Two devices on one line: it is asserted as long as one of them does. */
static void a_shared_line(void **state)
{
    (void)state;
    static struct virtio_device device;
    static struct virtio_mmio second;
    device = m.device;
    assert_non_null(virtio_mmio_init(&second, &device, &m.mmio, TRANSPORT_MMIO + 0x100, &m.shared, false));
    device = m.device;
    assert_null(virtio_mmio_init(&second, &device, &m.mmio, TRANSPORT_MMIO + 0x200, &m.shared, false));
    start(VIRTIO_F_VERSION_1);
    one_buffer();
    device.status = VIRTIO_STATUS_DRIVER_OK;
    virtio_config_changed(&device);
    assert_true(m.lines[TRANSPORT_MMIO_LINE]);
    set(0x64, 3);
    assert_true(m.lines[TRANSPORT_MMIO_LINE]);
    transport_write(&m, TRANSPORT_MMIO + 0x264, 4, 3);
    assert_false(m.lines[TRANSPORT_MMIO_LINE]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(version_2, setup),
        cmocka_unit_test_setup(notification_data_names_the_queue, setup),
        cmocka_unit_test_setup(version_2_nonsense, setup),
        cmocka_unit_test_setup(a_shared_line, setup),
        cmocka_unit_test_setup(version_1, setup_legacy),
        cmocka_unit_test_setup(legacy_nonsense, setup_legacy),
        cmocka_unit_test_setup(version_1_every_access, setup_legacy),
    };
    return cmocka_run_group_tests_name("virtio_mmio", tests, NULL, NULL);
}
