/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things lie in this architecture's address spaces. */
#pragma once

/* The kernel's link address, a multiple of 1 GiB: its segments lie at or above it. At the top of
 * what the one translation table base register of EL2 reaches (48 bits), where no memory is. */
#define KERNEL_LINK_BASE 0x0000ffff80000000ull
/* Of the machine that the kernel is for, in messages. */
#define KERNEL_MACHINE   "AArch64"

/* Nothing is put into the first page: address 0 means none. */
#define LOW_MEMORY_END 0x1000ull
#define FIRST_ADDRESS  0x1000ull

/* How a payload is given to the loader here, for people. */
#define PAYLOAD_HINT "GRUB: initrd, QEMU: -initrd, UEFI: as payload.bin beside the loader"
