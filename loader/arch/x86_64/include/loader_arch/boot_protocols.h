/* SPDX-License-Identifier: BSD-2-Clause */
/* The boot protocols of PCs. */
#pragma once

#include <loader/boot_source.h>

/* Each reads the information of one protocol, at the physical address that the
 * boot loader left in EBX, into *source (which is zero before). 1, or 0 and an
 * explanation. */
int multiboot1_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
                    struct loader_error *error);
int multiboot2_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
                    struct loader_error *error);
int pvh_read(const struct physical_memory *memory, uint64_t address, struct boot_source *source,
             struct loader_error *error);

/* Memory kind of an E820 type, which all protocols use. */
uint32_t boot_memory_kind(uint32_t e820_type);
