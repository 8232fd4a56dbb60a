/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On seL4 no program has a timer unless it drives one: the timer driver, which those
 * that the tool adds call (docs/sel4.md).
 */
#include "sel4_services.h"
#include "element_builder.h"
#include <tool/layout.h>
#include <tool/sel4.h>
#include <tool/target.h>

/* Above all that call it. */
#define TIMER_PRIORITY 230u
#define TIMER_STACK    0x4000u
#define TIMER_BUDGET   500u /* microseconds, as other services */
#define TIMER_PERIOD   2000u

/* Address space of what the tool adds, apart from what expand_vm.c puts there. */
#define TSC_ADDRESS  0x14000000ull
#define HPET_ADDRESS 0x14100000ull

/* The interval timer of a PC. */
#define PIT_PORT       0x40u
#define PIT_PORT_COUNT 4u
#define PIT_VECTOR     80u

#define INTERRUPT_CHANNEL 61u /* above those of the clients */
#define CLIENT_CHANNEL    60u /* in each client; the tool gives it to nothing else */

static void add_client(struct system *system, const struct pd *driver, uint32_t id, const struct pd *client)
{
    struct channel *channel = ARENA_NEW(&system->arena, struct channel);
    channel->line = client->line;
    channel->end_count = 2;
    channel->generated = true;
    channel->ends[0] =
        (struct channel_end){.line = client->line, .pd_name = driver->name, .id = id, .id_valid = true, .notify = true};
    channel->ends[1] = (struct channel_end){.line = client->line,
                                            .pd_name = client->name,
                                            .id = CLIENT_CHANNEL,
                                            .id_valid = true,
                                            .notify = true,
                                            .call = true,
                                            .setvar_id = "skyscope_timer_channel"};
    list_append(&system->arena, &system->channels, channel);
}

/* How fast the TSC is, seL4 tells in its boot information only. */
static void tell_frequency(struct system *system, const struct region *region, struct pd *pd)
{
    if (region != NULL) {
        add_map(system, &pd->maps, pd->line, region, TSC_ADDRESS, PLAN_MAP_READ, "skyscope_tsc_information");
    }
}

/* Everything that the tool added but the serial driver, which waits for nothing but its device. */
static void add_clients(struct system *system, const struct pd *driver, const struct region *tsc,
                        const struct list *pds, uint32_t *count)
{
    LIST_FOR (struct pd, pd, pds) {
        if (pd->generated && pd != driver && pd->irqs.count == 0) {
            add_client(system, driver, (*count)++, pd);
            tell_frequency(system, tsc, pd);
        }
        add_clients(system, driver, tsc, &pd->children, count);
    }
}

/* HPET and interval timer of a PC: the driver takes which it finds. */
static void add_pc_timers(struct system *system, struct pd *driver, struct irq *irq)
{
    irq->kind = PLAN_IRQ_IOAPIC;
    irq->vector = PIT_VECTOR;
    irq->vector_valid = true;
    irq->edge = true;
    struct ioport *port = ARENA_NEW(&system->arena, struct ioport);
    *port = (struct ioport){.line = driver->line,
                            .id_valid = true,
                            .base = PIT_PORT,
                            .size = PIT_PORT_COUNT,
                            .range_valid = true,
                            .setvar_id = "timer_ports"};
    list_append(&system->arena, &driver->ioports, port);
    struct region *hpet = add_region(system, driver->line, "hpet", LAYOUT_PAGE, LAYOUT_PAGE, NULL);
    hpet->has_physical_address = true;
    hpet->physical_address = system->sel4.board->hpet;
    struct map *map =
        add_map(system, &driver->maps, driver->line, hpet, HPET_ADDRESS, PLAN_MAP_READ | PLAN_MAP_WRITE, "timer_hpet");
    map->cached = false;
}

void sel4_add_services(struct system *system)
{
    const struct sel4_board *board = system->sel4.board;
    const struct pd *first = NULL;
    LIST_FOR (const struct pd, pd, &system->top_pds) {
        first = first == NULL && pd->generated ? pd : first;
    }
    if (first == NULL) {
        return;
    }
    struct pd *driver =
        add_pd(system, first->line, NULL, "timer_driver", "timer_driver.elf", TIMER_PRIORITY, TIMER_STACK);
    driver->budget = TIMER_BUDGET;
    driver->period = TIMER_PERIOD;
    struct irq *irq = ARENA_NEW(&system->arena, struct irq);
    *irq = (struct irq){.line = driver->line,
                        .id = INTERRUPT_CHANNEL,
                        .id_valid = true,
                        .kind = PLAN_IRQ_GIC,
                        .pin = board->timer_interrupt,
                        .pin_valid = true,
                        .setvar_id = "timer_interrupt"};
    list_append(&system->arena, &driver->irqs, irq);
    const struct region *tsc = NULL;
    if (board->target == &target_x86_64) {
        add_pc_timers(system, driver, irq);
        struct region *region = add_region(system, driver->line, "tsc_information", LAYOUT_PAGE, LAYOUT_PAGE, NULL);
        region->boot_information = "x86_tsc_freq";
        tsc = region;
    }
    tell_frequency(system, tsc, driver);
    uint32_t clients = 0;
    add_clients(system, driver, tsc, &system->top_pds, &clients);
}
