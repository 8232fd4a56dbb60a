/* SPDX-License-Identifier: BSD-2-Clause */
/* The DSDT, compiled from dsdt.asl. */
#pragma once

#include <stdint.h>

extern const uint8_t dsdt_aml[];
extern const uint32_t dsdt_aml_size;
