/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#define CLOCK 1000ull /* TSC ticks of one clock of the counters */

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    *state = &pc;
    return 0;
}

static void program(struct pc *pc, uint32_t counter, uint32_t mode, uint16_t count)
{
    outb(pc, 0x43, (uint8_t)(counter << 6 | 0x30 | mode << 1));
    outb(pc, (uint16_t)(0x40 + counter), (uint8_t)count);
    outb(pc, (uint16_t)(0x40 + counter), (uint8_t)(count >> 8));
}

static uint16_t latched(struct pc *pc, uint32_t counter)
{
    outb(pc, 0x43, (uint8_t)(counter << 6));
    uint16_t port = (uint16_t)(0x40 + counter);
    uint32_t low = inb(pc, port);
    return (uint16_t)(low | (uint32_t)inb(pc, port) << 8);
}

static uint8_t status(struct pc *pc, uint32_t counter)
{
    outb(pc, 0x43, (uint8_t)(0xe0 | 2u << counter));
    return inb(pc, (uint16_t)(0x40 + counter));
}

static void mode_0_interrupts_once_at_terminal_count(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 0, 1000);
    assert_false(pc->lines[0]);
    pc_advance(pc, 999 * CLOCK);
    assert_false(i8254_output(&pc->pit, 0));
    assert_int_equal(latched(pc, 0), 1);
    pc_advance(pc, 2 * CLOCK);
    assert_true(pc->lines[0]);
    assert_int_equal(pc->edges[0], 1);
    assert_int_equal(latched(pc, 0), 0xffff); /* it counts on */
    pc_advance(pc, 100000 * CLOCK);
    assert_int_equal(pc->edges[0], 1);
}

static void mode_0_new_count_takes_the_line_down_and_counts_again(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 0, 10);
    pc_advance(pc, 20 * CLOCK);
    assert_true(pc->lines[0]);
    outb(pc, 0x40, 100);
    assert_false(pc->lines[0]); /* the first byte stops it */
    pc_advance(pc, 1000 * CLOCK);
    assert_false(pc->lines[0]);
    outb(pc, 0x40, 0);
    pc_advance(pc, 101 * CLOCK);
    assert_int_equal(pc->edges[0], 2);
}

static void mode_2_interrupts_every_period_for_ever(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 11932);
    uint32_t before = pc->edges[0];
    pc_advance(pc, 11932 * CLOCK * 1000 + CLOCK);
    assert_int_equal(pc->edges[0] - before, 1000);
    assert_int_equal(latched(pc, 0), 11931);
}

static void mode_2_has_no_drift_at_an_odd_frequency(void **state)
{
    (void)state;
    struct pc pc;
    pc_create_with_frequency(&pc, 2999999977ull);
    program(&pc, 0, 2, 1193);
    uint32_t before = pc.edges[0];
    pc_advance(&pc, 2999999977ull * 100);
    assert_int_equal(pc.edges[0] - before, I8254_FREQUENCY * 100ull / 1193);
}

static void mode_3_is_a_square_wave(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 3, 1000);
    uint32_t before = pc->edges[0];
    pc_advance(pc, 250 * CLOCK);
    assert_true(i8254_output(&pc->pit, 0));
    assert_int_equal(latched(pc, 0), 500); /* counts by two */
    pc_advance(pc, 500 * CLOCK);
    assert_false(i8254_output(&pc->pit, 0));
    pc_advance(pc, 251 * CLOCK);
    assert_true(i8254_output(&pc->pit, 0));
    assert_int_equal(pc->edges[0] - before, 1);
}

static void mode_4_strobes_once(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 4, 100);
    uint32_t before = pc->edges[0];
    pc_advance(pc, 99 * CLOCK + CLOCK / 2);
    assert_true(i8254_output(&pc->pit, 0));
    assert_int_equal(pc->edges[0], before);
    pc_advance(pc, CLOCK);
    assert_false(i8254_output(&pc->pit, 0));
    pc_advance(pc, CLOCK);
    assert_true(i8254_output(&pc->pit, 0));
    assert_int_equal(pc->edges[0] - before, 1);
    pc_advance(pc, 200000 * CLOCK);
    assert_int_equal(pc->edges[0] - before, 1);
}

static void mode_1_is_triggered_by_the_gate(void **state)
{
    struct pc *pc = *state;
    program(pc, 2, 1, 100);
    assert_true(i8254_output(&pc->pit, 2));
    assert_int_equal(status(pc, 2) & 0x40, 0x40); /* null count until the trigger */
    outb(pc, 0x61, 1);
    assert_int_equal(status(pc, 2) & 0x40, 0);
    assert_false(i8254_output(&pc->pit, 2));
    pc_advance(pc, 50 * CLOCK);
    outb(pc, 0x61, 0);
    outb(pc, 0x61, 1); /* retriggered */
    pc_advance(pc, 99 * CLOCK);
    assert_false(i8254_output(&pc->pit, 2));
    pc_advance(pc, 2 * CLOCK);
    assert_true(i8254_output(&pc->pit, 2));
}

static void mode_5_strobes_after_the_gate_rises(void **state)
{
    struct pc *pc = *state;
    program(pc, 2, 5, 10);
    pc_advance(pc, 50 * CLOCK);
    assert_true(i8254_output(&pc->pit, 2));
    outb(pc, 0x61, 1);
    pc_advance(pc, 10 * CLOCK);
    assert_false(i8254_output(&pc->pit, 2));
    pc_advance(pc, 1 * CLOCK);
    assert_true(i8254_output(&pc->pit, 2));
}

static void gate_2_pauses_mode_0_and_port_61_shows_out2(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x61, 0);
    program(pc, 2, 0, 1000);
    pc_advance(pc, 5000 * CLOCK);
    assert_int_equal(latched(pc, 2), 1000);
    outb(pc, 0x61, 1);
    pc_advance(pc, 600 * CLOCK);
    outb(pc, 0x61, 0);
    pc_advance(pc, 5000 * CLOCK);
    assert_int_equal(latched(pc, 2), 400);
    assert_int_equal(inb(pc, 0x61) & 0x20, 0);
    outb(pc, 0x61, 1);
    pc_advance(pc, 401 * CLOCK);
    assert_int_equal(inb(pc, 0x61) & 0x20, 0x20);
    assert_int_equal(pc->edges[0], 0); /* counter 2 interrupts nobody */
}

static void gate_2_restarts_periodic_modes(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x61, 1);
    program(pc, 2, 2, 1000);
    pc_advance(pc, 700 * CLOCK);
    outb(pc, 0x61, 0);
    assert_true(i8254_output(&pc->pit, 2));
    outb(pc, 0x61, 1);
    assert_int_equal(latched(pc, 2), 1000);
}

static void new_period_begins_when_the_old_one_ends(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 1000);
    uint32_t before = pc->edges[0];
    pc_advance(pc, 300 * CLOCK);
    outb(pc, 0x40, 0xf4);
    outb(pc, 0x40, 0x01); /* 500 */
    assert_int_equal(status(pc, 0) & 0x40, 0x40);
    assert_int_equal(latched(pc, 0), 700);
    pc_advance(pc, 701 * CLOCK);
    assert_int_equal(pc->edges[0] - before, 1);
    assert_int_equal(status(pc, 0) & 0x40, 0);
    assert_int_equal(latched(pc, 0), 499);
    pc_advance(pc, 1000 * CLOCK);
    assert_int_equal(pc->edges[0] - before, 3);
}

static void latch_holds_the_count_until_read(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 50000);
    pc_advance(pc, 1000 * CLOCK);
    outb(pc, 0x43, 0x00);
    pc_advance(pc, 1000 * CLOCK);
    outb(pc, 0x43, 0x00); /* ignored: still latched */
    assert_int_equal(inb(pc, 0x40), (49000 & 0xff));
    assert_int_equal(inb(pc, 0x40), 49000 >> 8);
    assert_int_equal(inb(pc, 0x40), (48000 & 0xff));
}

static void read_back_latches_status_before_count(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 1000);
    outb(pc, 0x43, 0xc2); /* status and count of counter 0 */
    pc_advance(pc, 10 * CLOCK);
    assert_int_equal(inb(pc, 0x40), 0x80 | 0x30 | 2 << 1);
    assert_int_equal(inb(pc, 0x40), (1000 & 0xff));
    assert_int_equal(inb(pc, 0x40), 1000 >> 8);
}

static void bcd_counts_in_decimal(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x43, 0x31); /* counter 0, mode 0, BCD */
    outb(pc, 0x40, 0x00);
    outb(pc, 0x40, 0x10); /* 1000 */
    pc_advance(pc, 1 * CLOCK);
    assert_int_equal(latched(pc, 0), 0x0999);
    pc_advance(pc, 1000 * CLOCK);
    assert_int_equal(latched(pc, 0), 0x9999);
    outb(pc, 0x43, 0x35); /* mode 2, count 0 is 10000 */
    outb(pc, 0x40, 0x00);
    outb(pc, 0x40, 0x00);
    pc_advance(pc, 10001 * CLOCK);
    assert_int_equal(latched(pc, 0), 0x9999);
}

static void single_byte_access_modes(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x43, 0x10); /* low byte only */
    outb(pc, 0x40, 200);
    pc_advance(pc, 100 * CLOCK);
    assert_int_equal(inb(pc, 0x40), 100);
    assert_int_equal(inb(pc, 0x40), 100);
    outb(pc, 0x43, 0x20); /* high byte only */
    outb(pc, 0x40, 2);
    pc_advance(pc, 12 * CLOCK);
    assert_int_equal(inb(pc, 0x40), 1);
}

static void count_zero_is_the_largest(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 0, 0);
    pc_advance(pc, 65535 * CLOCK);
    assert_int_equal(pc->edges[0], 0);
    pc_advance(pc, 2 * CLOCK);
    assert_int_equal(pc->edges[0], 1);
}

static void unseen_periods_give_one_interrupt_and_keep_the_phase(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 1000);
    uint32_t before = pc->edges[0];
    pc->now += 10500 * CLOCK; /* nobody ran the timers meanwhile */
    timer_run(&pc->timers, pc->now);
    assert_int_equal(pc->edges[0] - before, 1);
    pc_advance(pc, 499 * CLOCK);
    assert_int_equal(pc->edges[0] - before, 1);
    pc_advance(pc, 2 * CLOCK);
    assert_int_equal(pc->edges[0] - before, 2);
}

static void shortest_period_is_bounded(void **state)
{
    struct pc *pc = *state;
    for (uint16_t count = 1; count < 40; count++) {
        for (uint32_t mode = 2; mode <= 3; mode++) {
            program(pc, 0, mode, count);
            uint32_t before = pc->edges[0];
            uint32_t expirations = pc->expirations;
            pc_advance_us(pc, 10000);
            assert_true(pc->edges[0] - before <= 10000 / I8254_MIN_PERIOD_US + 1);
            assert_true(pc->edges[0] - before >= 10000 / (2 * I8254_MIN_PERIOD_US));
            assert_true(pc->expirations - expirations <= 10000 / I8254_MIN_PERIOD_US + 2);
        }
    }
}

static void refresh_bit_toggles(void **state)
{
    struct pc *pc = *state;
    uint32_t changes = 0;
    uint8_t last = inb(pc, 0x61) & 0x10;
    for (int i = 0; i < 1000; i++) {
        pc_advance(pc, 9 * CLOCK);
        uint8_t bit = inb(pc, 0x61) & 0x10;
        changes += bit != last;
        last = bit;
    }
    assert_int_equal(changes, 500);
}

static void control_word_cannot_be_read(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(inb(pc, 0x43), 0xff);
    assert_int_equal(in(pc, 0x40, 4) >> 24, 0xff);
}

static void reset_stops_everything(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 2, 1000);
    i8254_reset(&pc->pit);
    uint32_t before = pc->edges[0];
    pc_advance(pc, 100000 * CLOCK);
    assert_int_equal(pc->edges[0], before);
    assert_false(pc->lines[0]);
    assert_int_equal(pc->timers.next, 0);
}

static void mode_3_with_odd_count_is_high_one_clock_longer(void **state)
{
    struct pc *pc = *state;
    program(pc, 0, 3, 101);
    pc_advance(pc, 50 * CLOCK + CLOCK / 2);
    assert_true(i8254_output(&pc->pit, 0));
    pc_advance(pc, CLOCK);
    assert_false(i8254_output(&pc->pit, 0));
    pc_advance(pc, 49 * CLOCK);
    assert_false(i8254_output(&pc->pit, 0));
    pc_advance(pc, CLOCK);
    assert_true(i8254_output(&pc->pit, 0));
}

static void new_period_is_seen_by_whatever_looks_first(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x61, 1);
    for (int way = 0; way < 4; way++) {
        program(pc, 2, 2, 1000);
        pc_advance(pc, 300 * CLOCK);
        outb(pc, 0x42, 0x88);
        outb(pc, 0x42, 0x13);         /* 5000 */
        pc_advance(pc, 1700 * CLOCK); /* 1000 of them in the new period */
        if (way == 0) {
            assert_int_equal(latched(pc, 2), 4000);
        } else if (way == 1) {
            assert_int_equal(inb(pc, 0x42), (4000 & 0xff));
        } else if (way == 2) {
            assert_int_equal(status(pc, 2) & 0x40, 0);
        } else {
            outb(pc, 0x61, 0);
            assert_int_equal(latched(pc, 2), 4000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mode_0_interrupts_once_at_terminal_count, setup),
        cmocka_unit_test_setup(mode_0_new_count_takes_the_line_down_and_counts_again, setup),
        cmocka_unit_test_setup(mode_2_interrupts_every_period_for_ever, setup),
        cmocka_unit_test(mode_2_has_no_drift_at_an_odd_frequency),
        cmocka_unit_test_setup(mode_3_is_a_square_wave, setup),
        cmocka_unit_test_setup(mode_4_strobes_once, setup),
        cmocka_unit_test_setup(mode_1_is_triggered_by_the_gate, setup),
        cmocka_unit_test_setup(mode_5_strobes_after_the_gate_rises, setup),
        cmocka_unit_test_setup(gate_2_pauses_mode_0_and_port_61_shows_out2, setup),
        cmocka_unit_test_setup(gate_2_restarts_periodic_modes, setup),
        cmocka_unit_test_setup(new_period_begins_when_the_old_one_ends, setup),
        cmocka_unit_test_setup(latch_holds_the_count_until_read, setup),
        cmocka_unit_test_setup(read_back_latches_status_before_count, setup),
        cmocka_unit_test_setup(bcd_counts_in_decimal, setup),
        cmocka_unit_test_setup(single_byte_access_modes, setup),
        cmocka_unit_test_setup(count_zero_is_the_largest, setup),
        cmocka_unit_test_setup(unseen_periods_give_one_interrupt_and_keep_the_phase, setup),
        cmocka_unit_test_setup(shortest_period_is_bounded, setup),
        cmocka_unit_test_setup(refresh_bit_toggles, setup),
        cmocka_unit_test_setup(control_word_cannot_be_read, setup),
        cmocka_unit_test_setup(reset_stops_everything, setup),
        cmocka_unit_test_setup(mode_3_with_odd_count_is_high_one_clock_longer, setup),
        cmocka_unit_test_setup(new_period_is_seen_by_whatever_looks_first, setup),
    };
    return cmocka_run_group_tests_name("i8254", tests, NULL, NULL);
}
