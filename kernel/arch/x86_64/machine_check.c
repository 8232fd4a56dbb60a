/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpuid.h>
#include <arch/machine_check.h>
#include <arch/msr.h>
#include <kernel/log.h>

#define MSR_CAPABILITY   0x179u
#define MSR_CONTROL      0x17bu
#define MSR_BANK_CONTROL 0x400u
#define MSR_BANK_STATUS  0x401u
#define MSR_PER_BANK     4u

#define CAPABILITY_BANKS                 0xffu
#define CAPABILITY_CONTROL               (1ull << 8)
#define CPUID_MACHINE_CHECK_ARCHITECTURE (1u << 14)
#define STATUS_VALID                     (1ull << 63)

static uint32_t bank_count(void)
{
    return (uint32_t)rdmsr(MSR_CAPABILITY) & CAPABILITY_BANKS;
}

void machine_check_cpu_init(void)
{
    if ((cpuid(1, 0).edx & CPUID_MACHINE_CHECK_ARCHITECTURE) == 0) {
        return;
    }
    if ((rdmsr(MSR_CAPABILITY) & CAPABILITY_CONTROL) != 0) {
        wrmsr(MSR_CONTROL, ~0ull);
    }
    for (uint32_t bank = 0; bank < bank_count(); bank++) {
        wrmsr(MSR_BANK_STATUS + MSR_PER_BANK * bank, 0);
        wrmsr(MSR_BANK_CONTROL + MSR_PER_BANK * bank, ~0ull);
    }
}

void machine_check_handle(void)
{
    for (uint32_t bank = 0; bank < bank_count(); bank++) {
        uint64_t status = rdmsr(MSR_BANK_STATUS + MSR_PER_BANK * bank);
        if ((status & STATUS_VALID) != 0) {
            kernel_panic("machine check: bank %u has status 0x%llx: the hardware is broken", bank,
                         (unsigned long long)status);
        }
    }
    kernel_panic("machine check: the hardware is broken");
}
