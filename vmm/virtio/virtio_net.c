/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_net.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#define STATUS_LINK_UP  1u
#define STATUS_ANNOUNCE 2u

#define SPEED_MEGABITS 10000u
#define DUPLEX_FULL    1u

#define MTU_MINIMUM 68u

/* --- Features --- */

#define CONTROL_FEATURES                                                                                               \
    (VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN | VIRTIO_NET_F_CTRL_RX_EXTRA | VIRTIO_NET_F_GUEST_ANNOUNCE |        \
     VIRTIO_NET_F_MQ | VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)

/* VirtIO 1.2 §5.1.3.1: features that need one of others. */
static const struct dependency {
    uint64_t features, need;
} dependencies[] = {
    {VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6,
     VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6},
    {VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_USO, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6},
    {CONTROL_FEATURES, VIRTIO_NET_F_CTRL_VQ},
};

static bool accept_features(void *context, uint64_t features)
{
    (void)context;
    for (size_t i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++) {
        if ((features & dependencies[i].features) != 0 && (features & dependencies[i].need) == 0) {
            return false;
        }
    }
    return true;
}

void net_set_guest_offloads(struct virtio_net *net, uint64_t offloads)
{
    static const struct {
        uint64_t feature;
        uint32_t accept;
    } table[] = {
        {VIRTIO_NET_F_GUEST_CSUM, NET_ACCEPT_CHECKSUM}, {VIRTIO_NET_F_GUEST_TSO4, NET_ACCEPT_TSO4},
        {VIRTIO_NET_F_GUEST_TSO6, NET_ACCEPT_TSO6},     {VIRTIO_NET_F_GUEST_ECN, NET_ACCEPT_ECN},
        {VIRTIO_NET_F_GUEST_USO4, NET_ACCEPT_USO4},     {VIRTIO_NET_F_GUEST_USO6, NET_ACCEPT_USO6},
    };
    net->accepted = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        net->accepted |= (offloads & table[i].feature) != 0 ? table[i].accept : 0u;
    }
    net_port_accept(&net->port, net->accepted);
}

/* --- The link --- */

static void set_status(struct virtio_net *net, uint16_t status)
{
    if (net->config.status != status) {
        net->config.status = status;
        virtio_config_changed(&net->device);
    }
}

/* Follows the switch. When a link comes up that was up before, the guest announces itself: the switch may have
 * forgotten where it is. */
static void follow_link(struct virtio_net *net)
{
    if (!net_port_look(&net->port)) {
        return;
    }
    /* It may have to answer. */
    hv_notify(net->port.config.channel);
    if (!net->port.connected) {
        net->frame.buffer_count = 0; /* of queues that are no more */
        net->frame_held = false;
    }
    uint16_t status = net->config.status & (uint16_t)~STATUS_LINK_UP;
    if (net_port_is_up(&net->port)) {
        status |= STATUS_LINK_UP;
        if (net->was_up && virtio_is_live(&net->device) && virtio_has(&net->device, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
            status |= STATUS_ANNOUNCE;
        }
        net->was_up = true;
    }
    set_status(net, status);
}

/* --- Work --- */

static void again(struct virtio_net *net, bool wanted)
{
    if (wanted) {
        timer_arm(&net->device.vm->vcpus[0].timers, &net->timer, hv_now() + 1);
    }
}

static bool transmit_all(struct virtio_net *net)
{
    bool more = false;
    for (uint32_t pair = 0; pair < net->max_pairs; pair++) {
        if (net->device.queues[2 * pair + 1].enabled) {
            more = net_transmit(net, pair) || more;
        }
    }
    return more;
}

/* The switch has notified: frames, room, or the link. */
static void notified(void *context)
{
    struct virtio_net *net = context;
    follow_link(net);
    bool more = net_receive(net);
    for (uint32_t pair = 0; pair < net->max_pairs; pair++) {
        more = (net->transmit[pair].held && net_transmit(net, pair)) || more;
    }
    again(net, more);
}

/* §5.1.2: behind the last pair, which is the first one without MQ. */
static uint32_t control_index(const struct virtio_net *net)
{
    return virtio_has(&net->device, VIRTIO_NET_F_MQ) ? 2 * net->max_pairs : 2;
}

static bool control(struct virtio_net *net)
{
    struct virtqueue *queue = &net->device.queues[control_index(net)];
    return virtio_has(&net->device, VIRTIO_NET_F_CTRL_VQ) && queue->enabled && net_control(net, queue);
}

static void expired(void *context, uint64_t now)
{
    (void)now;
    struct virtio_net *net = context;
    bool more = net_receive(net);
    if (virtio_is_live(&net->device)) {
        more = transmit_all(net) || more;
        more = control(net) || more;
    }
    again(net, more);
}

static void queue_notified(void *context, uint32_t queue)
{
    struct virtio_net *net = context;
    if (queue == control_index(net)) {
        again(net, control(net));
    } else if (queue >= 2 * net->max_pairs) {
        return;
    } else if (queue % 2 == 1) {
        again(net, net_transmit(net, queue / 2));
    } else {
        again(net, net_receive(net));
    }
}

static void start(void *context)
{
    struct virtio_net *net = context;
    net_set_guest_offloads(net, net->device.features & VIRTIO_NET_GUEST_OFFLOADS);
    again(net, net_receive(net));
}

static void queue_reset(void *context, uint32_t queue)
{
    struct virtio_net *net = context;
    if (queue >= 2 * net->max_pairs) {
        return;
    }
    if (queue % 2 == 1) {
        net->transmit[queue / 2].held = false;
    } else {
        net->receive[queue / 2].kept_count = 0;
        net->receive[queue / 2].segment_count = 0;
    }
}

static void reset(void *context)
{
    struct virtio_net *net = context;
    for (uint32_t queue = 0; queue < 2 * net->max_pairs; queue++) {
        queue_reset(net, queue);
    }
    net_filter_reset(&net->filter);
    memset(net->flows, 0, sizeof(net->flows));
    memcpy(net->config.mac, net->original_mac, sizeof(net->config.mac));
    net->config.status &= (uint16_t)~STATUS_ANNOUNCE;
    net->pairs = 1;
    net_set_guest_offloads(net, 0);
    /* What has come is nobody's. */
    again(net, net_receive(net));
}

/* Before version 1 the driver chooses its address by writing it, byte by byte. */
static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    struct virtio_net *net = context;
    for (uint32_t i = 0; i < width && !virtio_has(&net->device, VIRTIO_F_VERSION_1); i++) {
        if (offset + i < sizeof(net->config.mac)) {
            net->config.mac[offset + i] = (uint8_t)(value >> 8 * i);
        }
    }
}

static void plugged(void *context, bool there)
{
    struct virtio_net *net = context;
    net_port_plug(&net->port, there);
    hv_notify(net->port.config.channel);
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_NET,
    .name = "net",
    .accept_features = accept_features,
    .start = start,
    .queue_notified = queue_notified,
    .reset = reset,
    .queue_reset = queue_reset,
    .config_written = config_written,
    .plugged = plugged,
};

/* --- Creation --- */

static uint64_t offered(const struct virtio_net *net)
{
    uint64_t features = VIRTIO_NET_F_MAC | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ |
                        VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN | VIRTIO_NET_F_CTRL_RX_EXTRA |
                        VIRTIO_NET_F_GUEST_ANNOUNCE | VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_SPEED_DUPLEX;
    features |= net->max_pairs > 1 ? VIRTIO_NET_F_MQ : 0;
    features |= net->config.mtu != 0 ? VIRTIO_NET_F_MTU : 0;
    if (net->port.client != NULL && (net->port.config.flags & NET_CLIENT_OFFLOAD) != 0) {
        features |= VIRTIO_NET_HOST_OFFLOADS | VIRTIO_NET_GUEST_OFFLOADS | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
    }
    return features;
}

static const char *check(const struct vm_device_config *config)
{
    if (config->queues == 0 || config->queues > NET_MAX_PAIRS) {
        return "a network device has no or too many pairs of queues";
    }
    if ((config->net.mac[0] & 1u) != 0) {
        return "a network device's address is a group's";
    }
    if (config->net.mtu != 0 && config->net.mtu < MTU_MINIMUM) {
        return "a network device's MTU is below 68 bytes";
    }
    return NULL;
}

static const char *add_queues(struct virtio_net *net)
{
    for (uint32_t i = 0; i < 2 * net->max_pairs; i++) {
        if (virtio_add_queue(&net->device, NET_QUEUE_ENTRIES) != 0) {
            return "a network device has too many queues";
        }
    }
    return virtio_add_queue(&net->device, NET_CONTROL_SIZE) == 0 ? NULL : "a network device has too many queues";
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    const char *problem = check(config);
    if (problem != NULL) {
        return problem;
    }
    struct virtio_net *net = device_allocate(vm, sizeof(*net));
    if (net == NULL) {
        return "the workspace is too small for a network device";
    }
    net->max_pairs = config->queues;
    net->receive = device_allocate(vm, net->max_pairs * sizeof(*net->receive));
    net->transmit = device_allocate(vm, net->max_pairs * sizeof(*net->transmit));
    if (net->receive == NULL || net->transmit == NULL) {
        return "the workspace is too small for a network device";
    }
    problem = net_port_init(&net->port, &config->net.client);
    if (problem != NULL) {
        return problem;
    }
    net_port_plug(&net->port, config->hotplug == 0 || config->plugged != 0);
    memcpy(net->original_mac, config->net.mac, sizeof(net->original_mac));
    memcpy(net->config.mac, config->net.mac, sizeof(net->config.mac));
    net->config.status = net_port_is_up(&net->port) ? STATUS_LINK_UP : 0;
    net->config.max_pairs = (uint16_t)net->max_pairs;
    net->config.mtu = config->net.mtu;
    net->config.speed = SPEED_MEGABITS;
    net->config.duplex = DUPLEX_FULL;
    net->pairs = 1;
    net_filter_reset(&net->filter);
    virtio_device_init(&net->device, &ops, net, vm, config->name, offered(net), &net->config, sizeof(net->config));
    problem = add_queues(net);
    if (problem != NULL) {
        return problem;
    }
    net->timer = (struct timer){.expired = expired, .device = net};
    if (timer_add(&vm->vcpus[0].timers, &net->timer) != 0 ||
        device_listen(vm, config->net.client.channel, notified, net) != 0) {
        return "a network device's channel is used by another, or there are too many devices";
    }
    hv_notify(config->net.client.channel);
    *device = &net->device;
    return NULL;
}

const struct device_kind virtio_net_kind = {
    .kind = VM_DEVICE_NET,
    .create = create,
};
