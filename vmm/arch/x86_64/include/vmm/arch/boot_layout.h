/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot protocols of the PC share (boot/x86_layout.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* Guest-physical addresses below 1 MiB that boot data is put at. */
#define BOOT_GDT               0x1000ull
#define BOOT_PAGE_TABLES       0x2000ull /* six pages: 4 GiB in 2 MiB pages */
#define BOOT_PARAMETERS        0x8000ull
#define BOOT_COMMAND_LINE      0x9000ull
#define BOOT_COMMAND_LINE_SIZE 0x2000ull
#define BOOT_SETUP_DATA        0xb000ull
#define BOOT_STACK_TOP         0x10000ull
#define BOOT_LOW_END           0x10000ull
#define BOOT_ACPI_TABLES       0xe0000ull
#define BOOT_ROM_END           0x100000ull

/* Writes GDT and page tables (an identity map of 4 GiB) and sets vCPU 0 up for
 * 64-bit mode with them. False if they do not fit into memory. */
bool boot_enter_long_mode(struct vm *vm, uint64_t entry, uint64_t stack_top);
/* Writes the ACPI tables; false if there is no room. */
bool boot_write_acpi(struct vm *vm);

/* One entry of the BIOS memory map (ACPI 6.4 §15). */
struct boot_memory_entry {
    uint64_t address, size;
    uint32_t type; /* 1 RAM, 2 reserved */
} __attribute__((packed));

#define BOOT_MEMORY_ENTRIES 16u
/* The guest's memory map, ascending. Returns the number of entries. */
uint32_t boot_memory_map(const struct vm *vm, struct boot_memory_entry map[BOOT_MEMORY_ENTRIES]);
