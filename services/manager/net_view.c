/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_view.h"

#include <stddef.h>

#include "device_view.h"

uint32_t net_port_count(const struct switch_status *status)
{
    if (status == NULL || __atomic_load_n(&status->version, __ATOMIC_ACQUIRE) != SWITCH_STATUS_VERSION) {
        return 0;
    }
    uint32_t count = __atomic_load_n(&status->port_count, __ATOMIC_RELAXED);
    return count < SWITCH_MAX_PORTS ? count : SWITCH_MAX_PORTS;
}

static uint64_t drops(const volatile struct switch_port_counters *counters)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < SWITCH_DROP_REASONS; i++) {
        all += counters->dropped[i];
    }
    return all;
}

static void show_vlan(struct text_output *out, const volatile struct switch_port_status *port)
{
    uint32_t vlan = port->vlan;
    if ((port->flags & SWITCH_PORT_TRUNK) != 0) {
        print(out, " trunk");
    } else {
        print(out, " %5u", (unsigned int)vlan);
    }
}

static void show_mac(struct text_output *out, const volatile uint8_t *mac)
{
    print(out, " %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void show_limits(struct text_output *out, const volatile struct switch_port_status *port)
{
    uint64_t frames = port->limits.frames_per_second, bytes = port->limits.bytes_per_second;
    if (frames == 0 && bytes == 0) {
        return;
    }
    print(out, "    limits:");
    if (frames != 0) {
        print(out, " %llu frames/s", (unsigned long long)frames);
    }
    if (bytes != 0) {
        print(out, " %llu KiB/s", (unsigned long long)(bytes >> 10));
    }
    print(out, "; it has waited %llu times%s\n", (unsigned long long)port->waits,
          port->waits_now != 0 ? ", and waits now" : "");
}

static void show_flood_limit(struct text_output *out, const char *what, uint32_t limit)
{
    if (limit != 0) {
        print(out, "  %12u %s a second are allowed\n", (unsigned int)limit, what);
    }
}

void show_ports(struct manager *manager)
{
    struct text_output *out = &manager->out;
    const struct switch_status *status = manager->net.status;
    uint32_t count = net_port_count(status);
    if (count == 0) {
        print(out, "this system has no networks\n");
        return;
    }
    print(out, "%2s  %-20s %-10s %-17s %5s %-4s %9s %9s %9s %9s %7s\n", "#", "port", "network", "address", "VLAN",
          "link", "frames in", "KiB in", "fr. out", "KiB out", "dropped");
    for (uint32_t i = 0; i < count; i++) {
        const volatile struct switch_port_status *port = &status->ports[i];
        print(out, "%2u  ", (unsigned int)i);
        print_untrusted(out, status->ports[i].name, VM_NAME_LENGTH, 20);
        print(out, " ");
        print_untrusted(out, status->ports[i].network, VM_NAME_LENGTH, 10);
        show_mac(out, port->mac);
        show_vlan(out, port);
        const volatile struct switch_port_counters *c = &port->counters;
        print(out, " %-4s %9llu %9llu %9llu %9llu %7llu%s\n", port->link_up != 0 ? "up" : "down",
              (unsigned long long)c->frames_in, (unsigned long long)(c->bytes_in >> 10),
              (unsigned long long)c->frames_out, (unsigned long long)(c->bytes_out >> 10), (unsigned long long)drops(c),
              plug_state_text(manager, status->ports[i].name, VM_NAME_LENGTH));
        show_limits(out, port);
    }
    if (status->capturing != 0) {
        print(out, "frames of port %u are being captured\n", (unsigned int)status->capture_port);
    }
}

static const char *const reasons[SWITCH_DROP_REASONS] = {
    [SWITCH_DROP_DESCRIPTOR] = "from it: buffers outside its memory",
    [SWITCH_DROP_FRAME] = "from it: not a frame, or offloads that make no sense",
    [SWITCH_DROP_TOO_LONG] = "from it: longer than the network's MTU",
    [SWITCH_DROP_RESERVED] = "from it: for a bridge's own addresses",
    [SWITCH_DROP_VLAN] = "from it: in a VLAN that it is not in",
    [SWITCH_DROP_SPOOFED] = "from it: from an address that it may not use",
    [SWITCH_DROP_BROADCAST_LIMIT] = "from it: more broadcasts than allowed",
    [SWITCH_DROP_MULTICAST_LIMIT] = "from it: more multicasts, or frames for unknown stations, than allowed",
    [SWITCH_DROP_NO_RECEIVER] = "from it: for nobody whom it may reach",
    [SWITCH_DROP_LINK_DOWN] = "from it: while its link was down",
    [SWITCH_DROP_NO_BUFFERS] = "for it: it had no buffers",
    [SWITCH_DROP_BAD_BUFFER] = "for it: its buffers lay outside its memory",
    [SWITCH_DROP_NOT_COMPLETED] = "for it: offloads that it does not take and that could not be done",
};

void show_port(struct text_output *out, const struct switch_status *status, uint32_t port)
{
    const volatile struct switch_port_status *p = &status->ports[port];
    const volatile struct switch_port_counters *c = &p->counters;
    uint32_t flags = p->flags;
    print_untrusted(out, status->ports[port].name, VM_NAME_LENGTH, 0);
    print(out, ":%s%s%s%s\n", (flags & SWITCH_PORT_LOCKED) != 0 ? " address locked" : " any address",
          (flags & SWITCH_PORT_ISOLATED) != 0 ? ", isolated" : "", (flags & SWITCH_PORT_TRUNK) != 0 ? ", trunk" : "",
          p->plugged != 0 ? "" : ", unplugged");
    show_limits(out, p);
    show_flood_limit(out, "broadcasts", p->limits.broadcasts_per_second);
    show_flood_limit(out, "multicasts, and frames for unknown stations,", p->limits.multicasts_per_second);
    print(out, "  %12llu frames from it went to all\n", (unsigned long long)c->flooded);
    print(out, "  %12llu frames for it whose offloads were completed\n", (unsigned long long)c->completed);
    print(out, "  %12llu notifications of it\n", (unsigned long long)c->notified);
    print(out, "  %12llu beginnings of it\n", (unsigned long long)c->restarts);
    for (uint32_t i = 0; i < SWITCH_DROP_REASONS; i++) {
        uint64_t count = c->dropped[i];
        if (count != 0) {
            print(out, "  %12llu dropped %s\n", (unsigned long long)count, reasons[i]);
        }
    }
}
