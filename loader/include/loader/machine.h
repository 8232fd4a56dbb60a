/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader needs of the architecture it runs on. Implemented in
 * loader/arch/ARCH.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loader/boot_source.h>
#include <loader/elf.h>
#include <loader/memory_map.h>
#include <loader/physical.h>
#include <loader/tpm.h>
#include <skyscope/boot_info.h>

/* --- Console --- */

/* Finds the serial port. */
void console_start(void);
/* Also writes to the screen that the boot loader set up, if it can be used. */
void console_use_screen(const struct boot_source *source);
void console_write(const char *text, size_t length);

/* --- Boot protocols --- */

/* What the boot loader left for the entry code, as it came: x86-64: the protocol's
 * magic number and the address of its information; AArch64: <loader_arch/entry.h>. */
struct boot_entry {
    uint64_t first, second;
};

/* Reads what the boot loader told into *source (which is zero before). 1, or 0 and
 * an explanation. */
int boot_source_read(const struct physical_memory *memory, const struct boot_entry *entry, struct boot_source *source,
                     struct loader_error *error);

/* --- Loader --- */

/* Ends the loader with a message; nothing of the payload runs. */
__attribute__((noreturn, format(printf, 1, 2))) void loader_fail(const char *format, ...);
__attribute__((format(printf, 1, 2))) void loader_print(const char *format, ...);
/* Lets loader_fail() restart the machine instead of halting it. hardware: what is
 * known of it by then. */
void loader_restart_on_failure(const struct hardware_info *hardware);
__attribute__((noreturn)) void machine_halt(void);
/* Waits, then resets the machine by the ways that it may have; halts if none works. */
__attribute__((noreturn)) void machine_restart(const struct hardware_info *hardware, uint32_t seconds);

/* Time for a person to read why. */
#define RESTART_SECONDS 10u

/* Physical addresses of the loader itself. */
uint64_t loader_image_start(void);
uint64_t loader_image_end(void);

/* --- Page tables --- */

/* Makes all RAM of the map reachable by its physical address, the loader's own
 * code executable and everything else not. Takes what tables it needs from
 * *free. Returns false if there is no memory for them. */
bool page_tables_map_memory(const struct memory_map *map, struct free_memory *free);
/* Whether [address, address + size) is reachable. */
bool page_tables_reach(uint64_t address, uint64_t size);
/* Whether any of it is memory that programs may be put into. */
bool page_tables_usable_memory(uint64_t address, uint64_t size);
/* Adds the kernel's segments at their link addresses. */
void page_tables_map_kernel(const struct kernel_image *image, uint64_t physical);
/* Whether the registers of a device at [address, address + size) can be reached
 * from now on; they are no usable memory. */
bool device_reach(uint64_t address, uint64_t size);
/* Makes what was written there visible to whoever reads past this CPU's caches, or executes it. */
void caches_clean(uint64_t address, uint64_t size);
/* Fills reachable memory with zeros. */
void memory_clear(uint64_t address, uint64_t size);

/* --- Random numbers --- */

struct entropy; /* <loader/entropy.h> */
/* Fills the buffer with random numbers of the processor's; false if it has no instruction for that, or a broken one. */
bool cpu_entropy(uint8_t *buffer, size_t size);
/* Adds those that firmware and boot loader left, and overwrites them where they are. */
void boot_source_entropy(struct entropy *entropy);

/* --- Machine --- */

uint64_t cycle_counter(void);
/* Lets this CPU use the vector registers that it has, and takes that back: code
 * that looks for them (<crypto/image_hash.h>) is faster in between. */
void vectors_enable(void);
void vectors_disable(void);
/* Vendor, brand and signature of this CPU. */
void cpu_identify(struct hardware_info *hardware);
/* Reads the firmware's description of the machine, and prepares what depends on
 * it: power control, delays. */
void firmware_read(const struct physical_memory *memory, const struct boot_source *source,
                   struct hardware_info *hardware);
/* Reads the real-time clock into hardware->wall_clock, 0 if there is none. */
void clock_read(struct hardware_info *hardware);
/* Scans PCI segment 0 where there is no memory-mapped configuration space. */
void pci_scan_without_ecam(struct hardware_info *hardware);
/* The TPM's registers and a clock for it, from firmware_read() on. */
extern const struct tpm_access machine_tpm_access;
/* Masks all interrupt controllers and enables this CPU's local one; puts this
 * CPU first in hardware->cpus and completes what only registers tell. */
void interrupts_quiesce(struct hardware_info *hardware);
/* Starts hardware->cpus[1..count-1]; they wait. The payload stays as it is. */
void cpus_start(const struct hardware_info *hardware, uint32_t count, const struct memory_map *map);
/* Sends all started CPUs and this one into the kernel. */
__attribute__((noreturn)) void cpus_enter_kernel(const struct boot_info *boot_info, uint64_t entry);
