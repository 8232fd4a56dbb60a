/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of the FUSE server: the other side of the protocol, without a virtqueue. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/fuse.h>

#include <vmm/fs/fuse_server.h>

#define CLIENT_ROOT 1u
#define CLIENT_NOW  1700000000123456789ull

struct fuse_client {
    struct fuse_server server;
    uint8_t request[sizeof(struct fuse_in_header) + 0x21000];
    uint8_t answer[sizeof(struct fuse_out_header) + 0x21000];
    uint32_t answer_size; /* of its body */
    uint32_t room;        /* bytes for the body, all of answer if 0 */
    uint64_t unique;
};

void client_init(struct fuse_client *client, struct file_store store);
/* Sends a request: two pieces of arguments. The error (0 or negative); the answer's body is in client_body(). */
int client_call(struct fuse_client *client, uint32_t opcode, uint64_t node, const void *first, uint32_t first_size,
                const void *second, uint32_t second_size);
const void *client_body(const struct fuse_client *client);

/* --- What programs do. Nodes are the protocol's; errors negative. --- */

int client_look_up(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node);
int client_create(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node);
int client_mkdir(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node);
int client_unlink(struct fuse_client *client, uint64_t directory, const char *name);
int client_rmdir(struct fuse_client *client, uint64_t directory, const char *name);
int client_rename(struct fuse_client *client, uint64_t from, const char *old_name, uint64_t to, const char *new_name,
                  uint32_t flags);
int client_write(struct fuse_client *client, uint64_t node, uint64_t offset, const void *data, uint32_t size);
/* Bytes read, or a negative error. */
int client_read(struct fuse_client *client, uint64_t node, uint64_t offset, void *to, uint32_t size);
int client_truncate(struct fuse_client *client, uint64_t node, uint64_t size);
int client_attributes(struct fuse_client *client, uint64_t node, struct fuse_attr *attributes);
void client_forget(struct fuse_client *client, uint64_t node, uint64_t times);
/* The names of a directory but "." and "..", each followed by a blank, in their order. `size`: bytes asked for at a
 * time. */
int client_list(struct fuse_client *client, uint64_t directory, uint32_t size, char *names, size_t names_size);
