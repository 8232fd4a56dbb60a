/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console multiplexer's program: queues of characters from and to the serial
 * driver on one side and each VM and the manager on the other.
 *
 * Each time it is woken it serves everyone in turns of bounded size, for a
 * bounded number of turns; what is left then waits for a millisecond. So a
 * client that floods its queue takes no one else's turn.
 */
#include <base/memory.h>
#include <skyscope.h>
#include <skyscope/serial_queue.h>

#include "multiplexer.h"

uintptr_t skyscope_config; /* written by the tool: address of a struct console_config */

#define TURN_BYTES 1024u
#define MAX_TURNS  32u

struct connection {
    struct serial_queue_handle to, from;
    unsigned int channel;
    bool notify; /* when this turn ends */
};

struct console {
    struct multiplexer multiplexer;
    struct connection driver;
    struct connection clients[CONSOLE_MAX_CLIENTS];
    uint64_t ticks_per_millisecond;
    uint16_t columns, rows; /* of the terminal, as clients have been told */
    bool running;
};

static struct console console;

/* --- Configuration --- */

static bool connect(struct connection *connection, const struct queue_pair_config *config)
{
    connection->channel = config->channel;
    return config->present != 0 && config->channel <= MICROKIT_MAX_CHANNEL_ID &&
           config->transmit_queue % SERIAL_PAGE_SIZE == 0 &&
           serial_queue_attach(&connection->to, config->transmit_queue, config->transmit_data,
                               config->transmit_capacity) &&
           serial_queue_attach(&connection->from, config->receive_queue, config->receive_data,
                               config->receive_capacity);
}

static bool read_config(struct console *c)
{
    const struct console_config *config = (const struct console_config *)skyscope_config;
    if (config == NULL || config->magic != CONSOLE_CONFIG_MAGIC || config->version != CONSOLE_CONFIG_VERSION ||
        config->size < sizeof(*config) || config->client_count == 0 || config->client_count > CONSOLE_MAX_CLIENTS ||
        config->hot_key < 0x01 || config->hot_key > 0x1f || !connect(&c->driver, &config->driver)) {
        return false;
    }
    multiplexer_initialise(&c->multiplexer, (uint8_t)config->hot_key);
    for (uint32_t i = 0; i < config->client_count; i++) {
        const struct console_client_config *client = &config->clients[i];
        if (strnlen(client->name, sizeof(client->name)) == sizeof(client->name) ||
            !connect(&c->clients[i], &client->queue) ||
            !multiplexer_add_client(&c->multiplexer, client->name, (char *)(uintptr_t)client->history,
                                    client->history_size, client->is_manager != 0)) {
            return false;
        }
    }
    return true;
}

/* --- One turn of each. All return whether anything moved. --- */

static void send_keys(struct console *c, const char *keys, uint32_t count)
{
    uint32_t front = c->multiplexer.front;
    uint32_t sent = serial_queue_write(&c->clients[front].to, keys, count);
    c->multiplexer.clients[front].input_dropped += count - sent;
    c->clients[front].notify = c->clients[front].notify || count > 0;
}

static bool turn_keys(struct console *c)
{
    char input[64], keys[REPORT_MAX_LENGTH];
    uint32_t count = serial_queue_read(&c->driver.from, input, sizeof(input));
    c->multiplexer.now = skyscope_clock() / c->ticks_per_millisecond;
    if (count == 0) { /* what is held back waits for nothing that has come already */
        send_keys(c, keys, multiplexer_tick(&c->multiplexer, keys));
    }
    for (uint32_t i = 0; i < count; i++) {
        send_keys(c, keys, multiplexer_input(&c->multiplexer, input[i], keys));
    }
    return count > 0;
}

/* All clients have the same terminal. */
static void tell_size(struct console *c)
{
    struct multiplexer *m = &c->multiplexer;
    if (m->columns == c->columns && m->rows == c->rows) {
        return;
    }
    c->columns = m->columns;
    c->rows = m->rows;
    for (uint32_t i = 0; i < m->client_count; i++) {
        if (serial_queue_set_terminal(&c->clients[i].to, m->columns, m->rows)) {
            microkit_notify(c->clients[i].channel);
        }
    }
}

static bool turn_client(struct console *c, uint32_t index)
{
    char text[TURN_BYTES];
    uint32_t limit = multiplexer_accepts(&c->multiplexer, index);
    uint32_t count = serial_queue_read(&c->clients[index].from, text, limit < TURN_BYTES ? limit : TURN_BYTES);
    multiplexer_receive(&c->multiplexer, index, text, count);
    return count > 0;
}

static bool turn_terminal(struct console *c)
{
    char text[TURN_BYTES];
    multiplexer_pump(&c->multiplexer);
    uint32_t room = serial_queue_free(&c->driver.to);
    uint32_t count = multiplexer_take(&c->multiplexer, text, room < TURN_BYTES ? room : TURN_BYTES);
    /* The room was looked at once; should the driver meanwhile claim less, the
     * rest is lost, which harms nobody but the driver's own output. */
    (void)serial_queue_write(&c->driver.to, text, count);
    c->driver.notify = c->driver.notify || count > 0;
    return count > 0;
}

static void send_notifications(struct console *c)
{
    for (uint32_t i = 0; i < c->multiplexer.client_count; i++) {
        struct connection *client = &c->clients[i];
        bool wanted = client->notify && serial_queue_take_signal(&client->to);
        if (serial_queue_free(&client->from) >= client->from.capacity / 2 &&
            serial_queue_take_space_request(&client->from)) {
            wanted = true;
        }
        client->notify = false;
        if (wanted) {
            microkit_notify(client->channel);
        }
    }
    if (c->driver.notify && serial_queue_take_signal(&c->driver.to)) {
        microkit_notify(c->driver.channel);
    }
    c->driver.notify = false;
}

/* Asks to be woken for what may come. Returns whether something has come already. */
static bool request_signals(struct console *c)
{
    bool more = false;
    serial_queue_request_signal(&c->driver.from);
    more = serial_queue_length(&c->driver.from) > 0;
    for (uint32_t i = 0; i < c->multiplexer.client_count; i++) {
        serial_queue_request_signal(&c->clients[i].from);
        /* What a client in front must hold back is no reason to stay awake: the
         * driver says when there is room. */
        more = more || (serial_queue_length(&c->clients[i].from) > 0 && multiplexer_accepts(&c->multiplexer, i) > 0);
    }
    if (multiplexer_staged(&c->multiplexer) > 0) {
        serial_queue_request_space(&c->driver.to);
        more = more || serial_queue_free(&c->driver.to) > 0;
    }
    return more;
}

static void serve(struct console *c)
{
    for (unsigned int turn = 0; turn < MAX_TURNS; turn++) {
        bool moved = turn_keys(c);
        tell_size(c);
        for (uint32_t i = 0; i < c->multiplexer.client_count; i++) {
            moved = turn_client(c, i) || moved;
        }
        moved = turn_terminal(c) || moved;
        if (!moved) {
            send_notifications(c);
            if (!request_signals(c)) {
                /* What is held back of the keys is not for long. */
                uint64_t deadline = multiplexer_deadline(&c->multiplexer);
                if (deadline != 0) {
                    skyscope_timer_set((deadline + 1) * c->ticks_per_millisecond);
                }
                return;
            }
        }
    }
    send_notifications(c);
    if (request_signals(c)) {
        skyscope_timer_set(skyscope_clock() + c->ticks_per_millisecond);
    }
}

void init(void)
{
    if (!read_config(&console)) {
        microkit_dbg_puts("console: no valid configuration\n");
        return;
    }
    console.ticks_per_millisecond = skyscope_time().tick_frequency / 1000;
    if (console.ticks_per_millisecond == 0) {
        microkit_dbg_puts("console: no clock\n");
        return;
    }
    console.running = true;
    console.multiplexer.now = skyscope_clock() / console.ticks_per_millisecond;
    multiplexer_start(&console.multiplexer);
    serve(&console);
}

void notified(microkit_channel channel)
{
    (void)channel;
    if (console.running) {
        serve(&console);
    }
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (console.running) {
        serve(&console);
    }
}
