/* SPDX-License-Identifier: BSD-2-Clause */
/* Variables in program images that the tool sets. */
#pragma once

#include <tool/elf_image.h>
#include <tool/system.h>

/* One variable that the system file asks to set: a word of 8 bytes. */
struct symbol_write {
    long line;
    const char *element;   /* "map", "irq", ... */
    const char *attribute; /* "setvar_vaddr", ... */
    const char *symbol;
    uint64_t value;
};

/* All that is asked for in the PD's program: list of struct symbol_write. */
void symbols_collect(struct system *system, const struct pd *pd, struct list *writes);
/* Reports symbols that are missing, set twice, or not a word. */
void symbols_check(struct system *system);
/* The place for its random seed that the PD's program has (<skyscope/program_seed.h>); NULL: none. */
const struct elf_symbol *symbols_seed(const struct pd *pd);
/* The PD's program with its variables and libmicrokit's own set. The PD has been checked. */
struct program *symbols_patch(struct system *system, const struct pd *pd);
