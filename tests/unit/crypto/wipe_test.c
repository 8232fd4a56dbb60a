/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/wipe.h>

static void test_wipe(void **state)
{
    (void)state;
    uint8_t area[40];
    memset(area, 0x5a, sizeof(area));
    secret_wipe(area + 3, 30);
    for (unsigned int i = 0; i < sizeof(area); i++) {
        assert_int_equal(area[i], i >= 3 && i < 33 ? 0 : 0x5a);
    }
    secret_wipe(NULL, 0);
}

static void test_equal(void **state)
{
    (void)state;
    uint8_t a[64], b[64];
    for (unsigned int i = 0; i < sizeof(a); i++) {
        a[i] = b[i] = (uint8_t)i;
    }
    assert_true(secret_equal(a, b, sizeof(a)));
    assert_true(secret_equal(NULL, NULL, 0));
    for (unsigned int i = 0; i < sizeof(a); i++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(a[i] ^ 1u << bit);
            assert_false(secret_equal(a, b, sizeof(a)));
            assert_true(secret_equal(a, b, i));
        }
        b[i] = a[i];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
