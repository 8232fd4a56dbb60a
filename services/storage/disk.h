/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One disk and its client: takes requests from the client's queue, one after the other and in order, so that a flush
 * finds all before it done and a barrier has nothing left to do. Work is done in turns of bounded size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/block_queue.h>
#include <skyscope/storage_config.h>
#include <skyscope/storage_counters.h>

#include "../shared/throttle.h"
#include "overlay.h"

/* Bytes of one turn, and requests that are looked at in it. */
#define DISK_TURN_BYTES    0x10000u
#define DISK_TURN_REQUESTS 16u

struct disk {
    uint32_t kind; /* enum storage_kind */
    bool read_only, ready;
    uint64_t size; /* bytes that the client sees, a multiple of transfer_size */
    uint8_t *memory;
    const uint8_t *image;
    struct overlay overlay;

    struct block_queue_handle queue;
    uint8_t *data; /* shared with the client, who changes it at any time */
    uint32_t data_size, transfer_size;
    uint32_t channel;

    struct block_request request; /* our copy of the one that is being carried out */
    bool busy;
    uint64_t offset, length, done; /* of it, bytes; length 0: no data */
    bool answered;                 /* since the client was notified */

    struct throttle requests, bytes;
    struct storage_disk_counters *counters;
};

enum disk_turn {
    DISK_IDLE = 0,      /* nothing to do */
    DISK_WORKED = 1,    /* and there may be more */
    DISK_THROTTLED = 2, /* there is something to do, later: disk_ready_at() */
};

/* Checks a disk's configuration and prepares it, its client's page about it included. Always fills in the counters;
 * where the configuration makes no sense it is not to be used, and returns why. A disk whose partition is not there
 * answers each request with BLOCK_RESPONSE_NO_DEVICE; that too is said. NULL: all is well. */
const char *disk_initialise(struct disk *disk, const struct storage_disk_config *config, uint64_t frequency,
                            uint64_t now, struct storage_disk_counters *counters, bool *usable);
enum disk_turn disk_turn(struct disk *disk, uint64_t now);
/* Other limits from now on; 0: none. */
void disk_limit(struct disk *disk, uint64_t requests_per_second, uint64_t bytes_per_second, uint64_t now);
/* Tick until which its limits make the next request wait. */
uint64_t disk_ready_at(const struct disk *disk);
