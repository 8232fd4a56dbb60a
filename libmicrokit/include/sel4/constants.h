/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes and limits of the seL4 interface. */
#pragma once

#include <sel4/config.h>

#define seL4_WordBits     64
#define seL4_WordSizeBits 3

/* A message in the IPC buffer has room for this many words; the built-in
 * kernel transfers at most 64 of them, as Microkit documents. */
#define seL4_MsgLengthBits   7
#define seL4_MsgMaxLength    120
#define seL4_MsgExtraCapBits 2
#define seL4_MsgMaxExtraCaps 3

#define seL4_CapNull 0

#define seL4_MinPrio 0
#define seL4_MaxPrio 255

#include <sel4/arch/constants.h>
