/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of AArch64: power-on, exceptions, SGIs, the physical timer. */
#include "exits_fixture.h"

/* --- Reset --- */

static void power_on_state(void **state)
{
    struct arm_fixture *f = *state;
    const struct vcpu_arch_state *s = &f->pages[0].state;
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_int_equal(s->pstate, EL1_RESET);
    assert_int_equal(s->sctlr_el1 & (SCTLR_M | 1ull << 2 | 1ull << 12), 0); /* MMU and caches off */
    assert_int_equal(s->vmpidr, 0x80000000u);
    assert_int_equal(s->vpidr, FIXTURE_MIDR);
    assert_int_equal(s->cntvoff, 1000000);
    assert_int_equal(s->traps, VCPU_TRAP_WFI | VCPU_TRAP_CACHE_SETS);
    assert_int_equal(s->gic.list_count, FIXTURE_LISTS);
    assert_true(fake_hv.on[0]);
}

/* --- The physical timer --- */

static void physical_counter_is_the_hosts(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.now = 0x123456789ull;
    assert_int_equal(fixture_mrs(f, CNTPCT_EL0, 0), 0x123456789ull);
    fixture_msr(f, CNTPCT_EL0, 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static bool physical_line(struct arm_fixture *f)
{
    return (f->vm->arch.gic.vcpus[0].bank.level >> GUEST_PPI_PHYSICAL_TIMER & 1u) != 0;
}

static void physical_timer_fires(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, CNTP_TVAL_EL0, 1000);
    assert_int_equal(fixture_mrs(f, CNTP_CVAL_EL0, 0), 1001000);
    assert_int_equal(f->pages[0].control.deadline, 0);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_int_equal(f->pages[0].control.deadline, 1001000);
    assert_false(physical_line(f));
    fake_hv.now = 1001000;
    vmm_handle_event(vcpu(f));
    assert_true(physical_line(f));
    assert_int_equal(fixture_mrs(f, CNTP_CTL_EL0, 0), TIMER_ENABLE | TIMER_STATUS);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE | TIMER_IMASK);
    assert_false(physical_line(f));
    assert_int_equal(fixture_mrs(f, CNTP_CTL_EL0, 0), TIMER_ENABLE | TIMER_IMASK | TIMER_STATUS);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_true(physical_line(f));
    fixture_msr(f, CNTP_CVAL_EL0, 2000000);
    assert_false(physical_line(f));
    assert_int_equal(f->pages[0].control.deadline, 2000000);
}

static void physical_timer_value_is_signed(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, CNTP_TVAL_EL0, 0xffffffff); /* -1: already over */
    assert_int_equal(fixture_mrs(f, CNTP_CVAL_EL0, 0), 999999);
    assert_int_equal(fixture_mrs(f, CNTP_TVAL_EL0, 0), 0xffffffffu);
    fixture_msr(f, CNTP_CTL_EL0, TIMER_ENABLE);
    assert_true(physical_line(f));
}

/* --- SGIs --- */

static void sgi_register_reaches_the_gic(void **state)
{
    struct arm_fixture *f = *state;
    fixture_msr(f, SYSREG(3, 0, 12, 11, 5), 5ull << 24 | 1); /* SGI 5 to Aff0 0 */
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(f->vm->guest_errors, 0);
    fixture_mrs(f, SYSREG(3, 0, 12, 11, 5), 0); /* write-only */
    assert_true(fixture_took(f, UNDEFINED));
    f->vm->arch.gic.config.version = 2;
    fixture_msr(f, SYSREG(3, 0, 12, 11, 5), 0);
    assert_true(fixture_took(f, UNDEFINED));
    f->vm->arch.gic.config.version = 3;
}

/* --- Exceptions --- */

static void undefined_from_everywhere(void **state)
{
    struct arm_fixture *f = *state;
    static const struct {
        uint64_t pstate, offset, after;
    } cases[] = {
        {EL1_RESET, 0x200, EL1_RESET},
        {PSTATE_EL1T | 0x80000000ull, 0x000, EL1_RESET | 0x80000000ull},
        {PSTATE_EL0 | PSTATE_UAO | PSTATE_DIT | PSTATE_SS | PSTATE_IL | PSTATE_BTYPE | PSTATE_SSBS, 0x400,
         EL1_RESET | PSTATE_DIT},
        {0x10 | 0x20 | PSTATE_DIT, 0x600, EL1_RESET},
    };
    struct vcpu_arch_state *s = &f->pages[0].state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s->pstate = cases[i].pstate;
        s->sctlr_el1 = SCTLR_SPAN;
        s->pc = FIXTURE_CODE;
        fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
        fixture_handle(f, 0);
        assert_int_equal(s->pc, VBAR + cases[i].offset);
        assert_int_equal(s->pstate, cases[i].after);
        assert_int_equal(s->elr_el1, FIXTURE_CODE);
        assert_int_equal(s->spsr_el1, cases[i].pstate);
        assert_int_equal(s->esr_el1, UNDEFINED);
        assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_EL1, VCPU_STATE_EL1);
    }
}

static void exception_obeys_sctlr(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sctlr_el1 = SCTLR_DSSBS; /* SPAN is zero: PAN gets set */
    fixture_exit(f, 0, VCPU_EXIT_INSTRUCTION);
    fixture_handle(f, 0);
    assert_int_equal(s->pstate, EL1_RESET | PSTATE_PAN | PSTATE_SSBS);
}

static void raise(struct arm_fixture *f, uint32_t vector, uint32_t iss)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    page->exit.exception = (struct vcpu_exit_exception){.vector = vector, .error_code = iss, .fault_address = 0x123456};
    fixture_handle(f, 0);
}

static void aborts_of_the_hardware_are_the_guests(void **state)
{
    struct arm_fixture *f = *state;
    raise(f, 0x24, 1u << 24 | 1u << 6 | 0x35); /* an atomic where there are none */
    assert_int_equal(f->pages[0].state.far_el1, 0x123456);
    assert_true(fixture_took(f, 0x25ull << 26 | 1ull << 25 | 1u << 6 | 0x35));
    raise(f, 0x20, 1u << 10 | 0x10);
    assert_int_equal(f->pages[0].state.far_el1, 0);
    assert_true(fixture_took(f, 0x21ull << 26 | 1ull << 25 | 1u << 10 | 0x10));
    raise(f, 0x19, 0); /* SVE */
    assert_true(fixture_took(f, UNDEFINED));
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
}

static void system_errors_stop_the_vm(void **state)
{
    struct arm_fixture *f = *state;
    raise(f, 0x2f, 0x11);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f->control->status.reason, "SError"));
}

static void kernel_that_refuses_stops_the_vm(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.refuse_read = true;
    fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    fixture_handle(f, 0);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f->control->status.reason, "refuses to read"));
}

static void el1_state_is_read_once_per_exit(void **state)
{
    struct arm_fixture *f = *state;
    fake_hv.reads = 0;
    fixture_exit(f, 0, VCPU_EXIT_EXCEPTION);
    fixture_handle(f, 0);
    assert_int_equal(fake_hv.reads, 1);
    fixture_mrs(f, CNTPCT_EL0, 0); /* needs nothing more */
    assert_int_equal(fake_hv.reads, 1);
}

static void bad_state_and_unknown_exits_stop_the_vm(void **state)
{
    static const uint32_t kinds[] = {VCPU_EXIT_BAD_STATE, VCPU_EXIT_PORT_IO, VCPU_EXIT_CPUID, VCPU_EXIT_KIND_COUNT,
                                     0xffffffff};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct arm_fixture *f = *state;
        fixture_exit(f, 0, kinds[i]);
        fixture_handle(f, 0);
        assert_int_equal(f->vm->state, VM_STATE_STOPPED);
        tear_down(state);
        set_up(state);
    }
}

static void big_registers_numbers_are_zero(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = CNTP_CVAL_EL0, .gpr = 0xff};
    fixture_handle(f, 0);
    page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = 0xffffffff, .write = 0xff, .gpr = 0xff};
    fixture_handle(f, 0);
    assert_true(fixture_took(f, UNDEFINED));
}

static void single_steps_and_branch_types_end_with_the_instruction(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.pstate = EL1_RESET | PSTATE_SS | PSTATE_BTYPE;
    fixture_mrs(f, CNTPCT_EL0, 0);
    assert_int_equal(f->pages[0].state.pstate, EL1_RESET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(power_on_state),
        TEST(physical_counter_is_the_hosts),
        TEST(physical_timer_fires),
        TEST(physical_timer_value_is_signed),
        TEST(sgi_register_reaches_the_gic),
        TEST(undefined_from_everywhere),
        TEST(exception_obeys_sctlr),
        TEST(aborts_of_the_hardware_are_the_guests),
        TEST(system_errors_stop_the_vm),
        TEST(kernel_that_refuses_stops_the_vm),
        TEST(el1_state_is_read_once_per_exit),
        TEST(bad_state_and_unknown_exits_stop_the_vm),
        TEST(big_registers_numbers_are_zero),
        TEST(single_steps_and_branch_types_end_with_the_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
