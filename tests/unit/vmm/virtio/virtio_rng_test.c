/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_machine.h"

#include <stdlib.h>
#include <string.h>

#include <vmm/entropy.h>
#include <vmm/hv.h>
#include <vmm/virtio/virtio_rng.h>

#define FREQUENCY 1000000u

static struct virtio_machine machine;
static struct virtio_device *device;
static uint64_t now;
static bool have_entropy;
static void *made;

/* --- The rest of the VMM --- */

uint64_t hv_now(void)
{
    return now;
}

bool vmm_entropy(struct vm *vm, void *buffer, size_t size)
{
    assert_ptr_equal(vm, &machine.vm);
    memset(buffer, have_entropy ? 0x5a : 0, size);
    return have_entropy;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    made = calloc(1, size);
    return made;
}

/* --- */

static void create(uint64_t bytes_per_second)
{
    struct vm_device_config config = {.kind = VM_DEVICE_RNG, .name = "rng0"};
    config.rng.bytes_per_second = bytes_per_second;
    machine_create(&machine);
    machine.vm.clock.frequency = FREQUENCY;
    now = 1000;
    have_entropy = true;
    assert_null(virtio_rng_kind.create(&machine.vm, &config, &device));
    machine_attach(&machine, device);
    driver_start(&machine, device, VIRTIO_F_VERSION_1 | VIRTIO_F_IN_ORDER | VIRTIO_F_EVENT_IDX, 8);
}

static int teardown(void **state)
{
    (void)state;
    free(made);
    return 0;
}

static uint64_t ask(uint32_t length)
{
    struct piece pieces[] = {{.address = machine_allocate(&machine, length, 8), .length = length / 2, .writable = true},
                             {.address = 0, .length = length - length / 2, .writable = true}};
    pieces[1].address = pieces[0].address + length / 2;
    driver_add(&machine, 0, pieces, 2, false);
    if (driver_must_notify(&machine, 0, 1)) {
        virtio_notify(device, 0);
    }
    return pieces[0].address;
}

static uint32_t taken(void)
{
    uint16_t id;
    uint32_t written;
    return driver_take(&machine, 0, &id, &written) ? written : 0;
}

static void numbers_fill_buffers(void **state)
{
    (void)state;
    create(0);
    uint64_t at = ask(1000);
    assert_int_equal(taken(), 1000);
    const uint8_t *bytes = machine_memory(&machine, at);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(bytes[i], 0x5a);
    }
    assert_int_equal(machine.interrupts[0], 1);
    for (uint32_t i = 0; i < 20; i++) { /* it wants to hear of each */
        ask(100000);
        assert_int_equal(taken(), RNG_LARGEST);
    }
    assert_false(device->broken);
}

static void a_limit_holds(void **state)
{
    (void)state;
    create(100); /* bytes per second: one in 10000 ticks */
    ask(64);
    assert_int_equal(taken(), 64);
    ask(64);
    assert_int_equal(taken(), 36);
    ask(64);
    assert_int_equal(taken(), 0);
    /* Nothing for half a second's worth of looking, then the timer brings what has grown. */
    uint64_t start = now;
    uint32_t total = 0;
    while (now - start < 2 * FREQUENCY) {
        struct timer_set *timers = &machine.vm.vcpus[0].timers;
        assert_true(timers->next > now);
        now = timers->next;
        timer_run(timers, now);
        uint32_t written = taken();
        if (written != 0) {
            total += written;
            ask(64);
            total += taken();
        }
    }
    assert_in_range(total, 190, 201);
    /* A second's worth at most is saved. */
    now += 1000ull * FREQUENCY;
    timer_run(&machine.vm.vcpus[0].timers, now);
    total = taken();
    for (uint32_t i = 0; i < 4; i++) {
        ask(64);
        total += taken();
    }
    assert_int_equal(total, 100);
    virtio_write_status(device, 0);
    assert_int_equal(machine.vm.vcpus[0].timers.next, 0);
}

static void without_entropy_there_are_no_numbers(void **state)
{
    (void)state;
    create(0);
    have_entropy = false;
    uint64_t at = ask(64);
    assert_int_equal(taken(), 0);
    assert_int_equal(*(uint8_t *)machine_memory(&machine, at), 0);
    assert_false(device->broken);
}

static void a_buffer_to_be_read_makes_no_sense(void **state)
{
    (void)state;
    create(0);
    struct piece piece = {.address = 0x1000, .length = 16};
    driver_add(&machine, 0, &piece, 1, false);
    virtio_notify(device, 0);
    assert_true(device->broken);
}

/* A full queue that is never emptied costs a bounded amount of work for each notification. */
static void all_buffers_at_once(void **state)
{
    (void)state;
    create(0);
    struct piece piece = {.address = 0x100000, .length = 0x100000, .writable = true};
    for (uint32_t i = 0; i < RNG_QUEUE_SIZE; i++) {
        driver_add(&machine, 0, &piece, 1, false);
    }
    virtio_notify(device, 0);
    for (uint32_t i = 0; i < RNG_QUEUE_SIZE; i++) {
        assert_int_equal(taken(), RNG_LARGEST);
    }
    assert_int_equal(machine.interrupts[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(numbers_fill_buffers, teardown),
        cmocka_unit_test_teardown(a_limit_holds, teardown),
        cmocka_unit_test_teardown(without_entropy_there_are_no_numbers, teardown),
        cmocka_unit_test_teardown(a_buffer_to_be_read_makes_no_sense, teardown),
        cmocka_unit_test_teardown(all_buffers_at_once, teardown),
    };
    return cmocka_run_group_tests_name("virtio_rng", tests, NULL, NULL);
}
