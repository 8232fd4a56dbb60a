/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/memory.h>

#include "overlay.h"

#define BLOCK STORAGE_OVERLAY_BLOCK

bool overlay_initialise(struct overlay *overlay, const uint8_t *image, uint64_t size, uint8_t *memory,
                        uint64_t memory_size, uint32_t *map, uint64_t map_size)
{
    uint64_t blocks = STORAGE_OVERLAY_BLOCKS(size), capacity = memory_size / BLOCK;
    if (size == 0 || capacity == 0 || blocks >= OVERLAY_ZERO || capacity >= OVERLAY_ZERO ||
        map_size < STORAGE_OVERLAY_MAP_SIZE(size, memory_size)) {
        return false;
    }
    *overlay = (struct overlay){
        .image = image,
        .size = size,
        .memory = memory,
        .map = map,
        .free = map + blocks,
        .capacity = (uint32_t)capacity,
    };
    return true;
}

static uint8_t *block_memory(const struct overlay *overlay, uint32_t entry)
{
    return overlay->memory + (uint64_t)(entry - 1) * BLOCK;
}

/* A number in memory plus 1; 0: there is none left. */
static uint32_t allocate(struct overlay *overlay)
{
    uint32_t entry = overlay->first_free;
    if (entry != 0) {
        overlay->first_free = overlay->free[entry - 1];
    } else if (overlay->fresh < overlay->capacity) {
        entry = ++overlay->fresh;
    } else {
        return 0;
    }
    overlay->used++;
    return entry;
}

static void give_back(struct overlay *overlay, uint32_t entry)
{
    if (entry != 0 && entry != OVERLAY_ZERO) {
        overlay->free[entry - 1] = overlay->first_free;
        overlay->first_free = entry;
        overlay->used--;
    }
}

/* Bytes from offset to the end of its block, at most length. */
static uint64_t piece(uint64_t offset, uint64_t length)
{
    uint64_t rest = BLOCK - offset % BLOCK;
    return rest < length ? rest : length;
}

/* Bytes of the image in the block that begins at start; the last one may be short. */
static uint64_t block_length(const struct overlay *overlay, uint64_t start)
{
    return overlay->size - start < BLOCK ? overlay->size - start : BLOCK;
}

void overlay_read(const struct overlay *overlay, uint64_t offset, void *to, uint64_t length)
{
    uint8_t *at = to;
    while (length > 0) {
        uint64_t count = piece(offset, length);
        uint32_t entry = overlay->map[offset / BLOCK];
        if (entry == OVERLAY_ZERO) {
            memset(at, 0, count);
        } else if (entry == 0) {
            memcpy(at, overlay->image + offset, count);
        } else {
            memcpy(at, block_memory(overlay, entry) + offset % BLOCK, count);
        }
        at += count;
        offset += count;
        length -= count;
    }
}

/* Memory of the block that offset lies in. What is not overwritten at once (`whole`) is copied from below. NULL: there
 * is no memory left. */
static uint8_t *own_block(struct overlay *overlay, uint64_t offset, bool whole)
{
    uint32_t *entry = &overlay->map[offset / BLOCK];
    if (*entry != 0 && *entry != OVERLAY_ZERO) {
        return block_memory(overlay, *entry);
    }
    uint32_t fresh = allocate(overlay);
    if (fresh == 0) {
        return NULL;
    }
    uint8_t *block = block_memory(overlay, fresh);
    uint64_t start = offset - offset % BLOCK, length = block_length(overlay, start);
    if (!whole && *entry == 0) {
        memcpy(block, overlay->image + start, length);
    } else if (!whole) {
        memset(block, 0, length);
    }
    *entry = fresh;
    return block;
}

uint64_t overlay_write(struct overlay *overlay, uint64_t offset, const void *from, uint64_t length)
{
    const uint8_t *at = from;
    uint64_t written = 0;
    while (written < length) {
        uint64_t count = piece(offset, length - written);
        uint8_t *block = own_block(overlay, offset, count == block_length(overlay, offset - offset % BLOCK));
        if (block == NULL) {
            break;
        }
        memcpy(block + offset % BLOCK, at + written, count);
        written += count;
        offset += count;
    }
    return written;
}

uint64_t overlay_zero(struct overlay *overlay, uint64_t offset, uint64_t length)
{
    uint64_t zeroed = 0;
    while (zeroed < length) {
        uint64_t count = piece(offset, length - zeroed);
        uint32_t *entry = &overlay->map[offset / BLOCK];
        if (count == block_length(overlay, offset - offset % BLOCK)) {
            give_back(overlay, *entry);
            *entry = OVERLAY_ZERO;
        } else if (*entry != OVERLAY_ZERO) {
            uint8_t *block = own_block(overlay, offset, false);
            if (block == NULL) {
                break;
            }
            memset(block + offset % BLOCK, 0, count);
        }
        zeroed += count;
        offset += count;
    }
    return zeroed;
}

void overlay_discard(struct overlay *overlay, uint64_t offset, uint64_t length)
{
    while (length > 0) {
        uint64_t count = piece(offset, length);
        if (count == block_length(overlay, offset - offset % BLOCK)) {
            uint32_t *entry = &overlay->map[offset / BLOCK];
            give_back(overlay, *entry);
            *entry = OVERLAY_ZERO;
        }
        offset += count;
        length -= count;
    }
}
