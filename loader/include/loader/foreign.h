/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting another kernel than ours: the neutral part reads what is to be started,
 * the architecture's puts it where it wants to be and enters it as its boot loader
 * would.
 */
#pragma once

#include <stdint.h>

#include <loader/boot_source.h>
#include <loader/elf.h>
#include <loader/memory_map.h>
#include <loader/payload.h>
#include <skyscope/boot_info.h>

/* Of a verified payload, and of the machine. */
struct foreign_system {
    const struct foreign_image *kernel;
    const uint8_t *kernel_file;
    uint64_t kernel_file_size;
    uint32_t module_count;
    const struct manifest_image *module; /* the first one, NULL: none */
    const uint8_t *module_file;
    const struct boot_source *source;
    const struct memory_map *map;
    const struct hardware_info *hardware;
};

/* Finds a place for everything, then puts everything there, but for what would overwrite the loader itself. Ends the
 * loader, before any byte is written, if something cannot be done. */
void foreign_place(const struct foreign_system *system, struct free_memory *free);

/* Enters the kernel on this CPU, alone: AArch64: at EL2, MMU and caches off, X0 the device tree's address or 0; x86-64:
 * as Multiboot 2 says, in 32-bit protected mode. foreign_place() was called before. */
__attribute__((noreturn)) void foreign_enter(const struct foreign_system *system);
