/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls to firmware: SMC Calling Convention and PSCI; starting, stopping and suspending vCPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arm_fixture.h"

#define NOT_SUPPORTED      UINT64_MAX
#define INVALID_PARAMETERS (UINT64_MAX - 1)
#define ALREADY_ON         (UINT64_MAX - 3)
#define ON_PENDING         (UINT64_MAX - 4)
#define INVALID_ADDRESS    (UINT64_MAX - 8)
#define ENTRY              (GUEST_RAM_BASE + 0x1000)

#define CPU_SUSPEND      0x84000001u
#define CPU_OFF          0x84000002u
#define CPU_ON_32        0x84000003u
#define CPU_ON           0xc4000003u
#define AFFINITY_INFO_32 0x84000004u
#define AFFINITY_INFO    0xc4000004u
#define SYSTEM_OFF       0x84000008u
#define SYSTEM_RESET     0x84000009u
#define PSCI_FEATURES    0x8400000au
#define SYSTEM_RESET2    0x84000012u

static struct arm_fixture fixture;

static int set_up(void **state)
{
    fixture_start(&fixture, 3, 4);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static uint64_t call(struct arm_fixture *f, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return fixture_call(f, 0, x0, x1, x2, x3);
}

static void versions(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(call(f, 0x84000000u, 0, 0, 0), 0x10001); /* PSCI_VERSION */
    assert_int_equal(call(f, 0x80000000u, 0, 0, 0), 0x10002); /* SMCCC_VERSION */
    assert_int_equal(call(f, 0x84000006u, 0, 0, 0), 2);       /* MIGRATE_INFO_TYPE */
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);     /* HVC leaves it behind itself */
}

static void conduits(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SECURE_CALL);
    page->state.gpr[0] = 0x84000000u;
    fixture_handle(f, 0);
    assert_int_equal(page->state.gpr[0], 0x10001);
    assert_int_equal(page->state.pc, FIXTURE_CODE + 4); /* SMC does not */
    page = fixture_exit(f, 0, VCPU_EXIT_HYPERCALL);
    page->state.gpr[0] = 0x84000000u;
    page->exit.call.immediate = 1;
    fixture_handle(f, 0);
    assert_int_equal(page->state.gpr[0], NOT_SUPPORTED);
    assert_int_equal(f->vm->guest_errors, 1);
}

static void features(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t there[] = {0x84000000u, 0x84000001u, 0xc4000001u, 0x84000002u, 0x84000003u,
                                     0xc4000003u, 0x84000004u, 0xc4000004u, 0x84000006u, 0x84000008u,
                                     0x84000009u, 0x8400000au, 0x84000012u, 0xc4000012u, 0x80000000u};
    static const uint32_t absent[] = {0xc4000000u, 0x84000005u, 0xc4000005u, 0xc4000007u, 0x8400000bu, 0xc400000cu,
                                      0x8400000du, 0x8400000eu, 0xc400000eu, 0x84000013u, 0x8400001fu, 0x84000050u,
                                      0x80000001u, 0,           0xffffffffu, 0xc4000009u};
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        assert_int_equal(call(f, PSCI_FEATURES, there[i], 0, 0), 0);
    }
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(call(f, PSCI_FEATURES, absent[i], 0, 0), NOT_SUPPORTED);
    }
}

static void architecture_features(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t absent[] = {0x80000002u, 0x80008000u, 0x80007fffu, 0x80003fffu, 0x84000050u, 0xc5000020u};
    assert_int_equal(call(f, 0x80000001u, 0x80000000u, 0, 0), 0);
    assert_int_equal(call(f, 0x80000001u, 0x80000001u, 0, 0), 0);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(call(f, 0x80000001u, absent[i], 0, 0), NOT_SUPPORTED);
        assert_int_equal(call(f, absent[i], 1, 2, 3), NOT_SUPPORTED);
    }
}

static void arguments_survive(void **state)
{
    struct arm_fixture *f = *state;
    for (uint32_t i = 0; i < VCPU_GPR_COUNT; i++) {
        f->pages[0].state.gpr[i] = 100 + i;
    }
    call(f, 0x80000000u, 101, 102, 103);
    for (uint32_t i = 1; i < VCPU_GPR_COUNT; i++) {
        assert_int_equal(f->pages[0].state.gpr[i], 100 + i);
    }
}

/* --- Starting --- */

static void a_cpu_starts_where_it_is_told(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_page(f, 2);
    assert_int_equal(f->vm->vcpus[2].activity, VCPU_WAIT_START);
    assert_false(fake_hv.on[2]);
    uint32_t kicks = fake_hv.kicks[2];
    assert_int_equal(call(f, AFFINITY_INFO, 2, 0, 0), 1);
    assert_int_equal(call(f, CPU_ON, 2, ENTRY, 0xc0ffee), 0);
    assert_int_equal(fake_hv.kicks[2], kicks + 1);
    assert_int_equal(call(f, AFFINITY_INFO, 2, 0, 0), 2);
    assert_int_equal(call(f, CPU_ON, 2, ENTRY, 0), ON_PENDING);
    memset(page->state.gpr, 0xff, sizeof(page->state.gpr));
    page->state.sctlr_el1 = UINT64_MAX;
    vmm_handle_event(&f->vm->vcpus[2]);
    assert_true(fake_hv.on[2]);
    assert_int_equal(page->state.pc, ENTRY);
    assert_int_equal(page->state.gpr[0], 0xc0ffee);
    assert_int_equal(page->state.gpr[1], 0);
    assert_int_equal(page->state.pstate, PSTATE_DAIF | PSTATE_EL1H);
    assert_int_equal(page->state.sctlr_el1, SCTLR_RESET);
    assert_int_equal(page->state.vmpidr, 0x80000002u);
    assert_int_equal(page->state.vpidr, FIXTURE_MIDR);
    assert_int_equal(page->state.cntvoff, f->pages[0].state.cntvoff);
    assert_int_equal(page->control.dirty, VCPU_STATE_ALL);
    assert_int_equal(call(f, AFFINITY_INFO, 2, 0, 0), 0);
    assert_int_equal(call(f, CPU_ON, 2, ENTRY, 0), ALREADY_ON);
}

static void bad_starts(void **state)
{
    struct arm_fixture *f = *state;
    static const uint64_t entries[] = {0,
                                       GUEST_UART_BASE,
                                       ENTRY + 2,
                                       GUEST_RAM_BASE + FIXTURE_RAM_SIZE,
                                       FIXTURE_HIGH + FIXTURE_HIGH_SIZE,
                                       UINT64_MAX - 3};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        assert_int_equal(call(f, CPU_ON, 1, entries[i], 0), INVALID_ADDRESS);
    }
    static const uint64_t targets[] = {4, 0x100, 0x80000001u, 1ull << 32, UINT64_MAX, 0x10000};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_int_equal(call(f, CPU_ON, targets[i], ENTRY, 0), INVALID_PARAMETERS);
    }
    assert_int_equal(call(f, CPU_ON, 0, ENTRY, 0), ALREADY_ON); /* itself */
    for (uint32_t i = 1; i < 4; i++) {
        assert_int_equal(f->vm->vcpus[i].arch.power, VCPU_POWER_OFF);
    }
}

static void narrow_calls_have_narrow_arguments(void **state)
{
    struct arm_fixture *f = *state;
    uint64_t junk = 0xdeadbeefull << 32;
    assert_int_equal(call(f, junk | CPU_ON_32, junk | 1, junk | ENTRY, junk | 7), 0);
    vmm_handle_event(&f->vm->vcpus[1]);
    assert_int_equal(fixture_page(f, 1)->state.pc, ENTRY);
    assert_int_equal(fixture_page(f, 1)->state.gpr[0], 7);
    assert_int_equal(call(f, AFFINITY_INFO_32, junk | 1, junk, 0), 0);
    assert_int_equal(call(f, AFFINITY_INFO, junk | 1, 0, 0), INVALID_PARAMETERS);
}

static void off_and_on_again(void **state)
{
    struct arm_fixture *f = *state;
    call(f, CPU_ON, 1, ENTRY, 0);
    vmm_handle_event(&f->vm->vcpus[1]);
    fixture_call(f, 1, CPU_OFF, 0, 0, 0);
    assert_int_equal(f->vm->vcpus[1].activity, VCPU_WAIT_START);
    assert_false(fake_hv.on[1]);
    assert_false(f->vm->arch.gic.vcpus[1].in_guest);
    assert_int_equal(call(f, AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(call(f, CPU_ON, 1, ENTRY + 8, 5), 0);
    vmm_handle_event(&f->vm->vcpus[1]);
    assert_int_equal(fixture_page(f, 1)->state.pc, ENTRY + 8);
    assert_true(fake_hv.on[1]);
}

static void last_cpu_off_is_power_off(void **state)
{
    struct arm_fixture *f = *state;
    call(f, CPU_ON, 1, ENTRY, 0);
    fixture_call(f, 0, CPU_OFF, 0, 0, 0);
    assert_int_equal(f->vm->state, VM_STATE_RUNNING); /* vCPU 1 is about to start */
    vmm_handle_event(&f->vm->vcpus[1]);
    fixture_call(f, 1, CPU_OFF, 0, 0, 0);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f->control->status.reason, "last CPU"));
}

static void affinity_levels(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(call(f, AFFINITY_INFO, 3, 0, 0), 1);
    assert_int_equal(call(f, AFFINITY_INFO, 3, 1, 0), 0); /* its cluster has a CPU that is on */
    assert_int_equal(call(f, AFFINITY_INFO, 0, 3, 0), 0);
    assert_int_equal(call(f, AFFINITY_INFO, 0, 4, 0), INVALID_PARAMETERS);
    assert_int_equal(call(f, AFFINITY_INFO, 0x100, 1, 0), INVALID_PARAMETERS);
    assert_int_equal(call(f, AFFINITY_INFO, 1ull << 24, 0, 0), INVALID_PARAMETERS);
}

/* --- Suspending --- */

static void suspend_waits_like_wfi(void **state)
{
    struct arm_fixture *f = *state;
    uint64_t pc = f->pages[0].state.pc;
    assert_int_equal(call(f, CPU_SUSPEND, 0, 0, 0), 0);
    assert_int_equal(f->vm->vcpus[0].activity, VCPU_HALTED);
    f->pages[0].state.gic.private_enabled = 2;
    f->pages[0].state.gic.private_pending = 2;
    vmm_handle_event(&f->vm->vcpus[0]);
    assert_int_equal(f->vm->vcpus[0].activity, VCPU_RUNNING);
    assert_int_equal(f->pages[0].state.pc, pc);
    assert_int_equal(f->pages[0].state.gpr[0], 0);
}

static void suspend_that_loses_state_starts_anew(void **state)
{
    struct arm_fixture *f = *state;
    call(f, CPU_SUSPEND, 0x10000, ENTRY, 0x55);
    assert_int_equal(f->vm->vcpus[0].activity, VCPU_HALTED);
    f->pages[0].state.gic.private_enabled = 2;
    f->pages[0].state.gic.private_pending = 2;
    f->pages[0].state.sctlr_el1 = UINT64_MAX;
    vmm_handle_event(&f->vm->vcpus[0]);
    assert_int_equal(f->pages[0].state.pc, ENTRY);
    assert_int_equal(f->pages[0].state.gpr[0], 0x55);
    assert_int_equal(f->pages[0].state.sctlr_el1, SCTLR_RESET);
    assert_int_equal(call(f, AFFINITY_INFO, 0, 0, 0), 0);
    fixture_exit(f, 0, VCPU_EXIT_HALT); /* and that was it */
    fixture_handle(f, 0);
    vmm_handle_event(&f->vm->vcpus[0]);
    assert_int_equal(f->pages[0].state.pc, ENTRY + 4);
}

static void reset_forgets_a_suspend(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.cntv_ctl = TIMER_ENABLE;
    f->pages[0].state.cntv_cval = 1ull << 40;
    call(f, CPU_SUSPEND, 0x10000, ENTRY, 0x55);
    assert_int_not_equal(f->pages[0].control.deadline, 0);
    f->control->request.command = VM_COMMAND_RESET;
    f->control->request.sequence++;
    vmm_handle_notification(f->vm, FIXTURE_CONTROL);
    for (uint32_t i = 0; i < 4; i++) {
        vmm_handle_event(&f->vm->vcpus[i]);
    }
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->pages[0].control.deadline, 0);
    f->pages[0].state.gic.private_enabled = f->pages[0].state.gic.private_pending = 2;
    fixture_exit(f, 0, VCPU_EXIT_HALT);
    fixture_handle(f, 0);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
}

static void bad_suspends(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(call(f, CPU_SUSPEND, 0x10000, 0x1000, 0), INVALID_ADDRESS);
    assert_int_equal(call(f, CPU_SUSPEND, 0x20000, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(f, CPU_SUSPEND, 0x80000000u, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(f->vm->vcpus[0].activity, VCPU_RUNNING);
    assert_false(f->vm->vcpus[0].arch.start_on_wake);
}

/* --- The machine --- */

static void system_off(void **state)
{
    struct arm_fixture *f = *state;
    call(f, SYSTEM_OFF, 0, 0, 0);
    assert_int_equal(f->vm->state, VM_STATE_STOPPED);
    assert_string_equal(f->control->status.reason, "powered off by the guest");
    assert_false(fake_hv.on[0]);
}

static void restarts(struct arm_fixture *f, uint32_t function, uint64_t kind)
{
    f->vm->config.on_reboot = VM_ON_EVENT_RESTART;
    call(f, CPU_ON, 1, ENTRY, 0);
    vmm_handle_event(&f->vm->vcpus[1]);
    uint32_t boots = f->vm->boots;
    f->pages[0].state.pc = 0;
    call(f, function, kind, 0, 0);
    for (uint32_t i = 1; i < 4; i++) {
        vmm_handle_event(&f->vm->vcpus[i]);
    }
    vmm_handle_event(&f->vm->vcpus[0]);
    assert_int_equal(f->vm->boots, boots + 1);
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->vm->vcpus[1].activity, VCPU_WAIT_START);
    assert_int_equal(f->vm->vcpus[1].arch.power, VCPU_POWER_OFF);
    assert_true(fake_hv.on[0]);
    assert_false(fake_hv.on[1]);
}

static void system_reset(void **state)
{
    restarts(*state, SYSTEM_RESET, 0);
}

static void system_reset2(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(call(f, SYSTEM_RESET2, 0x80000000u, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(f, SYSTEM_RESET2, 1, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
    restarts(f, SYSTEM_RESET2, 0);
}

static void unknown_calls_are_not_supported(void **state)
{
    struct arm_fixture *f = *state;
    static const uint64_t calls[] = {0,           0x04000000u, 0x8600ff01u, 0xc6000000u, 0xbf00ff01u, 0x8400000eu,
                                     0xc400000eu, 0xc4000009u, 0xc4000008u, 0xffffffffu, UINT64_MAX,  0x84000014u};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        assert_int_equal(call(f, calls[i], 1, 2, 3), NOT_SUPPORTED);
    }
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(versions),
        TEST(conduits),
        TEST(features),
        TEST(architecture_features),
        TEST(arguments_survive),
        TEST(a_cpu_starts_where_it_is_told),
        TEST(bad_starts),
        TEST(narrow_calls_have_narrow_arguments),
        TEST(off_and_on_again),
        TEST(last_cpu_off_is_power_off),
        TEST(affinity_levels),
        TEST(suspend_waits_like_wfi),
        TEST(suspend_that_loses_state_starts_anew),
        TEST(reset_forgets_a_suspend),
        TEST(bad_suspends),
        TEST(system_off),
        TEST(system_reset),
        TEST(system_reset2),
        TEST(unknown_calls_are_not_supported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
