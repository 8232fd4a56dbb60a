/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's half of every address space: one top-level entry, the last, whose
 * lower tables all address spaces share.
 *
 *   0xffffff8000000000  the pool: 2 MiB pages, writable
 *   0xffffffff80000000  the kernel's image: 4 KiB pages, each section its rights
 *   0xffffffffc0000000  registers of local APIC, IOAPICs, HPET: uncached
 *   0xffffffffe0000000  stacks of each CPU, with guard pages between them
 */
#pragma once

#define KERNEL_POOL_BASE   0xffffff8000000000
#define KERNEL_POOL_MAX    0x4000000000 /* 256 GiB */
#define KERNEL_IMAGE_BASE  0xffffffff80000000
#define KERNEL_DEVICE_BASE 0xffffffffc0000000
#define KERNEL_STACKS_BASE 0xffffffffe0000000

/* Per CPU: guard page, main stack, then guard page and stack for each of the
 * events that interrupt the kernel anywhere. */
#define KERNEL_STACK_PAGES       4
#define KERNEL_EVENT_STACK_PAGES 2
#define KERNEL_EVENT_STACKS      4 /* NMI, double fault, machine check, debug */
#define KERNEL_STACK_WINDOW      0x20000
