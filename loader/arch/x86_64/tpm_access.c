/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM's registers, in the identity map. That they are not cached is the
 * firmware's doing (MTRRs), as for all devices that the loader touches. */
#include <loader/machine.h>
#include <loader_arch/delay.h>

static uint32_t tpm_read(const struct tpm_access *access, uint64_t address, uint32_t width)
{
    (void)access;
    return width == 1 ? *(volatile uint8_t *)(uintptr_t)address : *(volatile uint32_t *)(uintptr_t)address;
}

static void tpm_write(const struct tpm_access *access, uint64_t address, uint32_t width, uint32_t value)
{
    (void)access;
    if (width == 1) {
        *(volatile uint8_t *)(uintptr_t)address = (uint8_t)value;
    } else {
        *(volatile uint32_t *)(uintptr_t)address = value;
    }
}

static bool tpm_reach(const struct tpm_access *access, uint64_t address, uint64_t size)
{
    (void)access;
    return device_reach(address, size);
}

static void tpm_delay(const struct tpm_access *access, uint32_t microseconds)
{
    (void)access;
    delay_microseconds(microseconds);
}

const struct tpm_access machine_tpm_access = {
    .read = tpm_read,
    .write = tpm_write,
    .reach = tpm_reach,
    .delay = tpm_delay,
};
