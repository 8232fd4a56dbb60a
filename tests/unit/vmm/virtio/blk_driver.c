/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "blk_driver.h"

uint8_t disk_content(uint64_t at)
{
    return (uint8_t)(at * 3 + (at >> 9) * 5 + 7);
}

static int set_up(void **state, uint32_t transfer_size)
{
    const struct blk_machine_shape shape = {.transfer_size = transfer_size,
                                            .capacity = BLK_MACHINE_CAPACITY,
                                            .data_size = BLK_MACHINE_DATA_SIZE,
                                            .disk_size = DISK_SIZE};
    struct blk_machine *f = blk_machine_prepare(&shape);
    for (uint32_t i = 0; i < DISK_SIZE; i++) {
        f->disk[i] = disk_content(i);
    }
    *state = f;
    return 0;
}

int blk_driver_set_up(void **state)
{
    return set_up(state, 512);
}

int blk_driver_set_up_large(void **state)
{
    return set_up(state, 4096);
}

int blk_driver_tear_down(void **state)
{
    blk_machine_destroy(*state);
    return 0;
}

void blk_driver_create(struct blk_machine *f)
{
    blk_machine_start_server(f);
    blk_machine_create_device(f);
}

void blk_driver_start(struct blk_machine *f, uint64_t without)
{
    blk_driver_create(f);
    driver_start(&f->machine, &f->blk.device, f->blk.device.offered & ~without, 64);
}

struct blk_driver_request blk_driver_add(struct blk_machine *f, uint32_t queue, uint32_t type, uint64_t sector,
                                         uint32_t length, uint32_t piece_size, uint8_t fill)
{
    struct virtio_machine *m = &f->machine;
    bool writable = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID || type == VIRTIO_BLK_T_GET_LIFETIME;
    struct blk_driver_request r = {.header = machine_allocate(m, 16, 16),
                                   .data = machine_allocate(m, length + 1, 16),
                                   .status = machine_allocate(m, 1, 1),
                                   .length = length,
                                   .queue = (uint16_t)queue};
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header = {type, 0, sector};
    memcpy(machine_memory(m, r.header), &header, sizeof(header));
    memset(machine_memory(m, r.data), fill, length);
    *(uint8_t *)machine_memory(m, r.status) = 0xee;
    struct piece pieces[BLK_SEGMENTS] = {{r.header, 16, false}};
    uint32_t count = 1;
    for (uint32_t at = 0; at < length; at += piece_size) {
        pieces[count++] = (struct piece){r.data + at, length - at < piece_size ? length - at : piece_size, writable};
    }
    pieces[count++] = (struct piece){r.status, 1, true};
    r.id = driver_add(m, queue, pieces, count, (f->blk.device.features & VIRTIO_F_INDIRECT_DESC) != 0);
    return r;
}

uint8_t blk_driver_status(struct blk_machine *f, const struct blk_driver_request *r)
{
    return *(uint8_t *)machine_memory(&f->machine, r->status);
}

uint8_t *blk_driver_data(struct blk_machine *f, const struct blk_driver_request *r)
{
    return machine_memory(&f->machine, r->data);
}

/* From the request's notification to its status. */
static void finish(struct blk_machine *f, const struct blk_driver_request *r, uint8_t expected, uint32_t *written)
{
    uint16_t id;
    virtio_notify(&f->blk.device, r->queue);
    for (uint32_t i = 0; i < 100 && blk_driver_status(f, r) == 0xee; i++) {
        blk_machine_serve(f);
    }
    assert_int_equal(blk_driver_status(f, r), expected);
    assert_true(driver_take(&f->machine, r->queue, &id, written));
    assert_int_equal(id, r->id);
}

struct blk_driver_request blk_driver_ask(struct blk_machine *f, uint32_t type, uint64_t sector, uint32_t length,
                                         uint8_t fill, uint8_t expected)
{
    uint32_t written;
    f->machine.next_free = 0x100000;
    struct blk_driver_request r = blk_driver_add(f, 0, type, sector, length, 4096, fill);
    finish(f, &r, expected, &written);
    if (expected == VIRTIO_BLK_S_OK && (type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_OUT)) {
        assert_int_equal(written, type == VIRTIO_BLK_T_IN ? length + 1 : 1);
    }
    return r;
}

struct blk_driver_request blk_driver_ask_ranges(struct blk_machine *f, uint32_t type, const uint32_t ranges[][3],
                                                uint32_t count, uint8_t expected)
{
    uint32_t written;
    f->machine.next_free = 0x100000;
    struct blk_driver_request r = blk_driver_add(f, 0, type, 0, count * 16, 4096, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t sector = ranges[i][0];
        memcpy(blk_driver_data(f, &r) + i * 16, &sector, 8);
        memcpy(blk_driver_data(f, &r) + i * 16 + 8, &ranges[i][1], 8);
    }
    finish(f, &r, expected, &written);
    return r;
}
