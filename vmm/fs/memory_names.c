/* SPDX-License-Identifier: BSD-2-Clause */
/* Names: one table of entries, found by a hash of directory and name, and linked in each directory. */
#include <stddef.h>

#include <base/memory.h>

#include "memory_internal.h"

void memory_names_init(struct memory_files *files)
{
    memset(files->buckets, 0xff, (uint64_t)files->bucket_count * sizeof(*files->buckets)); /* NONE */
    for (uint32_t i = 0; i < files->node_count; i++) {
        files->entries[i].next_in_bucket = i + 1 < files->node_count ? i + 1 : NONE;
    }
    files->free_entry = 0;
}

/* FNV-1a. Who makes names collide slows down itself only. */
static uint32_t *bucket_of(const struct memory_files *files, uint32_t directory, const char *name, uint32_t length)
{
    uint32_t hash = 2166136261u ^ directory * 2654435761u;
    for (uint32_t i = 0; i < length; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    }
    return &files->buckets[hash & (files->bucket_count - 1)];
}

uint32_t memory_name_find(const struct memory_files *files, uint32_t directory, const struct file_name *name)
{
    uint32_t at = *bucket_of(files, directory, name->bytes, name->length);
    for (; at != NONE; at = files->entries[at].next_in_bucket) {
        const struct memory_entry *entry = &files->entries[at];
        if (entry->directory == directory && entry->name_length == name->length &&
            memcmp(entry->name, name->bytes, name->length) == 0) {
            return at;
        }
    }
    return NONE;
}

bool memory_name_add(struct memory_files *files, uint32_t directory, const struct file_name *name, uint32_t node)
{
    uint32_t at = files->free_entry;
    if (at == NONE) {
        return false;
    }
    struct memory_entry *entry = &files->entries[at];
    struct memory_node *parent = &files->nodes[directory];
    uint32_t *bucket = bucket_of(files, directory, name->bytes, name->length);
    files->free_entry = entry->next_in_bucket;
    entry->position = parent->next_position++;
    entry->directory = directory;
    entry->node = node;
    entry->next = NONE;
    entry->previous = parent->last_entry;
    entry->next_in_bucket = *bucket;
    entry->name_length = name->length;
    memcpy(entry->name, name->bytes, name->length);
    *bucket = at;
    if (parent->last_entry != NONE) {
        files->entries[parent->last_entry].next = at;
    } else {
        parent->first_entry = at;
    }
    parent->last_entry = at;
    return true;
}

void memory_name_remove(struct memory_files *files, uint32_t at)
{
    struct memory_entry *entry = &files->entries[at];
    struct memory_node *parent = &files->nodes[entry->directory];
    uint32_t *link = bucket_of(files, entry->directory, entry->name, entry->name_length);
    while (*link != at) {
        link = &files->entries[*link].next_in_bucket;
    }
    *link = entry->next_in_bucket;
    *(entry->previous != NONE ? &files->entries[entry->previous].next : &parent->first_entry) = entry->next;
    *(entry->next != NONE ? &files->entries[entry->next].previous : &parent->last_entry) = entry->previous;
    if (parent->cursor == at) {
        parent->cursor = NONE;
    }
    entry->next_in_bucket = files->free_entry;
    files->free_entry = at;
}

uint32_t memory_name_at(struct memory_files *files, uint32_t directory, uint64_t position)
{
    struct memory_node *parent = &files->nodes[directory];
    uint32_t at = parent->cursor;
    /* Listings go on where they left off. */
    if (at == NONE || files->entries[at].position > position) {
        at = parent->first_entry;
    }
    while (at != NONE && files->entries[at].position < position) {
        at = files->entries[at].next;
    }
    parent->cursor = at;
    return at;
}
