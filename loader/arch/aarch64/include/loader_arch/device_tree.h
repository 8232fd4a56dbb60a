/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flattened device tree (Devicetree Specification 0.4), read by libfdt. Nothing
 * of it is believed: device_tree_open() walks it once from end to end, every
 * property's size is checked before it is read, and the time that a tree takes is
 * bounded by its size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/boot_source.h>
#include <loader/log.h>
#include <skyscope/boot_info.h>

/* Linux's boot protocol says: at most 2 MiB, at a multiple of 8. */
#define DEVICE_TREE_MAX_SIZE    0x200000u
#define DEVICE_TREE_HEADER_SIZE 40u

struct device_tree {
    const void *blob;
    uint32_t size; /* bytes */
};

/* Bytes that the header says, 0 if there is none. header: DEVICE_TREE_HEADER_SIZE bytes. */
uint32_t device_tree_size(const void *header);
/* Checks the whole tree. bytes: a multiple of 8. 1 and *tree, or 0 and an explanation. */
int device_tree_open(const void *bytes, uint32_t size, struct device_tree *tree, struct loader_error *error);

/* Memory, what of it is reserved, the initial RAM disk (as a module) and the command
 * line. 1, or 0 and an explanation. */
int device_tree_boot_source(const struct device_tree *tree, struct boot_source *source, struct loader_error *error);
/* Only initial RAM disk and command line; false if the tree says nothing but that (GRUB
 * makes such a tree where the firmware has ACPI tables instead). */
bool device_tree_chosen(const struct device_tree *tree, struct boot_source *source);
/* The memory that /reserved-memory names. False: too many ranges. */
bool device_tree_reserved(const struct device_tree *tree, struct boot_source *source);
/* The console that /chosen names, else the first that there is. */
void device_tree_console(const struct device_tree *tree, struct hardware_info *hardware);
/* CPUs, PSCI, interrupt controller, timers, PCI, SMMUs, clock and TPM. What is wrong
 * is left out with a warning. own_mpidr: affinity fields of the CPU that runs. */
void device_tree_hardware(const struct device_tree *tree, uint64_t own_mpidr, struct hardware_info *hardware);

/* Random numbers in /chosen. */
struct device_tree_random {
    uint32_t seed_size, kaslr_size; /* bytes, 0: none */
    uint8_t seed[128];              /* rng-seed, as much as fits */
    uint8_t kaslr[32];              /* kaslr-seed */
};
/* Takes them out of the tree, which must be writable (device_tree_random.c). */
void device_tree_take_random(const struct device_tree *tree, struct device_tree_random *random);

/* --- Parts of it: device_tree_nodes.c --- */

#define DEVICE_TREE_MAX_DEPTH 32u

/* The chain from the root to a node, which a walk keeps. */
struct device_tree_path {
    int nodes[DEVICE_TREE_MAX_DEPTH];
    uint32_t depth; /* nodes[depth] is the node itself, nodes[0] the root */
};

/* Goes on to the next node in the tree; begins with path->depth = UINT32_MAX. False at the end. */
bool device_tree_next(const struct device_tree *tree, struct device_tree_path *path);
/* The path of a node that is known by its offset. */
bool device_tree_path_to(const struct device_tree *tree, int node, struct device_tree_path *path);
bool device_tree_compatible(const struct device_tree *tree, int node, const char *compatible);
/* Whether its status is "okay" or not told. */
bool device_tree_enabled(const struct device_tree *tree, int node);
/* A property's bytes; *size is 0 if there is none. */
const uint8_t *device_tree_property(const struct device_tree *tree, int node, const char *name, uint32_t *size);
/* A property of one cell, or otherwise. */
uint32_t device_tree_cell(const struct device_tree *tree, int node, const char *name, uint32_t otherwise);
/* Entry number index of the last node's reg property, as the CPUs see it. False if
 * there is none or it cannot be reached. */
bool device_tree_reg(const struct device_tree *tree, const struct device_tree_path *path, uint32_t index,
                     struct hardware_range *range);
/* Interrupt number index of the last node, if it is one of a GIC's. False if there is none. */
bool device_tree_interrupt(const struct device_tree *tree, const struct device_tree_path *path, uint32_t index,
                           struct hardware_interrupt *interrupt);
/* Index of a string in a list property, such as interrupt-names; -1 if it is not there. */
int device_tree_string_index(const struct device_tree *tree, int node, const char *property, const char *string);

/* device_tree_gic.c: reads one node if it is an interrupt controller. */
void device_tree_gic(const struct device_tree *tree, const struct device_tree_path *path,
                     struct hardware_info *hardware);
