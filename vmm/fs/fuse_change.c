/* SPDX-License-Identifier: BSD-2-Clause */
/* Changing files; only for stores that can be written to. */
#include <stddef.h>

#include <skyscope/tree.h>

#include "fuse_request.h"

#define SECOND      1000000000ull
#define PERMISSIONS 07777u
#define NO_REPLACE  1u /* renameat2(2)'s RENAME_NOREPLACE */

static struct file_attributes new_attributes(const struct fuse_request *request, uint32_t mode)
{
    uint64_t now = fuse_now(request->server);
    return (struct file_attributes){.mode = mode,
                                    .owner = request->header.uid,
                                    .group = request->header.gid,
                                    .modified = now / SECOND,
                                    .modified_nanoseconds = (uint32_t)(now % SECOND)};
}

/* Makes a node whose name is at `offset` of the request. */
static int make(struct fuse_request *request, uint64_t offset, uint32_t mode, uint64_t *node)
{
    const struct file_store *store = &request->server->store;
    struct fuse_name name;
    uint64_t end;
    int error = fuse_read_name(request, offset, &name, &end);
    if (error != 0) {
        return error;
    }
    struct file_attributes attributes = new_attributes(request, mode);
    return store->ops->make(store->context, request->node, &name.name, &attributes, node);
}

int fuse_make_node(struct fuse_request *request)
{
    struct fuse_mknod_in in;
    uint64_t node;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    if ((in.mode & TREE_MODE_TYPE) != TREE_MODE_FILE) {
        return -FILE_NOT_PERMITTED; /* no devices, pipes and sockets */
    }
    int error = make(request, sizeof(in), TREE_MODE_FILE | (in.mode & PERMISSIONS), &node);
    return error == 0 ? fuse_answer_entry(request, node) : error;
}

int fuse_make_directory(struct fuse_request *request)
{
    struct fuse_mkdir_in in;
    uint64_t node;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    int error = make(request, sizeof(in), TREE_MODE_DIRECTORY | (in.mode & PERMISSIONS), &node);
    return error == 0 ? fuse_answer_entry(request, node) : error;
}

int fuse_create(struct fuse_request *request)
{
    struct fuse_create_in in;
    uint64_t node;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    int error = make(request, sizeof(in), TREE_MODE_FILE | (in.mode & PERMISSIONS), &node);
    if (error == 0) {
        error = fuse_answer_entry(request, node);
    }
    struct fuse_open_out open = {.open_flags = FOPEN_KEEP_CACHE};
    return error != 0 || fuse_answer(request, &open, sizeof(open)) ? error : -FILE_INVALID;
}

/* Writes `size` bytes, `offset` bytes behind the request's header, to `position` of the file. Less than that if there
 * is no more room: *written says how many. */
static int write_content(const struct fuse_request *request, uint64_t node, uint64_t offset, uint64_t position,
                         uint64_t size, uint64_t *written)
{
    const struct file_store *store = &request->server->store;
    *written = 0;
    while (*written < size) {
        uint8_t *data;
        uint64_t available;
        int error = store->ops->room(store->context, node, position + *written, size - *written, &data, &available);
        if (error != 0) {
            return *written != 0 ? 0 : error;
        }
        if (!fuse_arguments(request, offset + *written, data, available)) {
            return -FILE_INVALID;
        }
        *written += available;
        store->ops->wrote(store->context, node, position + *written, fuse_now(request->server));
    }
    return 0;
}

int fuse_symlink(struct fuse_request *request)
{
    const struct file_store *store = &request->server->store;
    struct fuse_name name;
    uint64_t end, node, written;
    int error = fuse_read_name(request, 0, &name, &end);
    if (error != 0) {
        return error;
    }
    uint64_t length = request->header.len - sizeof(request->header) - end;
    char last;
    if (length < 2 || length > FILE_TARGET_MAX + 1 || !fuse_arguments(request, end + length - 1, &last, 1) ||
        last != '\0') {
        return length > FILE_TARGET_MAX + 1 ? -FILE_NAME_TOO_LONG : -FILE_INVALID;
    }
    struct file_attributes attributes = new_attributes(request, TREE_MODE_LINK | 0777u);
    error = store->ops->make(store->context, request->node, &name.name, &attributes, &node);
    if (error != 0) {
        return error;
    }
    error = write_content(request, node, end, 0, length - 1, &written);
    if (error != 0 || written != length - 1) {
        store->ops->remove(store->context, request->node, &name.name, false, fuse_now(request->server));
        return error != 0 ? error : -FILE_NO_SPACE;
    }
    return fuse_answer_entry(request, node);
}

int fuse_link(struct fuse_request *request)
{
    const struct file_store *store = &request->server->store;
    struct fuse_link_in in;
    struct fuse_name name;
    uint64_t end;
    if (!fuse_arguments(request, 0, &in, sizeof(in)) || in.oldnodeid == 0) {
        return -FILE_INVALID;
    }
    int error = fuse_read_name(request, sizeof(in), &name, &end);
    if (error == 0) {
        error =
            store->ops->link(store->context, in.oldnodeid - 1, request->node, &name.name, fuse_now(request->server));
    }
    return error == 0 ? fuse_answer_entry(request, in.oldnodeid - 1) : error;
}

static int remove_name(struct fuse_request *request, bool directory)
{
    const struct file_store *store = &request->server->store;
    struct fuse_name name;
    uint64_t end;
    int error = fuse_read_name(request, 0, &name, &end);
    if (error != 0) {
        return error;
    }
    return store->ops->remove(store->context, request->node, &name.name, directory, fuse_now(request->server));
}

int fuse_unlink(struct fuse_request *request)
{
    return remove_name(request, false);
}

int fuse_remove_directory(struct fuse_request *request)
{
    return remove_name(request, true);
}

static int rename_names(struct fuse_request *request, uint64_t offset, uint64_t to, uint32_t flags)
{
    const struct file_store *store = &request->server->store;
    struct fuse_name old_name, new_name;
    uint64_t end;
    if (to == 0 || (flags & ~NO_REPLACE) != 0) {
        return -FILE_INVALID;
    }
    int error = fuse_read_name(request, offset, &old_name, &end);
    if (error == 0) {
        error = fuse_read_name(request, end, &new_name, &end);
    }
    if (error != 0) {
        return error;
    }
    return store->ops->rename(store->context, request->node, &old_name.name, to - 1, &new_name.name,
                              (flags & NO_REPLACE) == 0, fuse_now(request->server));
}

int fuse_rename(struct fuse_request *request)
{
    struct fuse_rename_in in;
    return fuse_arguments(request, 0, &in, sizeof(in)) ? rename_names(request, sizeof(in), in.newdir, 0)
                                                       : -FILE_INVALID;
}

int fuse_rename2(struct fuse_request *request)
{
    struct fuse_rename2_in in;
    return fuse_arguments(request, 0, &in, sizeof(in)) ? rename_names(request, sizeof(in), in.newdir, in.flags)
                                                       : -FILE_INVALID;
}

int fuse_write(struct fuse_request *request)
{
    struct fuse_write_in in;
    struct fuse_attr attributes;
    uint64_t written;
    if (!fuse_arguments(request, 0, &in, sizeof(in)) || in.offset > INT64_MAX) {
        return -FILE_INVALID;
    }
    int error = fuse_attributes_of(request->server, request->node, &attributes);
    if (error != 0) {
        return error;
    }
    if ((attributes.mode & TREE_MODE_TYPE) != TREE_MODE_FILE || in.size > FUSE_SERVER_MAX_WRITE) {
        return -FILE_INVALID;
    }
    error = write_content(request, request->node, sizeof(in), in.offset, in.size, &written);
    struct fuse_write_out out = {.size = (uint32_t)written};
    return error != 0 || fuse_answer(request, &out, sizeof(out)) ? error : -FILE_INVALID;
}

/* What SETATTR changes besides the size. */
static uint32_t changes_of(const struct fuse_request *request, const struct fuse_setattr_in *in,
                           struct file_attributes *attributes)
{
    uint32_t changes = 0;
    if ((in->valid & FATTR_MODE) != 0) {
        changes |= FILE_CHANGE_MODE;
        attributes->mode = in->mode & PERMISSIONS;
    }
    if ((in->valid & FATTR_UID) != 0) {
        changes |= FILE_CHANGE_OWNER;
        attributes->owner = in->uid;
    }
    if ((in->valid & FATTR_GID) != 0) {
        changes |= FILE_CHANGE_GROUP;
        attributes->group = in->gid;
    }
    if ((in->valid & (FATTR_MTIME | FATTR_MTIME_NOW)) != 0) {
        uint64_t now = fuse_now(request->server);
        bool given = (in->valid & FATTR_MTIME_NOW) == 0;
        changes |= FILE_CHANGE_MODIFIED;
        attributes->modified = given ? in->mtime : now / SECOND;
        attributes->modified_nanoseconds = given ? in->mtimensec : (uint32_t)(now % SECOND);
    }
    return changes;
}

int fuse_set_attributes(struct fuse_request *request)
{
    const struct file_store *store = &request->server->store;
    struct fuse_setattr_in in;
    struct file_attributes attributes = {0};
    int error = 0;
    if (!fuse_arguments(request, 0, &in, sizeof(in))) {
        return -FILE_INVALID;
    }
    if ((in.valid & FATTR_SIZE) != 0) {
        error = in.size <= INT64_MAX ? store->ops->resize(store->context, request->node, in.size) : -FILE_INVALID;
        in.valid |= (in.valid & FATTR_MTIME) == 0 ? FATTR_MTIME_NOW : 0;
    }
    if (error == 0) {
        uint32_t changes = changes_of(request, &in, &attributes);
        error = store->ops->change(store->context, request->node, changes, &attributes);
    }
    return error == 0 ? fuse_get_attributes(request) : error;
}
