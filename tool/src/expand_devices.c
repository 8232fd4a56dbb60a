/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of a VM: its configuration block for them, their memory, and what each kind adds by itself. */
#include "expand.h"
#include <string.h>
#include <tool/layout.h>
#include <tool/target.h>

/* In the VMM. */
#define DEVICES_CONFIG_ADDRESS 0x12200000ull
/* 0: the manager, 1: the console. */
#define FIRST_CHANNEL          2u
/* What the tool gives to nothing but seL4's timer driver begins there. */
#define END_CHANNEL            60u

uint32_t expansion_channel(struct device_expansion *expansion, const struct vm_device *device)
{
    if (expansion->next_channel >= END_CHANNEL) {
        report_error(&expansion->system->diagnostics, device->line,
                     "<%s> name \"%s\" of VM '%s': its monitor has no channel left (%u are possible); remove devices",
                     device->type->element, device->name, expansion->vm->name, END_CHANNEL - FIRST_CHANNEL);
        return END_CHANNEL - 1;
    }
    return expansion->next_channel++;
}

const char *device_part_name(const struct device_expansion *expansion, const struct vm_device *device,
                             const char *suffix)
{
    return arena_format(&expansion->system->arena, "%s_%s_%s", expansion->vm->name, device->name, suffix);
}

static uint64_t workspace_size(const struct vm_element *vm)
{
    uint64_t size = 0;
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        size += device->type->workspace + device->queues * device->type->workspace_per_queue + VM_WORKSPACE_TRANSPORT;
    }
    return align_up(size, LAYOUT_PAGE);
}

static void check_hotplug(struct system *system, const struct vm_element *vm)
{
    uint32_t count = 0, most = system->target->hotplug_max;
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        count += device->hotplug;
        if (device->hotplug && count == most + 1) {
            report_error(
                &system->diagnostics, device->line,
                "<%s name=\"%s\" hotplug=\"true\"> in VM '%s' is one too many; at most %u devices of a VM can come "
                "and go on %s",
                device->type->element, device->name, vm->name, most, system->target->name);
        }
    }
}

void expand_vm_devices(struct system *system, struct services *services, const struct vm_element *vm, struct pd *vmm,
                       struct vm_config *config)
{
    if (vm->devices.count == 0) {
        return;
    }
    check_hotplug(system, vm);
    struct arena *arena = &system->arena;
    struct blob *blob =
        add_blob(system, arena_format(arena, "%s_devices.bin", vm->name), sizeof(struct vm_devices_config));
    struct region *region =
        add_region(system, vm->line, arena_format(arena, "%s_devices", vm->name), 0, PAGE_SIZE_4K, blob);
    add_map(system, &vmm->maps, vm->line, region, DEVICES_CONFIG_ADDRESS, READ, NULL);
    config->devices = (struct vm_image){.address = DEVICES_CONFIG_ADDRESS, .size = blob->size};
    uint64_t workspace = workspace_size(vm);
    struct region *memory =
        add_region(system, vm->line, arena_format(arena, "%s_workspace", vm->name), workspace, PAGE_SIZE_4K, NULL);
    add_map(system, &vmm->maps, vm->line, memory, WORKSPACE_ADDRESS, READ_WRITE, NULL);
    struct vm_devices_config *devices = (struct vm_devices_config *)(void *)blob->data;
    *devices = (struct vm_devices_config){
        .magic = VM_DEVICES_MAGIC,
        .version = VM_DEVICES_VERSION,
        .size = sizeof(struct vm_devices_config),
        .workspace = WORKSPACE_ADDRESS,
        .workspace_size = workspace,
    };
    struct device_expansion expansion = {
        .system = system, .services = services, .vm = vm, .vmm = vmm, .next_channel = FIRST_CHANNEL};
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        struct vm_device_config *one = &devices->devices[devices->count];
        *one = (struct vm_device_config){
            .kind = device->type->kind,
            .transport = device->transport,
            .slot = device->slot,
            .queues = device->queues,
            .plugged = device->plugged,
            .hotplug = device->hotplug,
        };
        memcpy(one->name, device->name, strnlen(device->name, sizeof(one->name) - 1));
        expansion.base = DEVICE_ADDRESS + devices->count * DEVICE_SPAN;
        device->type->expand(&expansion, device, one);
        devices->count++;
    }
}
