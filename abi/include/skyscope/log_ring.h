/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log in shared memory: one writer, any number of readers who cannot write.
 * The writer overwrites the oldest text. A reader copies, then looks at
 * `written` again: bytes older than written - capacity were overwritten meanwhile.
 */
#pragma once

#include <stdint.h>

#define LOG_RING_MAGIC 0x474f4c59u /* "YLOG" */

struct log_ring {
    uint32_t magic;    /* LOG_RING_MAGIC */
    uint32_t capacity; /* bytes of text[], a power of two or not; set once */
    uint64_t written;  /* bytes ever written; text[written % capacity] is next */
    uint64_t dropped;  /* lines suppressed by rate limiting */
    uint64_t reserved[5];
    char text[];
};
_Static_assert(sizeof(struct log_ring) == 64, "log ring header");
