/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over PCI, as drivers see it: capabilities, registers, INTx and MSI-X, the legacy interface. */
#include "transport_machine.h"

#include <string.h>

#define BAR    TRANSPORT_MEMORY
#define NOTIFY (BAR + VIRTIO_PCI_NOTIFY)
#define TABLE  (BAR + VIRTIO_PCI_MSIX_TABLE)
#define LINE   (TRANSPORT_LINE + 3u) /* slot 3, INTA */

static struct transport_machine m;

static int setup(void **state)
{
    *state = NULL;
    transport_create(&m, TRANSPORT_PCI, VIRTIO_TYPE_BLOCK);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    return 0;
}

static int setup_fast_ports(void **state)
{
    *state = NULL;
    transport_create(&m, TRANSPORT_PCI_FAST_PORTS, VIRTIO_TYPE_BLOCK);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    return 0;
}

static int setup_transitional(void **state)
{
    *state = NULL;
    transport_create(&m, TRANSPORT_PCI_TRANSITIONAL, VIRTIO_TYPE_BLOCK);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    return 0;
}

/* Offset of the capability with this ID, and for virtio's own with this type; 0: none. */
static uint32_t capability(uint32_t id, uint32_t type)
{
    uint32_t at = (uint32_t)transport_config(&m, PCI_CAPABILITY_POINTER, 1);
    for (uint32_t i = 0; at != 0 && i < 48; i++) {
        if (transport_config(&m, at, 1) == id && (type == 0 || transport_config(&m, at + 3, 1) == type)) {
            return at;
        }
        at = (uint32_t)transport_config(&m, at + 1, 1);
    }
    return 0;
}

static void common_write(uint32_t offset, uint32_t width, uint64_t value)
{
    transport_write(&m, BAR + VIRTIO_PCI_COMMON + offset, width, value);
}

static uint64_t common(uint32_t offset, uint32_t width)
{
    return transport_read(&m, BAR + VIRTIO_PCI_COMMON + offset, width);
}

/* What a driver does, register by register. */
static void start(uint64_t features)
{
    common_write(0x14, 1, 0);
    assert_int_equal(common(0x14, 1), 0);
    common_write(0x14, 1, 3);
    common_write(0x08, 4, 0);
    common_write(0x0c, 4, (uint32_t)features);
    common_write(0x08, 4, 1);
    common_write(0x0c, 4, features >> 32);
    common_write(0x14, 1, 11);
    assert_int_equal(common(0x14, 1), 11);
    for (uint32_t i = 0; i < TRANSPORT_QUEUES; i++) {
        struct driver_queue *q = &m.base.queues[i];
        common_write(0x16, 2, i);
        assert_int_equal(common(0x18, 2), TRANSPORT_QUEUE_SIZE);
        *q = (struct driver_queue){.queue = &m.device.queues[i], .size = 16, .free_count = 16};
        for (uint16_t n = 0; n < 16; n++) {
            q->free[n] = n;
        }
        q->descriptors = machine_allocate(&m.base, 256, 16);
        q->driver = machine_allocate(&m.base, 64, 4);
        q->device = machine_allocate(&m.base, 256, 4);
        common_write(0x18, 2, 16);
        common_write(0x20, 4, q->descriptors);
        common_write(0x24, 4, q->descriptors >> 32);
        common_write(0x28, 8, q->driver);
        common_write(0x30, 4, (uint32_t)q->device);
        common_write(0x34, 4, q->device >> 32);
        assert_int_equal(common(0x20, 8), q->descriptors);
        assert_int_equal(common(0x28, 4), q->driver);
        common_write(0x1c, 2, 1);
        assert_int_equal(common(0x1c, 2), 1);
        assert_int_equal(common(0x1e, 2), i);
    }
    common_write(0x14, 1, 15);
    assert_int_equal(common(0x14, 1), 15);
}

static void buffer(uint32_t queue)
{
    struct piece piece = {.address = machine_allocate(&m.base, 16, 16), .length = 16, .writable = true};
    driver_add(&m.base, queue, &piece, 1, false);
    transport_write(&m, NOTIFY + queue * VIRTIO_PCI_NOTIFY_STRIDE, 2, queue);
}

static void takes(uint32_t queue)
{
    uint16_t id;
    uint32_t written;
    assert_true(driver_take(&m.base, queue, &id, &written));
    assert_int_equal(written, 16);
}

static void a_driver_finds_what_it_needs(void **state)
{
    (void)state;
    assert_int_equal(transport_config(&m, 0, 4), 0x10421af4);
    assert_int_equal(transport_config(&m, PCI_REVISION, 4), 0x01800001);
    assert_int_equal(transport_config(&m, PCI_BAR0 + 4, 4), BAR);
    assert_int_equal(transport_config(&m, PCI_BAR0, 4), 0);
    assert_int_equal(transport_config(&m, PCI_INTERRUPT_PIN, 1), 1);
    static const struct {
        uint32_t type, offset, length;
    } parts[] = {
        {1, VIRTIO_PCI_COMMON, 64}, {2, VIRTIO_PCI_NOTIFY, 8}, {3, VIRTIO_PCI_ISR, 1}, {4, VIRTIO_PCI_DEVICE, 8}};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t at = capability(9, parts[i].type);
        assert_int_not_equal(at, 0);
        assert_int_equal(transport_config(&m, at + 4, 1), VIRTIO_PCI_BAR);
        assert_int_equal(transport_config(&m, at + 8, 4), parts[i].offset);
        assert_int_equal(transport_config(&m, at + 12, 4), parts[i].length);
    }
    assert_int_equal(transport_config(&m, capability(9, 2) + 16, 4), VIRTIO_PCI_NOTIFY_STRIDE);
    uint32_t msix = capability(0x11, 0);
    assert_int_equal(transport_config(&m, msix + 2, 2), TRANSPORT_QUEUES);
    assert_int_equal(transport_config(&m, msix + 4, 4), VIRTIO_PCI_MSIX_TABLE | VIRTIO_PCI_BAR);
    assert_int_equal(transport_config(&m, msix + 8, 4), VIRTIO_PCI_MSIX_PENDING | VIRTIO_PCI_BAR);
    assert_int_equal(common(0x12, 2), TRANSPORT_QUEUES);
    common_write(0, 4, 1);
    assert_int_equal(common(4, 4), (VIRTIO_COMMON_FEATURES | 1) >> 32);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_DEVICE + 2, 2), 'd' << 8 | 'c');
    transport_write(&m, BAR + VIRTIO_PCI_DEVICE, 1, 'x');
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_DEVICE, 1), 'x');
}

static void buffers_and_intx(void **state)
{
    (void)state;
    start(VIRTIO_F_VERSION_1);
    buffer(1);
    takes(1);
    assert_true(m.lines[LINE]);
    assert_int_equal(transport_config(&m, PCI_STATUS, 2) & 8, 8);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_ISR, 1), VIRTIO_ISR_QUEUE);
    assert_false(m.lines[LINE]);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_ISR, 1), 0);
    uint64_t generation = common(0x15, 1);
    virtio_config_changed(&m.device);
    assert_true(common(0x15, 1) != generation);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_ISR, 1), VIRTIO_ISR_CONFIG);
    buffer(0);
    assert_true(m.lines[LINE]);
    common_write(0x14, 1, 0); /* a reset takes it back */
    assert_false(m.lines[LINE]);
    assert_int_equal(common(0x14, 1), 0);
    assert_int_equal(m.message_count, 0);
}

static void set_vector(uint32_t vector, uint64_t address, uint32_t data, uint32_t mask)
{
    transport_write(&m, TABLE + 16 * vector, 4, (uint32_t)address);
    transport_write(&m, TABLE + 16 * vector + 4, 4, address >> 32);
    transport_write(&m, TABLE + 16 * vector + 8, 8, data | (uint64_t)mask << 32);
}

static void msix(void **state)
{
    (void)state;
    uint32_t at = capability(0x11, 0);
    start(VIRTIO_F_VERSION_1);
    assert_int_equal(transport_read(&m, TABLE + 12, 4), 1); /* masked after reset */
    set_vector(0, 0xfee00000, 0x31, 0);
    set_vector(1, 0xfee01000, 0x32, 0);
    set_vector(2, 0x1fee02000, 0x33, 1);
    assert_int_equal(transport_read(&m, TABLE + 32, 8), 0x1fee02000);
    transport_set_config(&m, at + 2, 2, 0x8000);
    common_write(0x10, 2, 0);
    common_write(0x16, 2, 0);
    common_write(0x1a, 2, 1);
    common_write(0x16, 2, 1);
    common_write(0x1a, 2, 2);
    assert_int_equal(common(0x1a, 2), 2);
    buffer(0);
    assert_int_equal(m.message_count, 1);
    assert_int_equal(m.messages[0].device, PCI_DEVFN(3, 0));
    assert_int_equal(m.messages[0].address, 0xfee01000);
    assert_int_equal(m.messages[0].data, 0x32);
    assert_false(m.lines[LINE]);
    virtio_config_changed(&m.device);
    assert_int_equal(m.messages[1].data, 0x31);

    buffer(1); /* masked: pending, until unmasked */
    buffer(1);
    assert_int_equal(m.message_count, 2);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_MSIX_PENDING, 8), 4);
    transport_write(&m, TABLE + 44, 4, 0);
    assert_int_equal(m.message_count, 3);
    assert_int_equal(m.messages[2].address, 0x1fee02000);
    assert_int_equal(transport_read(&m, BAR + VIRTIO_PCI_MSIX_PENDING, 8), 0);

    transport_set_config(&m, at + 2, 2, 0xc000); /* the whole function masked */
    buffer(0);
    assert_int_equal(m.message_count, 3);
    transport_set_config(&m, at + 2, 2, 0x8000);
    assert_int_equal(m.message_count, 4);

    common_write(0x1a, 2, 3); /* there is no such vector */
    assert_int_equal(common(0x1a, 2), VIRTIO_NO_VECTOR);
    buffer(1);
    assert_int_equal(m.message_count, 4);
    common_write(0x10, 2, 0xfffe);
    assert_int_equal(common(0x10, 2), VIRTIO_NO_VECTOR);
}

static void queues_can_be_reset(void **state)
{
    (void)state;
    start(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET);
    common_write(0x16, 2, 1);
    common_write(0x18, 2, 8); /* while it runs: no */
    common_write(0x20, 4, 0);
    assert_int_equal(common(0x18, 2), 16);
    common_write(0x3a, 2, 1);
    assert_int_equal(common(0x1c, 2), 0);
    assert_int_equal(common(0x3a, 2), 0);
    assert_int_equal(common(0x18, 2), TRANSPORT_QUEUE_SIZE);
    buffer(0);
    takes(0);
    common_write(0x16, 2, 7); /* no such queue */
    assert_int_equal(common(0x18, 2), 0);
    common_write(0x1c, 2, 1);
    common_write(0x3a, 2, 1);
    common_write(0x18, 2, 4);
    assert_false(m.device.broken);
}

static void configuration_space_reaches_the_bar(void **state)
{
    (void)state;
    uint32_t at = capability(9, 5);
    assert_int_not_equal(at, 0);
    transport_set_config(&m, at + 4, 1, VIRTIO_PCI_BAR);
    transport_set_config(&m, at + 8, 4, VIRTIO_PCI_DEVICE + 1);
    transport_set_config(&m, at + 12, 4, 1);
    assert_int_equal(transport_config(&m, at + 16, 1), 'b');
    transport_set_config(&m, at + 16, 1, 'y');
    assert_int_equal(m.config[1], 'y');
    static const struct {
        uint32_t bar, offset, length;
    } bad[] = {{VIRTIO_PCI_BAR, VIRTIO_PCI_DEVICE + 1, 2},
               {VIRTIO_PCI_BAR, VIRTIO_PCI_BAR_SIZE, 4},
               {VIRTIO_PCI_BAR, 0xfffffffc, 4},
               {VIRTIO_PCI_BAR, VIRTIO_PCI_DEVICE, 8},
               {VIRTIO_PCI_BAR, VIRTIO_PCI_DEVICE, 0},
               {2, 0, 4},
               {255, 0, 4}};
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        transport_set_config(&m, at + 4, 1, bad[i].bar);
        transport_set_config(&m, at + 8, 4, bad[i].offset);
        transport_set_config(&m, at + 12, 4, bad[i].length);
        assert_int_equal(transport_config(&m, at + 16, 4), 0);
        transport_set_config(&m, at + 16, 4, 0xffffffff);
    }
    assert_memory_equal(m.config, "aycdefgh", 8);
}

/* Every width at every offset, in every part: nothing happens that matters, and nothing else answers. */
static void accesses_of_every_kind(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < VIRTIO_PCI_BAR_SIZE; at++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            transport_read(&m, BAR + at, width);
            transport_write(&m, BAR + at, width, 0xa5a5a5a5a5a5a5a5);
        }
    }
    for (uint32_t at = 0; at < 4096; at++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            transport_config(&m, at, width);
            transport_set_config(&m, at, width, 0xa5a5a5a5a5a5a5a5);
        }
    }
    pci_host_reset(&m.host);
    assert_int_equal(transport_config(&m, 0, 4), 0x10421af4);
    assert_int_equal(transport_config(&m, PCI_BAR0 + 4, 4), BAR);
    assert_false(m.lines[LINE]);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    start(VIRTIO_F_VERSION_1);
    buffer(1);
    takes(1);
}

/* A kernel that is to be replaced by another turns bus mastering off: its rings are somebody else's memory then. */
static void bus_mastering(void **state)
{
    (void)state;
    uint16_t id;
    uint32_t written;
    start(VIRTIO_F_VERSION_1);
    uint32_t resets = m.resets;
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(m.resets, resets + 1);
    buffer(1);
    assert_false(driver_take(&m.base, 1, &id, &written));
    assert_int_equal(common(0x14, 1), 15 | VIRTIO_STATUS_NEEDS_RESET);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    buffer(1);
    assert_false(driver_take(&m.base, 1, &id, &written));
    start(VIRTIO_F_VERSION_1);
    buffer(1);
    takes(1);
    pci_host_reset(&m.host);
    transport_set_config(&m, PCI_COMMAND, 2, PCI_COMMAND_MEMORY); /* never turned on */
    start(VIRTIO_F_VERSION_1);
    buffer(0);
    takes(0);
}

/* The first capability for notifications leads to ports; those in memory work as well. */
static void notifications_by_ports(void **state)
{
    (void)state;
    uint32_t at = capability(9, 2);
    assert_int_equal(transport_config(&m, at + 4, 1), VIRTIO_PCI_NOTIFY_BAR);
    assert_int_equal(transport_config(&m, at + 8, 4), 0);
    assert_int_equal(transport_config(&m, at + 12, 4), 8);
    assert_int_equal(transport_config(&m, at + 16, 4), VIRTIO_PCI_NOTIFY_STRIDE);
    uint32_t port = (uint32_t)transport_config(&m, PCI_BAR0 + 4 * VIRTIO_PCI_NOTIFY_BAR, 4) & ~3u;
    assert_int_equal(port, TRANSPORT_IO);
    start(VIRTIO_F_VERSION_1);
    struct piece piece = {.address = 0x300000, .length = 16, .writable = true};
    driver_add(&m.base, 1, &piece, 1, false);
    transport_out(&m, port + 4, 2, 1);
    takes(1);
    buffer(1);
    takes(1);
    uint64_t stray = m.device.stray_notifications;
    for (uint32_t i = 0; i < VIRTIO_PCI_NOTIFY_SIZE; i++) {
        transport_out(&m, port + i, 1, 0xff);
        assert_int_equal(transport_in(&m, port + i, 1), 0);
    }
    assert_int_equal(m.device.stray_notifications - stray, VIRTIO_PCI_NOTIFY_SIZE - 8);
}

/* --- Transitional --- */

static void legacy_interface(void **state)
{
    (void)state;
    assert_int_equal(transport_config(&m, 0, 4), 0x10011af4);
    assert_int_equal(transport_config(&m, PCI_REVISION, 1), 0);
    assert_int_equal(transport_config(&m, PCI_SUBSYSTEM_ID, 2), VIRTIO_TYPE_BLOCK);
    uint32_t port = (uint32_t)transport_config(&m, PCI_BAR0, 4) & ~3u;
    assert_int_equal(port, TRANSPORT_IO);
    assert_int_equal(transport_in(&m, port, 4), (uint32_t)(VIRTIO_COMMON_FEATURES | VIRTIO_F_ANY_LAYOUT | 1));
    transport_out(&m, port + 18, 1, 0);
    transport_out(&m, port + 18, 1, 3);
    transport_out(&m, port + 4, 4, 1);
    transport_out(&m, port + 14, 2, 1);
    assert_int_equal(transport_in(&m, port + 12, 2), TRANSPORT_QUEUE_SIZE);
    uint64_t base = machine_allocate(&m.base, 8192, 4096);
    transport_out(&m, port + 8, 4, (uint32_t)(base / 4096));
    assert_int_equal(transport_in(&m, port + 8, 4), base / 4096);
    struct driver_queue *q = &m.base.queues[1];
    *q = (struct driver_queue){.queue = &m.device.queues[1], .size = TRANSPORT_QUEUE_SIZE, .free_count = 8};
    for (uint16_t n = 0; n < 8; n++) {
        q->free[n] = n;
    }
    q->descriptors = base;
    q->driver = base + 16 * TRANSPORT_QUEUE_SIZE;
    q->device = base + 4096;
    transport_out(&m, port + 18, 1, 7);
    struct piece piece = {.address = 0x300000, .length = 16, .writable = true};
    driver_add(&m.base, 1, &piece, 1, false);
    transport_out(&m, port + 16, 2, 1);
    takes(1);
    assert_true(m.lines[LINE]);
    assert_int_equal(transport_in(&m, port + 19, 1), VIRTIO_ISR_QUEUE);
    assert_false(m.lines[LINE]);
    assert_int_equal(transport_in(&m, port + 20, 4), 'a' | 'b' << 8 | 'c' << 16 | (uint32_t)'d' << 24);
    /* With MSI-X the configuration moves on by two vectors. */
    transport_set_config(&m, capability(0x11, 0) + 2, 2, 0x8000);
    transport_out(&m, port + 22, 2, 1);
    assert_int_equal(transport_in(&m, port + 22, 2), 1);
    assert_int_equal(transport_in(&m, port + 20, 2), VIRTIO_NO_VECTOR);
    assert_int_equal(transport_in(&m, port + 24, 1), 'a');
    set_vector(1, 0xfee00000, 0x44, 0);
    driver_add(&m.base, 1, &piece, 1, false);
    transport_out(&m, port + 16, 2, 1);
    assert_int_equal(m.message_count, 1);
    transport_out(&m, port + 8, 4, 0); /* taken away */
    assert_false(m.device.queues[1].enabled);
    transport_out(&m, port + 18, 1, 0);
    assert_int_equal(transport_in(&m, port + 18, 1), 0);
    assert_false(m.device.legacy);
}

static void a_modern_driver_is_not_disturbed(void **state)
{
    (void)state;
    uint32_t port = (uint32_t)transport_config(&m, PCI_BAR0, 4) & ~3u;
    start(VIRTIO_F_VERSION_1);
    transport_out(&m, port + 4, 4, 1);
    transport_out(&m, port + 8, 4, 0);
    transport_out(&m, port + 18, 1, 7); /* only a reset would do something */
    assert_false(m.device.legacy);
    buffer(1);
    takes(1);
    transport_out(&m, port + 18, 1, 0);
    assert_int_equal(m.device.status, 0);
}

static void legacy_nonsense(void **state)
{
    (void)state;
    uint32_t port = (uint32_t)transport_config(&m, PCI_BAR0, 4) & ~3u;
    transport_out(&m, port + 18, 1, 3);
    transport_out(&m, port + 14, 2, 9);
    assert_int_equal(transport_in(&m, port + 12, 2), 0);
    transport_out(&m, port + 8, 4, 1);
    transport_out(&m, port + 14, 2, 0);
    transport_out(&m, port + 8, 4, 0xffffffff); /* not RAM */
    assert_true(m.device.broken);
    transport_out(&m, port + 18, 1, 0);
    transport_out(&m, port + 18, 1, 3);
    transport_out(&m, port + 8, 4, 16);
    assert_false(m.device.broken);
    transport_out(&m, port + 8, 4, 32); /* while it runs */
    assert_true(m.device.broken);
    for (uint32_t at = 0; at < 32; at++) {
        for (uint32_t width = 1; width <= 4; width *= 2) {
            transport_in(&m, port + at, width);
            transport_out(&m, port + at, width, 0x5a5a5a5a);
        }
    }
}

static void kinds_and_places(void **state)
{
    (void)state;
    static struct virtio_pci other;
    assert_non_null(
        virtio_pci_init(&other, &m.device, &m.host, &(struct virtio_pci_place){.slot = 3, .transitional = false}));
    assert_non_null(
        virtio_pci_init(&other, &m.device, &m.host, &(struct virtio_pci_place){.slot = 0, .transitional = false}));
    assert_non_null(
        virtio_pci_init(&other, &m.device, &m.host, &(struct virtio_pci_place){.slot = 32, .transitional = false}));
    transport_create(&m, TRANSPORT_PCI, VIRTIO_TYPE_PMEM);
    assert_int_equal(transport_config(&m, 0, 4), 0x105b1af4);
    assert_non_null(
        virtio_pci_init(&other, &m.device, &m.host,
                        &(struct virtio_pci_place){.slot = 4, .transitional = true})); /* has no legacy interface */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_driver_finds_what_it_needs, setup),
        cmocka_unit_test_setup(buffers_and_intx, setup),
        cmocka_unit_test_setup(msix, setup),
        cmocka_unit_test_setup(queues_can_be_reset, setup),
        cmocka_unit_test_setup(configuration_space_reaches_the_bar, setup),
        cmocka_unit_test_setup(accesses_of_every_kind, setup),
        cmocka_unit_test_setup(bus_mastering, setup),
        cmocka_unit_test_setup(notifications_by_ports, setup_fast_ports),
        cmocka_unit_test_setup(legacy_interface, setup_transitional),
        cmocka_unit_test_setup(a_modern_driver_is_not_disturbed, setup_transitional),
        cmocka_unit_test_setup(legacy_nonsense, setup_transitional),
        cmocka_unit_test_setup(kinds_and_places, setup),
    };
    return cmocka_run_group_tests_name("virtio_pci", tests, NULL, NULL);
}
