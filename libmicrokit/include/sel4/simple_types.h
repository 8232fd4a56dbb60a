/* SPDX-License-Identifier: BSD-2-Clause */
/* seL4's names for integers of known width. */
#pragma once

#include <sel4/config.h>

typedef signed char seL4_Int8;
typedef unsigned char seL4_Uint8;
typedef signed short seL4_Int16;
typedef unsigned short seL4_Uint16;
typedef signed int seL4_Int32;
typedef unsigned int seL4_Uint32;
typedef signed long seL4_Int64;
typedef unsigned long seL4_Uint64;

/* A machine word: a message register, a label, a badge. */
typedef seL4_Uint64 seL4_Word;
/* Names a kernel object; see the BASE_*_CAP constants in <microkit.h>. */
typedef seL4_Word seL4_CPtr;

typedef seL4_Int8 seL4_Bool;
#define seL4_True  1
#define seL4_False 0
#define seL4_Null  ((void *)0)

_Static_assert(sizeof(seL4_Word) == 8 && sizeof(void *) == 8, "64-bit machines only");
