/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partitions of a disk image: by MBR with logical partitions, or by GPT (UEFI 2.10 ch. 5), blocks of 512 bytes. Nothing
 * in the image is believed; work is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PARTITION_BLOCK 512u
#define PARTITION_MAX   128u

/* Bytes from the image's start; within it, size not 0. */
struct partition {
    uint64_t offset, size;
};

/* Looks for a partition, 1 to PARTITION_MAX; of an MBR 1 to 4 are primary and 5 and above logical. Returns NULL, or why
 * there is none. */
const char *partition_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition);

/* --- The readers, called by partition_find() --- */

/* An entry of an MBR or EBR of the type of a protective MBR (UEFI 2.10 §5.2.3) is there. */
bool mbr_is_protective(const uint8_t *image, uint64_t size);
const char *mbr_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition);
/* By the table at the start of the image or, if that is damaged, by the one at its end. */
const char *gpt_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition);

/* --- Numbers as they lie in both --- */

static inline uint32_t partition_read32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline uint64_t partition_read64(const uint8_t *from)
{
    return partition_read32(from) | (uint64_t)partition_read32(from + 4) << 32;
}
