/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts and I/O ports: each belongs to one protection domain. */
#include "check.h"
#include <stdlib.h>

static bool same_source(const struct irq *a, const struct irq *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == PLAN_IRQ_CONSOLE) {
        return true;
    }
    if (a->kind == PLAN_IRQ_MSI) {
        return a->pci_address == b->pci_address && a->msi_handle == b->msi_handle;
    }
    return a->pin_valid && b->pin_valid && a->pin == b->pin && a->ioapic == b->ioapic && a->legacy == b->legacy;
}

static const char *describe(struct system *system, const struct irq *irq)
{
    if (irq->kind == PLAN_IRQ_MSI) {
        return arena_format(&system->arena, "MSI %u of PCI device %02x:%02x.%x", irq->msi_handle, irq->pci_address >> 8,
                            irq->pci_address >> 3 & 31, irq->pci_address & 7);
    }
    if (irq->kind == PLAN_IRQ_CONSOLE) {
        return "that of the console";
    }
    if (irq->kind == PLAN_IRQ_GIC) {
        return arena_format(&system->arena, "%u of the GIC", irq->pin);
    }
    if (irq->legacy) {
        return arena_format(&system->arena, "ISA interrupt %u", irq->pin);
    }
    return arena_format(&system->arena, "pin %u of IOAPIC %u", irq->pin, irq->ioapic);
}

static void check_irq_pair(struct system *system, const struct irq *irq, const struct irq *before)
{
    const struct irq *later = irq->line >= before->line ? irq : before, *earlier = later == irq ? before : irq;
    if (same_source(irq, before)) {
        report_error(&system->diagnostics, later->line,
                     "<irq> %s is taken by the <irq> of line %ld; an interrupt goes to one protection domain, remove "
                     "one",
                     describe(system, later), earlier->line);
    }
    if (irq->vector_valid && before->vector_valid && irq->vector == before->vector) {
        report_error(&system->diagnostics, later->line,
                     "<irq> vector %u is taken by the <irq> of line %ld; use another from 0 to 107", later->vector,
                     earlier->line);
    }
}

void check_interrupts(struct system *system)
{
    struct list irqs = {0};
    LIST_FOR (const struct pd, pd, &system->pds) {
        LIST_FOR (struct irq, irq, &pd->irqs) {
            if (irq->legacy && irq->pin_valid && irq->pin == 2) {
                report_error(&system->diagnostics, irq->line,
                             "<irq legacy=\"true\"> pin 2 joins the two interrupt controllers and never fires; use the "
                             "device's own number");
            }
            LIST_FOR (const struct irq, before, &irqs) {
                check_irq_pair(system, irq, before);
            }
            if (irqs.count < PLAN_MAX_IRQS) {
                list_append(&system->arena, &irqs, irq);
            }
        }
    }
}

struct port_range {
    const struct ioport *port;
    const struct pd *pd;
};

static int compare_ports(const void *left, const void *right)
{
    const struct port_range *a = *(struct port_range *const *)left, *b = *(struct port_range *const *)right;
    return a->port->base < b->port->base ? -1 : a->port->base > b->port->base;
}

void check_ioports(struct system *system)
{
    struct list ranges = {0};
    LIST_FOR (const struct pd, pd, &system->pds) {
        LIST_FOR (const struct ioport, port, &pd->ioports) {
            if (port->range_valid) {
                struct port_range *range = ARENA_NEW(&system->arena, struct port_range);
                *range = (struct port_range){port, pd};
                list_append(&system->arena, &ranges, range);
            }
        }
    }
    if (ranges.count < 2) {
        return;
    }
    qsort(ranges.items, ranges.count, sizeof(void *), compare_ports);
    const struct port_range *widest = ranges.items[0];
    for (size_t i = 1; i < ranges.count; i++) {
        const struct port_range *range = ranges.items[i];
        if (range->port->base < widest->port->base + widest->port->size) {
            const struct port_range *later = range->port->line >= widest->port->line ? range : widest;
            const struct port_range *earlier = later == range ? widest : range;
            report_error(&system->diagnostics, later->port->line,
                         "<ioport> %#x to %#x of protection domain '%s' overlaps %#x to %#x of '%s' (line %ld); a port "
                         "belongs to one <ioport>, make one smaller",
                         later->port->base, later->port->base + later->port->size - 1, later->pd->name,
                         earlier->port->base, earlier->port->base + earlier->port->size - 1, earlier->pd->name,
                         earlier->port->line);
        }
        if (range->port->base + range->port->size > widest->port->base + widest->port->size) {
            widest = range;
        }
    }
}
