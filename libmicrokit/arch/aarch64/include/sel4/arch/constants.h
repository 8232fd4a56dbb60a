/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define seL4_PageBits      12
#define seL4_LargePageBits 21
#define seL4_HugePageBits  30

/* Last byte of an address space. */
#define seL4_UserTop       0x0000007fffffefffull
#define seL4_UserVSpaceTop seL4_UserTop

/* Message registers that travel in machine registers. */
#define seL4_FastMessageRegisters 4
