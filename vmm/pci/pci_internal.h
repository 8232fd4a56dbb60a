/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the host bridge and the functions on its bus. */
#pragma once

#include <vmm/devices/pci.h>

/* offset: 0..4095 (what a function does not have reads 0); width: 1, 2 or 4. */
uint32_t pci_config_read(struct pci_device *function, uint32_t offset, uint32_t width);
void pci_config_write(struct pci_device *function, uint32_t offset, uint32_t width, uint32_t value);
void pci_function_reset(struct pci_device *function);
/* Which of the four interrupt lines the function's pin is wired to; the function has a pin. */
uint32_t pci_line(const struct pci_device *function);
