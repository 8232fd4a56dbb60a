/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../hardware_arch.h"

#include "processor_name.h"

/* --- Processors --- */

void show_cpu_model(struct text_output *out, const struct hardware_info *hardware)
{
    const uint32_t midr = hardware->cpu_signature;
    const char *name = processor_name(midr);
    if (name != NULL) {
        print(out, "%s %s", processor_implementer(midr), name);
    } else {
        print(out, "%s, part 0x%03x", processor_implementer(midr), midr >> 4 & 0xfff);
    }
    /* Variant and revision, as in the processors' manuals. */
    print(out, " r%up%u", midr >> 20 & 0xf, midr & 0xf);
}

void show_cpu_model_code(struct text_output *out, const struct hardware_info *hardware)
{
    print(out, "MIDR 0x%08x", (unsigned int)hardware->cpu_signature);
}

/* Affinity levels 3 to 0. */
void show_cpu_name(struct text_output *out, const struct hardware_cpu *cpu)
{
    print(out, "affinity %u.%u.%u.%u", (unsigned int)(cpu->mpidr >> 32 & 0xff), (unsigned int)(cpu->mpidr >> 16 & 0xff),
          (unsigned int)(cpu->mpidr >> 8 & 0xff), (unsigned int)(cpu->mpidr & 0xff));
}

/* --- Devices --- */

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

void show_interrupt_controllers(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;
    print(out, "GICv%u", (unsigned int)arch->gic_version);
    if (arch->its_count != 0) {
        print(out, ", %u ITS%s", (unsigned int)arch->its_count, arch->its_count == 1 ? "" : "s");
    } else if (arch->v2m.address != 0) {
        print(out, " with v2m");
    }
}

static void show_range(struct text_output *out, const char *name, const struct hardware_range *range)
{
    if (range->address != 0) {
        print(out, "  %-14s at 0x%llx, %llu KiB\n", name, (unsigned long long)range->address,
              (unsigned long long)(range->size >> 10));
    }
}

static void show_gic(struct text_output *out, const struct hardware_arch *arch)
{
    show_range(out, "distributor", &arch->distributor);
    show_range(out, "GIC CPU", &arch->gicc);
    show_range(out, "GIC hypervisor", &arch->gich);
    show_range(out, "GIC virtual", &arch->gicv);
    for (uint32_t i = 0; i < at_most(arch->redistributor_count, HARDWARE_MAX_GIC_REGIONS); i++) {
        show_range(out, "redistributors", &arch->redistributors[i]);
    }
    for (uint32_t i = 0; i < at_most(arch->its_count, HARDWARE_MAX_ITS); i++) {
        print(out, "  ITS %-10u at 0x%llx\n", (unsigned int)arch->its[i].id, (unsigned long long)arch->its[i].address);
    }
    if (arch->v2m.address != 0) {
        print(out, "  v2m            at 0x%llx, interrupts %u to %u\n", (unsigned long long)arch->v2m.address,
              (unsigned int)arch->v2m_first_spi, (unsigned int)(arch->v2m_first_spi + arch->v2m_spi_count - 1));
    }
}

static void show_interrupt(struct text_output *out, const char *name, const struct hardware_interrupt *interrupt)
{
    if (interrupt->intid != 0) {
        print(out, "  %-14s interrupt %u, %s\n", name, (unsigned int)interrupt->intid,
              interrupt->edge != 0 ? "edge" : "level");
    }
}

static void show_psci(struct text_output *out, const struct hardware_arch *arch)
{
    static const char *const conduits[] = {"none", "SMC", "HVC"};
    print(out, "  PSCI           ");
    if (arch->psci_conduit == HARDWARE_PSCI_NONE) {
        print(out, "none\n");
    } else {
        print(out, "%u.%u, by %s\n", arch->psci_version >> 16 & 0x7fff, arch->psci_version & 0xffff,
              arch->psci_conduit < sizeof(conduits) / sizeof(conduits[0]) ? conduits[arch->psci_conduit] : "?");
    }
}

static void show_smmu(struct text_output *out, uint32_t number, const struct hardware_smmu *smmu)
{
    print(out, "  SMMUv%u %-7u at 0x%llx, interrupts %u (events), %u (errors), %u (commands)\n",
          (unsigned int)smmu->version, (unsigned int)number, (unsigned long long)smmu->registers.address,
          (unsigned int)smmu->event_interrupt, (unsigned int)smmu->error_interrupt,
          (unsigned int)smmu->command_interrupt);
}

void show_platform_devices(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;
    if (arch->device_tree.address != 0) {
        show_range(out, "device tree", &arch->device_tree);
    }
    show_psci(out, arch);
    show_gic(out, arch);
    show_interrupt(out, "maintenance", &arch->maintenance);
    show_interrupt(out, "virtual timer", &arch->virtual_timer);
    show_interrupt(out, "EL1 timer", &arch->physical_timer);
    show_interrupt(out, "EL2 timer", &arch->hyper_timer);
    if (arch->uart_kind == HARDWARE_UART_PL011) {
        print(out, "  PL011          at 0x%llx, interrupt %u\n", (unsigned long long)arch->uart.address,
              (unsigned int)arch->uart_interrupt.intid);
    }
    show_range(out, "PL031", &arch->rtc);
    for (uint32_t i = 0; i < at_most(arch->smmu_count, HARDWARE_MAX_SMMUS); i++) {
        show_smmu(out, i, &arch->smmus[i]);
    }
}
