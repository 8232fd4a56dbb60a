/* SPDX-License-Identifier: BSD-2-Clause */
/* <pmem>: an image in the guest's memory, read-only. */
#include "expand.h"
#include <tool/layout.h>
#include <tool/xml_reader.h>

/* Guest-physical: above all RAM that a VM here has, below what stage 2 of AArch64 translates. */
#define PMEM_BASE 0x4000000000ull
#define PMEM_SPAN DEVICE_SPAN

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    (void)vm;
    struct pmem_device *pmem = ARENA_NEW(&system->arena, struct pmem_device);
    device->details = pmem;
    check_empty(system, node);
    pmem->image.line = device->line;
    pmem->image.path = required_attribute(system, node, "image");
    boolean_attribute(system, node, "unsigned", &pmem->image.is_unsigned);
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    struct system *system = expansion->system;
    struct pmem_device *pmem = device->details;
    read_guest_image(system, expansion->vm, "pmem", &pmem->image);
    if (pmem->image.blob == NULL) {
        return;
    }
    uint64_t size = align_up(pmem->image.blob->size, PAGE_SIZE_2M);
    if (size > PMEM_SPAN) {
        report_error(&system->diagnostics, device->line,
                     "<pmem image=\"%s\"> of VM '%s' has %zu bytes; use at most 1 GiB, or a <disk>", pmem->image.path,
                     expansion->vm->name, pmem->image.blob->size);
        return;
    }
    config->pmem.gpa = PMEM_BASE + device->slot * PMEM_SPAN;
    if (device->transport == VM_TRANSPORT_MMIO || device->transport == VM_TRANSPORT_MMIO_LEGACY) {
        config->pmem.gpa += VM_MAX_DEVICES * 2 * PMEM_SPAN; /* its slots are counted apart */
    }
    config->pmem.size = size;
    const struct region *region = guest_image_region(system, device->line, device_part_name(expansion, device, "image"),
                                                     &pmem->image, PAGE_SIZE_2M);
    config->pmem.address = expansion->base;
    add_map(system, &expansion->vmm->vm->maps, device->line, region, config->pmem.gpa, READ, NULL);
    add_map(system, &expansion->vmm->maps, device->line, region, expansion->base, READ, NULL);
}

static const char *const attributes[] = {"name", "bus", "image", "unsigned", NULL};

const struct vm_device_type pmem_device_type = {
    .element = "pmem",
    .kind = VM_DEVICE_PMEM,
    .workspace = VM_WORKSPACE_PMEM,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
