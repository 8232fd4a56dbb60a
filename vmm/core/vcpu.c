/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry points of the VMM's threads: each takes the lock, lets the handler
 * work, and settles at its end whether and how the vCPU runs on.
 */
#include <vmm/hv.h>
#include <vmm/vm.h>

void vcpu_kick(struct vcpu_context *vcpu)
{
    if (vcpu != vcpu->vm->current) {
        hv_vcpu_kick(vcpu);
    }
}

static void begin(struct vcpu_context *vcpu)
{
    lock_acquire(&vcpu->vm->lock);
    vcpu->vm->current = vcpu;
}

/* A vCPU that does not run the guest any more says so; the last one lets a
 * waiting start happen. */
static void park(struct vcpu_context *vcpu)
{
    vcpu->parked = true;
    vcpu->activity = vcpu->vm->state == VM_STATE_PAUSED ? vcpu->activity : VCPU_PARKED;
    vm_try_start(vcpu->vm);
}

/* Timers of the devices are vCPU 0's: it must hear of a new earliest one. */
static void arm_device_timers(struct vcpu_context *vcpu)
{
    struct vcpu_context *first = &vcpu->vm->vcpus[0];
    if (vcpu != first && first->timers.next != first->armed_deadline) {
        hv_vcpu_kick(first);
    }
}

static void finish(struct vcpu_context *vcpu)
{
    struct vm *vm = vcpu->vm;
    if (__builtin_expect(vm->state == VM_STATE_RUNNING && vm->action == VM_ACTION_NONE, 1)) {
        arch_prepare_entry(vcpu);
    }
    if (__builtin_expect(vm->action != VM_ACTION_NONE, 0)) {
        vm_take_action(vm);
    }
    if (__builtin_expect(vm->state != VM_STATE_RUNNING, 0)) {
        park(vcpu);
        if (vm->state == VM_STATE_RUNNING) { /* restarted */
            arch_prepare_entry(vcpu);
        }
    }
    bool runs = vm->state == VM_STATE_RUNNING;
    vcpu->parked = !runs;
    if (vcpu->activity == VCPU_HALTED && vm->console.unsignalled != 0) {
        vm_console_flush(vm);
    }
    vcpu->armed_deadline = runs ? vcpu->timers.next : 0;
    vcpu->page->control.deadline = vcpu->armed_deadline;
    if (__builtin_expect(vm->vcpu_count > 1, 0)) {
        arm_device_timers(vcpu);
    }
    bool on = runs && vcpu->activity == VCPU_RUNNING;
    if (on != vcpu->on) {
        vcpu->on = on;
        if (on) {
            hv_vcpu_on(vcpu);
        } else {
            hv_vcpu_off(vcpu);
        }
    }
    vm->current = NULL;
    lock_release(&vm->lock);
}

void vmm_handle_exit(struct vcpu_context *vcpu)
{
    begin(vcpu);
    /* While paused, an exit from before is still carried out; after a stop none is. */
    if (__builtin_expect(vcpu->vm->state == VM_STATE_RUNNING || vcpu->vm->state == VM_STATE_PAUSED, 1)) {
        arch_handle_exit(vcpu);
    }
    finish(vcpu);
}

void vmm_handle_event(struct vcpu_context *vcpu)
{
    begin(vcpu);
    if (vcpu->vm->state == VM_STATE_RUNNING) {
        timer_run(&vcpu->timers, hv_now());
    }
    vm_publish(vcpu->vm);
    finish(vcpu);
}

void vmm_handle_notification(struct vm *vm, unsigned int channel)
{
    begin(&vm->vcpus[0]);
    if (vm->control != NULL && channel == vm->config.control_channel) {
        vm_control_request(vm);
    }
    if (vm->console.present && channel == vm->console.channel) {
        vm_console_input(vm);
    }
    device_set_notified(vm, channel);
    vm_publish(vm);
    finish(&vm->vcpus[0]);
}

void vmm_begin(struct vm *vm)
{
    begin(&vm->vcpus[0]);
    if (vm->state == VM_STATE_STOPPED && (vm->config.flags & VM_CONFIG_AUTOSTART) != 0) {
        vm_request_start(vm);
    }
    vm_publish(vm);
    finish(&vm->vcpus[0]);
}
