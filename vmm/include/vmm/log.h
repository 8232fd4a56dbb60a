/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's log: lines go to the VM's struct log_ring (the manager shows it),
 * or to the debug console where there is none. Whatever a guest can cause is
 * logged through log_guest_error(), which counts everything and prints at most
 * a few lines of each kind per second.
 */
#pragma once

#include <stdint.h>

struct vm;

__attribute__((format(printf, 2, 3))) void vmm_log(struct vm *vm, const char *format, ...);

struct log_limit {
    uint64_t window_start; /* clock value */
    uint32_t in_window;
    uint32_t suppressed;
    uint64_t total;
};

/* device: name for the line. The count also goes to vm_control.status.guest_errors. */
__attribute__((format(printf, 4, 5))) void log_guest_error(struct vm *vm, struct log_limit *limit, const char *device,
                                                           const char *format, ...);
