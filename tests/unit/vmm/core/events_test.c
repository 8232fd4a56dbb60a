/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and interrupts on their way to a guest, and sleep. */
#include "exits_fixture.h"

/* --- Events --- */

static void exceptions_on_exceptions(void **state)
{
    (void)state;
    struct vcpu_context *vcpu = &f.vm->vcpus[0];
    static const struct {
        int first, second, result;
    } cases[] = {
        {-1, EXCEPTION_GP, EXCEPTION_GP},           {EXCEPTION_DB, EXCEPTION_GP, EXCEPTION_GP},
        {EXCEPTION_GP, EXCEPTION_GP, EXCEPTION_DF}, {EXCEPTION_GP, EXCEPTION_PF, EXCEPTION_PF},
        {EXCEPTION_PF, EXCEPTION_GP, EXCEPTION_DF}, {EXCEPTION_PF, EXCEPTION_PF, EXCEPTION_DF},
        {EXCEPTION_DE, EXCEPTION_NP, EXCEPTION_DF}, {EXCEPTION_PF, EXCEPTION_UD, EXCEPTION_UD},
        {EXCEPTION_DF, EXCEPTION_UD, EXCEPTION_UD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        control()->event = 0;
        if (cases[i].first >= 0) {
            event_exception(vcpu, (enum x86_exception)cases[i].first, 0);
        }
        event_exception(vcpu, (enum x86_exception)cases[i].second, 0x10);
        assert_int_equal(exception(), cases[i].result);
    }
    control()->event = 0;
    event_exception(vcpu, EXCEPTION_DF, 0);
    event_exception(vcpu, EXCEPTION_GP, 0);
    assert_int_equal(f.vm->action, VM_ACTION_CRASH);
}

static void interrupt_that_a_fault_displaced(void **state)
{
    (void)state;
    struct vcpu_context *vcpu = &f.vm->vcpus[0];
    uint64_t interrupt = VCPU_EVENT_VALID | 0x55;
    control()->event = interrupt;
    event_exception(vcpu, EXCEPTION_GP, 0);
    assert_int_equal(exception(), EXCEPTION_GP);
    /* After the #GP was delivered, and the guest can take interrupts, it comes again. */
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    control()->event = 0;
    guest()->rflags |= RFLAGS_IF;
    handle();
    assert_int_equal(control()->event, interrupt);
}

static void start_lapic(void)
{
    assert_true(write_msr(0x1b, 0xfee00d00)); /* x2APIC */
    assert_true(write_msr(0x80f, 0x1ff));
}

static void interrupts_wait_for_the_guest(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41)); /* self-IPI */
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 1);
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    guest()->rflags |= RFLAGS_IF;
    guest()->interrupt_shadow = 1;
    handle();
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 1);
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    guest()->interrupt_shadow = 0;
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x41);
    assert_int_equal(control()->interrupt_window, 0);
    assert_int_equal(f.vm->arch.interrupts_injected, 1);
}

static void higher_interrupts_first(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41));
    assert_true(write_msr(0x83f, 0x91));
    guest()->rflags |= RFLAGS_IF;
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    handle();
    assert_int_equal(control()->event & 0xff, 0x91);
    /* It is delivered, ends, and the other follows. */
    assert_true(write_msr(0x80b, 0));
    assert_int_equal(control()->event & 0xff, 0x41);
}

static void priority_holds_back(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    guest()->cr8 = 5;
    assert_true(write_msr(0x83f, 0x41));
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 0);
    assert_true(control()->deadline != 0); /* looked at again, as CR8 changes without an exit */
    guest()->cr8 = 0;
    fake_hv.now = control()->deadline;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x41);
}

static void owed_event_is_left_alone(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    set_msr_exit(0x83f, true);
    guest()->gpr[VCPU_RAX] = 0x77;
    guest()->gpr[VCPU_RDX] = 0;
    control()->event = VCPU_EVENT_VALID | 0x33;
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x33);
    assert_int_equal(control()->interrupt_window, 1);
}

static void halt_and_wake(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    assert_true(write_msr(0x832, 2u << 17 | 0x60)); /* TSC deadline */
    assert_true(write_msr(0x6e0, fake_hv.now + guest()->tsc_offset + 1000));
    assert_int_equal(control()->deadline, fake_hv.now + 1000);
    fixture_exit(&f, VCPU_EXIT_HALT);
    fixture_set_code(&f, "\xf4", 1);
    uint64_t rip = guest()->rip;
    handle();
    assert_int_equal(guest()->rip, rip + 1);
    assert_false(fake_hv.on[0]);
    assert_int_equal(control()->deadline, fake_hv.now + 1000);
    fake_hv.now += 999;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_false(fake_hv.on[0]);
    fake_hv.now += 1;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(fake_hv.on[0]);
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x60);
    assert_int_equal(control()->deadline, 0);
}

static void halt_with_interrupts_off(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41));
    fixture_exit(&f, VCPU_EXIT_HALT);
    fixture_set_code(&f, "\xf4", 1);
    handle();
    assert_false(fake_hv.on[0]);
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_false(fake_hv.on[0]);
}

static void nmi(void **state)
{
    (void)state;
    start_lapic();
    assert_true(write_msr(0x830, 4u << 8 | 1u << 18)); /* NMI to itself */
    if (f.vm->vcpus[0].arch.nmi_pending == false) {
        assert_true(write_msr(0x830, 4u << 8 | 2u << 18)); /* to all */
    }
    assert_true(f.vm->vcpus[0].arch.nmi_pending);
    assert_int_equal(control()->nmi_window, 1);
    fixture_exit(&f, VCPU_EXIT_NMI_WINDOW);
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2);
    assert_int_equal(control()->nmi_window, 0);
}

static void shutdown_stops(void **state)
{
    (void)state;
    fixture_exit(&f, VCPU_EXIT_SHUTDOWN);
    handle();
    assert_int_equal(f.control->status.state, VM_STATE_STOPPED);
    assert_string_equal(f.control->status.reason, "triple fault");
    assert_false(fake_hv.on[0]);
    /* A late exit is not acted on. */
    uint64_t rip = guest()->rip;
    fixture_exit(&f, VCPU_EXIT_CPUID);
    handle();
    assert_int_equal(guest()->rip, rip);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(exceptions_on_exceptions),
        TEST(interrupt_that_a_fault_displaced),
        TEST(interrupts_wait_for_the_guest),
        TEST(higher_interrupts_first),
        TEST(priority_holds_back),
        TEST(owed_event_is_left_alone),
        TEST(halt_and_wake),
        TEST(halt_with_interrupts_off),
        TEST(nmi),
        TEST(shutdown_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
