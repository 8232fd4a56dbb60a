/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration of the storage service, made by the tool: the disks that it serves, each to one client by a pair of
 * block queues (<skyscope/block_queue.h>). Virtual addresses are the service's.
 */
#pragma once

#include <stdint.h>

#include <skyscope/block_queue.h>

#define STORAGE_CONFIG_MAGIC   0x30474643524f5453ull /* "STORCFG0" */
#define STORAGE_CONFIG_VERSION 2u
#define STORAGE_MAX_DISKS      56u
#define STORAGE_NAME_LENGTH    96u /* "VM/DISK" */

/* A change to an overlay is kept in units of this many bytes. */
#define STORAGE_OVERLAY_BLOCK 4096u

enum storage_kind {
    STORAGE_MEMORY = 1,  /* base: memory, read and written: a RAM disk */
    STORAGE_IMAGE = 2,   /* base: an image, only read */
    STORAGE_OVERLAY = 3, /* base: an image, only read; what is written goes to memory above it */
};

enum storage_flags {
    STORAGE_READ_ONLY = 1u << 0, /* writes are refused; STORAGE_IMAGE has it always */
};

struct storage_disk_config {
    char name[STORAGE_NAME_LENGTH];        /* NUL-terminated */
    char serial[BLOCK_SERIAL_NUMBER + 1u]; /* NUL-terminated */
    uint32_t kind;                         /* enum storage_kind */
    uint32_t flags;                        /* enum storage_flags */
    uint64_t base, base_size;              /* bytes, multiple of 512 */
    uint32_t partition;                    /* of base, by MBR or GPT, from 1 on; 0: all of it */
    uint32_t reserved;
    /* STORAGE_OVERLAY: memory for changed blocks, a multiple of STORAGE_OVERLAY_BLOCK, and for the map,
     * STORAGE_OVERLAY_MAP_SIZE() bytes; both zero at boot. */
    uint64_t overlay, overlay_size;
    uint64_t overlay_map, overlay_map_size;
    /* What the client may have in a second; 0: no limit. */
    uint64_t requests_per_second, bytes_per_second;
    /* The server's end of the queues. */
    uint64_t request_queue, response_queue;
    uint64_t data;
    uint64_t storage_info; /* struct block_storage_info, writable here */
    uint32_t data_size;    /* bytes */
    uint32_t capacity;     /* entries of each queue, power of two */
    uint32_t channel;
    uint32_t transfer_size; /* bytes per block of the queue: 512 or 4096 */
};

/* The map has a word for each block of the image and one for each block of the memory above. */
#define STORAGE_OVERLAY_BLOCKS(bytes) (((bytes) + STORAGE_OVERLAY_BLOCK - 1u) / STORAGE_OVERLAY_BLOCK)
#define STORAGE_OVERLAY_MAP_SIZE(base_size, overlay_size)                                                              \
    (4u * (STORAGE_OVERLAY_BLOCKS(base_size) + STORAGE_OVERLAY_BLOCKS(overlay_size)))

struct storage_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct storage_config) */
    uint32_t disk_count;
    uint32_t counters_size; /* bytes of that region */
    uint64_t counters;      /* struct storage_counters, writable here; 0: nobody looks */
    uint64_t request;       /* struct storage_request, <skyscope/storage_control.h>; 0: nobody asks */
    uint32_t manager_channel;
    uint32_t reserved;
    struct storage_disk_config disks[STORAGE_MAX_DISKS];
};
