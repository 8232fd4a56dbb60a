/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health test of a noise source's output, one for each start of the source:
 * the repetition count test of NIST SP 800-90B section 4.4.1, for samples of 64
 * bits that are taken to have 32 bits of entropy at least. With a false alarm in
 * 2^30 samples at most, its cutoff is 1 + ⌈30 / 32⌉ = 2: two equal samples in a
 * row are a failure. It notices sources that are stuck, such as processors whose
 * RDRAND gives all ones after a suspension, and says that it succeeded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random_health {
    uint64_t last;
    bool started;
};

/* False if the source is broken. */
static inline bool random_health_sample(struct random_health *health, uint64_t sample)
{
    bool good = !health->started || sample != health->last;
    health->started = true;
    health->last = sample;
    return good;
}
