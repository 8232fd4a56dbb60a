/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's FUSE protocol, version 7, as virtio's file system device carries it (VirtIO 1.2 §5.11): requests of the
 * guest's kernel, answered from a store of files. Messages are those of <linux/fuse.h>.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/fs/file_store.h>
#include <vmm/virtio/virtqueue.h>

#define FUSE_SERVER_MAX_WRITE 0x20000u /* bytes of one WRITE, READ or READDIR */

struct fuse_server {
    struct file_store store;
    bool initialised;
    uint64_t (*now)(void *context); /* nanoseconds since 1970 */
    void *now_context;
    uint64_t requests, malformed;
};

void fuse_server_init(struct fuse_server *server, struct file_store store, uint64_t (*now)(void *context),
                      void *now_context);
/* The guest was reset. */
void fuse_server_reset(struct fuse_server *server);
/* Carries out the request in the chain's readable part and writes the answer to its writable part. Bytes written; 0
 * also where a request has no answer, or is none (counted). */
uint32_t fuse_server_handle(struct fuse_server *server, const struct virtqueue_chain *chain);
