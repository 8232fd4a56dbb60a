/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the extended states of <kernel/fpu.h> are in use. */
#pragma once

#include <kernel/fpu.h>

/* Extended states (XCR0 bits) that the hardware has and the kernel switches. 0:
 * no XSAVE, only FXSAVE. */
uint64_t fpu_features(void);
/* Whether state may run with this value of XCR0: a subset of fpu_features() in a
 * combination that the architecture allows. */
bool fpu_xcr0_valid(uint64_t xcr0);
/* Value of XCR0 while state owns the registers; must be valid. Initially
 * fpu_features(). Takes effect when state is next loaded, or at once if it is loaded. */
void fpu_set_xcr0(struct fpu_state *state, uint64_t xcr0);
uint64_t fpu_xcr0(const struct fpu_state *state);
