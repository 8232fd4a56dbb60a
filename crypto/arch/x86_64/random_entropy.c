/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entropy of the bare machine: the processor's noise source. RDSEED gives its
 * conditioned output. RDRAND gives that of a generator with 128 bits of strength,
 * which is seeded anew after 511 outputs of 128 bits at the latest: where only
 * RDRAND is there, one output of 64 bits in 1024 is taken, so that each comes
 * from a seed of its own (Intel, "Digital Random Number Generator Software
 * Implementation Guide", sections 4.2.5, 4.2.6, 5.2.6; AMD64 manual volume 3).
 */
#include <crypto/random.h>

#include <string.h>

#include <crypto/wipe.h>

#include "../../src/random_health.h"

/* RDRAND that fails ten times in a row is broken; RDSEED may run dry for a while. */
#define RDRAND_TRIES    10u
#define RDSEED_TRIES    1000u
/* Of so many outputs of RDRAND, the last is used. */
#define RDRAND_OUTPUTS  1024u
/* Samples that must pass the health test before the first that is given out. */
#define STARTUP_SAMPLES 16u

#define CPUID_1_ECX_RDRAND (1u << 30)
#define CPUID_7_EBX_RDSEED (1u << 18)

/* What the processor has. */
struct noise_source {
    bool rdseed, rdrand;
    struct random_health health;
};

static void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx, uint32_t *ecx)
{
    uint32_t edx;
    *eax = leaf;
    *ecx = 0;
    __asm__ volatile("cpuid" : "+a"(*eax), "=b"(*ebx), "+c"(*ecx), "=d"(edx));
}

static void find_source(struct noise_source *source)
{
    uint32_t highest, eax, ebx, ecx;
    cpuid(0, &highest, &ebx, &ecx);
    if (highest >= 1) {
        cpuid(1, &eax, &ebx, &ecx);
        source->rdrand = (ecx & CPUID_1_ECX_RDRAND) != 0;
    }
    if (highest >= 7) {
        cpuid(7, &eax, &ebx, &ecx);
        source->rdseed = (ebx & CPUID_7_EBX_RDSEED) != 0;
    }
}

static bool rdseed(uint64_t *value)
{
    for (unsigned int i = 0; i < RDSEED_TRIES; i++) {
        bool valid;
        __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(valid));
        if (valid) {
            return true;
        }
        __builtin_ia32_pause();
    }
    return false;
}

static bool rdrand(uint64_t *value)
{
    for (unsigned int i = 0; i < RDRAND_TRIES; i++) {
        bool valid;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(valid));
        if (valid) {
            return true;
        }
    }
    return false;
}

static bool rdrand_of_new_seed(struct random_health *health, uint64_t *value)
{
    for (unsigned int i = 0; i < RDRAND_OUTPUTS; i++) {
        if (!rdrand(value) || !random_health_sample(health, *value)) {
            return false;
        }
    }
    return true;
}

static bool sample(struct noise_source *source, uint64_t *value)
{
    if (source->rdseed && rdseed(value)) {
        return random_health_sample(&source->health, *value);
    }
    return source->rdrand && rdrand_of_new_seed(&source->health, value);
}

bool random_platform_entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    struct noise_source source = {0};
    uint64_t value = 0;
    bool good = true;
    find_source(&source);
    for (unsigned int i = 0; good && i < STARTUP_SAMPLES; i++) {
        good = sample(&source, &value);
    }
    while (good && size > 0) {
        good = sample(&source, &value);
        size_t piece = size < sizeof(value) ? size : sizeof(value);
        memcpy(buffer, &value, piece);
        buffer += piece;
        size -= piece;
    }
    secret_wipe(&value, sizeof(value));
    secret_wipe(&source, sizeof(source));
    return good;
}
