/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <tool/layout.h>
#include <tool/print_system.h>
#include <tool/target.h>

#define BUDGET_DEFAULT_US 1000u

struct printer {
    struct system *system;
    bool found_paths; /* files by where they were found */
    bool microkit;    /* nothing but what the Microkit knows */
};

static void indent(FILE *to, unsigned int depth)
{
    fprintf(to, "%*s", (int)(depth * 4), "");
}

static void text_attribute(FILE *to, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    fprintf(to, " %s=\"", name);
    for (; *value != '\0'; value++) {
        switch (*value) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\n':
        case '\r':
        case '\t':
            fprintf(to, "&#%d;", *value);
            break;
        default:
            fputc(*value, to);
        }
    }
    fputc('"', to);
}

static void number(FILE *to, const char *name, uint64_t value)
{
    fprintf(to, " %s=\"%" PRIu64 "\"", name, value);
}

static void hexadecimal(FILE *to, const char *name, uint64_t value)
{
    fprintf(to, " %s=\"0x%" PRIx64 "\"", name, value);
}

/* A file's name in the description: as it was given, or where it was found. */
static const char *file_name(const struct printer *printer, const char *name, const char *found)
{
    char path[PATH_MAX];
    if (!printer->found_paths || found == NULL || realpath(found, path) == NULL) {
        return name;
    }
    return arena_copy_string(&printer->system->arena, path);
}

static void print_region(const struct printer *printer, const struct region *region, FILE *to)
{
    static const char *const sources[] = {
        [REGION_SOURCE_RAM] = "ram",
        [REGION_SOURCE_DEVICE] = "device",
        [REGION_SOURCE_HARDWARE] = "hardware",
        [REGION_SOURCE_STATISTICS] = "statistics",
        [REGION_SOURCE_KERNEL_LOG] = "kernel_log",
    };
    indent(to, 1);
    fputs("<memory_region", to);
    text_attribute(to, "name", region->name);
    hexadecimal(to, "size", region->size);
    if (region->page_size_given) {
        hexadecimal(to, "page_size", region->page_size);
    }
    if (region_place_is_symbolic(region)) {
        text_attribute(to, "phys_addr", region->physical_address == PLAN_CONSOLE_ADDRESS ? "console" : "gicv");
    } else if (region->has_physical_address) {
        hexadecimal(to, "phys_addr", region->physical_address);
    }
    bool made = region->prefill != NULL && region->prefill->generated;
    text_attribute(
        to, "prefill_path",
        file_name(printer, region->prefill_path, region->prefill == NULL || made ? NULL : region->prefill->path));
    text_attribute(to, "prefill_bootinfo", region->boot_information);
    if (printer->microkit) {
        fputs(" />\n", to);
        return;
    }
    text_attribute(to, "source", sources[region->source]);
    if (region->is_guest) {
        text_attribute(to, "guest", "true");
    }
    if (region->is_unsigned) {
        text_attribute(to, "unsigned", "true");
    }
    fputs(" />\n", to);
}

static void print_maps(const struct list *maps, unsigned int depth, FILE *to)
{
    LIST_FOR (const struct map, map, maps) {
        char permissions[4] = "";
        size_t count = 0;
        permissions[count++] = 'r';
        if ((map->permissions & PLAN_MAP_WRITE) != 0) {
            permissions[count++] = 'w';
        }
        if ((map->permissions & PLAN_MAP_EXECUTE) != 0) {
            permissions[count++] = 'x';
        }
        permissions[count] = '\0';
        indent(to, depth);
        fputs("<map", to);
        text_attribute(to, "mr", map->region_name);
        hexadecimal(to, "vaddr", map->address);
        text_attribute(to, "perms", permissions);
        if (!map->cached) {
            text_attribute(to, "cached", "false");
        }
        text_attribute(to, "setvar_vaddr", map->setvar_vaddr);
        text_attribute(to, "setvar_size", map->setvar_size);
        text_attribute(to, "setvar_prefill_size", map->setvar_prefill_size);
        fputs(" />\n", to);
    }
}

static void print_irq(const struct irq *irq, unsigned int depth, FILE *to)
{
    indent(to, depth);
    fputs("<irq", to);
    number(to, "id", irq->id);
    if (irq->kind == PLAN_IRQ_MSI) {
        char address[16];
        snprintf(address, sizeof(address), "%02x:%02x.%x", irq->pci_address >> 8, irq->pci_address >> 3 & 31,
                 irq->pci_address & 7);
        text_attribute(to, "pcidev", address);
        number(to, "handle", irq->msi_handle);
        if (irq->vector_valid) {
            number(to, "vector", irq->vector);
        }
    } else if (irq->kind == PLAN_IRQ_CONSOLE) {
        text_attribute(to, "irq", "console");
    } else if (irq->kind == PLAN_IRQ_GIC) {
        number(to, "irq", irq->pin);
        if (irq->edge) {
            text_attribute(to, "trigger", "edge");
        }
    } else {
        number(to, "pin", irq->pin);
        number(to, "vector", irq->vector);
        if (irq->ioapic != 0) {
            number(to, "ioapic", irq->ioapic);
        }
        if (irq->edge) {
            text_attribute(to, "trigger", "edge");
        }
        if (irq->active_low) {
            text_attribute(to, "polarity", "low");
        }
        if (irq->legacy) {
            text_attribute(to, "legacy", "true");
        }
    }
    text_attribute(to, "setvar_id", irq->setvar_id);
    fputs(" />\n", to);
}

/* A monitor on seL4/AArch64 is above its vCPUs, which are threads of their own there. */
static uint32_t microkit_priority(const struct printer *printer, const struct pd *pd)
{
    bool above = printer->microkit && pd->vm != NULL && pd->priority == 0;
    return above ? 1 : pd->priority;
}

static void print_machine(const struct printer *printer, const struct pd *pd, unsigned int depth, FILE *to)
{
    const struct virtual_machine *vm = pd->vm;
    indent(to, depth);
    fputs("<virtual_machine", to);
    text_attribute(to, "name", vm->name);
    if (printer->microkit && printer->system->target == &target_aarch64) {
        number(to, "priority", microkit_priority(printer, pd) - 1);
        number(to, "budget", pd->budget);
        number(to, "period", pd->period);
    }
    fputs(">\n", to);
    LIST_FOR (const struct vcpu, vcpu, &vm->vcpus) {
        indent(to, depth + 1);
        fputs("<vcpu", to);
        number(to, "id", vcpu->id);
        if (vcpu->cpu_given) {
            number(to, "cpu", vcpu->cpu);
        }
        text_attribute(to, "setvar_id", vcpu->setvar_id);
        fputs(" />\n", to);
    }
    print_maps(&vm->maps, depth + 1, to);
    indent(to, depth);
    fputs("</virtual_machine>\n", to);
}

static void print_pd_attributes(const struct printer *printer, const struct pd *pd, FILE *to)
{
    text_attribute(to, "name", pd->name);
    if (pd->parent != NULL) {
        number(to, "id", pd->child_id);
        text_attribute(to, "setvar_id", pd->setvar_id);
    }
    number(to, "priority", microkit_priority(printer, pd));
    if (pd->budget != BUDGET_DEFAULT_US || pd->period != pd->budget) {
        number(to, "budget", pd->budget);
        number(to, "period", pd->period);
    }
    if (pd->passive) {
        text_attribute(to, "passive", "true");
    }
    if (pd->stack_size != LAYOUT_STACK_DEFAULT) {
        hexadecimal(to, "stack_size", pd->stack_size);
    }
    if (pd->cpu != 0) {
        number(to, "cpu", pd->cpu);
    }
    if (!pd->fpu) {
        text_attribute(to, "fpu", "false");
    }
    if (pd->system_control && !printer->microkit) {
        text_attribute(to, "system_control", "true");
    }
    if (pd->system_control && printer->system->sel4.firmware_calls) {
        text_attribute(to, "smc", "true");
    }
}

static void print_pd(const struct printer *printer, const struct pd *pd, unsigned int depth, FILE *to)
{
    indent(to, depth);
    fputs("<protection_domain", to);
    print_pd_attributes(printer, pd, to);
    fputs(">\n", to);
    indent(to, depth + 1);
    fputs("<program_image", to);
    text_attribute(to, "path", file_name(printer, pd->image_path, pd->image_file));
    text_attribute(to, "path_for_symbols", file_name(printer, pd->symbols_path, pd->symbols_file));
    fputs(" />\n", to);
    print_maps(&pd->maps, depth + 1, to);
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        print_irq(irq, depth + 1, to);
    }
    LIST_FOR (const struct ioport, port, &pd->ioports) {
        indent(to, depth + 1);
        fputs("<ioport", to);
        number(to, "id", port->id);
        hexadecimal(to, "addr", port->base);
        number(to, "size", port->size);
        text_attribute(to, "setvar_id", port->setvar_id);
        text_attribute(to, "setvar_addr", port->setvar_addr);
        fputs(" />\n", to);
    }
    LIST_FOR (const struct setvar, setvar, &pd->setvars) {
        indent(to, depth + 1);
        fputs("<setvar", to);
        text_attribute(to, "symbol", setvar->symbol);
        text_attribute(to, "region_paddr", setvar->region_name);
        fputs(" />\n", to);
    }
    if (pd->vm != NULL) {
        print_machine(printer, pd, depth + 1, to);
    }
    LIST_FOR (const struct pd, child, &pd->children) {
        print_pd(printer, child, depth + 1, to);
    }
    indent(to, depth);
    fputs("</protection_domain>\n", to);
}

static void print_channel(const struct channel *channel, FILE *to)
{
    indent(to, 1);
    fputs("<channel>\n", to);
    for (uint32_t i = 0; i < channel->end_count; i++) {
        const struct channel_end *end = &channel->ends[i];
        indent(to, 2);
        fputs("<end", to);
        text_attribute(to, "pd", end->pd_name);
        number(to, "id", end->id);
        if (end->call) {
            text_attribute(to, "pp", "true");
        }
        if (!end->notify) {
            text_attribute(to, "notify", "false");
        }
        text_attribute(to, "setvar_id", end->setvar_id);
        fputs(" />\n", to);
    }
    indent(to, 1);
    fputs("</channel>\n", to);
}

void system_print(struct system *system, bool found_paths, FILE *to)
{
    const struct printer printer = {
        .system = system, .found_paths = found_paths, .microkit = system->sel4.board != NULL};
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<system>\n", to);
    LIST_FOR (const struct region, region, &system->regions) {
        print_region(&printer, region, to);
    }
    LIST_FOR (const struct pd, pd, &system->top_pds) {
        print_pd(&printer, pd, 1, to);
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        print_channel(channel, to);
    }
    fputs("</system>\n", to);
}
