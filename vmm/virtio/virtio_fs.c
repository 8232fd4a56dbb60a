/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_fs.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#define QUEUES  2u /* high priority, requests */
#define SECONDS 1000000000ull

static uint64_t now(void *context)
{
    const struct vm_clock *clock = &((const struct virtio_fs *)context)->device.vm->clock;
    uint64_t since = hv_now() - clock->wall_clock_ticks;
    return clock->wall_clock * SECONDS + timer_scale(since, SECONDS, clock->frequency);
}

static void queue_notified(void *context, uint32_t index)
{
    struct virtio_fs *fs = context;
    struct virtqueue *queue = &fs->device.queues[index];
    struct virtqueue_chain chain = {.segments = fs->segments, .capacity = VIRTIO_FS_QUEUE_SIZE};
    do {
        virtqueue_want_notification(queue, false);
        while (virtqueue_pop(queue, &chain) == VIRTQUEUE_CHAIN) {
            uint64_t malformed = fs->server.malformed;
            uint32_t written = fuse_server_handle(&fs->server, &chain);
            if (fs->server.malformed != malformed) {
                log_guest_error(fs->device.vm, &fs->device.limit, fs->device.name,
                                "request of %llu bytes, room for %llu, that is none",
                                (unsigned long long)chain.readable_length, (unsigned long long)chain.writable_length);
            }
            virtqueue_push(queue, chain.id, chain.slots, written);
        }
    } while (virtqueue_want_notification(queue, true));
    virtqueue_flush(queue);
}

static void reset(void *context)
{
    struct virtio_fs *fs = context;
    fuse_server_reset(&fs->server);
    if (fs->writable) {
        memory_files_forget_all(&fs->files);
    }
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_FILE_SYSTEM,
    .name = "fs",
    .queue_notified = queue_notified,
    .reset = reset,
};

static const char *open_store(struct virtio_fs *fs, const struct vm_device_config *config)
{
    struct file_store store;
    void *memory = (void *)(uintptr_t)config->filesystem.memory;
    const void *tree = (const void *)(uintptr_t)config->filesystem.tree;
    if ((memory != NULL) == (tree != NULL)) {
        return "configuration: a file system of neither a tree nor memory, or of both";
    }
    if (memory != NULL) {
        fs->writable = true;
        if ((uintptr_t)memory % MEMORY_FILES_BLOCK != 0 ||
            !memory_files_init(&fs->files, memory, config->filesystem.memory_size)) {
            return "configuration: a file system's memory is too small";
        }
        store = memory_files_store(&fs->files);
    } else {
        const char *problem = file_tree_init(&fs->tree, tree, config->filesystem.tree_size);
        if (problem != NULL) {
            return problem;
        }
        store = file_tree_store(&fs->tree);
    }
    fuse_server_init(&fs->server, store, now, fs);
    return NULL;
}

const char *virtio_fs_init(struct virtio_fs *fs, struct vm *vm, const struct vm_device_config *config)
{
    memset(fs, 0, sizeof(*fs));
    memcpy(fs->config.tag, config->filesystem.tag, sizeof(fs->config.tag));
    fs->config.request_queues = QUEUES - 1;
    if (fs->config.tag[0] == '\0') {
        return "configuration: a file system without a tag";
    }
    const char *problem = open_store(fs, config);
    if (problem != NULL) {
        return problem;
    }
    /* Requests are carried out one after the other. */
    virtio_device_init(&fs->device, &ops, fs, vm, config->name, VIRTIO_F_IN_ORDER, &fs->config, sizeof(fs->config));
    for (uint32_t i = 0; i < QUEUES; i++) {
        if (virtio_add_queue(&fs->device, VIRTIO_FS_QUEUE_SIZE) != 0) {
            return "no room for the file system's queues";
        }
    }
    return NULL;
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    _Static_assert(sizeof(struct virtio_fs) <= VM_WORKSPACE_FILES, "it has to fit");
    struct virtio_fs *fs = device_allocate(vm, sizeof(*fs));
    if (fs == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    *device = &fs->device;
    return virtio_fs_init(fs, vm, config);
}

const struct device_kind virtio_fs_kind = {.kind = VM_DEVICE_FILE_SYSTEM, .create = create};
