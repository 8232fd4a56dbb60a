/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/virtio/virtio_console.h>

#include <stddef.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

/* --- The terminal's size --- */

/* Looks at it; tells the driver if it is another than before. */
static void look_at_size(struct virtio_console *console)
{
    uint16_t columns, rows;
    if (!serial_queue_terminal(&console->ports[0].receive, &columns, &rows) ||
        (columns == console->config.columns && rows == console->config.rows)) {
        return;
    }
    console->config.columns = columns;
    console->config.rows = rows;
    if (console_multiport(console)) {
        /* By a message; a port that is not ready gets it when it is. */
        if (console->ports[0].ready && virtio_has(&console->device, VIRTIO_CONSOLE_F_SIZE)) {
            console->ports[0].owed |= 1u << CONSOLE_RESIZE;
            console_control_run(console);
        }
    } else {
        virtio_config_changed(&console->device);
    }
}

void console_port_notified(void *context)
{
    struct console_port *port = context;
    if (port->index == 0) {
        look_at_size(port->console);
    }
    console_port_run(port);
}

/* Linux takes no notice of a size before it has made its console, some time after it has started the device. So it is
 * told once more, with the first character of later on. */
static void announce_again(struct virtio_console *console)
{
    if (console->announce_again && hv_now() - console->announced >= console->device.vm->clock.frequency) {
        console->announce_again = false;
        virtio_config_changed(&console->device);
    }
}

/* --- The driver --- */

static void queue_notified(void *context, uint32_t queue)
{
    struct virtio_console *console = context;
    if (queue < CONSOLE_QUEUE_CONTROL_RECEIVE) {
        announce_again(console);
        console_port_run(&console->ports[0]);
    } else if (queue < CONSOLE_QUEUE_PORT_1) {
        console_control_run(console);
    } else if (console_multiport(console)) {
        console_port_run(&console->ports[1 + (queue - CONSOLE_QUEUE_PORT_1) / 2]);
    }
}

static void start(void *context)
{
    struct virtio_console *console = context;
    look_at_size(console);
    if (!console_multiport(console)) {
        virtio_config_changed(&console->device); /* Linux looks at the size only then */
        console->announced = hv_now();
        console->announce_again = true;
    }
}

static void expired(void *context, uint64_t now)
{
    struct virtio_console *console = context;
    uint32_t later = console->later;
    (void)now;
    console->later = 0;
    if ((later & CONSOLE_CONTROL_LATER) != 0) {
        console_control_run(console);
    }
    for (uint32_t i = 0; i < console->port_count; i++) {
        if ((later & 1u << i) != 0) {
            console_port_run(&console->ports[i]);
        }
    }
}

static void reset(void *context)
{
    struct virtio_console *console = context;
    for (uint32_t i = 0; i < console->port_count; i++) {
        console_port_reset(&console->ports[i]);
    }
    console->later = 0;
    console->announce_again = false;
    timer_arm(&console->device.vm->vcpus[0].timers, &console->timer, 0);
}

static void queue_reset(void *context, uint32_t queue)
{
    struct virtio_console *console = context;
    if (queue == CONSOLE_QUEUE_TRANSMIT) {
        console->ports[0].held = false;
    } else if (queue > CONSOLE_QUEUE_PORT_1 && queue % 2 == 1) {
        console->ports[1 + (queue - CONSOLE_QUEUE_PORT_1) / 2].held = false;
    }
}

static void config_written(void *context, uint32_t offset, uint32_t width, uint64_t value)
{
    struct virtio_console *console = context;
    struct console_port *port = &console->ports[0];
    (void)width;
    if (offset != offsetof(struct virtio_console_config, emergency_write)) {
        return; /* read-only */
    }
    /* There is no way to have it wait: the guest may be about to die. */
    if (!serial_queue_put(&port->transmit, (char)value)) {
        console->emergency_dropped++;
    }
    if (serial_queue_take_signal(&port->transmit)) {
        hv_notify(port->channel);
    }
}

static const struct virtio_ops ops = {
    .type = VIRTIO_TYPE_CONSOLE,
    .name = "console",
    .start = start,
    .queue_notified = queue_notified,
    .reset = reset,
    .queue_reset = queue_reset,
    .config_written = config_written,
};

/* --- Creation --- */

static const char *attach(struct console_port *port, const struct console_port_config *config)
{
    const struct queue_pair_config *queue = &config->queue;
    if (strnlen(config->name, sizeof(config->name)) == sizeof(config->name)) {
        return "configuration: a port's name without end";
    }
    if (queue->present == 0 || queue->channel >= VM_CHANNELS || queue->receive_queue % SERIAL_PAGE_SIZE != 0 ||
        !serial_queue_attach(&port->transmit, queue->transmit_queue, queue->transmit_data, queue->transmit_capacity) ||
        !serial_queue_attach(&port->receive, queue->receive_queue, queue->receive_data, queue->receive_capacity)) {
        return "configuration: bad queues of a console's port";
    }
    memcpy(port->name, config->name, sizeof(port->name));
    port->channel = queue->channel;
    return NULL;
}

const char *virtio_console_init(struct virtio_console *console, struct vm *vm, const struct vm_device_config *config)
{
    memset(console, 0, sizeof(*console));
    if (config->queues == 0 || config->queues > VM_CONSOLE_MAX_PORTS) {
        return "configuration: a console with no ports, or too many";
    }
    console->port_count = config->queues;
    for (uint32_t i = 0; i < console->port_count; i++) {
        struct console_port *port = &console->ports[i];
        port->console = console;
        port->index = i;
        const char *problem = attach(port, &config->console.ports[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    console->config = (struct virtio_console_config){
        .columns = CONSOLE_COLUMNS, .rows = CONSOLE_ROWS, .maximum_ports = console->port_count};
    uint64_t multiport = console->port_count > 1 ? VIRTIO_CONSOLE_F_MULTIPORT : 0;
    virtio_device_init(&console->device, &ops, console, vm, config->name,
                       VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_EMERG_WRITE | multiport, &console->config,
                       sizeof(console->config));
    uint32_t queues = multiport != 0 ? (console->port_count + 1) * 2 : 2;
    for (uint32_t i = 0; i < queues; i++) {
        if (virtio_add_queue(&console->device, CONSOLE_QUEUE_SIZE) != 0) {
            return "no room for the console's queues";
        }
    }
    console->timer = (struct timer){.expired = expired, .device = console};
    if (timer_add(&vm->vcpus[0].timers, &console->timer) != 0) {
        return "no room for the console's timer";
    }
    for (uint32_t i = 0; i < console->port_count; i++) {
        serial_queue_request_signal(&console->ports[i].receive);
    }
    return NULL;
}

static const char *create(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device)
{
    _Static_assert(sizeof(struct virtio_console) <= VM_WORKSPACE_CONSOLE, "it has to fit");
    _Static_assert((VM_CONSOLE_MAX_PORTS + 1) * 2 <= VIRTIO_MAX_QUEUES, "there have to be so many queues");
    struct virtio_console *console = device_allocate(vm, sizeof(*console));
    if (console == NULL) {
        return "configuration: the workspace of the devices is too small";
    }
    *device = &console->device;
    const char *problem = virtio_console_init(console, vm, config);
    for (uint32_t i = 0; problem == NULL && i < console->port_count; i++) {
        if (device_listen(vm, console->ports[i].channel, console_port_notified, &console->ports[i]) != 0) {
            problem = "configuration: a channel that two devices listen to";
        }
    }
    return problem;
}

const struct device_kind virtio_console_kind = {.kind = VM_DEVICE_CONSOLE, .create = create};
