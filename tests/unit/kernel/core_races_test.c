/* SPDX-License-Identifier: BSD-2-Clause */
/* Moments at which something else happens in the middle: on a fake machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kernel/irq.h>

#include "fake/machine.h"

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_check_invariants();
    return 0;
}

static void receive(struct thread *thread)
{
    fake_call(thread, SYSCALL_RECV, 0, 0, 0);
}

static void rest(struct thread *thread)
{
    thread->pd->flags = PLAN_PD_PASSIVE;
    assert_int_equal(fake_call(thread, SYSCALL_GO_PASSIVE, 0, 0, 0), 0);
    receive(thread);
}

/* client -> server -> backend, the two last passive; the server's parent is far. */
struct chain {
    struct thread *client, *server, *backend, *parent;
};

static struct chain start_chain(void)
{
    struct chain c = {
        .client = fake_thread("client", 0, 10, 1000, 1000),
        .server = fake_thread("server", 0, 20, 1000, 1000),
        .backend = fake_thread("backend", 0, 30, 1000, 1000),
        .parent = fake_thread("parent", 1, 10, 1000, 1000),
    };
    fake_channel(c.client, 1, c.server, 1, true);
    fake_channel(c.server, 2, c.backend, 2, true);
    fake_parent(c.parent, c.server, 5);
    fake_parent(c.parent, c.backend, 6);
    fake_start();
    rest(c.backend);
    rest(c.server);
    fake_call(c.client, SYSCALL_CALL, 1, 0, 0);
    fake_call(c.server, SYSCALL_CALL, 2, 0, 0);
    assert_ptr_equal(fake_current(0), c.backend);
    assert_ptr_equal(c.backend->sc, &c.client->home);
    return c;
}

static void control(struct thread *parent, uint64_t child, uint64_t operation)
{
    fake_call(parent, SYSCALL_PD_CONTROL, child, operation, 0);
    fake_deliver_interrupts(0);
    fake_deliver_interrupts(1);
    assert_int_equal(parent->block, BLOCK_NONE);
    fake_check_invariants();
}

static void test_stopped_server_keeps_no_budget(void **state)
{
    (void)state;
    struct chain c = start_chain();
    control(c.parent, 5, SKYSCOPE_PD_STOP);
    assert_ptr_equal(fake_current(0), c.backend);
    fake_call(c.backend, SYSCALL_REPLY_RECV, 0, 0, 0);
    /* The client has heard that its server was stopped, and can go on. */
    assert_ptr_equal(fake_current(0), c.client);
    assert_int_equal((int64_t)c.client->frame.rax, -SKYSCOPE_PEER_STOPPED);
    assert_ptr_equal(c.client->sc, &c.client->home);
    /* The server goes on with what is its own, and rests again. */
    control(c.parent, 5, SKYSCOPE_PD_RESUME);
    assert_ptr_equal(fake_current(0), c.server);
    fake_call(c.server, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_ptr_equal(fake_current(0), c.client);
    assert_null(c.server->sc);
}

static void test_stopped_backend_of_a_stopped_server(void **state)
{
    (void)state;
    struct chain c = start_chain();
    control(c.parent, 5, SKYSCOPE_PD_STOP);
    control(c.parent, 6, SKYSCOPE_PD_STOP);
    assert_ptr_equal(fake_current(0), c.client);
    assert_ptr_equal(c.client->sc, &c.client->home);
}

static void test_restarted_server_in_a_chain(void **state)
{
    (void)state;
    struct chain c = start_chain();
    control(c.parent, 5, SKYSCOPE_PD_RESTART);
    fake_call(c.backend, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_ptr_equal(fake_current(0), c.server);
    assert_ptr_equal(c.server->sc, &c.server->home);
    rest(c.server);
    assert_ptr_equal(fake_current(0), c.client);
    fake_call(c.client, SYSCALL_CALL, 1, 0, 0);
    assert_ptr_equal(fake_current(0), c.server);
    assert_ptr_equal(c.server->sc, &c.client->home);
}

static void test_no_budget_is_saved_up_while_preempted(void **state)
{
    (void)state;
    struct thread *lowest = fake_thread("lowest", 0, 5, 1000, 1000);
    struct thread *limited = fake_thread("limited", 0, 10, 100, 1000);
    struct thread *high = fake_thread("high", 0, 20, 1000, 1000);
    fake_channel(lowest, 1, high, 1, false);
    fake_start();
    assert_ptr_equal(fake_current(0), high);
    fake_advance(50000);
    receive(high);
    assert_ptr_equal(fake_current(0), limited);
    fake_advance(101);
    assert_ptr_equal(fake_current(0), lowest);
    fake_advance(800);
    assert_ptr_equal(fake_current(0), lowest);
    fake_advance(100);
    assert_ptr_equal(fake_current(0), limited);
}

static void test_only_the_words_of_a_message_are_seen(void **state)
{
    (void)state;
    struct thread *client = fake_thread("client", 0, 10, 1000, 1000);
    struct thread *server = fake_thread("server", 0, 20, 1000, 1000);
    fake_channel(client, 1, server, 1, true);
    fake_start();
    receive(server);
    for (uint64_t length = 0; length < 6; length++) {
        client->frame.r10 = client->frame.r8 = client->frame.r9 = client->frame.r15 = client->message[4] = 1;
        server->frame.r10 = server->frame.r8 = server->frame.r9 = server->frame.r15 = server->message[4] = 2;
        fake_call(client, SYSCALL_CALL, 1, length, 0);
        assert_int_equal(server->frame.r10, length > 0 ? 1 : 2);
        assert_int_equal(server->frame.r8, length > 1 ? 1 : 2);
        assert_int_equal(server->frame.r9, length > 2 ? 1 : 2);
        assert_int_equal(server->frame.r15, length > 3 ? 1 : 2);
        assert_int_equal(server->message[4], length > 4 ? 1 : 2);
        server->frame.r10 = server->frame.r8 = server->frame.r9 = server->frame.r15 = server->message[4] = 3;
        fake_call(server, SYSCALL_REPLY_RECV, 0, length, 0);
        assert_int_equal(client->frame.r10, length > 0 ? 3 : 1);
        assert_int_equal(client->frame.r8, length > 1 ? 3 : 1);
        assert_int_equal(client->frame.r9, length > 2 ? 3 : 1);
        assert_int_equal(client->frame.r15, length > 3 ? 3 : 1);
        assert_int_equal(client->message[4], length > 4 ? 3 : 1);
    }
}

static struct thread *late;

static void acknowledge_elsewhere(struct irq *irq)
{
    (void)irq;
    irq_acknowledge(late->pd->irqs[3]);
}

static void test_late_acknowledgement_loses_no_interrupt(void **state)
{
    (void)state;
    late = fake_thread("driver", 0, 10, 1000, 1000);
    struct irq *irq = fake_irq(late, 3, true);
    fake_start();
    receive(late);
    fake_before_mask = acknowledge_elsewhere;
    fake_interrupt(irq);
    fake_before_mask = NULL;
    assert_int_equal(late->frame.rdi, 1u << 3);
    assert_true(fake_irq_is_masked);
    assert_int_equal(fake_call(late, SYSCALL_IRQ_ACK, 3, 0, 0), 0);
    assert_false(fake_irq_is_masked);
}

static void test_restart_of_a_running_thread_has_its_fpu(void **state)
{
    (void)state;
    static char fpu;
    struct thread *parent = fake_thread("parent", 0, 10, 1000, 1000);
    struct thread *child = fake_thread("child", 1, 10, 1000, 1000);
    child->fpu = (struct fpu_state *)(void *)&fpu;
    fake_parent(parent, child, 2);
    fake_start();
    assert_ptr_equal(fake_fpu_owner, child->fpu);
    fake_call(parent, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_RESTART, 0x300000);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(1), child);
    assert_int_equal(child->frame.rip, 0x300000);
    assert_ptr_equal(fake_fpu_owner, child->fpu);
}

static void test_guest_that_only_exits_into_the_kernel_can_be_stopped(void **state)
{
    (void)state;
    struct thread *parent = fake_thread("parent", 0, 10, 1000, 1000);
    struct thread *vmm = fake_thread("vmm", 1, 10, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_parent(parent, vmm, 2);
    fake_start();
    fake_call(parent, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_STOP, 0);
    assert_true(fake_interrupt_pending(1));
    fake_vcpu_always = VCPU_ENTER_AGAIN;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_null(fake_current(1));
    assert_true(vmm->stopped);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), parent);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_stopped_server_keeps_no_budget),
        CASE(test_stopped_backend_of_a_stopped_server),
        CASE(test_restarted_server_in_a_chain),
        CASE(test_no_budget_is_saved_up_while_preempted),
        CASE(test_only_the_words_of_a_message_are_seen),
        CASE(test_late_acknowledgement_loses_no_interrupt),
        CASE(test_restart_of_a_running_thread_has_its_fpu),
        CASE(test_guest_that_only_exits_into_the_kernel_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
