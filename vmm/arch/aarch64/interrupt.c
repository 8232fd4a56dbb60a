/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping guests, and what wakes them. Interrupts as such are the GIC's; of the
 * virtual timer, which the guest has directly, the VMM must know only while the
 * guest does not run.
 */
#include <vmm/arch/execution.h>
#include <vmm/hv.h>

/* Whether the virtual timer asserts its interrupt at `now`; *deadline: when it will, 0: not by itself. */
static bool timer_due(const struct vcpu_arch_state *state, uint64_t now, uint64_t *deadline)
{
    *deadline = 0;
    if ((state->cntv_ctl & (TIMER_ENABLE | TIMER_IMASK)) != TIMER_ENABLE) {
        return false;
    }
    if (now - state->cntvoff >= state->cntv_cval) {
        return true;
    }
    uint64_t at = state->cntv_cval + state->cntvoff;
    /* Beyond the end of the host's clock: never. */
    *deadline = at > now ? at : 0;
    return false;
}

static bool kernel_delivers_timer(const struct vcpu_arch_state *state)
{
    return (__atomic_load_n(&state->gic.private_enabled, __ATOMIC_RELAXED) >> GUEST_PPI_VIRTUAL_TIMER & 1u) != 0;
}

static void set_timer_line(struct vcpu_context *vcpu, bool level)
{
    if (level != vcpu->arch.timer_line) {
        vcpu->arch.timer_line = level;
        gic_set_ppi(&vcpu->vm->arch.gic, vcpu->id, GUEST_PPI_VIRTUAL_TIMER, level);
    }
}

/* The line in the GIC's model is only for when the kernel may not deliver the interrupt. */
void interrupt_sync_timer(struct vcpu_context *vcpu)
{
    if (__builtin_expect(vcpu->arch.timer_line, 0)) {
        const struct vcpu_arch_state *state = &vcpu->page->state;
        uint64_t deadline;
        set_timer_line(vcpu, !kernel_delivers_timer(state) && timer_due(state, hv_now(), &deadline));
    }
}

void interrupt_reset(struct vcpu_context *vcpu)
{
    set_timer_line(vcpu, false); /* the GIC keeps its lines */
    timer_arm(&vcpu->timers, &vcpu->arch.virtual_timer, 0);
    vcpu->arch.start_on_wake = false;
}

void exit_timer(struct vcpu_context *vcpu)
{
    uint64_t deadline;
    const struct vcpu_arch_state *state = &vcpu->page->state;
    set_timer_line(vcpu, !kernel_delivers_timer(state) && timer_due(state, hv_now(), &deadline));
}

void interrupt_virtual_timer(void *context, uint64_t now)
{
    (void)context; /* interrupt_prepare_entry() looks */
    (void)now;
}

void interrupt_wait(struct vcpu_context *vcpu)
{
    vcpu->activity = VCPU_HALTED;
}

void exit_halt(struct vcpu_context *vcpu)
{
    execution_advance(vcpu);
    interrupt_wait(vcpu);
}

/* Whether there is an interrupt that ends the sleep; if not, the timer is armed. */
static bool wakes(struct vcpu_context *vcpu)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    struct gic *gic = &vcpu->vm->arch.gic;
    uint64_t deadline;
    bool due = timer_due(state, hv_now(), &deadline);
    bool by_kernel = kernel_delivers_timer(state);
    set_timer_line(vcpu, due && !by_kernel);
    gic_leave(gic, vcpu->id);
    uint32_t sent = __atomic_load_n(&state->gic.private_pending, __ATOMIC_ACQUIRE);
    uint32_t enabled = __atomic_load_n(&state->gic.private_enabled, __ATOMIC_RELAXED);
    if ((due && by_kernel) || (sent & enabled) != 0 || gic_wakes(gic, vcpu->id)) {
        return true;
    }
    if (vcpu->arch.virtual_timer.deadline != deadline) {
        timer_arm(&vcpu->timers, &vcpu->arch.virtual_timer, deadline);
    }
    return false;
}

static void start(struct vcpu_context *vcpu)
{
    vcpu->arch.start_on_wake = false;
    vcpu->arch.power = VCPU_POWER_ON;
    vcpu->activity = VCPU_RUNNING;
    reset_start_at(vcpu, vcpu->arch.start_address, vcpu->arch.start_context);
}

void interrupt_prepare_entry(struct vcpu_context *vcpu)
{
    struct gic *gic = &vcpu->vm->arch.gic;
    if (__builtin_expect(vcpu->arch.timer_line, 0) && kernel_delivers_timer(&vcpu->page->state)) {
        set_timer_line(vcpu, false); /* allowed since */
    }
    if (__builtin_expect(vcpu->activity == VCPU_HALTED, 0) && wakes(vcpu)) {
        vcpu->activity = VCPU_RUNNING;
        if (vcpu->arch.virtual_timer.deadline != 0) {
            timer_arm(&vcpu->timers, &vcpu->arch.virtual_timer, 0);
        }
        if (vcpu->arch.start_on_wake) {
            start(vcpu);
        }
    }
    if (__builtin_expect(vcpu->activity == VCPU_WAIT_START, 0)) {
        if (vcpu->arch.power == VCPU_POWER_ON_PENDING) {
            start(vcpu);
        } else {
            gic_leave(gic, vcpu->id);
        }
    }
    if (__builtin_expect(vcpu->activity == VCPU_RUNNING, 1)) {
        gic_enter(gic, vcpu->id);
    }
}
