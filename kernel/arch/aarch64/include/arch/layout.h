/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's address space, EL2's one of 48 bits: the last of the 512 entries of
 * its top-level table. No user memory is ever mapped here. Until boot is over, the
 * rest is the loader's identity map.
 *
 *   0x0000ff8000000000  the pool: 2 MiB blocks, writable
 *   0x0000ffff80000000  the kernel's image: 4 KiB pages, each section its rights
 *   0x0000ffffc0000000  registers of the GIC and the console: device memory
 *   0x0000ffffe0000000  stacks of each CPU, with guard pages between them
 */
#pragma once

#define KERNEL_POOL_BASE   0x0000ff8000000000
#define KERNEL_POOL_MAX    0x4000000000 /* 256 GiB */
#define KERNEL_IMAGE_BASE  0x0000ffff80000000
#define KERNEL_DEVICE_BASE 0x0000ffffc0000000
#define KERNEL_STACKS_BASE 0x0000ffffe0000000

/* Per CPU: guard page, main stack, guard page, emergency stack. */
#define KERNEL_STACK_PAGES           4
#define KERNEL_EMERGENCY_STACK_PAGES 2
#define KERNEL_STACK_WINDOW          0x10000
