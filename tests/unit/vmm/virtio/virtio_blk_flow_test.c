/* SPDX-License-Identifier: BSD-2-Clause */
/* Many requests at a time; and drivers, servers and configurations that the block device must get over. */
#include <string.h>

#include "blk_driver.h"

static void batches_cost_one_notification_and_one_interrupt(void **state)
{
    struct blk_machine *f = *state;
    struct blk_driver_request requests[12];
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->machine.next_free = 0x100000;
    f->server_notified = f->client_notified = f->machine.interrupts[0] = 0;
    for (uint32_t i = 0; i < 12; i++) {
        requests[i] = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, i * 8, 4096, 4096, 0);
    }
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(f->server_notified, 1);
    assert_int_equal(f->client_notified, 0); /* the device looked by itself */
    assert_int_equal(f->machine.interrupts[0], 1);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(blk_driver_status(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_memory_equal(blk_driver_data(f, &requests[i]), f->disk + i * 4096, 4096);
    }
}

static void an_answer_that_comes_later_is_told(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->server_runs = false;
    f->client_notified = 0;
    struct blk_driver_request request = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 512, 512, 0);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(f->client_notified, 0);
    blk_machine_serve(f);
    assert_int_equal(f->client_notified, 1);
    assert_int_equal(blk_driver_status(f, &request), VIRTIO_BLK_S_OK);
}

static void more_requests_than_places_wait_in_the_ring(void **state)
{
    struct blk_machine *f = *state;
    struct blk_driver_request requests[100];
    f->config.queues = 2;
    blk_driver_create(f);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~(VIRTIO_F_RING_PACKED), 256);
    f->server_runs = false;
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 100; i++) {
        requests[i] = blk_driver_add(f, i % 2, VIRTIO_BLK_T_OUT, i, 512, 512, (uint8_t)(i + 1));
    }
    virtio_notify(&f->blk.device, 0);
    virtio_notify(&f->blk.device, 1);
    assert_int_equal(f->blk.request_count, BLK_MAX_REQUESTS);
    assert_int_equal(f->blk.piece_count, BLK_MACHINE_CAPACITY);
    for (uint32_t i = 0; i < 20; i++) {
        blk_machine_serve(f);
    }
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(blk_driver_status(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_int_equal(f->disk[i * 512 + 511], i + 1);
    }
    assert_int_equal(f->blk.request_count + f->blk.piece_count, 0);
}

static void broken_chains_break_the_device(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    uint64_t memory = machine_allocate(&f->machine, 4096, 4096);
    const struct piece no_status[] = {{memory, 16, false}};
    driver_add(&f->machine, 0, no_status, 1, false);
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.device.status & VIRTIO_STATUS_NEEDS_RESET);
    virtio_write_status(&f->blk.device, 0);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    const struct piece short_header[] = {{memory, 15, false}, {memory + 100, 1, true}};
    driver_add(&f->machine, 0, short_header, 2, false);
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.device.status & VIRTIO_STATUS_NEEDS_RESET);
    virtio_write_status(&f->blk.device, 0);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

static void reset_forgets_requests_but_not_cells(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->server_runs = false;
    f->machine.next_free = 0x100000;
    struct blk_driver_request read = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 0x8000, 4096, 0);
    struct blk_driver_request write = blk_driver_add(f, 0, VIRTIO_BLK_T_OUT, 200, 0x4000, 4096, 0x31);
    virtio_notify(&f->blk.device, 0);
    uint32_t pieces = f->blk.piece_count;
    assert_true(pieces >= 2);
    virtio_write_status(&f->blk.device, 0);
    assert_int_equal(f->blk.request_count, 0);
    assert_int_equal(f->blk.piece_count, pieces);
    /* A new driver, before the server has answered: its data goes elsewhere. */
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    f->machine.next_free = 0x200000;
    struct blk_driver_request again = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 300, 0x1000, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    blk_machine_serve(f);
    assert_int_equal(blk_driver_status(f, &again), VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &again), f->disk + 300 * 512, 0x1000);
    assert_int_equal(f->blk.late_answers, pieces);
    assert_int_equal(f->blk.piece_count, 0);
    /* What was sent to the server was done, but the guest's memory was not touched. */
    assert_int_equal(f->disk[200 * 512], 0x31);
    assert_int_equal(blk_driver_status(f, &read), 0xee);
    assert_int_equal(blk_driver_status(f, &write), 0xee);
    for (uint32_t i = 0; i < 0x8000; i++) {
        assert_int_equal(blk_driver_data(f, &read)[i], 0);
    }
    for (uint32_t i = 0; i < BLK_MAX_CELLS; i++) {
        assert_int_equal(f->blk.cells[i], 0);
    }
}

static void a_restarted_monitor_waits_for_what_the_last_one_asked(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
    f->server_runs = false;
    blk_driver_add(f, 0, VIRTIO_BLK_T_OUT, 200, 0x4000, 4096, 0x31);
    blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 0x4000, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    uint32_t pieces = f->blk.piece_count;
    assert_true(pieces >= 2);
    /* The same queues, and otherwise nothing of before. */
    memset(&f->blk, 0, sizeof(f->blk));
    machine_create(&f->machine);
    f->server_notified = 0;
    blk_machine_create_device(f);
    assert_int_equal(f->server_notified, 1);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~VIRTIO_F_RING_PACKED, 64);
    struct blk_driver_request r = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 300, 0x1000, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(f->server_notified, 1); /* nothing is asked yet: the server may still write to the data region */
    blk_machine_serve(f);
    assert_int_equal(f->blk.late_answers, pieces);
    assert_int_equal(f->server_notified, 2);
    blk_machine_serve(f);
    assert_int_equal(blk_driver_status(f, &r), VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), f->disk + 300 * 512, 0x1000);
    assert_int_equal(f->disk[200 * 512], 0x31);
    assert_int_equal(f->blk.bad_answers, 0);
}

static void reset_of_one_queue_leaves_the_others(void **state)
{
    struct blk_machine *f = *state;
    f->config.queues = 2;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->server_runs = false;
    f->machine.next_free = 0x100000;
    struct blk_driver_request first = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 4096, 4096, 0);
    struct blk_driver_request second = blk_driver_add(f, 1, VIRTIO_BLK_T_IN, 8, 4096, 4096, 0);
    virtio_notify(&f->blk.device, 0);
    virtio_notify(&f->blk.device, 1);
    virtio_reset_queue(&f->blk.device, 0);
    blk_machine_serve(f);
    assert_int_equal(blk_driver_status(f, &first), 0xee);
    assert_int_equal(blk_driver_status(f, &second), VIRTIO_BLK_S_OK);
    driver_start_queue(&f->machine, &f->blk.device, 0, 64);
    f->server_runs = true;
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

/* The server is not believed more than it must be. */
static void senseless_answers_are_ignored(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->server_runs = false;
    f->machine.next_free = 0x100000;
    struct blk_driver_request r = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 512, 512, 0);
    virtio_notify(&f->blk.device, 0);
    struct block_response_queue *responses = (struct block_response_queue *)(void *)f->responses;
    const uint32_t ids[] = {0xffffffff, 0, 1, 255, 0x100 + 1};
    for (uint32_t i = 0; i < 5; i++) {
        responses->entries[i] = (struct block_response){.id = ids[i], .success_count = 1};
    }
    responses->tail = 5;
    f->listener(&f->blk);
    assert_int_equal(f->blk.bad_answers, 5);
    assert_int_equal(blk_driver_status(f, &r), 0xee);
    responses->tail = 0x80000000; /* an index that jumps: nothing is there */
    f->listener(&f->blk);
    assert_int_equal(f->blk.bad_answers, 5);
    struct block_request_queue *requests = (struct block_request_queue *)(void *)f->requests;
    responses->entries[5] = (struct block_response){.id = requests->entries[0].id, .success_count = 0};
    responses->tail = 6; /* done, it says, but nothing transferred */
    f->listener(&f->blk);
    assert_int_equal(blk_driver_status(f, &r), VIRTIO_BLK_S_IOERR);
}

static void server_that_starts_late_is_waited_for(void **state)
{
    struct blk_machine *f = *state;
    struct virtio_device *device = &f->blk.device;
    blk_machine_create_device(f);
    assert_int_equal(virtio_read_config(device, 0, 8), 0);
    driver_start(&f->machine, device, VIRTIO_F_VERSION_1, 64);
    blk_machine_start_server(f);
    uint32_t generation = device->config_generation;
    f->listener(&f->blk);
    assert_int_equal(virtio_read_config(device, 0, 8), SECTORS);
    assert_true(device->config_generation != generation);
    assert_int_equal(f->machine.config_interrupts, 1);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 512, 0, VIRTIO_BLK_S_OK);
}

static void configurations_without_sense_are_refused(void **state)
{
    struct blk_machine *f = *state;
    struct vm_device_config good = f->config;
    struct virtio_device *device;
    f->config.queues = 0;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.queues = 9;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.capacity = 5;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.transfer_size = 1024;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.logical_block_size = 768;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
    f->config = good;
    f->config.block.client.data_size = 4095;
    assert_non_null(virtio_blk_kind.create(&f->machine.vm, &f->config, &device));
}

/* A guest whose other vCPU always has something more. */
static void work_is_bounded(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 64; i++) {
        blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 0, 0x7000, 0x7000, 0); /* two pieces under way at a time */
    }
    virtio_notify(&f->blk.device, 0);
    assert_true(f->blk.requests_done < 64);
    assert_true(f->blk.timer.deadline != 0 && f->kicks == 1);
    for (uint32_t i = 0; i < 10; i++) {
        timer_run(&f->machine.vm.vcpus[0].timers, ++f->clock);
    }
    assert_int_equal(f->blk.requests_done, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_cost_one_notification_and_one_interrupt),
        TEST(an_answer_that_comes_later_is_told),
        TEST(more_requests_than_places_wait_in_the_ring),
        TEST(broken_chains_break_the_device),
        TEST(reset_forgets_requests_but_not_cells),
        TEST(a_restarted_monitor_waits_for_what_the_last_one_asked),
        TEST(reset_of_one_queue_leaves_the_others),
        TEST(senseless_answers_are_ignored),
        TEST(server_that_starts_late_is_waited_for),
        TEST(configurations_without_sense_are_refused),
        TEST(work_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
