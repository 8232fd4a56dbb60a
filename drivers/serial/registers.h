/* SPDX-License-Identifier: BSD-2-Clause */
/* How the UART's registers are reached on this architecture: arch/ARCH/registers.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_config.h>

/* Does the configuration name registers? */
bool registers_valid(const struct serial_config *config);
/* offset: in bytes, of a register of the UART. */
uint32_t register_read(const struct serial_config *config, unsigned int offset);
void register_write(const struct serial_config *config, unsigned int offset, uint32_t value);
