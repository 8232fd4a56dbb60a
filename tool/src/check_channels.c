/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels and protected procedure calls. */
#include "check.h"
#include <string.h>

static void check_call(struct system *system, const struct channel_end *end, const struct channel_end *peer)
{
    const struct pd *caller = end->pd, *callee = peer->pd;
    if (callee->priority <= caller->priority) {
        report_error(&system->diagnostics, end->line,
                     "<end pd=\"%s\" pp=\"true\">: '%s' (priority %u) would call '%s' (priority %u); calls go to "
                     "strictly higher priority, raise that of '%s' or lower that of '%s'",
                     caller->name, caller->name, caller->priority, callee->name, callee->priority, callee->name,
                     caller->name);
    }
    /* seL4 sends calls to other CPUs as well. */
    for (uint32_t i = 0; i < pd_thread_count(caller) && system->sel4.board == NULL; i++) {
        if (pd_thread_cpu(caller, i) != pd_thread_cpu(callee, 0)) {
            report_error(&system->diagnostics, end->line,
                         "<end pd=\"%s\" pp=\"true\">: '%s' runs on CPU %u and '%s' on CPU %u; calls stay on one CPU, "
                         "put both on the same or use notifications",
                         caller->name, caller->name, pd_thread_cpu(caller, i), callee->name, pd_thread_cpu(callee, 0));
            break;
        }
    }
    if (callee->vm != NULL) {
        report_error(&system->diagnostics, end->line,
                     "<end pd=\"%s\" pp=\"true\">: '%s' has a virtual machine and cannot be called; use notifications",
                     caller->name, callee->name);
    }
}

static void check_channel(struct system *system, const struct channel *channel)
{
    if (channel->end_count < 2) {
        return;
    }
    const struct channel_end *a = &channel->ends[0], *b = &channel->ends[1];
    if (a->pd != NULL && a->pd == b->pd) {
        report_error(&system->diagnostics, channel->line,
                     "<channel> connects protection domain '%s' to itself; name two protection domains", a->pd->name);
        return;
    }
    if (a->call && b->call) {
        report_error(&system->diagnostics, channel->line,
                     "<channel> has pp=\"true\" at both ends; only the side with lower priority can call, remove the "
                     "other");
    }
    if (a->pd != NULL && b->pd != NULL) {
        for (uint32_t i = 0; i < 2; i++) {
            if (channel->ends[i].call) {
                check_call(system, &channel->ends[i], &channel->ends[1 - i]);
            }
        }
    }
    if (!a->call && !b->call && !a->notify && !b->notify) {
        report_error(&system->diagnostics, channel->line,
                     "<channel> lets neither end notify or call; remove it, or allow notify or pp at one end");
    }
}

/* Depth-first search for a way from a PD back to itself along calls. */
struct cycle_search {
    struct system *system;
    uint8_t state[PLAN_MAX_PDS]; /* 0 not visited, 1 on the path, 2 done */
    const struct pd *path[PLAN_MAX_PDS];
    size_t depth;
};

static void report_cycle(struct cycle_search *search, const struct channel_end *end, const struct pd *start)
{
    struct arena *arena = &search->system->arena;
    const char *names = NULL;
    for (size_t i = 0; i < search->depth; i++) {
        if (names != NULL || search->path[i] == start) {
            names =
                names == NULL ? search->path[i]->name : arena_format(arena, "%s -> %s", names, search->path[i]->name);
        }
    }
    report_error(
        &search->system->diagnostics, end->line,
        "<end pp=\"true\"> closes a circle of calls (%s -> %s), which would wait for itself; remove one of the "
        "calls",
        names == NULL ? "" : names, start->name);
}

static void visit(struct cycle_search *search, const struct pd *pd)
{
    search->state[pd->index] = 1;
    search->path[search->depth++] = pd;
    LIST_FOR (const struct channel, channel, &search->system->channels) {
        for (uint32_t i = 0; channel->end_count == 2 && i < 2; i++) {
            const struct channel_end *end = &channel->ends[i];
            const struct pd *callee = channel->ends[1 - i].pd;
            if (!end->call || end->pd != pd || callee == NULL || callee == pd) {
                continue;
            }
            if (search->state[callee->index] == 1) {
                report_cycle(search, end, callee);
            } else if (search->state[callee->index] == 0) {
                visit(search, callee);
            }
        }
    }
    search->depth--;
    search->state[pd->index] = 2;
}

void check_channels(struct system *system)
{
    LIST_FOR (const struct channel, channel, &system->channels) {
        check_channel(system, channel);
    }
    if (system->pds.count > PLAN_MAX_PDS) {
        return;
    }
    struct cycle_search search = {.system = system};
    LIST_FOR (const struct pd, pd, &system->pds) {
        if (search.state[pd->index] == 0) {
            visit(&search, pd);
        }
    }
}
