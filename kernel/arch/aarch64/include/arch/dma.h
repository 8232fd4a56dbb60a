/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory accesses of devices. Behind an SMMU, a device whose MSI the plan gives to a PD
 * reaches what that PD has mapped of memory, at its physical addresses and with the PD's
 * rights, and the doorbell of its MSIs; every other device nothing.
 */
#pragma once

#include <stdint.h>

#include <arch/page_table.h>
#include <kernel/plan_check.h>

/* Boot: gives the device (a PCI requester id) to the PD. doorbell: physical address. */
void dma_give_device(uint16_t device, uint64_t doorbell, const struct plan_view *view,
                     const struct plan_machine *machine, uint32_t pd);

/* The table for such devices: pool allocates. False: some of the memory lies above what the
 * table can address, and is not in it. */
bool dma_make_table(struct page_table *table, uint64_t doorbell, const struct plan_view *view,
                    const struct plan_machine *machine, uint32_t space);
