/* SPDX-License-Identifier: BSD-2-Clause */
/* Protection domains, their virtual machines, and how many of each there are. */
#include "check.h"
#include <tool/elf_image.h>
#include <tool/layout.h>
#include <tool/number.h>
#include <tool/plan_builder.h>

/* Threads but the first have their stacks at this distance, a guard page each included. */
#define THREAD_STACK_MAX (LAYOUT_THREAD_STACK_STRIDE - 2 * LAYOUT_PAGE)

static void check_machine(struct system *system, const struct pd *pd)
{
    const struct virtual_machine *vm = pd->vm;
    if (vm->vcpus.count == 0) {
        report_error(&system->diagnostics, vm->line, "<virtual_machine name=\"%s\"> has no vCPU; add <vcpu id=\"0\" />",
                     vm->name);
    }
    if (vm->vcpus.count > VM_MAX_VCPUS) {
        report_error(&system->diagnostics, vm->line,
                     "<virtual_machine name=\"%s\"> has %zu vCPUs; at most %u are possible", vm->name, vm->vcpus.count,
                     VM_MAX_VCPUS);
    }
    uint32_t number = 0;
    LIST_FOR (const struct vcpu, vcpu, &vm->vcpus) {
        if (vcpu->id_valid && vcpu->id > number) {
            report_error(&system->diagnostics, vcpu->line,
                         "<vcpu> id %u of VM '%s' is out of order; number them 0, 1, 2 and so on, this one %u",
                         vcpu->id, vm->name, number);
        }
        number++;
    }
    if (vm->maps.count == 0) {
        report_warning(&system->diagnostics, vm->line,
                       "<virtual_machine name=\"%s\"> has no memory; add a <map> of the region that is its RAM",
                       vm->name);
    }
    if (pd->passive) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain name=\"%s\"> is passive and has a virtual machine, which needs time of its "
                     "own; remove passive",
                     pd->name);
    }
    LIST_FOR (const struct pd, child, &pd->children) {
        report_error(&system->diagnostics, child->line,
                     "<protection_domain name=\"%s\"> is a child of '%s', which has a virtual machine; a VMM has no "
                     "children, put it elsewhere",
                     child->name, pd->name);
    }
    if (pd_thread_count(pd) > 1 && pd->stack_size > THREAD_STACK_MAX) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain name=\"%s\"> stack_size %#llx is too large for more than one vCPU; use at "
                     "most %#llx",
                     pd->name, (unsigned long long)pd->stack_size, THREAD_STACK_MAX);
    }
}

static bool is_called(const struct system *system, const struct pd *pd)
{
    LIST_FOR (const struct channel, channel, &system->channels) {
        for (uint32_t i = 0; channel->end_count == 2 && i < 2; i++) {
            if (channel->ends[i].pd == pd && channel->ends[1 - i].call) {
                return true;
            }
        }
    }
    return false;
}

void check_protection_domains(struct system *system)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        if (pd->vm != NULL) {
            check_machine(system, pd);
        }
        if (pd->passive && !is_called(system, pd)) {
            report_warning(&system->diagnostics, pd->line,
                           "<protection_domain name=\"%s\"> is passive, but nobody calls it: it never runs after "
                           "init; give it a channel whose other end has pp=\"true\"",
                           pd->name);
        }
        LIST_FOR (const struct setvar, setvar, &pd->setvars) {
            if (setvar->region != NULL &&
                (!setvar->region->has_physical_address || region_place_is_symbolic(setvar->region))) {
                report_error(&system->diagnostics, setvar->line,
                             "<setvar region_paddr=\"%s\">: the region has no phys_addr, and where memory lies is not "
                             "known before boot; give it one",
                             setvar->region_name);
            }
        }
    }
}

/* Reports the first element beyond the limit. */
static void limit(struct system *system, size_t count, size_t maximum, long line, const char *what)
{
    if (count == maximum + 1) {
        report_error(&system->diagnostics, line, "too many %s; at most %zu are possible in a system", what, maximum);
    }
}

void check_limits(struct system *system)
{
    size_t pds = 0, threads = 0, vms = 0, vcpus = 0, irqs = 0, ports = 0, maps = 0, ends = 0, spaces = 0;
    size_t regions = 0;
    LIST_FOR (const struct region, region, &system->regions) {
        limit(system, ++regions, PLAN_MAX_REGIONS, region->line, "memory regions");
    }
    LIST_FOR (const struct pd, pd, &system->pds) {
        limit(system, ++pds, PLAN_MAX_PDS, pd->line, "protection domains");
        limit(system, ++spaces, PLAN_MAX_SPACES, pd->line, "address spaces");
        for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
            limit(system, ++threads, PLAN_MAX_THREADS, pd->line, "threads");
            limit(system, ++regions, PLAN_MAX_REGIONS, pd->line, "memory regions, stacks included");
            limit(system, ++maps, PLAN_MAX_MAPS, pd->line, "maps, stacks included");
        }
        for (uint32_t i = 0; pd->image != NULL && i < pd->image->segment_count; i++) {
            limit(system, ++regions, PLAN_MAX_REGIONS, pd->line, "memory regions, program segments included");
            limit(system, ++maps, PLAN_MAX_MAPS, pd->line, "maps, program segments included");
        }
        LIST_FOR (const struct irq, irq, &pd->irqs) {
            limit(system, ++irqs, PLAN_MAX_IRQS, irq->line, "interrupts");
        }
        LIST_FOR (const struct ioport, port, &pd->ioports) {
            limit(system, ++ports, PLAN_MAX_IOPORTS, port->line, "ioports");
        }
        LIST_FOR (const struct map, map, &pd->maps) {
            limit(system, ++maps, PLAN_MAX_MAPS, map->line, "maps");
        }
        if (pd->vm == NULL) {
            continue;
        }
        limit(system, ++vms, PLAN_MAX_VMS, pd->vm->line, "virtual machines");
        limit(system, ++spaces, PLAN_MAX_SPACES, pd->vm->line, "address spaces");
        LIST_FOR (const struct vcpu, vcpu, &pd->vm->vcpus) {
            limit(system, ++vcpus, PLAN_MAX_VCPUS, vcpu->line, "vCPUs");
        }
        LIST_FOR (const struct map, map, &pd->vm->maps) {
            limit(system, ++maps, PLAN_MAX_MAPS, map->line, "maps");
        }
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        ends += 2;
        limit(system, ends - 1, PLAN_MAX_CHANNEL_ENDS, channel->line, "channel ends");
    }
}

/* What the loader and the firmware keep for themselves. */
#define MACHINE_RESERVE 0x2000000ull

void check_machine_memory(struct system *system, uint64_t machine_memory)
{
    uint64_t total = MACHINE_RESERVE, largest = 0;
    const struct region *big = NULL;
    LIST_FOR (const struct region, region, &system->regions) {
        if (region_kind(system, region) != PLAN_REGION_RAM) {
            continue;
        }
        if (__builtin_add_overflow(total, region->size, &total)) {
            total = UINT64_MAX;
        }
        if (region->size > largest) {
            largest = region->size;
            big = region;
        }
        if (region->has_physical_address && region->physical_address > machine_memory + 0x100000000ull) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> phys_addr %#llx is beyond the memory of the machine; use a lower "
                         "address, or source=\"device\"",
                         region->name, (unsigned long long)region->physical_address);
        }
    }
    LIST_FOR (const struct blob, blob, &system->blobs) {
        total = __builtin_add_overflow(total, blob->size, &total) ? UINT64_MAX : total;
    }
    if (total > machine_memory && big != NULL) {
        report_error(&system->diagnostics, big->line,
                     "the system needs about %llu MiB of memory and the machine has %llu MiB; make memory smaller, "
                     "the largest region is '%s' with %llu MiB",
                     (unsigned long long)(total >> 20), (unsigned long long)(machine_memory >> 20), big->name,
                     (unsigned long long)(largest >> 20));
    }
}

void check_machine_cpus(struct system *system, uint64_t machine_cpus)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
            uint32_t cpu = pd_thread_cpu(pd, i);
            if (cpu >= machine_cpus) {
                report_error(&system->diagnostics, pd->line,
                             "protection domain '%s' runs on CPU %u and the machine has %llu; use 0 to %llu", pd->name,
                             cpu, (unsigned long long)machine_cpus, (unsigned long long)machine_cpus - 1);
            }
        }
    }
}
