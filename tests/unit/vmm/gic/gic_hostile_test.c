/* SPDX-License-Identifier: BSD-2-Clause */
/* The GIC under a guest that does everything wrong. */
#include "gic_stream.h"

static struct machine machine;

static uint64_t next_random(uint64_t *state)
{
    /* xorshift64* */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static void every_offset(uint64_t base, uint64_t size)
{
    static const uint64_t values[] = {UINT64_MAX, 0x5555555555555555, 0};
    for (uint64_t offset = 0; offset < size; offset++) {
        for (uint32_t width = 1; width <= 8; width *= 2) {
            for (uint32_t i = 0; i < 3 && offset + width <= size; i++) {
                machine_write(&machine, 0, base + offset, width, values[i]);
                machine_read(&machine, 0, base + offset, width);
            }
        }
    }
}

static void every_offset_at_every_width(void **state)
{
    (void)state;
    machine_create(&machine, 2, 3, false);
    every_offset(GUEST_GICD_BASE, 0x1100);
    machine_create(&machine, 3, 2, true);
    every_offset(GUEST_GICD_BASE, 0x1100);
    every_offset(GUEST_GICD_BASE + 0x6000, 0x900);
    every_offset(GUEST_ITS_BASE, 0x200);
    every_offset(GUEST_ITS_BASE + 0x10000, 0x80);
    every_offset(GUEST_GICR_BASE + GUEST_GICR_SIZE_PER_VCPU, 0x100);
    every_offset(GUEST_GICR_BASE + GUEST_GICR_SIZE_PER_VCPU + 0x10000, 0xd00);
}

static void random_streams(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    static uint8_t bytes[4096];
    for (uint32_t round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)(next_random(&seed) >> 56);
        }
        gic_stream_play(&machine, bytes, sizeof(bytes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_offset_at_every_width),
        cmocka_unit_test(random_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
