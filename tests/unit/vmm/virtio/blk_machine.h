/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the block device: a VM with it, the real storage service behind it, and what is around both. */
#pragma once

#include <storage.h>
#include <vmm/virtio/virtio_blk.h>

#include "virtio_machine.h"

#define BLK_MACHINE_CAPACITY  16u /* of the queues; or less */
#define BLK_MACHINE_DATA_SIZE 0x10000u
#define BLK_MACHINE_CHANNEL   5u
#define BLK_MACHINE_FREQUENCY 1000000u

struct blk_machine {
    struct virtio_machine machine;
    struct virtio_blk blk;
    struct vm_device_config config;
    struct storage storage;
    struct storage_config storage_config;
    _Alignas(
        8) uint8_t requests[sizeof(struct block_request_queue) + BLK_MACHINE_CAPACITY * sizeof(struct block_request)];
    _Alignas(8)
        uint8_t responses[sizeof(struct block_response_queue) + BLK_MACHINE_CAPACITY * sizeof(struct block_response)];
    struct block_storage_info info;
    _Alignas(4096) uint8_t data[BLK_MACHINE_DATA_SIZE];
    uint8_t *disk;
    uint64_t clock;
    bool server_runs; /* at once when it is notified, as one of higher priority on the same CPU does */
    uint32_t server_notified, client_notified, kicks;
    void (*listener)(void *context); /* the device's, for the server's notifications */
};

/* What a test chooses; the rest can be changed in both configurations before the device is created. */
struct blk_machine_shape {
    uint32_t transfer_size; /* of the server, in bytes */
    uint32_t capacity, data_size, disk_size;
};

/* An empty VM and the two configurations. The disk is all zeros. To be freed by blk_machine_destroy(). */
struct blk_machine *blk_machine_prepare(const struct blk_machine_shape *shape);
void blk_machine_start_server(struct blk_machine *m);
/* Before or after that. */
void blk_machine_create_device(struct blk_machine *m);
void blk_machine_destroy(struct blk_machine *m);
/* The server works, and the VMM hears of it. */
void blk_machine_serve(struct blk_machine *m);
