/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entropy of the bare machine: the processor's random number generator (FEAT_RNG).
 * RNDRRS reseeds the generator from the noise source before each output (Arm ARM
 * DDI 0487, K12.1 and D19.2.129), so that outputs do not come from one seed.
 */
#include <crypto/random.h>

#include <string.h>

#include <crypto/wipe.h>
#include <skyscope/kernel_info.h>

#include "../../src/random_health.h"

/* It may run dry for a while. */
#define TRIES           1000u
/* Samples that must pass the health test before the first that is given out. */
#define STARTUP_SAMPLES 16u

static bool rndrrs(uint64_t *value)
{
    for (unsigned int i = 0; i < TRIES; i++) {
        uint32_t failed;
        /* RNDRRS, by its encoding: Z is set where there was no number. */
        __asm__ volatile("mrs %0, s3_3_c2_c4_1\n\tcset %w1, eq" : "=r"(*value), "=r"(failed) : : "cc");
        if (failed == 0) {
            return true;
        }
        __asm__ volatile("yield");
    }
    return false;
}

static bool sample(struct random_health *health, uint64_t *value)
{
    return rndrrs(value) && random_health_sample(health, *value);
}

bool random_platform_entropy(void *context, uint8_t *buffer, size_t size)
{
    const uint64_t *features = context;
    struct random_health health = {0};
    uint64_t value = 0;
    bool good = features != NULL && (*features & KERNEL_FEATURE_RNG) != 0;
    for (unsigned int i = 0; good && i < STARTUP_SAMPLES; i++) {
        good = sample(&health, &value);
    }
    while (good && size > 0) {
        good = sample(&health, &value);
        size_t piece = size < sizeof(value) ? size : sizeof(value);
        memcpy(buffer, &value, piece);
        buffer += piece;
        size -= piece;
    }
    secret_wipe(&value, sizeof(value));
    secret_wipe(&health, sizeof(health));
    return good;
}
