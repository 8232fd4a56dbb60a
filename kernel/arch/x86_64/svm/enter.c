/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into the guest and out again: the kernel's hottest path. */
#include "basic.h"
#include "svm.h"

#include <arch/percpu.h>

#define EVENT_TYPE(event) (((event) >> 8) & 7)

/* The vCPU page is shared with a VMM that may write to it at any time. */
#define READ_ONCE(object) __atomic_load_n(&(object), __ATOMIC_RELAXED)

/* Another vCPU ran on this CPU since this one did, or this one never ran. */
static __attribute__((noinline)) void switch_to(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct svm_cpu *cpu = &svm_platform.cpus[current_cpu_index()];
    hardware->cpu = cpu;
    cpu->current = hardware;
    if (svm_platform.asids_shared) {
        hardware->vmcb->tlb_control = svm_platform.flush;
    }
    if (svm_platform.has_tsc_aux) {
        wrmsr(MSR_TSC_AUX, hardware->tsc_aux);
        cpu->tsc_aux = hardware->tsc_aux;
    }
    if (vcpu->statistics->first_entry == 0) {
        vcpu->statistics->first_entry = read_tsc();
    }
}

static __attribute__((noinline)) enum vcpu_enter_result bad_state(struct vcpu *vcpu)
{
    vcpu->page->exit.hardware_code = 0;
    vcpu->page->exit.hardware_info = vcpu->hardware->invalid_groups;
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_BAD_STATE);
}

static bool is_requested(uint64_t event)
{
    return svm_platform.injects_twice && EVENT_TYPE(event) == VCPU_EVENT_INTERRUPT;
}

static __attribute__((noinline)) void begin_delivery(struct vcpu_hardware *hardware, uint64_t event)
{
    struct vmcb *vmcb = hardware->vmcb;
    svm_cancel_step(hardware);
    if (is_requested(event)) {
        vmcb->event = 0;
        svm_request_interrupt(hardware, event & 0xff);
        return;
    }
    if (svm_event_is_software(event)) {
        /* The processor takes the return address from nRIP, where it has one. */
        vmcb->next_rip = vmcb->rip;
    } else if (EVENT_TYPE(event) == VCPU_EVENT_NMI) {
        svm_nmi_delivered(hardware);
    }
}

/* An exit came before the event had reached the guest's handler (APM vol. 2
 * §15.7.2): it is owed again. */
static __attribute__((noinline)) void keep_event(struct vcpu *vcpu, uint64_t injected, uint64_t event)
{
    if (svm_event_is_software(event) && event != injected) {
        return; /* RIP is still at the instruction: it raises the event again */
    }
    if (event == injected && EVENT_TYPE(event) == VCPU_EVENT_NMI) {
        svm_nmi_undelivered(vcpu->hardware);
    }
    vcpu->page->control.event = event;
}

/* What is owed to the guest after an entry with an event; `pending` is what the processor says. */
static __attribute__((noinline)) uint64_t end_delivery(struct vcpu_hardware *hardware, uint64_t event, uint64_t pending)
{
    /* What the processor says of an exception is left out then: a fault comes again by itself, and
     * TCG calls a request that it could not deliver an exception. */
    return is_requested(event) && !svm_interrupt_taken(hardware) ? event : pending;
}

static __attribute__((noinline)) void run_with_guest_spec_ctrl(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    wrmsr(MSR_SPEC_CTRL, hardware->spec_ctrl);
    svm_run(vcpu->page->state.gpr, hardware->vmcb_address.value, hardware->host_address.value);
    wrmsr(MSR_SPEC_CTRL, current_percpu()->spec_ctrl);
}

/* Both requests for windows, read at once. */
union windows {
    struct {
        uint32_t interrupt, nmi;
    };
    uint64_t both;
};
_Static_assert(offsetof(struct vcpu_control, nmi_window) == offsetof(struct vcpu_control, interrupt_window) + 4 &&
                   offsetof(struct vcpu_control, interrupt_window) % 8 == 0,
               "the two requests are neighbours");

/* True: an NMI can be taken now. */
static __attribute__((noinline)) bool open_windows(struct vcpu_hardware *hardware, union windows wanted, uint64_t event)
{
    /* With an event to deliver, the NMI's turn is after the next exit. */
    bool nmi = wanted.nmi != 0 && event == 0;
    if (nmi && hardware->vmcb->interrupt_shadow == 0 && (hardware->attention & (SVM_NMI_BLOCKED | SVM_STEPPING)) == 0) {
        return true;
    }
    svm_update_windows(hardware, wanted.interrupt, nmi);
    return false;
}

enum vcpu_enter_result vcpu_enter(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_page *page = vcpu->page;
    struct vmcb *vmcb = hardware->vmcb;

    uint32_t dirty = READ_ONCE(page->control.dirty);
    if (dirty != 0) {
        page->control.dirty = 0;
        if (dirty == VCPU_STATE_BASIC) {
            svm_write_basic(hardware, &page->state);
        } else {
            svm_write_state(vcpu, dirty);
        }
    }
    uint64_t event = READ_ONCE(page->control.event);
    event = (event & VCPU_EVENT_VALID) != 0 ? event : 0;
    if (hardware->invalid_groups != 0 || (event != 0 && !svm_event_valid(event))) {
        return bad_state(vcpu);
    }
    union windows windows = {.both = READ_ONCE(*(const uint64_t *)(const void *)&page->control.interrupt_window)};
    if (windows.both != hardware->window && open_windows(hardware, windows, event)) {
        return svm_exit_to_vmm(vcpu, VCPU_EXIT_NMI_WINDOW);
    }
    vmcb->event = event;
    if (event != 0) {
        page->control.event = 0;
        begin_delivery(hardware, event);
    }
    if (hardware->cpu->current != hardware) {
        switch_to(vcpu);
    }
    if ((hardware->attention & SVM_DEBUG_WANTED) != 0) {
        svm_debug_load(hardware);
    }
    fpu_load(hardware->fpu);

    uint64_t start = read_tsc();
    if (hardware->spec_ctrl == current_percpu()->spec_ctrl || !svm_platform.has_spec_ctrl) {
        svm_run(page->state.gpr, hardware->vmcb_address.value, hardware->host_address.value);
    } else {
        run_with_guest_spec_ctrl(vcpu);
    }
    vcpu->statistics->guest_ticks += read_tsc() - start;
    vcpu->statistics->entries++;
    vmcb->clean = CLEAN_ALL;
    vmcb->tlb_control = TLB_CONTROL_NOTHING;

    uint64_t pending = vmcb->exit_event;
    if (event != 0) {
        pending = end_delivery(hardware, event, pending);
    }
    if ((pending & VCPU_EVENT_VALID) != 0) {
        keep_event(vcpu, event, pending);
    }
    return svm_handle_exit(vcpu);
}
