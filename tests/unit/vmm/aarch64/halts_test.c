/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping guests, and what wakes them. */
#include "exits_fixture.h"

/* --- Halts --- */

static void halt(struct arm_fixture *f)
{
    fixture_exit(f, 0, VCPU_EXIT_HALT);
    fixture_handle(f, 0);
}

/* With these private interrupts enabled in the GIC, and the virtual timer set. */
static void halt_with_timer(struct arm_fixture *f, uint32_t enabled, uint64_t control, uint64_t due)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = enabled;
    s->cntv_ctl = control;
    s->cntv_cval = due;
    halt(f);
}

static void wfi_sleeps_behind_the_instruction(void **state)
{
    struct arm_fixture *f = *state;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(f->pages[0].control.deadline, 0);
    assert_false(f->vm->arch.gic.vcpus[0].in_guest); /* others may look at its interrupts */
}

static void virtual_timer_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    const struct vcpu_arch_state *s = &f->pages[0].state;
    halt_with_timer(f, TIMER_BIT, TIMER_ENABLE, 500);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, s->cntvoff + 500);
    fake_hv.now = s->cntvoff + 499;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    fake_hv.now = s->cntvoff + 500;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    assert_true(fake_hv.on[0]);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void due_timer_lets_nobody_sleep(void **state)
{
    struct arm_fixture *f = *state;
    halt_with_timer(f, TIMER_BIT, TIMER_ENABLE, 0);
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

static void masked_timer_wakes_nobody(void **state)
{
    struct arm_fixture *f = *state;
    halt_with_timer(f, TIMER_BIT, TIMER_ENABLE | TIMER_IMASK, 0);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

/* Not enabled in the GIC: pending there, but no reason to wake. */
static void timer_disabled_in_the_gic(void **state)
{
    struct arm_fixture *f = *state;
    halt_with_timer(f, 0, TIMER_ENABLE, 0);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_true(vcpu(f)->arch.timer_line);
}

static void timer_never(void **state)
{
    struct arm_fixture *f = *state;
    halt_with_timer(f, TIMER_BIT, TIMER_ENABLE, UINT64_MAX); /* plus the offset: beyond the clock's end */
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void interrupt_sent_by_the_kernel_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gic.private_enabled = 1u << 3;
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    s->gic.private_pending = 1u << 4; /* not enabled */
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    s->gic.private_pending = 1u << 3;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

static void other_wakers_disarm_the_timer(void **state)
{
    struct arm_fixture *f = *state;
    halt_with_timer(f, TIMER_BIT | 2, TIMER_ENABLE, 500);
    assert_int_not_equal(f->pages[0].control.deadline, 0);
    f->pages[0].state.gic.private_pending = 2;
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    assert_int_equal(f->pages[0].control.deadline, 0);
}

static void enable_spi(struct arm_fixture *f, uint32_t line)
{
    uint32_t intid = 32 + line;
    fixture_store(f, 0, GUEST_GICD_BASE, 4, 0x12);                                        /* ARE, group 1 */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x80 + intid / 32 * 4, 4, 0xffffffff);          /* IGROUPR */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x400 + intid, 1, 0xa0);                        /* IPRIORITYR */
    fixture_store(f, 0, GUEST_GICD_BASE + 0x100 + intid / 32 * 4, 4, 1u << (intid % 32)); /* ISENABLER */
}

/* The kernel shows the CPU interface's priority mask and enables with each exit. */
static void open_interface(struct arm_fixture *f)
{
    f->pages[0].state.gic.vmcr = 0xf8000002u; /* VPMR, VENG1 */
}

static void device_interrupt_ends_a_sleep(void **state)
{
    struct arm_fixture *f = *state;
    enable_spi(f, GUEST_UART_SPI);
    open_interface(f);
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
    irq_set_line(&f->vm->irq, GUEST_UART_SPI, true);
    assert_true(fake_hv.kicks[0] > 0);
    vmm_handle_event(vcpu(f));
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
    bool listed = false;
    for (uint32_t i = 0; i < FIXTURE_LISTS; i++) {
        uint64_t list = f->pages[0].state.gic.list[i];
        listed |= (list >> 62) == 1 && (uint32_t)list == 32 + GUEST_UART_SPI;
    }
    assert_true(listed);
}

/* An interrupt whose handler halts is no reason to wake: what the list registers hold is looked at. */
static void active_interrupt_wakes_nobody(void **state)
{
    struct arm_fixture *f = *state;
    enable_spi(f, GUEST_UART_SPI);
    open_interface(f);
    irq_set_line(&f->vm->irq, GUEST_UART_SPI, true);
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    uint64_t *list = &f->pages[0].state.gic.list[0];
    assert_int_equal(*list >> 62, 1);
    *list ^= 3ull << 62; /* acknowledged */
    f->pages[0].state.gic.active_priorities = 1u << (0xa0 >> 3);
    halt(f);
    assert_int_equal(vcpu(f)->activity, VCPU_HALTED);
}

/* The virtual timer is due, and the kernel says so; the vCPU's state. */
static struct vcpu_arch_state *timer_exit(struct arm_fixture *f)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->cntv_ctl = TIMER_ENABLE;
    s->cntv_cval = 0;
    fixture_exit(f, 0, VCPU_EXIT_TIMER);
    fixture_handle(f, 0);
    assert_true(vcpu(f)->arch.timer_line);
    return s;
}

static void timer_exit_raises_the_line_and_its_end_lowers_it(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = timer_exit(f);
    assert_int_equal(f->vm->arch.gic.vcpus[0].bank.level, TIMER_BIT);
    s->cntv_ctl = 0;
    vmm_handle_event(vcpu(f)); /* the page is of the exit before: no news of the timer */
    assert_true(vcpu(f)->arch.timer_line);
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    assert_false(vcpu(f)->arch.timer_line);
}

static void timer_line_goes_down_once_the_kernel_delivers(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = timer_exit(f);
    s->gic.private_enabled = TIMER_BIT;
    fixture_exit(f, 0, VCPU_EXIT_NONE);
    fixture_handle(f, 0);
    assert_false(vcpu(f)->arch.timer_line);
}

static void pause_goes_on(void **state)
{
    struct arm_fixture *f = *state;
    fixture_exit(f, 0, VCPU_EXIT_PAUSE);
    fixture_handle(f, 0);
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4);
    assert_int_equal(vcpu(f)->activity, VCPU_RUNNING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(wfi_sleeps_behind_the_instruction),
        TEST(virtual_timer_ends_a_sleep),
        TEST(due_timer_lets_nobody_sleep),
        TEST(masked_timer_wakes_nobody),
        TEST(timer_disabled_in_the_gic),
        TEST(timer_never),
        TEST(interrupt_sent_by_the_kernel_ends_a_sleep),
        TEST(other_wakers_disarm_the_timer),
        TEST(device_interrupt_ends_a_sleep),
        TEST(active_interrupt_wakes_nobody),
        TEST(timer_exit_raises_the_line_and_its_end_lowers_it),
        TEST(timer_line_goes_down_once_the_kernel_delivers),
        TEST(pause_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
