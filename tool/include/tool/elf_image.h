/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Program images: ELF64 executables for the machines that there are targets for. Read with libelf, patched in a
 * copy, written out again with nothing but what is loaded: no sections, symbols
 * or debugging information, each segment on pages of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tool/arena.h>
#include <tool/file.h>

struct target;

#define ELF_MAX_SEGMENTS 32u

struct elf_segment {
    uint64_t address; /* virtual */
    uint64_t physical;
    uint64_t memory_size; /* bytes */
    uint64_t file_size;   /* bytes; the rest of memory_size is zero */
    const uint8_t *data;
    bool writable, executable;
};

struct elf_symbol {
    const char *name;
    uint64_t address;
    uint64_t size; /* bytes, 0: not known */
};

struct elf_image {
    const char *path;
    uint32_t machine; /* enum plan_machine_kind */
    uint64_t entry;
    uint32_t segment_count;
    struct elf_segment segments[ELF_MAX_SEGMENTS]; /* ascending address, disjoint */
    struct elf_symbol *symbols;                    /* sorted by name */
    size_t symbol_count;
};

/* NULL: *reason says what is wrong with it. A segment never wraps; nothing is said yet
 * about whether a PD can have it (elf_check_program). */
struct elf_image *elf_read(struct arena *arena, const struct blob *blob, const char **reason);

/* NULL if there is no such symbol. */
const struct elf_symbol *elf_find_symbol(const struct elf_image *image, const char *name);

/* What keeps a PD from having this program, as a list of texts (char *), each with a remedy. */
void elf_check_program(struct arena *arena, const struct target *target, const struct elf_image *image,
                       struct list *problems);

/* A copy of the loaded parts that can be changed. */
struct program {
    const struct elf_image *image;
    struct {
        uint8_t *data;        /* memory_size bytes */
        uint64_t used;        /* bytes from the start that are not known to be zero */
        uint64_t file_offset; /* in the written image, after program_write() */
    } segments[ELF_MAX_SEGMENTS];
};

struct program *program_create(struct arena *arena, const struct elf_image *image);
/* Changes [address, address + size). False if it is not within one segment. */
bool program_patch(struct program *program, uint64_t address, const void *data, uint64_t size);
/* The ELF64 file. Segment i starts at segments[i].file_offset, which is congruent to
 * its address modulo 4096; the rest of its last page is zero. */
struct blob *program_write(struct arena *arena, struct program *program, const char *name);
