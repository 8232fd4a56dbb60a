/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware's description of the machine said. */
#pragma once

#include <stdbool.h>

/* Whether it named a TPM with registers in memory. */
bool firmware_names_tpm(void);
