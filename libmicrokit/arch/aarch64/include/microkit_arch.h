/* SPDX-License-Identifier: BSD-2-Clause */
/* Microkit has functions here for VMMs (microkit_vcpu_...), which drive their virtual
 * CPUs by <skyscope.h> instead, and for secure monitor calls, which no PD may make. */
#pragma once
