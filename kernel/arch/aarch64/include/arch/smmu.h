/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMMUv3 (Arm IHI 0070): which device may reach memory by itself. None may, until the
 * plan gives it to a protection domain.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>
#include <skyscope/types.h>

/* Boot: turns all SMMUs on, with every stream's accesses refused. */
void smmu_init(const struct hardware_arch *hardware);
/* Are there any? */
bool smmu_present(void);
/* Can all of them confine a device to a stage-2 table? */
bool smmu_has_stage2(void);
/* Boot: the accesses of this PCI requester id go through this table, whose format is that
 * of VMs; or all through, as they are. */
void smmu_translate(uint16_t device, hpa_t root, uint32_t vmid);
void smmu_bypass(uint16_t device);
/* An interrupt that no PD has. True: it was an SMMU's, and is dealt with: the first few
 * refused accesses are worth a line in the log. */
bool smmu_interrupt(uint32_t intid);
