/* SPDX-License-Identifier: BSD-2-Clause */
/* The balloon: between the manager's request and the guest's driver. */
#include <string.h>

#include "virtio_machine.h"

#include <vmm/hv.h>
#include <vmm/virtio/virtio_balloon.h>

#define FREQUENCY 1000000u
#define FEATURES  (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_BALLOON_F_STATS_VQ | VIRTIO_BALLOON_F_REPORTING)

struct fixture {
    struct virtio_machine machine;
    struct virtio_balloon balloon;
    struct vm_control control;
    uint16_t statistics_id;
    uint64_t statistics;
};

static uint64_t clock_value;
static int answers;
static enum vm_result last_answer;

uint64_t hv_now(void)
{
    return clock_value;
}

void vm_control_answer(struct vm *vm, enum vm_result result)
{
    (void)vm;
    answers++;
    last_answer = result;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    (void)size;
    return NULL;
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    struct vm_device_config config = {.kind = VM_DEVICE_BALLOON, .name = "balloon0"};
    *state = f;
    machine_create(&f->machine);
    clock_value = 1;
    answers = 0;
    f->machine.vm.clock.frequency = FREQUENCY;
    f->machine.vm.control = &f->control;
    f->machine.vm.state = VM_STATE_RUNNING;
    assert_null(virtio_balloon_init(&f->balloon, &f->machine.vm, &config));
    machine_attach(&f->machine, &f->balloon.device);
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

/* Notifies as a driver does: only if the device wants it. */
static void kick(struct fixture *f, uint32_t queue)
{
    if (driver_must_notify(&f->machine, queue, 1)) {
        virtio_notify(&f->balloon.device, queue);
    }
}

static void write_statistic(struct fixture *f, uint32_t index, uint16_t tag, uint64_t value)
{
    uint8_t *entry = (uint8_t *)machine_memory(&f->machine, f->statistics) + (size_t)index * 10;
    memcpy(entry, &tag, 2);
    memcpy(entry + 2, &value, 8);
}

static void give_statistics(struct fixture *f, uint64_t free)
{
    write_statistic(f, 0, 5, 6 << 20);
    write_statistic(f, 1, 4, free);
    write_statistic(f, 2, 99, 1);
    write_statistic(f, 3, 6, free + 5);
    struct piece piece = {.address = f->statistics, .length = 40};
    f->statistics_id = driver_add(&f->machine, BALLOON_QUEUE_STATISTICS, &piece, 1, false);
    kick(f, BALLOON_QUEUE_STATISTICS);
}

static void start(struct fixture *f)
{
    driver_start(&f->machine, &f->balloon.device, FEATURES, 64);
    f->statistics = machine_allocate(&f->machine, 4096, 4096);
    give_statistics(f, 1 << 20);
}

static bool statistics_are_wanted(struct fixture *f)
{
    uint16_t id;
    uint32_t written;
    return driver_take(&f->machine, BALLOON_QUEUE_STATISTICS, &id, &written) && id == f->statistics_id;
}

static void test_the_guest_is_asked_and_answers(void **state)
{
    struct fixture *f = *state;
    start(f);
    assert_false(statistics_are_wanted(f));
    virtio_balloon_request(&f->balloon, 2 << 20);
    assert_int_equal(answers, 0);
    assert_int_equal(f->machine.config_interrupts, 1);
    uint64_t pages = (MACHINE_RAM_SIZE + MACHINE_HIGH_RAM_SIZE - (2 << 20)) / 4096;
    assert_int_equal(virtio_read_config(&f->balloon.device, 0, 4), pages);
    assert_true(statistics_are_wanted(f));
    give_statistics(f, 3 << 20);
    assert_int_equal(answers, 1);
    assert_int_equal(last_answer, VM_RESULT_DONE);
    assert_int_equal(f->control.status.memory.wanted, 2 << 20);
    assert_int_equal(f->control.status.memory.free, 3 << 20);
    assert_int_equal(f->control.status.memory.available, (3 << 20) + 5);
    assert_int_equal(f->control.status.memory.total, 6 << 20);
    timer_run(&f->machine.vm.vcpus[0].timers, clock_value + 10 * FREQUENCY);
    assert_int_equal(answers, 1);
}

static void test_a_guest_that_does_not_answer_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    virtio_balloon_request(&f->balloon, UINT64_MAX); /* no driver */
    assert_int_equal(answers, 1);
    start(f);
    virtio_balloon_request(&f->balloon, UINT64_MAX);
    assert_int_equal(answers, 1);
    clock_value += 2 * FREQUENCY;
    timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
    assert_int_equal(answers, 2);
    virtio_balloon_request(&f->balloon, UINT64_MAX); /* the buffer is still the guest's */
    assert_int_equal(answers, 3);
    f->machine.vm.state = VM_STATE_PAUSED;
    give_statistics(f, 0);
    virtio_balloon_request(&f->balloon, UINT64_MAX);
    assert_int_equal(answers, 4);
}

static void test_what_is_given_up_is_zeroed(void **state)
{
    struct fixture *f = *state;
    start(f);
    uint64_t page = machine_allocate(&f->machine, 3 * 4096, 4096);
    memset(machine_memory(&f->machine, page), 'x', 3 * 4096);
    uint64_t list = machine_allocate(&f->machine, 16, 4);
    uint32_t numbers[3] = {(uint32_t)(page / 4096), (uint32_t)(page / 4096) + 2, UINT32_MAX};
    memcpy(machine_memory(&f->machine, list), numbers, sizeof(numbers));
    struct piece piece = {.address = list, .length = sizeof(numbers)};
    uint32_t errors = machine_guest_errors();
    driver_add(&f->machine, BALLOON_QUEUE_INFLATE, &piece, 1, false);
    kick(f, BALLOON_QUEUE_INFLATE);
    const uint8_t *bytes = machine_memory(&f->machine, page);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(bytes[4095], 0);
    assert_int_equal(bytes[4096], 'x');
    assert_int_equal(bytes[8191], 'x');
    assert_int_equal(bytes[8192], 0);
    assert_int_equal(machine_guest_errors(), errors + 1); /* the page that is none */
    virtio_write_config(&f->balloon.device, 4, 4, 2);
    assert_int_equal(f->control.status.memory.given_up, 2 * 4096);
}

static void test_more_pages_than_there_are_are_ignored(void **state)
{
    struct fixture *f = *state;
    start(f);
    uint64_t page = machine_allocate(&f->machine, 4096, 4096);
    memset(machine_memory(&f->machine, page), 'x', 4096);
    uint32_t number = (uint32_t)(page / 4096);
    uint32_t length = 4 * (uint32_t)((MACHINE_RAM_SIZE + MACHINE_HIGH_RAM_SIZE) / 4096);
    uint64_t list = machine_allocate(&f->machine, length + 4, 4);
    memcpy(machine_memory(&f->machine, list), &number, sizeof(number));
    uint32_t errors = machine_guest_errors();
    driver_add(&f->machine, BALLOON_QUEUE_INFLATE, &(struct piece){.address = list, .length = length + 4}, 1, false);
    kick(f, BALLOON_QUEUE_INFLATE);
    assert_int_equal(*(const uint8_t *)machine_memory(&f->machine, page), 'x');
    assert_int_equal(machine_guest_errors(), errors + 1);
    driver_add(&f->machine, BALLOON_QUEUE_INFLATE, &(struct piece){.address = list, .length = length}, 1, false);
    kick(f, BALLOON_QUEUE_INFLATE);
    assert_int_equal(*(const uint8_t *)machine_memory(&f->machine, page), 0);
    assert_int_equal(machine_guest_errors(), errors + 1);
}

static void test_no_more_than_a_turn_is_zeroed_at_once(void **state)
{
    struct fixture *f = *state;
    start(f);
    uint32_t pages = (MACHINE_RAM_SIZE + MACHINE_HIGH_RAM_SIZE) / 4096;
    uint32_t chains = 2 * BALLOON_TURN_PAGES / pages + 3, used = 0, turns = 0, written;
    uint16_t id;
    assert_true(chains <= 64); /* the driver's queue */
    uint32_t number = (uint32_t)(machine_allocate(&f->machine, 4096, 4096) / 4096);
    uint64_t list = machine_allocate(&f->machine, 4ull * pages, 4);
    for (uint32_t i = 0; i < pages; i++) {
        memcpy((uint8_t *)machine_memory(&f->machine, list) + 4ull * i, &number, sizeof(number));
    }
    for (uint32_t i = 0; i < chains; i++) {
        driver_add(&f->machine, BALLOON_QUEUE_INFLATE, &(struct piece){.address = list, .length = 4 * pages}, 1, false);
    }
    assert_true(driver_must_notify(&f->machine, BALLOON_QUEUE_INFLATE, (uint16_t)chains));
    virtio_notify(&f->balloon.device, BALLOON_QUEUE_INFLATE);
    for (;; turns++) {
        uint32_t before = used;
        while (driver_take(&f->machine, BALLOON_QUEUE_INFLATE, &id, &written)) {
            used++;
        }
        assert_true((used - before) * pages < BALLOON_TURN_PAGES + pages);
        if (f->balloon.next_turn.deadline == 0) {
            break;
        }
        clock_value++;
        timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
    }
    assert_int_equal(used, chains);
    assert_int_equal(turns, 2);
    driver_add(&f->machine, BALLOON_QUEUE_INFLATE, &(struct piece){.address = list, .length = 4}, 1, false);
    kick(f, BALLOON_QUEUE_INFLATE); /* notifications are wanted again */
    assert_true(driver_take(&f->machine, BALLOON_QUEUE_INFLATE, &id, &written));
}

static void test_reports_are_counted(void **state)
{
    struct fixture *f = *state;
    start(f);
    struct piece pieces[2] = {{.address = 0x200000, .length = 0x10000, .writable = true},
                              {.address = 0x300000, .length = 0x8000, .writable = true}};
    driver_add(&f->machine, BALLOON_QUEUE_REPORTING, pieces, 2, false);
    kick(f, BALLOON_QUEUE_REPORTING);
    assert_int_equal(f->control.status.memory.reported, 0x18000);
}

static void test_without_statistics_reports_have_their_queue(void **state)
{
    struct fixture *f = *state;
    uint16_t id;
    uint32_t written;
    driver_start(&f->machine, &f->balloon.device, FEATURES & ~VIRTIO_BALLOON_F_STATS_VQ, 64);
    driver_add(&f->machine, 2, &(struct piece){.address = 0x200000, .length = 0x10000, .writable = true}, 1, false);
    kick(f, 2);
    assert_int_equal(f->control.status.memory.reported, 0x10000);
    assert_true(driver_take(&f->machine, 2, &id, &written));
}

static void test_configuration_that_is_not_the_guests(void **state)
{
    struct fixture *f = *state;
    start(f);
    virtio_write_config(&f->balloon.device, 0, 4, 77);
    assert_int_equal(virtio_read_config(&f->balloon.device, 0, 4), 0);
    virtio_write_config(&f->balloon.device, 4, 1, 77);
    virtio_write_config(&f->balloon.device, 6, 2, 77);
    assert_int_equal(virtio_read_config(&f->balloon.device, 4, 4), 0);
}

static void test_a_reset_forgets_the_buffer(void **state)
{
    struct fixture *f = *state;
    start(f);
    virtio_balloon_request(&f->balloon, 1 << 20);
    assert_int_equal(f->control.status.memory.free, 1 << 20);
    virtio_write_status(&f->balloon.device, 0);
    assert_int_equal(answers, 1);
    assert_int_equal(f->control.status.memory.free, 0); /* not known */
    assert_int_equal(f->control.status.memory.total, 0);
    virtio_balloon_request(&f->balloon, UINT64_MAX);
    assert_int_equal(answers, 2);
    assert_int_equal(f->control.status.memory.wanted, 1 << 20); /* stays wanted */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_guest_is_asked_and_answers),
        TEST(test_a_guest_that_does_not_answer_is_not_waited_for),
        TEST(test_what_is_given_up_is_zeroed),
        TEST(test_no_more_than_a_turn_is_zeroed_at_once),
        TEST(test_reports_are_counted),
        TEST(test_without_statistics_reports_have_their_queue),
        TEST(test_configuration_that_is_not_the_guests),
        TEST(test_a_reset_forgets_the_buffer),
        TEST(test_more_pages_than_there_are_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
