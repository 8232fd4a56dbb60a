/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3's Interrupt Translation Service: writes of a device become LPIs (Arm IHI 0069,
 * chapter 5). The first ITS of the machine is used, with PCI requester ids as device ids.
 */
#pragma once

#include <stdint.h>

#include <skyscope/boot_info.h>

/* Events of one device: data that it may write is below. */
#define ITS_EVENTS_PER_DEVICE 256u

/* Boot: what this device writes as `event` becomes an LPI of this CPU, whose INTID is
 * returned. The ITS and the CPU's redistributor are made ready when they are first needed. */
uint32_t its_route(uint16_t device, uint32_t event, uint32_t cpu, uint8_t priority);
/* Where devices write to. */
uint64_t its_doorbell(void);

/* Physical address of a CPU's redistributor; 0: it has none. Before that CPU's own start, too. */
uint64_t gicv3_redistributor_address(uint32_t cpu, volatile uint32_t **registers);
