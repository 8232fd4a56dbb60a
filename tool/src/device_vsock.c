/* SPDX-License-Identifier: BSD-2-Clause */
/* <vsock> of a VM: a socket device, and a pair of queues with each of its peers. */
#include "expand.h"
#include <tool/socket.h>
#include <tool/xml_reader.h>

static void parse(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device)
{
    device->details = parse_socket_party(system, node, vm->name, true);
}

static void expand(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config)
{
    const struct socket_party *party = device->details;
    config->socket.cid = party->cid;
    LIST_FOR (struct socket_link, link, &party->links) {
        struct socket_peer_config *peer = &config->socket.peers[config->socket.peer_count];
        struct queue_side side = {
            .pd = expansion->vmm,
            .base = expansion->base + config->socket.peer_count * QUEUE_PAIR_SPAN,
            .channel = expansion_channel(expansion, device),
        };
        socket_link_attach(expansion->system, link, party, &side, peer);
        config->socket.peer_count++;
    }
}

static const char *const attributes[] = {"name", "bus", "cid", NULL};

const struct vm_device_type vsock_device_type = {
    .element = "vsock",
    .kind = VM_DEVICE_SOCKET,
    .workspace = VM_WORKSPACE_SOCKET,
    .attributes = attributes,
    .parse = parse,
    .expand = expand,
};
