/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another kernel by Multiboot 2 (specification 2.0). It may want to be where the
 * loader lies, so its segments are first put aside, and brought to their places by
 * a few instructions that lie apart from everything (foreign_leave.S).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/boot_source.h>
#include <loader/elf.h>
#include <loader/memory_map.h>

/* Of what the kernel is given to read, in bytes; the memory map is most of it. */
#define MULTIBOOT2_INFO_SIZE 0x8000u
#define MULTIBOOT2_MAX_NAME  64u

/* Whether a kernel's file has a Multiboot 2 header that asks for nothing which is not done here (section 3.1). 1, or 0
 * and an explanation. */
int multiboot2_kernel_check(const uint8_t *file, uint64_t size, struct loader_error *error);

struct multiboot2_module {
    uint64_t address, size; /* bytes, below 4 GiB */
    const char *name;       /* shorter than MULTIBOOT2_MAX_NAME */
};

/* Writes the boot information (section 3.6): module, memory map, framebuffer if there is one, and the ACPI RSDP
 * (rsdp_size bytes, 20 or 36; 0: none). The command line is a constant. Returns its size in bytes. */
uint32_t multiboot2_write(uint8_t info[MULTIBOOT2_INFO_SIZE], const struct multiboot2_module *module,
                          const struct memory_map *map, const struct boot_framebuffer *framebuffer, const uint8_t *rsdp,
                          uint32_t rsdp_size);

/* One copy of foreign_switch; read in assembly. The last one has neither bytes nor zeros, and the entry point as its
 * destination. */
struct foreign_copy {
    uint32_t destination, source;
    uint32_t size;  /* bytes to copy */
    uint32_t zeros; /* bytes to clear behind them */
};

/* Where everything goes: physical addresses below 4 GiB, multiples of 4 KiB but for kernel_start and kernel_end. */
struct foreign_places {
    uint64_t kernel_start, kernel_end; /* from its first byte to its last */
    uint64_t staging;                  /* its segments' bytes, one behind the other */
    uint64_t module, info, switch_page;
    bool over_firmware; /* the kernel or what it unpacks lies over memory that the firmware keeps for sleep */
};

/* Finds them. module_memory: what the module takes unpacked, bytes, a multiple of 4 KiB. seL4 unpacks it behind the
 * module and moves it behind itself, wherever that is, so both must be memory. 1, or 0 and an explanation. */
int foreign_find_places(const struct foreign_image *kernel, uint64_t module_size, uint64_t module_memory,
                        const struct memory_map *map, struct free_memory *free, struct foreign_places *places,
                        struct loader_error *error);
