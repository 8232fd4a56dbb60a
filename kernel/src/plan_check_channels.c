/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan's channels and interrupts. */
#include <stddef.h>

#include <kernel/plan_check.h>

/* Finds the entry that mirrors this end. */
static const struct plan_channel_end *mirror(const struct plan_view *view, const struct plan_channel_end *end)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *other = &view->channel_ends[i];
        if (other->pd == end->peer_pd && other->id == end->peer_id) {
            return other->peer_pd == end->pd && other->peer_id == end->id ? other : NULL;
        }
    }
    return NULL;
}

/* A procedure runs on its caller's CPU, and above it: so there is no deadlock and
 * no priority inversion. */
static bool check_call(const struct plan_view *view, const struct plan_channel_end *end, struct plan_error *error)
{
    const struct plan_pd *caller = &view->pds[end->pd];
    const struct plan_pd *callee_pd = &view->pds[end->peer_pd];
    const struct plan_thread *callee = &view->threads[callee_pd->first_thread + end->peer_thread];

    if (callee->vcpu != PLAN_NONE) {
        return plan_refuse(error, "channel %u of PD %s: the thread of %s that it would call runs a vCPU", end->id,
                           caller->name, callee_pd->name);
    }
    for (uint32_t i = 0; i < caller->thread_count; i++) {
        const struct plan_thread *thread = &view->threads[caller->first_thread + i];
        if (thread->cpu != callee->cpu) {
            return plan_refuse(error, "channel %u of PD %s: calls %s, which is on another CPU", end->id, caller->name,
                               callee_pd->name);
        }
        if (thread->priority >= callee->priority) {
            return plan_refuse(error, "channel %u of PD %s: calls %s, whose priority %u is not above its own %u",
                               end->id, caller->name, callee_pd->name, callee->priority, thread->priority);
        }
    }
    return true;
}

bool plan_check_channels(const struct plan_view *view, struct plan_error *error)
{
    static const uint32_t known_flags = PLAN_CHANNEL_NOTIFY | PLAN_CHANNEL_CALL;

    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = &view->channel_ends[i];
        if (end->pd >= view->counts[PLAN_TABLE_PDS] || end->peer_pd >= view->counts[PLAN_TABLE_PDS] ||
            end->pd == end->peer_pd) {
            return plan_refuse(error, "channel end %u: joins PDs that there are not", i);
        }
        const char *name = view->pds[end->pd].name;
        if (end->id >= PLAN_CHANNEL_IDS || end->peer_id >= PLAN_CHANNEL_IDS || (end->flags & ~known_flags) != 0 ||
            end->peer_thread >= view->pds[end->peer_pd].thread_count) {
            return plan_refuse(error, "channel %u of PD %s: bad id, flags or thread", end->id, name);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (view->channel_ends[j].pd == end->pd && view->channel_ends[j].id == end->id) {
                return plan_refuse(error, "channel %u of PD %s: there are two", end->id, name);
            }
        }
        if (mirror(view, end) == NULL) {
            return plan_refuse(error, "channel %u of PD %s: has no other end", end->id, name);
        }
        if ((end->flags & PLAN_CHANNEL_CALL) != 0 && !check_call(view, end, error)) {
            return false;
        }
    }
    return true;
}

static bool check_irq(const struct plan_view *view, const struct plan_machine *machine, uint32_t index,
                      struct plan_error *error)
{
    const struct plan_irq *irq = &view->irqs[index];

    if (irq->pd >= view->counts[PLAN_TABLE_PDS] || irq->thread >= view->pds[irq->pd].thread_count ||
        irq->id >= PLAN_CHANNEL_IDS) {
        return plan_refuse(error, "interrupt %u: belongs to no thread", index);
    }
    const char *name = view->pds[irq->pd].name;
    if (!plan_arch_check_irq(view, machine, index, error)) {
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct plan_irq *other = &view->irqs[i];
        if (other->pd == irq->pd && other->id == irq->id) {
            return plan_refuse(error, "interrupt %u of PD %s: there are two", irq->id, name);
        }
    }
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        if (view->channel_ends[i].pd == irq->pd && view->channel_ends[i].id == irq->id) {
            return plan_refuse(error, "interrupt %u of PD %s: a channel has this id", irq->id, name);
        }
    }
    return true;
}

bool plan_check_interrupts(const struct plan_view *view, const struct plan_machine *machine, struct plan_error *error)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_IRQS]; i++) {
        if (!check_irq(view, machine, i, error)) {
            return false;
        }
    }
    return plan_arch_check_ioports(view, error);
}
