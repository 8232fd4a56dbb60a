/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuse_client.h"

#include <stdio.h>
#include <string.h>

static uint64_t now(void *context)
{
    (void)context;
    return CLIENT_NOW;
}

void client_init(struct fuse_client *client, struct file_store store)
{
    client->room = 0;
    fuse_server_init(&client->server, store, now, NULL);
    struct fuse_init_in in = {.major = 7, .minor = 36, .max_readahead = 0x20000, .flags = ~0u};
    assert_int_equal(client_call(client, FUSE_INIT, 0, &in, sizeof(in), NULL, 0), 0);
    const struct fuse_init_out *out = client_body(client);
    assert_int_equal(out->major, 7);
    /* There is no OPEN: it could not be what truncates a file. */
    assert_true((out->flags & FUSE_NO_OPEN_SUPPORT) != 0);
    assert_int_equal(out->flags & FUSE_ATOMIC_O_TRUNC, 0);
}

int client_call(struct fuse_client *client, uint32_t opcode, uint64_t node, const void *first, uint32_t first_size,
                const void *second, uint32_t second_size)
{
    struct fuse_in_header header = {.len = (uint32_t)sizeof(header) + first_size + second_size,
                                    .opcode = opcode,
                                    .unique = ++client->unique,
                                    .nodeid = node,
                                    .uid = 1000,
                                    .gid = 100};
    assert_true(header.len <= sizeof(client->request));
    memcpy(client->request, &header, sizeof(header));
    if (first_size != 0) {
        memcpy(client->request + sizeof(header), first, first_size);
    }
    if (second_size != 0) {
        memcpy(client->request + sizeof(header) + first_size, second, second_size);
    }
    uint32_t room =
        client->room != 0 ? client->room : (uint32_t)(sizeof(client->answer) - sizeof(struct fuse_out_header));
    /* Pieces that end in the middle of everything. */
    uint32_t half = header.len / 3 + 1;
    struct virtio_segment segments[4] = {
        {client->request, half},
        {client->request + half, header.len - half},
        {client->answer, 7},
        {client->answer + 7, (uint32_t)sizeof(struct fuse_out_header) - 7 + room},
    };
    struct virtqueue_chain chain = {.segments = segments,
                                    .capacity = 4,
                                    .readable_count = 2,
                                    .writable_count = 2,
                                    .readable_length = header.len,
                                    .writable_length = sizeof(struct fuse_out_header) + room};
    memset(client->answer, 0xee, sizeof(client->answer));
    uint32_t written = fuse_server_handle(&client->server, &chain);
    if (written == 0) {
        client->answer_size = 0;
        return 0;
    }
    const struct fuse_out_header *out = (const void *)client->answer;
    assert_int_equal(out->len, written);
    assert_int_equal(out->unique, header.unique);
    assert_true(written <= chain.writable_length);
    client->answer_size = written - (uint32_t)sizeof(*out);
    return out->error;
}

const void *client_body(const struct fuse_client *client)
{
    return client->answer + sizeof(struct fuse_out_header);
}

static uint32_t length_of(const char *name)
{
    return (uint32_t)strlen(name) + 1;
}

static int entry(const struct fuse_client *client, int error, uint64_t *node)
{
    if (error == 0) {
        const struct fuse_entry_out *out = client_body(client);
        assert_true(client->answer_size >= sizeof(*out));
        *node = out->nodeid;
        assert_int_equal(out->attr.ino, out->nodeid);
    }
    return error;
}

int client_look_up(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node)
{
    return entry(client, client_call(client, FUSE_LOOKUP, directory, name, length_of(name), NULL, 0), node);
}

int client_create(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node)
{
    struct fuse_create_in in = {.mode = 0100644};
    return entry(client, client_call(client, FUSE_CREATE, directory, &in, sizeof(in), name, length_of(name)), node);
}

int client_mkdir(struct fuse_client *client, uint64_t directory, const char *name, uint64_t *node)
{
    struct fuse_mkdir_in in = {.mode = 0755};
    return entry(client, client_call(client, FUSE_MKDIR, directory, &in, sizeof(in), name, length_of(name)), node);
}

int client_unlink(struct fuse_client *client, uint64_t directory, const char *name)
{
    return client_call(client, FUSE_UNLINK, directory, name, length_of(name), NULL, 0);
}

int client_rmdir(struct fuse_client *client, uint64_t directory, const char *name)
{
    return client_call(client, FUSE_RMDIR, directory, name, length_of(name), NULL, 0);
}

int client_rename(struct fuse_client *client, uint64_t from, const char *old_name, uint64_t to, const char *new_name,
                  uint32_t flags)
{
    struct fuse_rename2_in in = {.newdir = to, .flags = flags};
    char names[600];
    uint32_t first = length_of(old_name);
    memcpy(names, old_name, first);
    memcpy(names + first, new_name, length_of(new_name));
    return client_call(client, FUSE_RENAME2, from, &in, sizeof(in), names, first + length_of(new_name));
}

int client_write(struct fuse_client *client, uint64_t node, uint64_t offset, const void *data, uint32_t size)
{
    struct fuse_write_in in = {.offset = offset, .size = size};
    int error = client_call(client, FUSE_WRITE, node, &in, sizeof(in), data, size);
    return error != 0 ? error : (int)((const struct fuse_write_out *)client_body(client))->size;
}

int client_read(struct fuse_client *client, uint64_t node, uint64_t offset, void *to, uint32_t size)
{
    struct fuse_read_in in = {.offset = offset, .size = size};
    int error = client_call(client, FUSE_READ, node, &in, sizeof(in), NULL, 0);
    if (error != 0) {
        return error;
    }
    assert_true(client->answer_size <= size);
    memcpy(to, client_body(client), client->answer_size);
    return (int)client->answer_size;
}

int client_truncate(struct fuse_client *client, uint64_t node, uint64_t size)
{
    struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = size};
    return client_call(client, FUSE_SETATTR, node, &in, sizeof(in), NULL, 0);
}

int client_attributes(struct fuse_client *client, uint64_t node, struct fuse_attr *attributes)
{
    struct fuse_getattr_in in = {0};
    int error = client_call(client, FUSE_GETATTR, node, &in, sizeof(in), NULL, 0);
    if (error == 0) {
        *attributes = ((const struct fuse_attr_out *)client_body(client))->attr;
    }
    return error;
}

void client_forget(struct fuse_client *client, uint64_t node, uint64_t times)
{
    struct fuse_forget_in in = {.nlookup = times};
    assert_int_equal(client_call(client, FUSE_FORGET, node, &in, sizeof(in), NULL, 0), 0);
    assert_int_equal(client->answer_size, 0);
}

int client_list(struct fuse_client *client, uint64_t directory, uint32_t size, char *names, size_t names_size)
{
    uint64_t position = 0;
    size_t used = 0;
    names[0] = '\0';
    for (;;) {
        struct fuse_read_in in = {.offset = position, .size = size};
        int error = client_call(client, FUSE_READDIR, directory, &in, sizeof(in), NULL, 0);
        if (error != 0 || client->answer_size == 0) {
            return error;
        }
        const uint8_t *at = client_body(client);
        for (uint32_t done = 0; done < client->answer_size;) {
            struct fuse_dirent header;
            memcpy(&header, at + done, sizeof(header));
            const char *name = (const char *)at + done + sizeof(header);
            assert_true(done + sizeof(header) + header.namelen <= client->answer_size);
            if (position >= 2) {
                used += (size_t)snprintf(names + used, names_size - used, "%.*s ", (int)header.namelen, name);
                assert_true(used < names_size);
            }
            assert_true(header.off > position);
            position = header.off;
            done += (uint32_t)(sizeof(header) + header.namelen + 7) & ~7u;
        }
    }
}
