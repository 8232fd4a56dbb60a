/* SPDX-License-Identifier: BSD-2-Clause */
/* The hardware that the loader found, as text: what depends on the architecture
 * (arch/ARCH/hardware_arch.c). */
#pragma once

#include <skyscope/boot_info.h>

#include "text_output.h"

/* The processor's name, and its number as the processor says it. */
void show_cpu_model(struct text_output *out, const struct hardware_info *hardware);
void show_cpu_model_code(struct text_output *out, const struct hardware_info *hardware);
/* What the interrupt controllers call this CPU. */
void show_cpu_name(struct text_output *out, const struct hardware_cpu *cpu);
/* Briefly: how many of what kind. */
void show_interrupt_controllers(struct text_output *out, const struct hardware_info *hardware);
/* A line for each interrupt controller, timer and the like. */
void show_platform_devices(struct text_output *out, const struct hardware_info *hardware);
