/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2's CPU interface (Arm IHI 0048, chapter 4.4), as the Non-secure side or a GIC
 * without Security Extensions sees it. */
#include <arch/gic.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <kernel/log.h>

#include "gic_driver.h"

#define GICC_CTLR 0x000u
#define GICC_PMR  0x004u
#define GICC_BPR  0x008u
#define GICC_IAR  0x00cu
#define GICC_EOIR 0x010u
#define GICC_IIDR 0x0fcu
#define GICC_APR  0x0d0u
#define GICC_DIR  0x1000u

#define GICC_SIZE          0x2000u
#define GICC_CTLR_ENABLE   (1u << 0)
#define GICC_CTLR_EOI_MODE (1u << 9)
#define GICD_CTLR_ENABLE   1u

#define SGIR_TO_OTHERS     (1u << 24)
#define SGIR_TARGETS_SHIFT 16u

/* Where 64 KiB pages are used, each 4 KiB page of the registers may appear 16 times: then
 * the last copy of the first is followed by the second. */
#define ALIASED_SIZE   0x20000u
#define ALIASED_OFFSET 0xf000u

static gic_registers_t interface;
static gic_registers_t virtual_control;

static bool is_aliased(const struct hardware_range *range)
{
    if (range->size < ALIASED_SIZE) {
        return false;
    }
    gic_registers_t first = page_table_map_device(HPA(range->address), 0x1000);
    gic_registers_t last = page_table_map_device(HPA(range->address + ALIASED_OFFSET), 0x1000);
    return first[GICC_IIDR / 4] != 0 && first[GICC_IIDR / 4] == last[GICC_IIDR / 4];
}

void gicv2_init(const struct hardware_arch *hardware)
{
    if (hardware->gicc.address == 0 || hardware->gicc.size < GICC_SIZE) {
        kernel_refuse("the GIC's CPU interface has 0x%llx bytes of registers, not 0x%x: it cannot end interrupts in "
                      "two steps",
                      (unsigned long long)hardware->gicc.size, GICC_SIZE);
    }
    uint64_t address = hardware->gicc.address + (is_aliased(&hardware->gicc) ? ALIASED_OFFSET : 0);
    interface = page_table_map_device(HPA(address), GICC_SIZE);
    if (hardware->gich.address != 0) {
        virtual_control = page_table_map_device(HPA(hardware->gich.address), 0x1000);
    }
    gic_distributor[GICD_CTLR / 4] = GICD_CTLR_ENABLE;
}

gic_registers_t gicv2_virtual_control(void)
{
    return virtual_control;
}

/* A GIC of one CPU has no such register. */
static uint8_t own_target(void)
{
    for (uint32_t intid = 0; intid < GIC_FIRST_SPI; intid += 4) {
        uint32_t targets = gic_distributor[(GICD_ITARGETSR + intid) / 4];
        targets |= targets >> 16;
        targets |= targets >> 8;
        if ((targets & 0xff) != 0) {
            return (uint8_t)targets;
        }
    }
    return 1;
}

void gicv2_cpu_init(struct percpu *percpu)
{
    percpu->gic_target = own_target();
    gic_reset_private(gic_distributor);
    interface[GICC_CTLR / 4] = 0;
    for (uint32_t i = 0; i < 4; i++) {
        interface[GICC_APR / 4 + i] = 0;
    }
    interface[GICC_PMR / 4] = 0xff;
    interface[GICC_BPR / 4] = 0;
    interface[GICC_CTLR / 4] = GICC_CTLR_ENABLE | GICC_CTLR_EOI_MODE;
    if ((interface[GICC_CTLR / 4] & GICC_CTLR_EOI_MODE) == 0) {
        kernel_refuse("the GIC cannot end interrupts in two steps");
    }
}

void gicv2_cpu_off(void)
{
    if (interface != NULL) {
        interface[GICC_CTLR / 4] = 0;
    }
}

uint32_t gicv2_acknowledge(void)
{
    return interface[GICC_IAR / 4];
}

void gicv2_drop_priority(uint32_t acknowledged)
{
    interface[GICC_EOIR / 4] = acknowledged;
}

void gicv2_deactivate(uint32_t acknowledged)
{
    interface[GICC_DIR / 4] = acknowledged;
}

void gicv2_send(const struct percpu *target, uint32_t sgi)
{
    gic_distributor[GICD_SGIR / 4] = (uint32_t)target->gic_target << SGIR_TARGETS_SHIFT | sgi;
}

void gicv2_send_to_others(uint32_t sgi)
{
    gic_distributor[GICD_SGIR / 4] = SGIR_TO_OTHERS | sgi;
}

void gicv2_target(uint32_t intid, const struct percpu *percpu)
{
    gic_write_byte(gic_distributor, GICD_ITARGETSR, intid, percpu->gic_target);
}
