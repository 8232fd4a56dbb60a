/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's random numbers; boot loaders leave none here. */
#include <crypto/random.h>
#include <loader/machine.h>

bool cpu_entropy(uint8_t *buffer, size_t size)
{
    return random_platform_entropy(NULL, buffer, size);
}

void boot_source_entropy(struct entropy *entropy)
{
    (void)entropy;
}
