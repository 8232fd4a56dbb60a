/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeds: what is random on a machine, collected into one root, and from the root
 * one seed for each who needs one. HKDF with SHA-512 (RFC 5869): its first step,
 * HMAC, is a conditioning function by NIST SP 800-90B section 3.1.5.1.1; by its second,
 * who knows one seed knows nothing of its parent or of other seeds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SEED_SIZE        64u
/* A root cannot have more bits of entropy than it has bits. */
#define SEED_MAX_CREDIT  (8 * SEED_SIZE)
/* Bits of entropy from which on a seed is good for any use, by post-quantum algorithms of the highest category too. */
#define SEED_ENOUGH_BITS 256u

/* A root while it is collected. */
struct seed_pool {
    uint64_t opaque[48];
    uint32_t credited; /* bits of entropy that went into it, at most SEED_MAX_CREDIT */
};

/* label sets apart roots for different uses. */
void seed_pool_start(struct seed_pool *pool, const char *label);
/* Adds what a source gave. source: a number that sets it apart from the others;
 * credit: bits of entropy that it counts for; 0: it may do good, and can do no harm. */
void seed_pool_add(struct seed_pool *pool, uint32_t source, const void *data, size_t size, uint32_t credit);
/* The root. The pool is overwritten, but for its credit. */
void seed_pool_finish(struct seed_pool *pool, uint8_t root[SEED_SIZE]);

/* The child of a seed that label and name (of size bytes) say; child may be the parent itself. */
void seed_derive(const uint8_t parent[SEED_SIZE], const char *label, const void *name, size_t size,
                 uint8_t child[SEED_SIZE]);
