/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers on seL4: HMAC_DRBG, seeded for each request by the processor's
 * instruction. On x86-64 CPUID says whether there is one; on AArch64 a program is
 * told nothing of the sort, so there are none.
 */
#include <skyscope.h>

#include <base/memory.h>
#include <crypto/random.h>

int skyscope_random(void *buffer, size_t size)
{
    struct random_generator generator;
    bool given = random_start(&generator, random_platform_entropy, NULL, microkit_name) &&
                 random_bytes(&generator, buffer, size);
    random_end(&generator);
    if (!given) {
        memset(buffer, 0, size);
    }
    return given ? SKYSCOPE_OK : -SKYSCOPE_NO_RANDOM;
}
