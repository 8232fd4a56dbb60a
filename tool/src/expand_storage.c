/* SPDX-License-Identifier: BSD-2-Clause */
/* The storage service's PD: added with the first disk; each disk is a client of it. */
#include "expand.h"
#include <skyscope/storage_counters.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/number.h>
#include <tool/target.h>

#include <partition.h>

#define STORAGE_PRIORITY 205u

/* In the service. */
#define COUNTERS_ADDRESS 0x11000000ull
#define REQUEST_ADDRESS  0x11100000ull
/* Behind those of the disks. */
#define MANAGER_CHANNEL  STORAGE_MAX_DISKS
#define MEDIA_ADDRESS    0x1000000000ull

/* Of one client's queues, in both address spaces from a base on. Capacity and data bound what can be under way. */
#define QUEUE_CAPACITY  128u
#define DATA_SIZE       0x80000u
#define RESPONSE_OFFSET 0x2000ull
#define QUEUES_SIZE     0x3000ull
#define INFO_OFFSET     0x10000ull
#define DATA_OFFSET     0x100000ull
#define TRANSFER_SIZE   512u

_Static_assert(sizeof(struct block_request_queue) + QUEUE_CAPACITY * sizeof(struct block_request) <= RESPONSE_OFFSET,
               "the requests' queue fits");
_Static_assert(sizeof(struct block_response_queue) + QUEUE_CAPACITY * sizeof(struct block_response) <=
                   QUEUES_SIZE - RESPONSE_OFFSET,
               "the responses' queue fits");

static void add_storage(struct system *system, struct services *services)
{
    struct pd *pd = add_service(system, services, "storage", "storage.elf", STORAGE_PRIORITY);
    services->storage = pd;
    services->storage_next = MEDIA_ADDRESS;
    services->storage_config = add_service_config(system, pd, "storage", sizeof(struct storage_config));
    uint64_t size = align_up(sizeof(struct storage_counters), LAYOUT_PAGE);
    *services->storage_config = (struct storage_config){
        .magic = STORAGE_CONFIG_MAGIC,
        .version = STORAGE_CONFIG_VERSION,
        .size = sizeof(struct storage_config),
        .counters = COUNTERS_ADDRESS,
        .counters_size = (uint32_t)size,
        .request = REQUEST_ADDRESS,
        .manager_channel = MANAGER_CHANNEL,
    };
    struct region *counters = add_region(system, services->line, "storage_counters", size, PAGE_SIZE_4K, NULL);
    add_map(system, &pd->maps, services->line, counters, COUNTERS_ADDRESS, READ_WRITE, NULL);
    add_map(system, &services->manager->maps, services->line, counters, MANAGER_STORAGE_ADDRESS, READ, NULL);
    services->manager_config->storage = MANAGER_STORAGE_ADDRESS;
    uint64_t request_address = MANAGER_STORAGE_ADDRESS + (REQUEST_ADDRESS - COUNTERS_ADDRESS);
    struct region *request = add_region(system, services->line, "storage_request", LAYOUT_PAGE, PAGE_SIZE_4K, NULL);
    add_map(system, &pd->maps, services->line, request, REQUEST_ADDRESS, READ, NULL);
    add_map(system, &services->manager->maps, services->line, request, request_address, READ_WRITE, NULL);
    add_channel(system, services->line, services->manager, MANAGER_STORAGE_CHANNEL, pd, MANAGER_CHANNEL);
    services->manager_config->storage_request = request_address;
    services->manager_config->storage_channel = MANAGER_STORAGE_CHANNEL;
}

/* Large pages for what is large: fewer tables, and faster. */
static uint64_t medium_page_size(uint64_t size)
{
    return size >= PAGE_SIZE_2M ? PAGE_SIZE_2M : PAGE_SIZE_4K;
}

/* Maps a medium into the service, if it is not there yet; returns its address. */
static uint64_t map_medium(struct system *system, struct services *services, long line, const struct region *region,
                           uint32_t permissions)
{
    LIST_FOR (const struct map, map, &services->storage->maps) {
        if (strcmp(map->region_name, region->name) == 0) {
            return map->address;
        }
    }
    uint64_t address = services->storage_next;
    services->storage_next = align_up(address + region->size, PAGE_SIZE_2M);
    if (services->storage_next > system->target->vcpu_pages) {
        report_error(&system->diagnostics, line,
                     "<disk>: all disks together are larger than the storage service's address space on %s; use "
                     "smaller ones",
                     system->target->name);
        services->storage_next = address;
    }
    add_map(system, &services->storage->maps, line, region, address, permissions, NULL);
    return address;
}

static uint64_t add_memory(struct device_expansion *expansion, const struct vm_device *device, const char *suffix,
                           uint64_t size)
{
    struct system *system = expansion->system;
    uint64_t page_size = medium_page_size(size);
    struct region *region = add_region(system, device->line, device_part_name(expansion, device, suffix),
                                       align_up(size, page_size), page_size, NULL);
    return map_medium(system, expansion->services, device->line, region, READ_WRITE);
}

/* What the disk will be: all of the image or a partition of it. Reports what the service would find wrong at boot. */
static void check_image(struct system *system, const struct vm_device *device, const struct disk_device *disk)
{
    const struct blob *image = disk->image.blob;
    struct partition part = {.offset = 0, .size = align_up(image->size, TRANSFER_SIZE)};
    if (disk->partition != 0) {
        const char *problem = partition_find(image->data, image->size, disk->partition, &part);
        if (problem != NULL) {
            report_error(&system->diagnostics, device->line,
                         "<disk image=\"%s\" partition=\"%u\">: %s; see what it has by: fdisk -l %s", disk->image.path,
                         disk->partition, problem, disk->image.path);
            return;
        }
    }
    if (part.size % disk->block_size != 0) {
        report_error(&system->diagnostics, device->line,
                     "<disk image=\"%s\" block_size=\"%u\">: its %llu bytes are no whole number of blocks; use a "
                     "smaller block_size",
                     disk->image.path, disk->block_size, (unsigned long long)part.size);
    }
}

static void describe_medium(struct device_expansion *expansion, const struct vm_device *device,
                            const struct disk_device *disk, struct storage_disk_config *config)
{
    struct system *system = expansion->system;
    if (disk->image.line == 0) {
        config->kind = STORAGE_MEMORY;
        config->base_size = disk->size;
        config->base = disk->size == 0 ? 0 : add_memory(expansion, device, "memory", disk->size);
        return;
    }
    config->kind = disk->overlay != 0 ? STORAGE_OVERLAY : STORAGE_IMAGE;
    config->partition = disk->partition;
    if (disk->image.blob == NULL) {
        return;
    }
    check_image(system, device, disk);
    uint64_t size = disk->image.blob->size;
    struct region *region = guest_image_region(system, device->line, device_part_name(expansion, device, "image"),
                                               &disk->image, medium_page_size(size));
    config->base = map_medium(system, expansion->services, device->line, region, READ);
    config->base_size = align_up(size, TRANSFER_SIZE); /* the region is zero behind the file's end */
    if (disk->overlay != 0) {
        config->overlay_size = disk->overlay;
        config->overlay = add_memory(expansion, device, "overlay", disk->overlay);
        config->overlay_map_size =
            align_up(STORAGE_OVERLAY_MAP_SIZE(config->base_size, config->overlay_size), LAYOUT_PAGE);
        config->overlay_map = add_memory(expansion, device, "overlay_map", config->overlay_map_size);
    }
}

/* The queues' regions in one PD. Only the service writes what it says of the storage. */
struct queue_regions {
    struct region *queues, *data, *info;
};

static void map_queues(struct system *system, struct pd *pd, long line, const struct queue_regions *regions,
                       uint64_t base, uint32_t info_permissions)
{
    add_map(system, &pd->maps, line, regions->queues, base, READ_WRITE, NULL);
    add_map(system, &pd->maps, line, regions->info, base + INFO_OFFSET, info_permissions, NULL);
    add_map(system, &pd->maps, line, regions->data, base + DATA_OFFSET, READ_WRITE, NULL);
}

void add_storage_client(struct device_expansion *expansion, const struct vm_device *device,
                        const struct disk_device *disk, struct block_client_config *client)
{
    struct system *system = expansion->system;
    struct services *services = expansion->services;
    long line = device->line;
    if (services->storage == NULL) {
        add_storage(system, services);
    }
    uint32_t index = services->storage_config->disk_count;
    if (index == STORAGE_MAX_DISKS) {
        report_error(&system->diagnostics, line, "<disk> is one too many in this system; at most %u are possible",
                     STORAGE_MAX_DISKS);
        return;
    }
    services->storage_config->disk_count++;
    struct storage_disk_config *config = &services->storage_config->disks[index];
    snprintf(config->name, sizeof(config->name), "%s/%s", expansion->vm->name, device->name);
    snprintf(config->serial, sizeof(config->serial), "%s", disk->serial);
    config->flags = disk->read_only ? STORAGE_READ_ONLY : 0u;
    config->requests_per_second = disk->requests_per_second;
    config->bytes_per_second = disk->bytes_per_second;
    describe_medium(expansion, device, disk, config);

    struct queue_regions regions = {
        .queues =
            add_region(system, line, device_part_name(expansion, device, "queues"), QUEUES_SIZE, PAGE_SIZE_4K, NULL),
        .data = add_region(system, line, device_part_name(expansion, device, "data"), DATA_SIZE, PAGE_SIZE_4K, NULL),
        .info = add_region(system, line, device_part_name(expansion, device, "info"), LAYOUT_PAGE, PAGE_SIZE_4K, NULL),
    };
    uint64_t base = CLIENT_ADDRESS + index * CLIENT_SPAN;
    map_queues(system, services->storage, line, &regions, base, READ_WRITE);
    map_queues(system, expansion->vmm, line, &regions, expansion->base, READ);
    uint32_t channel = expansion_channel(expansion, device);
    add_channel(system, line, services->storage, index, expansion->vmm, channel);
    config->request_queue = base;
    config->response_queue = base + RESPONSE_OFFSET;
    config->storage_info = base + INFO_OFFSET;
    config->data = base + DATA_OFFSET;
    config->data_size = DATA_SIZE;
    config->capacity = QUEUE_CAPACITY;
    config->channel = index;
    config->transfer_size = TRANSFER_SIZE;
    *client = (struct block_client_config){
        .request_queue = expansion->base,
        .response_queue = expansion->base + RESPONSE_OFFSET,
        .data = expansion->base + DATA_OFFSET,
        .storage_info = expansion->base + INFO_OFFSET,
        .data_size = DATA_SIZE,
        .capacity = QUEUE_CAPACITY,
        .channel = channel,
        .transfer_size = TRANSFER_SIZE,
    };
}
