/* SPDX-License-Identifier: BSD-2-Clause */
/* Characters of one port of a console device. */
#include <vmm/virtio/virtio_console.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

static struct virtqueue *port_queue(struct console_port *port, enum console_queue direction)
{
    uint32_t first = port->index == 0 ? 0 : CONSOLE_QUEUE_PORT_1 + (port->index - 1) * 2;
    return &port->console->device.queues[first + direction];
}

/* --- From the guest --- */

/* Hands the peer what it has room for. True if that was the rest of the buffer. */
static bool send_held(struct console_port *port)
{
    uint64_t start = 0;
    for (uint32_t i = 0; i < port->chain.readable_count; i++) {
        const struct virtio_segment *segment = &port->chain.segments[i];
        if (port->sent < start + segment->length) {
            uint32_t skip = (uint32_t)(port->sent - start);
            uint32_t rest = segment->length - skip;
            uint32_t done = serial_queue_write(&port->transmit, (const char *)segment->data + skip, rest);
            port->sent += done;
            if (done < rest) {
                return false;
            }
        }
        start += segment->length;
    }
    return true;
}

/* Takes buffers until there is none, or the peer has no room, or as many as there can be at once have been taken. True
 * in the last case. */
static bool transmit(struct console_port *port)
{
    struct virtqueue *queue = port_queue(port, CONSOLE_QUEUE_TRANSMIT);
    uint32_t taken = 0;
    bool more = false;
    for (;;) {
        if (!port->held) {
            if (taken++ == CONSOLE_QUEUE_SIZE) {
                more = true;
                break;
            }
            port->chain.segments = port->segments;
            port->chain.capacity = CONSOLE_QUEUE_SIZE;
            if (virtqueue_pop(queue, &port->chain) != VIRTQUEUE_CHAIN) {
                break;
            }
            port->held = true;
            port->sent = 0;
        }
        if (!send_held(port)) {
            break;
        }
        port->held = false;
        virtqueue_push(queue, port->chain.id, port->chain.slots, 0);
    }
    virtqueue_flush(queue);
    return more;
}

/* --- To the guest --- */

static bool wants_input(const struct console_port *port)
{
    return port->open || !console_multiport(port->console);
}

/* Fills one buffer. False: there is none. */
static bool receive_buffer(struct console_port *port, struct virtqueue *queue)
{
    struct virtqueue_chain chain = {.segments = port->console->segments, .capacity = CONSOLE_QUEUE_SIZE};
    if (virtqueue_pop(queue, &chain) != VIRTQUEUE_CHAIN) {
        return false;
    }
    if (chain.writable_length == 0) {
        virtio_fail(&port->console->device, "port %u: a buffer for input that cannot be written", port->index);
        return false;
    }
    uint32_t written = 0;
    for (uint32_t i = 0; i < chain.writable_count; i++) {
        const struct virtio_segment *segment = &chain.segments[chain.readable_count + i];
        uint32_t got = serial_queue_read(&port->receive, (char *)segment->data, segment->length);
        written += got;
        if (got < segment->length) {
            break;
        }
    }
    virtqueue_push(queue, chain.id, chain.slots, written);
    return true;
}

/* As many buffers as there can be at once; true if more could be filled. */
static bool receive(struct console_port *port)
{
    struct virtqueue *queue = port_queue(port, CONSOLE_QUEUE_RECEIVE);
    uint32_t filled = 0;
    while (wants_input(port) && serial_queue_length(&port->receive) != 0 && filled < CONSOLE_QUEUE_SIZE &&
           receive_buffer(port, queue)) {
        filled++;
    }
    virtqueue_flush(queue);
    return filled == CONSOLE_QUEUE_SIZE;
}

/* --- Both --- */

/* Asks the guest to tell of buffers as far as they are waited for; true if there are some already. */
static bool ask_guest(struct console_port *port)
{
    bool output = virtqueue_want_notification(port_queue(port, CONSOLE_QUEUE_TRANSMIT), !port->held);
    bool input_waits = wants_input(port) && serial_queue_length(&port->receive) != 0;
    bool input = virtqueue_want_notification(port_queue(port, CONSOLE_QUEUE_RECEIVE), input_waits);
    return output || input;
}

/* Asks the peer to tell of whatever is waited for; true if that has come already. */
static bool ask_peer(struct console_port *port, bool live)
{
    uint32_t seen = serial_queue_length(&port->receive);
    serial_queue_request_signal(&port->receive);
    bool more = serial_queue_length(&port->receive) != seen;
    if (live && port->held) {
        serial_queue_request_space(&port->transmit);
        more |= serial_queue_free(&port->transmit) != 0;
    }
    return more;
}

void console_port_run(struct console_port *port)
{
    struct virtio_console *console = port->console;
    bool more = false;
    if (virtio_is_live(&console->device)) {
        more = transmit(port);
        more |= receive(port);
    }
    bool live = virtio_is_live(&console->device);
    more |= live && ask_guest(port);
    more |= ask_peer(port, live);
    bool signal = serial_queue_take_signal(&port->transmit);
    signal |= serial_queue_take_space_request(&port->receive);
    if (signal) {
        hv_notify(port->channel);
    }
    if (more && live) {
        /* After whatever else there is to do. */
        console->later |= 1u << port->index;
        timer_arm(&console->device.vm->vcpus[0].timers, &console->timer, hv_now() + 1);
    }
}

void console_port_reset(struct console_port *port)
{
    port->held = false;
    port->ready = false;
    port->open = false;
    port->owed = 0;
}
