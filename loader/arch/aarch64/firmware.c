/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware tells: by a device tree or by ACPI tables. */
#include <loader_arch/firmware.h>

#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/acpi.h>
#include <loader_arch/cpu.h>
#include <loader_arch/device_tree.h>
#include <loader_arch/entry.h>
#include <loader_arch/psci.h>

#define RTC_SIZE 0x1000u

static bool tpm_named;

bool firmware_names_tpm(void)
{
    return tpm_named;
}

void firmware_read(const struct physical_memory *memory, const struct boot_source *source,
                   struct hardware_info *hardware)
{
    struct loader_error error;
    const struct device_tree *tree = source->device_tree == 0 ? NULL : machine_tree(source->device_tree, &error);
    if (tree != NULL) {
        device_tree_console(tree, hardware);
        device_tree_hardware(tree, read_register(mpidr_el1) & MPIDR_AFFINITY, hardware);
    } else if (source->rsdp_size > 0) {
        hardware->rsdp_address = source->rsdp_address;
        if (!acpi_read(memory, source->rsdp, source->rsdp_size, hardware)) {
            log_warning("no ACPI tables: only one CPU and no interrupts can be used");
        }
    } else {
        log_warning("neither a device tree nor ACPI tables: only one CPU and no interrupts can be used");
    }
    /* There is no customary place to look at. */
    if (hardware->tpm_start_method != 0 && hardware->tpm_control_area == 0) {
        log_warning("ACPI: the TPM2 table does not say where the TPM is: it is not used");
        hardware->tpm_start_method = 0;
    }
    tpm_named = hardware->tpm_start_method != 0;
    psci_start(hardware);
}

void clock_read(struct hardware_info *hardware)
{
    /* PL031 (Arm DDI 0224): its first register counts seconds. */
    uint64_t address = hardware->arch.rtc.address;
    if (address != 0 && device_reach(address, RTC_SIZE)) {
        hardware->wall_clock = mmio_read32(address);
        hardware->wall_clock_ticks = cycle_counter();
    } else {
        boot_source_clock(hardware);
    }
}
