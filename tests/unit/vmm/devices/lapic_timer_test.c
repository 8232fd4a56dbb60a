/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#define PAGE 0xfee00000ull

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    mmio_write(&pc, 0, PAGE + 0xf0, 4, 0x1ff);
    mmio_write(&pc, 0, PAGE + 0x3e0, 4, 0xb); /* divide by 1 */
    *state = &pc;
    return 0;
}

static uint32_t get(struct pc *pc, uint32_t offset)
{
    return (uint32_t)mmio_read(pc, 0, PAGE + offset, 4);
}

static void set(struct pc *pc, uint32_t offset, uint32_t value)
{
    mmio_write(pc, 0, PAGE + offset, 4, value);
}

/* Takes and ends the timer's interrupt if there is one. */
static bool take(struct pc *pc)
{
    struct lapic *lapic = &pc->lapics[0];
    int vector = lapic_highest_pending(lapic);
    if (vector < 0) {
        return false;
    }
    assert_int_equal(vector, 0xec);
    lapic_accept(lapic, (uint8_t)vector);
    set(pc, 0xb0, 0);
    return true;
}

static void one_shot_fires_once(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0xec);
    set(pc, 0x380, 100000);
    pc_advance(pc, 40000);
    assert_int_equal(get(pc, 0x390), 60000);
    pc_advance(pc, 59999);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
    assert_int_equal(get(pc, 0x390), 0);
    assert_int_equal(get(pc, 0x380), 100000);
    pc_advance(pc, 1000000);
    assert_false(take(pc));
}

static void divisors(void **state)
{
    static const struct {
        uint32_t value, divisor;
    } cases[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};
    struct pc *pc = *state;
    set(pc, 0x320, 0xec);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set(pc, 0x3e0, cases[i].value);
        assert_int_equal(get(pc, 0x3e0), cases[i].value);
        set(pc, 0x380, 1000);
        pc_advance(pc, 1000 * cases[i].divisor - 1);
        assert_false(take(pc));
        assert_int_equal(get(pc, 0x390), 1);
        pc_advance(pc, 1);
        assert_true(take(pc));
    }
}

static void periodic_fires_each_period_without_drift(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x200ec);
    set(pc, 0x380, 1000000);
    uint32_t count = 0;
    for (int i = 0; i < 10000; i++) {
        pc_advance(pc, 10007);
        count += take(pc);
    }
    assert_int_equal(count, 100);
    assert_int_equal(get(pc, 0x390), 1000000 - 10007 * 10000 % 1000000);
}

static void unseen_periods_give_one_interrupt_and_keep_the_phase(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x200ec);
    set(pc, 0x380, 1000000);
    pc->now += 5300000;
    timer_run(&pc->vcpu_timers[0], pc->now);
    assert_true(take(pc));
    pc_advance(pc, 699999);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
}

static void shortest_period_is_bounded(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x200ec);
    for (uint32_t count = 1; count < 2000; count = count * 3 + 1) {
        set(pc, 0x380, count);
        uint32_t before = pc->expirations;
        pc_advance_us(pc, 10000);
        uint32_t expirations = pc->expirations - before;
        assert_in_range(expirations, 10000 / LAPIC_MIN_PERIOD_US / 2, 10000 / LAPIC_MIN_PERIOD_US + 1);
        assert_in_range(get(pc, 0x390), 1, count);
        take(pc);
    }
}

static void masked_timer_counts_and_is_silent(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x100ec);
    set(pc, 0x380, 1000);
    pc_advance(pc, 600);
    assert_int_equal(get(pc, 0x390), 400);
    pc_advance(pc, 1000);
    assert_false(take(pc));
    assert_int_equal(get(pc, 0x390), 0);
}

static void count_of_zero_stops(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x200ec);
    set(pc, 0x380, 100000);
    set(pc, 0x380, 0);
    pc_advance(pc, 1000000);
    assert_false(take(pc));
    assert_int_equal(pc->vcpu_timers[0].next, 0);
}

static void divisor_change_keeps_the_count(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0xec);
    set(pc, 0x380, 1000);
    pc_advance(pc, 400);
    set(pc, 0x3e0, 0); /* by 2 */
    assert_int_equal(get(pc, 0x390), 600);
    pc_advance(pc, 1199);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
}

static void one_shot_becomes_periodic_in_flight(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0xec);
    set(pc, 0x380, 1000000);
    pc_advance(pc, 500000);
    set(pc, 0x320, 0x200ec);
    pc_advance(pc, 500000);
    assert_true(take(pc));
    pc_advance(pc, 1000000);
    assert_true(take(pc));
}

static void set_deadline(struct pc *pc, uint64_t value)
{
    assert_int_equal(lapic_msr_write(&pc->lapics[0], 0x6e0, value), 0);
}

static uint64_t get_deadline(struct pc *pc)
{
    uint64_t value = 1;
    assert_int_equal(lapic_msr_read(&pc->lapics[0], 0x6e0, &value), 0);
    return value;
}

static void tsc_deadline_fires_at_its_time_and_reads_zero(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x400ec);
    set_deadline(pc, pc->now + 5000);
    assert_int_equal(get_deadline(pc), pc->now + 5000);
    pc_advance(pc, 4999);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
    assert_int_equal(get_deadline(pc), 0);
    set_deadline(pc, 1); /* long past */
    pc_advance(pc, 0);
    assert_true(take(pc));
    set_deadline(pc, pc->now + 100);
    set_deadline(pc, 0);
    pc_advance(pc, 1000);
    assert_false(take(pc));
}

static void tsc_deadline_respects_the_offset(void **state)
{
    struct pc *pc = *state;
    struct lapic *lapic = &pc->lapics[0];
    set(pc, 0x320, 0x400ec);
    lapic_set_tsc_offset(lapic, -(int64_t)pc->now); /* the guest's TSC is 0 now */
    set_deadline(pc, 7000);
    pc_advance(pc, 6999);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
    set_deadline(pc, 10000);
    lapic_set_tsc_offset(lapic, lapic->tsc_offset - 5000); /* guest TSC set back */
    pc_advance(pc, 7999);
    assert_false(take(pc));
    pc_advance(pc, 1);
    assert_true(take(pc));
    set_deadline(pc, UINT64_MAX); /* never, instead of wrapping round */
    assert_int_equal(lapic->timer.deadline, UINT64_MAX);
    lapic_set_tsc_offset(lapic, INT64_MAX);
    set_deadline(pc, 5);
    pc_advance(pc, 0);
    assert_true(take(pc));
    lapic_set_tsc_offset(lapic, INT64_MIN);
    set_deadline(pc, 5);
    assert_true(lapic->timer.deadline > pc->now);
}

static void tsc_deadline_needs_its_mode(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0xec);
    set_deadline(pc, pc->now + 100);
    assert_int_equal(get_deadline(pc), 0);
    pc_advance(pc, 1000);
    assert_false(take(pc));
    set(pc, 0x320, 0x400ec);
    set(pc, 0x380, 100);
    assert_int_equal(get(pc, 0x380), 0);
    assert_int_equal(get(pc, 0x390), 0);
    set_deadline(pc, pc->now + 100);
    set(pc, 0x320, 0xec); /* leaving the mode disarms */
    assert_int_equal(get_deadline(pc), 0);
    pc_advance(pc, 1000);
    assert_false(take(pc));
}

static void reserved_mode_is_one_shot(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x600ec);
    assert_int_equal(get(pc, 0x320), 0xec);
}

static void reset_disarms(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x320, 0x400ec);
    set_deadline(pc, pc->now + 100);
    lapic_init_signal(&pc->lapics[0]);
    assert_int_equal(pc->vcpu_timers[0].next, 0);
    pc_advance(pc, 1000);
    assert_false(take(pc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_shot_fires_once, setup),
        cmocka_unit_test_setup(divisors, setup),
        cmocka_unit_test_setup(periodic_fires_each_period_without_drift, setup),
        cmocka_unit_test_setup(unseen_periods_give_one_interrupt_and_keep_the_phase, setup),
        cmocka_unit_test_setup(shortest_period_is_bounded, setup),
        cmocka_unit_test_setup(masked_timer_counts_and_is_silent, setup),
        cmocka_unit_test_setup(count_of_zero_stops, setup),
        cmocka_unit_test_setup(divisor_change_keeps_the_count, setup),
        cmocka_unit_test_setup(one_shot_becomes_periodic_in_flight, setup),
        cmocka_unit_test_setup(tsc_deadline_fires_at_its_time_and_reads_zero, setup),
        cmocka_unit_test_setup(tsc_deadline_respects_the_offset, setup),
        cmocka_unit_test_setup(tsc_deadline_needs_its_mode, setup),
        cmocka_unit_test_setup(reserved_mode_is_one_shot, setup),
        cmocka_unit_test_setup(reset_disarms, setup),
    };
    return cmocka_run_group_tests_name("lapic_timer", tests, NULL, NULL);
}
