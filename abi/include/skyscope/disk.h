/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot partition of a disk made by `skyscope disk`. Blocks are of 4096 bytes:
 *
 *   +---------------------------+ 0
 *   | data: an ISO 9660 volume  |  data size, the manifest's only image (MANIFEST_ROLE_TREE)
 *   | and zeros behind it       |
 *   +---------------------------+ data size
 *   | Merkle tree over the data |  <crypto/merkle.h>
 *   | zeros                     |
 *   +---------------------------+ a multiple of 4096
 *   | manifest                  |  MANIFEST_KIND_DISK, <crypto/manifest.h>; its image's hash is the tree's root
 *   | signature block           |
 *   | zeros                     |
 *   +---------------------------+ partition size - 4096
 *   | struct disk_trailer       |
 *   | zeros                     |
 *   +---------------------------+ partition size
 *
 * The manifest begins as late as it can. Every byte is thus vouched for or has one
 * value only: the salt is in the root, the trailer's sizes follow from the
 * manifest and the partition, and zeros are checked.
 */
#pragma once

#include <stdint.h>

/* Type of the partition in a GUID partition table. */
#define DISK_PARTITION_TYPE      "CBF86AE1-BB79-4275-B894-16BCBFC4CCEC"
/* Attribute of the partition: read-only. */
#define DISK_PARTITION_READ_ONLY (1ull << 60)

#define DISK_MAGIC      "SKYDISKT"
#define DISK_VERSION    1u
#define DISK_BLOCK_SIZE 4096u

/* Name and offset of the only image in the manifest. */
#define DISK_IMAGE_NAME "volume"

struct disk_trailer {
    char magic[8];            /* DISK_MAGIC, no NUL */
    uint32_t version;         /* DISK_VERSION */
    uint32_t manifest_size;   /* bytes */
    uint32_t signatures_size; /* bytes */
    uint32_t reserved;        /* 0 */
    uint64_t partition_size;  /* bytes, a multiple of 4096 */
    uint8_t salt[32];         /* of the Merkle tree */
};

_Static_assert(sizeof(struct disk_trailer) == 64, "disk format");
