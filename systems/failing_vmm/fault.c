/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands between libmicrokit and the VMM's handler of exits (which the build has
 * renamed). When its guest writes to a certain address where nothing is, the VMM
 * behaves as if the guest had found a bug in it: it faults, or it is taken over and
 * does all the harm to others that it can.
 */
#include <skyscope.h>
#include <skyscope/log_ring.h>
#include <skyscope/serial_queue.h>
#include <skyscope/vm_config.h>
#include <skyscope/vm_control.h>

#define FATAL_ADDRESS   0xd0004f48ull
#define HOSTILE_ADDRESS 0xd0004f50ull

extern uintptr_t skyscope_config;
void vmm_vcpu_exit(unsigned int thread);

static uint64_t random_word(void)
{
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void scribble(uint64_t address, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += sizeof(uint64_t)) {
        *(volatile uint64_t *)(address + i) = random_word();
    }
}

/* Fills all that it shares with the services with noise, and wakes them without pause. */
static void __attribute__((noreturn)) do_harm(const struct vm_config *config)
{
    const struct queue_pair_config *console = &config->console;
    for (;;) {
        volatile struct serial_queue *out = (volatile struct serial_queue *)console->transmit_queue;
        volatile struct serial_queue *in = (volatile struct serial_queue *)console->receive_queue;
        scribble(console->transmit_data, 256);
        out->tail = random_word() % 4 != 0 ? out->head + console->transmit_capacity : (uint32_t)random_word();
        out->producer_signalled = (uint32_t)random_word();
        out->consumer_signalled = (uint32_t)random_word();
        in->head = (uint32_t)random_word();
        in->producer_signalled = 1;
        in->consumer_signalled = 1;
        scribble(config->control, sizeof(struct vm_control));
        scribble(config->log, sizeof(struct log_ring) + 1024);
        for (unsigned int i = 0; i < 20; i++) {
            microkit_notify(console->channel);
            microkit_notify(config->control_channel);
        }
    }
}

void skyscope_vcpu_exit(unsigned int thread)
{
    const struct vm_config *config = (const struct vm_config *)skyscope_config;
    const struct vcpu_page *page = (const struct vcpu_page *)config->vcpu_page[thread];
    if (page->exit.kind == VCPU_EXIT_MEMORY) {
        if (page->exit.memory.gpa == FATAL_ADDRESS) {
            *(volatile int *)0xdead0 = 0;
        } else if (page->exit.memory.gpa == HOSTILE_ADDRESS) {
            do_harm(config);
        }
    }
    vmm_vcpu_exit(thread);
}
