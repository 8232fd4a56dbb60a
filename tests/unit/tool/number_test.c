/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, sizes, CPU lists and PCI addresses as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <tool/number.h>

static void numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"0", 0},
        {"00012", 12},
        {"1_000_000", 1000000},
        {"0x200_000", 0x200000},
        {"0xFFFFffffFFFFffff", UINT64_MAX},
        {"18446744073709551615", UINT64_MAX},
        {"0x00000000000000000001", 1},
    };
    static const char *const bad[] = {
        "",
        " ",
        " 1",
        "1 ",
        "-1",
        "+1",
        "0x",
        "0X10",
        "x10",
        "1k",
        "1.5",
        "18446744073709551616",
        "0x1_0000_0000_0000_0000",
        "_",
        "0x_",
        "ten",
        "0b11",
        "1e3",
        "0x1g",
        "99999999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t value = 77;
        assert_true(parse_number(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t value = 77;
        assert_false(parse_number(bad[i], &value));
        assert_int_equal(value, 77);
    }
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"4096", 4096},       {"0x1000", 4096},     {"4KiB", 4096},      {"256 MiB", 256ull << 20},
        {"3GiB", 3ull << 30}, {"1TiB", 1ull << 40}, {"0x10KiB", 0x4000}, {"16777215TiB", 16777215ull << 40},
    };
    static const char *const bad[] = {"", "MiB", "4KB", "4K", "4 KiB ", "4kib", "16777216TiB", "1_MiB_", "0x1GiBx"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t value = 0;
        assert_true(parse_size(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t value = 0;
        assert_false(parse_size(bad[i], &value));
    }
}

static void words(void **state)
{
    bool value = false;
    (void)state;
    assert_true(parse_boolean("true", &value) && value);
    assert_true(parse_boolean("false", &value) && !value);
    assert_true(parse_switch("on", &value) && value);
    assert_true(parse_switch("off", &value) && !value);
    assert_false(parse_boolean("True", &value));
    assert_false(parse_boolean("1", &value));
    assert_false(parse_switch("true", &value));
    assert_false(parse_switch("", &value));
}

static void cpu_lists(void **state)
{
    uint32_t cpus[4] = {9, 9, 9, 9}, count = 0;
    (void)state;
    assert_true(parse_cpu_list("3", cpus, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(cpus[0], 3);
    assert_true(parse_cpu_list(" 0, 1 ,0x2,3 ", cpus, 4, &count));
    assert_int_equal(count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(cpus[i], i);
    }
    static const char *const bad[] = {"", ",", "0,", ",0", "0,,1", "0 1", "0-3", "0,1,2,3,4", "4294967296", "a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(parse_cpu_list(bad[i], cpus, 4, &count));
    }
}

static void pci_addresses(void **state)
{
    uint32_t address = 0;
    (void)state;
    assert_true(parse_pci_address("01:1f.2", &address));
    assert_int_equal(address, 0x1fa);
    assert_true(parse_pci_address("1:2.3", &address));
    assert_int_equal(address, 0x113);
    assert_true(parse_pci_address("ff:1f.7", &address));
    assert_int_equal(address, 0xffff);
    static const char *const bad[] = {"",        "1",      "1:2",    "1:2.",           ":2.3",   "1:.3",
                                      "100:0.0", "0:20.0", "0:0.8",  "-1:0.0",         "0:-1.0", "0.0:0",
                                      "0:0.0x",  "g:0.0",  " 0:0.0", "0:0.00000000008"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(parse_pci_address(bad[i], &address));
    }
}

static void formatted_sizes(void **state)
{
    char text[32];
    (void)state;
    assert_string_equal(format_size(text, 0), "0 bytes");
    assert_string_equal(format_size(text, 1023), "1023 bytes");
    assert_string_equal(format_size(text, 1024), "1 KiB");
    assert_string_equal(format_size(text, 1536 * 1024), "1536 KiB");
    assert_string_equal(format_size(text, 256ull << 20), "256 MiB");
    assert_string_equal(format_size(text, UINT64_MAX), "18446744073709551615 bytes");
    assert_string_equal(format_size(text, 1ull << 63), "8388608 TiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),   cmocka_unit_test(sizes),         cmocka_unit_test(words),
        cmocka_unit_test(cpu_lists), cmocka_unit_test(pci_addresses), cmocka_unit_test(formatted_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
