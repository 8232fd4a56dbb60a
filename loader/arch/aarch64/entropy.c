/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's random numbers. */
#include <crypto/random.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <skyscope/kernel_info.h>

#define ISAR0_RNDR_SHIFT 60

bool cpu_entropy(uint8_t *buffer, size_t size)
{
    uint64_t features = (read_register(id_aa64isar0_el1) >> ISAR0_RNDR_SHIFT & 0xf) != 0 ? KERNEL_FEATURE_RNG : 0;
    return random_platform_entropy(&features, buffer, size);
}
