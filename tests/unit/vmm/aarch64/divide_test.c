/* SPDX-License-Identifier: BSD-2-Clause */
/* Division of 128 bits, which AArch64's VMM does by itself, against the compiler's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vmm/arch/divide.h>
#include <vmm/timer.h>

static uint64_t random_state = 0x123456789abcdefull;

/* Of any magnitude, and with many ones or many zeros. */
static uint64_t random_number(void)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    uint64_t value = random_state ^ random_state >> 29;
    uint64_t shape = random_state >> 58;
    value >>= shape;
    return (random_state & 1) != 0 ? value : ~value >> (random_state >> 52 & 63);
}

static void divides_like_the_compiler(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3000000; i++) {
        uint64_t divisor = random_number();
        divisor = divisor == 0 ? 1 : divisor;
        uint64_t high = random_number() % divisor;
        uint64_t low = random_number();
        unsigned __int128 dividend = (unsigned __int128)high << 64 | low;
        assert_true(divide_128(high, low, divisor) == (uint64_t)(dividend / divisor));
    }
}

static void edges(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0x100000001,
                                      0x7fffffffffffffff,
                                      0x8000000000000000,
                                      0x80000000ffffffff,
                                      0xfffffffeffffffff,
                                      0xffffffff00000000,
                                      UINT64_MAX - 1,
                                      UINT64_MAX};
    const size_t count = sizeof(values) / sizeof(values[0]);
    for (size_t h = 0; h < count; h++) {
        for (size_t l = 0; l < count; l++) {
            for (size_t d = 0; d < count; d++) {
                if (values[h] < values[d]) {
                    unsigned __int128 dividend = (unsigned __int128)values[h] << 64 | values[l];
                    assert_true(divide_128(values[h], values[l], values[d]) == (uint64_t)(dividend / values[d]));
                }
            }
        }
    }
}

static void scaling_saturates(void **state)
{
    (void)state;
    assert_true(timer_scale(UINT64_MAX, 2, 1) == UINT64_MAX);
    assert_true(timer_scale(1, 1, 0) == UINT64_MAX);
    assert_true(timer_scale(UINT64_MAX, 1000, 1000) == UINT64_MAX);
    assert_true(timer_scale(62500000ull * 86400 * 365, 1000000000, 62500000) == 86400ull * 365 * 1000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divides_like_the_compiler),
        cmocka_unit_test(edges),
        cmocka_unit_test(scaling_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
