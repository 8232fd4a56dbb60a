/* SPDX-License-Identifier: BSD-2-Clause */
/* Which receive queue a frame goes to: that of the pair by which the guest sent last in the same flow, so that one vCPU
 * sees both directions (VirtIO 1.2 §5.1.6.5.5.1). */
#include <vmm/virtio/virtio_net.h>

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define PROTOCOL_TCP   6u
#define PROTOCOL_UDP   17u

static uint32_t read_16(const uint8_t *bytes)
{
    return (uint32_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t read_32(const uint8_t *bytes)
{
    return read_16(bytes) << 16 | read_16(bytes + 2);
}

/* The same number for both directions of a flow. */
static uint32_t hash(const uint8_t *bytes, uint32_t length)
{
    uint32_t value = 0, ports = 0;
    uint32_t ethertype = length >= 14 ? read_16(bytes + 12) : 0;
    uint8_t protocol = 0;
    if (ethertype == ETHERTYPE_IPV4 && length >= 34) {
        value = read_32(bytes + 26) ^ read_32(bytes + 30);
        protocol = bytes[23];
        ports = 14 + (bytes[14] & 0xfu) * 4u;
    } else if (ethertype == ETHERTYPE_IPV6 && length >= 54) {
        for (uint32_t i = 22; i < 54; i += 4) {
            value ^= read_32(bytes + i);
        }
        protocol = bytes[20];
        ports = 54;
    }
    if ((protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && ports + 4 <= length) {
        value ^= read_16(bytes + ports) ^ read_16(bytes + ports + 2);
    }
    value *= 0x9e3779b1u;
    return (value >> 24) % NET_FLOWS;
}

void net_flow_sent(struct virtio_net *net, uint32_t pair, const uint8_t *bytes, uint32_t length)
{
    net->flows[hash(bytes, length)] = (uint8_t)pair;
}

uint32_t net_flow_pair(const struct virtio_net *net, const uint8_t *bytes, uint32_t length)
{
    return net->flows[hash(bytes, length)] % net->pairs;
}
