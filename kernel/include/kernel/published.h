/* SPDX-License-Identifier: BSD-2-Clause */
/* Regions that the kernel fills and PDs may read. */
#pragma once

#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <skyscope/types.h>

/* Boot: makes them; copies the loader's hardware information, which is not read again. */
void published_init(const struct boot_info *boot, const struct hardware_info *hardware);
/* Where a region of this kind (enum plan_region_kind) lies. */
hpa_t published_region(uint32_t kind);
