/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GICv3 redistributors (Arm IHI 0069 §12.11): two frames of 64 KiB for each vCPU, one
 * after the other. Any vCPU may access any of them.
 */
#include <skyscope/guest_aarch64.h>

#include "gic_internal.h"

#define FRAME_SIZE 0x10000u

#define OFFSET_CTLR      0x0000u
#define OFFSET_IIDR      0x0004u
#define OFFSET_TYPER     0x0008u
#define OFFSET_WAKER     0x0014u
#define OFFSET_PROPBASER 0x0070u
#define OFFSET_PENDBASER 0x0078u

#define CTLR_CLEAR_ENABLE_SUPPORTED (1u << 1)
#define CTLR_RWP                    (1u << 3)

#define TYPER_PLPIS          (1ull << 0)
#define TYPER_LAST           (1ull << 4)
#define TYPER_NUMBER_SHIFT   8
#define TYPER_AFFINITY_SHIFT 32

#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)

/* Cacheability and shareability are kept as written: all of the guest's memory is coherent. */
#define PROPBASER_WRITABLE 0x070fffffffffff9full
#define PENDBASER_WRITABLE 0x470fffffffff0f80ull
#define PENDBASER_ZERO     (1ull << 62)

static uint64_t type(const struct gic *gic, uint32_t vcpu)
{
    return (gic->config.its ? TYPER_PLPIS : 0) | (vcpu == gic->config.vcpu_count - 1u ? TYPER_LAST : 0) |
           (uint64_t)vcpu << TYPER_NUMBER_SHIFT | gic->vcpus[vcpu].affinity << TYPER_AFFINITY_SHIFT;
}

static uint32_t control(const struct gic *gic, uint32_t vcpu)
{
    const struct gic_vcpu *state = &gic->vcpus[vcpu];
    const struct gic_bank *bank = &state->bank;
    bool in_progress = (bank->listed_pending & ~gic_forwarded(gic, bank)) != 0 && !gic_accessible(gic, vcpu);
    return state->control | (gic->config.its ? CTLR_CLEAR_ENABLE_SUPPORTED : 0) | (in_progress ? CTLR_RWP : 0);
}

static void set_control(struct gic *gic, uint32_t vcpu, uint32_t value)
{
    uint32_t changed = (gic->vcpus[vcpu].control ^ value) & GICR_CTLR_ENABLE_LPIS;
    if (changed == 0 || !gic->config.its) {
        return;
    }
    if ((value & GICR_CTLR_ENABLE_LPIS) != 0) {
        gic_lpi_enable(gic, vcpu);
    } else {
        gic_lpi_disable(gic, vcpu);
    }
}

/* Children are asleep when the processor is; interrupts are delivered all the same. */
static void set_waker(struct gic_vcpu *state, uint32_t value)
{
    state->waker = (value & WAKER_PROCESSOR_SLEEP) != 0 ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
}

static uint64_t *base_register(struct gic *gic, uint32_t vcpu, uint32_t offset)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    return (offset & ~7u) == OFFSET_PROPBASER ? &state->propbaser : &state->pendbaser;
}

static bool is_base_register(const struct gic *gic, uint32_t offset)
{
    return gic->config.its && offset >= OFFSET_PROPBASER && offset < OFFSET_PENDBASER + 8u;
}

static uint64_t read_control_frame(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width)
{
    if (is_base_register(gic, offset)) {
        uint64_t value = gic_access_fits(offset, width, 8) ? *base_register(gic, vcpu, offset) : 0;
        return (value & ~PENDBASER_ZERO) >> (offset & 4u) * 8u; /* PTZ reads as zero */
    }
    if ((offset & ~7u) == OFFSET_TYPER) {
        return gic_access_fits(offset, width, 8) ? type(gic, vcpu) >> (offset & 4u) * 8u : 0;
    }
    if (width != 4 || (offset & 3u) != 0) {
        return 0;
    }
    switch (offset) {
    case OFFSET_CTLR:
        return control(gic, vcpu);
    case OFFSET_IIDR:
        return GIC_IIDR;
    case OFFSET_WAKER:
        return gic->vcpus[vcpu].waker;
    default:
        return offset >= GIC_OFFSET_PIDR ? gic_identification(offset - GIC_OFFSET_PIDR, 3) : 0;
    }
}

static void write_control_frame(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, uint64_t value)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    if (is_base_register(gic, offset)) {
        /* While LPIs are on, the tables stay where they are. */
        if (gic_access_fits(offset, width, 8) && (state->control & GICR_CTLR_ENABLE_LPIS) == 0) {
            uint64_t *base = base_register(gic, vcpu, offset);
            uint64_t writable = base == &state->propbaser ? PROPBASER_WRITABLE : PENDBASER_WRITABLE;
            *base = gic_merge(*base, offset, width, value) & writable;
        }
    } else if (width == 4 && offset == OFFSET_CTLR) {
        set_control(gic, vcpu, (uint32_t)value);
    } else if (width == 4 && offset == OFFSET_WAKER) {
        set_waker(state, (uint32_t)value);
    }
}

static uint64_t redistributor_read(void *device, uint64_t at, uint32_t width)
{
    struct gic *gic = device;
    uint32_t vcpu = (uint32_t)(at / GUEST_GICR_SIZE_PER_VCPU);
    uint32_t offset = (uint32_t)(at % GUEST_GICR_SIZE_PER_VCPU);
    if (offset < FRAME_SIZE) {
        return read_control_frame(gic, vcpu, offset, width);
    }
    offset -= FRAME_SIZE;
    return gic_is_common(offset) ? gic_common_read(gic, vcpu, offset, width, GIC_PRIVATE_ONLY) : 0;
}

static void redistributor_write(void *device, uint64_t at, uint32_t width, uint64_t value)
{
    struct gic *gic = device;
    uint32_t vcpu = (uint32_t)(at / GUEST_GICR_SIZE_PER_VCPU);
    uint32_t offset = (uint32_t)(at % GUEST_GICR_SIZE_PER_VCPU);
    if (offset < FRAME_SIZE) {
        write_control_frame(gic, vcpu, offset, width, value);
        return;
    }
    offset -= FRAME_SIZE;
    if (gic_is_common(offset)) {
        gic_common_write(gic, vcpu, offset, width, (uint32_t)value, GIC_PRIVATE_ONLY);
    }
}

const struct bus_ops gic_redistributor_ops = {.read = redistributor_read, .write = redistributor_write};
