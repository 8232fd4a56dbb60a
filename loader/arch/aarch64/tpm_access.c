/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM's registers, where the device tree or ACPI says they are: on this
 * architecture there is no customary place to look at. */
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/firmware.h>

static uint32_t tpm_read(const struct tpm_access *access, uint64_t address, uint32_t width)
{
    (void)access;
    return width == 1 ? mmio_read8(address) : mmio_read32(address);
}

static void tpm_write(const struct tpm_access *access, uint64_t address, uint32_t width, uint32_t value)
{
    (void)access;
    if (width == 1) {
        *(volatile uint8_t *)(uintptr_t)address = (uint8_t)value;
    } else {
        mmio_write32(address, value);
    }
}

static bool tpm_reach(const struct tpm_access *access, uint64_t address, uint64_t size)
{
    (void)access;
    return firmware_names_tpm() && !page_tables_usable_memory(address, size) && device_reach(address, size);
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
