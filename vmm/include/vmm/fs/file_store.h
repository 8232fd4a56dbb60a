/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the files of an exported directory are: a packed tree (file_tree.c) or memory (memory_files.c). Nodes have
 * numbers, 0 is the root directory. Functions return 0 or a negated enum file_error; a node number comes from the
 * guest and may be any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Linux's error numbers: they go over the wire. */
enum file_error {
    FILE_NOT_PERMITTED = 1,
    FILE_NOT_FOUND = 2,
    FILE_IO = 5,
    FILE_NO_SUCH_OFFSET = 6,
    FILE_EXISTS = 17,
    FILE_NOT_DIRECTORY = 20,
    FILE_IS_DIRECTORY = 21,
    FILE_INVALID = 22,
    FILE_TOO_BIG = 27,
    FILE_NO_SPACE = 28,
    FILE_READ_ONLY = 30,
    FILE_TOO_MANY_LINKS = 31,
    FILE_NAME_TOO_LONG = 36,
    FILE_UNKNOWN_OPERATION = 38,
    FILE_NOT_EMPTY = 39,
    FILE_NO_DATA = 61,
    FILE_NOT_SUPPORTED = 95,
    FILE_STALE = 116,
};

#define FILE_NAME_MAX   255u
#define FILE_TARGET_MAX 4095u /* bytes of a symbolic link */

struct file_attributes {
    uint64_t size;
    uint64_t modified; /* seconds since 1970 */
    uint64_t parent;   /* node; the root's is itself */
    uint32_t modified_nanoseconds;
    uint32_t mode; /* as enum tree_mode */
    uint32_t links;
    uint32_t owner, group;
};

struct file_entry {
    uint64_t node;
    uint64_t next; /* position of the next entry */
    const char *name;
    uint32_t name_length;
};

struct file_name {
    const char *bytes; /* no NUL, no '/' */
    uint32_t length;   /* 1..FILE_NAME_MAX */
};

struct file_space {
    uint64_t blocks, free_blocks; /* of 4096 bytes */
    uint64_t nodes, free_nodes;
};

/* What file_store_ops.change is to set. */
enum file_change {
    FILE_CHANGE_MODE = 1u << 0,
    FILE_CHANGE_OWNER = 1u << 1,
    FILE_CHANGE_GROUP = 1u << 2,
    FILE_CHANGE_MODIFIED = 1u << 3,
};

struct file_store_ops {
    int (*attributes)(void *store, uint64_t node, struct file_attributes *attributes);
    int (*look_up)(void *store, uint64_t directory, const struct file_name *name, uint64_t *node);
    /* The entry at `position` (0: the first) or the next one behind it; -FILE_NOT_FOUND at the end. */
    int (*list)(void *store, uint64_t directory, uint64_t position, struct file_entry *entry);
    /* Content of a file or target of a link at `offset`, as far as it is in one piece: *available bytes, at most
     * `length`, 0 at the end; *data is NULL where they are all zero. */
    int (*piece)(void *store, uint64_t node, uint64_t offset, uint64_t length, const uint8_t **data,
                 uint64_t *available);
    void (*space)(void *store, struct file_space *space);

    /* The guest has been told of the node once more; it forgets it so many times. NULL: no matter. */
    void (*remember)(void *store, uint64_t node);
    void (*forget)(void *store, uint64_t node, uint64_t times);

    /* All NULL if the store is read-only. */
    int (*make)(void *store, uint64_t directory, const struct file_name *name, const struct file_attributes *attributes,
                uint64_t *node);
    int (*link)(void *store, uint64_t node, uint64_t directory, const struct file_name *name, uint64_t now);
    int (*remove)(void *store, uint64_t directory, const struct file_name *name, bool directory_wanted, uint64_t now);
    /* replace: something of the new name may be there, of the same kind, and goes. */
    int (*rename)(void *store, uint64_t from, const struct file_name *old_name, uint64_t to,
                  const struct file_name *new_name, bool replace, uint64_t now);
    int (*resize)(void *store, uint64_t node, uint64_t size);
    /* Room for content at `offset`, as far as it is in one piece; the file grows when file_store_ops.wrote says so. */
    int (*room)(void *store, uint64_t node, uint64_t offset, uint64_t length, uint8_t **data, uint64_t *available);
    void (*wrote)(void *store, uint64_t node, uint64_t end, uint64_t now);
    int (*change)(void *store, uint64_t node, uint32_t changes, const struct file_attributes *attributes);
};

struct file_store {
    const struct file_store_ops *ops;
    void *context;
};
