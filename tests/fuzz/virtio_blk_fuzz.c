/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device between a driver that asks for anything in any shape and a server that is ours, but whose answers
 * are changed now and then. Nothing but the driver's own buffers and the disk is touched, and the device comes to an
 * end of its work.
 */
#include <stdlib.h>
#include <string.h>

#include "blk_machine.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAPACITY 8u

/* At most four bytes. */
static uint32_t take_word(struct input *in, size_t bytes)
{
    return (uint32_t)take(in, bytes);
}

static void start(struct blk_machine *w, uint8_t how)
{
    uint64_t features = w->blk.device.offered;
    features &= ~((how & 1 ? VIRTIO_F_RING_PACKED : 0) | (how & 2 ? VIRTIO_F_INDIRECT_DESC : 0) |
                  (how & 4 ? VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE : 0) | (how & 8 ? VIRTIO_BLK_F_DISCARD : 0));
    w->machine.next_free = 0x10000;
    driver_start(&w->machine, &w->blk.device, features, 16);
}

/* A request with a header that is nearly right and pieces of any size. */
static void add(struct blk_machine *w, struct input *in)
{
    static const uint32_t types[] = {0, 1, 4, 8, 10, 11, 13, 0, 1};
    uint32_t queue = take_word(in, 1) & 1, kind = take_word(in, 1), count = take_word(in, 1) % 6;
    struct driver_queue *q = &w->machine.queues[queue];
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header = {kind < 0xf0 ? types[kind % 9] : kind, 0, kind & 0x80 ? take_word(in, 1) : take_word(in, 4)};
    if (q->free_count < 12 || w->machine.next_free > 0x300000 || w->blk.device.broken) {
        return;
    }
    uint64_t at = machine_allocate(&w->machine, 0x10000, 16);
    memcpy(machine_memory(&w->machine, at), &header, sizeof(header));
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t range[4] = {take_word(in, 1), 0, take_word(in, 1) * 2u, take_word(in, 1) % 4};
        memcpy(machine_memory(&w->machine, at + 0x1000 + 16 * i), range, 16);
    }
    struct piece pieces[8] = {{at, 16, false}};
    uint32_t used = kind & 0x40 ? 0 : 1;
    uint64_t place = at + 0x1000;
    bool writable = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t how = take_word(in, 1),
                 length = (how & 0x0f) * (how & 0x10 ? 512 : 16) + (how & 0x20 ? take_word(in, 1) : 0);
        writable = writable || (how & 0x40) != 0;
        if (length != 0) {
            pieces[used++] = (struct piece){place, length, writable};
            place += length;
        }
    }
    pieces[used++] = (struct piece){place, 1, (kind & 0x20) == 0 || writable};
    driver_add(&w->machine, queue, pieces, used, false);
}

static void step(struct blk_machine *w, struct input *in)
{
    uint8_t what = (uint8_t)take_word(in, 1);
    switch (what % 12) {
    case 0:
    case 1:
    case 2:
        add(w, in);
        break;
    case 3:
    case 4:
        virtio_notify(&w->blk.device, what >> 4 & 1);
        break;
    case 5:
        blk_machine_serve(w);
        break;
    case 6:
        w->server_runs = !w->server_runs;
        break;
    case 7: /* what the server answers is changed */
        if (what & 0x80) {
            uint32_t index = take_word(in, 1) % CAPACITY;
            struct block_response_queue *responses = (struct block_response_queue *)(void *)w->responses;
            responses->entries[index].status = take_word(in, 1) % 5;
            responses->entries[index].success_count = (uint16_t)take_word(in, 1);
            responses->entries[index].id ^= take_word(in, 2);
            responses->tail += what >> 5 & 1;
        }
        break;
    case 8:
        virtio_write_config(&w->blk.device, what & 0x80 ? 32 : take_word(in, 1), 1, take_word(in, 1) & 1);
        break;
    case 9:
        if (what & 0x40) {
            virtio_write_status(&w->blk.device, 0);
            start(w, what >> 4);
        }
        break;
    case 10:
        if (virtio_has(&w->blk.device, VIRTIO_F_RING_RESET) && !w->blk.device.broken) {
            virtio_reset_queue(&w->blk.device, what >> 4 & 1);
            driver_start_queue(&w->machine, &w->blk.device, what >> 4 & 1, 16);
        }
        break;
    default: {
        uint16_t id;
        uint32_t written;
        (void)driver_take(&w->machine, what >> 4 & 1, &id, &written);
    }
    }
}

/* Counts fit together; every cell that is in use belongs to a piece. */
static void check(const struct blk_machine *w)
{
    uint32_t pieces = 0, cells = 0, used = 0;
    for (uint32_t i = 0; i < BLK_MAX_PIECES; i++) {
        pieces += w->blk.pieces[i].used;
        cells += w->blk.pieces[i].used ? w->blk.pieces[i].cells : 0;
    }
    for (uint32_t i = 0; i < BLK_MAX_CELLS; i++) {
        used += w->blk.cells[i];
    }
    uint32_t requests = 0;
    for (uint32_t i = 0; i < BLK_MAX_REQUESTS; i++) {
        requests += w->blk.requests[i].used;
    }
    if (pieces != w->blk.piece_count || cells != used || requests != w->blk.request_count) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t kinds[] = {STORAGE_MEMORY, STORAGE_IMAGE};
    if (size < 4) {
        return 0;
    }
    struct input in = {data, size};
    uint32_t how = take_word(&in, 2);
    const struct blk_machine_shape shape = {
        .transfer_size = how & 1 ? 4096 : 512, .capacity = CAPACITY, .data_size = 0x8000, .disk_size = 0x20000};
    struct blk_machine *w = blk_machine_prepare(&shape);
    w->storage_config.disks[0].kind = kinds[how >> 1 & 1];
    w->config.queues = 2;
    blk_machine_start_server(w);
    blk_machine_create_device(w);
    start(w, (uint8_t)(how >> 8));
    while (in.size > 0) {
        w->clock++;
        step(w, &in);
        check(w);
    }
    blk_machine_destroy(w);
    return 0;
}
