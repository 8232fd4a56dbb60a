/* SPDX-License-Identifier: BSD-2-Clause */
/* Block device: features, configuration space, and the turn of all parts. */
#include <vmm/virtio/virtio_blk.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#include "virtio_blk_internal.h"

/* Turns before the guest gets on: another vCPU can add requests as fast as they are served. */
#define MAX_TURNS         16u
#define MAX_SEGMENT       0x100000u /* bytes */
#define MAX_RANGE_SECTORS 0x400000u /* of one discard or write-zeroes range: 2 GiB */
#define HEADS             16u
#define SECTORS           63u
#define WRITEBACK_OFFSET  offsetof(struct virtio_blk_config, writeback)
/* What a server with blocks of 512 bytes works best with. */
#define PHYSICAL_BLOCK    4096u

/* --- What the server says of its storage --- */

static uint64_t features_of(const struct virtio_blk *blk)
{
    uint64_t features = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_GEOMETRY | VIRTIO_BLK_F_BLK_SIZE |
                        VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_BLK_F_LIFETIME;
    if (blk->device.queue_count > 1) {
        features |= VIRTIO_BLK_F_MQ;
    }
    if (blk->read_only) {
        return features | VIRTIO_BLK_F_RO;
    }
    if ((blk->operations & BLOCK_OPERATION_DISCARD) != 0) {
        features |= VIRTIO_BLK_F_DISCARD;
    }
    if ((blk->operations & BLOCK_OPERATION_WRITE_ZEROES) != 0) {
        features |= VIRTIO_BLK_F_WRITE_ZEROES;
    }
    return features;
}

static void set_geometry(struct virtio_blk_config *config)
{
    uint64_t cylinders = config->capacity / (HEADS * SECTORS);
    config->cylinders = (uint16_t)(cylinders < UINT16_MAX ? cylinders : UINT16_MAX);
    config->heads = HEADS;
    config->sectors = SECTORS;
}

/* Reads what the server says, once each. A driver keeps the features that it found. */
static void look_at_server(struct virtio_blk *blk)
{
    const volatile struct block_storage_info *info = blk->info;
    bool ready = __atomic_load_n(&blk->info->ready, __ATOMIC_ACQUIRE) != 0;
    uint64_t blocks = ready ? info->capacity : 0, per_block = blk->transfer_size / BLK_SECTOR;
    uint64_t capacity = blocks <= UINT64_MAX / blk->transfer_size ? blocks * per_block : 0;
    bool changed = capacity != blk->config.capacity;
    blk->ready = ready;
    blk->read_only = blk->read_only_by_config || info->read_only != 0;
    blk->operations = info->operations;
    blk->largest_request = info->largest_request;
    blk->config.capacity = capacity;
    set_geometry(&blk->config);
    if (blk->device.status == 0) {
        blk->device.offered &= ~(VIRTIO_BLK_F_RO | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES);
        blk->device.offered |= features_of(blk);
    }
    if (changed) {
        virtio_config_changed(&blk->device);
    }
}

/* --- The turn of all parts --- */

/* Asks the driver for notifications again. True if something has come meanwhile that can be taken. */
static bool ask_for_notifications(struct virtio_blk *blk)
{
    bool more = false;
    if (blk->request_count == BLK_MAX_REQUESTS) {
        return false; /* whatever comes, it waits for one of these */
    }
    for (uint32_t i = 0; i < blk->device.queue_count; i++) {
        more = virtqueue_want_notification(&blk->device.queues[i], true) || more;
    }
    return more;
}

/* From the server back to the guest and from the guest to the server. A server of higher priority answers at once. */
static void turn(struct virtio_blk *blk)
{
    blk_take_answers(blk);
    blk_take_requests(blk);
    if (blk_send_pieces(blk) || blk->resent) {
        blk->resent = false;
        blk->server_notifications++;
        block_queue_submit(&blk->queue);
        hv_notify(blk->channel);
    }
}

static void run(struct virtio_blk *blk)
{
    bool more = true;
    for (uint32_t turns = 0; turns < MAX_TURNS && more; turns++) {
        block_queue_set_looking(&blk->queue, true);
        turn(blk);
        more = block_queue_has_response(&blk->queue) || (virtio_is_live(&blk->device) && ask_for_notifications(blk));
        if (!more) {
            block_queue_set_looking(&blk->queue, false);
            more = block_queue_has_response(&blk->queue);
        }
    }
    for (uint32_t i = 0; i < blk->device.queue_count; i++) {
        virtqueue_flush(&blk->device.queues[i]);
    }
    if (more) {
        block_queue_set_looking(&blk->queue, false);
        timer_arm(&blk->vm->vcpus[0].timers, &blk->timer, hv_now());
        vcpu_kick(&blk->vm->vcpus[0]);
    }
}

static void timer_expired(void *context, uint64_t now)
{
    (void)now;
    run(context);
}

void virtio_blk_answered(void *context)
{
    struct virtio_blk *blk = context;
    if (!blk->ready || __atomic_load_n(&blk->info->ready, __ATOMIC_RELAXED) == 0) {
        look_at_server(blk);
    }
    run(blk);
}

/* --- Virtio --- */

static void queue_notified(void *context, uint32_t queue)
{
    struct virtio_blk *blk = context;
    (void)virtqueue_want_notification(&blk->device.queues[queue], false);
    run(blk);
}

static void reset(void *context)
{
    struct virtio_blk *blk = context;
    blk_forget(blk, UINT32_MAX);
    blk->config.writeback = !blk->write_through_at_start;
    look_at_server(blk);
}

static void queue_reset(void *context, uint32_t queue)
{
    blk_forget(context, queue);
}

static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    struct virtio_blk *blk = context;
    if (offset != WRITEBACK_OFFSET || width != 1 || value > 1 || !virtio_has(&blk->device, VIRTIO_BLK_F_CONFIG_WCE)) {
        log_guest_error(blk->vm, &blk->device.limit, blk->device.name,
                        "a write of 0x%llx to offset 0x%x of the configuration is ignored", (unsigned long long)value,
                        offset);
        return;
    }
    blk->config.writeback = (uint8_t)value;
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_BLOCK,
    .name = "disk",
    .queue_notified = queue_notified,
    .reset = reset,
    .queue_reset = queue_reset,
    .config_written = config_written,
};

/* --- Creation --- */

static const char *attach_server(struct virtio_blk *blk, const struct block_client_config *client)
{
    blk->data = (uint8_t *)(uintptr_t)client->data;
    blk->info = (const struct block_storage_info *)(uintptr_t)client->storage_info;
    blk->transfer_size = client->transfer_size;
    blk->channel = client->channel;
    blk->data_cells = client->data_size / BLK_CELL < BLK_MAX_CELLS ? client->data_size / BLK_CELL : BLK_MAX_CELLS;
    if (!block_queue_attach_client(&blk->queue, client->request_queue, client->response_queue, client->capacity,
                                   &blk->orphans) ||
        blk->data == NULL || blk->data_cells == 0 || blk->info == NULL || client->storage_info % 8 != 0 ||
        (blk->transfer_size != 512 && blk->transfer_size != 4096) || client->channel >= VM_CHANNELS) {
        return "configuration: a disk's queues make no sense";
    }
    return NULL;
}

/* What depends on nothing that the server says. */
static void fill_config(struct virtio_blk *blk, uint32_t logical_block, uint32_t queues)
{
    uint32_t physical = PHYSICAL_BLOCK > logical_block ? PHYSICAL_BLOCK : logical_block;
    blk->config = (struct virtio_blk_config){
        .size_max = MAX_SEGMENT,
        .seg_max = BLK_SEGMENTS - 2,
        .blk_size = logical_block,
        .physical_block_exp = (uint8_t)__builtin_ctz(physical / logical_block),
        .min_io_size = (uint16_t)(physical / logical_block),
        .opt_io_size = blk->data_cells * BLK_CELL / logical_block,
        .writeback = !blk->write_through_at_start,
        .num_queues = (uint16_t)queues,
        .max_discard_sectors = MAX_RANGE_SECTORS,
        .max_discard_seg = BLK_MAX_RANGES,
        .discard_sector_alignment = physical / BLK_SECTOR,
        .max_write_zeroes_sectors = MAX_RANGE_SECTORS,
        .max_write_zeroes_seg = BLK_MAX_RANGES,
        .write_zeroes_may_unmap = 1,
    };
}

const char *virtio_blk_init(struct virtio_blk *blk, struct vm *vm, const struct vm_device_config *config)
{
    uint32_t block = config->block.logical_block_size;
    if (config->queues == 0 || config->queues > BLK_MAX_QUEUES || block < BLK_SECTOR || block > PHYSICAL_BLOCK ||
        (block & (block - 1)) != 0) {
        return "configuration: a disk with a bad number of queues or size of blocks";
    }
    const char *problem = attach_server(blk, &config->block.client);
    if (problem != NULL) {
        return problem;
    }
    blk->vm = vm;
    blk->read_only_by_config = (config->flags & VM_BLOCK_READ_ONLY) != 0;
    blk->write_through_at_start = (config->flags & VM_BLOCK_WRITE_THROUGH) != 0;
    memcpy(blk->serial, config->block.serial, BLK_ID_LENGTH);
    fill_config(blk, block, config->queues);
    virtio_device_init(&blk->device, &ops, blk, vm, config->name, 0, &blk->config, sizeof(blk->config));
    for (uint32_t i = 0; i < config->queues; i++) {
        if (virtio_add_queue(&blk->device, BLK_QUEUE_SIZE) != 0) {
            return "configuration: too many queues";
        }
    }
    blk->timer = (struct timer){.expired = timer_expired, .device = blk};
    look_at_server(blk);
    return NULL;
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    struct virtio_blk *blk = device_allocate(vm, sizeof(*blk));
    if (blk == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    const char *problem = virtio_blk_init(blk, vm, config);
    if (problem != NULL) {
        return problem;
    }
    if (timer_add(&vm->vcpus[0].timers, &blk->timer) != 0 ||
        device_listen(vm, blk->channel, virtio_blk_answered, blk) != 0) {
        return "configuration: too many devices, or two with the same channel";
    }
    if (blk->orphans != 0) {
        hv_notify(blk->channel); /* who failed may have failed to */
    }
    *device = &blk->device;
    return NULL;
}

const struct device_kind virtio_blk_kind = {.kind = VM_DEVICE_BLOCK, .create = create};
