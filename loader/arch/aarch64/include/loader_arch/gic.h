/* SPDX-License-Identifier: BSD-2-Clause */
/* The interrupt controller, silenced. */
#pragma once

/* Switches off the interrupt controller's interface of the CPU that calls it; after interrupts_quiesce(). */
void interrupts_quiesce_cpu(void);
