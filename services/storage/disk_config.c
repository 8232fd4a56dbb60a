/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk from its configuration. */
#include <base/memory.h>

#include "disk.h"
#include "partition.h"

static bool is_terminated(const char *text, uint64_t size)
{
    return strnlen(text, size) < size;
}

static bool attach_queues(struct disk *disk, const struct storage_disk_config *config)
{
    disk->data = (uint8_t *)(uintptr_t)config->data;
    disk->data_size = config->data_size;
    disk->transfer_size = config->transfer_size;
    disk->channel = config->channel;
    return block_queue_attach(&disk->queue, config->request_queue, config->response_queue, config->capacity) &&
           config->data != 0 && config->storage_info != 0 && config->storage_info % 8 == 0 && config->channel < 62 &&
           (config->transfer_size == 512 || config->transfer_size == 4096) &&
           config->data_size >= config->transfer_size;
}

/* The image, or what of it is the partition. NULL, or why there is none. */
static const char *find_medium(struct disk *disk, const struct storage_disk_config *config)
{
    struct partition whole = {.offset = 0, .size = config->base_size};
    if (config->partition != 0) {
        const char *problem =
            partition_find((const uint8_t *)(uintptr_t)config->base, config->base_size, config->partition, &whole);
        if (problem != NULL) {
            return problem;
        }
    }
    disk->image = (const uint8_t *)(uintptr_t)config->base + whole.offset;
    disk->memory = config->kind == STORAGE_MEMORY ? (uint8_t *)(uintptr_t)config->base + whole.offset : NULL;
    disk->size = whole.size - whole.size % disk->transfer_size;
    return NULL;
}

static bool check_medium(const struct storage_disk_config *config)
{
    bool overlay = config->kind == STORAGE_OVERLAY;
    return config->kind >= STORAGE_MEMORY && config->kind <= STORAGE_OVERLAY && config->base != 0 &&
           config->base_size != 0 && config->base_size % 512 == 0 &&
           (!overlay || (config->overlay != 0 && config->overlay_map != 0 && config->overlay_map % 4 == 0));
}

/* What the client learns. */
static void describe(const struct disk *disk, const struct storage_disk_config *config)
{
    struct block_storage_info *info = (struct block_storage_info *)(uintptr_t)config->storage_info;
    memcpy(info->serial_number, config->serial, sizeof(info->serial_number));
    info->read_only = disk->read_only;
    info->sector_size = 512;
    info->block_size = (uint16_t)(STORAGE_OVERLAY_BLOCK / disk->transfer_size);
    info->queue_depth = (uint16_t)config->capacity;
    info->capacity = disk->size / disk->transfer_size;
    info->operations = disk->read_only ? 0 : BLOCK_OPERATION_DISCARD | BLOCK_OPERATION_WRITE_ZEROES;
    info->largest_request = 0;
    __atomic_store_n(&info->ready, disk->ready, __ATOMIC_RELEASE);
}

const char *disk_initialise(struct disk *disk, const struct storage_disk_config *config, uint64_t frequency,
                            uint64_t now, struct storage_disk_counters *counters, bool *usable)
{
    *disk = (struct disk){.kind = config->kind, .counters = counters};
    *counters = (struct storage_disk_counters){.kind = config->kind,
                                               .flags = config->flags,
                                               .state = STORAGE_DISK_BAD_CONFIG,
                                               .requests_per_second = config->requests_per_second,
                                               .bytes_per_second = config->bytes_per_second};
    *usable = false;
    if (!is_terminated(config->name, sizeof(config->name)) || !is_terminated(config->serial, sizeof(config->serial)) ||
        !check_medium(config) || !attach_queues(disk, config)) {
        return "its configuration makes no sense";
    }
    memcpy(counters->name, config->name, sizeof(counters->name));
    disk->read_only = config->kind == STORAGE_IMAGE || (config->flags & STORAGE_READ_ONLY) != 0;
    const char *problem = find_medium(disk, config);
    if (problem == NULL && disk->kind == STORAGE_OVERLAY &&
        !overlay_initialise(&disk->overlay, disk->image, disk->size, (uint8_t *)(uintptr_t)config->overlay,
                            config->overlay_size, (uint32_t *)(uintptr_t)config->overlay_map,
                            config->overlay_map_size)) {
        return "its overlay's configuration makes no sense";
    }
    throttle_initialise(&disk->requests, config->requests_per_second, frequency, now);
    throttle_initialise(&disk->bytes, config->bytes_per_second, frequency, now);
    disk->ready = problem == NULL;
    *usable = true;
    counters->state = disk->ready ? STORAGE_DISK_READY : STORAGE_DISK_NO_PARTITION;
    counters->size = disk->size;
    counters->overlay_blocks = disk->overlay.capacity;
    describe(disk, config);
    return problem;
}
