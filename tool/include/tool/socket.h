/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <vsock>: who talks to whom by sockets. A VM and a protection domain each have at most one; two of them that name each
 * other, or of which one names the other, get a pair of queues of their own.
 */
#pragma once

#include <libxml/tree.h>
#include <skyscope/vm_devices.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/system.h>

struct queue_side;
struct socket_link;

struct socket_peer_name {
    long line;
    const char *name;
};

/* A VM or a protection domain with <vsock>. */
struct socket_party {
    long line;
    const char *owner; /* the VM's or PD's name */
    bool is_vm;
    uint64_t cid;
    bool cid_valid;
    struct list peers; /* struct socket_peer_name, as written */
    struct list links; /* struct socket_link, made by sockets_prepare() */
};

/* Two parties that may talk to each other, and their ends of the queues as far as they are known. */
struct socket_link {
    struct socket_party *parties[2];
    struct queue_side *sides[2]; /* NULL: not yet */
};

/* Attributes and children of a <vsock>; registers the party with the system. */
struct socket_party *parse_socket_party(struct system *system, xmlNodePtr node, const char *owner, bool is_vm);
/* Finds who is meant by the names, and makes the links. Before anything is expanded. */
void sockets_prepare(struct system *system);
/* One end of a link has its place: config is filled in, and completed when the other end has its own. */
void socket_link_attach(struct system *system, struct socket_link *link, const struct socket_party *party,
                        const struct queue_side *side, struct socket_peer_config *config);
/* The protection domains' ends. After the VMs'. */
void sockets_expand_pds(struct system *system);
