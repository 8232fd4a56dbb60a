/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at files: names, attributes, directories, contents. */
#include <stddef.h>

#include <base/memory.h>

#include "fuse_request.h"

/* Seconds that the guest may keep what it learned: it alone changes the files. */
#define VALID_SECONDS 86400u
#define BLOCK         512u
#define ALIGNED(size) (((size) + 7u) & ~(uint64_t)7)
#define TYPE_OF(mode) ((mode) >> 12 & 15u) /* as in readdir(3)'s d_type */

static const uint8_t zeros[4096];

int fuse_attributes_of(const struct fuse_server *server, uint64_t node, struct fuse_attr *out)
{
    struct file_attributes attributes;
    int error = server->store.ops->attributes(server->store.context, node, &attributes);
    if (error != 0) {
        return error;
    }
    *out = (struct fuse_attr){
        .ino = FUSE_NODE(node),
        .size = attributes.size,
        .blocks = (attributes.size + BLOCK - 1) / BLOCK,
        .atime = attributes.modified,
        .mtime = attributes.modified,
        .ctime = attributes.modified,
        .atimensec = attributes.modified_nanoseconds,
        .mtimensec = attributes.modified_nanoseconds,
        .ctimensec = attributes.modified_nanoseconds,
        .mode = attributes.mode,
        .nlink = attributes.links,
        .uid = attributes.owner,
        .gid = attributes.group,
        .blksize = 4096,
    };
    return 0;
}

int fuse_entry_of(const struct fuse_server *server, uint64_t node, struct fuse_entry_out *out)
{
    *out =
        (struct fuse_entry_out){.nodeid = FUSE_NODE(node), .entry_valid = VALID_SECONDS, .attr_valid = VALID_SECONDS};
    return fuse_attributes_of(server, node, &out->attr);
}

int fuse_answer_entry(struct fuse_request *request, uint64_t node)
{
    const struct file_store *store = &request->server->store;
    struct fuse_entry_out out;
    int error = fuse_entry_of(request->server, node, &out);
    if (error != 0 || !fuse_answer(request, &out, sizeof(out))) {
        return error != 0 ? error : -FILE_INVALID;
    }
    if (store->ops->remember != NULL) {
        store->ops->remember(store->context, node);
    }
    return 0;
}

int fuse_look_up(struct fuse_request *request)
{
    const struct file_store *store = &request->server->store;
    struct fuse_name name;
    uint64_t end, node;
    int error = fuse_read_name(request, 0, &name, &end);
    if (error == 0) {
        error = store->ops->look_up(store->context, request->node, &name.name, &node);
    }
    return error == 0 ? fuse_answer_entry(request, node) : error;
}

int fuse_get_attributes(struct fuse_request *request)
{
    struct fuse_attr_out out = {.attr_valid = VALID_SECONDS};
    int error = fuse_attributes_of(request->server, request->node, &out.attr);
    if (error != 0) {
        return error;
    }
    return fuse_answer(request, &out, sizeof(out)) ? 0 : -FILE_INVALID;
}

int fuse_statfs(struct fuse_request *request)
{
    const struct file_store *store = &request->server->store;
    struct file_space space;
    store->ops->space(store->context, &space);
    struct fuse_statfs_out out = {.st = {.blocks = space.blocks,
                                         .bfree = space.free_blocks,
                                         .bavail = space.free_blocks,
                                         .files = space.nodes,
                                         .ffree = space.free_nodes,
                                         .bsize = 4096,
                                         .frsize = 4096,
                                         .namelen = FILE_NAME_MAX}};
    return fuse_answer(request, &out, sizeof(out)) ? 0 : -FILE_INVALID;
}

/* --- Contents --- */

/* Answers with up to `size` bytes of content from `offset` on. */
static int answer_content(struct fuse_request *request, uint64_t offset, uint64_t size)
{
    const struct file_store *store = &request->server->store;
    uint64_t room = fuse_room(request);
    size = size < room ? size : room;
    while (size != 0) {
        const uint8_t *data;
        uint64_t available;
        int error = store->ops->piece(store->context, request->node, offset, size, &data, &available);
        if (error != 0) {
            return error;
        }
        if (available == 0) {
            break;
        }
        if (data == NULL) {
            available = available < sizeof(zeros) ? available : sizeof(zeros);
            data = zeros;
        }
        fuse_answer(request, data, available); /* there is room */
        offset += available;
        size -= available;
    }
    return 0;
}

static int check_type(const struct fuse_request *request, uint32_t type)
{
    struct fuse_attr attributes;
    int error = fuse_attributes_of(request->server, request->node, &attributes);
    return error != 0 || TYPE_OF(attributes.mode) == type ? error : -FILE_INVALID;
}

int fuse_read_link(struct fuse_request *request)
{
    int error = check_type(request, 10);
    return error == 0 ? answer_content(request, 0, FILE_TARGET_MAX) : error;
}

int fuse_read(struct fuse_request *request)
{
    struct fuse_read_in in;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    int error = check_type(request, 8);
    if (error != 0 || in.offset > INT64_MAX) {
        return error != 0 ? error : -FILE_INVALID;
    }
    return answer_content(request, in.offset, in.size < FUSE_SERVER_MAX_WRITE ? in.size : FUSE_SERVER_MAX_WRITE);
}

/* Files have no holes that are told of: data up to the end. */
int fuse_lseek(struct fuse_request *request)
{
    enum { SEEK_DATA = 3, SEEK_HOLE = 4 };
    struct fuse_lseek_in in;
    struct fuse_attr attributes;
    if (!fuse_arguments(request, 0, &in, sizeof(in)) || (in.whence != SEEK_DATA && in.whence != SEEK_HOLE)) {
        return -FILE_INVALID;
    }
    int error = fuse_attributes_of(request->server, request->node, &attributes);
    if (error != 0) {
        return error;
    }
    if (in.offset >= attributes.size) {
        return -FILE_NO_SUCH_OFFSET;
    }
    struct fuse_lseek_out out = {.offset = in.whence == SEEK_DATA ? in.offset : attributes.size};
    return fuse_answer(request, &out, sizeof(out)) ? 0 : -FILE_INVALID;
}

/* --- Directories --- */

/* Position 0 is ".", 1 is "..", then come the store's entries. */
static int entry_at(const struct fuse_request *request, uint64_t position, struct file_entry *entry)
{
    const struct file_store *store = &request->server->store;
    if (position < 2) {
        struct file_attributes attributes;
        int error = store->ops->attributes(store->context, request->node, &attributes);
        *entry = (struct file_entry){.node = position == 0 ? request->node : attributes.parent,
                                     .next = position + 1,
                                     .name = "..",
                                     .name_length = (uint32_t)position + 1};
        return error;
    }
    int error = store->ops->list(store->context, request->node, position - 2, entry);
    if (error == 0) {
        entry->next += 2;
    }
    return error;
}

/* Appends an entry; with its attributes if `plus`. 1: there is no room. */
static int answer_directory_entry(struct fuse_request *request, const struct file_entry *entry, uint64_t *room,
                                  bool plus, bool dots)
{
    const struct file_store *store = &request->server->store;
    struct fuse_entry_out attributes;
    int error = fuse_entry_of(request->server, entry->node, &attributes);
    if (error != 0) {
        return error;
    }
    uint64_t size = ALIGNED(sizeof(struct fuse_dirent) + entry->name_length) + (plus ? sizeof(attributes) : 0);
    if (size > *room) {
        return 1;
    }
    struct fuse_dirent header = {.ino = FUSE_NODE(entry->node),
                                 .off = entry->next,
                                 .namelen = entry->name_length,
                                 .type = TYPE_OF(attributes.attr.mode)};
    if (plus) {
        if (dots) { /* not looked up: it knows the directory already */
            memset(&attributes, 0, sizeof(attributes));
        } else if (store->ops->remember != NULL) {
            store->ops->remember(store->context, entry->node);
        }
        fuse_answer(request, &attributes, sizeof(attributes));
    }
    fuse_answer(request, &header, sizeof(header));
    fuse_answer(request, entry->name, entry->name_length);
    fuse_answer(request, zeros, ALIGNED(sizeof(header) + entry->name_length) - sizeof(header) - entry->name_length);
    *room -= size;
    return 0;
}

static int read_directory(struct fuse_request *request, bool plus)
{
    struct fuse_read_in in;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    uint64_t room = in.size < FUSE_SERVER_MAX_WRITE ? in.size : FUSE_SERVER_MAX_WRITE;
    room = fuse_room(request) < room ? fuse_room(request) : room;
    int error = check_type(request, 4);
    uint64_t position = in.offset;
    while (error == 0) {
        struct file_entry entry;
        error = entry_at(request, position, &entry);
        if (error == 0) {
            error = answer_directory_entry(request, &entry, &room, plus, position < 2);
            position = entry.next;
        }
    }
    bool end = error == 1 || error == -FILE_NOT_FOUND;
    return end ? 0 : error;
}

int fuse_read_directory(struct fuse_request *request)
{
    return read_directory(request, false);
}

int fuse_read_directory_plus(struct fuse_request *request)
{
    return read_directory(request, true);
}
