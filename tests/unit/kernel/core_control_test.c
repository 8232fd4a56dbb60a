/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults, stopping and restarting threads, and threads that run a guest. */
#include "core_fixture.h"

static void test_fault_and_reply(void **state)
{
    (void)state;
    fake_parent(high, low, 7);
    fake_start();
    receive(high);
    receive(middle);
    fake_fault(0, FAULT_VM);
    assert_ptr_equal(fake_current(0), high);
    assert_true(high->frame.rdi == (FAULT_BADGE | 7));
    assert_int_equal(high->frame.rsi, info(FAULT_VM, 4));
    assert_int_equal(high->frame.r8, 0x1234);
    assert_int_equal(low->statistics->state, THREAD_FAULTED);
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 0), 0); /* tried again, whatever the label */
    assert_ptr_equal(fake_current(0), low);
    fake_fault(0, FAULT_USER_EXCEPTION);
    assert_int_equal(high->message[4], 99);
    high->frame.r10 = 0x201000;
    high->frame.r8 = 0x5000;
    high->frame.r9 = UINT64_MAX; /* flags */
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(0, 3), 0);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rip, 0x201000);
    assert_int_equal(low->frame.rsp, 0x5000);
    assert_true((low->frame.rflags & (3u << 12 | 1u << 14 | 1u << 17)) == 0);
    assert_true((low->frame.rflags & (1u << 9)) != 0);
    fake_fault(0, FAULT_USER_EXCEPTION);
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 0), 0); /* does not go on */
    assert_null(fake_current(0));
    assert_int_equal(low->block, BLOCK_FAULT);
}

static void test_fault_reply_with_bad_address(void **state)
{
    (void)state;
    fake_parent(high, low, 7);
    fake_start();
    receive(high);
    receive(middle);
    fake_fault(0, FAULT_USER_EXCEPTION);
    high->frame.r10 = 0x800000000000;
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(0, 1), 0);
    assert_int_equal(low->block, BLOCK_FAULT);
    assert_int_equal(low->frame.rip, 0x200000);
}

static void test_fault_across_cpus(void **state)
{
    (void)state;
    fake_parent(high, far, 3);
    fake_start();
    receive(high);
    fake_fault(1, FAULT_VM);
    assert_null(fake_current(1));
    fake_deliver_interrupts(0);
    assert_true(high->frame.rdi == (FAULT_BADGE | 3));
    fake_call(high, SYSCALL_REPLY_RECV, 0, 0, 0);
    assert_null(fake_current(1));
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), far);
}

static void test_control_on_same_cpu(void **state)
{
    (void)state;
    fake_parent(high, low, 0);
    fake_start();
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 1, SKYSCOPE_PD_STOP, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 62, SKYSCOPE_PD_STOP, 0), -SKYSCOPE_INVALID_CHANNEL);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, 3, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 1ull << 47),
                     -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 0, 0), -SKYSCOPE_WRONG_STATE);
    assert_int_equal(fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0), 0);
    assert_int_equal(low->statistics->state, THREAD_STOPPED);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 1, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_READ_REGISTERS, 0, 0, 0), 0);
    assert_int_equal(high->message[0], 0x200000);
    high->message[0] = 0x200100;
    high->message[2] = UINT64_MAX;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 21), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 20), 0);
    assert_int_equal(low->frame.rip, 0x200100);
    assert_int_equal(low->frame.cs, SELECTOR_USER_CODE);
    assert_int_equal(low->frame.rflags & (3u << 12), 0);
    high->message[0] = 1ull << 63;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 1), -SKYSCOPE_INVALID_ARGUMENT);
    high->message[19] = 1;
    high->message[0] = 0;
    assert_int_equal(fake_call(high, SYSCALL_PD_WRITE_REGISTERS, 0, 0, 20), -SKYSCOPE_INVALID_ARGUMENT);
    receive(high);
    receive(middle);
    assert_null(fake_current(0)); /* low is stopped */
    fake_check_invariants();
}

static void test_stopped_thread_keeps_its_place(void **state)
{
    (void)state;
    fake_parent(high, low, 0);
    fake_start();
    receive(high);
    receive(middle);
    receive(low);
    fake_wake(high);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    fake_call(high, SYSCALL_NOTIFY, 2, 0, 0);
    assert_int_equal(low->block, BLOCK_RECEIVE);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESUME, 0);
    receive(high);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rdi, 1u << 1);
}

/* low is in a call of high, which is passive. Returns a boss of still higher priority, awake, the parent of `child`. */
static struct thread *call_under_a_boss(struct thread *child)
{
    struct thread *boss = fake_thread("boss", 0, 50, 1000, 1000);
    fake_parent(boss, child, 0);
    high->pd->flags = PLAN_PD_PASSIVE;
    fake_start();
    receive(boss);
    fake_call(high, SYSCALL_GO_PASSIVE, 0, 0, 0);
    receive(high);
    receive(middle);
    fake_call(low, SYSCALL_CALL, 1, 0, 0);
    fake_wake(boss);
    return boss;
}

/* The server is stopped in the middle of a call. */
static void test_callers_of_a_stopped_server(void **state)
{
    (void)state;
    struct thread *boss = call_under_a_boss(high);
    assert_int_equal(fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0), 0);
    assert_int_equal(low->frame.rax, (uint64_t)-SKYSCOPE_PEER_STOPPED);
    assert_int_equal(low->block, BLOCK_NONE);
    assert_ptr_equal(low->sc, &low->home);
    receive(boss);
    assert_ptr_equal(fake_current(0), low);
    /* And calls to it fail at once. */
    assert_int_equal(fake_call(low, SYSCALL_CALL, 1, 0, 0), -SKYSCOPE_PEER_STOPPED);
    fake_wake(boss);
    fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0x200800);
    receive(boss);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rip, 0x200800);
    assert_ptr_equal(high->sc, &high->home);
    assert_false(high->passive);
}

/* The client is restarted while a passive server works for it. */
static void test_restart_of_a_client_in_a_call(void **state)
{
    (void)state;
    struct thread *boss = call_under_a_boss(low);
    assert_int_equal(fake_call(boss, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0), 0);
    fake_check_invariants();
    receive(boss);
    assert_ptr_equal(fake_current(0), high); /* finishes what it began */
    fake_call(high, SYSCALL_REPLY_RECV, 0, info(1, 1), 0);
    assert_ptr_equal(fake_current(0), low);
    assert_int_equal(low->frame.rip, 0x200000);
    assert_int_equal(low->frame.rsi, 0); /* no reply in its registers */
}

static void test_control_across_cpus(void **state)
{
    (void)state;
    fake_parent(high, far, 0);
    fake_start();
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    assert_ptr_equal(fake_current(0), middle); /* high waits for the other CPU */
    assert_ptr_equal(fake_current(1), far);
    fake_check_invariants();
    fake_deliver_interrupts(1);
    assert_null(fake_current(1));
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), high);
    assert_int_equal(high->frame.rax, 0);
    assert_int_equal(far->pd->control_locked, 0);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_RESTART, 0);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(1), far);
    assert_ptr_equal(fake_current(0), high);
}

/* A parent is itself restarted while it waits for another CPU. */
static void test_restart_of_a_waiting_parent(void **state)
{
    (void)state;
    struct thread *boss = fake_thread("boss", 0, 50, 1000, 1000);
    fake_parent(boss, high, 1);
    fake_parent(high, far, 0);
    fake_start();
    receive(boss);
    fake_call(high, SYSCALL_PD_CONTROL, 0, SKYSCOPE_PD_STOP, 0);
    fake_wake(boss);
    fake_call(boss, SYSCALL_PD_CONTROL, 1, SKYSCOPE_PD_RESTART, 0x201234);
    assert_int_equal(boss->block, BLOCK_CONTROL);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), boss);
    assert_int_equal(high->frame.rip, 0x201234);
    assert_int_equal(far->pd->control_locked, 0);
    assert_int_equal(high->pd->control_locked, 0);
}

static void test_vcpu_run(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_channel(low, 7, vmm, 8, false);
    fake_start();
    receive(high);
    receive(middle);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_RUN, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_WAIT, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(low, SYSCALL_VCPU_READ, 0, 0, 0), -SKYSCOPE_NO_VCPU);
    assert_int_equal(fake_call(vmm, SYSCALL_TIMER, 1, 0, 0), -SKYSCOPE_NOT_PERMITTED);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rax, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    assert_int_equal(fake_vcpu_entries, 1);
    /* A notification that is there already: the guest is not entered. */
    fake_call(low, SYSCALL_NOTIFY, 7, 0, 0);
    fake_deliver_interrupts(1);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rsi, 1u << 8);
    assert_int_equal(fake_vcpu_entries, 1);
    /* The same in VCPU_WAIT. */
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    fake_call(low, SYSCALL_NOTIFY, 7, 0, 0);
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), vmm);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rsi, 1u << 8);
}

static void test_vcpu_deadline(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_start();
    struct vcpu_control *control = &vmm->vcpu->page->control;
    control->deadline = fake_time_now() + 1000;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    assert_true(control->deadline != 0);
    fake_advance(2000);
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_NOTIFIED);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
    assert_int_equal(control->deadline, 0);
    /* Passed before it was seen; then replaced before it was reported. */
    control->deadline = 5;
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
    control->deadline = fake_time_now() + 100;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    fake_advance(200); /* fires while the VMM runs */
    control->deadline = fake_time_now() + 5000;
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT);
    fake_call(vmm, SYSCALL_VCPU_WAIT, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    fake_advance(6000);
    assert_ptr_equal(fake_current(1), vmm);
    assert_int_equal(vmm->frame.rdx, SKYSCOPE_EVENT_TIMER);
}

static void test_stop_of_a_thread_in_its_guest(void **state)
{
    (void)state;
    struct thread *vmm = fake_thread("vmm", 1, 40, 1000, 1000);
    fake_give_vcpu(vmm);
    fake_parent(high, vmm, 2);
    fake_start();
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_STOP, 0);
    /* The request's interrupt ends the guest's run. */
    fake_call(vmm, SYSCALL_VCPU_RUN, 0, 0, 0);
    assert_ptr_equal(fake_current(1), far);
    assert_true(vmm->in_guest);
    fake_deliver_interrupts(0);
    assert_ptr_equal(fake_current(0), high);
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_RESUME, 0);
    fake_deliver_interrupts(1);
    assert_int_equal(vmm->frame.rdi, VCPU_RUN_EXIT); /* went on in the guest, until its exit */
    assert_ptr_equal(fake_current(1), vmm);
    fake_deliver_interrupts(0);
    fake_call(high, SYSCALL_PD_CONTROL, 2, SKYSCOPE_PD_RESTART, 0);
    fake_deliver_interrupts(1);
    fake_deliver_interrupts(0);
    assert_int_equal(fake_vcpu_resets, 1);
    assert_int_equal(vmm->frame.rip, 0x200000);
}

static void test_sibling_signal(void **state)
{
    (void)state;
    struct thread *first = fake_thread("two", 0, 60, 1000, 1000);
    struct thread *second = fake_sibling(1, 60);
    fake_start();
    receive(second);
    assert_int_equal(fake_call(first, SYSCALL_THREAD_SIGNAL, 2, 0, 0), -SKYSCOPE_INVALID_ARGUMENT);
    assert_int_equal(fake_call(first, SYSCALL_THREAD_SIGNAL, 1, 0, 0), 0);
    fake_deliver_interrupts(1);
    assert_ptr_equal(fake_current(1), second);
    assert_int_equal(second->frame.rdx, SKYSCOPE_EVENT_SIGNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_fault_and_reply),
        CASE(test_fault_reply_with_bad_address),
        CASE(test_fault_across_cpus),
        CASE(test_control_on_same_cpu),
        CASE(test_stopped_thread_keeps_its_place),
        CASE(test_callers_of_a_stopped_server),
        CASE(test_restart_of_a_client_in_a_call),
        CASE(test_control_across_cpus),
        CASE(test_restart_of_a_waiting_parent),
        CASE(test_vcpu_run),
        CASE(test_vcpu_deadline),
        CASE(test_stop_of_a_thread_in_its_guest),
        CASE(test_sibling_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
