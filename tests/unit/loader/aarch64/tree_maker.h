/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of device trees: makes them, property by property, and a whole machine's. */
#pragma once

#include "../support.h"

#include <libfdt.h>
#include <loader/boot_source.h>
#include <loader_arch/device_tree.h>

/* Phandles. */
enum { GIC = 1, CLOCK = 2, OTHER = 3 };

/* The tree that is made; when it is finished, in memory of exactly its size, so that the address sanitizer sees what is
 * read beyond. */
extern void *tree_bytes;
/* What the loader makes of it. */
extern struct device_tree tree;
extern struct boot_source source;
extern struct hardware_info hardware;
extern struct loader_error error;

int tree_set_up(void **state);
int tree_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_set_up, tree_tear_down)

/* A node begins and ends; `node` is one with a property "compatible". */
void begin(const char *name);
void node(const char *name, const char *compatible);
void end(void);
/* Properties: 32-bit cells, or a text. */
void cells(const char *name, uint32_t count, const uint32_t *values);
#define CELLS(name, ...)                                                                                               \
    cells(name, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (const uint32_t[]){__VA_ARGS__})
void text(const char *name, const char *value);

/* The memory reservations, and the root node's beginning. */
void start_tree(void);
/* Ends the root node; the tree's size. */
uint32_t finish_tree(void);

/* Parts of a machine, at most one of them a GIC. */
void add_gic_v2(void);
void add_gic_v3(void);
/* The whole machine with that GIC, finished; the tree's size. */
uint32_t make_tree(void (*add_gic)(void));
/* Opens the finished tree; fails if the loader refuses it. */
void open_tree(uint32_t size);
