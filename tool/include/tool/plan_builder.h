/* SPDX-License-Identifier: BSD-2-Clause */
/* From a checked system to the plan and the payload. */
#pragma once

#include <tool/system.h>

/* A payload image to be. */
struct payload_item {
    const char *name;
    uint32_t role;  /* enum manifest_role */
    uint32_t flags; /* enum manifest_image_flag */
    const struct blob *blob;
};

struct plan_rows {
    void *rows;
    size_t entry_size;
    size_t count, capacity;
};

/* The plan as tables, and the images that it refers to by index. */
struct plan_tables {
    struct system *system;
    struct plan_rows tables[PLAN_TABLE_COUNT];
    struct list images; /* struct payload_item; 0 is the kernel, 1 the plan itself */
};

/* All tables and images of the system; the blob of image 1 is the finished plan. kernel:
 * the kernel's ELF file as it goes into the payload. */
struct plan_tables *plan_build(struct system *system, const struct blob *kernel);
/* Bytes of kernel memory that suffice for these tables; multiple of 2 MiB. */
uint64_t plan_kernel_pool_size(const struct plan_tables *plan);
/* Bytes that the regions in RAM take. */
uint64_t plan_region_memory(const struct plan_tables *plan);
/* The tables' rows, typed by the caller. */
#define PLAN_ROWS(plan, table, type) ((type *)(plan)->tables[table].rows)

struct payload_options {
    const char *system_name;
    uint64_t rollback_index;
    uint64_t creation_time; /* seconds since 1970, 0: not recorded */
    bool progress;          /* to standard error */
};

/* The whole payload. */
struct blob *payload_write(struct arena *arena, const struct list *items, const struct payload_options *options);
