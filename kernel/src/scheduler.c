/* SPDX-License-Identifier: BSD-2-Clause */
#include <kernel/arch.h>
#include <kernel/scheduler.h>
#include <kernel/signal.h>

#include <arch/time.h>

static struct scheduling_context *context_of_refill(struct timer *timer)
{
    return (struct scheduling_context *)(void *)((char *)timer - offsetof(struct scheduling_context, refill));
}

static struct thread *thread_of_timer(struct timer *timer)
{
    return (struct thread *)(void *)((char *)timer - offsetof(struct thread, timer));
}

void scheduler_init_cpu(struct cpu *cpu, uint32_t index, struct cpu_statistics *statistics, uint64_t now)
{
    cpu->index = index;
    cpu->statistics = statistics;
    cpu->charged_until = now;
    cpu->timer_armed = UINT64_MAX;
    cpu->reschedule = true;
}

void scheduler_init_context(struct thread *thread, uint64_t budget, uint64_t period, uint64_t minimum, uint64_t now)
{
    budget_init(&thread->home.budget, budget, period, minimum, now);
    thread->home.home = thread;
    thread->home.refill.kind = TIMER_BUDGET_REFILL;
    thread->timer.kind = TIMER_THREAD;
    scheduler_give(&thread->home, thread);
}

/* Charges the time since the last call to whoever had it. */
static inline void charge(struct cpu *cpu, uint64_t now)
{
    uint64_t used = now - cpu->charged_until;
    struct thread *current = cpu->current;

    cpu->charged_until = now;
    if (current == NULL) {
        cpu->statistics->idle_ticks += used;
        return;
    }
    uint64_t own = used;
    if (current->vcpu != NULL) {
        uint64_t guest = current->vcpu->statistics->guest_ticks - current->guest_ticks_charged;
        current->guest_ticks_charged += guest;
        own = guest < used ? used - guest : 0;
    }
    current->statistics->run_ticks += own;
    if (cpu->running != NULL) {
        budget_charge(&cpu->running->budget, used);
    }
}

void scheduler_give(struct scheduling_context *sc, struct thread *user)
{
    sc->user = user;
    user->sc = sc;
}

void scheduler_give_back(struct cpu *cpu, struct thread *thread, struct thread *caller)
{
    struct scheduling_context *sc = thread->sc;
    struct thread *donor = thread->donor;

    if (sc == NULL) {
        return;
    }
    if (sc == &thread->home) {
        thread->donor = NULL; /* if it had one, its context went home by another way */
        if (thread->passive) {
            sc->user = NULL;
            thread->sc = NULL;
        }
        return;
    }
    /* A stopped caller would keep what its own callers wait for. */
    struct thread *to = caller != NULL && caller == donor && !caller->stopped ? caller : sc->home;
    thread->sc = NULL;
    thread->donor = NULL;
    scheduler_give(sc, to);
    if (thread_runnable(to)) {
        scheduler_make_ready(cpu, to);
    }
}

/* Its budget is used up: wakes when there is some again. */
static void postpone(struct cpu *cpu, struct thread *thread)
{
    struct scheduling_context *sc = thread->sc;

    thread->statistics->budget_exhaustions++;
    thread_publish_state(thread, THREAD_OUT_OF_BUDGET);
    if (!sc->refill.armed) {
        sc->refill.deadline = budget_next(&sc->budget);
        timer_queue_insert(&cpu->timers, &sc->refill);
    }
}

/* A thread that is runnable without a scheduling context (it was stopped or
 * restarted in the middle of a call) uses its own, if that is not elsewhere. */
static bool has_context(struct thread *thread)
{
    if (thread->sc == NULL) {
        if (thread->home.user != NULL) {
            return false;
        }
        budget_unblock(&thread->home.budget, arch_time());
        scheduler_give(&thread->home, thread);
    }
    return true;
}

static inline void make_ready(struct cpu *cpu, struct thread *thread, bool first)
{
    if (thread == cpu->current) {
        cpu->reschedule = true;
        return;
    }
    if (thread->queued || !has_context(thread) || thread->sc->refill.armed) {
        return;
    }
    if (!thread->sc->budget.round_robin && thread->sc != cpu->running) {
        uint64_t now = arch_time();
        budget_unblock(&thread->sc->budget, now);
        if (!budget_ready(&thread->sc->budget, now)) {
            postpone(cpu, thread);
            cpu->reschedule = true; /* to arm the timer */
            return;
        }
    }
    thread_publish_state(thread, THREAD_READY);
    if (first || cpu->current == NULL || thread->priority > cpu->current->priority) {
        cpu->reschedule = true;
        if (cpu->next == NULL) {
            cpu->next = thread;
            thread->queued = true;
            return;
        }
    } else if (thread->priority == cpu->current->priority) {
        cpu->reschedule = true; /* the current thread's time slice matters now */
    }
    ready_queue_push_back(&cpu->ready, thread);
}

void scheduler_make_ready(struct cpu *cpu, struct thread *thread)
{
    make_ready(cpu, thread, false);
}

void scheduler_hand_back(struct cpu *cpu, struct thread *thread)
{
    make_ready(cpu, thread, true);
}

void scheduler_remove(struct cpu *cpu, struct thread *thread)
{
    if (thread == cpu->next) {
        cpu->next = NULL;
        thread->queued = false;
    } else if (thread->queued) {
        ready_queue_remove(&cpu->ready, thread);
    }
    if (thread == cpu->current) {
        cpu->reschedule = true;
    }
}

/* Can the current thread go on? Puts it aside if not. */
static bool may_continue(struct cpu *cpu, struct thread *current, uint64_t now)
{
    if (current == NULL || !thread_runnable(current) || !has_context(current)) {
        return false;
    }
    if (current->sc->refill.armed) {
        return false;
    }
    if (!budget_ready(&current->sc->budget, now)) {
        postpone(cpu, current);
        return false;
    }
    return true;
}

/* The thread to run next, taken off the ready queue; NULL: none. */
static inline struct thread *choose(struct cpu *cpu, uint64_t now)
{
    struct thread *current = cpu->current;
    bool keep = may_continue(cpu, current, now);
    struct thread *candidate = cpu->next;

    if (candidate != NULL) {
        cpu->next = NULL;
        candidate->queued = false;
        if ((!keep || candidate->priority > current->priority) &&
            candidate->priority >= ready_queue_priority(&cpu->ready) && budget_ready(&candidate->sc->budget, now)) {
            if (keep) {
                ready_queue_push_front(&cpu->ready, current);
                thread_publish_state(current, THREAD_READY);
            }
            return candidate;
        }
        ready_queue_push_front(&cpu->ready, candidate);
    }
    for (;;) {
        struct thread *next = ready_queue_first(&cpu->ready);
        if (keep && current->sc->budget.slice_expired) {
            current->sc->budget.slice_expired = false;
            if (next != NULL && next->priority == current->priority) {
                ready_queue_push_back(&cpu->ready, current);
                thread_publish_state(current, THREAD_READY);
                keep = false;
            }
        }
        if (keep && (next == NULL || next->priority <= current->priority)) {
            return current;
        }
        if (next == NULL) {
            return NULL;
        }
        ready_queue_remove(&cpu->ready, next);
        if (!budget_ready(&next->sc->budget, now)) {
            postpone(cpu, next);
            continue;
        }
        if (keep) {
            ready_queue_push_front(&cpu->ready, current);
            thread_publish_state(current, THREAD_READY);
        }
        return next;
    }
}

static inline void arm_timer(struct cpu *cpu, uint64_t now)
{
    uint64_t deadline = timer_queue_deadline(&cpu->timers);
    struct thread *current = cpu->current;

    if (current != NULL) {
        const struct budget *budget = &current->sc->budget;
        /* A time slice matters only to others of the same priority. */
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what runs has a scheduling context */
        if (!budget->round_robin || cpu->ready.lists[current->priority].first != NULL) {
            uint64_t end = now + budget_remaining(budget);
            deadline = end < deadline ? end : deadline;
        }
    }
    if (deadline < cpu->timer_armed) {
        cpu->timer_armed = deadline;
        arch_timer_arm(deadline);
    }
}

void scheduler_run(struct cpu *cpu)
{
    uint64_t now = arch_time();

    cpu->reschedule = false;
    charge(cpu, now);
    struct thread *next = choose(cpu, now);
    if (next != cpu->current) {
        cpu->current = next;
        if (next != NULL) {
            cpu->statistics->switches++;
            next->statistics->switches++;
            arch_switch_thread(next);
        }
    }
    if (next != NULL) {
        thread_publish_state(next, next->in_guest ? THREAD_IN_GUEST : THREAD_RUNNING);
        if (next->sc != cpu->running) {
            /* While others ran, nothing was saved up. */
            if (!next->sc->budget.round_robin) {
                budget_unblock(&next->sc->budget, now);
            }
            cpu->running = next->sc;
        }
    } else {
        cpu->running = NULL;
    }
    arm_timer(cpu, now);
}

void scheduler_timer_fired(struct cpu *cpu)
{
    uint64_t now = arch_time();

    cpu->timer_armed = UINT64_MAX;
    cpu->reschedule = true;
    while (cpu->timers.first != NULL && cpu->timers.first->deadline <= now) {
        struct timer *timer = cpu->timers.first;
        timer_queue_remove(&cpu->timers, timer);
        if (timer->kind == TIMER_THREAD) {
            signal_event(thread_of_timer(timer), SKYSCOPE_EVENT_TIMER);
            continue;
        }
        struct thread *user = context_of_refill(timer)->user;
        if (user != NULL && thread_runnable(user)) {
            scheduler_make_ready(cpu, user);
        }
    }
}

void scheduler_yield(struct cpu *cpu)
{
    if (cpu->running != NULL) {
        charge(cpu, arch_time());
        budget_yield(&cpu->running->budget);
    }
    cpu->reschedule = true;
}

void scheduler_set_timer(struct cpu *cpu, struct thread *thread, uint64_t deadline)
{
    timer_queue_remove(&cpu->timers, &thread->timer);
    if (deadline == 0) {
        return;
    }
    if (deadline <= arch_time()) {
        signal_event(thread, SKYSCOPE_EVENT_TIMER);
        return;
    }
    thread->timer.deadline = deadline;
    timer_queue_insert(&cpu->timers, &thread->timer);
    if (deadline < cpu->timer_armed) {
        cpu->timer_armed = deadline;
        arch_timer_arm(deadline);
    }
}
