/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File system device: VirtIO 1.2 §5.11. Exports a packed directory tree, read-only, or memory in which the guest makes
 * files of its own; `mount -t virtiofs TAG DIRECTORY` in Linux.
 *
 * All is in memory, so each request is carried out at once, and there is nothing that the queue of high priority could
 * overtake. No shared memory window (DAX) is offered.
 */
#pragma once

#include <skyscope/vm_devices.h>

#include <vmm/fs/file_tree.h>
#include <vmm/fs/fuse_server.h>
#include <vmm/fs/memory_files.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>

#define VIRTIO_FS_QUEUE_SIZE 128u

struct virtio_fs_config {
    char tag[36];
    uint32_t request_queues;
};

struct virtio_fs {
    struct virtio_device device;
    struct virtio_fs_config config;
    struct fuse_server server;
    struct file_tree tree;
    struct memory_files files;
    bool writable;
    struct virtio_segment segments[VIRTIO_FS_QUEUE_SIZE];
};

/* Fills in the device; a transport comes later. NULL, or what is wrong with the configuration. */
const char *virtio_fs_init(struct virtio_fs *fs, struct vm *vm, const struct vm_device_config *config);

extern const struct device_kind virtio_fs_kind;
