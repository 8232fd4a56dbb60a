/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the store of files in memory. */
#pragma once

#include <skyscope/tree.h>

#include <vmm/fs/memory_files.h>

#define NONE MEMORY_FILES_NONE

static inline bool memory_is_type(const struct memory_node *node, uint32_t type)
{
    return (node->mode & TREE_MODE_TYPE) == type;
}

/* --- Blocks of a file (memory_blocks.c) --- */

/* All blocks free. */
void memory_blocks_init(struct memory_files *files);
/* Content at `offset`, in one block; NULL: nothing was written there. */
uint8_t *memory_block_find(const struct memory_files *files, const struct memory_node *node, uint64_t offset);
/* The same, made if it is not there. NULL: no block is free. */
uint8_t *memory_block_make(struct memory_files *files, struct memory_node *node, uint64_t offset);
/* Frees the blocks beyond `size`, and zeroes the rest of the last one. */
void memory_blocks_cut(struct memory_files *files, struct memory_node *node, uint64_t size);

/* --- Names in directories (memory_names.c) --- */

void memory_names_init(struct memory_files *files);
/* The entry, or NONE. */
uint32_t memory_name_find(const struct memory_files *files, uint32_t directory, const struct file_name *name);
/* A new one, at the end of the directory. False: no entry is free. */
bool memory_name_add(struct memory_files *files, uint32_t directory, const struct file_name *name, uint32_t node);
void memory_name_remove(struct memory_files *files, uint32_t entry);
/* The first entry at or behind `position`, or NONE. */
uint32_t memory_name_at(struct memory_files *files, uint32_t directory, uint64_t position);
