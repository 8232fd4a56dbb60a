/* SPDX-License-Identifier: BSD-2-Clause */
/* An image in the guest's memory: flushes, and what the hardware does not carry out. */
#include <string.h>

#include "virtio_machine.h"

#include <vmm/virtio/virtio_pmem.h>

#define GPA_BASE 0x4000000000ull
#define SIZE     0x200000u

static struct virtio_machine machine;
static struct virtio_pmem pmem;
static uint8_t content[SIZE];

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    (void)size;
    return NULL;
}

static struct vm_device_config configuration(void)
{
    struct vm_device_config config = {.kind = VM_DEVICE_PMEM, .name = "pmem0"};
    config.pmem.gpa = GPA_BASE;
    config.pmem.size = SIZE;
    config.pmem.address = (uintptr_t)content;
    return config;
}

static int set_up(void **state)
{
    (void)state;
    struct vm_device_config config = configuration();
    machine_create(&machine);
    assert_null(virtio_pmem_init(&pmem, &machine.vm, &config));
    machine_attach(&machine, &pmem.device);
    driver_start(&machine, &pmem.device, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX, 16);
    return 0;
}

/* Sends a request; the answer, or -1 if there is none. */
static int64_t request(uint32_t code, uint32_t length, uint32_t room)
{
    uint64_t at = machine_allocate(&machine, 16, 16);
    struct piece pieces[2] = {{.address = at, .length = length}, {.address = at + 8, .length = room, .writable = true}};
    memcpy(machine_memory(&machine, at), &code, sizeof(code));
    uint16_t id;
    uint32_t written, answer;
    uint16_t given = driver_add(&machine, 0, pieces, room != 0 ? 2 : 1, false);
    if (driver_must_notify(&machine, 0, 1)) {
        virtio_notify(&pmem.device, 0);
    }
    if (!driver_take(&machine, 0, &id, &written)) {
        return -1;
    }
    assert_int_equal(id, given);
    assert_int_equal(written, 4);
    memcpy(&answer, machine_memory(&machine, at + 8), sizeof(answer));
    return answer;
}

static void test_flushes_succeed(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(request(0, 4, 4), 0);
    }
    assert_int_equal(request(1, 4, 4), 1);
    assert_int_equal(request(0, 2, 4), 1);
    assert_int_equal(virtio_read_config(&pmem.device, 0, 8), GPA_BASE);
    assert_int_equal(virtio_read_config(&pmem.device, 8, 8), SIZE);
}

static void test_a_request_without_room_breaks_the_device(void **state)
{
    (void)state;
    assert_int_equal(request(0, 4, 0), -1);
    assert_true(pmem.device.broken);
    assert_int_equal(request(0, 4, 4), -1);
}

static void test_writes_are_lost_and_reads_are_not(void **state)
{
    (void)state;
    uint64_t value;
    uint32_t errors = machine_guest_errors();
    memset(content + SIZE - 8, '5', 8);
    assert_true(bus_write(&machine.vm.memory_bus, GPA_BASE + SIZE - 8, 8, 0));
    assert_true(bus_read(&machine.vm.memory_bus, GPA_BASE + SIZE - 8, 8, &value));
    assert_memory_equal(&value, "55555555", 8);
    assert_int_equal(machine_guest_errors(), errors + 1);
    assert_false(bus_read(&machine.vm.memory_bus, GPA_BASE + SIZE - 4, 8, &value));
}

/* A program writes what it maps to a disk, or sends it: its file is in the image. */
static void test_devices_read_from_the_image_and_write_nothing_to_it(void **state)
{
    (void)state;
    uint64_t answer = machine_allocate(&machine, 4, 4);
    struct piece pieces[2] = {{.address = GPA_BASE + SIZE - 4, .length = 4},
                              {.address = answer, .length = 4, .writable = true}};
    uint16_t id;
    uint32_t written;
    memset(content + SIZE - 4, 0, 4); /* a flush */
    memset(machine_memory(&machine, answer), 0xff, 4);
    driver_add(&machine, 0, pieces, 2, false);
    virtio_notify(&pmem.device, 0);
    assert_true(driver_take(&machine, 0, &id, &written));
    assert_memory_equal(machine_memory(&machine, answer), "\0\0\0\0", 4);
    pieces[0].address += 1; /* over its end */
    driver_add(&machine, 0, pieces, 2, false);
    virtio_notify(&pmem.device, 0);
    assert_true(pmem.device.broken);

    virtio_write_status(&pmem.device, 0);
    driver_start(&machine, &pmem.device, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX, 16);
    pieces[0].address = machine_allocate(&machine, 4, 4);
    pieces[1].address = GPA_BASE;
    content[0] = 'x';
    driver_add(&machine, 0, pieces, 2, false);
    virtio_notify(&pmem.device, 0);
    assert_true(pmem.device.broken);
    assert_int_equal(content[0], 'x');
}

static void test_places_that_cannot_be(void **state)
{
    (void)state;
    static struct virtio_pmem other;
    struct vm_device_config bad;
#define REFUSED(field, value)                                                                                          \
    bad = configuration();                                                                                             \
    bad.pmem.field = (value);                                                                                          \
    assert_non_null(virtio_pmem_init(&other, &machine.vm, &bad))
    REFUSED(size, 0);
    REFUSED(size, 4096);
    REFUSED(gpa, GPA_BASE + 4096);
    REFUSED(gpa, MACHINE_RAM_BASE);
    REFUSED(gpa, MACHINE_HIGH_RAM_BASE);
    REFUSED(gpa, UINT64_MAX - 0x1fffff);
    REFUSED(address, 0);
    REFUSED(gpa, GPA_BASE); /* where the first one is */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_flushes_succeed, set_up),
        cmocka_unit_test_setup(test_a_request_without_room_breaks_the_device, set_up),
        cmocka_unit_test_setup(test_writes_are_lost_and_reads_are_not, set_up),
        cmocka_unit_test_setup(test_devices_read_from_the_image_and_write_nothing_to_it, set_up),
        cmocka_unit_test_setup(test_places_that_cannot_be, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
