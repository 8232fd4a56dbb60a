/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* ESR_EL2: data abort from a lower level, write, translation fault at level 3. */
#define WRITE_FAULT_STATUS 0x92000047
