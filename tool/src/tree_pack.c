/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <skyscope/tree.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/layout.h>
#include <tool/tree_pack.h>
#include <unistd.h>

#define PERMISSIONS 07777u
#define ALIGNMENT   16u
#define NODES_MAX   0x1000000u

/* One file, directory or link, while its tree is packed. */
struct item {
    const char *path;
    const char *name;
    struct stat status;
    uint32_t parent, first_child, child_count;
    const void *content; /* of a file or link */
    uint64_t offset;
    struct item *same; /* another name of the same file: its content */
};

struct packing {
    struct arena *arena;
    struct list items; /* breadth first */
    const char **reason;
};

static bool fail(struct packing *packing, const char *path, const char *problem)
{
    *packing->reason = arena_format(packing->arena, "%s: %s", path, problem);
    return false;
}

static struct item *find_same(const struct packing *packing, const struct item *item)
{
    LIST_FOR (struct item, other, &packing->items) {
        if (other->status.st_ino == item->status.st_ino && other->status.st_dev == item->status.st_dev) {
            return other;
        }
    }
    return NULL;
}

static bool read_content(struct packing *packing, struct item *item)
{
    const char *reason = NULL;
    if (S_ISLNK(item->status.st_mode)) {
        char target[PATH_MAX];
        ssize_t length = readlink(item->path, target, sizeof(target));
        if (length <= 0 || length > 4095) {
            return fail(packing, item->path, length < 0 ? strerror(errno) : "link with a target of no use");
        }
        char *copy = arena_allocate(packing->arena, (size_t)length);
        memcpy(copy, target, (size_t)length);
        item->content = copy;
        item->status.st_size = length;
        return true;
    }
    if (!S_ISREG(item->status.st_mode)) {
        return fail(packing, item->path, "neither file, directory nor symbolic link; take it away");
    }
    if (item->status.st_nlink > 1) {
        item->same = find_same(packing, item);
        if (item->same != NULL) {
            item->status.st_size = item->same->status.st_size;
            return true;
        }
    }
    const struct blob *blob = read_file(packing->arena, item->path, FILE_MAX_SIZE, &reason);
    if (blob == NULL) {
        return fail(packing, item->path, reason);
    }
    item->content = blob->data;
    item->status.st_size = (off_t)blob->size;
    return true;
}

static bool add_item(struct packing *packing, const char *path, const char *name, uint32_t parent)
{
    struct item *item = ARENA_NEW(packing->arena, struct item);
    *item = (struct item){.path = path, .name = name, .parent = parent};
    /* The root may be a link to a directory; what is below is packed as it is. */
    if ((name[0] == '\0' ? stat(path, &item->status) : lstat(path, &item->status)) != 0) {
        return fail(packing, path, strerror(errno));
    }
    if (strlen(name) > TREE_NAME_MAX || packing->items.count == NODES_MAX) {
        return fail(packing, path, strlen(name) > TREE_NAME_MAX ? "name too long" : "too many files");
    }
    if (!S_ISDIR(item->status.st_mode) && !read_content(packing, item)) {
        return false;
    }
    list_append(packing->arena, &packing->items, item);
    return true;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int but_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool add_children(struct packing *packing, uint32_t index)
{
    struct item *directory = packing->items.items[index];
    struct dirent **entries;
    int count = scandir(directory->path, &entries, but_dots, by_bytes);
    if (count < 0) {
        return fail(packing, directory->path, strerror(errno));
    }
    directory->first_child = (uint32_t)packing->items.count;
    directory->child_count = (uint32_t)count;
    bool good = true;
    for (int i = 0; i < count; i++) {
        const char *name = arena_copy_string(packing->arena, entries[i]->d_name);
        good = good && add_item(packing, arena_format(packing->arena, "%s/%s", directory->path, name), name, index);
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* --- Layout --- */

static struct tree_header place(const struct packing *packing)
{
    struct tree_header header = {
        .magic = TREE_MAGIC,
        .version = TREE_VERSION,
        .node_count = (uint32_t)packing->items.count,
        .nodes = sizeof(struct tree_header),
    };
    header.names = header.nodes + header.node_count * sizeof(struct tree_node);
    LIST_FOR (const struct item, item, &packing->items) {
        header.names_size += strlen(item->name);
    }
    header.size = header.names + header.names_size;
    LIST_FOR (struct item, item, &packing->items) {
        if (item->content != NULL) {
            header.size = align_up(header.size, ALIGNMENT);
            item->offset = header.size;
            header.size += (uint64_t)item->status.st_size;
            header.content_size += (uint64_t)item->status.st_size;
        }
    }
    return header;
}

static void write_tree(const struct packing *packing, const struct tree_header *header, uint64_t epoch, uint8_t *to)
{
    struct tree_node *nodes = (struct tree_node *)(void *)(to + header->nodes);
    uint32_t names = 0;
    memcpy(to, header, sizeof(*header));
    LIST_FOR (const struct item, item, &packing->items) {
        const struct item *source = item->same != NULL ? item->same : item;
        bool directory = S_ISDIR(item->status.st_mode);
        uint32_t length = (uint32_t)strlen(item->name);
        *nodes++ = (struct tree_node){
            .size = directory ? 0 : (uint64_t)item->status.st_size,
            .content = source->offset,
            .modified = epoch,
            .mode = (item->status.st_mode & S_IFMT) | (item->status.st_mode & PERMISSIONS),
            .parent = item->parent,
            .name = names,
            .name_length = length,
            .first_child = item->child_count != 0 ? item->first_child : 0,
            .child_count = item->child_count,
        };
        memcpy(to + header->names + names, item->name, length);
        names += length;
        if (item->content != NULL) {
            memcpy(to + item->offset, item->content, (size_t)item->status.st_size);
        }
    }
}

struct blob *tree_pack(struct arena *arena, const char *directory, uint64_t epoch, const char *name,
                       const char **reason)
{
    struct packing packing = {.arena = arena, .reason = reason};
    if (!add_item(&packing, directory, "", 0)) {
        return NULL;
    }
    const struct item *root = packing.items.items[0];
    if (!S_ISDIR(root->status.st_mode)) {
        fail(&packing, directory, "no directory");
        return NULL;
    }
    for (uint32_t i = 0; i < packing.items.count; i++) {
        const struct item *item = packing.items.items[i];
        if (S_ISDIR(item->status.st_mode) && !add_children(&packing, i)) {
            return NULL;
        }
    }
    struct tree_header header = place(&packing);
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob =
        (struct blob){.data = arena_allocate(arena, header.size), .size = header.size, .path = name, .generated = true};
    write_tree(&packing, &header, epoch, blob->data);
    return blob;
}
