/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the distributor, which versions 2 and 3 share, and what each version's
 * driver provides to <arch/gic.h>. */
#pragma once

#include <arch/gic.h>

struct percpu;

#define GICD_CTLR      0x000u
#define GICD_TYPER     0x004u
#define GICD_IGROUPR   0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ICPENDR   0x280u
#define GICD_ISACTIVER 0x300u
#define GICD_ICACTIVER 0x380u
#define GICD_PRIORITY  0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR     0xc00u
#define GICD_SGIR      0xf00u
#define GICD_IROUTER   0x6000u

/* A register file of the layout above: the distributor's, or a CPU's private part. */
typedef volatile uint32_t *gic_registers_t;

/* One bit per INTID. */
static inline void gic_write_bit(gic_registers_t base, uint32_t offset, uint32_t intid)
{
    base[offset / 4 + intid / 32] = 1u << (intid % 32);
}

static inline bool gic_read_bit(gic_registers_t base, uint32_t offset, uint32_t intid)
{
    return (base[offset / 4 + intid / 32] >> (intid % 32) & 1) != 0;
}

/* One byte per INTID. */
static inline void gic_write_byte(gic_registers_t base, uint32_t offset, uint32_t intid, uint8_t value)
{
    ((volatile uint8_t *)base)[offset + intid] = value;
}

/* Two bits per INTID, of which the upper says that it is edge-triggered. */
static inline void gic_write_trigger(gic_registers_t base, uint32_t intid, bool edge)
{
    uint32_t bit = 2u << (intid % 16 * 2);
    uint32_t value = base[GICD_ICFGR / 4 + intid / 16];
    base[GICD_ICFGR / 4 + intid / 16] = edge ? value | bit : value & ~bit;
}

/* INTIDs of SPIs that this value of GICD_TYPER tells: the first that is none. */
static inline uint32_t gic_typer_end(uint32_t typer)
{
    uint32_t end = ((typer & 31) + 1) * 32;
    return end < GIC_SPECIAL_FIRST ? end : GIC_SPECIAL_FIRST;
}

/* 32 private interrupts: all off, idle, and of the lowest priority but the SGIs. */
void gic_reset_private(gic_registers_t base);

extern gic_registers_t gic_distributor;

void gicv2_init(const struct hardware_arch *hardware);
void gicv2_cpu_init(struct percpu *percpu);
void gicv2_cpu_off(void);
uint32_t gicv2_acknowledge(void);
void gicv2_drop_priority(uint32_t acknowledged);
void gicv2_deactivate(uint32_t acknowledged);
void gicv2_send(const struct percpu *target, uint32_t sgi);
void gicv2_send_to_others(uint32_t sgi);
void gicv2_target(uint32_t intid, const struct percpu *percpu);
gic_registers_t gicv2_virtual_control(void);

void gicv3_init(const struct hardware_arch *hardware);
void gicv3_cpu_init(struct percpu *percpu);
void gicv3_cpu_off(void);
uint32_t gicv3_acknowledge(void);
void gicv3_drop_priority(uint32_t acknowledged);
void gicv3_deactivate(uint32_t acknowledged);
void gicv3_send(const struct percpu *target, uint32_t sgi);
void gicv3_send_to_others(uint32_t sgi);
void gicv3_target(uint32_t intid, const struct percpu *percpu);
gic_registers_t gicv3_private_registers(void);
/* The distributor has taken notice of what was written to its registers of enables. */
void gicv3_distributor_wait(void);
