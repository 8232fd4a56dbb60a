/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The payload: one file that holds everything that runs after the loader.
 * Written by `skyscope build`, checked and taken apart by the loader.
 *
 *   +---------------------------+ 0
 *   | struct payload_header     |
 *   | struct payload_image × n  |  image_table_offset
 *   | (signature block)         |  signature_offset, signature_size (0: none)
 *   +---------------------------+ header_size, a multiple of 4096
 *   | image 0, zero-padded to   |
 *   | a multiple of 4096        |
 *   | image 1 ...               |
 *   +---------------------------+ total_size, a multiple of 4096
 *
 * All integers are little-endian. Images start at multiples of 4096 so that
 * the loader can map them where they lie; padding bytes are zero, and are
 * covered by no hash but are checked to be zero.
 */
#pragma once

#include <stdint.h>

#define PAYLOAD_MAGIC           "SKYPAYLD"
#define PAYLOAD_VERSION         1u
#define PAYLOAD_ALIGNMENT       4096u
#define PAYLOAD_MAX_IMAGES      256u
#define PAYLOAD_MAX_HEADER_SIZE 0x100000u
#define PAYLOAD_NAME_LENGTH     64u
#define PAYLOAD_HASH_SIZE       64u

enum payload_hash_algorithm {
    PAYLOAD_HASH_SHA512 = 1, /* FIPS 180-4 */
};

enum payload_role {
    PAYLOAD_ROLE_KERNEL = 1,  /* the separation kernel, an ELF64 executable; exactly one */
    PAYLOAD_ROLE_PLAN = 2,    /* the plan, <skyscope/plan.h>; exactly one */
    PAYLOAD_ROLE_PROGRAM = 3, /* a protection domain's ELF64 program image */
    PAYLOAD_ROLE_DATA = 4,    /* prefill data: guest kernels, initrds, configuration */
};

struct payload_image {
    char name[PAYLOAD_NAME_LENGTH];  /* NUL-terminated, printable ASCII, unique */
    uint32_t role;                   /* enum payload_role */
    uint32_t reserved;               /* 0 */
    uint64_t offset;                 /* from the start of the payload, multiple of 4096 */
    uint64_t size;                   /* bytes, not 0, without padding */
    uint8_t hash[PAYLOAD_HASH_SIZE]; /* of exactly size bytes */
};

struct payload_header {
    char magic[8];                         /* PAYLOAD_MAGIC, no NUL */
    uint32_t version;                      /* PAYLOAD_VERSION */
    uint32_t header_size;                  /* bytes, multiple of 4096 */
    uint64_t total_size;                   /* bytes, multiple of 4096 */
    char system_name[PAYLOAD_NAME_LENGTH]; /* NUL-terminated */
    uint64_t rollback_index;
    uint64_t creation_time;  /* seconds since 1970, 0: not recorded */
    uint32_t hash_algorithm; /* enum payload_hash_algorithm */
    uint32_t image_count;
    uint32_t image_table_offset;
    uint32_t signature_offset; /* 0 while signature_size is 0 */
    uint32_t signature_size;
    uint32_t reserved; /* 0 */
    /* SHA-512 of the first header_size bytes with this field taken as zero. */
    uint8_t header_hash[PAYLOAD_HASH_SIZE];
};

_Static_assert(sizeof(struct payload_image) == 152, "payload format");
_Static_assert(sizeof(struct payload_header) == 192, "payload format");
