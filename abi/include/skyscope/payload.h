/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payload: one file that holds everything that runs after the loader.
 * Written by `skyscope build`, signed by `skyscope sign`, checked and taken apart
 * by the loader.
 *
 *   +---------------------------+ 0
 *   | struct payload_header     |
 *   +---------------------------+ 32
 *   | manifest                  |  manifest_size bytes, <crypto/manifest.h>
 *   | signature block           |  signatures_size bytes, 0: not signed
 *   | zeros                     |
 *   +---------------------------+ a multiple of 4096
 *   | image 0, zero-padded to   |
 *   | a multiple of 4096        |
 *   | image 1 ...               |
 *   +---------------------------+ total_size, a multiple of 4096
 *
 * All integers are little-endian. Images start at multiples of 4096 so that
 * the loader can map them where they lie; padding bytes are zero, which is
 * checked. Every byte of the file is thus vouched for or has one value only: the
 * header's fields follow from the manifest.
 */
#pragma once

#include <stdint.h>

#define PAYLOAD_MAGIC     "SKYPAYLD"
#define PAYLOAD_VERSION   2u
#define PAYLOAD_ALIGNMENT 4096u

struct payload_header {
    char magic[8];            /* PAYLOAD_MAGIC, no NUL */
    uint32_t version;         /* PAYLOAD_VERSION */
    uint32_t manifest_size;   /* bytes */
    uint32_t signatures_size; /* bytes, 0: not signed */
    uint32_t reserved;        /* 0 */
    uint64_t total_size;      /* bytes, multiple of 4096 */
};

_Static_assert(sizeof(struct payload_header) == 32, "payload format");

/* Where the first image starts. */
static inline uint64_t payload_first_image(uint64_t manifest_size, uint64_t signatures_size)
{
    uint64_t end = sizeof(struct payload_header) + manifest_size + signatures_size;
    return (end + PAYLOAD_ALIGNMENT - 1) & ~(uint64_t)(PAYLOAD_ALIGNMENT - 1);
}
