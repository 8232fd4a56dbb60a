/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's interrupt controller: GICv2 (Arm IHI 0048) or GICv3 and 4 (IHI 0069).
 * All interrupts are group 1 (in GICv2: what the kernel sees as the only group), and
 * ended in two steps (EOImode 1): priority drop at once, deactivation when it is done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <kernel/irq.h>
#include <skyscope/boot_info.h>
#include <skyscope/types.h>

#define GIC_SGI_INTERPROCESSOR 0u /* remote_requests_handle() */
#define GIC_SGI_STOP           1u /* the machine stops */

#define GIC_FIRST_PPI     16u
#define GIC_FIRST_SPI     32u
#define GIC_SPECIAL_FIRST 1020u /* INTIDs 1020..1023 are no interrupts */
#define GIC_FIRST_LPI     8192u
#define GIC_SPURIOUS      1023u

/* 0 is the most urgent. Those of devices follow from the plan's vector: gic_device_priority(). */
#define GIC_PRIORITY_STOP           0x80u
#define GIC_PRIORITY_INTERPROCESSOR 0x90u
#define GIC_PRIORITY_PRIVATE        0x98u /* timers, maintenance */

/* Boot CPU, once: maps the registers, turns the distributor on with every SPI disabled. */
void gic_init(const struct hardware_info *hardware);
/* Each CPU: its redistributor or banked registers, and its CPU interface. All of its
 * private interrupts are disabled, but for the kernel's SGIs. */
void gic_cpu_init(void);
/* The calling CPU gets no interrupts any more: so that it sleeps for good. */
void gic_cpu_off(void);

/* 2, or 3 for 3 and 4. */
uint32_t gic_version(void);
/* GICv2: registers of the virtual interface's control (GICH) of the calling CPU. GICv3:
 * NULL, they are system registers (ICH_*). */
volatile uint32_t *gic_virtual_control(void);

/* The calling CPU's SGI or PPI. */
void gic_private_enable(uint32_t intid, bool edge);
void gic_private_disable(uint32_t intid);

/* Takes the most urgent pending interrupt, which is active then. The value is for
 * gic_drop_priority(); its INTID, GIC_SPECIAL_FIRST.. if there was none, is
 * gic_intid() of it. */
uint32_t gic_acknowledge(void);
static inline uint32_t gic_intid(uint32_t acknowledged)
{
    /* GICv2: bits 12:10 are an SGI's source. GICv3: above 1023 come only LPIs. */
    return acknowledged < GIC_FIRST_LPI ? acknowledged & 0x3ffu : acknowledged;
}
/* First step of its end: others of its priority can come. */
void gic_drop_priority(uint32_t acknowledged);
/* Second step: this interrupt can come again. Takes what gic_acknowledge() returned;
 * for PPIs the INTID. On the CPU that took it. */
void gic_deactivate(uint32_t acknowledged);

/* Is the calling CPU's PPI active? Makes it so, or not so: for a virtual timer whose
 * guest went elsewhere. */
bool gic_private_active(uint32_t intid);
void gic_private_set_active(uint32_t intid, bool active);

/* sgi: 0..15. cpu: index in kernel_system.cpus. */
void gic_send(uint32_t cpu, uint32_t sgi);
void gic_send_to_others(uint32_t sgi);

/* How many INTIDs of SPIs there are: the first that is not one. */
uint32_t gic_spi_end(void);
/* Boot: routes an SPI to a CPU and enables it. */
void gic_route(uint32_t intid, uint32_t cpu, uint8_t priority, bool edge);
/* From any CPU: the SPI, active since it was delivered, can come again. */
void gic_deactivate_spi(uint32_t intid);

struct plan_irq;
/* Boot: makes an MSI arrive at irq->target's CPU; sets irq->pin to its INTID. Says in the
 * log what its device has to write where, and returns that address. */
uint64_t gic_route_msi(struct irq *irq, const struct plan_irq *planned, const char *pd_name, uint8_t priority);

/* Of a device interrupt whose plan says this vector (0..107, higher is more urgent). */
static inline uint8_t gic_device_priority(uint32_t vector)
{
    return (uint8_t)(0xa0u + (107u - vector) / 16u * 8u);
}
