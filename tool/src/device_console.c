/* SPDX-License-Identifier: BSD-2-Clause */
/* <console type="virtio">: a console of a VM besides its serial port, with further ports for programs of the guest. */
#include "expand.h"
#include <string.h>
#include <tool/xml_reader.h>

/* Bytes of characters that wait between a port and the multiplexer, each way, and of output that is kept. */
#define PORT_QUEUE   0x4000u
#define PORT_HISTORY 0x4000u

static const struct console_port_element *find_port(const struct list *ports, const char *name)
{
    LIST_FOR (const struct console_port_element, port, ports) {
        if (strcmp(port->name, name) == 0) {
            return port;
        }
    }
    return NULL;
}

/* Among all consoles of the VM: the multiplexer tells them apart by VM and port. */
static const struct console_port_element *find_port_of_vm(const struct vm_element *vm,
                                                          const struct console_device *console, const char *name)
{
    const struct console_port_element *found = find_port(&console->ports, name);
    LIST_FOR (const struct vm_device, device, &vm->devices) {
        if (found == NULL && device->type == &console_device_type) {
            found = find_port(&((const struct console_device *)device->details)->ports, name);
        }
    }
    return found;
}

static void add_port(struct system *system, const struct vm_element *vm, struct console_device *console, long line,
                     const char *name)
{
    if (name[0] == '\0') {
        return; /* reported */
    }
    const struct console_port_element *other = find_port_of_vm(vm, console, name);
    if (other != NULL) {
        report_error(&system->diagnostics, line,
                     "port \"%s\" again in VM '%s' (first at line %ld); give each console and <port> of a VM its own "
                     "name",
                     name, vm->name, other->line);
    }
    size_t together = strlen(vm->name) + 1 + strlen(name);
    if (strlen(name) >= VM_DEVICE_NAME || together >= VM_NAME_LENGTH) {
        report_error(&system->diagnostics, line,
                     "port name \"%s\" in VM '%s' is too long; use at most %u characters, and at most %u together with "
                     "the VM's name",
                     name, vm->name, VM_DEVICE_NAME - 1, VM_NAME_LENGTH - 2);
    }
    struct console_port_element *port = ARENA_NEW(&system->arena, struct console_port_element);
    *port = (struct console_port_element){.line = line, .name = name};
    list_append(&system->arena, &console->ports, port);
}

static void parse_port(struct system *system, xmlNodePtr node, const struct vm_element *vm,
                       struct console_device *console)
{
    static const char *const known[] = {"name", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    if (console->ports.count == VM_CONSOLE_MAX_PORTS) {
        report_error(&system->diagnostics, element_line(node),
                     "<port> is one too many in its <console>; at most %u are possible: add another "
                     "<console type=\"virtio\">",
                     VM_CONSOLE_MAX_PORTS - 1);
        return;
    }
    add_port(system, vm, console, element_line(node), name_attribute(system, node, "name"));
}

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    static const char *const children[] = {"port", NULL};
    struct console_device *console = ARENA_NEW(&system->arena, struct console_device);
    device->details = console;
    check_no_text(system, node);
    add_port(system, vm, console, device->line, device->name);
    FOR_EACH_CHILD (child, node) {
        if (element_is(child, "port")) {
            parse_port(system, child, vm, console);
        } else {
            report_unknown_element(system, child, children);
        }
    }
    device->queues = console->ports.count != 0 ? (uint32_t)console->ports.count : 1;
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    const struct console_device *console = device->details;
    struct arena *arena = &expansion->system->arena;
    uint32_t index = 0;
    LIST_FOR (const struct console_port_element, port, &console->ports) {
        struct console_port_config *one = &config->console.ports[index];
        memcpy(one->name, port->name, strnlen(port->name, sizeof(one->name) - 1));
        const char *part = device_part_name(expansion, device, arena_format(arena, "p%u", index));
        struct console_client *client = ARENA_NEW(arena, struct console_client);
        *client = (struct console_client){
            .line = port->line,
            .name = arena_format(arena, "%s.%s", expansion->vm->name, port->name),
            .queue_name = part,
            .history_name = part,
            .queue_size = PORT_QUEUE,
            .history_size = PORT_HISTORY,
            .side = {.pd = expansion->vmm,
                     .base = expansion->base + index * QUEUE_PAIR_SPAN,
                     .channel = expansion_channel(expansion, device),
                     .config = &one->queue},
        };
        list_append(arena, &expansion->services->console_ports, client);
        index++;
    }
}

static const char *const attributes[] = {"type", "name", "bus", NULL};

const struct vm_device_type console_device_type = {
    .element = "console",
    .kind = VM_DEVICE_CONSOLE,
    .workspace = VM_WORKSPACE_CONSOLE,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
