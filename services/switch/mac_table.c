/* SPDX-License-Identifier: BSD-2-Clause */
#include "mac_table.h"

#include <base/memory.h>

void mac_table_initialise(struct mac_table *table)
{
    memset(table, 0, sizeof(*table));
    for (uint32_t set = 0; set < MAC_TABLE_SETS; set++) {
        for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
            table->entries[set][way].port = MAC_TABLE_NONE;
        }
    }
}

void mac_table_forget(struct mac_table *table, uint32_t port)
{
    for (uint32_t set = 0; set < MAC_TABLE_SETS; set++) {
        for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
            struct mac_entry *entry = &table->entries[set][way];
            if (entry->port == port && entry->vlan != MAC_TABLE_ANY_VLAN) {
                entry->port = MAC_TABLE_NONE;
            }
        }
    }
}

/* FNV-1a, folded. */
static uint32_t set_of(uint32_t network, uint32_t vlan, const uint8_t mac[6])
{
    uint32_t hash = 2166136261u;
    hash = (hash ^ network) * 16777619u;
    hash = (hash ^ vlan) * 16777619u;
    for (unsigned int i = 0; i < 6; i++) {
        hash = (hash ^ mac[i]) * 16777619u;
    }
    return (hash ^ hash >> 16) % MAC_TABLE_SETS;
}

static bool is_alive(const struct mac_entry *entry, uint32_t now)
{
    return entry->port != MAC_TABLE_NONE && (entry->ageing == 0 || now - entry->seen <= entry->ageing);
}

static bool is_of(const struct mac_entry *entry, uint32_t network, uint32_t vlan, const uint8_t mac[6])
{
    return entry->port != MAC_TABLE_NONE && entry->network == network && entry->vlan == vlan &&
           memcmp(entry->mac, mac, 6) == 0;
}

uint32_t mac_table_find(const struct mac_table *table, uint32_t network, uint32_t vlan, const uint8_t mac[6],
                        uint32_t now)
{
    const struct mac_entry *set = table->entries[set_of(network, vlan, mac)];
    for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
        if (is_of(&set[way], network, vlan, mac)) {
            return is_alive(&set[way], now) ? set[way].port : MAC_TABLE_NONE;
        }
    }
    return MAC_TABLE_NONE;
}

/* The entry of a set that a new address of this port may take, or NULL: a free one, one that is too old, or the oldest
 * of this port if it owns as many as it may or all others are taken. */
static struct mac_entry *choose(struct mac_entry *set, uint32_t port, uint32_t now)
{
    struct mac_entry *unused = NULL, *own = NULL;
    uint32_t owned = 0;
    for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
        if (!is_alive(&set[way], now)) {
            unused = &set[way];
        } else if (set[way].port == port) {
            owned++;
            if (own == NULL || now - set[way].seen > now - own->seen) {
                own = &set[way];
            }
        }
    }
    return owned >= MAC_TABLE_PER_PORT || unused == NULL ? own : unused;
}

enum mac_learned mac_table_learn(struct mac_table *table, uint32_t network, uint32_t vlan, const uint8_t mac[6],
                                 uint32_t port, uint32_t now, uint32_t ageing)
{
    struct mac_entry *set = table->entries[set_of(network, vlan, mac)];
    enum mac_learned result = MAC_LEARNED_NEW;
    for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
        if (is_of(&set[way], network, vlan, mac)) {
            if (set[way].port == port) {
                set[way].seen = now;
                set[way].ageing = ageing;
                return MAC_LEARNED_KNOWN;
            }
            /* Its new place counts against the new port. */
            result = is_alive(&set[way], now) ? MAC_LEARNED_MOVED : MAC_LEARNED_NEW;
            set[way].port = MAC_TABLE_NONE;
        }
    }
    struct mac_entry *entry = choose(set, port, now);
    if (entry == NULL) {
        return MAC_LEARNED_NO_ROOM;
    }
    memcpy(entry->mac, mac, 6);
    entry->port = (uint16_t)port;
    entry->network = (uint16_t)network;
    entry->vlan = (uint16_t)vlan;
    entry->seen = now;
    entry->ageing = ageing;
    return result;
}

uint32_t mac_table_count(const struct mac_table *table, uint32_t port, uint32_t now)
{
    uint32_t count = 0;
    for (uint32_t set = 0; set < MAC_TABLE_SETS; set++) {
        for (uint32_t way = 0; way < MAC_TABLE_WAYS; way++) {
            const struct mac_entry *entry = &table->entries[set][way];
            count += entry->port == port && is_alive(entry, now) ? 1u : 0u;
        }
    }
    return count;
}
