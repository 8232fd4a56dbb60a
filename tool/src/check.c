/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include <tool/sel4.h>
#include <tool/symbols.h>

void system_check(struct system *system, const struct machine *machine)
{
    check_limits(system);
    check_names(system);
    check_identifiers(system);
    check_regions(system);
    check_maps(system);
    check_channels(system);
    check_interrupts(system);
    check_ioports(system);
    check_protection_domains(system);
    check_vms(system);
    if (system->sel4.board != NULL) {
        sel4_check(system);
    }
    symbols_check(system);
    if (machine->memory != 0) {
        check_machine_memory(system, machine->memory);
    }
    if (machine->cpus != 0) {
        check_machine_cpus(system, machine->cpus);
    }
}
