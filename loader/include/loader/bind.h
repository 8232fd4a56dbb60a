/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding the plan to the machine: which memory every region gets. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/elf.h>
#include <loader/memory_map.h>
#include <loader/plan.h>
#include <skyscope/boot_info.h>

struct binding_request {
    const struct plan_regions *plan;
    const struct payload *payload;
    uint64_t payload_address; /* physical */
    const struct kernel_image *kernel;
    const struct memory_map *map;
    uint32_t cpu_count; /* CPUs that the machine has */
};

struct binding {
    uint64_t kernel_physical;
    uint64_t pool_physical;
    struct region_extent *extents; /* sorted by region, then offset */
    uint32_t extent_capacity;
    uint32_t extent_count;
    /* One byte for each region: 1 if it lies in the payload itself and needs
     * neither zeroing nor copying. */
    uint8_t *in_place;
};

/* Extents that suffice for any plan of region_count regions. */
#define BINDING_EXTENT_CAPACITY(region_count) ((region_count) + 3u * MEMORY_MAP_MAX)

/* Chooses memory for the kernel, its pool and all regions, taking it out of
 * *free. The caller sets extents, extent_capacity and in_place. 1, or 0 and an
 * explanation. */
int bind_plan(const struct binding_request *request, struct free_memory *free, struct binding *binding,
              struct loader_error *error);
