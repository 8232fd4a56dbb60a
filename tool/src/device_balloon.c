/* SPDX-License-Identifier: BSD-2-Clause */
/* <balloon>: memory that a guest can be asked to give up. */
#include "expand.h"
#include <tool/xml_reader.h>

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    check_empty(system, node);
    LIST_FOR (const struct vm_device, other, &vm->devices) {
        if (other->type == device->type) {
            report_error(&system->diagnostics, device->line,
                         "<balloon> again in VM '%s' (first at line %ld); keep one: it has all of the memory", vm->name,
                         other->line);
        }
    }
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    (void)expansion;
    (void)device;
    (void)config; /* there is nothing to be said of it */
}

static const char *const attributes[] = {"name", "bus", NULL};

const struct vm_device_type balloon_device_type = {
    .element = "balloon",
    .kind = VM_DEVICE_BALLOON,
    .workspace = VM_WORKSPACE_BALLOON,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
