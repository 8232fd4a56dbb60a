/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU, Advanced SIMD and SVE registers. PDs that may use the FPU have the first two
 * only; guests have SVE as well where the CPUs have it.
 *
 * fpu_switch() says what a PD may use: in percpu.cptr, and in CPTR_EL2 unless a guest is
 * loaded. Whoever enters a guest calls fpu_load(), then sets fpu_guest_cptr(), and puts
 * percpu.cptr back when the guest is unloaded.
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
