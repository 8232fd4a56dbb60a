/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor: its name, clock, vector registers; exceptions; how the machine ends. */
#include <base/format.h>
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/exceptions.h>
#include <loader_arch/psci.h>
#include <loader_arch/registers.h>

uint64_t cycle_counter(void)
{
    instruction_barrier();
    return read_register(cntpct_el0);
}

void machine_halt(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void machine_restart(const struct hardware_info *hardware, uint32_t seconds)
{
    (void)hardware;
    for (uint32_t i = 0; i < seconds; i++) {
        delay_microseconds(1000000);
    }
    psci_system_reset();
    loader_print("loader: the firmware does not restart the machine\n");
    machine_halt();
}

/* --- Vector registers --- */

#define PFR0_FP_SHIFT 16
#define PFR0_FP_NONE  0xfu

void vectors_enable(void)
{
    if ((read_register(id_aa64pfr0_el1) >> PFR0_FP_SHIFT & 0xf) != PFR0_FP_NONE) {
        write_register(cptr_el2, CPTR_RES1);
        instruction_barrier();
    }
}

void vectors_disable(void)
{
    write_register(cptr_el2, CPTR_RES1 | CPTR_TFP);
    instruction_barrier();
}

/* --- Names --- */

struct part {
    uint32_t implementer, number;
    const char *name;
};

#define ARM 0x41u

static const struct part parts[] = {
    {ARM, 0xd03, "Cortex-A53"},  {ARM, 0xd04, "Cortex-A35"},  {ARM, 0xd05, "Cortex-A55"},  {ARM, 0xd07, "Cortex-A57"},
    {ARM, 0xd08, "Cortex-A72"},  {ARM, 0xd09, "Cortex-A73"},  {ARM, 0xd0a, "Cortex-A75"},  {ARM, 0xd0b, "Cortex-A76"},
    {ARM, 0xd0c, "Neoverse N1"}, {ARM, 0xd0d, "Cortex-A77"},  {ARM, 0xd40, "Neoverse V1"}, {ARM, 0xd41, "Cortex-A78"},
    {ARM, 0xd46, "Cortex-A510"}, {ARM, 0xd47, "Cortex-A710"}, {ARM, 0xd49, "Neoverse N2"}, {ARM, 0xd4f, "Neoverse V2"},
};

static const char *implementer_name(uint32_t implementer)
{
    static const struct {
        uint32_t code;
        const char *name;
    } names[] = {
        {0x00, "software"},  {ARM, "Arm"},     {0x42, "Broadcom"}, {0x43, "Cavium"},   {0x46, "Fujitsu"},
        {0x48, "HiSilicon"}, {0x4e, "NVIDIA"}, {0x50, "APM"},      {0x51, "Qualcomm"}, {0xc0, "Ampere"},
    };
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].code == implementer) {
            return names[i].name;
        }
    }
    return "unknown";
}

/* MIDR_EL1: implementer 31:24, variant 23:20, part 15:4, revision 3:0. */
void cpu_identify(struct hardware_info *hardware)
{
    uint32_t midr = (uint32_t)read_register(midr_el1);
    uint32_t implementer = midr >> 24;
    uint32_t number = midr >> 4 & 0xfff;
    hardware->cpu_signature = midr;
    strlcpy(hardware->cpu_vendor, implementer_name(implementer), sizeof(hardware->cpu_vendor));
    for (uint32_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].implementer == implementer && parts[i].number == number) {
            snprintf(hardware->cpu_brand, sizeof(hardware->cpu_brand), "%s r%up%u", parts[i].name, midr >> 20 & 0xf,
                     midr & 0xf);
            return;
        }
    }
    snprintf(hardware->cpu_brand, sizeof(hardware->cpu_brand), "part 0x%03x r%up%u", number, midr >> 20 & 0xf,
             midr & 0xf);
}

/* PCI is reached by memory alone. */
void pci_scan_without_ecam(struct hardware_info *hardware)
{
    (void)hardware;
}

/* --- Exceptions --- */

void exception_report(uint64_t vector, uint64_t syndrome, uint64_t address, uint64_t fault)
{
    static const char *const kinds[] = {"synchronous exception", "IRQ", "FIQ", "SError"};
    loader_fail("%s (vector %llu, ESR_EL2 0x%llx) at 0x%llx (loader + 0x%llx), FAR_EL2 0x%llx: a bug in the loader or "
                "broken hardware",
                kinds[vector % 4], (unsigned long long)vector, (unsigned long long)syndrome,
                (unsigned long long)address, (unsigned long long)(address - loader_image_start()),
                (unsigned long long)fault);
}
