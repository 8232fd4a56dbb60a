/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel counts, as text. */
#pragma once

#include <skyscope/kernel_info.h>

#include "text_output.h"

/* NULL if these are no statistics of a known version. */
const struct kernel_statistics *check_statistics(const void *region);

void show_kernel_summary(struct text_output *out, const struct kernel_statistics *statistics);
/* One line for each thread of each protection domain. */
void show_pds(struct text_output *out, const struct kernel_statistics *statistics);
void show_features(struct text_output *out, const struct kernel_statistics *statistics);
/* Everything, one `key value` per line, for programs. */
void show_raw_statistics(struct text_output *out, const struct kernel_statistics *statistics);

/* A VM's share, summed over its vCPUs. */
struct vm_usage {
    uint64_t guest_ticks;   /* clock ticks in guest mode */
    uint64_t monitor_ticks; /* clock ticks of its VMM */
    uint64_t entries;
    uint64_t interrupts; /* that the kernel gave it, without its VMM */
    uint64_t exits[VCPU_EXIT_KIND_COUNT];
};
/* vm: index in vm_names. */
struct vm_usage vm_usage_of(const struct kernel_statistics *statistics, uint32_t vm);
const char *exit_kind_name(unsigned int kind);
/* Seconds with three decimals, at least eight characters wide. */
void print_time(struct text_output *out, uint64_t ticks, uint64_t frequency);
