/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that lives as long as one run of the tool on one system file, and a
 * growing list of pointers in it. Running out of memory ends the process.
 */
#pragma once

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

/* Zeroed, aligned for every type. */
void *arena_allocate(struct arena *arena, size_t size);
char *arena_copy_string(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *arena_format(struct arena *arena, const char *format, ...);
/* Frees everything allocated from the arena. */
void arena_free(struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_allocate((arena), sizeof(type)))

struct list {
    void **items;
    size_t count;
    size_t capacity;
};

void list_append(struct arena *arena, struct list *list, void *item);

/* for (type *name in list): the list must not grow meanwhile. */
#define LIST_FOR(type, name, list)                                                                                     \
    for (type *name = NULL, **name##_slot = (type **)(void *)(list)->items;                                            \
         (list)->count != 0 && name##_slot != (type **)(void *)(list)->items + (list)->count &&                        \
         ((name = *name##_slot), 1);                                                                                   \
         name##_slot++)
