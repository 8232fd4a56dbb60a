/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that hold a bit, a byte or a pair of bits per interrupt, which are the
 * same in a GICv2's distributor, a GICv3's and its redistributors (Arm IHI 0048 §4.3,
 * IHI 0069 §12.9, §12.11).
 *
 * Words are accessed whole; priorities also by bytes. Other accesses read as zero and
 * write nothing, as do registers of interrupts that do not exist.
 */
#include <skyscope/guest_aarch64.h>

#include "gic_internal.h"

#define OFFSET_IGROUPR    0x080u
#define OFFSET_ISENABLER  0x100u
#define OFFSET_ICENABLER  0x180u
#define OFFSET_ISPENDR    0x200u
#define OFFSET_ICPENDR    0x280u
#define OFFSET_ISACTIVER  0x300u
#define OFFSET_ICACTIVER  0x380u
#define OFFSET_IPRIORITYR 0x400u
#define OFFSET_ITARGETSR  0x800u
#define OFFSET_ICFGR      0xc00u

#define LR_PENDING (1ull << 62)
#define LR_ACTIVE  (1ull << 63)

/* What the kernel alone has of a vCPU's private interrupts. */
static void kernels_view(const struct gic *gic, uint32_t vcpu, uint32_t *pending, uint32_t *active)
{
    *pending = __atomic_load_n(&gic->vcpus[vcpu].hardware->private_pending, __ATOMIC_ACQUIRE);
    *active = 0;
    const uint64_t *timer = gic_accessible(gic, vcpu) ? gic_timer_register(gic, vcpu) : NULL;
    if (timer != NULL) {
        *pending |= (*timer & LR_PENDING) != 0 ? GIC_TIMER_BIT : 0;
        *active |= (*timer & LR_ACTIVE) != 0 ? GIC_TIMER_BIT : 0;
    }
}

static uint32_t read_pending(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t offset)
{
    uint32_t pending = 0;
    uint32_t active;
    if (!gic_recall_for_read(gic, vcpu, first_intid, ~0u, (uint64_t)vcpu << 32 | offset)) {
        return 0;
    }
    if (first_intid < GIC_PRIVATE) {
        kernels_view(gic, vcpu, &pending, &active);
    }
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    return pending | gic_bank_pending(bank) | bank->listed_pending;
}

static uint32_t read_active(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t offset)
{
    uint32_t active = 0;
    uint32_t pending;
    if (!gic_recall_for_read(gic, vcpu, first_intid, ~0u, (uint64_t)vcpu << 32 | offset)) {
        return 0;
    }
    if (first_intid < GIC_PRIVATE) {
        kernels_view(gic, vcpu, &pending, &active);
    }
    return active | gic_bank_of(gic, vcpu, first_intid)->active;
}

/* GICv2: SGIs are made pending by GICD_SGIR and GICD_SPENDSGIR only. */
static uint32_t pendable(const struct gic *gic, uint32_t first_intid, uint32_t bits)
{
    return gic->config.version == 2 && first_intid < GIC_SGIS ? bits & ~GIC_SGI_MASK : bits;
}

static void set_pending(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    bits = pendable(gic, first_intid, bits);
    gic_bank_of(gic, vcpu, first_intid)->latched |= bits;
    gic_note_busy(gic, first_intid);
    gic_changed_bits(gic, vcpu, first_intid, bits);
}

static void clear_pending(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    bits = pendable(gic, first_intid, bits);
    uint32_t later = gic_recall(gic, vcpu, first_intid, bits);
    bank->drop_pending |= later;
    bank->latched &= ~bits;
    if (first_intid < GIC_PRIVATE) {
        __atomic_fetch_and(&gic->vcpus[vcpu].hardware->private_pending, ~(bits & GIC_SGI_MASK), __ATOMIC_ACQ_REL);
        gic_notify(gic, vcpu);
    }
    gic_changed_bits(gic, vcpu, first_intid, bits & bank->listed);
}

static void set_active(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    uint32_t later = gic_recall(gic, vcpu, first_intid, bits);
    bank->set_active |= later; /* stronger than an older clear_active */
    for (uint32_t left = bits & ~later & ~bank->active; left != 0; left &= left - 1u) {
        uint32_t index = (uint32_t)__builtin_ctz(left);
        uint32_t holder = first_intid < GIC_PRIVATE ? vcpu : gic->spi_vcpu[first_intid + index - GIC_PRIVATE];
        holder = holder == GIC_NO_VCPU ? 0 : holder;
        bank->active |= 1u << index;
        gic_note_busy(gic, first_intid);
        bank->holder[index] = (uint8_t)holder;
        gic_notify(gic, holder);
    }
    for (; later != 0; later &= later - 1u) {
        gic_notify(gic, first_intid < GIC_PRIVATE ? vcpu : bank->holder[__builtin_ctz(later)]);
    }
}

static void clear_active(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    uint32_t later = gic_recall(gic, vcpu, first_intid, bits);
    bank->clear_active |= later;
    bank->set_active &= ~later;
    bank->active &= ~(bits & ~later);
    if (first_intid < GIC_PRIVATE && (bits & ~later & GIC_TIMER_BIT) != 0) {
        uint64_t *timer = gic_timer_register(gic, vcpu);
        if (timer != NULL) {
            *timer &= ~LR_ACTIVE;
        }
    }
    if (first_intid < GIC_PRIVATE) {
        gic_notify(gic, vcpu);
    }
    gic_changed_bits(gic, vcpu, first_intid, bits);
}

static void write_word(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t first_intid, uint32_t value)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    uint32_t changed = 0;
    switch (offset & ~0x7fu) {
    case OFFSET_IGROUPR:
        changed = bank->group ^ value;
        bank->group = value;
        break;
    case OFFSET_ISENABLER:
        changed = value & ~bank->enabled;
        bank->enabled |= value;
        break;
    case OFFSET_ICENABLER:
        changed = value & bank->enabled;
        bank->enabled &= ~value;
        break;
    case OFFSET_ISPENDR:
        set_pending(gic, vcpu, first_intid, value);
        return;
    case OFFSET_ICPENDR:
        clear_pending(gic, vcpu, first_intid, value);
        return;
    case OFFSET_ISACTIVER:
        set_active(gic, vcpu, first_intid, value);
        return;
    default:
        clear_active(gic, vcpu, first_intid, value);
        return;
    }
    if (changed != 0 && first_intid < GIC_PRIVATE) {
        gic_publish_private(gic, vcpu);
        gic_notify(gic, vcpu); /* the kernel may have listed one of them */
    } else {
        gic_changed_bits(gic, vcpu, first_intid, changed);
    }
}

static uint32_t read_word(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t first_intid)
{
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    switch (offset & ~0x7fu) {
    case OFFSET_IGROUPR:
        return bank->group;
    case OFFSET_ISENABLER:
    case OFFSET_ICENABLER:
        return bank->enabled;
    case OFFSET_ISPENDR:
    case OFFSET_ICPENDR:
        return read_pending(gic, vcpu, first_intid, offset);
    default:
        return read_active(gic, vcpu, first_intid, offset);
    }
}

static void write_priorities(struct gic *gic, uint32_t vcpu, uint32_t intid, uint32_t width, uint32_t value)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    for (uint32_t i = 0; i < width; i++) {
        uint8_t priority = (uint8_t)(value >> (8u * i) & GIC_PRIORITY_MASK);
        uint8_t *old = &bank->priority[(intid + i) & 31u];
        if (*old != priority) {
            *old = priority;
            gic_changed(gic, vcpu, intid + i);
        }
    }
    if (intid < GIC_PRIVATE) {
        gic_publish_private(gic, vcpu);
    }
}

static uint32_t read_priorities(struct gic *gic, uint32_t vcpu, uint32_t intid, uint32_t width)
{
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint32_t)bank->priority[(intid + i) & 31u] << (8u * i);
    }
    return value;
}

/* 16 interrupts a word, of each the upper bit of its two. */
static uint32_t read_configuration(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    uint32_t edge = gic_bank_of(gic, vcpu, intid)->edge >> (intid & 16u);
    uint32_t value = 0;
    for (uint32_t i = 0; i < 16; i++) {
        value |= (edge >> i & 1u) << (2u * i + 1u);
    }
    return value;
}

static void write_configuration(struct gic *gic, uint32_t vcpu, uint32_t intid, uint32_t value)
{
    struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    if (intid < GIC_SGIS) {
        return;
    }
    uint32_t edge = 0;
    for (uint32_t i = 0; i < 16; i++) {
        edge |= (value >> (2u * i + 1u) & 1u) << i;
    }
    uint32_t shift = intid & 16u;
    uint32_t changed = (bank->edge ^ edge << shift) & 0xffffu << shift;
    bank->edge ^= changed;
    gic_changed_bits(gic, vcpu, intid & ~31u, changed);
}

/* First interrupt that an access at `offset` is about; GIC_INTIDS or more: none. */
static inline uint32_t intid_of(uint32_t offset, uint32_t width, enum gic_scope scope)
{
    uint32_t intid = GIC_INTIDS;
    bool bytes = offset >= OFFSET_IPRIORITYR && offset < OFFSET_ITARGETSR;
    if ((width != 4 || (offset & 3u) != 0) && !(bytes && width == 1)) {
        return GIC_INTIDS;
    }
    if (bytes) {
        intid = offset - OFFSET_IPRIORITYR;
    } else if (offset < OFFSET_IPRIORITYR) {
        intid = (offset & 0x7fu) * 8u;
    } else if (offset >= OFFSET_ICFGR) {
        intid = (offset - OFFSET_ICFGR) * 4u;
    }
    bool private = intid < GIC_PRIVATE;
    return scope == GIC_ALL || private == (scope == GIC_PRIVATE_ONLY) ? intid : GIC_INTIDS;
}

uint32_t gic_common_read(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, enum gic_scope scope)
{
    uint32_t intid = intid_of(offset, width, scope);
    if (intid >= GIC_INTIDS) {
        return 0;
    }
    if (offset < OFFSET_IPRIORITYR) {
        return read_word(gic, vcpu, offset, intid);
    }
    return offset >= OFFSET_ICFGR ? read_configuration(gic, vcpu, intid) : read_priorities(gic, vcpu, intid, width);
}

void gic_common_write(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, uint32_t value,
                      enum gic_scope scope)
{
    uint32_t intid = intid_of(offset, width, scope);
    if (intid >= GIC_INTIDS) {
        return;
    }
    if (offset < OFFSET_IPRIORITYR) {
        write_word(gic, vcpu, offset, intid, value);
    } else if (offset >= OFFSET_ICFGR) {
        write_configuration(gic, vcpu, intid, value);
    } else {
        write_priorities(gic, vcpu, intid, width, value);
    }
}

uint32_t gic_identification(uint32_t offset, uint32_t architecture)
{
    /* PIDR4..7, PIDR0..3, CIDR0..3 (IHI 0069 §12.1.13): Arm's JEP106 code 0x3b with 4 continuations. */
    static const uint8_t values[12] = {0x44, 0, 0, 0, 0x90, 0xb4, 0x0b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    uint32_t index = offset / 4u;
    if (index >= 12 || (offset & 3u) != 0) {
        return 0;
    }
    return values[index] | (index == 6 ? architecture << 4 : 0);
}
