/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_view.h"

#include <base/memory.h>

/* The device's number in the VMM's page; VM_CONTROL_DEVICES: there is none. kind 0: any. */
static uint32_t find_device(const struct virtual_machine *vm, uint32_t kind, const char *name)
{
    const volatile struct vm_control *control = vm->control;
    uint32_t count = control->status.device_count;
    for (uint32_t i = 0; i < count && i < VM_CONTROL_DEVICES; i++) {
        const struct vm_device_status *device = &vm->control->status.devices[i];
        if (strncmp(device->name, name, sizeof(device->name)) == 0 &&
            (kind == 0 || control->status.devices[i].kind == kind)) {
            return i;
        }
    }
    return VM_CONTROL_DEVICES;
}

bool vm_has_device(const struct virtual_machine *vm, uint32_t kind, const char *name)
{
    return find_device(vm, kind, name) < VM_CONTROL_DEVICES;
}

const char *plug_state_text(const struct manager *manager, const char *name, size_t size)
{
    char copy[VM_NAME_LENGTH + VM_CONTROL_DEVICE_NAME];
    strlcpy(copy, "", sizeof(copy));
    for (size_t i = 0; i < size && i < sizeof(copy) - 1; i++) {
        copy[i] = ((const volatile char *)name)[i];
        copy[i + 1] = '\0';
    }
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        const struct virtual_machine *vm = &manager->vms[i];
        size_t length = strlen(vm->config.name);
        if (strncmp(copy, vm->config.name, length) != 0 || copy[length] != '/') {
            continue;
        }
        uint32_t device = find_device(vm, 0, copy + length + 1);
        uint32_t state = device < VM_CONTROL_DEVICES
                             ? __atomic_load_n(&vm->control->status.devices[device].plug, __ATOMIC_ACQUIRE)
                             : VM_PLUG_FIXED;
        return state == VM_PLUG_UNPLUGGED ? " unplugged" : state == VM_PLUG_LEAVING ? " leaving" : "";
    }
    return "";
}
