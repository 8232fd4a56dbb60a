/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of control registers and selectors that assembly and C share. */
#pragma once

#define CR0_ENTRY  0x80010033 /* PG, WP, NE, ET, MP, PE; caches on */
#define CR4_ENTRY  0x20       /* PAE */
#define EFER_ENTRY 0x901      /* NXE, LME, SCE */

#define MSR_EFER 0xc0000080

/* Of the CPU that boots, in bytes: verifying signatures takes most of it. */
#define BOOT_STACK_SIZE 0x30000

#define SELECTOR_CODE64 0x08
#define SELECTOR_DATA   0x10
#define SELECTOR_CODE32 0x18

#define BOOT_MAGIC_MULTIBOOT1 0x2badb002
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289
#define BOOT_MAGIC_PVH        0x336ec578
