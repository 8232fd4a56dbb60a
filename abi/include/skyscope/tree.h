/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory tree in one piece of memory, as the tool packs it and a VMM exports it, read-only: header, nodes, names,
 * contents. All numbers are little-endian; offsets count from the start.
 *
 * Nodes are numbered breadth first: node 0 is the root directory; the children of a directory are next to each other,
 * sorted by the bytes of their names, and have higher numbers than it.
 */
#pragma once

#include <stdint.h>

#define TREE_MAGIC    0x3045455254534b53ull /* "SKSTREE0" */
#define TREE_VERSION  1u
#define TREE_NAME_MAX 255u /* bytes */

enum tree_mode { /* as in Linux's st_mode */
                 TREE_MODE_TYPE = 0170000,
                 TREE_MODE_FILE = 0100000,
                 TREE_MODE_DIRECTORY = 0040000,
                 TREE_MODE_LINK = 0120000,
};

struct tree_node {
    uint64_t size;     /* bytes of content; a link's target; 0 of a directory */
    uint64_t content;  /* offset of it */
    uint64_t modified; /* seconds since 1970 */
    uint32_t mode;     /* type and permissions */
    uint32_t owner, group;
    uint32_t parent;      /* node */
    uint32_t name;        /* offset in the names */
    uint32_t name_length; /* bytes, 1..TREE_NAME_MAX; 0 of the root */
    uint32_t first_child; /* node; directories only */
    uint32_t child_count;
};
_Static_assert(sizeof(struct tree_node) == 56, "no padding");

struct tree_header {
    uint64_t magic;
    uint32_t version;
    uint32_t node_count;   /* 1 or more */
    uint64_t nodes;        /* offset, multiple of 8 */
    uint64_t names;        /* offset */
    uint64_t names_size;   /* bytes */
    uint64_t content_size; /* bytes of all files together, each counted once */
    uint64_t size;         /* bytes of all of it */
    uint64_t reserved;
};
_Static_assert(sizeof(struct tree_header) == 64, "no padding");
