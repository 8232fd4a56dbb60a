/* SPDX-License-Identifier: BSD-2-Clause */
/* An expanded system on seL4: what changes, and what is refused. */
#include "sel4_services.h"
#include <string.h>
#include <tool/layout.h>
#include <tool/sel4.h>
#include <tool/target.h>

/* --- What changes --- */

/* How often drivers of PCs have their turn, compared to other services. */
#define DRIVER_TURNS 4u

static bool is_gicv(const struct region *region)
{
    return region->has_physical_address && region->physical_address == PLAN_GICV_ADDRESS;
}

/* A list without the items for which the predicate holds. */
static struct list without(struct system *system, const struct list *list, bool (*drop)(struct system *, const void *))
{
    struct list kept = {0};
    for (size_t i = 0; i < list->count; i++) {
        if (!drop(system, list->items[i])) {
            list_append(&system->arena, &kept, list->items[i]);
        }
    }
    return kept;
}

static bool drop_region(struct system *system, const void *item)
{
    (void)system;
    return is_gicv(item);
}

static bool drop_map(struct system *system, const void *item)
{
    const struct map *map = item;
    const struct region *region = system_find_region(system, map->region_name);
    return region != NULL && is_gicv(region);
}

/* What the Microkit's initialiser can give away as it lies in its own image is in small pages; large pages it fills by
 * inflating, 21 instructions a byte. But it knows its image's pages one by one, of 2^17 capabilities in all. */
#define IMAGES_IN_SMALL_PAGES 0x10000000ull

/* Places that are known, for the board is. *images: bytes of images in small pages so far. */
static void adapt_region(const struct sel4_board *board, struct region *region, uint64_t *images)
{
    if (region->has_physical_address && region->physical_address == PLAN_CONSOLE_ADDRESS) {
        region->physical_address = board->uart;
    } else if (is_gicv(region)) {
        region->physical_address = board->gicv;
    }
    if (region->generated && region->is_guest) {
        if (region->size > IMAGES_IN_SMALL_PAGES - *images) {
            region->page_size = PAGE_SIZE_2M;
            region->size = align_up(region->size, PAGE_SIZE_2M);
        } else {
            *images += region->size;
        }
    }
}

static void adapt_irq(const struct sel4_board *board, const struct pd *pd, struct irq *irq)
{
    if (irq->kind == PLAN_IRQ_CONSOLE) {
        irq->kind = PLAN_IRQ_GIC;
        irq->pin = board->uart_interrupt;
        irq->pin_valid = true;
    } else if (pd->generated && irq->legacy) {
        /* On all PCs but the oddest the ISA interrupts but the timer's are at the pins of their numbers. As a level:
         * the kernel masks an interrupt until it is acknowledged, and IOAPICs forget the edges of that time. */
        irq->legacy = false;
    }
}

static void adapt_pds(struct system *system, const struct list *pds)
{
    const struct sel4_board *board = system->sel4.board;
    LIST_FOR (struct pd, pd, pds) {
        LIST_FOR (struct irq, irq, &pd->irqs) {
            adapt_irq(board, pd, irq);
        }
        if (pd->generated && board->target == &target_x86_64) {
            pd->fpu = true; /* the Microkit's library for x86-64 uses SSE registers */
            if (pd->irqs.count != 0 && pd->ioports.count != 0) {
                /* A UART that nobody looks at for 0.7 ms loses characters: no more time than others have, but oftener.
                 */
                pd->budget /= DRIVER_TURNS;
                pd->period /= DRIVER_TURNS;
            }
        }
        if (pd->vm != NULL) {
            if (board->gicv == 0) {
                pd->vm->maps = without(system, &pd->vm->maps, drop_map);
            }
        }
        adapt_pds(system, &pd->children);
    }
}

void sel4_adapt(struct system *system)
{
    sel4_add_services(system);
    adapt_pds(system, &system->top_pds);
    if (system->sel4.board->gicv == 0) {
        system->regions = without(system, &system->regions, drop_region);
    }
    uint64_t images = 0;
    LIST_FOR (struct region, region, &system->regions) {
        adapt_region(system->sel4.board, region, &images);
    }
}

/* --- What is refused --- */

static void refuse_regions(struct system *system)
{
    LIST_FOR (const struct region, region, &system->regions) {
        if (region_provided_size(region) != 0) {
            report_error(
                &system->diagnostics, region->line,
                "<memory_region name=\"%s\"> source: seL4 fills no such region, only Skyscope's own kernel does; "
                "remove it",
                region->name);
        }
        if (region->is_unsigned) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> is unsigned: on seL4 all of a system is one image, of which "
                         "nothing can be replaced; remove unsigned",
                         region->name);
        }
        if (region->page_size == PAGE_SIZE_1G) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> page_size: the Microkit has pages of 4 KiB and 2 MiB; use one of "
                         "them",
                         region->name);
        }
    }
}

static void refuse_cpu(struct system *system, long line, const char *name, uint32_t cpu)
{
    const struct sel4_request *sel4 = &system->sel4;
    if (sel4->cpus != 0 && cpu >= sel4->cpus) {
        report_error(&system->diagnostics, line,
                     "'%s' would run on CPU %u, and the SDK's kernel (%s, %s) runs on %u; use lower numbers, or an SDK "
                     "with a configuration for more (--config smp-%s)",
                     name, cpu, sel4->board->name, sel4->configuration, sel4->cpus, sel4->configuration);
    }
}

static void refuse_vm(struct system *system, const struct pd *pd)
{
    const struct sel4_board *board = system->sel4.board;
    if (pd->vm->vcpus.count > board->vcpus) {
        report_error(&system->diagnostics, pd->vm->line,
                     "virtual machine '%s' has %zu vCPUs and on seL4, board %s, can have %u: %s; give it fewer",
                     pd->vm->name, pd->vm->vcpus.count, board->name, board->vcpus, board->vcpus_reason);
    }
    for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
        refuse_cpu(system, pd->vm->line, pd->vm->name, pd_thread_cpu(pd, i));
    }
}

/* On x86-64 seL4 leaves CR2 as it is from one guest to the next: a page fault of one would show the address of
 * another's. */
static void refuse_shared_cpu(struct system *system, const struct pd *pd)
{
    if (system->sel4.board->target != &target_x86_64) {
        return;
    }
    LIST_FOR (const struct pd, other, &system->pds) {
        if (other == pd) {
            return;
        }
        if (other->vm != NULL && pd_thread_cpu(other, 0) == pd_thread_cpu(pd, 0)) {
            report_error(
                &system->diagnostics, pd->vm->line,
                "virtual machines '%s' and '%s' are both on CPU %u, where seL4 on x86-64 mixes up the addresses "
                "of their page faults (CR2); give each a CPU of its own, with an SDK that has a configuration "
                "for several (--config smp-%s)",
                other->vm->name, pd->vm->name, pd_thread_cpu(pd, 0), system->sel4.configuration);
            return;
        }
    }
}

void sel4_check(struct system *system)
{
    refuse_regions(system);
    LIST_FOR (const struct pd, pd, &system->pds) {
        if (pd->system_control && !pd->generated) {
            report_error(
                &system->diagnostics, pd->line,
                "<protection_domain name=\"%s\"> system_control: on seL4 no program can power the machine off by "
                "the kernel; remove it",
                pd->name);
        }
        LIST_FOR (const struct irq, irq, &pd->irqs) {
            if (irq->legacy) {
                report_error(&system->diagnostics, irq->line,
                             "<irq legacy=\"true\">: the Microkit knows pins of IOAPICs only; give pin, trigger and "
                             "polarity as the machine's firmware tables say");
            }
        }
        if (pd->vm != NULL) {
            refuse_vm(system, pd);
            refuse_shared_cpu(system, pd);
        } else {
            refuse_cpu(system, pd->line, pd->name, pd->cpu);
        }
    }
    if (system->operator_line != 0) {
        report_error(
            &system->diagnostics, system->operator_line,
            "<operator>: logs are sealed by what Skyscope's own kernel provides, and on seL4 there is nothing to "
            "seal; remove it");
    }
}
