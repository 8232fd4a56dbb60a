/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3's distributor, redistributors and CPU interface (Arm IHI 0069), as the
 * Non-secure side or a GIC with one Security state sees them. */
#include <arch/cpu.h>
#include <arch/gic.h>
#include <arch/gic_redistributor.h>
#include <arch/its.h>
#include <arch/page_table.h>
#include <arch/percpu.h>
#include <kernel/log.h>
#include <kernel/system.h>

#include "gic_driver.h"

#define GICD_CTLR_GROUP1 (1u << 1)
#define GICD_CTLR_ARE    (1u << 4)
#define GICD_CTLR_RWP    (1u << 31)

#define GICR_CTLR     0x0000u
#define GICR_CTLR_RWP (1u << 3)

#define GICR_WAKER     0x0014u
#define WAKER_SLEEP    (1u << 1)
#define WAKER_CHILDREN (1u << 2)
#define GICR_PRIVATE   0x10000u

#define SRE_ENABLE      (1ull << 0)
#define SRE_NO_BYPASS   (3ull << 1)
#define SRE_LOWER       (1ull << 3) /* EL1 may have them as well */
#define CTLR_EOI_MODE   (1ull << 1)
#define SGI1R_TO_OTHERS (1ull << 40)

/* How often registers are read until hardware has done its part. */
#define MAX_POLLS 1000000

static volatile uint8_t *regions[HARDWARE_MAX_GIC_REGIONS];

void gicv3_distributor_wait(void)
{
    for (int i = 0; i < MAX_POLLS && (gic_distributor[GICD_CTLR / 4] & GICD_CTLR_RWP) != 0; i++) {
        cpu_pause();
    }
}

/* A region may be far larger than the CPUs that there are need. */
static uint64_t region_size(const struct hardware_arch *hardware, uint32_t region)
{
    uint64_t size = hardware->redistributors[region].size;
    uint64_t enough = kernel_system.hardware->cpu_count * GIC_REDISTRIBUTOR_MAX_SIZE;

    return size < enough ? size : enough;
}

void gicv3_init(const struct hardware_arch *hardware)
{
    gicv3_distributor_wait();
    for (uint32_t intid = GIC_FIRST_SPI; intid < gic_spi_end(); intid += 32) {
        gic_distributor[GICD_IGROUPR / 4 + intid / 32] = UINT32_MAX;
    }
    gic_distributor[GICD_CTLR / 4] = GICD_CTLR_ARE;
    gicv3_distributor_wait();
    gic_distributor[GICD_CTLR / 4] = GICD_CTLR_ARE | GICD_CTLR_GROUP1;
    gicv3_distributor_wait();
    for (uint32_t i = 0; i < hardware->redistributor_count; i++) {
        regions[i] = page_table_map_device(HPA(hardware->redistributors[i].address), region_size(hardware, i));
    }
}

uint64_t gicv3_redistributor_address(uint32_t cpu, volatile uint32_t **registers)
{
    const struct hardware_arch *hardware = &kernel_system.hardware->arch;

    for (uint32_t i = 0; i < hardware->redistributor_count; i++) {
        uint64_t offset =
            gic_redistributor_find(regions[i], region_size(hardware, i), kernel_system.hardware->cpus[cpu].mpidr);
        if (offset != GIC_REDISTRIBUTOR_NONE) {
            *registers = (volatile uint32_t *)(volatile void *)(regions[i] + offset);
            return hardware->redistributors[i].address + offset;
        }
    }
    return 0;
}

gic_registers_t gicv3_private_registers(void)
{
    return current_percpu()->redistributor + GICR_PRIVATE / 4;
}

static void wake(const struct percpu *percpu)
{
    volatile uint32_t *redistributor = percpu->redistributor;

    redistributor[GICR_WAKER / 4] &= ~WAKER_SLEEP;
    for (int i = 0; i < MAX_POLLS; i++) {
        if ((redistributor[GICR_WAKER / 4] & WAKER_CHILDREN) == 0) {
            return;
        }
        cpu_pause();
    }
    kernel_refuse("CPU %u: its redistributor does not wake up", percpu->index);
}

static void redistributor_wait(const struct percpu *percpu)
{
    for (int i = 0; i < MAX_POLLS && (percpu->redistributor[GICR_CTLR / 4] & GICR_CTLR_RWP) != 0; i++) {
        cpu_pause();
    }
}

void gicv3_cpu_init(struct percpu *percpu)
{
    if (gicv3_redistributor_address(percpu->index, &percpu->redistributor) == 0) {
        kernel_refuse("CPU %u (affinity 0x%llx) has no redistributor", percpu->index,
                      (unsigned long long)percpu->mpidr);
    }
    wake(percpu);
    gic_registers_t private = percpu->redistributor + GICR_PRIVATE / 4;
    private[GICD_IGROUPR / 4] = UINT32_MAX;
    gic_reset_private(private);
    redistributor_wait(percpu);

    write_sysreg_s(SYSREG_ICC_SRE_EL2, SRE_ENABLE | SRE_NO_BYPASS | SRE_LOWER);
    isb();
    if ((read_sysreg_s(SYSREG_ICC_SRE_EL2) & SRE_ENABLE) == 0) {
        kernel_refuse("CPU %u: the firmware keeps the GIC's system registers from EL2", percpu->index);
    }
    write_sysreg_s(SYSREG_ICC_PMR, 0xff);
    write_sysreg_s(SYSREG_ICC_BPR1, 0);
    write_sysreg_s(SYSREG_ICC_AP1R0, 0); /* should the firmware have left one unfinished */
    write_sysreg_s(SYSREG_ICC_CTLR, CTLR_EOI_MODE);
    write_sysreg_s(SYSREG_ICC_IGRPEN1, 1);
    isb();
}

/* Before its CPU interface is made ready a CPU that touches it gets an exception. */
static bool has_interface(void)
{
    return (read_sysreg_s(SYSREG_ICC_SRE_EL2) & SRE_ENABLE) != 0;
}

void gicv3_cpu_off(void)
{
    if (!has_interface()) {
        return;
    }
    write_sysreg_s(SYSREG_ICC_IGRPEN1, 0);
    isb();
}

uint32_t gicv3_acknowledge(void)
{
    uint32_t intid = (uint32_t)read_sysreg_s(SYSREG_ICC_IAR1);
    dsb_sy(); /* the line's fall is seen before ISR_EL1 is read again */
    return intid;
}

void gicv3_drop_priority(uint32_t acknowledged)
{
    write_sysreg_s(SYSREG_ICC_EOIR1, acknowledged);
    isb();
}

void gicv3_deactivate(uint32_t acknowledged)
{
    write_sysreg_s(SYSREG_ICC_DIR, acknowledged);
    isb();
}

void gicv3_send(const struct percpu *target, uint32_t sgi)
{
    write_sysreg_s(SYSREG_ICC_SGI1R, gic_sgi1r(target->mpidr, sgi));
    isb();
}

void gicv3_send_to_others(uint32_t sgi)
{
    if (!has_interface()) {
        return;
    }
    write_sysreg_s(SYSREG_ICC_SGI1R, SGI1R_TO_OTHERS | (uint64_t)sgi << 24);
    isb();
}

void gicv3_target(uint32_t intid, const struct percpu *percpu)
{
    volatile uint64_t *router = (volatile uint64_t *)(volatile void *)(gic_distributor + GICD_IROUTER / 4);

    router[intid] = percpu->mpidr;
}
