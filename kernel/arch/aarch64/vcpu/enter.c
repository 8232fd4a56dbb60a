/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into the guest and out again: the kernel's hottest path. */
#include "vcpu_hardware.h"

#include <arch/cpu_features.h>

static __attribute__((noinline)) enum vcpu_enter_result bad_state(struct vcpu *vcpu, uint64_t pstate)
{
    vcpu->page->exit.hardware_code = 0;
    vcpu->page->exit.hardware_info = pstate;
    return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_BAD_STATE);
}

static __attribute__((noinline)) enum vcpu_enter_result timer_exit(struct vcpu *vcpu)
{
    vcpu->page->exit.hardware_code = 0;
    vcpu->page->exit.hardware_info = 0;
    return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_TIMER);
}

enum vcpu_enter_result vcpu_enter(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_page *page = vcpu->page;
    struct vcpu_arch_state *state = &page->state;
    struct percpu *percpu = current_percpu();

    /* An interrupt ends only the guest's run: whoever makes something pending from now on sends one. */
    if (hardware->running == 0) {
        __atomic_store_n(&hardware->running, 1, __ATOMIC_SEQ_CST);
    }
    uint32_t dirty = READ_ONCE(page->control.dirty);
    if (__builtin_expect(dirty != 0, 0)) {
        page->control.dirty = 0;
        vcpu_write_state(vcpu, dirty);
    }
    uint64_t pc = READ_ONCE(state->pc);
    uint64_t pstate = READ_ONCE(state->pstate);
    if (__builtin_expect(!vcpu_pstate_valid(&pstate, vcpu_platform.aarch32_el0), 0)) {
        return bad_state(vcpu, pstate);
    }
    if (!vcpu_is_resident(hardware)) {
        vcpu_make_resident(vcpu, percpu);
    }
    if (!percpu->guest_loaded) {
        vcpu_load(hardware, percpu);
    }
    if (__builtin_expect(hardware->timer.stopped, 0)) {
        vcpu_timer_start(hardware);
    }
    if (__builtin_expect(!vcpu_interface_enter(hardware, &state->gic), 0)) {
        return timer_exit(vcpu);
    }

    uint64_t start = read_sysreg(cntpct_el0);
    enum vcpu_vector vector = vcpu_run(state->gpr, pc, pstate);
    if (__builtin_expect(cpu_features.branch_workaround != 0, 0)) {
        cpu_features_hide_branches(); /* or the guest's could steer the kernel's */
    }
    vcpu->statistics->guest_ticks += read_sysreg(cntpct_el0) - start;
    vcpu->statistics->entries++;
    if (hardware->interface.used != 0) {
        vcpu_interface_read_lists(hardware, &state->gic);
    }
    return vcpu_handle_exit(vcpu, vector);
}
