/* SPDX-License-Identifier: BSD-2-Clause */
/* The loader's way, in order. Each step ends the loader if it cannot be done. */
#pragma once

#include <stdint.h>

#include <loader/boot_source.h>
#include <loader/entropy.h>
#include <loader/memory_map.h>
#include <loader/payload.h>
#include <loader/trusted_platform.h>
#include <skyscope/boot_info.h>

/* Entered once, by the architecture's entry code, with what is in struct boot_entry (<loader/machine.h>). */
__attribute__((noreturn)) void loader_main(uint64_t first, uint64_t second);
/* Called by the stack protector. */
__attribute__((noreturn)) void __stack_chk_fail(void);

/* Everything found out about the machine. */
void hardware_probe(const struct physical_memory *memory, const struct boot_source *source,
                    const struct memory_map *map, struct hardware_info *hardware);

/* Puts another kernel where it wants to be, keeps the rollback index and enters it. */
__attribute__((noreturn)) void foreign_start(const struct payload *payload, struct trusted_platform *platform,
                                             const struct boot_source *source, const struct memory_map *map,
                                             struct free_memory *free, struct hardware_info *hardware);

/* Binds the plan to memory, fills it, writes the programs' seeds and forgets their root, keeps the rollback index,
 * starts the CPUs and enters the kernel. */
__attribute__((noreturn)) void system_start(const struct payload *payload, struct trusted_platform *platform,
                                            struct entropy *entropy, uint64_t payload_address,
                                            const struct memory_map *map, struct free_memory *free,
                                            struct hardware_info *hardware);
