/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The place for the trust anchor, which `skyscope provision` fills in: between
 * these symbols, in pages of its own, behind a mark by which it is found in the
 * file. Zero: none is there yet. In assembly, so that no compiler reasons from the
 * zeros that it would see.
 */
#define TRUST_SECTION_SIZE 16384 /* TRUST_MAX_SIZE */

    .section .trust_anchor, "a", @progbits
    .balign 4096
    .globl trust_anchor_start, trust_anchor_end
trust_anchor_mark:
    .ascii "SKYSCOPE-TRUST->"
trust_anchor_start:
    .skip TRUST_SECTION_SIZE - (trust_anchor_start - trust_anchor_mark)
trust_anchor_end:
