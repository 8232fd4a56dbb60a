/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: HMAC_DRBG with SHA-512 (NIST SP 800-90A), seeded with what the
 * platform has. Without entropy nothing is given out. One generator for one
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of entropy that a generator wants before its first output. */
#define RANDOM_SEED_MINIMUM    32u
/* Bytes of entropy asked for at a seeding: some sources give less than 8 bits a byte. */
#define RANDOM_SEED_SIZE       96u
/* Outputs after which fresh entropy is mixed in. */
#define RANDOM_RESEED_INTERVAL 1024u

/* Fills size bytes with entropy (RDSEED, RDRAND, getrandom, firmware ...). False
 * if it cannot; then nothing of the buffer may be used. */
typedef bool random_entropy_fn(void *context, uint8_t *buffer, size_t size);

struct random_generator {
    uint64_t opaque[24];
    random_entropy_fn *entropy;
    void *context;
    uint32_t outputs; /* since the last seeding */
    bool ready;
};

/* Seeds a generator. label sets apart generators with the same entropy. False
 * without entropy, and then every random_bytes() says false too. */
bool random_start(struct random_generator *generator, random_entropy_fn *entropy, void *context, const char *label);
/* size random bytes; false, and zeros, if there is no entropy. */
bool random_bytes(struct random_generator *generator, void *output, size_t size);
/* Forgets everything. */
void random_end(struct random_generator *generator);

/* The entropy source of this kind of program: getrandom() on a host; on the bare
 * machine RDSEED, else RDRAND (x86-64), or RNDRRS (AArch64), with health checks of its
 * output (repetition, SP 800-90B 4.4). Chosen by the build.
 * context: const uint64_t *, the features that the kernel says are in force (enum
 * kernel_feature), or NULL. A program on AArch64 cannot find out by itself what its
 * processor has. */
bool random_platform_entropy(void *context, uint8_t *buffer, size_t size);
