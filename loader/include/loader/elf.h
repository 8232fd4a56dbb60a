/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's ELF64 file, checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/log.h>
#include <loader_arch/layout.h>

#define KERNEL_MAX_SIZE     0x1000000ull
#define KERNEL_MAX_SEGMENTS 8u

enum kernel_segment_flags { SEGMENT_EXECUTE = 1, SEGMENT_WRITE = 2, SEGMENT_READ = 4 };

struct kernel_segment {
    uint64_t virtual_address; /* multiple of 4 KiB, as is the memory it covers */
    uint64_t memory_size;     /* bytes, multiple of 4 KiB */
    uint64_t data_offset;     /* where in the segment the file's bytes go */
    uint64_t file_offset, file_size;
    uint32_t flags; /* enum kernel_segment_flags */
};

struct kernel_image {
    uint64_t virtual_base; /* multiple of 2 MiB */
    uint64_t size;         /* bytes from virtual_base to the end, multiple of 4 KiB */
    uint64_t entry;
    uint32_t segment_count;
    struct kernel_segment segments[KERNEL_MAX_SEGMENTS];
};

/* Reads an executable for this architecture: segments at or above KERNEL_LINK_BASE, no page shared by two segments,
 * none writable and executable. 1, or 0 and an explanation. */
int kernel_elf_read(const uint8_t *file, uint64_t file_size, struct kernel_image *image, struct loader_error *error);

/* Another kernel's ELF64 file: it goes where its physical addresses say. */
struct foreign_segment {
    uint64_t physical_address, memory_size; /* bytes; they do not wrap around, and no two overlap */
    uint64_t file_offset, file_size;        /* the rest of memory_size is zero */
};

struct foreign_image {
    uint64_t virtual_entry;
    uint64_t entry; /* physical address */
    bool entry_found;
    uint32_t segment_count;
    struct foreign_segment segments[KERNEL_MAX_SEGMENTS];
};

/* Reads an executable for this architecture, whatever its segments' flags, which mean nothing without an MMU. Whether
 * there is memory where it wants to be is not looked at. 1, or 0 and an explanation. */
int foreign_elf_read(const uint8_t *file, uint64_t file_size, struct foreign_image *image, struct loader_error *error);

/* How much memory the program in a boot module takes when it is unpacked: from the first page of its segments to the
 * last, by their virtual addresses; bytes, a multiple of 4 KiB. 1, or 0 and an explanation. */
int module_elf_memory(const uint8_t *file, uint64_t file_size, uint64_t *memory, struct loader_error *error);
