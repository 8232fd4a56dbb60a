/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's console: a pair of character queues to the multiplexer.
 *
 * The reader is notified at the end of a line, when many characters wait, when
 * the guest goes idle, and FLUSH_MILLISECONDS after the first of them at the
 * latest: not for every character.
 */
#include <vmm/hv.h>
#include <vmm/vm.h>

#define FLUSH_CHARACTERS   256u
#define FLUSH_MILLISECONDS 2u

bool vm_console_put(void *context, uint8_t character)
{
    struct vm *vm = context;
    struct vm_console *console = &vm->console;
    if (!console->present) {
        return true; /* nothing plugged in: it is gone */
    }
    bool queued = serial_queue_put(&console->transmit, (char)character);
    if (__builtin_expect(!queued, 0)) {
        /* Look again before long: room is not announced. */
        vm_console_flush(vm);
    } else {
        console->unsignalled++;
        if (character == '\n' || console->unsignalled >= FLUSH_CHARACTERS) {
            vm_console_flush(vm);
            return true;
        }
    }
    if (console->flush_timer.deadline == 0) {
        uint64_t delay = timer_scale(vm->clock.frequency, FLUSH_MILLISECONDS, 1000);
        timer_arm(&vm->vcpus[0].timers, &console->flush_timer, hv_now() + delay);
    }
    return queued;
}

bool vm_console_get(void *context, uint8_t *character)
{
    struct vm *vm = context;
    char c;
    if (!vm->console.present || !serial_queue_get(&vm->console.receive, &c)) {
        return false;
    }
    *character = (uint8_t)c;
    return true;
}

void vm_console_flush(struct vm *vm)
{
    struct vm_console *console = &vm->console;
    console->unsignalled = 0;
    if (console->flush_timer.deadline != 0) {
        timer_arm(&vm->vcpus[0].timers, &console->flush_timer, 0);
    }
    if (console->present && serial_queue_take_signal(&console->transmit)) {
        hv_notify(console->channel);
    }
}

static void flush_expired(void *context, uint64_t now)
{
    struct vm *vm = context;
    (void)now;
    vm_console_flush(vm);
    arch_console_input(vm);
    if (arch_console_waits(vm)) { /* the queue is still full */
        uint64_t delay = timer_scale(vm->clock.frequency, FLUSH_MILLISECONDS, 1000);
        timer_arm(&vm->vcpus[0].timers, &vm->console.flush_timer, hv_now() + delay);
    }
}

void vm_console_input(struct vm *vm)
{
    if (!vm->console.present) {
        return;
    }
    arch_console_input(vm);
    serial_queue_request_signal(&vm->console.receive);
    /* What came in between is not announced. */
    if (serial_queue_length(&vm->console.receive) != 0) {
        arch_console_input(vm);
    }
}

static bool power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

bool vm_console_init(struct vm *vm)
{
    const struct queue_pair_config *config = &vm->config.console;
    struct vm_console *console = &vm->console;
    console->flush_timer = (struct timer){.expired = flush_expired, .device = vm};
    if (timer_add(&vm->vcpus[0].timers, &console->flush_timer) != 0) {
        return false;
    }
    if (config->present == 0) {
        return true;
    }
    if (config->transmit_queue == 0 || config->transmit_data == 0 || config->receive_queue == 0 ||
        config->receive_data == 0 || !power_of_two(config->transmit_capacity) ||
        !power_of_two(config->receive_capacity) || config->channel >= 62) {
        return false;
    }
    console->transmit = (struct serial_queue_handle){.queue = (void *)(uintptr_t)config->transmit_queue,
                                                     .capacity = config->transmit_capacity,
                                                     .data = (void *)(uintptr_t)config->transmit_data};
    console->receive = (struct serial_queue_handle){.queue = (void *)(uintptr_t)config->receive_queue,
                                                    .capacity = config->receive_capacity,
                                                    .data = (void *)(uintptr_t)config->receive_data};
    console->channel = config->channel;
    console->present = true;
    serial_queue_request_signal(&console->receive);
    return true;
}
