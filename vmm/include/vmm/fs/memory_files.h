/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files in a piece of memory: a store that can be written to, empty at first, of bounded size. Nodes, names and blocks
 * of 4 KiB are in tables made once; what is full answers with FILE_NO_SPACE.
 *
 * A file's blocks are the leaves of a tree of index blocks, as high as its size asks for; what was never written has no
 * block and reads as zeros.
 */
#pragma once

#include <vmm/fs/file_store.h>

#define MEMORY_FILES_BLOCK   4096u
#define MEMORY_FILES_MINIMUM 0x40000u /* bytes of memory */
#define MEMORY_FILES_NONE    0xffffffffu

struct memory_node {
    uint64_t size;
    uint64_t modified;
    uint64_t lookups;       /* times that the guest has been told of it and has not forgotten it */
    uint64_t next_position; /* directory: of the next entry made in it */
    uint32_t modified_nanoseconds;
    uint32_t mode; /* 0: free */
    uint32_t links;
    uint32_t owner, group;
    uint32_t parent;                  /* directory */
    uint32_t first_entry, last_entry; /* directory: list */
    uint32_t cursor;                  /* directory: entry that was listed last, MEMORY_FILES_NONE: none */
    uint32_t root;                    /* file: block at the top of its tree; free: next free node */
    uint32_t height;                  /* levels of index blocks above the content */
};

struct memory_entry {
    uint64_t position;
    uint32_t directory, node;
    uint32_t next, previous; /* in the directory */
    uint32_t next_in_bucket; /* free: next free entry */
    uint32_t name_length;
    char name[FILE_NAME_MAX + 1];
};

struct memory_files {
    struct memory_node *nodes;
    struct memory_entry *entries;
    uint32_t *buckets;
    uint8_t *blocks;
    uint32_t node_count, bucket_count, block_count;
    uint32_t free_node, free_entry, free_block;
    uint32_t free_nodes, free_blocks;
};

/* Makes an empty root directory. False if there are fewer than MEMORY_FILES_MINIMUM bytes, or more than 1 TiB. The
 * memory is 8-byte aligned and need not be zero. */
bool memory_files_init(struct memory_files *files, void *memory, uint64_t size);
struct file_store memory_files_store(struct memory_files *files);
/* The guest was reset and knows no node any more: what has no name is freed. */
void memory_files_forget_all(struct memory_files *files);
