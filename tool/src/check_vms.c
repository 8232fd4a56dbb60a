/* SPDX-License-Identifier: BSD-2-Clause */
/* <vm> elements: do kernel, initrd and memory go together? */
#include "check.h"
#include <string.h>
#include <tool/target.h>

/* The services' priority; a VMM above it could keep the console from running. */
#define SERVICE_PRIORITY 200u

static void check_flat(struct system *system, const struct vm_element *vm)
{
    uint64_t start = system->target->ram_start, end = start + vm->memory;
    end = end < system->target->ram_low_end ? end : system->target->ram_low_end;
    if (vm->memory != 0 &&
        (vm->load_address < start || vm->load_address >= end || vm->kernel.blob->size > end - vm->load_address)) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' with %zu bytes at load_address %#llx ends outside its memory, "
                     "which starts at %#llx on %s; use another address, leave load_address out, or give more memory",
                     vm->kernel.path, vm->name, vm->kernel.blob->size, (unsigned long long)vm->load_address,
                     (unsigned long long)start, system->target->name);
    }
    if (vm->initrd.line != 0) {
        report_error(&system->diagnostics, vm->initrd.line,
                     "<initrd> of VM '%s' with <boot protocol=\"flat\">, which has none; remove it", vm->name);
    }
}

void check_vms(struct system *system)
{
    LIST_FOR (const struct vm_element, vm, &system->vms) {
        if (vm->kernel.blob != NULL) {
            if (vm->protocol == VM_BOOT_LINUX) {
                system->target->check_linux(system, vm);
            } else {
                check_flat(system, vm);
            }
        }
        if (vm->priority > SERVICE_PRIORITY) {
            report_warning(&system->diagnostics, vm->line,
                           "<vm name=\"%s\"> priority %u is above the manager's (%u): a busy guest on its CPU keeps it "
                           "from running; use less",
                           vm->name, vm->priority, SERVICE_PRIORITY);
        }
        for (uint32_t i = 0; i < vm->vcpu_count; i++) {
            for (uint32_t j = 0; j < i; j++) {
                if (vm->cpus[i] == vm->cpus[j]) {
                    report_warning(&system->diagnostics, vm->line,
                                   "<vm name=\"%s\"> has vCPUs %u and %u on CPU %u: they wait for each other; put each "
                                   "on its own",
                                   vm->name, j, i, vm->cpus[i]);
                }
            }
        }
    }
}
