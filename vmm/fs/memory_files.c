/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include <base/memory.h>

#include "memory_internal.h"

#define LINKS_MAX      65000u
#define PERMISSIONS    07777u
#define SET_GROUP_ID   02000u
#define BYTES_PER_NODE 8192u
#define NODES_MAX      0x100000u
#define SIZE_MAX_BYTES (1ull << 40)

/* --- Making --- */

bool memory_files_init(struct memory_files *files, void *memory, uint64_t size)
{
    memset(files, 0, sizeof(*files));
    if (memory == NULL || size < MEMORY_FILES_MINIMUM || size > SIZE_MAX_BYTES) {
        return false;
    }
    uint64_t nodes = size / BYTES_PER_NODE;
    files->node_count = nodes < NODES_MAX ? (uint32_t)nodes : NODES_MAX;
    files->bucket_count = 1;
    while (files->bucket_count < files->node_count) {
        files->bucket_count *= 2;
    }
    uint8_t *at = memory;
    files->nodes = (struct memory_node *)(void *)at;
    at += files->node_count * sizeof(struct memory_node);
    files->entries = (struct memory_entry *)(void *)at;
    at += files->node_count * sizeof(struct memory_entry);
    files->buckets = (uint32_t *)(void *)at;
    at += files->bucket_count * sizeof(uint32_t);
    uint64_t tables =
        ((uint64_t)(at - (uint8_t *)memory) + MEMORY_FILES_BLOCK - 1) & ~(uint64_t)(MEMORY_FILES_BLOCK - 1);
    files->blocks = (uint8_t *)memory + tables;
    files->block_count = (uint32_t)((size - tables) / MEMORY_FILES_BLOCK);
    memory_blocks_init(files);
    memory_names_init(files);
    for (uint32_t i = 1; i < files->node_count; i++) {
        files->nodes[i] = (struct memory_node){.root = i + 1 < files->node_count ? i + 1 : NONE};
    }
    files->free_node = 1;
    files->free_nodes = files->node_count - 1;
    files->nodes[0] = (struct memory_node){.mode = TREE_MODE_DIRECTORY | 0755u,
                                           .links = 1,
                                           .first_entry = NONE,
                                           .last_entry = NONE,
                                           .cursor = NONE,
                                           .root = NONE};
    return true;
}

/* --- Nodes --- */

/* The node that a number from the guest means, or NULL. */
static struct memory_node *node_of(const struct memory_files *files, uint64_t node)
{
    return node < files->node_count && files->nodes[node].mode != 0 ? &files->nodes[node] : NULL;
}

/* A directory that names can be made in. */
static int directory_of(const struct memory_files *files, uint64_t node, struct memory_node **directory)
{
    *directory = node_of(files, node);
    if (*directory == NULL) {
        return -FILE_STALE;
    }
    if (!memory_is_type(*directory, TREE_MODE_DIRECTORY)) {
        return -FILE_NOT_DIRECTORY;
    }
    return (*directory)->links != 0 ? 0 : -FILE_NOT_FOUND; /* removed, and somebody is still in it */
}

/* A directory's entry of that name. */
static int entry_of(const struct memory_files *files, uint64_t node, const struct file_name *name,
                    struct memory_node **directory, uint32_t *entry)
{
    int error = directory_of(files, node, directory);
    if (error != 0) {
        return error;
    }
    *entry = memory_name_find(files, (uint32_t)node, name);
    return *entry != NONE ? 0 : -FILE_NOT_FOUND;
}

static void free_if_unused(struct memory_files *files, uint32_t index)
{
    struct memory_node *node = &files->nodes[index];
    if (index == 0 || node->links != 0 || node->lookups != 0) {
        return;
    }
    memory_blocks_cut(files, node, 0);
    *node = (struct memory_node){.root = files->free_node};
    files->free_node = index;
    files->free_nodes++;
}

static void touch(struct memory_node *node, uint64_t now)
{
    node->modified = now / 1000000000u;
    node->modified_nanoseconds = (uint32_t)(now % 1000000000u);
}

void memory_files_forget_all(struct memory_files *files)
{
    for (uint32_t i = 1; i < files->node_count; i++) {
        if (files->nodes[i].mode != 0) {
            files->nodes[i].lookups = 0;
            free_if_unused(files, i);
        }
    }
}

static void remember(void *store, uint64_t node)
{
    struct memory_files *files = store;
    files->nodes[node].lookups++; /* the caller has just looked at it */
}

static void forget(void *store, uint64_t node, uint64_t times)
{
    struct memory_files *files = store;
    struct memory_node *one = node_of(files, node);
    if (one != NULL) {
        one->lookups -= times < one->lookups ? times : one->lookups;
        free_if_unused(files, (uint32_t)node);
    }
}

/* --- Looking --- */

static int attributes(void *store, uint64_t node, struct file_attributes *out)
{
    const struct memory_files *files = store;
    const struct memory_node *one = node_of(files, node);
    if (one == NULL) {
        return -FILE_STALE;
    }
    *out = (struct file_attributes){
        .size = one->size,
        .modified = one->modified,
        .modified_nanoseconds = one->modified_nanoseconds,
        .parent = one->parent,
        .mode = one->mode,
        .links = one->links,
        .owner = one->owner,
        .group = one->group,
    };
    return 0;
}

static int look_up(void *store, uint64_t directory, const struct file_name *name, uint64_t *node)
{
    const struct memory_files *files = store;
    struct memory_node *parent;
    uint32_t entry;
    int error = entry_of(files, directory, name, &parent, &entry);
    if (error == 0) {
        *node = files->entries[entry].node;
    }
    return error;
}

static int list(void *store, uint64_t directory, uint64_t position, struct file_entry *out)
{
    struct memory_files *files = store;
    struct memory_node *parent;
    int error = directory_of(files, directory, &parent);
    if (error != 0) {
        return error;
    }
    uint32_t at = memory_name_at(files, (uint32_t)directory, position);
    if (at == NONE) {
        return -FILE_NOT_FOUND;
    }
    const struct memory_entry *entry = &files->entries[at];
    *out = (struct file_entry){
        .node = entry->node, .next = entry->position + 1, .name = entry->name, .name_length = entry->name_length};
    return 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int piece(void *store, uint64_t node, uint64_t offset, uint64_t length, const uint8_t **data,
                 uint64_t *available)
{
    const struct memory_files *files = store;
    const struct memory_node *one = node_of(files, node);
    if (one == NULL) {
        return -FILE_STALE;
    }
    if (memory_is_type(one, TREE_MODE_DIRECTORY)) {
        return -FILE_IS_DIRECTORY;
    }
    uint64_t rest = offset < one->size ? one->size - offset : 0;
    *available = smaller(smaller(length, rest), MEMORY_FILES_BLOCK - offset % MEMORY_FILES_BLOCK);
    *data = memory_block_find(files, one, offset);
    return 0;
}

static void space(void *store, struct file_space *out)
{
    const struct memory_files *files = store;
    *out = (struct file_space){.blocks = files->block_count,
                               .free_blocks = files->free_blocks,
                               .nodes = files->node_count,
                               .free_nodes = files->free_nodes};
}

/* --- Changing --- */

static int make(void *store, uint64_t directory, const struct file_name *name,
                const struct file_attributes *attributes_wanted, uint64_t *node)
{
    struct memory_files *files = store;
    struct memory_node *parent;
    int error = directory_of(files, directory, &parent);
    if (error != 0) {
        return error;
    }
    if (memory_name_find(files, (uint32_t)directory, name) != NONE) {
        return -FILE_EXISTS;
    }
    uint32_t index = files->free_node;
    if (index == NONE || !memory_name_add(files, (uint32_t)directory, name, index)) {
        return -FILE_NO_SPACE;
    }
    struct memory_node *one = &files->nodes[index];
    files->free_node = one->root;
    files->free_nodes--;
    *one = (struct memory_node){
        .mode = attributes_wanted->mode,
        .links = 1,
        .owner = attributes_wanted->owner,
        .group = attributes_wanted->group,
        .modified = attributes_wanted->modified,
        .modified_nanoseconds = attributes_wanted->modified_nanoseconds,
        .parent = (uint32_t)directory,
        .first_entry = NONE,
        .last_entry = NONE,
        .cursor = NONE,
        .root = NONE,
    };
    /* What is made in such a directory has its group, and a directory is such a one again. */
    if ((parent->mode & SET_GROUP_ID) != 0) {
        one->group = parent->group;
        one->mode |= memory_is_type(one, TREE_MODE_DIRECTORY) ? SET_GROUP_ID : 0u;
    }
    parent->modified = one->modified;
    parent->modified_nanoseconds = one->modified_nanoseconds;
    *node = index;
    return 0;
}

static int link_node(void *store, uint64_t node, uint64_t directory, const struct file_name *name, uint64_t now)
{
    struct memory_files *files = store;
    struct memory_node *parent;
    int error = directory_of(files, directory, &parent);
    if (error != 0) {
        return error;
    }
    struct memory_node *one = node_of(files, node);
    if (one == NULL || one->links == 0) {
        return -FILE_STALE;
    }
    if (memory_is_type(one, TREE_MODE_DIRECTORY)) {
        return -FILE_NOT_PERMITTED;
    }
    if (one->links >= LINKS_MAX) {
        return -FILE_TOO_MANY_LINKS;
    }
    if (memory_name_find(files, (uint32_t)directory, name) != NONE) {
        return -FILE_EXISTS;
    }
    if (!memory_name_add(files, (uint32_t)directory, name, (uint32_t)node)) {
        return -FILE_NO_SPACE;
    }
    one->links++;
    touch(parent, now);
    return 0;
}

/* Whether a name may go: it is of the wanted kind, and a directory is empty. */
static int check_removal(const struct memory_node *node, bool directory_wanted)
{
    if (!memory_is_type(node, TREE_MODE_DIRECTORY)) {
        return directory_wanted ? -FILE_NOT_DIRECTORY : 0;
    }
    if (!directory_wanted) {
        return -FILE_IS_DIRECTORY;
    }
    return node->first_entry == NONE ? 0 : -FILE_NOT_EMPTY;
}

/* Takes a name away, and its node if that was the last and the guest knows it not. */
static void drop(struct memory_files *files, uint32_t entry)
{
    uint32_t node = files->entries[entry].node;
    memory_name_remove(files, entry);
    files->nodes[node].links--;
    free_if_unused(files, node);
}

static int remove_name(void *store, uint64_t directory, const struct file_name *name, bool directory_wanted,
                       uint64_t now)
{
    struct memory_files *files = store;
    struct memory_node *parent;
    uint32_t entry;
    int error = entry_of(files, directory, name, &parent, &entry);
    error = error == 0 ? check_removal(&files->nodes[files->entries[entry].node], directory_wanted) : error;
    if (error == 0) {
        drop(files, entry);
        touch(parent, now);
    }
    return error;
}

/* Whether `directory` is `node` or somewhere below it. */
static bool is_below(const struct memory_files *files, uint32_t directory, uint32_t node)
{
    while (directory != node && directory != 0) {
        directory = files->nodes[directory].parent;
    }
    return directory == node;
}

/* Whether what has the new name gives way to `moved`. */
static int check_replacement(const struct memory_files *files, uint32_t entry, const struct memory_node *moved,
                             bool replace)
{
    if (!replace) {
        return -FILE_EXISTS;
    }
    const struct memory_node *old = &files->nodes[files->entries[entry].node];
    return check_removal(old, memory_is_type(moved, TREE_MODE_DIRECTORY));
}

static int rename_name(void *store, uint64_t from, const struct file_name *old_name, uint64_t to,
                       const struct file_name *new_name, bool replace, uint64_t now)
{
    struct memory_files *files = store;
    struct memory_node *source, *target;
    uint32_t entry;
    int error = entry_of(files, from, old_name, &source, &entry);
    error = error == 0 ? directory_of(files, to, &target) : error;
    if (error != 0) {
        return error;
    }
    uint32_t node = files->entries[entry].node;
    struct memory_node *moved = &files->nodes[node];
    bool is_directory = memory_is_type(moved, TREE_MODE_DIRECTORY);
    if (is_directory && is_below(files, (uint32_t)to, node)) {
        return -FILE_INVALID; /* into itself */
    }
    uint32_t old = memory_name_find(files, (uint32_t)to, new_name);
    if (old != NONE && files->entries[old].node == node) {
        return replace ? 0 : -FILE_EXISTS; /* two names of one file: nothing happens, rename(2) */
    }
    error = old != NONE ? check_replacement(files, old, moved, replace) : 0;
    if (error != 0) {
        return error;
    }
    /* The entry that goes makes room for the new one: this cannot fail halfway. */
    memory_name_remove(files, entry);
    if (old != NONE) {
        drop(files, old);
    }
    (void)memory_name_add(files, (uint32_t)to, new_name, node);
    if (is_directory) {
        moved->parent = (uint32_t)to;
    }
    touch(source, now);
    touch(target, now);
    return 0;
}

static int resize(void *store, uint64_t node, uint64_t size)
{
    struct memory_files *files = store;
    struct memory_node *one = node_of(files, node);
    if (one == NULL || !memory_is_type(one, TREE_MODE_FILE)) {
        return one == NULL ? -FILE_STALE : -FILE_INVALID;
    }
    if (size < one->size) {
        memory_blocks_cut(files, one, size);
    }
    one->size = size;
    return 0;
}

static int room(void *store, uint64_t node, uint64_t offset, uint64_t length, uint8_t **data, uint64_t *available)
{
    struct memory_files *files = store;
    struct memory_node *one = node_of(files, node);
    if (one == NULL || memory_is_type(one, TREE_MODE_DIRECTORY)) {
        return one == NULL ? -FILE_STALE : -FILE_IS_DIRECTORY;
    }
    *data = memory_block_make(files, one, offset);
    *available = smaller(length, MEMORY_FILES_BLOCK - offset % MEMORY_FILES_BLOCK);
    return *data != NULL ? 0 : -FILE_NO_SPACE;
}

static void wrote(void *store, uint64_t node, uint64_t end, uint64_t now)
{
    struct memory_files *files = store;
    struct memory_node *one = node_of(files, node);
    if (one != NULL) {
        one->size = end > one->size ? end : one->size;
        touch(one, now);
    }
}

static int change(void *store, uint64_t node, uint32_t changes, const struct file_attributes *wanted)
{
    struct memory_files *files = store;
    struct memory_node *one = node_of(files, node);
    if (one == NULL) {
        return -FILE_STALE;
    }
    if ((changes & FILE_CHANGE_MODE) != 0) {
        one->mode = (one->mode & ~PERMISSIONS) | (wanted->mode & PERMISSIONS);
    }
    if ((changes & FILE_CHANGE_OWNER) != 0) {
        one->owner = wanted->owner;
    }
    if ((changes & FILE_CHANGE_GROUP) != 0) {
        one->group = wanted->group;
    }
    if ((changes & FILE_CHANGE_MODIFIED) != 0) {
        one->modified = wanted->modified;
        one->modified_nanoseconds = wanted->modified_nanoseconds;
    }
    return 0;
}

struct file_store memory_files_store(struct memory_files *files)
{
    static const struct file_store_ops ops = {
        .attributes = attributes,
        .look_up = look_up,
        .list = list,
        .piece = piece,
        .space = space,
        .remember = remember,
        .forget = forget,
        .make = make,
        .link = link_node,
        .remove = remove_name,
        .rename = rename_name,
        .resize = resize,
        .room = room,
        .wrote = wrote,
        .change = change,
    };
    return (struct file_store){.ops = &ops, .context = files};
}
