/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial driver: a UART on one side, a pair of character queues on the other. */
#include <base/memory.h>
#include <microkit.h>
#include <skyscope/serial_queue.h>
#include <skyscope/vm_config.h>

#include "registers.h"
#include "uart.h"

uintptr_t skyscope_config; /* written by the tool: address of a struct serial_config */

struct serial_driver {
    struct serial_config config;
    struct uart uart;
    struct serial_queue_handle to_client;
    struct serial_queue_handle from_client;
    uint64_t dropped; /* characters received that the client had no room for */
    bool running;
};

static struct serial_driver driver;

static uint32_t read_register(void *context, unsigned int offset)
{
    const struct serial_driver *d = context;
    return register_read(&d->config, offset);
}

static void write_register(void *context, unsigned int offset, uint32_t value)
{
    const struct serial_driver *d = context;
    register_write(&d->config, offset, value);
}

static void received(void *context, char c)
{
    struct serial_driver *d = context;
    if (!serial_queue_put(&d->to_client, c)) {
        d->dropped++;
    }
}

static uint32_t take(void *context, char *to, uint32_t limit)
{
    struct serial_driver *d = context;
    uint32_t count = serial_queue_read(&d->from_client, to, limit);
    if (count < limit) {
        /* Empty, or nearly: be told of more. What came in between is taken now. */
        serial_queue_request_signal(&d->from_client);
        count += serial_queue_read(&d->from_client, to + count, limit - count);
    }
    return count;
}

static const struct uart_operations operations = {
    .read_register = read_register,
    .write_register = write_register,
    .received = received,
    .take = take,
};

static bool read_config(struct serial_driver *d)
{
    if (skyscope_config == 0) {
        return false;
    }
    memcpy(&d->config, (const void *)skyscope_config, sizeof(d->config));
    const struct serial_config *c = &d->config;
    return c->magic == SERIAL_CONFIG_MAGIC && c->version == SERIAL_CONFIG_VERSION && c->size >= sizeof(*c) &&
           registers_valid(c) && c->client.present != 0 &&
           serial_queue_attach(&d->to_client, c->client.transmit_queue, c->client.transmit_data,
                               c->client.transmit_capacity) &&
           serial_queue_attach(&d->from_client, c->client.receive_queue, c->client.receive_data,
                               c->client.receive_capacity);
}

/* Tells the client what it waits for: characters that came, room that was made. */
static void notify_client(struct serial_driver *d)
{
    bool wanted = serial_queue_length(&d->to_client) > 0 && serial_queue_take_signal(&d->to_client);
    if (serial_queue_free(&d->from_client) >= d->from_client.capacity / 2 &&
        serial_queue_take_space_request(&d->from_client)) {
        wanted = true;
    }
    if (wanted) {
        microkit_notify(d->config.client.channel);
    }
}

void init(void)
{
    if (!read_config(&driver)) {
        microkit_dbg_puts("serial driver: no valid configuration\n");
        return;
    }
    if (!uart_initialise(&driver.uart, &operations, &driver, driver.config.baud_rate)) {
        microkit_dbg_puts("serial driver: no UART answers where it is configured\n");
        return;
    }
    driver.running = true;
    uart_transmit(&driver.uart);
    notify_client(&driver);
}

void notified(microkit_channel channel)
{
    if (!driver.running) {
        return;
    }
    if (channel == driver.config.irq_channel) {
        uart_interrupt(&driver.uart);
        notify_client(&driver);
        microkit_deferred_irq_ack(channel);
    } else {
        uart_transmit(&driver.uart);
        notify_client(&driver);
    }
}
