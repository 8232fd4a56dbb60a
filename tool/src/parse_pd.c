/* SPDX-License-Identifier: BSD-2-Clause */
/* <protection_domain> and what it contains. */
#include "parse.h"
#include <string.h>
#include <tool/layout.h>
#include <tool/number.h>
#include <tool/socket.h>
#include <tool/target.h>

#define BUDGET_DEFAULT_US 1000u
/* A day: keeps every time computation of the kernel far from overflow. */
#define BUDGET_MAX_US     86400000000ull
#define IRQ_VECTOR_MAX    107u
/* Shared interrupts of a GIC (Arm IHI 0048, IHI 0069). */
#define GIC_FIRST_SPI     32u
#define GIC_LAST_SPI      1019u

static uint32_t parse_permissions(struct system *system, xmlNodePtr node)
{
    const char *text = attribute(system, node, "perms");
    uint32_t permissions = 0;
    if (text == NULL) {
        return PLAN_MAP_READ | PLAN_MAP_WRITE;
    }
    for (const char *c = text; *c != '\0'; c++) {
        uint32_t bit = *c == 'r' ? PLAN_MAP_READ : *c == 'w' ? PLAN_MAP_WRITE : *c == 'x' ? PLAN_MAP_EXECUTE : 0u;
        if (bit == 0 || (permissions & bit) != 0) {
            report_error(&system->diagnostics, element_line(node),
                         "<map> perms=\"%s\" is not understood; use a combination of r, w and x, each once", text);
            return PLAN_MAP_READ;
        }
        permissions |= bit;
    }
    if ((permissions & PLAN_MAP_READ) == 0) {
        report_error(&system->diagnostics, element_line(node),
                     "<map> perms=\"%s\" does not include r; there are no mappings that cannot be read, add r", text);
        permissions |= PLAN_MAP_READ;
    }
    return permissions;
}

void parse_map(struct system *system, xmlNodePtr node, struct list *maps, bool in_pd)
{
    static const char *const pd_known[] = {
        "mr", "vaddr", "perms", "cached", "setvar_vaddr", "setvar_size", "setvar_prefill_size", NULL};
    static const char *const vm_known[] = {"mr", "vaddr", "perms", "cached", NULL};
    check_attributes(system, node, in_pd ? pd_known : vm_known);
    check_empty(system, node);
    struct map *map = ARENA_NEW(&system->arena, struct map);
    map->line = element_line(node);
    map->region_name = required_attribute(system, node, "mr");
    map->address_valid = required_number(system, node, "vaddr", 0, UINT64_MAX, &map->address);
    map->permissions = parse_permissions(system, node);
    map->cached = true;
    boolean_attribute(system, node, "cached", &map->cached);
    if (in_pd) {
        map->setvar_vaddr = attribute(system, node, "setvar_vaddr");
        map->setvar_size = attribute(system, node, "setvar_size");
        map->setvar_prefill_size = attribute(system, node, "setvar_prefill_size");
    }
    list_append(&system->arena, maps, map);
}

static void parse_msi(struct system *system, xmlNodePtr node, struct irq *irq)
{
    static const char *const known[] = {"id", "pcidev", "handle", "vector", "setvar_id", NULL};
    static const char *const aarch64_known[] = {"id", "pcidev", "handle", "setvar_id", NULL};
    check_attributes(system, node, system->target->machine == PLAN_MACHINE_AARCH64 ? aarch64_known : known);
    uint64_t handle = 0;
    irq->kind = PLAN_IRQ_MSI;
    const char *address = required_attribute(system, node, "pcidev");
    if (address != NULL && !parse_pci_address(address, &irq->pci_address)) {
        report_error(&system->diagnostics, irq->line,
                     "<irq> pcidev=\"%s\" is not a PCI address; write BUS:DEVICE.FUNCTION in hexadecimal, such as "
                     "01:1f.2",
                     address);
    }
    if (required_number(system, node, "handle", 0, UINT32_MAX, &handle)) {
        irq->msi_handle = (uint32_t)handle;
    }
}

static void parse_ioapic_irq(struct system *system, xmlNodePtr node, struct irq *irq)
{
    static const char *const known[] = {"id",       "pin",    "vector",    "ioapic", "trigger",
                                        "polarity", "legacy", "setvar_id", NULL};
    check_attributes(system, node, known);
    uint64_t pin = 0, ioapic = 0;
    irq->kind = PLAN_IRQ_IOAPIC;
    boolean_attribute(system, node, "legacy", &irq->legacy);
    irq->pin_valid = required_number(system, node, "pin", 0, irq->legacy ? 15 : 255, &pin);
    number_attribute(system, node, "ioapic", 0, 15, &ioapic);
    irq->pin = (uint32_t)pin;
    irq->ioapic = (uint32_t)ioapic;
    irq->trigger_given = choice_attribute(system, node, "trigger", "level", "edge", &irq->edge);
    irq->polarity_given = choice_attribute(system, node, "polarity", "high", "low", &irq->active_low);
    if (irq->legacy && (irq->trigger_given || irq->polarity_given || ioapic != 0)) {
        report_error(&system->diagnostics, irq->line,
                     "<irq legacy=\"true\"> with trigger, polarity or ioapic; remove those, the firmware's tables say "
                     "where the ISA interrupt is and how it works");
    }
}

/* Microkit's form on Arm: the interrupt's number as the GIC has it. irq="console" is ours. */
static void parse_gic_irq(struct system *system, xmlNodePtr node, struct irq *irq)
{
    static const char *const known[] = {"id", "irq", "trigger", "setvar_id", NULL};
    check_attributes(system, node, known);
    const char *text = required_attribute(system, node, "irq");
    uint64_t number = 0;
    if (text != NULL && strcmp(text, "console") == 0) {
        irq->kind = PLAN_IRQ_CONSOLE;
        if (attribute(system, node, "trigger") != NULL) {
            report_error(&system->diagnostics, irq->line,
                         "<irq irq=\"console\"> with trigger; remove it, the firmware's tables say how it works");
        }
        return;
    }
    irq->kind = PLAN_IRQ_GIC;
    irq->pin_valid = text != NULL && required_number(system, node, "irq", 0, UINT32_MAX, &number);
    irq->trigger_given = choice_attribute(system, node, "trigger", "level", "edge", &irq->edge);
    if (irq->pin_valid && number < GIC_FIRST_SPI) {
        report_error(&system->diagnostics, irq->line,
                     "<irq irq=\"%s\"> is private to a CPU (0 to %u) and the kernel's; use a shared one, %u to %u",
                     text, GIC_FIRST_SPI - 1, GIC_FIRST_SPI, GIC_LAST_SPI);
        irq->pin_valid = false;
    } else if (irq->pin_valid && number > GIC_LAST_SPI) {
        report_error(&system->diagnostics, irq->line, "<irq irq=\"%s\"> is no shared interrupt of a GIC; use %u to %u",
                     text, GIC_FIRST_SPI, GIC_LAST_SPI);
        irq->pin_valid = false;
    }
    irq->pin = (uint32_t)number;
}

static bool has(xmlNodePtr node, const char *name)
{
    return xmlHasProp(node, (const xmlChar *)name) != NULL;
}

/* False if the form of the <irq> is another machine's, which is reported. */
static bool check_irq_form(struct system *system, xmlNodePtr node, const struct irq *irq)
{
    bool aarch64 = system->target->machine == PLAN_MACHINE_AARCH64;
    if (!aarch64 && has(node, "irq")) {
        report_error(&system->diagnostics, irq->line,
                     "<irq irq=\"...\"> is the form for Arm and RISC-V; on x86-64 give pin and vector (IOAPIC) or "
                     "pcidev, handle and vector (MSI)");
        return false;
    }
    if (aarch64 && !has(node, "irq") &&
        (has(node, "pin") || has(node, "ioapic") || (has(node, "vector") && !has(node, "pcidev")))) {
        report_error(&system->diagnostics, irq->line,
                     "<irq> with pin, ioapic or vector is the form for x86-64, which has IOAPICs; on AArch64 give irq, "
                     "the interrupt's number at the GIC, such as irq=\"33\"");
        return false;
    }
    return true;
}

static void parse_irq(struct system *system, xmlNodePtr node, struct pd *pd)
{
    check_empty(system, node);
    struct irq *irq = ARENA_NEW(&system->arena, struct irq);
    uint64_t id = 0, vector = 0;
    bool aarch64 = system->target->machine == PLAN_MACHINE_AARCH64;
    irq->line = element_line(node);
    if (!check_irq_form(system, node, irq)) {
        return;
    }
    if (has(node, "pcidev") || has(node, "handle")) {
        parse_msi(system, node, irq);
    } else if (aarch64) {
        parse_gic_irq(system, node, irq);
    } else {
        parse_ioapic_irq(system, node, irq);
    }
    irq->id_valid = required_number(system, node, "id", 0, PLAN_CHANNEL_IDS - 1, &id);
    irq->id = (uint32_t)id;
    irq->vector_valid = !aarch64 && required_number(system, node, "vector", 0, IRQ_VECTOR_MAX, &vector);
    irq->vector = (uint32_t)vector;
    irq->setvar_id = attribute(system, node, "setvar_id");
    list_append(&system->arena, &pd->irqs, irq);
}

static void parse_ioport(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const known[] = {"id", "addr", "size", "setvar_id", "setvar_addr", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    if (system->target->machine != PLAN_MACHINE_X86_64) {
        report_error(&system->diagnostics, element_line(node),
                     "<ioport> is for x86-64: %s has no I/O ports; map the device's registers with <memory_region "
                     "phys_addr=\"...\"> and <map>",
                     system->target->name);
        return;
    }
    struct ioport *port = ARENA_NEW(&system->arena, struct ioport);
    uint64_t id = 0, base = 0, size = 0;
    port->line = element_line(node);
    port->id_valid = required_number(system, node, "id", 0, PLAN_CHANNEL_IDS - 1, &id);
    bool base_valid = required_number(system, node, "addr", 0, 0xffff, &base);
    bool size_valid = required_number(system, node, "size", 1, 0x10000, &size);
    port->id = (uint32_t)id;
    port->base = (uint32_t)base;
    port->size = (uint32_t)size;
    port->range_valid = base_valid && size_valid;
    if (port->range_valid && base + size > 0x10000) {
        report_error(&system->diagnostics, port->line,
                     "<ioport> addr %#x with size %u ends above port 0xffff; make it smaller", port->base, port->size);
        port->range_valid = false;
    }
    port->setvar_id = attribute(system, node, "setvar_id");
    port->setvar_addr = attribute(system, node, "setvar_addr");
    list_append(&system->arena, &pd->ioports, port);
}

static void parse_setvar(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const known[] = {"symbol", "region_paddr", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    struct setvar *setvar = ARENA_NEW(&system->arena, struct setvar);
    setvar->line = element_line(node);
    setvar->symbol = required_attribute(system, node, "symbol");
    setvar->region_name = required_attribute(system, node, "region_paddr");
    list_append(&system->arena, &pd->setvars, setvar);
}

static void parse_pd_socket(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const known[] = {"cid", NULL};
    check_attributes(system, node, known);
    struct socket_party *party = parse_socket_party(system, node, pd->name, false);
    if (pd->socket == NULL) { /* a second one has been reported */
        pd->socket = party;
    }
}

static void parse_program_image(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const known[] = {"path", "path_for_symbols", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    if (pd->image_line != 0) {
        report_error(&system->diagnostics, element_line(node),
                     "<program_image> again in protection domain '%s' (first at line %ld); keep one", pd->name,
                     pd->image_line);
        return;
    }
    pd->image_line = element_line(node);
    pd->image_path = required_attribute(system, node, "path");
    pd->symbols_path = attribute(system, node, "path_for_symbols");
}

static void parse_vcpu(struct system *system, xmlNodePtr node, struct virtual_machine *vm)
{
    static const char *const known[] = {"id", "cpu", "setvar_id", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    struct vcpu *vcpu = ARENA_NEW(&system->arena, struct vcpu);
    uint64_t id = 0, cpu = 0;
    vcpu->line = element_line(node);
    vcpu->id_valid = required_number(system, node, "id", 0, PLAN_CHANNEL_IDS - 1, &id);
    vcpu->id = (uint32_t)id;
    vcpu->cpu_given = number_attribute(system, node, "cpu", 0, PLAN_MAX_CPUS - 1, &cpu);
    vcpu->cpu = (uint32_t)cpu;
    vcpu->setvar_id = attribute(system, node, "setvar_id");
    list_append(&system->arena, &vm->vcpus, vcpu);
}

static void parse_virtual_machine(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const known[] = {"name", NULL};
    static const char *const children[] = {"vcpu", "map", NULL};
    if (pd->vm != NULL) {
        report_error(&system->diagnostics, element_line(node),
                     "<virtual_machine> again in protection domain '%s' (first at line %ld); give each its own "
                     "protection domain",
                     pd->name, pd->vm->line);
        return;
    }
    check_attributes(system, node, known);
    check_no_text(system, node);
    struct virtual_machine *vm = ARENA_NEW(&system->arena, struct virtual_machine);
    vm->line = element_line(node);
    vm->name = name_attribute(system, node, "name");
    FOR_EACH_CHILD (child, node) {
        if (element_is(child, "vcpu")) {
            parse_vcpu(system, child, vm);
        } else if (element_is(child, "map")) {
            parse_map(system, child, &vm->maps, false);
        } else {
            report_unknown_element(system, child, children);
        }
    }
    pd->vm = vm;
}

void parse_budget(struct system *system, xmlNodePtr node, uint64_t *budget, uint64_t *period)
{
    *budget = BUDGET_DEFAULT_US;
    number_attribute(system, node, "budget", 1, BUDGET_MAX_US, budget);
    *period = *budget;
    number_attribute(system, node, "period", 1, BUDGET_MAX_US, period);
    if (*budget > *period) {
        report_error(&system->diagnostics, element_line(node),
                     "<%s> budget %llu is larger than its period %llu (microseconds); make it equal or smaller",
                     element_name(node), (unsigned long long)*budget, (unsigned long long)*period);
        *period = *budget;
    }
}

static void parse_stack_size(struct system *system, xmlNodePtr node, struct pd *pd)
{
    pd->stack_size = LAYOUT_STACK_DEFAULT;
    uint64_t size;
    if (!size_attribute(system, node, "stack_size", &size)) {
        return;
    }
    if (size < LAYOUT_STACK_MIN || size > LAYOUT_STACK_MAX) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain name=\"%s\"> stack_size %#llx is out of range; use 0x1000 (4 KiB) to "
                     "0x1000000 (16 MiB)",
                     pd->name, (unsigned long long)size);
    } else if (size % LAYOUT_PAGE != 0) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain name=\"%s\"> stack_size %#llx is not a multiple of 4 KiB; use %#llx", pd->name,
                     (unsigned long long)size, (unsigned long long)align_up(size, LAYOUT_PAGE));
    } else {
        pd->stack_size = size;
    }
}

static void parse_pd_attributes(struct system *system, xmlNodePtr node, struct pd *pd)
{
    static const char *const top_known[] = {"name", "priority", "budget", "period", "passive",        "stack_size",
                                            "cpu",  "smc",      "fpu",    "domain", "system_control", NULL};
    static const char *const child_known[] = {"name",           "priority", "budget",    "period", "passive",
                                              "stack_size",     "cpu",      "smc",       "fpu",    "domain",
                                              "system_control", "id",       "setvar_id", NULL};
    uint64_t priority = 0, cpu = 0, id = 0;
    bool smc = false;
    check_attributes(system, node, pd->parent == NULL ? top_known : child_known);
    pd->name = name_attribute(system, node, "name");
    number_attribute(system, node, "priority", 0, PLAN_PRIORITY_MAX, &priority);
    number_attribute(system, node, "cpu", 0, PLAN_MAX_CPUS - 1, &cpu);
    pd->priority = (uint32_t)priority;
    pd->cpu = (uint32_t)cpu;
    pd->fpu = true;
    parse_budget(system, node, &pd->budget, &pd->period);
    parse_stack_size(system, node, pd);
    boolean_attribute(system, node, "passive", &pd->passive);
    boolean_attribute(system, node, "fpu", &pd->fpu);
    boolean_attribute(system, node, "system_control", &pd->system_control);
    boolean_attribute(system, node, "smc", &smc);
    if (smc) {
        report_error(&system->diagnostics, pd->line,
                     system->target->machine == PLAN_MACHINE_AARCH64
                         ? "<protection_domain> smc=\"true\": calls of the secure firmware are the kernel's alone; "
                           "remove the attribute"
                         : "<protection_domain> smc=\"true\" exists on Arm only; remove the attribute");
    }
    if (attribute(system, node, "domain") != NULL) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain> domain: scheduling domains are not supported yet by this version; use "
                     "budget, period and cpu to separate protection domains in time");
    }
    if (pd->parent != NULL) {
        pd->child_id_valid = required_number(system, node, "id", 0, PLAN_CHANNEL_IDS - 1, &id);
        pd->child_id = (uint32_t)id;
        pd->setvar_id = attribute(system, node, "setvar_id");
    }
}

void parse_protection_domain(struct system *system, xmlNodePtr node, struct pd *parent)
{
    static const char *const children[] = {"program_image",   "map",   "irq", "ioport", "setvar", "protection_domain",
                                           "virtual_machine", "vsock", NULL};
    struct pd *pd = ARENA_NEW(&system->arena, struct pd);
    pd->line = element_line(node);
    pd->parent = parent;
    parse_pd_attributes(system, node, pd);
    check_no_text(system, node);
    list_append(&system->arena, parent == NULL ? &system->top_pds : &parent->children, pd);
    FOR_EACH_CHILD (child, node) {
        if (element_is(child, "program_image")) {
            parse_program_image(system, child, pd);
        } else if (element_is(child, "map")) {
            parse_map(system, child, &pd->maps, true);
        } else if (element_is(child, "irq")) {
            parse_irq(system, child, pd);
        } else if (element_is(child, "ioport")) {
            parse_ioport(system, child, pd);
        } else if (element_is(child, "setvar")) {
            parse_setvar(system, child, pd);
        } else if (element_is(child, "protection_domain")) {
            parse_protection_domain(system, child, pd);
        } else if (element_is(child, "virtual_machine")) {
            parse_virtual_machine(system, child, pd);
        } else if (element_is(child, "vsock")) {
            parse_pd_socket(system, child, pd);
        } else if (element_is(child, "cspace")) {
            report_error(&system->diagnostics, element_line(child),
                         "<cspace> is not supported yet by this version: the built-in kernel has no capabilities; "
                         "remove it");
        } else {
            report_unknown_element(system, child, children);
        }
    }
    if (pd->image_line == 0) {
        report_error(&system->diagnostics, pd->line,
                     "<protection_domain name=\"%s\"> has no program; add <program_image path=\"FILE.elf\" />",
                     pd->name);
    }
}
