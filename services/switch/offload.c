/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload.h"

#include <base/memory.h>

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define PROTOCOL_TCP   6u
#define PROTOCOL_UDP   17u

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER  20u
#define UDP_HEADER  8u
#define TCP_FIN     0x01u
#define TCP_PSH     0x08u
#define TCP_CWR     0x80u

static uint16_t read_16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write_16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static uint32_t read_32(const uint8_t *bytes)
{
    return (uint32_t)read_16(bytes) << 16 | read_16(bytes + 2);
}

static void write_32(uint8_t *bytes, uint32_t value)
{
    write_16(bytes, value >> 16);
    write_16(bytes + 2, value);
}

/* --- Checks --- */

bool offload_check(struct net_offload *offload, uint32_t length, uint32_t ethernet)
{
    offload->reserved = 0;
    /* That a checksum is right is for the receiver to find out. */
    offload->flags &= NET_OFFLOAD_NEEDS_CHECKSUM;
    if (offload->flags == 0) {
        *offload = (struct net_offload){.segmentation = offload->segmentation};
        return offload->segmentation == NET_SEGMENT_NONE;
    }
    if (offload->checksum_start < ethernet || offload->checksum_start > UINT16_MAX - 8u ||
        (uint32_t)offload->checksum_start + offload->checksum_offset + 2 > length) {
        return false;
    }
    if (offload->header_length > length || offload->header_length > SEGMENT_HEADER_MAX) {
        offload->header_length = 0; /* a hint */
    }
    switch (offload->segmentation) {
    case NET_SEGMENT_NONE:
        offload->segment_size = 0;
        offload->header_length = 0;
        return true;
    case NET_SEGMENT_TCP4:
    case NET_SEGMENT_TCP4 | NET_SEGMENT_ECN:
    case NET_SEGMENT_TCP6:
    case NET_SEGMENT_TCP6 | NET_SEGMENT_ECN:
        return offload->segment_size != 0 && offload->checksum_offset == 16;
    case NET_SEGMENT_UDP:
        return offload->segment_size != 0 && offload->checksum_offset == 6;
    default:
        return false;
    }
}

uint32_t offload_needs(const struct net_offload *offload, uint16_t ethertype)
{
    uint32_t needs = (offload->flags & NET_OFFLOAD_NEEDS_CHECKSUM) != 0 ? (uint32_t)NET_ACCEPT_CHECKSUM : 0u;
    switch (offload->segmentation & (uint8_t)~NET_SEGMENT_ECN) {
    case NET_SEGMENT_TCP4:
        needs |= NET_ACCEPT_TSO4;
        break;
    case NET_SEGMENT_TCP6:
        needs |= NET_ACCEPT_TSO6;
        break;
    case NET_SEGMENT_UDP:
        needs |= ethertype == ETHERTYPE_IPV4 ? NET_ACCEPT_USO4 : NET_ACCEPT_USO6;
        break;
    default:
        break;
    }
    return needs | ((offload->segmentation & NET_SEGMENT_ECN) != 0 ? (uint32_t)NET_ACCEPT_ECN : 0u);
}

/* --- Checksums: RFC 1071 --- */

/* Adds 16-bit words in the machine's order, which a ones' complement sum does not mind; an odd byte as if a 0 came
 * behind it. */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *bytes, uint32_t length)
{
    while (length >= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        sum += word;
        bytes += 4;
        length -= 4;
    }
    uint8_t rest[4] = {0};
    for (uint32_t i = 0; i < length; i++) {
        rest[i] = bytes[i];
    }
    uint32_t word;
    memcpy(&word, rest, 4);
    return sum + word;
}

/* The sum's complement, as the bytes that go into the field. */
static void store_checksum(uint8_t field[2], uint64_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffffu) + (sum >> 16);
    }
    uint16_t value = (uint16_t)~sum;
    memcpy(field, &value, 2);
}

/* In UDP 0 says that there is none; in TCP both say the same. */
static void store_transport_checksum(uint8_t field[2], uint64_t sum)
{
    store_checksum(field, sum);
    if (field[0] == 0 && field[1] == 0) {
        field[0] = field[1] = 0xff;
    }
}

void offload_checksum(uint8_t *frame, uint32_t length, const struct net_offload *offload)
{
    uint32_t start = offload->checksum_start;
    store_transport_checksum(frame + start + offload->checksum_offset, sum_bytes(0, frame + start, length - start));
}

/* --- Segmentation --- */

/* Where the transport's header begins is said by the sender; it has to fit the network's header. */
static bool check_network(struct segmenter *s, uint16_t ethertype)
{
    const uint8_t *ip = s->frame + s->network;
    uint8_t protocol = s->tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
    if (ethertype == ETHERTYPE_IPV4) {
        uint32_t header = s->length >= s->network + IPV4_HEADER ? (ip[0] & 0xfu) * 4u : 0;
        return header >= IPV4_HEADER && ip[0] >> 4 == 4 && s->transport == s->network + header && ip[9] == protocol &&
               (read_16(ip + 6) & 0x3fffu) == 0; /* no fragment */
    }
    s->ipv6 = true;
    /* Between the headers there may be extensions, which go into every segment. */
    return ethertype == ETHERTYPE_IPV6 && s->transport >= s->network + IPV6_HEADER && ip[0] >> 4 == 6 &&
           (s->transport > s->network + IPV6_HEADER || ip[6] == protocol);
}

bool segmenter_start(struct segmenter *s, const uint8_t *frame, uint32_t length, const struct net_offload *offload,
                     uint32_t ethernet, uint16_t ethertype)
{
    uint8_t kind = offload->segmentation & (uint8_t)~NET_SEGMENT_ECN;
    *s = (struct segmenter){
        .frame = frame,
        .length = length,
        .network = ethernet,
        .transport = offload->checksum_start,
        .tcp = kind != NET_SEGMENT_UDP,
        .segment_size = offload->segment_size,
    };
    uint32_t least = s->tcp ? TCP_HEADER : UDP_HEADER;
    if (s->segment_size == 0 || s->transport < ethernet || s->transport + least > length ||
        !check_network(s, ethertype) || (kind == NET_SEGMENT_TCP4 && s->ipv6) ||
        (kind == NET_SEGMENT_TCP6 && !s->ipv6)) {
        return false;
    }
    uint32_t header = s->tcp ? (frame[s->transport + 12] >> 4) * 4u : UDP_HEADER;
    s->payload = s->transport + header;
    s->position = s->payload;
    return header >= least && s->payload < length && s->payload <= SEGMENT_HEADER_MAX &&
           (length - s->payload - 1) / s->segment_size < SEGMENT_COUNT_MAX;
}

static void write_network_header(const struct segmenter *s, uint8_t *ip, uint32_t packet_length)
{
    if (s->ipv6) {
        write_16(ip + 4, packet_length - IPV6_HEADER);
        return;
    }
    write_16(ip + 2, packet_length);
    write_16(ip + 4, read_16(ip + 4) + s->count);
    write_16(ip + 10, 0);
    store_checksum(ip + 10, sum_bytes(0, ip, s->transport - s->network));
}

static void write_transport_header(const struct segmenter *s, uint8_t *transport, uint32_t size, bool last)
{
    if (!s->tcp) {
        write_16(transport + 4, UDP_HEADER + size);
        return;
    }
    write_32(transport + 4, read_32(transport + 4) + (s->position - s->payload));
    if (s->count > 0) {
        transport[13] &= (uint8_t)~TCP_CWR;
    }
    if (!last) {
        transport[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
}

/* Over the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1), the header and the data, which begin at an even distance. */
static void write_transport_checksum(const struct segmenter *s, uint8_t *header, const uint8_t *data, uint32_t size)
{
    uint8_t *transport = header + s->transport;
    uint32_t length = s->payload - s->transport;
    uint8_t pseudo[8] = {0};
    write_32(pseudo, length + size);
    pseudo[7] = s->tcp ? PROTOCOL_TCP : PROTOCOL_UDP;
    uint8_t *field = transport + (s->tcp ? 16 : 6);
    write_16(field, 0);
    uint64_t sum = sum_bytes(0, pseudo, sizeof(pseudo));
    sum = sum_bytes(sum, header + s->network + (s->ipv6 ? 8 : 12), s->ipv6 ? 32 : 8);
    sum = sum_bytes(sum, transport, length);
    store_transport_checksum(field, sum_bytes(sum, data, size));
}

bool segmenter_next(struct segmenter *s, uint8_t header[SEGMENT_HEADER_MAX], uint32_t *header_length,
                    const uint8_t **data, uint32_t *size)
{
    if (s->position >= s->length) {
        return false;
    }
    uint32_t left = s->length - s->position;
    *size = left < s->segment_size ? left : s->segment_size;
    *data = s->frame + s->position;
    *header_length = s->payload;
    memcpy(header, s->frame, s->payload);
    write_network_header(s, header + s->network, s->payload - s->network + *size);
    write_transport_header(s, header + s->transport, *size, *size == left);
    write_transport_checksum(s, header, *data, *size);
    s->position += *size;
    s->count++;
    return true;
}
