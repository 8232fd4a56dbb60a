/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/device_set.h>

#include <base/memory.h>

#include <vmm/virtio/virtio_mmio.h>
#include <vmm/virtio/virtio_pci.h>
#include <vmm/vm.h>

/* --- For kinds --- */

void *device_allocate(struct vm *vm, uint64_t size)
{
    return workspace_allocate(&vm->devices.workspace, size);
}

int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context)
{
    if (channel >= VM_CHANNELS || vm->devices.listeners[channel].notified != NULL) {
        return -1;
    }
    vm->devices.listeners[channel] = (struct device_listener){.notified = notified, .context = context};
    return 0;
}

/* --- Creation --- */

static const struct device_kind *find_kind(uint32_t kind)
{
    for (const struct device_kind *const *entry = device_kinds; *entry != NULL; entry++) {
        if ((*entry)->kind == kind) {
            return *entry;
        }
    }
    return NULL;
}

static const char *put_on_pci(struct vm *vm, struct device_entry *entry, bool transitional)
{
    entry->pci = device_allocate(vm, sizeof(*entry->pci));
    if (entry->pci == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    const struct virtio_pci_place place = {
        .slot = entry->config->slot,
        .transitional = transitional,
        .removable = entry->config->hotplug != 0,
        .absent = entry->plug == VM_PLUG_UNPLUGGED,
    };
    return virtio_pci_init(entry->pci, entry->device, arch_pci_host(vm), &place);
}

static struct irq_shared_line *shared_line(struct vm *vm, uint32_t number)
{
    struct device_set *set = &vm->devices;
    for (uint32_t i = 0; i < set->line_count; i++) {
        if (set->lines[i].number == number) {
            return &set->lines[i];
        }
    }
    struct irq_shared_line *line = &set->lines[set->line_count++]; /* at most one for each device */
    *line = (struct irq_shared_line){.router = &vm->irq, .number = number};
    return line;
}

static const char *put_on_mmio(struct vm *vm, struct device_entry *entry, bool legacy)
{
    struct virtio_mmio_place place;
    if (!arch_virtio_mmio(entry->config->slot, &place)) {
        return "configuration: no such virtio-mmio transport";
    }
    entry->mmio = device_allocate(vm, sizeof(*entry->mmio));
    if (entry->mmio == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    return virtio_mmio_init(entry->mmio, entry->device, &vm->memory_bus, place.base, shared_line(vm, place.line),
                            legacy);
}

static const char *give_transport(struct vm *vm, struct device_entry *entry)
{
    switch (entry->config->transport) {
    case VM_TRANSPORT_PCI:
        return put_on_pci(vm, entry, false);
    case VM_TRANSPORT_PCI_TRANSITIONAL:
        return put_on_pci(vm, entry, true);
    case VM_TRANSPORT_MMIO:
        return put_on_mmio(vm, entry, false);
    case VM_TRANSPORT_MMIO_LEGACY:
        return put_on_mmio(vm, entry, true);
    default:
        return "configuration: a device on a bus that there is not";
    }
}

static const char *create_device(struct vm *vm, struct device_entry *entry)
{
    const struct vm_device_config *config = entry->config;
    const struct device_kind *kind = find_kind(config->kind);
    if (kind == NULL) {
        return "configuration: a device of unknown kind";
    }
    if (strnlen(config->name, sizeof(config->name)) == sizeof(config->name)) {
        return "configuration: a device's name without end";
    }
    if (config->hotplug != 0) {
        entry->plug = config->plugged != 0 ? VM_PLUG_PLUGGED : VM_PLUG_UNPLUGGED;
    }
    if ((config->hotplug != 0 && config->transport != VM_TRANSPORT_PCI &&
         config->transport != VM_TRANSPORT_PCI_TRANSITIONAL) ||
        (config->hotplug == 0 && config->plugged == 0)) {
        return "configuration: a device that is to come and go where none can";
    }
    const char *problem = kind->create(vm, config, &entry->device);
    return problem != NULL ? problem : give_transport(vm, entry);
}

static const char *check(const struct vm_devices_config *config, uint64_t size)
{
    if (size < sizeof(*config) || (uintptr_t)config % 8 != 0 || config->magic != VM_DEVICES_MAGIC ||
        config->version != VM_DEVICES_VERSION || config->size != sizeof(*config)) {
        return "configuration of devices: not of this version";
    }
    return config->count <= VM_MAX_DEVICES ? NULL : "configuration of devices: too many";
}

const char *device_set_create(struct vm *vm)
{
    struct device_set *set = &vm->devices;
    const struct vm_devices_config *config = (const void *)(uintptr_t)vm->config.devices.address;
    if (config == NULL) {
        return NULL;
    }
    const char *problem = check(config, vm->config.devices.size);
    if (problem != NULL) {
        return problem;
    }
    workspace_init(&set->workspace, config->workspace, config->workspace_size);
    for (uint32_t i = 0; i < config->count; i++) {
        struct device_entry *entry = &set->devices[i];
        entry->config = &config->devices[i];
        problem = create_device(vm, entry);
        if (problem != NULL) {
            vmm_log(vm, "%s: device %u: %s", vm->config.name, i, problem);
            return problem;
        }
        set->count++;
    }
    pci_host_assign(arch_pci_host(vm));
    return device_plug_create(vm);
}

/* --- Life --- */

void device_set_reset(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->devices.count; i++) {
        struct device_entry *entry = &vm->devices.devices[i];
        if (entry->pci != NULL) {
            virtio_pci_reset(entry->pci);
        } else {
            virtio_mmio_reset(entry->mmio);
        }
    }
    device_plug_reset(vm);
}

void device_set_notified(struct vm *vm, uint32_t channel)
{
    if (channel < VM_CHANNELS && vm->devices.listeners[channel].notified != NULL) {
        vm->devices.listeners[channel].notified(vm->devices.listeners[channel].context);
    }
}
