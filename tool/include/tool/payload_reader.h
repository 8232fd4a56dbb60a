/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Payloads taken apart again. Nothing in the file is believed: what is wrong is
 * listed, and only what lies within the file can be reached afterwards.
 */
#pragma once

#include <crypto/manifest.h>
#include <skyscope/payload.h>
#include <skyscope/plan.h>
#include <tool/arena.h>
#include <tool/file.h>

struct image_view {
    const struct manifest_image *row;
    const uint8_t *data; /* NULL if it does not lie in the file */
    bool hash_right;     /* always true of an unsigned one */
};

struct payload_view {
    struct payload_header header;
    bool manifest_present; /* else nothing below is */
    struct manifest manifest;
    const uint8_t *manifest_bytes; /* header.manifest_size of them, in the file */
    bool is_signed;                /* there are two signatures; nobody has verified them */
    struct manifest_signatures signatures;
    struct image_view *images;
    uint32_t image_count;
    bool plan_present;
    struct plan_header plan; /* system_name is terminated and printable */
    const void *rows[PLAN_TABLE_COUNT];
    uint32_t row_counts[PLAN_TABLE_COUNT];
    struct list problems; /* char *; empty if all is right */
};

/* True if nothing is wrong. */
bool payload_read(struct arena *arena, const struct blob *blob, struct payload_view *view);

/* The machine of a payload (enum plan_machine_kind), read without looking at anything else in it; 0: it does not say.
 */
uint32_t payload_machine(struct arena *arena, const struct blob *blob);

/* Whether a payload is a system for another kernel than ours. */
bool payload_is_foreign(struct arena *arena, const struct blob *blob);

/* Row of a table, NULL if there is no such row. */
const void *plan_row(const struct payload_view *view, enum plan_table table, uint32_t index);
/* Printable names of rows, "?" if there is no such row. In the arena. */
const char *plan_pd_name(struct arena *arena, const struct payload_view *view, uint32_t index);
const char *plan_space_name(struct arena *arena, const struct payload_view *view, uint32_t index);
const char *plan_region_name(struct arena *arena, const struct payload_view *view, uint32_t index);
const char *plan_vm_name(struct arena *arena, const struct payload_view *view, uint32_t index);
/* A name field as a string without control characters. */
const char *printable_name(struct arena *arena, const char *name, size_t size);
