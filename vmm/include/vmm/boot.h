/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot protocols: each puts the guest's images into its memory and the boot
 * processor's registers into the state that the protocol asks for. Images are
 * not believed: everything in them is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/guest_memory.h>

struct vm;

/* By vm->config.boot_protocol. vCPU 0 has its power-on state. NULL, or why not. */
const char *boot_load(struct vm *vm);

/* The protocols. boot_linux() is the architecture's (boot/linux_ARCH.c). */
const char *boot_linux(struct vm *vm);
const char *boot_flat(struct vm *vm);

/* What a flat image depends on the architecture for (boot/ARCH_layout.c). May it lie at [address, address + size)?
 * NULL, or why not. */
const char *boot_flat_check(const struct vm *vm, uint64_t address, uint64_t size);
/* Makes vCPU 0 enter it, with what such an image may expect. NULL, or why not. */
const char *boot_flat_enter(struct vm *vm, uint64_t address, uint64_t size);
