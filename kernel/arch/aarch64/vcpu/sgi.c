/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Software-generated interrupts between a VM's vCPUs, without their VMM.
 *
 * The sender sets a bit in the receiver's page, then looks whether it is running. The
 * receiver says that it is, then looks for bits; and says that it is not, then looks
 * again before it sleeps. So one of the two sees the other: a running one is made to
 * look again by an interrupt, another's VMM by an event.
 */
#include "vcpu_hardware.h"

#include <kernel/arch.h>
#include <kernel/signal.h>
#include <kernel/system.h>
#include <skyscope/guest_aarch64.h>

static inline struct vcpu_gic *page_of(const struct vcpu_hardware *hardware)
{
    return &hardware->vcpu->page->state.gic;
}

static bool reaches(const struct vcpu_sgi *sgi, const struct vcpu_hardware *target, const struct vcpu_hardware *sender)
{
    if (vcpu_platform.gic_version == 2) {
        return vcpu_sgi_reaches_v2(sgi, target->id, target == sender);
    }
    return vcpu_sgi_reaches_v3(sgi, READ_ONCE(target->vmpidr), target == sender);
}

static void send_to(struct vcpu_hardware *target, const struct vcpu_hardware *sender, uint32_t intid)
{
    if (vcpu_platform.gic_version == 2) {
        __atomic_fetch_or(&target->interface.sgi_sources[intid], (uint8_t)(1u << (sender->id & 7)), __ATOMIC_SEQ_CST);
    }
    __atomic_fetch_or(&page_of(target)->private_pending, 1u << intid, __ATOMIC_SEQ_CST);
    if (target == sender) {
        return; /* enters again after this */
    }
    const struct vcpu_statistics *statistics = target->vcpu->statistics;
    struct thread *thread = &kernel_system.threads[statistics->thread];
    if (__atomic_load_n(&target->running, __ATOMIC_SEQ_CST) == 0) {
        signal_event(thread, SKYSCOPE_EVENT_SIGNAL);
    } else if (thread->cpu != current_cpu_index()) {
        arch_interrupt_cpu(thread->cpu);
    }
}

bool vcpu_sgi_send(struct vcpu_hardware *sender, const struct vcpu_sgi *sgi)
{
    /* All or none: the VMM could not know which were sent. */
    for (const struct vcpu_hardware *target = vcpu_platform.vms[sender->vm]; target != NULL;
         target = target->next_of_vm) {
        if (reaches(sgi, target, sender) && (READ_ONCE(page_of(target)->private_enabled) >> sgi->intid & 1) == 0) {
            return false;
        }
    }
    for (struct vcpu_hardware *target = vcpu_platform.vms[sender->vm]; target != NULL; target = target->next_of_vm) {
        if (reaches(sgi, target, sender)) {
            send_to(target, sender, sgi->intid);
        }
    }
    return true;
}

/* One interrupt, from one source. False: there is no list register for it. */
static bool deliver_one(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t intid, uint32_t source)
{
    uint32_t index = vcpu_interface_find(hardware, intid, source);
    if (index != VCPU_NO_LIST) {
        /* Pending once more while it is active, or still pending: once. */
        vcpu_interface_pend(hardware, page, index, hardware->interface.list[index]);
        return true;
    }
    index = vcpu_interface_find(hardware, UINT32_MAX, 0);
    if (index == VCPU_NO_LIST) {
        return false;
    }
    vcpu_interface_pend(hardware, page, index,
                        LIST_GROUP(vcpu_platform.gic_version) |
                            (uint64_t)READ_ONCE(page->private_priority[intid]) << LIST_PRIORITY_SHIFT |
                            (uint64_t)source << 32 | intid);
    return true;
}

/* GICv2: SGIs of different sources are different interrupts. */
static bool deliver_from_sources(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t intid)
{
    uint8_t sources = __atomic_exchange_n(&hardware->interface.sgi_sources[intid], 0, __ATOMIC_SEQ_CST);
    sources = sources != 0 ? sources : 1; /* the VMM's doing: from vCPU 0 */
    for (uint32_t source = 0; source < 8; source++) {
        if ((sources >> source & 1) != 0 && !deliver_one(hardware, page, intid, source)) {
            __atomic_fetch_or(&hardware->interface.sgi_sources[intid], (uint8_t)(sources & ~((1u << source) - 1)),
                              __ATOMIC_SEQ_CST);
            return false;
        }
    }
    return true;
}

void vcpu_sgi_deliver(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    uint32_t pending = READ_ONCE(page->private_pending) & READ_ONCE(page->private_enabled);
    pending &= ~(1u << GUEST_PPI_VIRTUAL_TIMER);
    for (; pending != 0; pending &= pending - 1) {
        uint32_t intid = (uint32_t)__builtin_ctz(pending);
        /* Sent again from now on, it is pending again. */
        __atomic_fetch_and(&page->private_pending, ~(1u << intid), __ATOMIC_SEQ_CST);
        bool done = vcpu_platform.gic_version == 2 && intid < 16 ? deliver_from_sources(hardware, page, intid)
                                                                 : deliver_one(hardware, page, intid, 0);
        if (!done) {
            __atomic_fetch_or(&page->private_pending, 1u << intid, __ATOMIC_SEQ_CST);
            /* Comes back as soon as there is room. */
            hardware->interface.own_control = VCPU_GIC_UNDERFLOW;
        }
    }
}
