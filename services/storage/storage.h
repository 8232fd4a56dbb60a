/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The storage service without its connections: disks for many clients. Each time it is woken it serves all in turns of
 * bounded size, for a bounded number of turns; what is left waits a moment. A client that floods its queue, or fills it
 * with nonsense, takes no one else's turn. See services/storage/storage_main.c for the program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/storage_config.h>
#include <skyscope/storage_control.h>
#include <skyscope/storage_counters.h>

#include "disk.h"

struct storage_operations {
    uint64_t (*now)(void); /* clock value */
    void (*notify)(unsigned int channel);
    void (*wake_at)(uint64_t deadline);
    void (*report)(const char *disk, const char *problem);
};

struct storage {
    const struct storage_operations *operations;
    uint64_t frequency; /* ticks a second */
    uint32_t disk_count;
    uint32_t first; /* whose turn is first: it moves on, so that no one has an advantage */
    struct storage_counters *counters;
    struct storage_counters own_counters;  /* if nobody looks */
    const struct storage_request *request; /* the manager's, who changes it at any time; NULL: none */
    uint32_t manager_channel;
    uint32_t request_sequence; /* last one carried out */
    struct disk disks[STORAGE_MAX_DISKS];
};

/* Takes over the configuration and notifies all clients. False if it is not one of this version; a disk that makes no
 * sense is reported and left out. */
bool storage_initialise(struct storage *storage, const struct storage_operations *operations,
                        const struct storage_config *config, uint64_t frequency);
/* A client may have sent something, or the time has come. */
void storage_serve(struct storage *storage);
