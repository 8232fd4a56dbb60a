/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames to the guest: VirtIO 1.2 §5.1.6.3, §5.1.6.4. */
#include <vmm/virtio/virtio_net.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

/* Frames handed over before the guest has its turn again. */
#define ROUND_FRAMES 256u
/* Buffers go back to the switch at least so often. */
#define GIVE_BACK    32u

#define NEEDS_CHECKSUM 1u
#define ECN            0x80u

/* --- The guest's buffers --- */

static struct virtqueue *queue_of(struct virtio_net *net, uint32_t pair)
{
    return &net->device.queues[2 * pair];
}

/* Takes one more buffer of the guest. False: it has none, or there is no room to keep it. */
static bool keep_one(struct virtio_net *net, uint32_t pair)
{
    struct net_receive_queue *receive = &net->receive[pair];
    if (receive->kept_count == NET_KEPT_CHAINS || receive->segment_count + NET_QUEUE_ENTRIES > NET_KEPT_SEGMENTS) {
        return false;
    }
    struct virtqueue_chain chain = {.segments = receive->segments + receive->segment_count,
                                    .capacity = NET_QUEUE_ENTRIES};
    if (virtqueue_pop(queue_of(net, pair), &chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    receive->kept[receive->kept_count++] = (struct net_kept){
        .first_segment = receive->segment_count + chain.readable_count,
        .segment_count = chain.writable_count,
        .length = chain.writable_length,
        .id = chain.id,
        .slots = chain.slots,
    };
    receive->segment_count += chain.readable_count + chain.writable_count;
    return true;
}

/* Forgets the first `count` buffers, which have been used. */
static void forget(struct net_receive_queue *receive, uint32_t count)
{
    if (count == receive->kept_count) {
        receive->kept_count = 0;
        receive->segment_count = 0;
        return;
    }
    uint32_t skip = receive->kept[count].first_segment;
    for (uint32_t i = count; i < receive->kept_count; i++) {
        receive->kept[i - count] = receive->kept[i];
        receive->kept[i - count].first_segment -= skip;
    }
    memmove(receive->segments, receive->segments + skip,
            (receive->segment_count - skip) * sizeof(receive->segments[0]));
    receive->kept_count -= count;
    receive->segment_count -= skip;
}

enum room { ROOM_ENOUGH, ROOM_WAIT, ROOM_NEVER };

/* Sees to it that the first *count kept buffers have `length` bytes; without MRG_RXBUF that is one. */
static enum room make_room(struct virtio_net *net, uint32_t pair, uint32_t length, uint32_t *count)
{
    struct net_receive_queue *receive = &net->receive[pair];
    bool mergeable = virtio_has(&net->device, VIRTIO_NET_F_MRG_RXBUF);
    uint64_t room = 0;
    for (*count = 0; room < length; ++*count) {
        if (*count == 1 && !mergeable) {
            return ROOM_NEVER;
        }
        if (*count == receive->kept_count && !keep_one(net, pair)) {
            return virtqueue_has_buffers(queue_of(net, pair)) ? ROOM_NEVER : ROOM_WAIT;
        }
        room += receive->kept[*count].length;
    }
    return ROOM_ENOUGH;
}

/* --- Copying --- */

/* Where the next bytes go: through the segments of the kept buffers. */
struct writer {
    const struct net_receive_queue *receive;
    uint32_t buffer, segment, offset;
    uint32_t written[NET_KEPT_CHAINS]; /* bytes, by buffer */
};

static void write_bytes(struct writer *w, const uint8_t *from, uint32_t length)
{
    while (length > 0) {
        const struct net_kept *kept = &w->receive->kept[w->buffer];
        if (w->segment == kept->segment_count) {
            w->buffer++;
            w->segment = 0;
            w->written[w->buffer] = 0;
            continue;
        }
        const struct virtio_segment *to = &w->receive->segments[kept->first_segment + w->segment];
        uint32_t room = to->length - w->offset;
        uint32_t count = room < length ? room : length;
        memcpy(to->data + w->offset, from, count);
        w->written[w->buffer] += count;
        w->offset += count;
        from += count;
        length -= count;
        if (w->offset == to->length) {
            w->offset = 0;
            w->segment++;
        }
    }
}

static void copy_frame(struct virtio_net *net, uint32_t pair, uint32_t count)
{
    struct net_receive_queue *receive = &net->receive[pair];
    const struct net_frame *frame = &net->frame;
    struct net_offload header = frame->offload;
    header.reserved = (uint16_t)count;
    struct writer w;
    w.receive = receive;
    w.buffer = w.segment = w.offset = 0;
    w.written[0] = 0;
    write_bytes(&w, (const uint8_t *)&header, net_header_size(net));
    for (uint32_t i = 0; i < frame->count; i++) {
        write_bytes(&w, frame->pieces[i].data, frame->pieces[i].length);
    }
    for (uint32_t i = 0; i < count; i++) {
        virtqueue_push(queue_of(net, pair), receive->kept[i].id, receive->kept[i].slots,
                       i <= w.buffer ? w.written[i] : 0);
    }
    forget(receive, count);
}

/* --- Frames --- */

/* What the guest must take to get the frame; the switch was told, but the guest may have changed its mind since. */
static bool takes_offload(const struct virtio_net *net, const struct net_offload *offload)
{
    uint32_t needs = (offload->flags & NEEDS_CHECKSUM) != 0 ? (uint32_t)NET_ACCEPT_CHECKSUM : 0u;
    switch (offload->segmentation & (uint8_t)~ECN) {
    case 0:
        break;
    case 1:
        needs |= NET_ACCEPT_TSO4;
        break;
    case 4:
        needs |= NET_ACCEPT_TSO6;
        break;
    case 5:
        return (net->accepted & (NET_ACCEPT_USO4 | NET_ACCEPT_USO6)) != 0;
    default:
        return false;
    }
    needs |= (offload->segmentation & ECN) != 0 ? (uint32_t)NET_ACCEPT_ECN : 0u;
    return (needs & ~net->accepted) == 0;
}

static uint32_t first_bytes(const struct net_frame *frame, uint8_t *bytes, uint32_t size)
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < frame->count && length < size; i++) {
        uint32_t part = frame->pieces[i].length < size - length ? frame->pieces[i].length : size - length;
        memcpy(bytes + length, frame->pieces[i].data, part);
        length += part;
    }
    return length;
}

enum delivery { DELIVERED, DROPPED, WAITS };

static enum delivery deliver(struct virtio_net *net, bool touched[NET_MAX_PAIRS])
{
    const struct net_frame *frame = &net->frame;
    uint8_t bytes[NET_FLOW_BYTES] = {0};
    uint32_t known = first_bytes(frame, bytes, sizeof(bytes));
    if (known < 14 || !takes_offload(net, &frame->offload)) {
        net->counters.receive_errors++;
        return DROPPED;
    }
    if (!net_filter_wants(net, bytes)) {
        net->counters.filtered++;
        return DROPPED;
    }
    uint32_t pair = net->pairs > 1 ? net_flow_pair(net, bytes, known) : 0;
    uint32_t count;
    switch (make_room(net, pair, frame->length + net_header_size(net), &count)) {
    case ROOM_ENOUGH:
        break;
    case ROOM_WAIT:
        return WAITS;
    default:
        net->counters.receive_errors++;
        log_guest_error(net->device.vm, &net->device.limit, net->device.name,
                        "its buffers have no room for a frame of %u bytes: dropped", (unsigned int)frame->length);
        return DROPPED;
    }
    copy_frame(net, pair, count);
    net->counters.frames_received++;
    net->counters.bytes_received += frame->length;
    touched[pair] = true;
    return DELIVERED;
}

static void publish(struct virtio_net *net)
{
    if (net_port_publish(&net->port)) {
        hv_notify(net->port.config.channel);
    }
}

/* Hands frames over until there are none, or no buffers; while nobody takes them they are lost. True if the round is
 * over before. */
static bool drain(struct virtio_net *net, bool touched[NET_MAX_PAIRS])
{
    for (uint32_t frames = 0; frames < ROUND_FRAMES; frames++) {
        if (!net->frame_held) {
            enum net_port_result result = net_port_receive(&net->port, &net->frame);
            if (result == NET_PORT_EMPTY) {
                return false;
            }
            if (result == NET_PORT_BAD) {
                net_port_give_back(&net->port, &net->frame);
                continue;
            }
        }
        net->frame_held = virtio_is_live(&net->device) && deliver(net, touched) == WAITS;
        if (net->frame_held) {
            return false;
        }
        net_port_give_back(&net->port, &net->frame);
        if (frames % GIVE_BACK == GIVE_BACK - 1) {
            publish(net);
        }
    }
    return true;
}

/* Whether to be told of new buffers. True if some have come. */
static bool want_buffers(struct virtio_net *net, bool wanted)
{
    bool come = false;
    for (uint32_t pair = 0; pair < net->pairs; pair++) {
        come = virtqueue_want_notification(queue_of(net, pair), wanted) || come;
    }
    return come;
}

bool net_receive(struct virtio_net *net)
{
    bool touched[NET_MAX_PAIRS] = {false};
    bool more = drain(net, touched);
    publish(net);
    for (uint32_t pair = 0; pair < net->max_pairs; pair++) {
        if (touched[pair]) {
            virtqueue_flush(queue_of(net, pair));
        }
    }
    /* Notifications of buffers are wanted only by a frame that waits for them. */
    if (net->frame_held) {
        return want_buffers(net, true);
    }
    (void)want_buffers(net, false);
    return net_port_request_signal(&net->port) || more;
}
