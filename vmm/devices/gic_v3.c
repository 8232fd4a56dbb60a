/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3 distributor (Arm IHI 0069 §12.9): one security state, affinity routing always on. */
#include "gic_internal.h"

#define OFFSET_CTLR        0x0000u
#define OFFSET_TYPER       0x0004u
#define OFFSET_IIDR        0x0008u
#define OFFSET_IROUTER     0x6000u
#define OFFSET_IROUTER_END 0x8000u

#define CTLR_WRITABLE (GIC_GROUP0_ENABLE | GIC_GROUP1_ENABLE)
#define CTLR_ARE      (1u << 4)
#define CTLR_DS       (1u << 6)
#define CTLR_RWP      (1u << 31)

#define TYPER_LPIS          (1u << 17)
#define TYPER_ID_BITS(bits) (((bits)-1u) << 19)
#define TYPER_AFF3          (1u << 24)
#define TYPER_NO_1_OF_N     (1u << 25)
#define IROUTER_AFFINITY    0xff00ffffffull

/* A disabled interrupt may still be in the list register of a vCPU that runs: the write is in progress. */
static bool write_pending(const struct gic *gic)
{
    for (uint32_t busy = gic->busy; busy != 0; busy &= busy - 1u) {
        const struct gic_bank *bank = &gic->banks[__builtin_ctz(busy)];
        for (uint32_t bits = bank->listed_pending & ~gic_forwarded(gic, bank); bits != 0; bits &= bits - 1u) {
            if (!gic_accessible(gic, bank->holder[__builtin_ctz(bits)])) {
                return true;
            }
        }
    }
    return false;
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

static uint32_t type(const struct gic *gic)
{
    return (GIC_INTIDS / 32u - 1u) | (gic->config.its ? TYPER_LPIS | TYPER_ID_BITS(14u) : TYPER_ID_BITS(10u)) |
           TYPER_AFF3 | TYPER_NO_1_OF_N;
}

static uint64_t affinity_of_route(uint64_t route)
{
    return (route & 0xffffffu) | route >> 32 << 24;
}

static uint64_t distributor_read(void *device, uint64_t at, uint32_t width)
{
    struct gic *gic = device;
    uint32_t offset = (uint32_t)at;
    if (gic_is_common(offset)) {
        return gic_common_read(gic, 0, offset, width, GIC_SHARED);
    }
    if (offset >= OFFSET_IROUTER && offset < OFFSET_IROUTER_END) {
        uint32_t intid = (offset - OFFSET_IROUTER) / 8u;
        if (intid < GIC_PRIVATE || intid >= GIC_INTIDS || !gic_access_fits(at, width, 8)) {
            return 0;
        }
        return gic->spi_routes[intid - GIC_PRIVATE] >> (offset & 4u) * 8u;
    }
    if (width != 4 || (at & 3u) != 0) {
        return 0;
    }
    switch (offset) {
    case OFFSET_CTLR:
        return gic->control | CTLR_ARE | CTLR_DS | (write_pending(gic) ? CTLR_RWP : 0);
    case OFFSET_TYPER:
        return type(gic);
    case OFFSET_IIDR:
        return GIC_IIDR;
    default:
        return offset >= GIC_OFFSET_PIDR ? gic_identification(offset - GIC_OFFSET_PIDR, 3) : 0;
    }
}

static void distributor_write(void *device, uint64_t at, uint32_t width, uint64_t value)
{
    struct gic *gic = device;
    uint32_t offset = (uint32_t)at;
    if (gic_is_common(offset)) {
        gic_common_write(gic, 0, offset, width, (uint32_t)value, GIC_SHARED);
        return;
    }
    if (offset >= OFFSET_IROUTER && offset < OFFSET_IROUTER_END) {
        uint32_t intid = (offset - OFFSET_IROUTER) / 8u;
        if (intid < GIC_PRIVATE || intid >= GIC_INTIDS || !gic_access_fits(at, width, 8)) {
            return;
        }
        uint64_t *route = &gic->spi_routes[intid - GIC_PRIVATE];
        *route = gic_merge(*route, at, width, value) & IROUTER_AFFINITY;
        gic_route_spi(gic, intid - GIC_PRIVATE, gic_find_affinity(gic, affinity_of_route(*route)));
        return;
    }
    if (width == 4 && offset == OFFSET_CTLR) {
        set_control(gic, (uint32_t)value);
    }
}

const struct bus_ops gic_v3_distributor_ops = {.read = distributor_read, .write = distributor_write};
