/* SPDX-License-Identifier: BSD-2-Clause */
#include "check.h"
#include <tool/symbols.h>

void system_check(struct system *system, uint64_t machine_memory)
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
    symbols_check(system);
    if (machine_memory != 0) {
        check_machine_memory(system, machine_memory);
    }
}
