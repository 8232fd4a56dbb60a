/* SPDX-License-Identifier: BSD-2-Clause */
/* The Arm machine as a whole: what it cannot be, and its life cycle. */
#include <vmm/arch/boot_layout.h>

#include "arm_boot_fixture.h"

#define POWER_IE (GUEST_POWER_BASE + 0x410)

static void created_with(struct arm_boot *c, const char *reason)
{
    const char *problem = fixture_create(&c->f);
    assert_non_null(problem);
    if (strstr(problem, reason) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", reason, problem);
    }
    assert_int_equal(c->f.vm->state, VM_STATE_FAILED);
}

static void impossible_machines(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.ram[0].gpa = 0;
    created_with(c, "does not start where");
    arm_boot_tear_down(state);
    arm_boot_make(c, 0);
    created_with(c, "which GIC");
    arm_boot_tear_down(state);
    arm_boot_make(c, 4);
    created_with(c, "which GIC");
    arm_boot_tear_down(state);
    arm_boot_make(c, 2);
    c->f.config.vcpu_count = 9;
    for (uint32_t i = 0; i < 9; i++) {
        c->f.config.vcpu_page[i] = c->f.config.vcpu_page[0];
    }
    created_with(c, "more than 8 vCPUs");
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    c->f.config.ram[1].gpa = GUEST_PHYSICAL_END_AARCH64 - FIXTURE_HIGH_SIZE / 2 / 0x200000 * 0x200000;
    created_with(c, "512 GiB");
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    fake_hv.tick_frequency = 0;
    created_with(c, "frequency");
}

static void command(struct arm_boot *c, uint32_t what)
{
    c->f.control->request.command = what;
    c->f.control->request.sequence++;
    vmm_handle_notification(c->f.vm, FIXTURE_CONTROL);
}

static void pause_keeps_everything(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    command(c, VM_COMMAND_PAUSE);
    assert_int_equal(c->f.vm->state, VM_STATE_PAUSED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(c->f.pages[0].control.deadline, 0);
    command(c, VM_COMMAND_RESUME);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_true(fake_hv.on[0]);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE);
}

static void paused_while_asleep(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    fixture_exit(&c->f, 0, VCPU_EXIT_HALT);
    fixture_handle(&c->f, 0);
    command(c, VM_COMMAND_PAUSE);
    command(c, VM_COMMAND_RESUME);
    assert_int_equal(c->f.vm->vcpus[0].activity, VCPU_HALTED);
    assert_false(fake_hv.on[0]);
}

static void power_button(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    command(c, VM_COMMAND_SHUTDOWN);
    assert_non_null(strstr(fixture_log(&c->f), "does not listen"));
    fake_hv.now += FIXTURE_FREQUENCY;
    vmm_handle_event(&c->f.vm->vcpus[0]);
    fixture_store(&c->f, 0, GUEST_POWER_BASE + 0x40c, 4, 1u << 3); /* rising edges */
    fixture_store(&c->f, 0, POWER_IE, 4, 1u << 3);
    command(c, VM_COMMAND_SHUTDOWN);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x418, 4), 1u << 3); /* MIS */
    assert_true((c->f.vm->arch.gic.banks[0].level >> GUEST_POWER_SPI & 1u) != 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x020, 4), 1u << 3); /* pressed */
    fake_hv.now += FIXTURE_FREQUENCY / 2 + 1;
    vmm_handle_event(&c->f.vm->vcpus[0]);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x020, 4), 0); /* released */
    fixture_store(&c->f, 0, GUEST_POWER_BASE + 0x41c, 4, 0xff);
    assert_true((c->f.vm->arch.gic.banks[0].level >> GUEST_POWER_SPI & 1u) == 0);
}

static void console_reaches_both_ends(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    struct serial_queue_handle other_end = {
        .queue = &c->f.transmit, .capacity = FIXTURE_QUEUE_SIZE, .data = c->f.transmit_data};
    serial_queue_request_signal(&other_end);
    fixture_store(&c->f, 0, GUEST_UART_BASE, 1, 'A');
    fixture_store(&c->f, 0, GUEST_UART_BASE, 4, '\n');
    assert_memory_equal(c->f.transmit_data, "A\n", 2);
    assert_true(fake_hv.notifications[FIXTURE_CONSOLE] > 0);
    c->f.receive_data[0] = 'z';
    c->f.receive.tail = 1;
    vmm_handle_notification(c->f.vm, FIXTURE_CONSOLE);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_UART_BASE, 4), 'z');
}

/* A reset machine is as new: memory zero, devices, interrupts, images in place again. */
static void reset_is_complete(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    c->f.ram[0x3000000] = 1;
    c->f.ram[0] = 0;
    fixture_store(&c->f, 0, GUEST_UART_BASE + 0x38, 4, 0x7ff);
    fixture_store(&c->f, 0, GUEST_RTC_BASE + 0x04, 4, 5);
    fixture_store(&c->f, 0, GUEST_GICD_BASE + 0x104, 4, 0xffffffff);
    fixture_msr(&c->f, SYSREG(2, 0, 1, 0, 4), 1);  /* OSLAR_EL1 */
    fixture_msr(&c->f, SYSREG(3, 3, 14, 2, 2), 7); /* CNTP_CVAL_EL0, */
    fixture_msr(&c->f, SYSREG(3, 3, 14, 2, 1), 1); /* CNTP_CTL_EL0 */
    c->f.pages[0].state.cntv_ctl = TIMER_ENABLE;
    fixture_exit(&c->f, 0, VCPU_EXIT_TIMER);
    fixture_handle(&c->f, 0);
    assert_true(c->f.vm->vcpus[0].arch.timer_line);
    command(c, VM_COMMAND_RESET);
    vmm_handle_event(&c->f.vm->vcpus[0]);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(c->f.vm->boots, 2);
    assert_int_equal(c->f.ram[0x3000000], 0);
    assert_memory_equal(c->f.ram, c->image, IMAGE_SIZE);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_UART_BASE + 0x38, 4), 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_RTC_BASE + 0x04, 4), 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_GICD_BASE + 0x104, 4), 0);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(2, 0, 1, 1, 4), 0), 8);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(3, 3, 14, 2, 1), 0), 0);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(3, 3, 14, 2, 2), 0), 0);
    assert_false(c->f.vm->vcpus[0].arch.timer_line);
    assert_int_equal(c->f.vm->arch.gic.vcpus[0].bank.level, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(impossible_machines), TEST(pause_keeps_everything),    TEST(paused_while_asleep),
        TEST(power_button),        TEST(console_reaches_both_ends), TEST(reset_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
