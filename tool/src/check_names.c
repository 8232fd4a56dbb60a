/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and numbers that must be unique. */
#include "check.h"
#include <string.h>

static void check_pd_names(struct system *system)
{
    for (size_t i = 0; i < system->pds.count; i++) {
        const struct pd *pd = system->pds.items[i];
        for (size_t j = 0; j < i && pd->name[0] != '\0'; j++) {
            const struct pd *before = system->pds.items[j];
            if (strcmp(pd->name, before->name) != 0) {
                continue;
            }
            const struct pd *own = pd->generated && !before->generated ? before : pd;
            if (pd->generated != before->generated) {
                report_error(&system->diagnostics, own->line,
                             "<protection_domain name=\"%s\"> has the name of one that <vm> adds (line %ld); rename it",
                             own->name, own == pd ? before->line : pd->line);
            } else {
                report_error(&system->diagnostics, pd->line,
                             "<protection_domain name=\"%s\"> again (first at line %ld); give each its own name",
                             pd->name, before->line);
            }
            break;
        }
    }
}

static void check_region_names(struct system *system)
{
    for (size_t i = 0; i < system->regions.count; i++) {
        const struct region *region = system->regions.items[i];
        for (size_t j = 0; j < i && region->name[0] != '\0'; j++) {
            const struct region *before = system->regions.items[j];
            if (strcmp(region->name, before->name) != 0) {
                continue;
            }
            if (region->generated != before->generated) {
                const struct region *own = region->generated ? before : region;
                report_error(&system->diagnostics, own->line,
                             "<memory_region name=\"%s\"> has the name of one that <vm> adds (line %ld); rename it",
                             own->name, own == region ? before->line : region->line);
            } else {
                report_error(&system->diagnostics, region->line,
                             "<memory_region name=\"%s\"> again (first at line %ld); give each its own name",
                             region->name, before->line);
            }
            break;
        }
    }
}

static void check_machine_names(struct system *system)
{
    for (size_t i = 0; i < system->pds.count; i++) {
        const struct pd *pd = system->pds.items[i];
        for (size_t j = 0; j < i && pd->vm != NULL && pd->vm->name[0] != '\0'; j++) {
            const struct pd *before = system->pds.items[j];
            if (before->vm != NULL && strcmp(pd->vm->name, before->vm->name) == 0) {
                report_error(&system->diagnostics, pd->vm->line,
                             "virtual machine '%s' again (first at line %ld); give each its own name", pd->vm->name,
                             before->vm->line);
                break;
            }
        }
    }
}

void check_names(struct system *system)
{
    check_pd_names(system);
    check_region_names(system);
    check_machine_names(system);
}

/* Which element of a PD first took an identifier. */
struct taken {
    long line[PLAN_CHANNEL_IDS];
    const char *what[PLAN_CHANNEL_IDS];
};

static void take(struct system *system, const struct pd *pd, struct taken *taken, long line, const char *what,
                 uint32_t id)
{
    if (id >= PLAN_CHANNEL_IDS) {
        return;
    }
    if (taken->what[id] != NULL) {
        report_error(&system->diagnostics, line,
                     "<%s> id %u of protection domain '%s' is taken by the <%s> of line %ld; use another number from 0 "
                     "to %u",
                     what, id, pd->name, taken->what[id], taken->line[id], PLAN_CHANNEL_IDS - 1);
        return;
    }
    taken->what[id] = what;
    taken->line[id] = line;
}

/* Channels and interrupts of a PD share one set of identifiers: each is a bit of a notification. */
static void check_notification_ids(struct system *system, const struct pd *pd)
{
    struct taken taken = {0};
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        if (irq->id_valid) {
            take(system, pd, &taken, irq->line, "irq", irq->id);
        }
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        for (uint32_t i = 0; i < channel->end_count; i++) {
            if (channel->ends[i].pd == pd && channel->ends[i].id_valid) {
                take(system, pd, &taken, channel->ends[i].line, "end", channel->ends[i].id);
            }
        }
    }
}

static void check_child_ids(struct system *system, const struct pd *pd)
{
    struct taken taken = {0};
    if (pd->vm != NULL) {
        LIST_FOR (const struct vcpu, vcpu, &pd->vm->vcpus) {
            if (vcpu->id_valid) {
                take(system, pd, &taken, vcpu->line, "vcpu", vcpu->id);
            }
        }
    }
    LIST_FOR (const struct pd, child, &pd->children) {
        if (child->child_id_valid) {
            take(system, pd, &taken, child->line, "protection_domain", child->child_id);
        }
    }
}

void check_identifiers(struct system *system)
{
    LIST_FOR (const struct pd, pd, &system->pds) {
        struct taken ports = {0};
        check_notification_ids(system, pd);
        check_child_ids(system, pd);
        LIST_FOR (const struct ioport, port, &pd->ioports) {
            if (port->id_valid) {
                take(system, pd, &ports, port->line, "ioport", port->id);
            }
        }
    }
}
