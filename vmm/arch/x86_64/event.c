/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions, NMIs and interrupts on their way into the guest.
 *
 * page->control.event is the one event that the next entry delivers. What is
 * found there after an exit was interrupted in its delivery and is owed.
 */
#include <vmm/arch/execution.h>
#include <vmm/hv.h>

#define EVENT_VECTOR(event) ((uint32_t)(event)&0xffu)
#define EVENT_TYPE(event)   ((uint32_t)((event) >> 8) & 7u)
/* While a request is held back by the TPR, how often to look again. */
#define PRIORITY_POLL_US    50u

#define VECTOR_SET(n) (1u << (n))
/* #DF, #TS, #NP, #SS, #GP, #PF, #AC (Intel SDM vol. 3 table 6-1). */
#define HAS_ERROR_CODE                                                                                                 \
    (VECTOR_SET(8) | VECTOR_SET(10) | VECTOR_SET(11) | VECTOR_SET(12) | VECTOR_SET(13) | VECTOR_SET(14) |              \
     VECTOR_SET(17))
/* #DE, #TS, #NP, #SS, #GP. */
#define CONTRIBUTORY (VECTOR_SET(0) | VECTOR_SET(10) | VECTOR_SET(11) | VECTOR_SET(12) | VECTOR_SET(13))

static bool in_set(uint32_t set, uint32_t vector)
{
    return vector < 32 && (set >> vector & 1u) != 0;
}

static void set_exception(struct vcpu_context *vcpu, uint32_t vector, uint32_t error_code)
{
    uint64_t event = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | vector;
    if (in_set(HAS_ERROR_CODE, vector)) {
        event |= VCPU_EVENT_ERROR_CODE | (uint64_t)error_code << 32;
    }
    vcpu->page->control.event = event;
}

void event_exception(struct vcpu_context *vcpu, enum x86_exception vector, uint32_t error_code)
{
    uint64_t owed = vcpu->page->control.event;
    if ((owed & VCPU_EVENT_VALID) == 0) {
        set_exception(vcpu, vector, error_code);
        return;
    }
    if (EVENT_TYPE(owed) != VCPU_EVENT_EXCEPTION) {
        /* A fault in the delivery of an interrupt comes first; that is not lost. */
        if (EVENT_TYPE(owed) == VCPU_EVENT_NMI) {
            vcpu->arch.nmi_pending = true;
        } else if (EVENT_TYPE(owed) == VCPU_EVENT_INTERRUPT) {
            vcpu->arch.deferred_event = owed;
        }
        set_exception(vcpu, vector, error_code);
        return;
    }
    /* AMD APM vol. 2 §8.2.9, Intel SDM vol. 3 table 6-5. */
    uint32_t first = EVENT_VECTOR(owed);
    bool second_counts = in_set(CONTRIBUTORY, vector) || vector == EXCEPTION_PF;
    if (first == EXCEPTION_DF && second_counts) {
        vcpu->page->control.event = 0;
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "triple fault at 0x%llx",
                          (unsigned long long)vcpu->page->state.rip);
    } else if ((in_set(CONTRIBUTORY, first) && in_set(CONTRIBUTORY, vector)) ||
               (first == EXCEPTION_PF && second_counts)) {
        set_exception(vcpu, EXCEPTION_DF, 0);
    } else {
        set_exception(vcpu, vector, error_code); /* the first comes again by itself */
    }
}

void event_page_fault(struct vcpu_context *vcpu, uint64_t linear, uint32_t error_code)
{
    vcpu->page->state.cr2 = linear;
    execution_dirty(vcpu, VCPU_STATE_CONTROL);
    event_exception(vcpu, EXCEPTION_PF, error_code);
}

void event_sync_priority_in(struct vcpu_context *vcpu)
{
    if (vcpu->arch.eoi_flag.offered) {
        eoi_flag_collect(vcpu);
    }
    uint32_t cr8 = vcpu->page->state.cr8 & 0xfu;
    if (cr8 != lapic_cr8(&vcpu->arch.lapic)) {
        lapic_set_cr8(&vcpu->arch.lapic, cr8);
    }
}

void event_sync_priority_out(struct vcpu_context *vcpu)
{
    uint32_t cr8 = lapic_cr8(&vcpu->arch.lapic);
    if (cr8 != vcpu->page->state.cr8) {
        vcpu->page->state.cr8 = cr8;
        execution_dirty(vcpu, VCPU_STATE_BASIC);
    }
}

void event_priority_timer(void *vcpu, uint64_t now)
{
    (void)vcpu; /* the event itself makes event_prepare_entry() look again */
    (void)now;
}

static void take_requests(struct vcpu_context *vcpu)
{
    uint32_t requests = vcpu->arch.requests;
    vcpu->arch.requests = 0;
    if ((requests & X86_REQUEST_INIT) != 0) {
        lapic_init_signal(&vcpu->arch.lapic);
        reset_registers(vcpu);
        vcpu->arch.nmi_pending = false;
        vcpu->arch.deferred_event = 0;
        /* The boot processor would go to the firmware: there is none (MP protocol, SDM vol. 3 §8.4). */
        if (vcpu->id == 0) {
            vm_request_action(vcpu->vm, VM_ACTION_REBOOT, "INIT of the boot processor");
        }
        vcpu->activity = VCPU_WAIT_START;
    }
    if ((requests & X86_REQUEST_STARTUP) != 0 && vcpu->activity == VCPU_WAIT_START) {
        reset_start_at(vcpu, vcpu->arch.startup_vector);
        vcpu->activity = VCPU_RUNNING;
    }
    if ((requests & X86_REQUEST_NMI) != 0) {
        vcpu->arch.nmi_pending = true;
    }
}

static void wake(struct vcpu_context *vcpu)
{
    if (vcpu->activity == VCPU_HALTED) {
        vcpu->activity = VCPU_RUNNING;
    }
}

static void inject_interrupt(struct vcpu_context *vcpu, uint8_t vector)
{
    vcpu->page->control.event = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_INTERRUPT) | vector;
    vcpu->vm->arch.interrupts_injected++;
    wake(vcpu);
}

/* Vector of the interrupt to take now, which is accepted; -1: none. */
static int accept_interrupt(struct vcpu_context *vcpu)
{
    struct lapic *lapic = &vcpu->arch.lapic;
    if (lapic_extint_pending(lapic)) {
        uint8_t vector = i8259_acknowledge(&vcpu->vm->arch.pic);
        lapic_accept_extint(lapic);
        return vector;
    }
    int vector = lapic_highest_pending(lapic);
    if (vector >= 0) {
        lapic_accept(lapic, (uint8_t)vector);
    }
    return vector;
}

static bool interrupt_waits(struct vcpu_context *vcpu)
{
    struct lapic *lapic = &vcpu->arch.lapic;
    return vcpu->arch.deferred_event != 0 || lapic_extint_pending(lapic) ||
           (lapic->irr_hint != 0 && lapic_highest_pending(lapic) >= 0);
}

/* A request that the guest's TPR holds back comes through when the guest lowers
 * CR8, which it does without an exit: look again soon. */
static void watch_priority(struct vcpu_context *vcpu)
{
    struct lapic *lapic = &vcpu->arch.lapic;
    if (lapic->irr_hint == 0 || lapic->tpr < 0x10) {
        return;
    }
    int request = lapic_highest_request(lapic);
    if (request >= 0 && (uint32_t)request >> 4 <= (uint32_t)lapic->tpr >> 4 &&
        vcpu->arch.priority_timer.deadline == 0) {
        uint64_t ticks = timer_scale(vcpu->vm->clock.frequency, PRIORITY_POLL_US, 1000000);
        timer_arm(&vcpu->timers, &vcpu->arch.priority_timer, hv_now() + ticks);
    }
}

void event_prepare_entry(struct vcpu_context *vcpu)
{
    struct vcpu_control *control = &vcpu->page->control;
    const struct vcpu_arch_state *state = &vcpu->page->state;
    if (__builtin_expect(vcpu->arch.requests != 0, 0)) {
        take_requests(vcpu);
    }
    if (__builtin_expect(vcpu->activity == VCPU_WAIT_START, 0)) {
        return;
    }
    event_sync_priority_in(vcpu); /* an event, not an exit, may have ended the run */
    if (vcpu->arch.eoi_flag.offered) {
        eoi_flag_review(vcpu);
    }
    control->nmi_window = 0;
    if (__builtin_expect(vcpu->arch.nmi_pending, 0)) {
        wake(vcpu);
        /* The kernel tells when one can be taken: it knows whether one is in progress. */
        control->nmi_window = 1;
    }
    if (!interrupt_waits(vcpu)) {
        control->interrupt_window = 0;
        watch_priority(vcpu);
        return;
    }
    bool enabled = (state->rflags & RFLAGS_IF) != 0;
    if (enabled) {
        wake(vcpu);
    }
    if ((control->event & VCPU_EVENT_VALID) != 0 || !enabled || state->interrupt_shadow != 0) {
        control->interrupt_window = 1;
        return;
    }
    if (vcpu->arch.deferred_event != 0) {
        control->event = vcpu->arch.deferred_event;
        vcpu->arch.deferred_event = 0;
    } else {
        int vector = accept_interrupt(vcpu);
        if (vector >= 0) {
            inject_interrupt(vcpu, (uint8_t)vector);
            eoi_flag_offer(vcpu);
        }
    }
    control->interrupt_window = interrupt_waits(vcpu) ? 1 : 0;
}
