/* SPDX-License-Identifier: BSD-2-Clause */
/* All devices under a guest that does everything wrong. */
#include "op_stream.h"

#include <string.h>

static struct pc pc;

static uint64_t next_random(uint64_t *state)
{
    /* xorshift64* */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static void every_port_at_every_width_with_every_byte(void **state)
{
    (void)state;
    pc_create(&pc);
    for (uint32_t port = 0; port < 0x1000; port++) {
        for (uint32_t width = 1; width <= 4; width *= 2) {
            in(&pc, (uint16_t)port, width);
            for (uint32_t byte = 0; byte < 256; byte++) {
                out(&pc, (uint16_t)port, width, byte * 0x01010101);
                pc.now += 1000;
            }
            in(&pc, (uint16_t)port, width);
        }
        pc_advance_us(&pc, 100);
    }
}

static void every_offset_of_every_page_at_every_width(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 0x100, 0x8000, 0x10000, 0xffffffff, 0x5555555555555555, UINT64_MAX};
    pc_create(&pc);
    static const uint64_t bases[] = {0xfee00000, 0xfec00000, 0xe0000000, 0xe00ff000};
    for (uint32_t page = 0; page < 4; page++) {
        for (uint32_t offset = 0; offset < 4096; offset++) {
            for (uint32_t width = 1; width <= 8; width *= 2) {
                for (uint32_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                    mmio_write(&pc, 0, bases[page] + offset, width, values[i]);
                    mmio_read(&pc, 0, bases[page] + offset, width);
                }
            }
            pc.now += 1000;
        }
        pc_advance_us(&pc, 1000);
    }
}

static void every_msr_with_every_bit(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode < 2; mode++) {
        pc_create(&pc);
        if (mode == 1) {
            assert_int_equal(lapic_msr_write(&pc.lapics[0], 0x1b, 0xfee00d00), 0);
        }
        for (uint32_t index = 0x800; index < 0x900; index++) {
            for (uint32_t bit = 0; bit < 64; bit++) {
                uint64_t value;
                lapic_msr_write(&pc.lapics[0], index, 1ull << bit);
                lapic_msr_read(&pc.lapics[0], index, &value);
                lapic_msr_write(&pc.lapics[0], index, UINT64_MAX >> bit);
                pc_advance(&pc, 100);
            }
        }
    }
    uint64_t value;
    assert_int_equal(lapic_msr_read(&pc.lapics[0], 0x7ff, &value), -1);
    assert_int_equal(lapic_msr_read(&pc.lapics[0], 0x900, &value), -1);
    assert_int_equal(lapic_msr_write(&pc.lapics[0], 0, 0), -1);
    assert_int_equal(lapic_msr_write(&pc.lapics[0], UINT32_MAX, 0), -1);
}

static void random_operations_on_all_devices(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    uint8_t bytes[4096];
    for (uint32_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(next_random(&seed) >> 33);
        }
        /* At 1 MHz, where divisions are coarsest, at an odd one, and at 5 GHz. */
        static const uint64_t frequencies[] = {1000000, PC_TSC_FREQUENCY, 2999999977, 5000000000};
        pc_create_with_frequency(&pc, frequencies[round % 4]);
        op_stream_play(&pc, bytes, sizeof(bytes));
    }
}

static void time_that_stands_or_runs_backwards(void **state)
{
    (void)state;
    uint64_t seed = 12345;
    uint8_t bytes[512];
    pc_create(&pc);
    for (uint32_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(next_random(&seed) >> 33);
        }
        op_stream_play(&pc, bytes, sizeof(bytes));
        pc.now -= pc.now / 3;
        /* What was armed stays in the future; expire it at once. */
        timer_run(&pc.timers, UINT64_MAX / 4);
    }
}

static void everything_at_the_end_of_time(void **state)
{
    (void)state;
    uint64_t seed = 777;
    uint8_t bytes[512];
    pc_create(&pc);
    for (uint32_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(next_random(&seed) >> 33);
        }
        pc.now = UINT64_MAX / 2 + round;
        for (size_t i = 0; i + 8 < sizeof(bytes); i++) {
            out(&pc, (uint16_t)(0x40 + bytes[i] % 4), 1, bytes[i + 1]);
            out(&pc, 0x70, 1, bytes[i + 2]);
            out(&pc, 0x71, 1, bytes[i + 3]);
            in(&pc, 0x71, 1);
            in(&pc, 0x608, 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_port_at_every_width_with_every_byte),
        cmocka_unit_test(every_offset_of_every_page_at_every_width),
        cmocka_unit_test(every_msr_with_every_bit),
        cmocka_unit_test(random_operations_on_all_devices),
        cmocka_unit_test(time_that_stands_or_runs_backwards),
        cmocka_unit_test(everything_at_the_end_of_time),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
