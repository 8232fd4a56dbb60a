/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager's program: parent of the VMMs, and a shell on its own console. */
#include <base/memory.h>
#include <skyscope.h>
#include <skyscope/serial_queue.h>

#include "../console/multiplexer.h"
#include "manager.h"

uintptr_t skyscope_config; /* written by the tool: address of a struct manager_config */

/* Where programs begin (libmicrokit/microkit.ld). */
#define PROGRAM_ENTRY 0x200000u

static struct manager manager;
static struct serial_queue_handle to_console, from_console;
static unsigned int console_channel;
static bool running;

static uint64_t now(void)
{
    return skyscope_clock();
}

static void restart_child(unsigned int child)
{
    microkit_pd_restart(child, PROGRAM_ENTRY);
}

static void system_operation(enum skyscope_system_operation operation)
{
    (void)skyscope_system(operation);
}

/* random_entropy_fn: for generators of its own. */
static bool entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    return skyscope_random(buffer, size) == SKYSCOPE_OK;
}

static const struct manager_operations operations = {
    .now = now,
    .notify = microkit_notify,
    .restart_child = restart_child,
    .stop_child = microkit_pd_stop,
    .system = system_operation,
    .entropy = entropy,
};

/* --- The console --- */

static void flush(void)
{
    char text[512];
    bool wrote = false;
    while (text_output_waiting(&manager.out) > 0) {
        uint32_t room = serial_queue_free(&to_console);
        if (room == 0) {
            serial_queue_request_space(&to_console);
            if (serial_queue_free(&to_console) == 0) {
                break;
            }
            continue;
        }
        uint32_t count = text_output_take(&manager.out, text, room < sizeof(text) ? room : sizeof(text));
        (void)serial_queue_write(&to_console, text, count);
        wrote = true;
        /* The multiplexer has the higher priority: this makes room. */
        if (serial_queue_take_signal(&to_console)) {
            microkit_notify(console_channel);
        }
    }
    if (wrote && serial_queue_take_signal(&to_console)) {
        microkit_notify(console_channel);
    }
}

static void read_keys(void)
{
    char key;
    do {
        while (!manager.busy && serial_queue_get(&from_console, &key)) {
            manager_key(&manager, key);
            flush();
        }
        serial_queue_request_signal(&from_console);
    } while (!manager.busy && serial_queue_length(&from_console) > 0);
}

static void work(void)
{
    if (manager_poll(&manager)) {
        /* Look again in 50 ms, in case there is no notification. */
        skyscope_timer_set(now() + manager.tick_frequency / 20);
    }
    read_keys();
    if (manager.busy) {
        skyscope_timer_set(now() + manager.tick_frequency / 20);
    }
    flush();
}

static bool connect_console(const struct queue_pair_config *config)
{
    console_channel = config->channel;
    return config->present != 0 && config->channel <= MICROKIT_MAX_CHANNEL_ID &&
           serial_queue_attach(&to_console, config->transmit_queue, config->transmit_data, config->transmit_capacity) &&
           serial_queue_attach(&from_console, config->receive_queue, config->receive_data, config->receive_capacity);
}

/* --- Entry points --- */

void init(void)
{
    const struct manager_config *config = (const struct manager_config *)skyscope_config;
    if (!manager_initialise(&manager, &operations, config, skyscope_time().tick_frequency) ||
        !connect_console(&config->console)) {
        microkit_dbg_puts("manager: no valid configuration\n");
        return;
    }
    running = true;
    manager_show_banner(&manager);
    /* Then the first VM's console comes to the front. */
    static const char to_first[] = {CONSOLE_SWITCH_INTRODUCER, CONSOLE_SWITCH_BASE};
    print_bytes(&manager.out, to_first, manager.vm_count > 0 ? sizeof(to_first) : 0);
    manager_prompt(&manager);
    work();
}

void notified(microkit_channel channel)
{
    (void)channel;
    if (running) {
        work();
    }
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    if (running) {
        work();
    }
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    (void)reply;
    if (running) {
        manager_child_faulted(&manager, child, info.words[0]);
        work();
    } else {
        microkit_pd_stop(child);
    }
    /* No answer: the child stays where it is. */
    return seL4_False;
}
