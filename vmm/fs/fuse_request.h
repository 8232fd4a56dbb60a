/* SPDX-License-Identifier: BSD-2-Clause */
/* One request while it is carried out; between the files of the FUSE server. */
#pragma once

#include <linux/fuse.h>

#include <vmm/fs/fuse_server.h>

struct fuse_request {
    struct fuse_server *server;
    const struct virtqueue_chain *chain;
    struct fuse_in_header header; /* a copy, checked: len is within the chain */
    uint64_t node;                /* of the store */
    uint64_t written;             /* bytes of the answer's body */
};

/* A name as it comes: bytes up to a NUL. */
struct fuse_name {
    char bytes[FILE_NAME_MAX + 1];
    struct file_name name;
};

typedef int fuse_operation(struct fuse_request *request);

fuse_operation fuse_look_up, fuse_get_attributes, fuse_read_link, fuse_statfs, fuse_read_directory,
    fuse_read_directory_plus, fuse_read, fuse_lseek;
fuse_operation fuse_set_attributes, fuse_make_node, fuse_make_directory, fuse_symlink, fuse_link, fuse_unlink,
    fuse_remove_directory, fuse_rename, fuse_rename2, fuse_create, fuse_write;

/* Copies `size` bytes of the request's arguments, `offset` bytes behind its header. False if there are fewer. */
bool fuse_arguments(const struct fuse_request *request, uint64_t offset, void *to, uint64_t size);
/* Reads a name at `offset`; *end is the offset behind its NUL. 0, or a negated enum file_error. */
int fuse_read_name(const struct fuse_request *request, uint64_t offset, struct fuse_name *name, uint64_t *end);
/* Appends to the answer. False if there is no room. */
bool fuse_answer(struct fuse_request *request, const void *bytes, uint64_t size);
/* Bytes of answer for which there is room yet. */
uint64_t fuse_room(const struct fuse_request *request);
/* Answers with a node's entry, and lets the store remember that the guest knows it. */
int fuse_answer_entry(struct fuse_request *request, uint64_t node);
/* The attributes as the protocol has them. */
int fuse_attributes_of(const struct fuse_server *server, uint64_t node, struct fuse_attr *out);
int fuse_entry_of(const struct fuse_server *server, uint64_t node, struct fuse_entry_out *out);
/* Nanoseconds since 1970. */
uint64_t fuse_now(const struct fuse_server *server);

/* Node numbers of the protocol: 1 is the root. */
#define FUSE_NODE(node) ((node) + 1)
