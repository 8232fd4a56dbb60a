/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of system_check(), by what they look at. */
#pragma once

#include <tool/system.h>

void check_names(struct system *system);
void check_identifiers(struct system *system);
void check_regions(struct system *system);
void check_maps(struct system *system);
void check_channels(struct system *system);
void check_interrupts(struct system *system);
void check_ioports(struct system *system);
void check_protection_domains(struct system *system);
void check_vms(struct system *system);
void check_limits(struct system *system);
void check_machine_memory(struct system *system, uint64_t machine_memory);
void check_machine_cpus(struct system *system, uint64_t machine_cpus);
