/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of files: a tree of index blocks with 1,024 numbers each. */
#include <stddef.h>

#include <base/memory.h>

#include "memory_internal.h"

#define BLOCK      MEMORY_FILES_BLOCK
#define PER_INDEX  (BLOCK / 4)
#define INDEX_BITS 10u
#define HEIGHT_MAX 4u /* 4 PiB: more than an offset of the protocol that there is memory for */

static uint32_t *index_block(const struct memory_files *files, uint32_t block)
{
    return (uint32_t *)(void *)(files->blocks + (uint64_t)block * BLOCK);
}

void memory_blocks_init(struct memory_files *files)
{
    for (uint32_t i = 0; i < files->block_count; i++) {
        *index_block(files, i) = i + 1 < files->block_count ? i + 1 : NONE;
    }
    files->free_block = files->block_count != 0 ? 0 : NONE;
    files->free_blocks = files->block_count;
}

/* A block filled with `byte`, or NONE. */
static uint32_t take(struct memory_files *files, int byte)
{
    uint32_t block = files->free_block;
    if (block != NONE) {
        files->free_block = *index_block(files, block);
        files->free_blocks--;
        memset(index_block(files, block), byte, BLOCK);
    }
    return block;
}

static void give_back(struct memory_files *files, uint32_t block)
{
    *index_block(files, block) = files->free_block;
    files->free_block = block;
    files->free_blocks++;
}

/* Blocks that a tree of this height reaches. */
static uint64_t reach(uint32_t height)
{
    return 1ull << INDEX_BITS * height;
}

static uint32_t slot(uint64_t number, uint32_t level)
{
    return (uint32_t)(number >> INDEX_BITS * (level - 1)) & (PER_INDEX - 1);
}

uint8_t *memory_block_find(const struct memory_files *files, const struct memory_node *node, uint64_t offset)
{
    uint64_t number = offset / BLOCK;
    uint32_t block = node->root;
    if (number >= reach(node->height)) {
        return NULL;
    }
    for (uint32_t level = node->height; level != 0 && block != NONE; level--) {
        block = index_block(files, block)[slot(number, level)];
    }
    return block != NONE ? files->blocks + (uint64_t)block * BLOCK + offset % BLOCK : NULL;
}

uint8_t *memory_block_make(struct memory_files *files, struct memory_node *node, uint64_t offset)
{
    uint64_t number = offset / BLOCK;
    while (number >= reach(node->height)) {
        uint32_t top = node->height < HEIGHT_MAX ? take(files, 0xff) : NONE;
        if (top == NONE) {
            return NULL;
        }
        index_block(files, top)[0] = node->root;
        node->root = top;
        node->height++;
    }
    uint32_t *link = &node->root;
    for (uint32_t level = node->height;; level--) {
        if (*link == NONE) {
            *link = take(files, level != 0 ? 0xff : 0);
        }
        if (*link == NONE) {
            return NULL;
        }
        if (level == 0) {
            return files->blocks + (uint64_t)*link * BLOCK + offset % BLOCK;
        }
        link = &index_block(files, *link)[slot(number, level)];
    }
}

/* Frees what a tree of this height has from block number `first` on; NONE if nothing is left of it. */
static uint32_t cut(struct memory_files *files, uint32_t block, uint32_t height, uint64_t first)
{
    if (block == NONE) {
        return NONE;
    }
    if (height != 0) {
        uint32_t *index = index_block(files, block);
        uint64_t each = reach(height - 1);
        for (uint64_t i = first / each; i < PER_INDEX; i++) {
            uint64_t start = i * each;
            index[i] = cut(files, index[i], height - 1, first > start ? first - start : 0);
        }
    }
    if (first != 0) {
        return block;
    }
    give_back(files, block);
    return NONE;
}

void memory_blocks_cut(struct memory_files *files, struct memory_node *node, uint64_t size)
{
    uint64_t first = (size + BLOCK - 1) / BLOCK;
    if (first < reach(node->height)) {
        node->root = cut(files, node->root, node->height, first);
    }
    if (node->root == NONE) {
        node->height = 0;
    }
    uint8_t *rest = size % BLOCK != 0 ? memory_block_find(files, node, size) : NULL;
    if (rest != NULL) {
        memset(rest, 0, BLOCK - size % BLOCK);
    }
}
