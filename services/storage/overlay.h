/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copy on write: an image that is only read, and above it memory for the blocks that were changed. A map says of each
 * block of the image where its content is now. All is bounded by what the configuration gave; blocks of zeros take no
 * memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/storage_config.h>

struct overlay {
    const uint8_t *image;
    uint64_t size;   /* bytes of the image */
    uint8_t *memory; /* `capacity` blocks */
    uint32_t *map;   /* of each block of the image: 0 unchanged, OVERLAY_ZERO, else number in memory plus 1 */
    uint32_t *free;  /* of each block of memory that is free again: the next such, plus 1 */
    uint32_t capacity, used;
    uint32_t fresh;      /* blocks of memory from here on were never used */
    uint32_t first_free; /* plus 1; 0: none */
};

#define OVERLAY_ZERO 0xffffffffu

/* map: STORAGE_OVERLAY_MAP_SIZE(size, memory_size) bytes, zero. False: the sizes make no sense. */
bool overlay_initialise(struct overlay *overlay, const uint8_t *image, uint64_t size, uint8_t *memory,
                        uint64_t memory_size, uint32_t *map, uint64_t map_size);

/* [offset, offset + length) lies within the image. */
void overlay_read(const struct overlay *overlay, uint64_t offset, void *to, uint64_t length);
/* Returns how many bytes were written: fewer than length if the memory is used up. */
uint64_t overlay_write(struct overlay *overlay, uint64_t offset, const void *from, uint64_t length);
/* Whole blocks give back their memory; parts of blocks are overwritten. Returns how many bytes were zeroed. */
uint64_t overlay_zero(struct overlay *overlay, uint64_t offset, uint64_t length);
/* As zeroing, for whole blocks; parts of blocks stay as they are. */
void overlay_discard(struct overlay *overlay, uint64_t offset, uint64_t length);
