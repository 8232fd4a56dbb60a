/* SPDX-License-Identifier: BSD-2-Clause */
/* A PC's timers behind the timer service: HPET and interval timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <microkit.h>

#include "pc_timers.h"

#define GHZ     1000000000ull
#define WORDS   256u
#define COUNTER (0xf0u / 4)
#define TIMER0  (0x100u / 4)
#define TARGET  (0x108u / 4)
#define PERIOD  69841279u /* fs: 14.318 MHz, as in many PCs */
#define HERTZ   14318179u

/* --- HPET: registers whose counter moves with the clock --- */

static uint32_t registers[WORDS];
static uint64_t clock_value;
static uint32_t step; /* of the counter, whenever somebody looks at the clock */

static uint64_t now(void)
{
    clock_value += 1000;
    registers[COUNTER] += step;
    return clock_value;
}

static int set_up(void **unused)
{
    (void)unused;
    memset(registers, 0, sizeof(registers));
    registers[0] = 0x8086a201; /* legacy replacement, 64 bits, 3 comparators */
    registers[1] = PERIOD;
    clock_value = 0;
    step = 14;
    return 0;
}

static bool initialise(struct hpet *hpet)
{
    return hpet_init(hpet, registers, now, GHZ);
}

static void test_hpet_that_is_there(void **unused)
{
    struct hpet hpet;
    (void)unused;
    assert_true(initialise(&hpet));
    assert_int_equal(hpet.frequency, HERTZ);
    assert_int_equal(registers[0x10 / 4] & 3, 3); /* counts, and takes the interval timer's place */
    assert_int_equal(registers[TIMER0], 1u << 2 | 1u << 8);
}

static void test_hpet_that_is_not(void **unused)
{
    struct hpet hpet;
    (void)unused;
    const uint32_t refused[][2] = {
        {UINT32_MAX, UINT32_MAX},           /* nothing there */
        {0, 0},                             /* nor here */
        {0x8086a201 & ~(1u << 15), PERIOD}, /* no legacy replacement */
        {0x8086a201, 100000001},            /* slower than allowed */
        {0x8086a201, 0},
        {0x8086a201, 7499999}, /* so fast that 16 seconds look like the past */
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        memcpy(registers, refused[i], sizeof(refused[i]));
        registers[0x10 / 4] = 0;
        assert_false(initialise(&hpet));
        assert_int_equal(registers[0x10 / 4], 0); /* nobody takes the interval timer's interrupt away */
    }
    (void)set_up(NULL);
    step = 0; /* it does not count */
    assert_false(initialise(&hpet));
    assert_int_equal(registers[0x10 / 4] & 2, 0);
    assert_in_range(clock_value, 1000000, 1100000); /* a millisecond is enough to know */
}

static void test_hpet_deadlines(void **unused)
{
    struct hpet hpet;
    (void)unused;
    assert_true(initialise(&hpet));
    const struct {
        uint64_t ticks;
        uint32_t counter, counts;
    } cases[] = {
        {GHZ, 5, HERTZ},
        {GHZ / 1000, 5, 14319}, /* rounded up */
        {0, 5, 8},
        {1, 5, 8},
        {GHZ, UINT32_MAX - 3, HERTZ}, /* over the counter's end */
        {16 * GHZ, 7, 16 * HERTZ},
        {UINT64_MAX, 7, 16 * HERTZ},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        registers[COUNTER] = cases[i].counter;
        hpet_arm(&hpet, cases[i].ticks, GHZ);
        assert_int_equal(registers[TARGET] - registers[COUNTER], cases[i].counts);
    }
}

/* --- Interval timer --- */

static uint8_t written[16];
static unsigned int write_count;

void microkit_x86_ioport_write_8(microkit_ioport port, seL4_Word address, seL4_Word data)
{
    (void)port;
    assert_in_range(address, 0x40, 0x43);
    assert_in_range(write_count, 0, 7);
    written[write_count * 2] = (uint8_t)address;
    written[write_count * 2 + 1] = (uint8_t)data;
    write_count++;
}

static void test_pit_count(void **unused)
{
    (void)unused;
    assert_int_equal(pit_count(0, GHZ), 1); /* 0 would be 65536 */
    assert_int_equal(pit_count(1, GHZ), 1);
    assert_int_equal(pit_count(GHZ / 1000, GHZ), 1194); /* rounded up: never before the deadline */
    assert_int_equal(pit_count(GHZ / 20, GHZ), 59660);
    assert_int_equal(pit_count(GHZ, GHZ), 0xffff);
    assert_int_equal(pit_count(UINT64_MAX, GHZ), 0xffff);
    assert_int_equal(pit_count(50000, 50000000), 1194);
    assert_int_equal(pit_count(UINT64_MAX, 6 * GHZ), 0xffff);
}

static void test_pit_arm(void **unused)
{
    (void)unused;
    const uint8_t expected[] = {0x43, 0x30, 0x40, 0xaa, 0x40, 0x04}; /* once, 1194 */
    write_count = 0;
    pit_arm(GHZ / 1000, GHZ);
    assert_int_equal(write_count, 3);
    assert_memory_equal(written, expected, sizeof(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_hpet_that_is_there, set_up),
        cmocka_unit_test_setup(test_hpet_that_is_not, set_up),
        cmocka_unit_test_setup(test_hpet_deadlines, set_up),
        cmocka_unit_test(test_pit_count),
        cmocka_unit_test(test_pit_arm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
