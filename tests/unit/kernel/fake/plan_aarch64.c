/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

void fake_plan_arch_init(struct fake_plan *plan)
{
    plan->header.tables[PLAN_TABLE_IOPORTS].count = 0;
    plan->regions[FAKE_REGION_UART].physical_address = PLAN_CONSOLE_ADDRESS;
    plan->irqs[0] = (struct plan_irq){.pd = FAKE_PD_SERVER, .id = 7, .kind = PLAN_IRQ_CONSOLE, .vector = 1};
    plan->irqs[1] = (struct plan_irq){.pd = FAKE_PD_SERVER, .id = 8, .kind = PLAN_IRQ_GIC, .pin = 40, .vector = 107};
}

void fake_machine_arch_init(struct hardware_arch *hardware)
{
    *hardware = (struct hardware_arch){
        .gic_version = 2,
        .distributor = {0x48000000, 0x10000},
        .gicc = {0x48010000, 0x10000},
        .gich = {0x48030000, 0x10000},
        .gicv = {0x48040000, 0x10000},
        .v2m = {0x48020000, 0x1000},
        .v2m_first_spi = 80,
        .v2m_spi_count = 64,
        .uart = {0x49000000, 0x1000},
        .uart_kind = HARDWARE_UART_PL011,
        .uart_interrupt = {.intid = 33},
        .smmu_count = 1,
        .smmus = {{.registers = {0x4a050000, 0x20000}, .version = 3}},
    };
}
