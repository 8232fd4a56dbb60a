/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager's commands, by the page that it shares with the VMM. */
#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/virtio/virtio_balloon.h>
#include <vmm/vm.h>

static bool active(const struct vm *vm)
{
    return vm->state == VM_STATE_RUNNING || vm->state == VM_STATE_PAUSED;
}

static void kick_all(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_kick(&vm->vcpus[i]);
    }
}

static enum vm_result start(struct vm *vm)
{
    if (vm->state != VM_STATE_STOPPED && vm->state != VM_STATE_FAILED) {
        return VM_RESULT_WRONG_STATE;
    }
    vm->quick_restarts = 0;
    vm_request_start(vm);
    vm_try_start(vm);
    return vm->state == VM_STATE_FAILED ? VM_RESULT_FAILED : VM_RESULT_DONE;
}

static enum vm_result plug(struct vm *vm, enum vm_command command)
{
    char name[VM_CONTROL_DEVICE_NAME];
    memcpy(name, vm->control->request.device, sizeof(name));
    name[sizeof(name) - 1] = '\0';
    return device_plug_request(vm, command, name);
}

static enum vm_result carry_out(struct vm *vm, uint32_t command)
{
    switch (command) {
    case VM_COMMAND_START:
        return start(vm);
    case VM_COMMAND_STOP:
        if (!active(vm)) {
            return VM_RESULT_WRONG_STATE;
        }
        vm_request_action(vm, VM_ACTION_STOP, "stopped by the manager");
        vm_take_action(vm);
        return VM_RESULT_DONE;
    case VM_COMMAND_RESET:
        if (!active(vm)) {
            return start(vm);
        }
        vm_request_action(vm, VM_ACTION_RESET, "reset by the manager");
        vm_take_action(vm);
        return VM_RESULT_DONE;
    case VM_COMMAND_PAUSE:
        if (vm->state != VM_STATE_RUNNING) {
            return VM_RESULT_WRONG_STATE;
        }
        vm_set_state(vm, VM_STATE_PAUSED);
        kick_all(vm);
        return VM_RESULT_DONE;
    case VM_COMMAND_RESUME:
        if (vm->state != VM_STATE_PAUSED) {
            return VM_RESULT_WRONG_STATE;
        }
        vm_set_state(vm, VM_STATE_RUNNING);
        kick_all(vm);
        return VM_RESULT_DONE;
    case VM_COMMAND_SHUTDOWN:
        if (vm->state != VM_STATE_RUNNING) {
            return VM_RESULT_WRONG_STATE;
        }
        arch_power_button(vm);
        return VM_RESULT_DONE;
    case VM_COMMAND_MEMORY:
        if (vm->balloon == NULL) {
            return VM_RESULT_NO_DEVICE;
        }
        virtio_balloon_request(vm->balloon, __atomic_load_n(&vm->control->request.argument, __ATOMIC_RELAXED));
        return VM_RESULT_LATER;
    case VM_COMMAND_PLUG:
    case VM_COMMAND_UNPLUG:
    case VM_COMMAND_PULL:
        return plug(vm, (enum vm_command)command);
    default:
        return VM_RESULT_UNKNOWN_COMMAND;
    }
}

void vm_control_answer(struct vm *vm, enum vm_result result)
{
    vm->control->status.result = (uint32_t)result;
    __atomic_store_n(&vm->control->status.sequence, vm->control_sequence, __ATOMIC_RELEASE);
    hv_notify(vm->config.control_channel);
}

void vm_control_request(struct vm *vm)
{
    /* Each is read once; the manager may be writing the next one already. */
    uint32_t sequence = __atomic_load_n(&vm->control->request.sequence, __ATOMIC_ACQUIRE);
    uint32_t command = __atomic_load_n(&vm->control->request.command, __ATOMIC_RELAXED);
    if (sequence == vm->control_sequence) {
        return;
    }
    vm->control_sequence = sequence;
    if (vm->balloon != NULL) {
        vm->balloon->answer_owed = false; /* nobody waits for it any more */
    }
    device_plug_forget_request(vm);
    enum vm_result result = carry_out(vm, command);
    if (result != VM_RESULT_LATER) {
        vm_control_answer(vm, result);
    }
}
