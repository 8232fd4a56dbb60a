/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of processors by MIDR_EL1 (Arm ARM DDI 0487, D19.2.96). */
#pragma once

#include <stdint.h>

/* Who made it; "implementer unknown" if that is not known here. */
const char *processor_implementer(uint32_t midr);
/* Its name, NULL if it is not known here. */
const char *processor_name(uint32_t midr);
