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

/* The architecture's part of the same: kernel/arch/ARCH/plan_check_arch.c. */
bool plan_arch_check_hardware(const struct hardware_arch *hardware, struct plan_error *error);
/* Where a device region lies on this machine; *address is PLAN_ANY_ADDRESS if nowhere
 * and its maps are to be left out. False: it must lie somewhere, and does not. */
bool plan_arch_device_address(const struct plan_region *region, const struct hardware_arch *hardware, uint64_t *address,
                              struct plan_error *error);
/* [address, address + region->size), which is no memory, must not contain what is the
 * kernel's own. */
bool plan_arch_check_device(const struct plan_region *region, uint64_t address, const struct hardware_arch *hardware,
                            struct plan_error *error);
/* May the device region be mapped there? */
bool plan_arch_check_device_map(const struct plan_region *region, const struct plan_space *space,
                                struct plan_error *error);
/* Kind, flags and source of an interrupt, and that no other of those before it in the
 * table has the same. */
bool plan_arch_check_irq(const struct plan_view *view, const struct plan_machine *machine, uint32_t index,
                         struct plan_error *error);
/* The table of I/O ports; those of each range are possible and its PD exists. */
bool plan_arch_check_ioports(const struct plan_view *view, struct plan_error *error);

/* Do [a, a + a_size) and [b, b + b_size), neither of which wraps, overlap? */
static inline bool plan_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* One of hardware_info's counts. */
bool plan_check_count(struct plan_error *error, const char *what, uint32_t count, uint32_t limit);

/* Writes the message; always false. */
__attribute__((format(printf, 2, 3))) bool plan_refuse(struct plan_error *error, const char *format, ...);
