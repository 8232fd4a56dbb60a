/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

/* Name of a PCI device's class and subclass (PCI Code and ID Assignment
 * Specification §1), such as "Ethernet controller". */
const char *pci_class_name(uint8_t class_code, uint8_t subclass);
