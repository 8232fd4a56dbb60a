/* SPDX-License-Identifier: BSD-2-Clause */
#include "dsdt.h"

/* Made by acpi.mk: the bytes, comma-separated. */
const uint8_t dsdt_aml[] = {
#include "dsdt_bytes.inc"
};
const uint32_t dsdt_aml_size = sizeof(dsdt_aml);
