/* SPDX-License-Identifier: BSD-2-Clause */
/* A packed directory tree, <skyscope/tree.h>, as a read-only store of files. */
#pragma once

#include <skyscope/tree.h>

#include <vmm/fs/file_store.h>

struct file_tree {
    const uint8_t *base;
    const struct tree_node *nodes;
    const char *names;
    struct tree_header header;
};

/* Checks all of it, so that nothing need be checked later. NULL, or what is wrong. size: bytes at base, at least. */
const char *file_tree_init(struct file_tree *tree, const void *base, uint64_t size);
struct file_store file_tree_store(struct file_tree *tree);
