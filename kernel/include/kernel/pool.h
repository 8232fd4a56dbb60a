/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's memory: one physically contiguous pool, mapped in the kernel's
 * half and nowhere else. Boot hands pieces out; nothing is ever given back, and
 * once boot has sealed the pool nothing can be taken any more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <skyscope/types.h>

/* Takes zeroed memory. alignment: a power of two. Only during boot. Prints and
 * halts when the pool is exhausted: plan_header.kernel_pool_size was too small. */
void *pool_alloc(size_t size, size_t alignment);

/* Host-physical address of something that came from pool_alloc(). */
hpa_t pool_hpa(const void *address);

/* The reverse: kernel address of a host-physical address inside the pool. */
void *pool_pointer(hpa_t address);

/* virtual_base: where the pool's first byte is mapped. Called once. */
void pool_init(void *virtual_base, hpa_t physical_base, uint64_t size);

/* The same memory is now reached at another address; earlier pointers are void. */
void pool_move(void *virtual_base);

/* From here on pool_alloc() is a kernel bug and panics. */
void pool_seal(void);

/* Bytes handed out so far, alignment included; bytes there are. */
uint64_t pool_used(void);
uint64_t pool_size(void);
