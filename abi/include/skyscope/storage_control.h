/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the manager and the storage service: a page with requests, which the manager writes. The answer is in struct
 * storage_counters.
 */
#pragma once

#include <stdint.h>

enum storage_command {
    STORAGE_COMMAND_NONE = 0,
    STORAGE_COMMAND_LIMIT = 1, /* sets both limits of the disk; 0: none */
};

enum storage_result {
    STORAGE_RESULT_DONE = 0,
    STORAGE_RESULT_UNKNOWN_COMMAND = 1,
    STORAGE_RESULT_NO_DISK = 2, /* none of that number, or it is not in use */
};

struct storage_request {
    uint32_t sequence; /* incremented after the rest is written */
    uint32_t command;  /* enum storage_command */
    uint32_t disk;     /* index in struct storage_counters */
    uint32_t reserved;
    uint64_t requests_per_second, bytes_per_second;
};
