/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "blk_machine.h"

#include <vmm/hv.h>

static struct blk_machine *current;

/* --- What is around the device --- */

uint64_t hv_now(void)
{
    return current->clock;
}

void hv_notify(unsigned int channel)
{
    assert_int_equal(channel, BLK_MACHINE_CHANNEL);
    current->server_notified++;
    if (current->server_runs) {
        storage_serve(&current->storage);
    }
}

void vcpu_kick(struct vcpu_context *vcpu)
{
    (void)vcpu;
    current->kicks++;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    return size <= sizeof(current->blk) ? &current->blk : NULL;
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    (void)vm;
    assert_int_equal(channel, BLK_MACHINE_CHANNEL);
    assert_ptr_equal(context, &current->blk);
    current->listener = notified;
    return 0;
}

/* --- And around the server --- */

static void notify_client(unsigned int channel)
{
    assert_int_equal(channel, BLK_MACHINE_CHANNEL);
    current->client_notified++;
}

static void wake_at(uint64_t deadline)
{
    (void)deadline;
}

static void report(const char *disk, const char *problem)
{
    fail_msg("%s: %s", disk, problem);
}

static const struct storage_operations operations = {
    .now = hv_now, .notify = notify_client, .wake_at = wake_at, .report = report};

/* --- Both --- */

struct blk_machine *blk_machine_prepare(const struct blk_machine_shape *shape)
{
    /* One at a time. A fuzzer that allocated it for each input would do little else. */
    static struct blk_machine machine;
    struct blk_machine *m = &machine;
    memset(m, 0, sizeof(*m));
    current = m;
    m->clock = 1000;
    m->server_runs = true;
    machine_create(&m->machine);
    m->disk = calloc(1, shape->disk_size);
    assert_non_null(m->disk);
    const struct block_client_config client = {
        .request_queue = (uintptr_t)m->requests,
        .response_queue = (uintptr_t)m->responses,
        .data = (uintptr_t)m->data,
        .storage_info = (uintptr_t)&m->info,
        .data_size = shape->data_size,
        .capacity = shape->capacity,
        .channel = BLK_MACHINE_CHANNEL,
        .transfer_size = shape->transfer_size,
    };
    m->storage_config = (struct storage_config){.magic = STORAGE_CONFIG_MAGIC,
                                                .version = STORAGE_CONFIG_VERSION,
                                                .size = sizeof(m->storage_config),
                                                .disk_count = 1};
    m->storage_config.disks[0] = (struct storage_disk_config){
        .name = "vm/disk",
        .serial = "serial",
        .kind = STORAGE_MEMORY,
        .base = (uintptr_t)m->disk,
        .base_size = shape->disk_size,
        .request_queue = client.request_queue,
        .response_queue = client.response_queue,
        .data = client.data,
        .storage_info = client.storage_info,
        .data_size = client.data_size,
        .capacity = client.capacity,
        .channel = client.channel,
        .transfer_size = client.transfer_size,
    };
    m->config = (struct vm_device_config){.kind = VM_DEVICE_BLOCK, .queues = 1, .name = "disk0"};
    m->config.block.client = client;
    memcpy(m->config.block.serial, "0123456789abcdefghij", 20);
    m->config.block.logical_block_size = 512;
    return m;
}

void blk_machine_start_server(struct blk_machine *m)
{
    assert_true(storage_initialise(&m->storage, &operations, &m->storage_config, BLK_MACHINE_FREQUENCY));
}

void blk_machine_create_device(struct blk_machine *m)
{
    struct virtio_device *device = NULL;
    assert_null(virtio_blk_kind.create(&m->machine.vm, &m->config, &device));
    assert_ptr_equal(device, &m->blk.device);
    machine_attach(&m->machine, device);
}

void blk_machine_destroy(struct blk_machine *m)
{
    free(m->disk);
}

void blk_machine_serve(struct blk_machine *m)
{
    storage_serve(&m->storage);
    m->listener(&m->blk);
}
