/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/irq.h>

#include <stddef.h>

int irq_add_sink(struct irq_router *router, struct irq_sink sink)
{
    if (router->sink_count >= IRQ_MAX_SINKS) {
        return -1;
    }
    router->sinks[router->sink_count++] = sink;
    return 0;
}

void irq_set_line(struct irq_router *router, uint32_t number, bool level)
{
    for (uint32_t i = 0; i < router->sink_count; i++) {
        router->sinks[i].line(router->sinks[i].controller, number, level);
    }
}

void irq_send_msi(struct irq_router *router, uint32_t device, uint64_t address, uint32_t data)
{
    if (router->msi != NULL) {
        router->msi(router->msi_target, device, address, data);
    }
}

void irq_set_shared_line(struct irq_shared_line *line, bool level)
{
    line->count += level ? 1u : (uint32_t)-1;
    irq_set_line(line->router, line->number, line->count != 0);
}
