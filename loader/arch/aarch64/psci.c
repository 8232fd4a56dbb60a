/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/psci.h>

#include <loader/log.h>

/* DEN 0022, section 5. */
#define PSCI_VERSION      0x84000000u
#define PSCI_CPU_ON       0xc4000003u
#define PSCI_SYSTEM_RESET 0x84000009u

enum psci_error {
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_DENIED = -3,
    PSCI_ALREADY_ON = -4,
    PSCI_ON_PENDING = -5,
    PSCI_INTERNAL_FAILURE = -6,
    PSCI_INVALID_ADDRESS = -9,
};

static bool usable;

/* SMCCC (DEN 0028) 1.0: X0 to X17 may be changed. */
static uint64_t call(uint64_t function, uint64_t first, uint64_t second, uint64_t third)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = third;
    __asm__ volatile("smc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "memory");
    return x0;
}

void psci_start(struct hardware_info *hardware)
{
    usable = hardware->arch.psci_conduit == HARDWARE_PSCI_SMC;
    if (usable) {
        hardware->arch.psci_version = (uint32_t)call(PSCI_VERSION, 0, 0, 0);
        if ((int32_t)hardware->arch.psci_version < 0) {
            log_warning("PSCI: the firmware does not answer: only one CPU is used");
            hardware->arch.psci_conduit = HARDWARE_PSCI_NONE;
            hardware->arch.psci_version = 0;
            usable = false;
        }
    } else if (hardware->arch.psci_conduit == HARDWARE_PSCI_HVC) {
        log_warning("PSCI: the firmware is called by HVC, which does not leave exception level 2: only one CPU is "
                    "used");
    } else {
        log_warning("no PSCI: only one CPU is used");
    }
}

int32_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
    return usable ? (int32_t)call(PSCI_CPU_ON, mpidr, entry, context) : PSCI_NOT_SUPPORTED;
}

void psci_system_reset(void)
{
    if (usable) {
        (void)call(PSCI_SYSTEM_RESET, 0, 0, 0);
    }
}

const char *psci_error_text(int32_t error)
{
    switch (error) {
    case PSCI_NOT_SUPPORTED:
        return "not supported";
    case PSCI_INVALID_PARAMETERS:
        return "no such CPU";
    case PSCI_DENIED:
        return "denied";
    case PSCI_ALREADY_ON:
        return "it is on already";
    case PSCI_ON_PENDING:
        return "it is being started already";
    case PSCI_INTERNAL_FAILURE:
        return "internal failure";
    case PSCI_INVALID_ADDRESS:
        return "invalid address";
    default:
        return "unknown error";
    }
}
