/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On seL4 no program has a timer unless it drives one: the timer driver, which those
 * that the tool adds call (docs/sel4.md).
 */
#include "sel4_services.h"
#include "element_builder.h"
#include <tool/sel4.h>
#include <tool/target.h>

/* Above all that call it. */
#define TIMER_PRIORITY 230u
#define TIMER_STACK    0x4000u
#define TIMER_BUDGET   500u /* microseconds, as other services */
#define TIMER_PERIOD   2000u

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

/* Everything that the tool added but the serial driver, which waits for nothing but its device. */
static void add_clients(struct system *system, const struct pd *driver, const struct list *pds, uint32_t *count)
{
    LIST_FOR (const struct pd, pd, pds) {
        if (pd->generated && pd != driver && pd->irqs.count == 0) {
            add_client(system, driver, (*count)++, pd);
        }
        add_clients(system, driver, &pd->children, count);
    }
}

void sel4_add_services(struct system *system)
{
    const struct sel4_board *board = system->sel4.board;
    const struct pd *first = NULL;
    LIST_FOR (const struct pd, pd, &system->top_pds) {
        first = first == NULL && pd->generated ? pd : first;
    }
    if (first == NULL || board->timer_interrupt == 0) {
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
    uint32_t clients = 0;
    add_clients(system, driver, &system->top_pds, &clients);
}
