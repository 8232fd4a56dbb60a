/* SPDX-License-Identifier: BSD-2-Clause */
/* What the block device does for its driver: each kind of request, answered by the real storage service. */
#include <stdlib.h>
#include <string.h>

#include "blk_driver.h"

static void configuration_says_what_the_disk_is(void **state)
{
    struct blk_machine *f = *state;
    f->config.queues = 4;
    blk_driver_create(f);
    const struct virtio_device *device = &f->blk.device;
    assert_int_equal(virtio_read_config(device, 0, 8), SECTORS);
    assert_int_equal(virtio_read_config(device, 12, 4), 126);
    assert_int_equal(virtio_read_config(device, 20, 4), 512);
    assert_int_equal(virtio_read_config(device, 24, 1), 3);
    assert_int_equal(virtio_read_config(device, 26, 2), 8);
    assert_int_equal(virtio_read_config(device, 32, 1), 1);
    assert_int_equal(virtio_read_config(device, 34, 2), 4);
    assert_int_equal(virtio_read_config(device, 40, 4), 16);
    assert_int_equal(virtio_read_config(device, 56, 1), 1);
    assert_int_equal(device->queue_count, 4);
    uint64_t features = device->offered;
    assert_true(features & VIRTIO_BLK_F_MQ && features & VIRTIO_BLK_F_DISCARD && features & VIRTIO_BLK_F_WRITE_ZEROES);
    assert_true(features & VIRTIO_BLK_F_FLUSH && features & VIRTIO_BLK_F_CONFIG_WCE &&
                features & VIRTIO_BLK_F_LIFETIME);
    assert_false(features & VIRTIO_BLK_F_RO);
    assert_false(features & 1ull << 16); /* secure erase */
}

static void reads_and_writes(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    struct blk_driver_request r = blk_driver_ask(f, VIRTIO_BLK_T_IN, 3, 512, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), f->disk + 3 * 512, 512);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 8, 8192, 0x5a, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        assert_int_equal(f->disk[i], i / 512 >= 8 && i / 512 < 24 ? 0x5a : disk_content(i));
    }
    blk_driver_ask(f, VIRTIO_BLK_T_FLUSH, 0, 0, 0, VIRTIO_BLK_S_OK);
    assert_int_equal(f->storage.counters->disks[0].flushes, 1);
}

/* More than the data region holds, in pieces that are no multiple of anything. */
static void large_requests_are_cut(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, 0); /* packed */
    f->machine.next_free = 0x100000;
    struct blk_driver_request r = blk_driver_add(f, 0, VIRTIO_BLK_T_IN, 5, DISK_SIZE - 10 * 512, 5001, 0);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(blk_driver_status(f, &r), VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), f->disk + 5 * 512, DISK_SIZE - 10 * 512);
    r = blk_driver_add(f, 0, VIRTIO_BLK_T_OUT, 7, DISK_SIZE - 20 * 512, 7777, 0);
    for (uint32_t i = 0; i < r.length; i++) {
        blk_driver_data(f, &r)[i] = (uint8_t)(i * 11 + i / 1000);
    }
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(blk_driver_status(f, &r), VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), f->disk + 7 * 512, r.length);
    assert_int_equal(f->disk[6 * 512], disk_content(6 * 512));
    assert_int_equal(f->disk[DISK_SIZE - 1], disk_content(DISK_SIZE - 1));
    assert_int_equal(f->blk.piece_count + f->blk.request_count, 0);
}

static void requests_out_of_bounds_are_errors(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, SECTORS, 512, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, SECTORS - 1, 1024, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, ~0ull, 512, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, ~0ull / 512 + 1, 512, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 511, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 513, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, SECTORS - 1, 512, 0, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        assert_int_equal(f->disk[i], disk_content(i));
    }
    assert_int_equal(f->storage.counters->disks[0].refused, 0); /* none reached the server */
}

static void other_requests(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    struct blk_driver_request r = blk_driver_ask(f, VIRTIO_BLK_T_GET_ID, 0, 20, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), "0123456789abcdefghij", 20);
    r = blk_driver_ask(f, VIRTIO_BLK_T_GET_ID, 0, 5, 0, VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), "01234", 5);
    r = blk_driver_ask(f, VIRTIO_BLK_T_GET_LIFETIME, 0, 6, 0xff, VIRTIO_BLK_S_OK);
    assert_memory_equal(blk_driver_data(f, &r), "\1\0\0\0\0\0", 6);
    blk_driver_ask(f, 14, 0, 16, 0, VIRTIO_BLK_S_UNSUPP); /* secure erase */
    blk_driver_ask(f, 2, 0, 512, 0, VIRTIO_BLK_S_UNSUPP); /* SCSI */
    blk_driver_ask(f, 0xffffffff, 0, 0, 0, VIRTIO_BLK_S_UNSUPP);
}

static void discards_and_zeroes(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    const uint32_t two[][3] = {{8, 16, 0}, {100, 1, 1}};
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, two, 2, VIRTIO_BLK_S_OK);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        uint32_t sector = i / 512;
        assert_int_equal(f->disk[i], (sector >= 8 && sector < 24) || sector == 100 ? 0 : disk_content(i));
    }
    const uint32_t all[][3] = {{0, SECTORS, 0}};
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, all, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->disk[DISK_SIZE - 1], 0);
    const uint32_t beyond[][3] = {{0, 1, 0}, {SECTORS - 1, 2, 0}}, flags[][3] = {{0, 1, 2}}, unmap[][3] = {{0, 1, 1}},
                   nothing[][3] = {{0, 0, 0}};
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, beyond, 2, VIRTIO_BLK_S_IOERR);
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, flags, 1, VIRTIO_BLK_S_UNSUPP);
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, unmap, 1, VIRTIO_BLK_S_UNSUPP);
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, nothing, 1, VIRTIO_BLK_S_OK);
    uint32_t many[17][3] = {{0}};
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, (const uint32_t(*)[3])many, 17, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_DISCARD, 0, 15, 0, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_DISCARD, 0, 0, 0, VIRTIO_BLK_S_IOERR);
}

static void what_was_not_negotiated_is_unsupported(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f,
                     VIRTIO_F_RING_PACKED | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_BLK_F_LIFETIME);
    const uint32_t one[][3] = {{0, 1, 0}};
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, one, 1, VIRTIO_BLK_S_UNSUPP);
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, one, 1, VIRTIO_BLK_S_UNSUPP);
    blk_driver_ask(f, VIRTIO_BLK_T_GET_LIFETIME, 0, 6, 0, VIRTIO_BLK_S_UNSUPP);
}

static void read_only_disks_are_not_written(void **state)
{
    struct blk_machine *f = *state;
    f->storage_config.disks[0].kind = STORAGE_IMAGE;
    f->config.flags = VM_BLOCK_READ_ONLY;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    assert_true(f->blk.device.offered & VIRTIO_BLK_F_RO);
    assert_false(f->blk.device.offered & (VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES));
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 512, 1, VIRTIO_BLK_S_IOERR);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 512, 1, VIRTIO_BLK_S_OK);
    blk_driver_ask(f, VIRTIO_BLK_T_FLUSH, 0, 0, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->disk[0], disk_content(0));
}

static void write_cache_can_be_switched(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    const struct storage_disk_counters *counters = &f->storage.counters->disks[0];
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 0);
    virtio_write_config(&f->blk.device, 32, 1, 0);
    assert_int_equal(virtio_read_config(&f->blk.device, 32, 1), 0);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
    blk_driver_ask(f, VIRTIO_BLK_T_IN, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
    virtio_write_config(&f->blk.device, 32, 1, 2); /* ignored, as all others */
    virtio_write_config(&f->blk.device, 0, 8, 0);
    virtio_write_config(&f->blk.device, 32, 4, 1);
    assert_int_equal(virtio_read_config(&f->blk.device, 32, 1), 0);
    assert_int_equal(virtio_read_config(&f->blk.device, 0, 8), SECTORS);
    virtio_write_config(&f->blk.device, 32, 1, 1);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(counters->flushes, 1);
}

/* §5.2.6.2: a driver that knows nothing of a cache has none. */
static void drivers_without_flush_write_through(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE);
    blk_driver_ask(f, VIRTIO_BLK_T_OUT, 0, 4096, 1, VIRTIO_BLK_S_OK);
    assert_int_equal(f->storage.counters->disks[0].flushes, 1);
}

/* The header and the status may be anywhere in the pieces, §5.2.6 and §2.6.4. */
static void any_layout(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    uint64_t memory = machine_allocate(&f->machine, 4096, 4096);
    memcpy(machine_memory(&f->machine, memory), "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    memset(machine_memory(&f->machine, memory + 16), 0x77, 1024);
    const struct piece write[] = {
        {memory, 5, false}, {memory + 5, 100, false}, {memory + 105, 16 + 1024 - 105, false}, {memory + 2000, 1, true}};
    driver_add(&f->machine, 0, write, 4, false);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(*(uint8_t *)machine_memory(&f->machine, memory + 2000), 0);
    assert_int_equal(f->disk[1024], 0x77);
    assert_int_equal(f->disk[2047], 0x77);
    *(uint8_t *)machine_memory(&f->machine, memory) = 0;
    const struct piece read[] = {{memory, 16, false}, {memory + 1100, 1025, true}};
    driver_add(&f->machine, 0, read, 2, false);
    virtio_notify(&f->blk.device, 0);
    assert_int_equal(*(uint8_t *)machine_memory(&f->machine, memory + 1100 + 1024), 0);
    assert_memory_equal(machine_memory(&f->machine, memory + 1100), f->disk + 1024, 1024);
}

/* Blocks of 4096 bytes at the server, requests of any number of sectors: against a copy. */
static void parts_of_blocks_are_read_and_written_again(void **state)
{
    struct blk_machine *f = *state;
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    uint8_t *model = malloc(DISK_SIZE);
    memcpy(model, f->disk, DISK_SIZE);
    uint32_t random = 99;
    for (uint32_t i = 0; i < 3000; i++) {
        random = random * 1103515245u + 12345u;
        uint32_t sector = random >> 8 & 255, count = 1 + (random >> 20 & 31), kind = random >> 28 & 3;
        if (kind == 3) {
            const uint32_t range[][3] = {{sector, count, 0}};
            blk_driver_ask_ranges(f, VIRTIO_BLK_T_WRITE_ZEROES, range, 1, VIRTIO_BLK_S_OK);
            memset(model + sector * 512, 0, count * 512);
        } else if (kind == 2) {
            struct blk_driver_request r = blk_driver_ask(f, VIRTIO_BLK_T_IN, sector, count * 512, 0, VIRTIO_BLK_S_OK);
            assert_memory_equal(blk_driver_data(f, &r), model + sector * 512, count * 512);
        } else {
            blk_driver_ask(f, VIRTIO_BLK_T_OUT, sector, count * 512, (uint8_t)i, VIRTIO_BLK_S_OK);
            memset(model + sector * 512, (uint8_t)i, count * 512);
        }
        assert_memory_equal(f->disk, model, DISK_SIZE);
    }
    const uint32_t range[][3] = {{3, 14, 0}}; /* of which one block is whole */
    blk_driver_ask_ranges(f, VIRTIO_BLK_T_DISCARD, range, 1, VIRTIO_BLK_S_OK);
    memset(model + 8 * 512, 0, 4096);
    assert_memory_equal(f->disk, model, DISK_SIZE);
    free(model);
}

/* All at once: writes of parts of the same block do not undo each other. */
static void parts_of_one_block_at_the_same_time(void **state)
{
    struct blk_machine *f = *state;
    struct blk_driver_request requests[24];
    blk_driver_start(f, VIRTIO_F_RING_PACKED);
    f->server_runs = false;
    f->machine.next_free = 0x100000;
    for (uint32_t i = 0; i < 24; i++) {
        requests[i] = blk_driver_add(f, 0, VIRTIO_BLK_T_OUT, i % 12, 512, 512, (uint8_t)(i + 1));
    }
    virtio_notify(&f->blk.device, 0);
    for (uint32_t i = 0; i < 100; i++) {
        blk_machine_serve(f);
    }
    for (uint32_t i = 0; i < 24; i++) {
        assert_int_equal(blk_driver_status(f, &requests[i]), VIRTIO_BLK_S_OK);
        assert_int_equal(f->disk[i % 12 * 512], i % 12 + 13);
    }
    assert_int_equal(f->disk[12 * 512], disk_content(12 * 512));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configuration_says_what_the_disk_is),
        TEST(reads_and_writes),
        TEST(large_requests_are_cut),
        TEST(requests_out_of_bounds_are_errors),
        TEST(other_requests),
        TEST(discards_and_zeroes),
        TEST(what_was_not_negotiated_is_unsupported),
        TEST(read_only_disks_are_not_written),
        TEST(write_cache_can_be_switched),
        TEST(drivers_without_flush_write_through),
        TEST(any_layout),
        TEST_LARGE(parts_of_blocks_are_read_and_written_again),
        TEST_LARGE(parts_of_one_block_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
