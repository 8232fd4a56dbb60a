/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that the manager plugs and unplugs. All are made with the VM; one that is not plugged is not on the bus. */
#include <base/memory.h>

#include <vmm/devices/pci.h>
#include <vmm/hv.h>
#include <vmm/virtio/device_set.h>
#include <vmm/vm.h>

_Static_assert(VM_CONTROL_DEVICES >= VM_MAX_DEVICES, "all fit on the manager's page");
_Static_assert(VM_CONTROL_DEVICE_NAME == VM_DEVICE_NAME, "a name is a name");

/* --- To the manager --- */

static void publish(struct vm *vm, const struct device_entry *entry)
{
    if (vm->control != NULL) {
        uint32_t index = (uint32_t)(entry - vm->devices.devices);
        __atomic_store_n(&vm->control->status.devices[index].plug, (uint32_t)entry->plug, __ATOMIC_RELEASE);
    }
}

static void publish_all(struct vm *vm)
{
    const struct device_set *set = &vm->devices;
    for (uint32_t i = 0; i < set->count; i++) {
        struct vm_device_status *status = &vm->control->status.devices[i];
        memcpy(status->name, set->devices[i].config->name, sizeof(status->name));
        status->kind = set->devices[i].config->kind;
        publish(vm, &set->devices[i]);
    }
    __atomic_store_n(&vm->control->status.device_count, set->count, __ATOMIC_RELEASE);
}

static void set_state(struct vm *vm, struct device_entry *entry, enum vm_plug_state state)
{
    struct device_set *set = &vm->devices;
    bool was_there = entry->plug != VM_PLUG_UNPLUGGED, is_there = state != VM_PLUG_UNPLUGGED;
    const struct virtio_device *device = entry->device;
    entry->plug = state;
    publish(vm, entry);
    if (was_there != is_there && device->ops->plugged != NULL) {
        device->ops->plugged(device->context, is_there);
    }
    if (state == VM_PLUG_UNPLUGGED && set->awaited == entry) {
        device_plug_forget_request(vm);
        vm_control_answer(vm, VM_RESULT_DONE);
    }
}

static void patience_ended(void *context, uint64_t now)
{
    (void)now;
    struct vm *vm = context;
    if (vm->devices.awaited != NULL) {
        vm->devices.awaited = NULL;
        vm_control_answer(vm, VM_RESULT_GUEST_KEEPS_IT);
    }
}

/* --- From the guest --- */

static void released(void *context, uint32_t slot)
{
    struct vm *vm = context;
    struct device_set *set = &vm->devices;
    for (uint32_t i = 0; i < set->count; i++) {
        struct device_entry *entry = &set->devices[i];
        if (entry->plug != VM_PLUG_FIXED && entry->config->slot == slot) {
            vmm_log(vm, "%s: the guest has let it go%s", entry->config->name,
                    entry->plug == VM_PLUG_LEAVING ? "" : ", without being asked");
            set_state(vm, entry, VM_PLUG_UNPLUGGED);
        }
    }
}

/* --- The manager's requests --- */

static enum vm_result plug(struct vm *vm, struct device_entry *entry)
{
    struct pci_host *host = arch_pci_host(vm);
    if (entry->plug == VM_PLUG_LEAVING) {
        pci_slot_withdraw(host, entry->config->slot);
    } else if (entry->plug == VM_PLUG_UNPLUGGED) {
        pci_slot_insert(host, entry->config->slot);
    } else {
        return VM_RESULT_WRONG_STATE;
    }
    set_state(vm, entry, VM_PLUG_PLUGGED);
    return VM_RESULT_DONE;
}

static enum vm_result pull(struct vm *vm, struct device_entry *entry)
{
    if (entry->plug == VM_PLUG_UNPLUGGED) {
        return VM_RESULT_WRONG_STATE;
    }
    pci_slot_pull(arch_pci_host(vm), entry->config->slot);
    set_state(vm, entry, VM_PLUG_UNPLUGGED);
    return VM_RESULT_DONE;
}

/* A guest that was asked before is asked again. */
static enum vm_result unplug(struct vm *vm, struct device_entry *entry)
{
    if (entry->plug == VM_PLUG_UNPLUGGED) {
        return VM_RESULT_WRONG_STATE;
    }
    if (vm->state != VM_STATE_RUNNING && vm->state != VM_STATE_PAUSED) {
        return pull(vm, entry);
    }
    set_state(vm, entry, VM_PLUG_LEAVING);
    pci_slot_ask(arch_pci_host(vm), entry->config->slot);
    if (entry->plug == VM_PLUG_UNPLUGGED) {
        return VM_RESULT_DONE; /* it did not use it */
    }
    if (vm->state == VM_STATE_PAUSED) {
        return VM_RESULT_GUEST_KEEPS_IT;
    }
    vm->devices.awaited = entry;
    timer_arm(&vm->vcpus[0].timers, &vm->devices.patience,
              hv_now() + DEVICE_PLUG_PATIENCE_SECONDS * vm->clock.frequency);
    return VM_RESULT_LATER;
}

enum vm_result device_plug_request(struct vm *vm, enum vm_command command, const char *name)
{
    struct device_set *set = &vm->devices;
    struct device_entry *entry = NULL;
    for (uint32_t i = 0; i < set->count; i++) {
        if (strcmp(set->devices[i].config->name, name) == 0) {
            entry = &set->devices[i];
        }
    }
    if (entry == NULL) {
        return VM_RESULT_NO_DEVICE;
    }
    if (entry->plug == VM_PLUG_FIXED) {
        return VM_RESULT_FIXED;
    }
    return command == VM_COMMAND_PLUG   ? plug(vm, entry)
           : command == VM_COMMAND_PULL ? pull(vm, entry)
                                        : unplug(vm, entry);
}

void device_plug_forget_request(struct vm *vm)
{
    if (vm->devices.awaited != NULL) {
        vm->devices.awaited = NULL;
        timer_arm(&vm->vcpus[0].timers, &vm->devices.patience, 0);
    }
}

/* --- Life --- */

const char *device_plug_create(struct vm *vm)
{
    struct pci_host *host = arch_pci_host(vm);
    host->slot_released = released;
    host->slot_context = vm;
    vm->devices.patience = (struct timer){.expired = patience_ended, .device = vm};
    if (timer_add(&vm->vcpus[0].timers, &vm->devices.patience) != 0) {
        return "configuration: too many devices";
    }
    if (vm->control != NULL) {
        publish_all(vm);
    }
    return NULL;
}

void device_plug_reset(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->devices.count; i++) {
        struct device_entry *entry = &vm->devices.devices[i];
        if (entry->plug == VM_PLUG_LEAVING) {
            pci_slot_remove(arch_pci_host(vm), entry->config->slot);
            set_state(vm, entry, VM_PLUG_UNPLUGGED);
        }
    }
}
