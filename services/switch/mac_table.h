/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which port an Ethernet address is at, per network and VLAN. Entries are in sets of eight, chosen by a hash. A port
 * owns two learned entries of a set at most: one that invents addresses displaces its own, and no other's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MAC_TABLE_SETS     128u
#define MAC_TABLE_WAYS     8u
#define MAC_TABLE_PER_PORT 2u
#define MAC_TABLE_NONE     0xffffu
/* In place of a VLAN: an address that is at that port in all of them. */
#define MAC_TABLE_ANY_VLAN 0xfffu

struct mac_entry {
    uint8_t mac[6];
    uint16_t port; /* MAC_TABLE_NONE: free */
    uint16_t network;
    uint16_t vlan;
    uint32_t seen;   /* second in which a frame came from there */
    uint32_t ageing; /* seconds that it counts from then on; 0: always */
};

struct mac_table {
    struct mac_entry entries[MAC_TABLE_SETS][MAC_TABLE_WAYS];
};

enum mac_learned {
    MAC_LEARNED_KNOWN, /* was there already */
    MAC_LEARNED_NEW,
    MAC_LEARNED_MOVED,   /* from another port */
    MAC_LEARNED_NO_ROOM, /* others own the whole set: frames to it go to all */
};

void mac_table_initialise(struct mac_table *table);
/* Forgets what was learned of a port; what is at it in all VLANs, which was not learned, stays. */
void mac_table_forget(struct mac_table *table, uint32_t port);
/* The port, or MAC_TABLE_NONE. now: seconds, as in all that follow. */
uint32_t mac_table_find(const struct mac_table *table, uint32_t network, uint32_t vlan, const uint8_t mac[6],
                        uint32_t now);
/* Remembers that `mac` is at `port` until `ageing` seconds have gone by without a frame from there (0: for ever), at
 * the cost of an entry that counts no more, or of an older one of this port. */
enum mac_learned mac_table_learn(struct mac_table *table, uint32_t network, uint32_t vlan, const uint8_t mac[6],
                                 uint32_t port, uint32_t now, uint32_t ageing);
/* Entries of a port that count. */
uint32_t mac_table_count(const struct mac_table *table, uint32_t port, uint32_t now);
