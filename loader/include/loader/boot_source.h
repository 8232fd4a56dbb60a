/* SPDX-License-Identifier: BSD-2-Clause */
/* What a boot protocol tells, in one form for all of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/log.h>
#include <loader/physical.h>
#include <skyscope/boot_info.h>

#define BOOT_MAX_MEMORY_RANGES 512u
#define BOOT_MAX_MODULES       8u
#define BOOT_RSDP_SIZE         36u

struct memory_range {
    uint64_t base, size; /* bytes */
    uint32_t kind;       /* enum hardware_memory_kind */
};

struct boot_module {
    uint64_t address, size; /* bytes */
};

struct boot_framebuffer {
    uint64_t address; /* 0: none */
    uint32_t pitch, width, height;
    uint32_t bits; /* per pixel */
    bool text;     /* VGA text mode: width and height in characters */
    /* Position and width in bits of red, green and blue, as Multiboot has them; zero: not told. */
    uint8_t colours[6];
};

struct boot_source {
    uint32_t protocol; /* enum hardware_boot_protocol */
    uint32_t firmware; /* enum hardware_firmware */
    char boot_loader[64];
    char command_line[256];
    uint32_t memory_count;
    uint32_t module_count;
    struct memory_range memory[BOOT_MAX_MEMORY_RANGES]; /* as told: unsorted, may overlap */
    struct boot_module modules[BOOT_MAX_MODULES];
    uint64_t device_tree;  /* 0: none */
    uint64_t rsdp_address; /* 0: not told */
    uint32_t rsdp_size;    /* bytes of the copy below, 0: none */
    uint8_t rsdp[BOOT_RSDP_SIZE];
    struct boot_framebuffer framebuffer;
};

/* Appends one; false (and a warning) if there are too many. Empty ranges are left out. */
bool boot_add_memory(struct boot_source *source, uint64_t base, uint64_t size, uint32_t kind);
bool boot_add_module(struct boot_source *source, uint64_t address, uint64_t size);
/* Whether some of [base, base + size) is usable memory or a module, as told. */
bool boot_is_memory(const struct boot_source *source, uint64_t base, uint64_t size);
