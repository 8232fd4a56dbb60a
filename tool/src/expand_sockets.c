/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets between VMs and protection domains: who is meant by a name, and the queues between two of them. */
#include "element_builder.h"
#include <skyscope/socket_config.h>
#include <skyscope/socket_queue.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/socket.h>

/* In a protection domain: its configuration, and a span of queues for each peer. */
#define CONFIG_ADDRESS 0x300000000ull
#define QUEUES_ADDRESS 0x310000000ull

/* Channels of a protection domain are its author's: ours are the last ones that are free. */
#define LAST_CHANNEL 61u

/* --- Names --- */

static struct socket_party *find_party(struct system *system, const char *name, bool is_vm)
{
    LIST_FOR (struct socket_party, party, &system->socket_parties) {
        if (party->is_vm == is_vm && strcmp(party->owner, name) == 0) {
            return party;
        }
    }
    return NULL;
}

/* Whom a <peer> means; NULL, and reported: nobody, or nobody in particular. */
static struct socket_party *resolve(struct system *system, const struct socket_party *party,
                                    const struct socket_peer_name *peer)
{
    struct socket_party *vm = find_party(system, peer->name, true);
    struct socket_party *pd = find_party(system, peer->name, false);
    if (vm == NULL && pd == NULL) {
        report_error(&system->diagnostics, peer->line,
                     "<peer name=\"%s\"> of '%s' is no VM or protection domain with <vsock>; give the name of one that "
                     "has it",
                     peer->name, party->owner);
        return NULL;
    }
    if (vm != NULL && pd != NULL) {
        report_error(&system->diagnostics, peer->line,
                     "<peer name=\"%s\"> of '%s' is the name of a VM and of a protection domain; rename one of them",
                     peer->name, party->owner);
        return NULL;
    }
    struct socket_party *found = vm != NULL ? vm : pd;
    if (found == party) {
        report_error(&system->diagnostics, peer->line, "<peer name=\"%s\"> is the one that it belongs to; name another",
                     peer->name);
        return NULL;
    }
    return found;
}

static void link_parties(struct system *system, struct socket_party *a, struct socket_party *b)
{
    LIST_FOR (const struct socket_link, link, &a->links) {
        if (link->parties[0] == b || link->parties[1] == b) {
            return; /* each names the other */
        }
    }
    struct socket_party *full = a->links.count == VM_SOCKET_MAX_PEERS ? a : b;
    if (full->links.count == VM_SOCKET_MAX_PEERS) {
        report_error(&system->diagnostics, full->line,
                     "<vsock> of '%s' has more than %u peers, with '%s' among them; take some away, or split its work",
                     full->owner, VM_SOCKET_MAX_PEERS, full == a ? b->owner : a->owner);
        return;
    }
    struct socket_link *link = ARENA_NEW(&system->arena, struct socket_link);
    link->parties[0] = a;
    link->parties[1] = b;
    list_append(&system->arena, &a->links, link);
    list_append(&system->arena, &b->links, link);
}

static void check_identifier(struct system *system, const struct socket_party *party)
{
    LIST_FOR (const struct socket_party, other, &system->socket_parties) {
        if (other == party) {
            return;
        }
        if (party->cid_valid && other->cid_valid && other->cid == party->cid) {
            report_error(&system->diagnostics, party->line,
                         "<vsock> cid=\"%llu\" of '%s' is that of '%s' (line %ld); give each its own",
                         (unsigned long long)party->cid, party->owner, other->owner, other->line);
            return;
        }
    }
}

void sockets_prepare(struct system *system)
{
    LIST_FOR (struct socket_party, party, &system->socket_parties) {
        check_identifier(system, party);
        LIST_FOR (const struct socket_peer_name, peer, &party->peers) {
            struct socket_party *found = resolve(system, party, peer);
            if (found != NULL) {
                link_parties(system, party, found);
            }
        }
    }
}

/* --- Queues --- */

void socket_link_attach(struct system *system, struct socket_link *link, const struct socket_party *party,
                        const struct queue_side *side, struct socket_peer_config *config)
{
    unsigned int own = link->parties[0] == party ? 0 : 1;
    const struct socket_party *other = link->parties[1 - own];
    config->cid = other->cid;
    link->sides[own] = ARENA_NEW(&system->arena, struct queue_side);
    *link->sides[own] = *side;
    link->sides[own]->config = &config->queue;
    if (link->sides[1 - own] != NULL) {
        /* By identifiers: two names together may be too long for one. */
        const char *name = arena_format(&system->arena, "vsock_%llu_%llu", (unsigned long long)link->parties[0]->cid,
                                        (unsigned long long)link->parties[1]->cid);
        add_queue_pair(system, party->line, name, SOCKET_QUEUE_MINIMUM, link->sides[0], link->sides[1]);
    }
}

static bool channel_is_used(const struct system *system, const struct pd *pd, uint32_t id)
{
    LIST_FOR (const struct irq, irq, &pd->irqs) {
        if (irq->id_valid && irq->id == id) {
            return true;
        }
    }
    LIST_FOR (const struct channel, channel, &system->channels) {
        for (uint32_t i = 0; i < channel->end_count; i++) {
            const struct channel_end *end = &channel->ends[i];
            if (end->id_valid && end->id == id && end->pd_name != NULL && strcmp(end->pd_name, pd->name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void expand_pd(struct system *system, struct pd *pd)
{
    const struct socket_party *party = pd->socket;
    struct arena *arena = &system->arena;
    const char *name = arena_format(arena, "vsock_%llu", (unsigned long long)party->cid);
    struct blob *blob = add_blob(system, arena_format(arena, "%s.bin", name), sizeof(struct socket_config));
    struct region *region = add_region(system, party->line, name, 0, PAGE_SIZE_4K, blob);
    add_map(system, &pd->maps, party->line, region, CONFIG_ADDRESS, PLAN_MAP_READ, "skyscope_socket_config");
    struct socket_config *config = (struct socket_config *)(void *)blob->data;
    *config = (struct socket_config){
        .magic = SOCKET_CONFIG_MAGIC,
        .version = SOCKET_CONFIG_VERSION,
        .size = sizeof(struct socket_config),
        .cid = party->cid,
    };
    uint32_t channel = LAST_CHANNEL;
    LIST_FOR (struct socket_link, link, &party->links) {
        while (channel != 0 && channel_is_used(system, pd, channel)) {
            channel--;
        }
        struct queue_side side = {
            .pd = pd, .base = QUEUES_ADDRESS + config->peer_count * QUEUE_PAIR_SPAN, .channel = channel};
        socket_link_attach(system, link, party, &side, &config->peers[config->peer_count]);
        config->peer_count++;
        channel -= channel != 0;
    }
}

static void expand_pds(struct system *system, const struct list *pds)
{
    LIST_FOR (struct pd, pd, pds) {
        if (pd->socket != NULL) {
            expand_pd(system, pd);
        }
        expand_pds(system, &pd->children);
    }
}

void sockets_expand_pds(struct system *system)
{
    expand_pds(system, &system->top_pds);
}
