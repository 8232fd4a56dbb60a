/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the loader is entered, and what passes between its parts.
 *
 * struct boot_entry: first is the protocol (enum hardware_boot_protocol); second is
 *   HARDWARE_BOOT_LINUX  the physical address of the device tree
 *   HARDWARE_BOOT_UEFI   the address of a struct uefi_handoff
 */
#pragma once

#include <stdint.h>

#include <loader/boot_source.h>
#include <skyscope/boot_info.h>

/* What the loader found out as a UEFI application, before it ended the boot services. */
struct uefi_handoff {
    struct boot_source source;
    uint64_t device_tree; /* 0: none */
    /* The console that ACPI's SPCR names. */
    struct hardware_range uart;
    uint64_t wall_clock, wall_clock_ticks; /* as in hardware_info */
    uint32_t random_size;                  /* bytes that UEFI gave */
    uint8_t random[128];
};

/* C's first function, with the MMU off. second: as above; level: the exception level. */
__attribute__((noreturn)) void early_main(uint64_t protocol, uint64_t second, uint64_t level);

/* Makes the loader's image (and nothing else) reachable, and switches the MMU on. */
void page_tables_start(void);
/* Makes [address, address + size) reachable as normal memory, not writable. False: no tables left. */
bool page_tables_map_early(uint64_t address, uint64_t size);

/* Lets memory be written that was mapped early. False if some of it is not mapped. */
bool page_tables_let_write(uint64_t address, uint64_t size);

/* What mmu_enable() puts into registers, and what other CPUs read before their MMU is on. */
struct mmu_registers {
    uint64_t ttbr0, tcr;
};
extern struct mmu_registers mmu_registers;
void mmu_enable(void);

/* Cleans and drops all tables that lie outside of the loader's image from the data caches. */
void page_tables_clean(void);

/* Enters another kernel with X0 = argument, X1 to X3 zero: MMU and caches off, nothing of the loader's image in a
 * cache. */
__attribute__((noreturn)) void foreign_leave(uint64_t entry, uint64_t argument);

struct device_tree; /* <loader_arch/device_tree.h> */
/* Makes the device tree at an address reachable and checks it, the first time that
 * this is asked for. NULL, and an explanation: it is none. */
const struct device_tree *machine_tree(uint64_t address, struct loader_error *error);

/* The time of day that UEFI told, if it did. */
void boot_source_clock(struct hardware_info *hardware);

struct boot_entry; /* <loader/machine.h> */
/* Finds and uses the console that the device tree or the handoff names. */
void console_find(const struct boot_entry *entry);
