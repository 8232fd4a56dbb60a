/* SPDX-License-Identifier: BSD-2-Clause */
/* <network>, and the words of networks: addresses, lists of VLANs. */
#include "parse.h"
#include <crypto/hash.h>
#include <ctype.h>
#include <skyscope/switch_config.h>
#include <string.h>
#include <tool/network.h>
#include <tool/number.h>

#define MTU_DEFAULT    1500u
#define AGEING_DEFAULT 300u
#define AGEING_MAX     1000000u
#define LIMIT_DEFAULT  1000u
#define LIMIT_MAX      1000000u

/* --- Words --- */

static bool read_vlan(const char **text, uint32_t *vlan)
{
    *vlan = 0;
    unsigned int digits = 0;
    for (; **text >= '0' && **text <= '9' && digits < 5; ++*text, digits++) {
        *vlan = *vlan * 10 + (uint32_t)(**text - '0');
    }
    return digits > 0 && *vlan >= 1 && *vlan <= SWITCH_VLAN_MAX;
}

bool parse_vlan_list(const char *text, uint8_t vlans[512])
{
    memset(vlans, 0, 512);
    bool all = strcmp(text, "all") == 0;
    uint32_t first = 1, last = SWITCH_VLAN_MAX;
    do {
        if (!all && !read_vlan(&text, &first)) {
            return false;
        }
        if (!all) {
            last = first;
        }
        if (!all && *text == '-') {
            text++;
            if (!read_vlan(&text, &last) || last < first) {
                return false;
            }
        }
        for (uint32_t vlan = first; vlan <= last; vlan++) {
            vlans[vlan / 8] |= (uint8_t)(1u << vlan % 8);
        }
    } while (!all && *text++ == ',');
    return all || text[-1] == '\0';
}

bool parse_mac_address(const char *text, uint8_t mac[6])
{
    for (unsigned int i = 0; i < 6; i++) {
        unsigned int value = 0;
        for (unsigned int digit = 0; digit < 2; digit++, text++) {
            char c = (char)tolower((unsigned char)*text);
            if (!isxdigit((unsigned char)c)) {
                return false;
            }
            value = value * 16 + (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        mac[i] = (uint8_t)value;
        if (*text++ != (i < 5 ? ':' : '\0')) {
            return false;
        }
    }
    return true;
}

void derive_mac_address(const char *system, const char *vm, const char *device, uint8_t mac[6])
{
    struct hash_sha512_state state;
    uint8_t digest[HASH_SHA512_SIZE];
    hash_sha512_start(&state);
    hash_sha512_add(&state, system, strlen(system) + 1);
    hash_sha512_add(&state, vm, strlen(vm) + 1);
    hash_sha512_add(&state, device, strlen(device) + 1);
    hash_sha512_finish(&state, digest);
    memcpy(mac, digest, 6);
    mac[0] = (uint8_t)((mac[0] & 0xfcu) | 0x02u);
}

/* --- <network> --- */

struct network *system_find_network(const struct system *system, const char *name)
{
    LIST_FOR (struct network, network, &system->networks) {
        if (strcmp(network->name, name) == 0) {
            return network;
        }
    }
    return NULL;
}

static uint32_t number(struct system *system, xmlNodePtr node, const char *name, uint32_t least, uint32_t most,
                       uint32_t otherwise)
{
    uint64_t value = otherwise;
    number_attribute(system, node, name, least, most, &value);
    return (uint32_t)value;
}

void parse_network(struct system *system, xmlNodePtr node)
{
    static const char *const known[] = {"name", "mtu", "ageing", "broadcast_limit", "multicast_limit", "offload", NULL};
    struct network *network = ARENA_NEW(&system->arena, struct network);
    network->line = element_line(node);
    network->index = UINT32_MAX;
    check_attributes(system, node, known);
    check_empty(system, node);
    network->name = name_attribute(system, node, "name");
    network->mtu = number(system, node, "mtu", SWITCH_MTU_MIN, SWITCH_MTU_MAX, MTU_DEFAULT);
    network->ageing = number(system, node, "ageing", 0, AGEING_MAX, AGEING_DEFAULT);
    network->broadcast_limit = number(system, node, "broadcast_limit", 0, LIMIT_MAX, LIMIT_DEFAULT);
    network->multicast_limit = number(system, node, "multicast_limit", 0, LIMIT_MAX, LIMIT_DEFAULT);
    network->offload = true;
    boolean_attribute(system, node, "offload", &network->offload);
    const struct network *before = system_find_network(system, network->name);
    if (network->name[0] != '\0' && before != NULL) {
        report_error(&system->diagnostics, network->line,
                     "<network name=\"%s\"> again (first at line %ld); give each network its own name", network->name,
                     before->line);
        return;
    }
    list_append(&system->arena, &system->networks, network);
}
