/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU, Advanced SIMD and SVE registers. PDs that may use the FPU have the first two
 * only; guests have SVE as well where the CPUs have it.
 *
 * CPTR_EL2 belongs to fpu_switch() while PDs run. Whoever enters a guest calls
 * fpu_load(), sets fpu_guest_cptr() and puts CPTR_NONE back afterwards.
 */
#pragma once

#include <stdint.h>

#include <kernel/fpu.h>

/* State of a guest. As fpu_create(), which makes a PD's. ZCR_EL1 is part of it: initially 0. */
struct fpu_state *fpu_create_guest(void);
/* CPTR_EL2 while a guest runs. */
uint64_t fpu_guest_cptr(void);
/* Bytes of the longest vector that all CPUs have; 0: no SVE. */
uint32_t fpu_vector_length(void);
