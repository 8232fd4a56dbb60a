/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/fs/file_tree.h>

#include <stddef.h>

#include <base/memory.h>

/* --- Checking --- */

static bool within(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static int compare(const char *a, uint32_t a_length, const char *b, uint32_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (int)a_length - (int)b_length;
}

static bool is_type(const struct tree_node *node, uint32_t type)
{
    return (node->mode & TREE_MODE_TYPE) == type;
}

static const char *check_name(const struct file_tree *tree, const struct tree_node *node)
{
    if (node->name_length == 0 || node->name_length > TREE_NAME_MAX ||
        !within(node->name, node->name_length, tree->header.names_size)) {
        return "directory tree: a name that is not there";
    }
    const char *name = tree->names + node->name;
    for (uint32_t i = 0; i < node->name_length; i++) {
        if (name[i] == '\0' || name[i] == '/') {
            return "directory tree: a name with a byte that no name has";
        }
    }
    bool dots = name[0] == '.' && (node->name_length == 1 || (node->name_length == 2 && name[1] == '.'));
    return dots ? "directory tree: a name that means another directory" : NULL;
}

static const char *check_node(const struct file_tree *tree, uint32_t index)
{
    const struct tree_node *node = &tree->nodes[index];
    if (is_type(node, TREE_MODE_DIRECTORY)) {
        return node->size == 0 ? NULL : "directory tree: a directory with content";
    }
    if (node->child_count != 0 || (!is_type(node, TREE_MODE_FILE) && !is_type(node, TREE_MODE_LINK))) {
        return "directory tree: a node that is nothing known";
    }
    if (!within(node->content, node->size, tree->header.size)) {
        return "directory tree: content that is not there";
    }
    return is_type(node, TREE_MODE_LINK) && (node->size == 0 || node->size > FILE_TARGET_MAX)
               ? "directory tree: a link to nothing"
               : NULL;
}

/* Children of directories, taken in order, are all nodes but the root, once each. */
static const char *check_children(const struct file_tree *tree)
{
    uint32_t next = 1;
    for (uint32_t i = 0; i < tree->header.node_count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        if (node->child_count == 0) {
            continue;
        }
        if (i >= next || node->first_child != next || node->child_count > tree->header.node_count - next) {
            return "directory tree: nodes out of order";
        }
        for (uint32_t child = 0; child < node->child_count; child++, next++) {
            const struct tree_node *one = &tree->nodes[next];
            const char *problem = check_name(tree, one);
            if (problem != NULL) {
                return problem;
            }
            if (one->parent != i || (child != 0 && compare(tree->names + one[-1].name, one[-1].name_length,
                                                           tree->names + one->name, one->name_length) >= 0)) {
                return "directory tree: names out of order";
            }
        }
    }
    return next == tree->header.node_count ? NULL : "directory tree: nodes without a directory";
}

const char *file_tree_init(struct file_tree *tree, const void *base, uint64_t size)
{
    if (base == NULL || size < sizeof(struct tree_header)) {
        return "directory tree: too short";
    }
    memcpy(&tree->header, base, sizeof(tree->header));
    const struct tree_header *header = &tree->header;
    if (header->magic != TREE_MAGIC || header->version != TREE_VERSION) {
        return "directory tree: not of this version";
    }
    if (header->size > size || header->node_count == 0 || header->nodes % 8 != 0 ||
        !within(header->nodes, (uint64_t)header->node_count * sizeof(struct tree_node), header->size) ||
        !within(header->names, header->names_size, header->size)) {
        return "directory tree: shorter than its header says";
    }
    tree->base = base;
    tree->nodes = (const struct tree_node *)(const void *)(tree->base + header->nodes);
    tree->names = (const char *)tree->base + header->names;
    if (!is_type(&tree->nodes[0], TREE_MODE_DIRECTORY)) {
        return "directory tree: no root directory";
    }
    for (uint32_t i = 0; i < header->node_count; i++) {
        const char *problem = check_node(tree, i);
        if (problem != NULL) {
            return problem;
        }
    }
    return check_children(tree);
}

/* --- Reading --- */

static const struct tree_node *node_of(const struct file_tree *tree, uint64_t node)
{
    return node < tree->header.node_count ? &tree->nodes[node] : NULL;
}

static int directory_of(const struct file_tree *tree, uint64_t node, const struct tree_node **directory)
{
    *directory = node_of(tree, node);
    if (*directory == NULL) {
        return -FILE_STALE;
    }
    return is_type(*directory, TREE_MODE_DIRECTORY) ? 0 : -FILE_NOT_DIRECTORY;
}

static int attributes(void *store, uint64_t node, struct file_attributes *out)
{
    const struct tree_node *one = node_of(store, node);
    if (one == NULL) {
        return -FILE_STALE;
    }
    *out = (struct file_attributes){
        .size = one->size,
        .modified = one->modified,
        .parent = node == 0 ? 0 : one->parent,
        .mode = one->mode,
        .links = 1,
        .owner = one->owner,
        .group = one->group,
    };
    return 0;
}

static int look_up(void *store, uint64_t directory, const struct file_name *name, uint64_t *node)
{
    const struct file_tree *tree = store;
    const struct tree_node *parent;
    int error = directory_of(tree, directory, &parent);
    if (error != 0) {
        return error;
    }
    uint32_t low = parent->first_child, high = parent->first_child + parent->child_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct tree_node *one = &tree->nodes[middle];
        int order = compare(name->bytes, name->length, tree->names + one->name, one->name_length);
        if (order == 0) {
            *node = middle;
            return 0;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return -FILE_NOT_FOUND;
}

static int list(void *store, uint64_t directory, uint64_t position, struct file_entry *entry)
{
    const struct file_tree *tree = store;
    const struct tree_node *parent;
    int error = directory_of(tree, directory, &parent);
    if (error != 0) {
        return error;
    }
    if (position >= parent->child_count) {
        return -FILE_NOT_FOUND;
    }
    uint64_t node = parent->first_child + position;
    *entry = (struct file_entry){
        .node = node,
        .next = position + 1,
        .name = tree->names + tree->nodes[node].name,
        .name_length = tree->nodes[node].name_length,
    };
    return 0;
}

static int piece(void *store, uint64_t node, uint64_t offset, uint64_t length, const uint8_t **data,
                 uint64_t *available)
{
    const struct file_tree *tree = store;
    const struct tree_node *one = node_of(tree, node);
    if (one == NULL) {
        return -FILE_STALE;
    }
    if (is_type(one, TREE_MODE_DIRECTORY)) {
        return -FILE_IS_DIRECTORY;
    }
    uint64_t rest = offset < one->size ? one->size - offset : 0;
    *available = length < rest ? length : rest;
    *data = tree->base + one->content + (rest != 0 ? offset : 0);
    return 0;
}

static void space(void *store, struct file_space *out)
{
    const struct file_tree *tree = store;
    *out = (struct file_space){.blocks = (tree->header.content_size + 4095) / 4096, .nodes = tree->header.node_count};
}

struct file_store file_tree_store(struct file_tree *tree)
{
    static const struct file_store_ops ops = {
        .attributes = attributes, .look_up = look_up, .list = list, .piece = piece, .space = space};
    return (struct file_store){.ops = &ops, .context = tree};
}
