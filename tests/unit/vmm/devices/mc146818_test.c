/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#include <string.h>

#define SECOND PC_TSC_FREQUENCY

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    *state = &pc;
    return 0;
}

static uint8_t get(struct pc *pc, uint8_t index)
{
    outb(pc, 0x70, index);
    return inb(pc, 0x71);
}

static void set(struct pc *pc, uint8_t index, uint8_t value)
{
    outb(pc, 0x70, index);
    outb(pc, 0x71, value);
}

static void assert_time(struct pc *pc, const uint8_t *expected)
{
    static const uint8_t indices[8] = {0x32, 0x09, 0x08, 0x07, 0x06, 0x04, 0x02, 0x00};
    for (int i = 0; i < 8; i++) {
        assert_int_equal(get(pc, indices[i]), expected[i]);
    }
}

static void shows_the_wall_clock_in_bcd(void **state)
{
    struct pc *pc = *state;
    assert_time(pc, (const uint8_t[8]){0x20, 0x26, 0x07, 0x21, 3, 0x10, 0x00, 0x00});
    pc_advance(pc, 86400 * SECOND + 59 * SECOND);
    assert_time(pc, (const uint8_t[8]){0x20, 0x26, 0x07, 0x22, 4, 0x10, 0x00, 0x59});
    assert_int_equal(get(pc, 0x0d), 0x80);
}

static void shows_binary_and_twelve_hours_when_asked(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0b, 0x06);
    assert_time(pc, (const uint8_t[8]){20, 26, 7, 21, 3, 10, 0, 0});
    set(pc, 0x0b, 0x00);
    assert_int_equal(get(pc, 0x04), 0x10);
    pc_advance(pc, 2 * 3600 * SECOND);
    assert_int_equal(get(pc, 0x04), 0x92); /* noon is 12 PM */
    pc_advance(pc, 12 * 3600 * SECOND);
    assert_int_equal(get(pc, 0x04), 0x12); /* midnight is 12 AM */
    pc_advance(pc, 23 * 3600 * SECOND);
    assert_int_equal(get(pc, 0x04), 0x91);
}

static void write_time(struct pc *pc, const uint8_t *time)
{
    static const uint8_t indices[8] = {0x32, 0x09, 0x08, 0x07, 0x06, 0x04, 0x02, 0x00};
    for (int i = 0; i < 8; i++) {
        set(pc, indices[i], time[i]);
    }
}

static void set_stops_the_clock_and_release_starts_it_from_the_registers(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0b, 0x82);
    write_time(pc, (const uint8_t[8]){0x20, 0x24, 0x02, 0x28, 4, 0x23, 0x59, 0x50});
    pc_advance(pc, 3600 * SECOND);
    assert_time(pc, (const uint8_t[8]){0x20, 0x24, 0x02, 0x28, 4, 0x23, 0x59, 0x50});
    set(pc, 0x0b, 0x02);
    pc_advance(pc, 11 * SECOND);
    assert_time(pc, (const uint8_t[8]){0x20, 0x24, 0x02, 0x29, 5, 0x00, 0x00, 0x01});
    pc_advance(pc, 86400 * SECOND);
    assert_time(pc, (const uint8_t[8]){0x20, 0x24, 0x03, 0x01, 6, 0x00, 0x00, 0x01});
}

static void year_2100_is_no_leap_year(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0b, 0x82);
    write_time(pc, (const uint8_t[8]){0x21, 0x00, 0x02, 0x28, 1, 0x23, 0x59, 0x59});
    set(pc, 0x0b, 0x02);
    pc_advance(pc, SECOND);
    assert_time(pc, (const uint8_t[8]){0x21, 0x00, 0x03, 0x01, 2, 0x00, 0x00, 0x00});
}

static void a_running_clock_can_be_set_field_by_field(void **state)
{
    struct pc *pc = *state;
    pc_advance(pc, 30 * SECOND);
    set(pc, 0x40, 0x55); /* RAM has nothing to do with it */
    pc_advance(pc, SECOND / 2);
    set(pc, 0x00, 0x00); /* the second's phase stays */
    pc_advance(pc, SECOND / 2);
    assert_int_equal(get(pc, 0x00), 0x01);
    set(pc, 0x00, 0x00);
    set(pc, 0x04, 0x23);
    assert_time(pc, (const uint8_t[8]){0x20, 0x26, 0x07, 0x21, 3, 0x23, 0x00, 0x00});
    pc_advance(pc, 3600 * SECOND);
    assert_time(pc, (const uint8_t[8]){0x20, 0x26, 0x07, 0x22, 4, 0x00, 0x00, 0x00});
}

static void divider_reset_holds_the_clock_and_starts_it_half_a_second_before_the_update(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0a, 0x76);
    pc_advance(pc, 10 * SECOND);
    assert_int_equal(get(pc, 0x00), 0x00);
    set(pc, 0x0a, 0x26);
    pc_advance(pc, SECOND / 2 - 1000);
    assert_int_equal(get(pc, 0x00), 0x00);
    pc_advance(pc, 2000);
    assert_int_equal(get(pc, 0x00), 0x01);
}

static void uip_warns_before_the_update(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(get(pc, 0x0a), 0x26);
    pc_advance_us(pc, 1000000 - 2300);
    assert_int_equal(get(pc, 0x0a), 0x26);
    pc_advance_us(pc, 100);
    assert_int_equal(get(pc, 0x0a), 0xa6);
    assert_int_equal(get(pc, 0x00), 0x00);
    pc_advance_us(pc, 2198);
    assert_int_equal(get(pc, 0x0a), 0xa6);
    pc_advance_us(pc, 3);
    assert_int_equal(get(pc, 0x0a), 0x26);
    assert_int_equal(get(pc, 0x00), 0x01);
}

static void update_interrupt_comes_each_second_and_reading_c_ends_it(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0b, 0x12);
    pc_advance(pc, SECOND - 1);
    get(pc, 0x0c);
    assert_false(pc->lines[8]);
    pc_advance(pc, 2);
    assert_true(pc->lines[8]);
    assert_int_equal(get(pc, 0x0c) & 0xb0, 0x90);
    assert_false(pc->lines[8]);
    assert_int_equal(get(pc, 0x0c), 0);
    pc_advance(pc, SECOND);
    assert_int_equal(pc->edges[8], 2);
    pc_advance(pc, 10 * SECOND);
    assert_int_equal(pc->edges[8], 2); /* not acknowledged: no more edges */
}

static void periodic_interrupt_has_the_rate_of_register_a(void **state)
{
    static const uint32_t rates[16] = {0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2};
    struct pc *pc = *state;
    for (uint8_t rate = 0; rate < 16; rate++) {
        set(pc, 0x0a, 0x20 | rate);
        set(pc, 0x0b, 0x42);
        get(pc, 0x0c);
        uint32_t before = pc->edges[8];
        for (int i = 0; i < 16384; i++) {
            pc_advance(pc, SECOND / 16384);
            if (pc->lines[8]) {
                assert_int_equal(get(pc, 0x0c) & 0xc0, 0xc0);
            }
        }
        assert_in_range(pc->edges[8] - before, rates[rate] - (rates[rate] != 0), rates[rate]);
        set(pc, 0x0b, 0x02);
    }
}

static void flags_rise_without_interrupts_enabled(void **state)
{
    struct pc *pc = *state;
    get(pc, 0x0c);
    pc_advance(pc, 2 * SECOND);
    assert_int_equal(pc->timers.next, 0); /* and nothing was armed for it */
    assert_int_equal(get(pc, 0x0c), 0x50);
    assert_int_equal(get(pc, 0x0c), 0x00);
    assert_int_equal(pc->edges[8], 0);
}

static void alarm_goes_off_at_its_time(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x05, 0x09); /* 09:30:15, that is tomorrow */
    set(pc, 0x03, 0x30);
    set(pc, 0x01, 0x15);
    set(pc, 0x0b, 0x22);
    pc_advance(pc, (23 * 3600 + 30 * 60 + 14) * SECOND);
    assert_false(pc->lines[8]);
    pc_advance(pc, SECOND + 1);
    assert_true(pc->lines[8]);
    assert_int_equal(get(pc, 0x0c) & 0xa0, 0xa0);
    pc_advance(pc, 86400 * SECOND);
    assert_int_equal(pc->edges[8], 2);
}

static void alarm_fields_that_do_not_care_match_everything(void **state)
{
    static const struct {
        uint8_t hour, minute, second;
        uint32_t per_day;
    } cases[] = {
        {0xff, 0xff, 0xff, 86400}, {0xff, 0xff, 0x30, 1440}, {0xff, 0x15, 0x30, 24}, {0x12, 0xff, 0xff, 3600},
        {0xc0, 0x15, 0xc0, 1440},  {0x12, 0x15, 0xff, 60},   {0x12, 0xff, 0x30, 60}, {0x10, 0x00, 0x00, 1},
        {0x23, 0x59, 0x59, 1},     {0x24, 0x00, 0x00, 0},    {0x99, 0x00, 0x00, 0},  {0x10, 0x61, 0x00, 0},
        {0x10, 0x00, 0xbf, 0},
    };
    struct pc *pc = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set(pc, 0x05, cases[i].hour);
        set(pc, 0x03, cases[i].minute);
        set(pc, 0x01, cases[i].second);
        get(pc, 0x0c);
        set(pc, 0x0b, 0x22);
        uint32_t count = 0;
        uint64_t end = pc->now + 86400 * SECOND;
        while (pc->timers.next != 0 && pc->timers.next <= end) {
            pc->now = pc->timers.next;
            timer_run(&pc->timers, pc->now);
            count += pc->lines[8];
            get(pc, 0x0c);
        }
        pc->now = end;
        assert_int_equal(count, cases[i].per_day);
        set(pc, 0x0b, 0x02);
    }
}

static void setting_set_disables_the_update_interrupt(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x0b, 0x92);
    assert_int_equal(get(pc, 0x0b), 0x82);
}

static void registers_c_and_d_are_read_only(void **state)
{
    struct pc *pc = *state;
    get(pc, 0x0c);
    set(pc, 0x0c, 0xff);
    set(pc, 0x0d, 0x00);
    assert_int_equal(get(pc, 0x0c), 0);
    assert_int_equal(get(pc, 0x0d), 0x80);
}

static void ram_keeps_what_is_written_and_survives_reset(void **state)
{
    struct pc *pc = *state;
    for (uint8_t i = 0x0e; i < 0x80; i++) {
        if (i != 0x32) {
            set(pc, i, (uint8_t)~i);
        }
    }
    mc146818_reset(&pc->rtc);
    for (uint8_t i = 0x0e; i < 0x80; i++) {
        if (i != 0x32) {
            assert_int_equal(get(pc, i), (uint8_t)~i);
        }
    }
}

static void reset_disables_interrupts_and_keeps_time(void **state)
{
    struct pc *pc = *state;
    set(pc, 0x04, 0x15);
    set(pc, 0x0b, 0x72);
    pc_advance(pc, 5 * SECOND);
    assert_true(pc->lines[8]);
    mc146818_reset(&pc->rtc);
    assert_false(pc->lines[8]);
    assert_int_equal(get(pc, 0x0b), 0x02);
    assert_int_equal(get(pc, 0x04), 0x15);
    assert_int_equal(get(pc, 0x00), 0x05);
}

static void bit_7_of_the_index_disables_nmi(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x70, 0x8d);
    assert_true(mc146818_nmi_disabled(&pc->rtc));
    assert_int_equal(inb(pc, 0x71), 0x80);
    outb(pc, 0x70, 0x0d);
    assert_false(mc146818_nmi_disabled(&pc->rtc));
    assert_int_equal(inb(pc, 0x70), 0xff);
}

static void memory_size_is_where_firmware_looks(void **state)
{
    struct pc *pc = *state;
    mc146818_describe_machine(&pc->rtc, 256ull << 20, 5ull << 30, 2);
    assert_int_equal(get(pc, 0x15) | get(pc, 0x16) << 8, 640);
    assert_int_equal(get(pc, 0x30) | get(pc, 0x31) << 8, 63 * 1024);
    assert_int_equal(get(pc, 0x34) | get(pc, 0x35) << 8, 240 * 16);
    assert_int_equal(get(pc, 0x5b) | get(pc, 0x5c) << 8 | get(pc, 0x5d) << 16, 5 * 16384);
    assert_int_equal(get(pc, 0x5f), 1);
    uint32_t sum = 0;
    for (uint8_t i = 0x10; i <= 0x2d; i++) {
        sum += get(pc, i);
    }
    assert_int_equal(get(pc, 0x2e) << 8 | get(pc, 0x2f), sum & 0xffff);
    mc146818_describe_machine(&pc->rtc, 32ull << 20, 0, 1);
    assert_int_equal(get(pc, 0x17) | get(pc, 0x18) << 8, 31 * 1024);
    assert_int_equal(get(pc, 0x34) | get(pc, 0x35) << 8, 16 * 16);
    mc146818_describe_machine(&pc->rtc, 0, UINT64_MAX, 0);
    assert_int_equal(get(pc, 0x5b) | get(pc, 0x5c) << 8 | get(pc, 0x5d) << 16, 0xffffff);
    assert_int_equal(get(pc, 0x34) | get(pc, 0x35) << 8, 0);
}

static void nonsense_dates_give_some_time(void **state)
{
    struct pc *pc = *state;
    for (uint32_t value = 0; value < 256; value++) {
        set(pc, 0x0b, value & 1 ? 0x86 : 0x80);
        for (uint8_t index = 0; index < 10; index++) {
            set(pc, index, (uint8_t)value);
        }
        set(pc, 0x32, (uint8_t)value);
        set(pc, 0x0b, 0x72);
        pc_advance(pc, SECOND);
        uint8_t second = get(pc, 0x00);
        assert_true((second & 0xf) < 10 && second < 0x60);
        uint8_t month = get(pc, 0x08);
        assert_true(month >= 1 && month <= 0x12);
        get(pc, 0x0c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shows_the_wall_clock_in_bcd, setup),
        cmocka_unit_test_setup(shows_binary_and_twelve_hours_when_asked, setup),
        cmocka_unit_test_setup(set_stops_the_clock_and_release_starts_it_from_the_registers, setup),
        cmocka_unit_test_setup(year_2100_is_no_leap_year, setup),
        cmocka_unit_test_setup(a_running_clock_can_be_set_field_by_field, setup),
        cmocka_unit_test_setup(divider_reset_holds_the_clock_and_starts_it_half_a_second_before_the_update, setup),
        cmocka_unit_test_setup(uip_warns_before_the_update, setup),
        cmocka_unit_test_setup(update_interrupt_comes_each_second_and_reading_c_ends_it, setup),
        cmocka_unit_test_setup(periodic_interrupt_has_the_rate_of_register_a, setup),
        cmocka_unit_test_setup(flags_rise_without_interrupts_enabled, setup),
        cmocka_unit_test_setup(alarm_goes_off_at_its_time, setup),
        cmocka_unit_test_setup(alarm_fields_that_do_not_care_match_everything, setup),
        cmocka_unit_test_setup(setting_set_disables_the_update_interrupt, setup),
        cmocka_unit_test_setup(registers_c_and_d_are_read_only, setup),
        cmocka_unit_test_setup(ram_keeps_what_is_written_and_survives_reset, setup),
        cmocka_unit_test_setup(reset_disables_interrupts_and_keeps_time, setup),
        cmocka_unit_test_setup(bit_7_of_the_index_disables_nmi, setup),
        cmocka_unit_test_setup(memory_size_is_where_firmware_looks, setup),
        cmocka_unit_test_setup(nonsense_dates_give_some_time, setup),
    };
    return cmocka_run_group_tests_name("mc146818", tests, NULL, NULL);
}
