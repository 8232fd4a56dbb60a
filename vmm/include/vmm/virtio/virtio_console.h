/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console device: VirtIO 1.2 §5.3 with SIZE, EMERG_WRITE and, if it has more ports than one, MULTIPORT. Each port is a
 * pair of character queues
 * (<skyscope/serial_queue.h>), to the console multiplexer as a rule. Port 0 is a console, hvc0 in Linux; the others are
 * plain: /dev/vport0p1 and so on.
 *
 * Nothing is lost between guest and peer: what the peer's queue has no room for stays in the guest's buffer, which is
 * not given back before; what the guest has no buffer for, or no port open for, stays in the peer's queue.
 */
#pragma once

#include <skyscope/serial_queue.h>
#include <skyscope/vm_devices.h>

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>

#define CONSOLE_QUEUE_SIZE 128u
/* Until the terminal's size is known. */
#define CONSOLE_COLUMNS    80u
#define CONSOLE_ROWS       24u

#define VIRTIO_CONSOLE_F_SIZE        (1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT   (1ull << 1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE (1ull << 2)

enum console_queue {
    CONSOLE_QUEUE_RECEIVE = 0, /* of port 0: to the guest */
    CONSOLE_QUEUE_TRANSMIT = 1,
    CONSOLE_QUEUE_CONTROL_RECEIVE = 2,
    CONSOLE_QUEUE_CONTROL_TRANSMIT = 3,
    CONSOLE_QUEUE_PORT_1 = 4, /* receive, and so on by pairs */
};

/* §5.3.4; little-endian. */
struct virtio_console_config {
    uint16_t columns, rows;
    uint32_t maximum_ports;
    uint32_t emergency_write; /* the driver writes a character there */
};

/* Events of the control queues, §5.3.6.2. */
enum console_event {
    CONSOLE_DEVICE_READY = 0, /* driver: the device can be used, or not */
    CONSOLE_PORT_ADD = 1,
    CONSOLE_PORT_REMOVE = 2,
    CONSOLE_PORT_READY = 3, /* driver: the port can be used, or not */
    CONSOLE_CONSOLE_PORT = 4,
    CONSOLE_RESIZE = 5,
    CONSOLE_PORT_OPEN = 6, /* both */
    CONSOLE_PORT_NAME = 7,
};

#define CONSOLE_CONTROL_LATER (1u << 31)

struct console_port {
    struct virtio_console *console;
    uint32_t index;
    char name[VM_DEVICE_NAME];
    struct serial_queue_handle transmit, receive; /* to and from the peer */
    uint32_t channel;
    bool ready, open; /* by the driver's word; without MULTIPORT all is open */
    uint32_t owed;    /* messages to the driver, bits by enum console_event */

    /* The buffer of the guest that the peer has not taken all of. */
    bool held;
    uint64_t sent; /* bytes of it */
    struct virtqueue_chain chain;
    struct virtio_segment segments[CONSOLE_QUEUE_SIZE];
};

struct virtio_console {
    struct virtio_device device;
    struct virtio_console_config config;
    uint32_t port_count;
    struct console_port ports[VM_CONSOLE_MAX_PORTS];
    struct timer timer;
    uint32_t later;             /* what goes on when the timer runs out: a bit for each port, CONSOLE_CONTROL_LATER */
    bool announce_again;        /* the size, to a driver without MULTIPORT */
    uint64_t announced;         /* when it was first */
    uint64_t emergency_dropped; /* characters for which there was no room */
    struct virtio_segment segments[CONSOLE_QUEUE_SIZE]; /* of a buffer that is not held */
};

/* Fills in the device; a transport comes later. NULL, or what is wrong. */
const char *virtio_console_init(struct virtio_console *console, struct vm *vm, const struct vm_device_config *config);
/* The port's channel was notified. context: the struct console_port. */
void console_port_notified(void *context);

/* --- Between the parts of the device --- */

/* Moves what can be moved on a port, both ways. */
void console_port_run(struct console_port *port);
/* Forgets the guest's buffers and what it said of the port. */
void console_port_reset(struct console_port *port);
/* The driver made buffers available in a control queue, or messages are owed. */
void console_control_run(struct virtio_console *console);
/* Whether ports other than the first, and messages about ports, exist for the driver. */
bool console_multiport(const struct virtio_console *console);

extern const struct device_kind virtio_console_kind;
