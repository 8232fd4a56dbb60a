/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of a <vm>: what all elements have in common. */
#include "parse.h"
#include <string.h>
#include <tool/vm_device.h>

/* Of a VM's and a device's name together: those of its regions are made of both and a word. */
#define NAMES_MAX 46u

const struct vm_device_type *const vm_device_types[] = {
    &disk_device_type,    &net_device_type,        &rng_device_type,
    &vsock_device_type,   &filesystem_device_type, &pmem_device_type,
    &balloon_device_type, &console_device_type,    NULL};

static const struct {
    const char *word;
    enum vm_transport transport;
} buses[] = {
    {"virtio-pci", VM_TRANSPORT_PCI},
    {"virtio-pci-transitional", VM_TRANSPORT_PCI_TRANSITIONAL},
    {"virtio-mmio", VM_TRANSPORT_MMIO},
    {"virtio-mmio-legacy", VM_TRANSPORT_MMIO_LEGACY},
};
#define BUS_COUNT (sizeof(buses) / sizeof(buses[0]))

const char *vm_transport_name(enum vm_transport transport)
{
    for (size_t i = 0; i < BUS_COUNT; i++) {
        if (buses[i].transport == transport) {
            return buses[i].word;
        }
    }
    return "?";
}

static bool is_virtio(xmlNodePtr node)
{
    xmlChar *type = xmlGetProp(node, (const xmlChar *)"type");
    bool is = type != NULL && strcmp((const char *)type, "virtio") == 0;
    xmlFree(type);
    return is;
}

const struct vm_device_type *vm_device_type_of(xmlNodePtr node)
{
    for (const struct vm_device_type *const *type = vm_device_types; *type != NULL; type++) {
        if (element_is(node, (*type)->element)) {
            return *type != &console_device_type || is_virtio(node) ? *type : NULL;
        }
    }
    return NULL;
}

static void parse_bus(struct system *system, xmlNodePtr node, struct vm_device *device)
{
    const char *text = attribute(system, node, "bus");
    device->transport = VM_TRANSPORT_PCI;
    for (size_t i = 0; text != NULL && i < BUS_COUNT; i++) {
        if (strcmp(text, buses[i].word) == 0) {
            device->transport = buses[i].transport;
            return;
        }
    }
    if (text != NULL) {
        report_error(&system->diagnostics, device->line,
                     "<%s> bus=\"%s\" is not known; use virtio-pci, virtio-pci-transitional, virtio-mmio or "
                     "virtio-mmio-legacy",
                     device->type->element, text);
    }
}

/* Devices of the VM with the same first letters: "disk" for <disk>. */
static uint32_t count_of_type(const struct vm_element *vm, const struct vm_device_type *type)
{
    uint32_t count = 0;
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        count += device->type == type;
    }
    return count;
}

static void parse_name(struct system *system, xmlNodePtr node, const struct vm_element *vm, struct vm_device *device)
{
    struct diagnostics *diagnostics = &system->diagnostics;
    const char *element = device->type->element;
    device->name = attribute(system, node, "name") != NULL
                       ? name_attribute(system, node, "name")
                       : arena_format(&system->arena, "%s%u", element, count_of_type(vm, device->type));
    if (strlen(device->name) >= VM_DEVICE_NAME || strlen(device->name) + strlen(vm->name) > NAMES_MAX) {
        report_error(diagnostics, device->line,
                     "<%s> name \"%s\" in VM '%s' is too long; use at most %u characters, and at most %u together with "
                     "the VM's name: names of its parts are made from both",
                     element, device->name, vm->name, VM_DEVICE_NAME - 1, NAMES_MAX);
    }
    LIST_FOR (const struct vm_device, other, &vm->devices) {
        if (device->name[0] != '\0' && strcmp(other->name, device->name) == 0) {
            report_error(diagnostics, device->line,
                         "<%s> name \"%s\" again in VM '%s' (first at line %ld); give each device its own name",
                         element, device->name, vm->name, other->line);
        }
    }
}

static void parse_hotplug(struct system *system, xmlNodePtr node, struct vm_device *device)
{
    struct diagnostics *diagnostics = &system->diagnostics;
    const char *element = device->type->element;
    device->plugged = true;
    boolean_attribute(system, node, "hotplug", &device->hotplug);
    boolean_attribute(system, node, "plugged", &device->plugged);
    if (device->hotplug && (device->transport == VM_TRANSPORT_MMIO || device->transport == VM_TRANSPORT_MMIO_LEGACY)) {
        report_error(diagnostics, device->line,
                     "<%s name=\"%s\" bus=\"%s\" hotplug=\"true\">: what is on virtio-mmio cannot come and go; use "
                     "bus=\"virtio-pci\" or remove hotplug",
                     element, device->name, vm_transport_name(device->transport));
        device->hotplug = false;
    } else if (!device->hotplug && !device->plugged) {
        report_error(diagnostics, device->line,
                     "<%s name=\"%s\" plugged=\"false\"> is a device that nobody could ever plug; add "
                     "hotplug=\"true\", or remove it",
                     element, device->name);
        device->plugged = true;
    }
}

/* Place on its bus: in the order of the system file. PCI's device 0 is the host bridge. */
static uint32_t next_slot(const struct vm_element *vm, enum vm_transport transport)
{
    bool mmio = transport == VM_TRANSPORT_MMIO || transport == VM_TRANSPORT_MMIO_LEGACY;
    uint32_t count = 0;
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        bool other = device->transport == VM_TRANSPORT_MMIO || device->transport == VM_TRANSPORT_MMIO_LEGACY;
        count += mmio == other;
    }
    return mmio ? count : count + 1;
}

void parse_vm_device(struct system *system, xmlNodePtr node, struct vm_element *vm, const struct vm_device_type *type)
{
    struct vm_device *device = ARENA_NEW(&system->arena, struct vm_device);
    device->line = element_line(node);
    device->type = type;
    device->queues = 1;
    if (vm->devices.count == VM_MAX_DEVICES) {
        report_error(&system->diagnostics, device->line,
                     "<%s> is one device too many in VM '%s'; at most %u are possible", type->element, vm->name,
                     VM_MAX_DEVICES);
        return;
    }
    check_attributes(system, node, type->attributes);
    parse_name(system, node, vm, device);
    parse_bus(system, node, device);
    parse_hotplug(system, node, device);
    device->slot = next_slot(vm, device->transport);
    type->parse(system, node, vm, device);
    list_append(&system->arena, &vm->devices, device);
}
