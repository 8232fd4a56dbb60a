/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * List registers (Arm IHI 0069 §6.3, ICH_LR<n>_EL2): what is due goes into them by
 * priority before a vCPU runs, and comes back when something about it changed.
 *
 * They are left alone for as long as nothing concerns them. An edge that the guest
 * took and ended leaves an empty register behind, which is noticed at the next look.
 * A level that is asserted asks for a maintenance interrupt at its end, so that it
 * comes again; when a device's handler has made the device release its line, which is
 * an exit, the request is taken back, and the end costs nothing.
 *
 * The kernel puts SGIs into free registers. They are read back like the others. The
 * virtual timer's, with its hardware bit, stays as it is.
 */
#include <stddef.h>

#include <skyscope/guest_aarch64.h>

#include "gic_internal.h"

#define MISR_ENTRY_NOT_PRESENT (1u << 2)
#define MISR_END_COUNT(misr)   ((misr) >> 27) /* ICH_HCR_EL2.EOIcount, where the kernel reports it */

/* An interrupt that wants a list register. */
struct candidate {
    uint32_t intid;
    uint8_t priority;
    bool active, pending;
};

/* The best of each kind, by priority, then by INTID. */
struct selection {
    struct candidate entries[VCPU_GIC_LISTS];
    uint32_t count;
    uint32_t room;
    bool overflow; /* there were more */
};

static uint32_t list_count(const struct vcpu_gic *hardware)
{
    return hardware->list_count < VCPU_GIC_LISTS ? hardware->list_count : VCPU_GIC_LISTS;
}

/* The entries are written before they are read. */
static void start_selection(struct selection *selection, uint32_t room)
{
    selection->count = 0;
    selection->room = room;
    selection->overflow = false;
}

static void select(struct selection *selection, struct candidate candidate)
{
    uint32_t at = selection->count;
    while (at > 0 && selection->entries[at - 1].priority > candidate.priority) {
        at--;
    }
    if (at >= selection->room) {
        selection->overflow = true;
        return;
    }
    if (selection->count == selection->room) {
        selection->overflow = true;
        selection->count--;
    }
    for (uint32_t i = selection->count; i > at; i--) {
        selection->entries[i] = selection->entries[i - 1];
    }
    selection->entries[at] = candidate;
    selection->count++;
}

/* --- Back into the model --- */

static void lpi_back(struct gic *gic, uint32_t vcpu, uint32_t lpi, bool pending, bool active)
{
    bool was_active = gic_test(gic->lpi_active, lpi);
    gic_assign(gic->lpi_listed, lpi, false);
    if (pending && !gic_test(gic->lpi_drop, lpi)) {
        gic_lpi_assign_pending(gic, lpi, true);
    }
    gic_assign(gic->lpi_drop, lpi, false);
    gic_assign(gic->lpi_active, lpi, active);
    gic->vcpus[vcpu].active_lpis += (uint32_t)active - (uint32_t)was_active;
    if (gic->lpi_vcpu[lpi] != vcpu) {
        gic_lpi_changed(gic, lpi);
    }
}

/* What became of an interrupt in a list register. soft: its pending state came from a latch. */
static void interrupt_back(struct gic *gic, uint32_t vcpu, uint64_t lr, uint32_t intid, bool soft)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    uint32_t bit = gic_bit(intid);
    soft = soft || intid < GIC_SGIS; /* the kernel may have made it pending while it was active */
    bool pending = (lr & LR_PENDING) != 0 && soft && (bank->drop_pending & bit) == 0;
    bool active = (lr & LR_ACTIVE) != 0;
    if (active && intid < GIC_SGIS) {
        state->sgi_active_source[intid] = (uint8_t)LR_SOURCE(lr);
    }
    /* One that the kernel listed may be active in a list register of ours: the same SGI of another source. */
    active = active || ((bank->active & ~bank->listed & bit) != 0);
    bank->listed &= ~bit;
    bank->listed_pending &= ~bit;
    if (pending) {
        bank->latched |= bit;
    }
    active = (active && (bank->clear_active & bit) == 0) || (bank->set_active & bit) != 0;
    bank->active = active ? bank->active | bit : bank->active & ~bit;
    bank->drop_pending &= ~bit;
    bank->set_active &= ~bit;
    bank->clear_active &= ~bit;
    if (intid < GIC_SGIS) {
        state->sgi_sources[intid] |= (uint8_t)(pending ? 1u << LR_SOURCE(lr) : 0);
    } else if (intid >= GIC_PRIVATE && gic->spi_vcpu[intid - GIC_PRIVATE] != vcpu) {
        gic_changed(gic, vcpu, intid);
    }
}

/* What the kernel put in: SGIs are taken over, the timer stays, unless it is not to be delivered any more. Then the
 * kernel takes note of that and says VCPU_EXIT_TIMER. */
static void kernels_back(struct gic *gic, uint32_t vcpu, uint64_t *list)
{
    uint64_t lr = *list;
    if ((lr & LR_STATE) == 0) {
        return;
    }
    if ((lr & LR_HARDWARE) != 0) {
        if ((gic->vcpus[vcpu].hardware->private_enabled & GIC_TIMER_BIT) == 0 ||
            (gic->vcpus[vcpu].bank.drop_pending & GIC_TIMER_BIT) != 0) {
            *list &= ~LR_PENDING;
        }
        if ((gic->vcpus[vcpu].bank.clear_active & GIC_TIMER_BIT) != 0) {
            *list &= ~LR_ACTIVE;
        }
        return;
    }
    *list = 0;
    gic->delivered -= (lr & LR_PENDING) != 0; /* the kernel has counted it */
    if (LR_INTID(lr) < GIC_PRIVATE) {
        interrupt_back(gic, vcpu, lr, LR_INTID(lr), true);
    }
}

static void register_back(struct gic *gic, uint32_t vcpu, uint32_t index)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint64_t *list = &state->hardware->list[index];
    uint32_t intid = state->listed[index];
    bool soft = (state->soft & 1u << index) != 0;
    uint64_t lr = 0; /* ended, and perhaps used again by the kernel */
    if (LR_INTID(*list) == intid && (*list & LR_HARDWARE) == 0) {
        lr = *list;
        *list = 0;
    }
    gic->delivered -= (lr & LR_PENDING) != 0;
    if (gic_is_lpi(intid)) {
        lpi_back(gic, vcpu, intid - GIC_FIRST_LPI, (lr & LR_PENDING) != 0, (lr & LR_ACTIVE) != 0);
    } else {
        interrupt_back(gic, vcpu, lr, intid, soft);
    }
}

/* The active interrupt of the highest priority that was in no list register: the guest has ended it, or one that
 * it cannot be told from. */
static void end_unlisted(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint32_t best = GIC_SPURIOUS_INTID;
    uint32_t best_priority = 0x100;
    for (uint32_t word = 0; word <= GIC_SPI_BANKS; word++) {
        const struct gic_bank *bank = gic_bank_of(gic, vcpu, word * 32u);
        for (uint32_t bits = bank->active & ~bank->listed; bits != 0; bits &= bits - 1u) {
            uint32_t index = (uint32_t)__builtin_ctz(bits);
            if (bank->holder[index] == vcpu && bank->priority[index] < best_priority) {
                best = word * 32u + index;
                best_priority = bank->priority[index];
            }
        }
    }
    for (uint32_t word = 0; word < GIC_LPI_WORDS && state->active_lpis != 0; word++) {
        for (uint64_t bits = gic->lpi_active[word] & ~gic->lpi_listed[word]; bits != 0; bits &= bits - 1u) {
            uint32_t lpi = word * 64u + (uint32_t)__builtin_ctzll(bits);
            if (gic->lpi_holder[lpi] == vcpu && gic_lpi_priority(gic, lpi) < best_priority) {
                best = GIC_FIRST_LPI + lpi;
                best_priority = gic_lpi_priority(gic, lpi);
            }
        }
    }
    if (gic_is_lpi(best)) {
        lpi_back(gic, vcpu, best - GIC_FIRST_LPI, false, false);
    } else if (best != GIC_SPURIOUS_INTID) {
        gic_bank_of(gic, vcpu, best)->active &= ~gic_bit(best);
        gic_changed(gic, vcpu, best);
    }
}

void gic_read_back(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    state->attention = 1;
    for (; state->end_count > 0; state->end_count--) {
        end_unlisted(gic, vcpu);
    }
    for (uint32_t used = state->used; used != 0; used &= used - 1u) {
        register_back(gic, vcpu, (uint32_t)__builtin_ctz(used));
    }
    /* After those of ours: an SGI of ours that has ended may be there once more by the kernel. */
    for (uint32_t i = 0; i < list_count(state->hardware); i++) {
        kernels_back(gic, vcpu, &state->hardware->list[i]);
    }
    state->used = 0;
    state->soft = 0;
    /* What others wrote of interrupts that were in no list register after all. */
    struct gic_bank *bank = &state->bank;
    bank->active = (bank->active & ~bank->clear_active) | bank->set_active;
    bank->drop_pending = 0;
    bank->set_active = 0;
    bank->clear_active = 0;
}

/* --- Into the list registers --- */

static void collect_bank(struct gic *gic, uint32_t vcpu, uint32_t word, struct selection *active,
                         struct selection *pending)
{
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, word * 32u);
    uint32_t ready = gic_bank_pending(bank);
    uint32_t held = bank->active;
    if (__builtin_expect(((ready | held) & ~bank->listed) == 0, 1)) {
        return;
    }
    ready &= gic_forwarded(gic, bank);
    if (word > 0) {
        ready &= gic->vcpus[vcpu].routed[word - 1];
    } else if (((ready | held) & GIC_TIMER_BIT) != 0 && gic_timer_register(gic, vcpu) != NULL) {
        ready &= ~GIC_TIMER_BIT;
        held &= ~GIC_TIMER_BIT;
    }
    for (uint32_t bits = (ready | held) & ~bank->listed; bits != 0; bits &= bits - 1u) {
        uint32_t index = (uint32_t)__builtin_ctz(bits);
        struct candidate candidate = {
            .intid = word * 32u + index,
            .priority = bank->priority[index],
            .active = (held & 1u << index) != 0,
            .pending = (ready & 1u << index) != 0,
        };
        if (!candidate.active) {
            select(pending, candidate);
        } else if (bank->holder[index] == vcpu) {
            select(active, candidate);
        }
    }
}

static void collect_lpis(struct gic *gic, uint32_t vcpu, struct selection *active, struct selection *pending)
{
    const struct gic_vcpu *state = &gic->vcpus[vcpu];
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        uint64_t held = state->active_lpis != 0 ? gic->lpi_active[word] : 0;
        for (uint64_t bits = (gic->lpi_pending[word] | held) & ~gic->lpi_listed[word]; bits != 0; bits &= bits - 1u) {
            uint32_t lpi = word * 64u + (uint32_t)__builtin_ctzll(bits);
            bool here = gic_test(gic->lpi_pending, lpi) && gic->lpi_vcpu[lpi] == vcpu && gic_lpi_enabled(gic, lpi);
            struct candidate candidate = {
                .intid = GIC_FIRST_LPI + lpi,
                .priority = gic_lpi_priority(gic, lpi),
                .active = gic_test(gic->lpi_active, lpi),
                .pending = here,
            };
            if (candidate.active && gic->lpi_holder[lpi] == vcpu) {
                select(active, candidate);
            } else if (!candidate.active && here) {
                select(pending, candidate);
            }
        }
    }
}

/* An SGI of GICv2 names who sent it; senders that do not fit wait for its end. */
static uint64_t list_sgi(struct gic_vcpu *state, uint32_t intid, bool active, bool *pending)
{
    uint32_t source = state->sgi_active_source[intid];
    uint32_t sources = state->sgi_sources[intid];
    if (!active && sources != 0) {
        source = (uint32_t)__builtin_ctz(sources);
    }
    *pending = *pending && (sources & 1u << source) != 0;
    if (*pending) {
        sources &= ~(1u << source);
    }
    state->sgi_sources[intid] = (uint8_t)sources;
    state->bank.latched = sources != 0 ? state->bank.latched | gic_bit(intid) : state->bank.latched & ~gic_bit(intid);
    return (uint64_t)source << LR_SOURCE_SHIFT | (sources != 0 ? LR_END : 0);
}

static uint64_t list_interrupt(struct gic *gic, uint32_t vcpu, const struct candidate *candidate, bool *soft)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct gic_bank *bank = gic_bank_of(gic, vcpu, candidate->intid);
    uint32_t bit = gic_bit(candidate->intid);
    uint64_t lr = 0;
    bool pending = candidate->pending;
    *soft = pending && (bank->latched & bit) != 0;
    if (gic->config.version == 2 && candidate->intid < GIC_SGIS) {
        lr = list_sgi(state, candidate->intid, candidate->active, &pending);
    } else if (pending) {
        bank->latched &= ~bit;
    }
    /* Pending again, or for somebody else, once this one has ended. */
    if ((bank->level & ~bank->edge & bit) != 0 || (!pending && (bank->latched & bit) != 0)) {
        lr |= (gic_forwarded(gic, bank) & bit) != 0 ? LR_END : 0;
    }
    bank->listed |= bit;
    bank->listed_pending = pending ? bank->listed_pending | bit : bank->listed_pending & ~bit;
    bank->holder[candidate->intid & 31u] = (uint8_t)vcpu;
    return lr | ((bank->group & bit) != 0 ? LR_GROUP1 : 0) | (pending ? LR_PENDING : 0);
}

static uint64_t list_lpi(struct gic *gic, uint32_t vcpu, const struct candidate *candidate)
{
    uint32_t lpi = candidate->intid - GIC_FIRST_LPI;
    gic_assign(gic->lpi_listed, lpi, true);
    gic->lpi_holder[lpi] = (uint8_t)vcpu;
    if (candidate->pending) {
        gic_lpi_assign_pending(gic, lpi, false);
    }
    /* Pending for somebody else, once this one has ended. */
    bool waits = gic_test(gic->lpi_pending, lpi);
    return LR_GROUP1 | (candidate->pending ? LR_PENDING : 0) | (waits ? LR_END : 0);
}

/* Into the first list register that there is room in. */
static void list_one(struct gic *gic, uint32_t vcpu, const struct candidate *candidate, uint32_t *room)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint32_t index = (uint32_t)__builtin_ctz(*room);
    bool soft = true;
    *room &= *room - 1u;
    uint64_t lr =
        gic_is_lpi(candidate->intid) ? list_lpi(gic, vcpu, candidate) : list_interrupt(gic, vcpu, candidate, &soft);
    lr |= candidate->intid | (uint64_t)candidate->priority << LR_PRIORITY_SHIFT;
    gic->delivered += (lr & LR_PENDING) != 0;
    state->hardware->list[index] = lr | (candidate->active ? LR_ACTIVE : 0);
    state->listed[index] = candidate->intid;
    state->used |= 1u << index;
    state->soft |= soft ? 1u << index : 0;
}

static void list_all(struct gic *gic, uint32_t vcpu, const struct selection *selection, uint32_t count, uint32_t *room)
{
    for (uint32_t i = 0; i < count; i++) {
        list_one(gic, vcpu, &selection->entries[i], room);
    }
}

static void fill(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct vcpu_gic *hardware = state->hardware;
    uint32_t count = list_count(hardware);
    uint32_t room = 0;
    uint32_t places = 0;
    for (uint32_t i = 0; i < count; i++) {
        if ((hardware->list[i] & LR_STATE) == 0) {
            room |= 1u << i;
            places++;
        }
    }
    struct selection active;
    struct selection pending;
    start_selection(&active, places);
    start_selection(&pending, places);
    collect_bank(gic, vcpu, 0, &active, &pending);
    for (uint32_t busy = gic->busy; busy != 0; busy &= busy - 1u) {
        uint32_t index = (uint32_t)__builtin_ctz(busy);
        const struct gic_bank *bank = &gic->banks[index];
        if ((bank->latched | bank->level | bank->active | bank->listed) == 0) {
            gic->busy &= ~(1u << index);
        } else {
            collect_bank(gic, vcpu, index + 1, &active, &pending);
        }
    }
    if ((gic->lpi_pending_words[0] | gic->lpi_pending_words[1]) != 0 || state->active_lpis != 0) {
        collect_lpis(gic, vcpu, &active, &pending);
    }
    /* What is active must be there to be ended; but what is pending may have to preempt it. */
    uint32_t for_active = places - (pending.count != 0 ? 1u : 0);
    for_active = active.count < for_active ? active.count : for_active;
    uint32_t for_pending = places - for_active;
    for_pending = pending.count < for_pending ? pending.count : for_pending;
    bool waiting = pending.overflow || for_pending < pending.count;
    for (uint32_t i = 0; i < for_active && waiting; i++) {
        /* Or it would come again before a waiting one of higher priority. */
        active.entries[i].pending = false;
    }
    list_all(gic, vcpu, &active, for_active, &room);
    list_all(gic, vcpu, &pending, for_pending, &room);

    uint32_t control = 0;
    if (waiting && for_pending > 0) {
        /* None of these conditions may hold already, or the guest would never run. */
        control |= VCPU_GIC_NO_PENDING;
        control |= count - places + for_active + for_pending >= 2 ? VCPU_GIC_UNDERFLOW : 0;
    }
    if (active.overflow || for_active < active.count) {
        control |= VCPU_GIC_ENTRY_NOT_PRESENT;
    }
    hardware->control = control;
}

/* --- Short ways, where nothing else is to be done --- */

bool gic_list_now(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    struct vcpu_gic *hardware = state->hardware;
    const struct gic_bank *bank = gic_bank_of(gic, vcpu, intid);
    if (state->attention != 0 || hardware->control != 0 || !gic_accessible(gic, vcpu) ||
        (bank->active & gic_bit(intid)) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < list_count(hardware); i++) {
        uint32_t room = 1u << i;
        if ((hardware->list[i] & LR_STATE) != 0) {
            continue;
        }
        if ((state->used & room) != 0) {
            register_back(gic, vcpu, i); /* it has ended */
        }
        struct candidate candidate = {.intid = intid, .priority = bank->priority[intid & 31u], .pending = true};
        state->soft &= ~room;
        list_one(gic, vcpu, &candidate, &room);
        return true;
    }
    return false;
}

bool gic_lower_now(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    /* What is latched comes after the end, which must be told. */
    if (!gic_accessible(gic, vcpu) || (gic_bank_of(gic, vcpu, intid)->latched & gic_bit(intid)) != 0) {
        return false;
    }
    for (uint32_t used = state->used; used != 0; used &= used - 1u) {
        uint32_t index = (uint32_t)__builtin_ctz(used);
        uint64_t *list = &state->hardware->list[index];
        if (state->listed[index] == intid && LR_INTID(*list) == intid && (*list & LR_STATE) == LR_ACTIVE) {
            *list &= ~LR_END;
            return true;
        }
    }
    return false;
}

/* --- When a vCPU comes and goes --- */

/* Others that wait for this vCPU's state have it now. */
static void has_looked(struct gic *gic, uint32_t vcpu)
{
    if (__builtin_expect(gic->waiting == 0, 1)) {
        return;
    }
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        gic->vcpus[i].wait_for &= ~(1u << vcpu);
    }
}

void gic_refill(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    if (gic_its_commands_wait(gic)) {
        gic_its_run_commands(gic);
    }
    gic_read_back(gic, vcpu);
    has_looked(gic, vcpu);
    if (state->wait_state != GIC_WAIT_NONE) {
        gic_set_wait(gic, vcpu, state->wait_state == GIC_WAIT_ASKING ? GIC_WAIT_ASKED : GIC_WAIT_NONE);
    }
    fill(gic, vcpu);
    state->attention = state->wait_state != GIC_WAIT_NONE || gic_its_commands_wait(gic);
}

void gic_leave(struct gic *gic, uint32_t vcpu)
{
    if (gic->vcpus[vcpu].in_guest) {
        gic_read_back(gic, vcpu);
        has_looked(gic, vcpu);
        gic->vcpus[vcpu].in_guest = false;
    }
}

void gic_maintenance(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint32_t reason = state->hardware->maintenance;
    if ((reason & MISR_ENTRY_NOT_PRESENT) != 0) {
        uint32_t ended = MISR_END_COUNT(reason);
        state->end_count = ended != 0 ? ended : 1;
    }
    state->attention = 1;
}

uint64_t *gic_timer_register(const struct gic *gic, uint32_t vcpu)
{
    struct vcpu_gic *hardware = gic->vcpus[vcpu].hardware;
    for (uint32_t i = 0; i < list_count(hardware); i++) {
        uint64_t lr = hardware->list[i];
        if ((lr & LR_HARDWARE) != 0 && (lr & LR_STATE) != 0 && LR_INTID(lr) == GUEST_PPI_VIRTUAL_TIMER) {
            return &hardware->list[i];
        }
    }
    return NULL;
}
