/* SPDX-License-Identifier: BSD-2-Clause */
/* <vsock cid="N"><peer name="..." /></vsock>, of a <vm> or a <protection_domain>. */
#include <skyscope/socket_queue.h>
#include <string.h>
#include <tool/socket.h>
#include <tool/xml_reader.h>

/* VMADDR_CID_ANY is the last 32-bit number. */
#define CID_MAX 0xfffffffeull

static void parse_peer(struct system *system, xmlNodePtr node, struct socket_party *party)
{
    static const char *const known[] = {"name", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    struct socket_peer_name *peer = ARENA_NEW(&system->arena, struct socket_peer_name);
    peer->line = element_line(node);
    peer->name = name_attribute(system, node, "name");
    if (peer->name[0] != '\0') {
        list_append(&system->arena, &party->peers, peer);
    }
}

struct socket_party *parse_socket_party(struct system *system, xmlNodePtr node, const char *owner, bool is_vm)
{
    static const char *const known[] = {"peer", NULL};
    struct socket_party *party = ARENA_NEW(&system->arena, struct socket_party);
    party->line = element_line(node);
    party->owner = owner;
    party->is_vm = is_vm;
    party->cid_valid = required_number(system, node, "cid", SOCKET_CID_MIN, CID_MAX, &party->cid);
    check_no_text(system, node);
    FOR_EACH_CHILD (child, node) {
        if (element_is(child, "peer")) {
            parse_peer(system, child, party);
        } else {
            report_unknown_element(system, child, known);
        }
    }
    LIST_FOR (const struct socket_party, other, &system->socket_parties) {
        if (other->is_vm == is_vm && owner[0] != '\0' && strcmp(other->owner, owner) == 0) {
            report_error(&system->diagnostics, party->line,
                         "<vsock> again in '%s' (first at line %ld); keep one, with a <peer> for each other side",
                         owner, other->line);
            return party;
        }
    }
    list_append(&system->arena, &system->socket_parties, party);
    return party;
}
