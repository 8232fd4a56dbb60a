/* SPDX-License-Identifier: BSD-2-Clause */
/* What the versions have in common: the distributor, and the way to the version's own. */
#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <kernel/log.h>
#include <kernel/system.h>

#include "gic_driver.h"

/* All SGIs and no PPI. */
#define PRIVATE_SGIS     0x0000ffffu
#define PRIORITY_INITIAL 0xa0u

gic_registers_t gic_distributor;

static bool version3;

static struct percpu *percpu_of(uint32_t cpu)
{
    return (struct percpu *)(void *)((char *)kernel_system.cpus[cpu] - offsetof(struct percpu, core));
}

static gic_registers_t private_registers(void)
{
    return version3 ? gicv3_private_registers() : gic_distributor;
}

void gic_reset_private(gic_registers_t base)
{
    base[GICD_ICENABLER / 4] = UINT32_MAX;
    base[GICD_ICPENDR / 4] = UINT32_MAX;
    base[GICD_ICACTIVER / 4] = UINT32_MAX;
    for (uint32_t intid = 0; intid < GIC_FIRST_SPI; intid++) {
        gic_write_byte(base, GICD_PRIORITY, intid, PRIORITY_INITIAL);
    }
    gic_write_byte(base, GICD_PRIORITY, GIC_SGI_STOP, GIC_PRIORITY_STOP);
    gic_write_byte(base, GICD_PRIORITY, GIC_SGI_INTERPROCESSOR, GIC_PRIORITY_INTERPROCESSOR);
    base[GICD_ISENABLER / 4] = PRIVATE_SGIS;
}

/* Every SPI off, not pending, not active, level-triggered. */
static void reset_shared(void)
{
    for (uint32_t intid = GIC_FIRST_SPI; intid < gic_spi_end(); intid += 32) {
        gic_distributor[GICD_ICENABLER / 4 + intid / 32] = UINT32_MAX;
        gic_distributor[GICD_ICPENDR / 4 + intid / 32] = UINT32_MAX;
        gic_distributor[GICD_ICACTIVER / 4 + intid / 32] = UINT32_MAX;
    }
    for (uint32_t intid = GIC_FIRST_SPI; intid < gic_spi_end(); intid++) {
        gic_write_byte(gic_distributor, GICD_PRIORITY, intid, PRIORITY_INITIAL);
    }
}

void gic_init(const struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;

    version3 = arch->gic_version == 3;
    if (arch->distributor.address == 0 || arch->hyper_timer.intid < GIC_FIRST_PPI ||
        arch->hyper_timer.intid >= GIC_FIRST_SPI) {
        kernel_refuse("the loader found no interrupt controller, or no interrupt of EL2's timer");
    }
    gic_distributor = page_table_map_device(HPA(arch->distributor.address), version3 ? 0x10000 : 0x1000);
    gic_distributor[GICD_CTLR / 4] = 0;
    reset_shared();
    if (version3) {
        gicv3_init(arch);
    } else {
        gicv2_init(arch);
    }
}

void gic_cpu_init(void)
{
    if (version3) {
        gicv3_cpu_init(current_percpu());
    } else {
        gicv2_cpu_init(current_percpu());
    }
}

void gic_cpu_off(void)
{
    if (gic_distributor == NULL) {
        return;
    }
    if (version3) {
        gicv3_cpu_off();
    } else {
        gicv2_cpu_off();
    }
}

uint32_t gic_version(void)
{
    return version3 ? 3 : 2;
}

volatile uint32_t *gic_virtual_control(void)
{
    return version3 ? NULL : gicv2_virtual_control();
}

uint32_t gic_spi_end(void)
{
    return gic_typer_end(gic_distributor[GICD_TYPER / 4]);
}

void gic_private_enable(uint32_t intid, bool edge)
{
    gic_registers_t base = private_registers();

    gic_write_trigger(base, intid, edge);
    gic_write_byte(base, GICD_PRIORITY, intid, GIC_PRIORITY_PRIVATE);
    gic_write_bit(base, GICD_ISENABLER, intid);
}

void gic_private_disable(uint32_t intid)
{
    gic_write_bit(private_registers(), GICD_ICENABLER, intid);
}

bool gic_private_active(uint32_t intid)
{
    return gic_read_bit(private_registers(), GICD_ISACTIVER, intid);
}

void gic_private_set_active(uint32_t intid, bool active)
{
    gic_write_bit(private_registers(), active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

uint32_t gic_acknowledge(void)
{
    return version3 ? gicv3_acknowledge() : gicv2_acknowledge();
}

void gic_drop_priority(uint32_t acknowledged)
{
    if (version3) {
        gicv3_drop_priority(acknowledged);
    } else {
        gicv2_drop_priority(acknowledged);
    }
}

void gic_deactivate(uint32_t acknowledged)
{
    if (version3) {
        gicv3_deactivate(acknowledged);
    } else {
        gicv2_deactivate(acknowledged);
    }
}

void gic_send(uint32_t cpu, uint32_t sgi)
{
    dsb_ish(); /* what the other shall see is written before it comes */
    if (version3) {
        gicv3_send(percpu_of(cpu), sgi);
    } else {
        gicv2_send(percpu_of(cpu), sgi);
    }
}

void gic_send_to_others(uint32_t sgi)
{
    if (gic_distributor == NULL) {
        return;
    }
    dsb_ish();
    if (version3) {
        gicv3_send_to_others(sgi);
    } else {
        gicv2_send_to_others(sgi);
    }
}

void gic_route(uint32_t intid, uint32_t cpu, uint8_t priority, bool edge)
{
    gic_write_trigger(gic_distributor, intid, edge);
    gic_write_byte(gic_distributor, GICD_PRIORITY, intid, priority);
    if (version3) {
        gicv3_target(intid, percpu_of(cpu));
    } else {
        gicv2_target(intid, percpu_of(cpu));
    }
    gic_write_bit(gic_distributor, GICD_ISENABLER, intid);
}

void gic_deactivate_spi(uint32_t intid)
{
    gic_write_bit(gic_distributor, GICD_ICACTIVER, intid);
}
