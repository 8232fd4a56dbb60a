/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program's random numbers. The loader has left a seed (<skyscope/program_seed.h>);
 * at each start and each seeding, what is used of it is derived from it, and then
 * it is replaced by another derived from it, so that what is in memory later does not
 * tell what was used before. Numbers come from HMAC_DRBG with SHA-512 (NIST SP 800-90A
 * section 10.1.2), which forgets in the same way after each output, and which the
 * processor's instruction, if there is one, reseeds (<crypto/random.h>).
 *
 * Linked into an object of its own, in which no names of the cryptography are left
 * that a program could have as well.
 */
#include "runtime.h"

#include <base/memory.h>
#include <crypto/random.h>
#include <crypto/seed.h>
#include <crypto/wipe.h>
#include <skyscope/kernel_info.h>
#include <skyscope/program_seed.h>

_Static_assert(PROGRAM_SEED_SIZE == SEED_SIZE, "a seed is a seed");

/* What an instruction's bytes count for. */
#define BITS_PER_BYTE 4u
#define FRESH_SIZE    (SEED_ENOUGH_BITS / BITS_PER_BYTE)

/* Neither saved nor restored at a restart: it would give the same numbers again. */
#define KEPT __attribute__((section(".bss.kept"), used))

/* Written by the loader, at the address that the tool finds by this name. */
KEPT struct program_seed microkit_seed;

static struct random_generator generator;
static bool seeded_before;

static void mix(const char *label, const void *data, size_t size)
{
    seed_derive(microkit_seed.bytes, label, data, size, microkit_seed.bytes);
}

/* A seed for one use. */
static void take(const char *use, uint8_t seed[SEED_SIZE])
{
    seed_derive(microkit_seed.bytes, use, NULL, 0, seed);
    mix("next", NULL, 0);
}

uint64_t microkit_random_start(uint64_t unpredictable)
{
    uint8_t seed[SEED_SIZE];
    uint64_t number;
    mix("start", &unpredictable, sizeof(unpredictable));
    take("canary", seed);
    memcpy(&number, seed, sizeof(number));
    secret_wipe(seed, sizeof(seed));
    return number;
}

static void mix_instruction(void)
{
    uint8_t fresh[FRESH_SIZE];
    uint64_t features = (microkit_seed.flags & PROGRAM_SEED_INSTRUCTION) != 0 ? KERNEL_FEATURE_RNG : 0;
    if (random_platform_entropy(&features, fresh, sizeof(fresh))) {
        mix("fresh", fresh, sizeof(fresh));
        if (microkit_seed.credited < SEED_ENOUGH_BITS) {
            microkit_seed.credited = SEED_ENOUGH_BITS;
        }
    }
    secret_wipe(fresh, sizeof(fresh));
}

/* The generator's entropy. Just after the start, the loader's seed is as fresh as anything is. */
static bool seed_generator(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    uint8_t seed[SEED_SIZE];
    if (seeded_before || microkit_seed.credited < SEED_ENOUGH_BITS) {
        mix_instruction();
    }
    if (microkit_seed.credited < SEED_ENOUGH_BITS) {
        return false;
    }
    seeded_before = true;
    while (size > 0) {
        size_t piece = size < sizeof(seed) ? size : sizeof(seed);
        take("generator", seed);
        memcpy(buffer, seed, piece);
        buffer += piece;
        size -= piece;
    }
    secret_wipe(seed, sizeof(seed));
    return true;
}

int skyscope_random(void *buffer, size_t size)
{
    if (!generator.ready && !random_start(&generator, seed_generator, NULL, microkit_name)) {
        memset(buffer, 0, size);
        return -SKYSCOPE_NO_RANDOM;
    }
    return random_bytes(&generator, buffer, size) ? SKYSCOPE_OK : -SKYSCOPE_NO_RANDOM;
}
