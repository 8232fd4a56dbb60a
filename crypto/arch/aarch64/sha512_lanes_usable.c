/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../src/sha512_lanes.h"

#define ISAR0_SHA2_SHIFT 12
#define ISAR0_SHA512     2u /* FEAT_SHA512, and SHA-256 */
#define CPTR_TFP         (1u << 10)

/* Only the loader, at EL2, may ask: it lets itself use vector registers for a while. */
bool sha512_lanes_usable(void)
{
    uint64_t features, traps;
    __asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(features));
    __asm__ volatile("mrs %0, cptr_el2" : "=r"(traps));
    return (features >> ISAR0_SHA2_SHIFT & 0xf) >= ISAR0_SHA512 && (traps & CPTR_TFP) == 0;
}
