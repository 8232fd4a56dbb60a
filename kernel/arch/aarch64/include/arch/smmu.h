/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMMUv3 (Arm IHI 0070): which device may reach memory by itself. None may, until the
 * plan gives it to a protection domain.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

/* Boot: turns all SMMUs on, with every stream's accesses refused. */
void smmu_init(const struct hardware_arch *hardware);
/* Are there any? */
bool smmu_present(void);
/* Boot: lets the accesses of this PCI requester id through as they are. */
void smmu_allow(uint16_t device);
/* An interrupt that no PD has. True: it was an SMMU's, and is dealt with: the first few
 * refused accesses are worth a line in the log. */
bool smmu_interrupt(uint32_t intid);
