/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv2 distributor (Arm IHI 0048 §4.3). Interrupts that several CPUs are targets of
 * go to the lowest one of them, which the 1-N model permits (§3.2.1).
 */
#include "gic_internal.h"

#define OFFSET_CTLR      0x000u
#define OFFSET_TYPER     0x004u
#define OFFSET_IIDR      0x008u
#define OFFSET_ITARGETSR 0x800u
#define OFFSET_ICFGR     0xc00u
#define OFFSET_SGIR      0xf00u
#define OFFSET_CPENDSGIR 0xf10u
#define OFFSET_SPENDSGIR 0xf20u
#define OFFSET_SGI_END   0xf30u
#define OFFSET_PIDR      0xfd0u
#define OFFSET_END       0x1000u

#define CTLR_WRITABLE (GIC_GROUP0_ENABLE | GIC_GROUP1_ENABLE)

#define SGIR_FILTER(value)  ((value) >> 24 & 3u)
#define SGIR_TARGETS(value) ((value) >> 16 & 0xffu)
enum {
    SGIR_TO_TARGETS = 0,
    SGIR_TO_OTHERS = 1,
    SGIR_TO_SELF = 2,
};

static uint32_t all_vcpus(const struct gic *gic)
{
    return (1u << gic->config.vcpu_count) - 1u;
}

static void set_control(struct gic *gic, uint32_t value)
{
    if (gic->control == (value & CTLR_WRITABLE)) {
        return;
    }
    gic->control = value & CTLR_WRITABLE;
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        gic_publish_private(gic, i);
        gic_notify(gic, i);
    }
}

/* --- Targets. A single CPU has none to choose: the registers read as zero. --- */

static uint8_t read_target(const struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    if (gic->config.vcpu_count == 1) {
        return 0;
    }
    return (uint8_t)(intid < GIC_PRIVATE ? 1u << vcpu : gic->spi_targets[intid - GIC_PRIVATE]);
}

static void write_target(struct gic *gic, uint32_t intid, uint8_t targets)
{
    if (gic->config.vcpu_count == 1 || intid < GIC_PRIVATE) {
        return;
    }
    targets &= (uint8_t)all_vcpus(gic);
    gic->spi_targets[intid - GIC_PRIVATE] = targets;
    gic_route_spi(gic, intid - GIC_PRIVATE, targets != 0 ? (uint32_t)__builtin_ctz(targets) : GIC_NO_VCPU);
}

/* --- SGIs --- */

static void generate_sgi(struct gic *gic, uint32_t vcpu, uint32_t value)
{
    uint32_t targets = SGIR_TARGETS(value);
    switch (SGIR_FILTER(value)) {
    case SGIR_TO_TARGETS:
        break;
    case SGIR_TO_OTHERS:
        targets = ~(1u << vcpu);
        break;
    case SGIR_TO_SELF:
        targets = 1u << vcpu;
        break;
    default:
        return; /* reserved */
    }
    for (targets &= all_vcpus(gic); targets != 0; targets &= targets - 1u) {
        gic_pend_sgi(gic, (uint32_t)__builtin_ctz(targets), value & 15u, vcpu);
    }
}

/* GICD_SPENDSGIR and GICD_CPENDSGIR: a byte per SGI, of its sources. */
static void write_sgi_sources(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, uint32_t value)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    bool set = offset >= OFFSET_SPENDSGIR;
    gic_recall(gic, vcpu, 0, GIC_SGI_MASK);
    for (uint32_t i = 0; i < width; i++) {
        uint32_t sgi = (offset + i) & 15u;
        uint8_t sources = (uint8_t)(value >> (8u * i) & all_vcpus(gic));
        uint8_t *pending = &state->sgi_sources[sgi];
        *pending = set ? *pending | sources : *pending & (uint8_t)~sources;
        state->bank.latched = *pending != 0 ? state->bank.latched | 1u << sgi : state->bank.latched & ~(1u << sgi);
        if (!set && sources == all_vcpus(gic)) {
            /* The kernel's own word does not say who sent. */
            __atomic_fetch_and(&state->hardware->private_pending, ~(1u << sgi), __ATOMIC_ACQ_REL);
        }
    }
    gic_notify(gic, vcpu);
}

static uint32_t read_sgi_sources(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;
    gic_recall(gic, vcpu, 0, GIC_SGI_MASK);
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint32_t)gic->vcpus[vcpu].sgi_sources[(offset + i) & 15u] << (8u * i);
    }
    return value;
}

/* --- Accesses --- */

static uint32_t read_bytes(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;
    if (offset >= OFFSET_CPENDSGIR) {
        return read_sgi_sources(gic, vcpu, offset, width);
    }
    for (uint32_t i = 0; i < width; i++) {
        uint32_t intid = offset - OFFSET_ITARGETSR + i;
        value |= intid < GIC_INTIDS ? (uint32_t)read_target(gic, vcpu, intid) << (8u * i) : 0;
    }
    return value;
}

static void write_bytes(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, uint32_t value)
{
    if (offset >= OFFSET_CPENDSGIR) {
        write_sgi_sources(gic, vcpu, offset, width, value);
        return;
    }
    for (uint32_t i = 0; i < width && offset - OFFSET_ITARGETSR + i < GIC_INTIDS; i++) {
        write_target(gic, offset - OFFSET_ITARGETSR + i, (uint8_t)(value >> (8u * i)));
    }
}

static bool has_bytes(uint32_t offset)
{
    return (offset >= OFFSET_ITARGETSR && offset < OFFSET_ICFGR) ||
           (offset >= OFFSET_CPENDSGIR && offset < OFFSET_SGI_END);
}

static uint64_t distributor_read(void *device, uint64_t at, uint32_t width)
{
    struct gic *gic = device;
    uint32_t offset = (uint32_t)at;
    uint32_t vcpu = gic->config.ops->current(gic->config.context);
    if (at >= OFFSET_END || width == 8 || (at & (width - 1u)) != 0 || vcpu >= gic->config.vcpu_count) {
        return 0;
    }
    if (has_bytes(offset)) {
        return width == 2 ? 0 : read_bytes(gic, vcpu, offset, width);
    }
    if (offset >= OFFSET_PIDR) {
        return gic_identification(offset - OFFSET_PIDR, 2);
    }
    if (width == 4 && offset == OFFSET_CTLR) {
        return gic->control;
    }
    if (width == 4 && offset == OFFSET_TYPER) {
        return (GIC_INTIDS / 32u - 1u) | (gic->config.vcpu_count - 1u) << 5;
    }
    if (width == 4 && offset == OFFSET_IIDR) {
        return GIC_IIDR;
    }
    return gic_is_common(offset) ? gic_common_read(gic, vcpu, offset, width, GIC_ALL) : 0;
}

static void distributor_write(void *device, uint64_t at, uint32_t width, uint64_t value)
{
    struct gic *gic = device;
    uint32_t offset = (uint32_t)at;
    uint32_t vcpu = gic->config.ops->current(gic->config.context);
    if (at >= OFFSET_END || width == 8 || (at & (width - 1u)) != 0 || vcpu >= gic->config.vcpu_count) {
        return;
    }
    if (has_bytes(offset)) {
        if (width != 2) {
            write_bytes(gic, vcpu, offset, width, (uint32_t)value);
        }
    } else if (width == 4 && offset == OFFSET_CTLR) {
        set_control(gic, (uint32_t)value);
    } else if (width == 4 && offset == OFFSET_SGIR) {
        generate_sgi(gic, vcpu, (uint32_t)value);
    } else if (gic_is_common(offset)) {
        gic_common_write(gic, vcpu, offset, width, (uint32_t)value, GIC_ALL);
    }
}

const struct bus_ops gic_v2_distributor_ops = {.read = distributor_read, .write = distributor_write};
