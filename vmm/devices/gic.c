/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC's interrupts: what is pending, and which vCPU must hear of it. Arm IHI 0048, IHI 0069. */
#include <stddef.h>

#include <skyscope/guest_aarch64.h>

#include <base/memory.h>

#include "gic_internal.h"

void gic_notify(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    /* Its thread has been kicked and is on the way, or is the one that runs now. */
    bool coming = state->attention != 0 && state->in_guest;
    state->attention = 1;
    if (!coming && gic->config.ops->current(gic->config.context) != vcpu) {
        gic->config.ops->kick(gic->config.context, vcpu);
    }
}

void gic_changed(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    uint32_t bit = gic_bit(intid);
    uint32_t holder = bank->holder[intid & 31u];
    uint32_t target = intid < GIC_PRIVATE ? vcpu : gic->spi_vcpu[intid - GIC_PRIVATE];
    if ((bank->listed & bit) != 0) {
        gic_notify(gic, holder); /* which tells the target, if that is another one */
        return;
    }
    bool elsewhere = (bank->active & bit) != 0 && holder != target;
    if (target != GIC_NO_VCPU && !elsewhere && (gic_bank_pending(bank) & gic_forwarded(gic, bank) & bit) != 0) {
        gic_notify(gic, target);
    }
}

void gic_changed_bits(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    while (bits != 0) {
        uint32_t index = (uint32_t)__builtin_ctz(bits);
        bits &= bits - 1u;
        gic_changed(gic, vcpu, first_intid + index);
    }
}

void gic_publish_private(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct vcpu_gic *hardware = state->hardware;
    /* Its list registers belong to the group that the version's guests use for them. */
    uint32_t group = gic->config.version == 2 ? ~state->bank.group : state->bank.group;
    uint32_t allowed = gic_forwarded(gic, &state->bank) & group & hardware->kernel_private;
    for (uint32_t i = 0; i < GIC_PRIVATE; i++) {
        __atomic_store_n(&hardware->private_priority[i], state->bank.priority[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&hardware->private_enabled, allowed, __ATOMIC_RELEASE);
}

void gic_route_spi(struct gic *gic, uint32_t spi, uint32_t target)
{
    uint32_t before = gic->spi_vcpu[spi];
    uint32_t bit = 1u << (spi & 31u);
    if (before == target) {
        return;
    }
    if (before != GIC_NO_VCPU) {
        gic->vcpus[before].routed[spi / 32u] &= ~bit;
    }
    if (target != GIC_NO_VCPU) {
        gic->vcpus[target].routed[spi / 32u] |= bit;
    }
    gic->spi_vcpu[spi] = (uint8_t)target;
    gic_changed(gic, 0, GIC_PRIVATE + spi);
}

/* The usual course of an SPI, on the thread of its vCPU. False: something is in the way. */
static bool change_at_once(struct gic *gic, uint32_t intid, bool level)
{
    const struct gic_bank *bank = gic_bank_of(gic, 0, intid);
    uint32_t bit = gic_bit(intid);
    uint32_t target = gic->spi_vcpu[intid - GIC_PRIVATE];
    if (target == GIC_NO_VCPU) {
        return false;
    }
    if ((bank->listed & bit) != 0) {
        return !level && gic_lower_now(gic, target, intid);
    }
    return level && (gic_forwarded(gic, bank) & bit) != 0 && gic_list_now(gic, target, intid);
}

static void set_line(struct gic *gic, uint32_t vcpu, uint32_t intid, bool level)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    uint32_t bit = gic_bit(intid);
    if (((bank->level & bit) != 0) == level) {
        return;
    }
    bank->level ^= bit;
    gic_note_busy(gic, intid);
    if ((bank->edge & bit) != 0) {
        if (!level) {
            return;
        }
        bank->latched |= bit;
    }
    if (intid < GIC_PRIVATE || !change_at_once(gic, intid, level)) {
        gic_changed(gic, vcpu, intid);
    }
}

void gic_set_spi(struct gic *gic, uint32_t line, bool level)
{
    if (line < GIC_SPIS) {
        set_line(gic, 0, GIC_PRIVATE + line, level);
    }
}

void gic_set_ppi(struct gic *gic, uint32_t vcpu, uint32_t intid, bool level)
{
    if (vcpu < gic->config.vcpu_count && intid >= GIC_SGIS && intid < GIC_PRIVATE) {
        set_line(gic, vcpu, intid, level);
    }
}

void gic_pend_sgi(struct gic *gic, uint32_t target, uint32_t intid, uint32_t source)
{
    struct gic_vcpu *state = &gic->vcpus[target];
    state->bank.latched |= gic_bit(intid);
    if (gic->config.version == 2) {
        state->sgi_sources[intid] |= (uint8_t)(1u << source);
    }
    gic_changed(gic, target, intid);
}

uint32_t gic_find_affinity(const struct gic *gic, uint64_t affinity)
{
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        if (gic->vcpus[i].affinity == affinity) {
            return i;
        }
    }
    return GIC_NO_VCPU;
}

/* ICC_SGI1R_EL1: target list 15:0, Aff1 23:16, INTID 27:24, Aff2 39:32, IRM 40, RS 47:44, Aff3 55:48. */
void gic_send_sgi(struct gic *gic, uint32_t vcpu, enum gic_sgi_register which, uint64_t value)
{
    if (gic->config.version != 3 || vcpu >= gic->config.vcpu_count || which == GIC_ASGI1R) {
        return;
    }
    uint32_t intid = (uint32_t)(value >> 24) & 15u;
    bool all_others = (value >> 40 & 1u) != 0;
    uint64_t cluster = (value >> 48 & 0xffu) << 24 | (value >> 32 & 0xffu) << 16 | (value >> 16 & 0xffu) << 8;
    if (!all_others && (value >> 44 & 15u) != 0) {
        return; /* GICD_TYPER.RSS is 0: only targets 0..15 of a cluster */
    }
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        const struct gic_vcpu *target = &gic->vcpus[i];
        uint64_t aff0 = target->affinity & 0xffu;
        bool chosen =
            all_others ? i != vcpu : (target->affinity & ~0xffull) == cluster && aff0 < 16 && (value >> aff0 & 1u) != 0;
        bool group1 = (target->bank.group & gic_bit(intid)) != 0;
        /* With one security state, SGI1R makes group 1 interrupts and SGI0R those of group 0 (IHI 0069 §12.1.10). */
        if (chosen && group1 == (which == GIC_SGI1R)) {
            gic_pend_sgi(gic, i, intid, vcpu);
        }
    }
}

static void reset_bank(struct gic_bank *bank)
{
    uint32_t level = bank->level;
    *bank = (struct gic_bank){.level = level};
    memset(bank->holder, GIC_NO_VCPU, sizeof(bank->holder));
}

static void reset_vcpu(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct vcpu_gic *hardware = state->hardware;
    uint32_t level = state->bank.level;
    uint64_t affinity = state->affinity;
    *state = (struct gic_vcpu){.hardware = hardware, .affinity = affinity, .bank.level = level, .attention = 1};
    reset_bank(&state->bank);
    memset(state->bank.holder, (int)vcpu, sizeof(state->bank.holder));
    state->bank.edge = GIC_SGI_MASK;
    state->waker = 6; /* ProcessorSleep, ChildrenAsleep */
    memset(hardware->list, 0, sizeof(hardware->list));
    hardware->control = 0;
    hardware->distributor = gic->config.version == 2 ? GUEST_GICD_BASE : 0;
    gic_publish_private(gic, vcpu);
    __atomic_store_n(&hardware->private_pending, 0, __ATOMIC_RELEASE);
}

void gic_reset(struct gic *gic)
{
    gic->control = 0;
    gic->retry = false;
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        reset_vcpu(gic, i);
    }
    for (uint32_t i = 0; i < GIC_SPI_BANKS; i++) {
        reset_bank(&gic->banks[i]);
    }
    memset(gic->spi_targets, 0, sizeof(gic->spi_targets));
    memset(gic->spi_routes, 0, sizeof(gic->spi_routes));
    memset(gic->spi_vcpu, GIC_NO_VCPU, sizeof(gic->spi_vcpu));
    /* Route 0.0.0.0, which a vCPU may have. A GICv2 with one CPU has no targets to choose (IHI 0048 §4.3.12). */
    uint32_t first = gic->config.version == 3 ? gic_find_affinity(gic, 0) : GIC_NO_VCPU;
    if (gic->config.version == 2 && gic->config.vcpu_count == 1) {
        first = 0;
    }
    for (uint32_t i = 0; i < GIC_SPIS; i++) {
        gic_route_spi(gic, i, first);
    }
    if (gic->config.its) {
        gic_its_reset(gic);
    }
}

static void router_line(void *controller, uint32_t number, bool level)
{
    gic_set_spi(controller, number, level);
}

static bool register_ranges(struct gic *gic, struct bus *mmio)
{
    const struct bus_ops *distributor = gic->config.version == 2 ? &gic_v2_distributor_ops : &gic_v3_distributor_ops;
    if (bus_register(mmio, GUEST_GICD_BASE, GUEST_GICD_SIZE, distributor, gic, "gicd") != 0) {
        return false;
    }
    if (gic->config.version == 3 &&
        bus_register(mmio, GUEST_GICR_BASE, GUEST_GICR_SIZE_PER_VCPU * gic->config.vcpu_count, &gic_redistributor_ops,
                     gic, "gicr") != 0) {
        return false;
    }
    return !gic->config.its || bus_register(mmio, GUEST_ITS_BASE, GUEST_ITS_SIZE, &gic_its_ops, gic, "its") == 0;
}

int gic_init(struct gic *gic, const struct gic_config *config, struct bus *mmio, struct irq_router *router,
             const struct guest_memory *memory, struct vm *vm)
{
    if ((config->version != 2 && config->version != 3) || config->vcpu_count == 0 ||
        config->vcpu_count > (config->version == 2 ? GIC_V2_VCPUS : VM_MAX_VCPUS) ||
        (config->its && config->version != 3) || config->ops == NULL) {
        return -1;
    }
    memset(gic, 0, sizeof(*gic));
    gic->config = *config;
    gic->memory = memory;
    gic->vm = vm;
    for (uint32_t i = 0; i < config->vcpu_count; i++) {
        if (config->vcpus[i].hardware == NULL) {
            return -1;
        }
        uint64_t mpidr = config->vcpus[i].mpidr & GIC_MPIDR_AFFINITY;
        gic->vcpus[i].hardware = config->vcpus[i].hardware;
        gic->vcpus[i].affinity = (mpidr & 0xffffffu) | mpidr >> 32 << 24;
    }
    gic_reset(gic);
    struct irq_sink sink = {.line = router_line, .controller = gic};
    if (!register_ranges(gic, mmio) || irq_add_sink(router, sink) != 0) {
        return -1;
    }
    if (config->its) {
        router->msi = gic_msi;
        router->msi_target = gic;
    }
    return 0;
}
