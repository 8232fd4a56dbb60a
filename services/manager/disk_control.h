/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager's requests to the storage service: `disk limit`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/storage_control.h>

#include "command_line.h"

struct manager;
struct manager_config;

struct disk_control {
    struct storage_request *request; /* NULL: no disks */
    uint32_t channel;
    uint32_t sequence; /* of the last request */
    bool waiting;      /* for its confirmation */
    uint64_t deadline; /* clock value: then the service has not answered */
};

/* Takes over what the configuration says of the storage service. False if that is not valid. */
bool disk_initialise(struct manager *manager, const struct manager_config *config);
/* The command `disk limit VM DISK [iops N] [bandwidth SIZE]`; vm: that VM's name. */
void run_disk_limit(struct manager *manager, const char *vm, const struct command_words *words);
/* Looks for the answer. True if it is still to come. */
bool disk_step(struct manager *manager);
