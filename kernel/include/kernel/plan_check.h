/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks a plan completely before anything of it is used. Portable and without
 * side effects: host unit tests and a fuzzer run the same code.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>
#include <skyscope/plan.h>

/* What the plan is bound to. */
struct plan_machine {
    const struct region_extent *extents;
    uint32_t extent_count;
    const struct hardware_info *hardware;
    uint32_t cpu_count; /* CPUs that enter the kernel */
    /* Memory that no region may touch: the kernel's image and pool. */
    struct plan_machine_range {
        uint64_t base, size;
    } kernel[2];
};

/* The plan's tables, once checked. */
struct plan_view {
    const struct plan_header *header;
    const struct plan_region *regions;
    const struct plan_space *spaces;
    const struct plan_map *maps;
    const struct plan_pd *pds;
    const struct plan_thread *threads;
    const struct plan_channel_end *channel_ends;
    const struct plan_irq *irqs;
    const struct plan_ioport *ioports;
    const struct plan_vm *vms;
    const struct plan_vcpu *vcpus;
    uint32_t counts[PLAN_TABLE_COUNT];
};

/* Why a plan was refused: one line, no newline. */
struct plan_error {
    char text[192];
};

/* True: *view may be used, and everything in it is consistent. plan must be
 * aligned to 8 bytes, and must not change meanwhile. */
bool plan_check(const void *plan, uint64_t size, const struct plan_machine *machine, struct plan_view *view,
                struct plan_error *error);

/* The steps of plan_check(), in order; each relies on those before it. */
bool plan_check_tables(const void *plan, uint64_t size, struct plan_view *view, struct plan_error *error);
bool plan_check_objects(const struct plan_view *view, struct plan_error *error);
bool plan_check_channels(const struct plan_view *view, struct plan_error *error);
bool plan_check_memory(const struct plan_view *view, const struct plan_machine *machine, struct plan_error *error);
bool plan_check_interrupts(const struct plan_view *view, const struct plan_machine *machine, struct plan_error *error);

/* Bounds of hardware_info's own tables. */
bool plan_check_hardware(const struct hardware_info *hardware, struct plan_error *error);

/* Writes the message; always false. */
__attribute__((format(printf, 2, 3))) bool plan_refuse(struct plan_error *error, const char *format, ...);
