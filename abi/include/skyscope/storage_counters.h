/* SPDX-License-Identifier: BSD-2-Clause */
/* What the storage service has done, in memory that it shares with the manager, which only reads. */
#pragma once

#include <stdint.h>

#include <skyscope/storage_config.h>

#define STORAGE_COUNTERS_MAGIC 0x31544e43524f5453ull /* "STORCNT1" */

enum storage_disk_state {
    STORAGE_DISK_READY = 1,
    STORAGE_DISK_NO_PARTITION = 2, /* the image has no such partition, or no partition table that makes sense */
    STORAGE_DISK_BAD_CONFIG = 3,
};

struct storage_disk_counters {
    char name[STORAGE_NAME_LENGTH];
    uint32_t kind;                                     /* enum storage_kind */
    uint32_t flags;                                    /* enum storage_flags */
    uint32_t state;                                    /* enum storage_disk_state */
    uint32_t throttled;                                /* 1: waits for its limits now */
    uint64_t size;                                     /* bytes that the client sees */
    uint64_t requests_per_second, bytes_per_second;    /* limits, 0: none */
    uint64_t reads, writes, flushes, discards, zeroes; /* requests carried out */
    uint64_t read_bytes, written_bytes;
    uint64_t refused;                      /* requests that made no sense, or were not allowed */
    uint64_t failed;                       /* the overlay was full */
    uint64_t waits;                        /* times that the limits made it wait */
    uint64_t overlay_blocks, overlay_used; /* of STORAGE_OVERLAY_BLOCK bytes */
};

struct storage_counters {
    uint64_t magic; /* written last */
    uint32_t disk_count;
    uint32_t reserved;
    uint32_t sequence;      /* last request carried out */
    uint32_t result;        /* enum storage_result */
    uint64_t wakes;         /* times the service was woken */
    uint64_t notifications; /* that it sent */
    struct storage_disk_counters disks[STORAGE_MAX_DISKS];
};
