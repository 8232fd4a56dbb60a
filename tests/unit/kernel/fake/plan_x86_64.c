/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

void fake_plan_arch_init(struct fake_plan *plan)
{
    plan->irqs[0] = (struct plan_irq){.pd = FAKE_PD_SERVER,
                                      .id = 7,
                                      .kind = PLAN_IRQ_IOAPIC,
                                      .flags = PLAN_IRQ_LEGACY_ISA | PLAN_IRQ_EDGE,
                                      .pin = 4,
                                      .vector = 1};
    plan->irqs[1] = (struct plan_irq){.pd = FAKE_PD_SERVER, .id = 8, .kind = PLAN_IRQ_MSI, .vector = 107};
    plan->ioports[0] = (struct plan_ioport){.pd = FAKE_PD_SERVER, .id = 0, .base = 0x3f8, .size = 8};
}

void fake_machine_arch_init(struct hardware_arch *hardware)
{
    hardware->lapic_address = 0xfee00000;
    hardware->ioapic_count = 1;
    hardware->ioapics[0] = (struct hardware_ioapic){.address = 0xfec00000, .pin_count = 24};
}
