/* SPDX-License-Identifier: BSD-2-Clause */
/* The hardware that the loader found, as text. */
#pragma once

#include <skyscope/boot_info.h>

#include "text_output.h"

/* NULL if this is no hardware information of a known version. */
const struct hardware_info *check_hardware(const void *region);

void show_hardware_summary(struct text_output *out, const struct hardware_info *hardware);
void show_cpus(struct text_output *out, const struct hardware_info *hardware);
void show_memory_map(struct text_output *out, const struct hardware_info *hardware);
void show_pci_devices(struct text_output *out, const struct hardware_info *hardware);
/* Interrupt controllers, timers, power: what the firmware's tables say. */
void show_platform(struct text_output *out, const struct hardware_info *hardware);
void show_firmware(struct text_output *out, const struct hardware_info *hardware);
/* What the loader measured, one `key value` per line, for programs. */
void show_raw_boot(struct text_output *out, const struct hardware_info *hardware);
