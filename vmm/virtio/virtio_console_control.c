/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control queues of a console device, VirtIO 1.2 §5.3.6.2: the driver is told of ports and says which it uses.
 *
 * What it has yet to be told is a bit for each message of each port, not a queue: whatever the driver asks for, however
 * often, takes no memory.
 */
#include <vmm/virtio/virtio_console.h>

#include <base/format.h>
#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

struct control_message {
    uint32_t port;
    uint16_t event; /* enum console_event */
    uint16_t value;
};

/* What follows a CONSOLE_RESIZE, in the order of VirtIO 1.2. Linux had the rows first until 2025, then the columns, in
 * stable kernels such as Debian 12's too, and has the rows first again since 6.17: nothing tells them apart. That is
 * why a console without further ports does without MULTIPORT, and has its size in the configuration space. */
struct control_size {
    uint16_t columns, rows;
};

/* --- To the driver --- */

/* The message, with what follows it; its length in bytes. */
static uint32_t compose(const struct console_port *port, enum console_event event,
                        uint8_t message[sizeof(struct control_message) + VM_DEVICE_NAME])
{
    struct control_message head = {.port = port->index, .event = (uint16_t)event, .value = 1};
    uint32_t length = sizeof(head);
    memcpy(message, &head, sizeof(head));
    if (event == CONSOLE_PORT_NAME) {
        uint32_t name_length = (uint32_t)strnlen(port->name, sizeof(port->name));
        memcpy(message + length, port->name, name_length);
        length += name_length;
    } else if (event == CONSOLE_RESIZE) {
        struct control_size size = {.columns = port->console->config.columns, .rows = port->console->config.rows};
        memcpy(message + length, &size, sizeof(size));
        length += (uint32_t)sizeof(size);
    }
    return length;
}

/* False: there is no buffer. */
static bool tell(struct console_port *port, enum console_event event)
{
    struct virtio_console *console = port->console;
    struct virtqueue *queue = &console->device.queues[CONSOLE_QUEUE_CONTROL_RECEIVE];
    struct virtqueue_chain chain = {.segments = console->segments, .capacity = CONSOLE_QUEUE_SIZE};
    uint8_t message[sizeof(struct control_message) + VM_DEVICE_NAME];
    uint32_t length = compose(port, event, message);
    if (virtqueue_pop(queue, &chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    if (chain.writable_length < length) {
        virtio_fail(&console->device, "control buffer of %llu bytes for a message of %u",
                    (unsigned long long)chain.writable_length, length);
        return false;
    }
    virtqueue_chain_write(&chain, 0, message, length);
    virtqueue_push(queue, chain.id, chain.slots, length);
    return true;
}

/* In the order in which a driver can use it: that there is a port, that it is a console, its size and its name, and
 * that somebody listens. */
static void tell_owed(struct virtio_console *console)
{
    static const enum console_event order[] = {CONSOLE_PORT_ADD, CONSOLE_CONSOLE_PORT, CONSOLE_RESIZE,
                                               CONSOLE_PORT_NAME, CONSOLE_PORT_OPEN};
    for (uint32_t i = 0; i < console->port_count; i++) {
        struct console_port *port = &console->ports[i];
        for (uint32_t j = 0; j < sizeof(order) / sizeof(order[0]); j++) {
            uint32_t bit = 1u << order[j];
            if ((port->owed & bit) != 0) {
                if (!tell(port, order[j])) {
                    return;
                }
                port->owed &= ~bit;
            }
        }
    }
}

static bool something_is_owed(const struct virtio_console *console)
{
    for (uint32_t i = 0; i < console->port_count; i++) {
        if (console->ports[i].owed != 0) {
            return true;
        }
    }
    return false;
}

/* --- From the driver --- */

__attribute__((format(printf, 2, 3))) static void complain(struct virtio_console *console, const char *format, ...)
{
    char text[120];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_guest_error(console->device.vm, &console->device.limit, console->device.name, "control message ignored: %s",
                    text);
}

static void device_ready(struct virtio_console *console, bool usable)
{
    for (uint32_t i = 0; i < console->port_count; i++) {
        struct console_port *port = &console->ports[i];
        port->ready = false;
        port->open = false;
        port->owed = usable ? 1u << CONSOLE_PORT_ADD : 0;
    }
}

static void port_ready(struct console_port *port, bool usable)
{
    port->ready = usable;
    port->open = port->open && usable;
    port->owed = 0;
    if (!usable) {
        return;
    }
    port->owed = 1u << CONSOLE_PORT_OPEN;
    if (port->name[0] != '\0') {
        port->owed |= 1u << CONSOLE_PORT_NAME;
    }
    if (port->index == 0) {
        port->owed |= 1u << CONSOLE_CONSOLE_PORT;
        if (virtio_has(&port->console->device, VIRTIO_CONSOLE_F_SIZE)) {
            port->owed |= 1u << CONSOLE_RESIZE;
        }
    }
}

static void take_message(struct virtio_console *console, const struct control_message *message)
{
    if (message->event == CONSOLE_DEVICE_READY) { /* of no port */
        device_ready(console, message->value != 0);
        return;
    }
    if (message->port >= console->port_count) {
        complain(console, "event %u of port %u, which there is not", message->event, message->port);
        return;
    }
    struct console_port *port = &console->ports[message->port];
    if (message->event == CONSOLE_PORT_READY) {
        port_ready(port, message->value != 0);
    } else if (message->event != CONSOLE_PORT_OPEN) {
        complain(console, "event %u is none of a driver's", message->event);
    } else if (!port->ready) {
        complain(console, "port %u is opened or closed before it is ready", message->port);
    } else {
        port->open = message->value != 0;
        console_port_run(port); /* what has been waiting */
    }
}

/* Takes messages, as many as there can be at once. True if more may be there. */
static bool take_messages(struct virtio_console *console)
{
    struct virtqueue *queue = &console->device.queues[CONSOLE_QUEUE_CONTROL_TRANSMIT];
    uint32_t taken = 0;
    for (; taken < CONSOLE_QUEUE_SIZE; taken++) {
        struct virtqueue_chain chain = {.segments = console->segments, .capacity = CONSOLE_QUEUE_SIZE};
        struct control_message message;
        if (virtqueue_pop(queue, &chain) != VIRTQUEUE_CHAIN) {
            break;
        }
        bool whole = virtqueue_chain_read(&chain, 0, &message, sizeof(message)) == sizeof(message);
        virtqueue_push(queue, chain.id, chain.slots, 0);
        if (whole) {
            take_message(console, &message);
        } else {
            complain(console, "%llu bytes are too few", (unsigned long long)chain.readable_length);
        }
    }
    virtqueue_flush(queue);
    return taken == CONSOLE_QUEUE_SIZE;
}

/* --- Both --- */

bool console_multiport(const struct virtio_console *console)
{
    return virtio_has(&console->device, VIRTIO_CONSOLE_F_MULTIPORT);
}

void console_control_run(struct virtio_console *console)
{
    if (!virtio_is_live(&console->device) || !console_multiport(console)) {
        return;
    }
    struct virtqueue *receive = &console->device.queues[CONSOLE_QUEUE_CONTROL_RECEIVE];
    struct virtqueue *transmit = &console->device.queues[CONSOLE_QUEUE_CONTROL_TRANSMIT];
    bool more = take_messages(console);
    tell_owed(console);
    virtqueue_flush(receive);
    more |= virtqueue_want_notification(transmit, true);
    more |= virtqueue_want_notification(receive, something_is_owed(console));
    if (more && virtio_is_live(&console->device)) {
        console->later |= CONSOLE_CONTROL_LATER;
        timer_arm(&console->device.vm->vcpus[0].timers, &console->timer, hv_now() + 1);
    }
}
