/* SPDX-License-Identifier: BSD-2-Clause */
/* Random system calls, faults, interrupts and delays on two CPUs; after each step
 * the kernel's data must be consistent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kernel/fault.h>
#include <kernel/irq.h>

#include "fake/machine.h"
#include "fake/random.h"

#define SEEDS 60u
#define STEPS 4000u

static struct fake_random source;

static uint64_t chance(uint64_t n)
{
    return fake_random_next(&source) % n;
}

static struct irq *irqs[2];

/* A root with children on both CPUs, one of them with a child of its own, a
 * passive server, a client with little budget, and a VMM with two threads. */
static void build(void)
{
    fake_reset();
    struct thread *root = fake_thread("root", 0, 90, 1000, 1000);
    struct thread *client = fake_thread("client", 0, 10, 1000, 1000);
    struct thread *poor = fake_thread("poor", 0, 20, 150, 1000);
    struct thread *middle = fake_thread("middle", 0, 30, 1000, 1000);
    struct thread *server = fake_thread("server", 0, 40, 500, 2000);
    struct thread *deputy = fake_thread("deputy", 1, 50, 1000, 1000);
    struct thread *leaf = fake_thread("leaf", 0, 10, 400, 800);
    struct thread *vmm = fake_thread("vmm", 1, 30, 1000, 1000);
    struct thread *second = fake_sibling(0, 25);
    fake_give_vcpu(second);
    server->pd->flags = PLAN_PD_PASSIVE;
    middle->pd->flags = PLAN_PD_PASSIVE;
    fake_channel(client, 0, server, 0, true);
    fake_channel(poor, 0, server, 1, true);
    fake_channel(middle, 0, server, 2, true);
    fake_channel(client, 1, middle, 1, true);
    fake_channel(poor, 1, middle, 2, true);
    fake_channel(leaf, 0, middle, 3, true);
    fake_channel(deputy, 0, root, 0, false);
    fake_channel(vmm, 0, server, 3, false);
    fake_channel(poor, 2, second, 1, false);
    fake_parent(root, client, 0);
    fake_parent(root, poor, 1);
    fake_parent(root, middle, 2);
    fake_parent(root, server, 3);
    fake_parent(root, deputy, 4);
    fake_parent(deputy, leaf, 0);
    fake_parent(deputy, vmm, 1);
    irqs[0] = fake_irq(server, 9, true);
    irqs[1] = fake_irq(deputy, 9, false);
    fake_start();
}

static void random_call(struct thread *thread)
{
    static const uint64_t numbers[] = {
        SYSCALL_RECV,
        SYSCALL_RECV,
        SYSCALL_REPLY_RECV,
        SYSCALL_REPLY_RECV,
        SYSCALL_SEND_RECV,
        SYSCALL_CALL,
        SYSCALL_CALL,
        SYSCALL_CALL,
        SYSCALL_NOTIFY,
        SYSCALL_NOTIFY,
        SYSCALL_IRQ_ACK,
        SYSCALL_PD_CONTROL,
        SYSCALL_PD_CONTROL,
        SYSCALL_VCPU_RUN,
        SYSCALL_VCPU_WAIT,
        SYSCALL_THREAD_SIGNAL,
        SYSCALL_GO_PASSIVE,
        SYSCALL_YIELD,
        SYSCALL_POLL,
        SYSCALL_TIMER,
        SYSCALL_PD_READ_REGISTERS,
        SYSCALL_PD_WRITE_REGISTERS,
        99,
    };
    uint64_t number = numbers[chance(sizeof(numbers) / sizeof(numbers[0]))];
    /* The more urgent a thread is, the more it waits. */
    if (chance(100) < thread->priority) {
        number = chance(2) == 0 ? SYSCALL_RECV : SYSCALL_REPLY_RECV;
    }
    uint64_t a = chance(5);
    uint64_t b = chance(4);
    if (number == SYSCALL_PD_CONTROL && chance(2) == 0) {
        b = SKYSCOPE_PD_RESTART;
    }
    if (number == SYSCALL_TIMER) {
        a = chance(3) == 0 ? 0 : fake_time_now() + chance(3000);
    }
    if (thread->vcpu != NULL) {
        thread->vcpu->page->control.deadline = chance(2) == 0 ? 0 : fake_time_now() + chance(3000);
    }
    fake_vcpu_result = chance(2) == 0 ? VCPU_ENTER_EXIT : VCPU_ENTER_AGAIN;
    fake_call(thread, number, a, b, chance(3));
}

static void step(void)
{
    uint32_t cpu = (uint32_t)chance(FAKE_CPUS);
    struct thread *current = fake_current(cpu);

    switch (chance(9)) {
    case 4:
        /* Keeps the system going: the root, above all, which has no parent. */
        fake_wake(&kernel_system.threads[chance(2) == 0 ? 0 : chance(kernel_system.thread_count)]);
        break;
    case 0:
        fake_advance(chance(500));
        break;
    case 1:
        fake_deliver_interrupts(cpu);
        break;
    case 2:
        fake_interrupt(irqs[chance(2)]);
        break;
    case 3:
        if (current != NULL && chance(8) == 0 && current->pd->parent != NULL) {
            fake_fault(cpu, chance(2) == 0 ? FAULT_VM : FAULT_USER_EXCEPTION);
        }
        break;
    default:
        if (current != NULL) {
            random_call(current);
        } else {
            fake_advance(chance(2000));
        }
        break;
    }
}

/* Nobody may hang for ever in a call whose callee is gone, or in a request that no
 * CPU works on. */
static void settle(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        fake_deliver_interrupts(0);
        fake_deliver_interrupts(1);
    }
    assert_false(fake_interrupt_pending(0));
    assert_false(fake_interrupt_pending(1));
    for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
        assert_int_not_equal(kernel_system.threads[i].block, BLOCK_CONTROL);
        assert_int_equal(kernel_system.threads[i].requests, 0);
    }
    for (uint32_t i = 0; i < kernel_system.pd_count; i++) {
        assert_int_equal(kernel_system.pds[i].control_locked, 0);
    }
}

static void test_random(void **state)
{
    (void)state;
    uint64_t calls = 0;
    for (unsigned int seed = 1; seed <= SEEDS; seed++) {
        source.state = seed;
        build();
        fake_check_invariants();
        for (unsigned int i = 0; i < STEPS; i++) {
            step();
            fake_check_invariants();
        }
        settle();
        for (uint32_t i = 0; i < kernel_system.thread_count; i++) {
            calls += kernel_system.threads[i].statistics->switches;
        }
    }
    /* It did not just sit there. */
    assert_true(calls > SEEDS * STEPS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
