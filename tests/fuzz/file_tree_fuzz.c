/* SPDX-License-Identifier: BSD-2-Clause */
/* A packed directory tree of any bytes: refused, or walked without leaving it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmm/fs/file_tree.h>

static void walk(const struct file_store *store, uint64_t node)
{
    struct file_attributes attributes;
    struct file_entry entry;
    if (store->ops->attributes(store->context, node, &attributes) != 0) {
        return;
    }
    for (uint64_t position = 0; store->ops->list(store->context, node, position, &entry) == 0; position = entry.next) {
        uint64_t found;
        struct file_name name = {.bytes = entry.name, .length = entry.name_length};
        if (store->ops->look_up(store->context, node, &name, &found) != 0 || found != entry.node) {
            abort();
        }
    }
    const uint8_t *data;
    uint64_t available;
    if (store->ops->piece(store->context, node, 0, UINT64_MAX, &data, &available) == 0) {
        volatile uint8_t sum = 0;
        for (uint64_t i = 0; i < available; i++) {
            sum = (uint8_t)(sum + data[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct file_tree tree;
    uint64_t *copy = malloc(size + 8); /* aligned, and with its end guarded */
    memcpy(copy, data, size);
    /* Most inputs get past the header. */
    struct tree_header *header = (struct tree_header *)copy;
    if (size >= sizeof(*header)) {
        header->magic = TREE_MAGIC;
        header->version = TREE_VERSION;
        header->size = size;
    }
    if (file_tree_init(&tree, copy, size) == NULL) {
        struct file_store store = file_tree_store(&tree);
        for (uint64_t i = 0; i < tree.header.node_count; i++) {
            walk(&store, i);
        }
    }
    free(copy);
    return 0;
}
