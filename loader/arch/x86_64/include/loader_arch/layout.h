/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in this architecture's address spaces. */
#pragma once

/* The kernel's link address, a multiple of 1 GiB: its segments lie at or above it. */
#define KERNEL_LINK_BASE 0xffffffff80000000ull
/* Of the machine that the kernel is for, in messages. */
#define KERNEL_MACHINE   "x86-64"

/* The BIOS's, and started CPUs': nothing is put there. */
#define LOW_MEMORY_END 0x100000ull
/* Below this nobody's data lies: page 0 is the BIOS's. GRUB may well use the rest of the first MiB. */
#define FIRST_ADDRESS  0x1000ull

/* How a payload is given to the loader here, for people. */
#define PAYLOAD_HINT "GRUB: module2, QEMU: -initrd"
