/* SPDX-License-Identifier: BSD-2-Clause */
/* Power-off and reset by the firmware: PSCI (Arm DEN 0022). */
#include <arch/cpu_features.h>
#include <arch/smccc.h>
#include <kernel/arch.h>
#include <kernel/log.h>

static void ask(uint32_t function, const char *what)
{
    if (cpu_features.secure_calls) {
        int64_t status = smccc_call(function, 0, 0, 0);
        kernel_log("kernel: the firmware does not %s the machine: PSCI status %lld\n", what, (long long)status);
    } else {
        kernel_log("kernel: this machine has no PSCI by SMC, and cannot %s itself\n", what);
    }
}

void arch_power_off(void)
{
    ask(PSCI_SYSTEM_OFF, "power off");
}

void arch_reset(void)
{
    ask(PSCI_SYSTEM_RESET, "reset");
}
