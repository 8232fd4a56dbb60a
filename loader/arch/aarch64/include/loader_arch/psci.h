/* SPDX-License-Identifier: BSD-2-Clause */
/* Power State Coordination Interface (Arm DEN 0022), by SMC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

/* Asks the firmware for its version. Calls are made from now on if the conduit is
 * SMC; HVC would call the loader itself. */
void psci_start(struct hardware_info *hardware);
/* Starts a CPU at a physical address, with context in X0. 0, or PSCI's error. */
int32_t psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
/* Does not return if there is PSCI. */
void psci_system_reset(void);
/* An error's name. */
const char *psci_error_text(int32_t error);
