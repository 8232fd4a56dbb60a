/* SPDX-License-Identifier: BSD-2-Clause */
/* What the manager shows of an AArch64 machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fault_arch.h>
#include <hardware_arch.h>

static char buffer[16384], text[16385];
static struct text_output out;
static struct hardware_info hardware;

static int set_up(void **state)
{
    (void)state;
    memset(&hardware, 0, sizeof(hardware));
    out = (struct text_output){.buffer = buffer, .size = sizeof(buffer)};
    return 0;
}

static const char *shown(void)
{
    text[text_output_take(&out, text, sizeof(buffer))] = '\0';
    return text;
}

static void names_processors(void **state)
{
    (void)state;
    static const struct {
        uint32_t midr;
        const char *name;
    } processors[] = {
        {0x410fd034, "Arm Cortex-A53 r0p4"},   {0x411fd070, "Arm Cortex-A57 r1p0"},
        {0x410fd083, "Arm Cortex-A72 r0p3"},   {0x414fd0c1, "Arm Neoverse N1 r4p1"},
        {0x410fffff, "Arm, part 0xfff r0p15"}, {0x999f1230, "implementer unknown, part 0x123 r9p0"},
    };
    for (size_t i = 0; i < sizeof(processors) / sizeof(processors[0]); i++) {
        hardware.cpu_signature = processors[i].midr;
        show_cpu_model(&out, &hardware);
        assert_string_equal(shown(), processors[i].name);
    }
    hardware.cpu_signature = 0x410fd034;
    show_cpu_model_code(&out, &hardware);
    assert_string_equal(shown(), "MIDR 0x410fd034");
    const struct hardware_cpu cpu = {.mpidr = 0x0100020304ull};
    show_cpu_name(&out, &cpu);
    assert_string_equal(shown(), "affinity 1.2.3.4");
}

static void shows_a_gicv3_machine(void **state)
{
    (void)state;
    hardware.arch = (struct hardware_arch){
        .psci_conduit = HARDWARE_PSCI_SMC,
        .psci_version = 0x10001,
        .gic_version = 3,
        .distributor = {0x8000000, 0x10000},
        .redistributor_count = 1,
        .redistributors = {{0x80a0000, 0xf60000}},
        .its_count = 1,
        .its = {{.address = 0x8080000, .id = 0}},
        .maintenance = {25, 0},
        .virtual_timer = {27, 0},
        .hyper_timer = {26, 0},
        .uart = {0x9000000, 0x1000},
        .uart_interrupt = {33, 0},
        .uart_kind = HARDWARE_UART_PL011,
        .rtc = {0x9010000, 0x1000},
        .device_tree = {0x40000000, 0x100000},
        .smmu_count = 1,
        .smmus = {{.registers = {0x9050000, 0x20000}, .version = 3, .event_interrupt = 106, .error_interrupt = 109}},
    };
    show_interrupt_controllers(&out, &hardware);
    assert_string_equal(shown(), "GICv3, 1 ITS");
    show_platform_devices(&out, &hardware);
    const char *all = shown();
    static const char *const parts[] = {
        "  PSCI           1.1, by SMC\r\n",
        "  distributor    at 0x8000000, 64 KiB\r\n",
        "  redistributors at 0x80a0000, 15744 KiB\r\n",
        "  ITS 0          at 0x8080000\r\n",
        "  virtual timer  interrupt 27, level\r\n",
        "  EL2 timer      interrupt 26, level\r\n",
        "  PL011          at 0x9000000, interrupt 33\r\n",
        "  PL031          at 0x9010000, 4 KiB\r\n",
        "  device tree    at 0x40000000, 1024 KiB\r\n",
        "  SMMUv3 0       at 0x9050000, interrupts 106 (events), 109 (errors), 0 (commands)\r\n",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        assert_non_null(strstr(all, parts[i]));
    }
    assert_null(strstr(all, "EL1 timer")); /* not there */
    assert_null(strstr(all, "GIC CPU"));
}

static void shows_a_gicv2_machine(void **state)
{
    (void)state;
    hardware.arch = (struct hardware_arch){
        .gic_version = 2,
        .gicc = {0x8010000, 0x10000},
        .gich = {0x8030000, 0x10000},
        .gicv = {0x8040000, 0x10000},
        .v2m = {0x8020000, 0x1000},
        .v2m_first_spi = 80,
        .v2m_spi_count = 64,
    };
    show_interrupt_controllers(&out, &hardware);
    assert_string_equal(shown(), "GICv2 with v2m");
    show_platform_devices(&out, &hardware);
    const char *all = shown();
    assert_non_null(strstr(all, "  PSCI           none\r\n"));
    assert_non_null(strstr(all, "  GIC CPU        at 0x8010000, 64 KiB\r\n"));
    assert_non_null(strstr(all, "  GIC hypervisor at 0x8030000, 64 KiB\r\n"));
    assert_non_null(strstr(all, "  GIC virtual    at 0x8040000, 64 KiB\r\n"));
    assert_non_null(strstr(all, "  v2m            at 0x8020000, interrupts 80 to 143\r\n"));
}

/* Whatever the counts say, nothing outside the tables is read (the sanitizer watches). */
static void believes_no_counts(void **state)
{
    (void)state;
    memset(&hardware, 0xff, sizeof(hardware));
    show_interrupt_controllers(&out, &hardware);
    show_platform_devices(&out, &hardware);
    assert_non_null(strstr(shown(), "by ?"));
}

static void says_what_a_fault_was(void **state)
{
    (void)state;
    assert_true(fault_was_write(0x92000047));
    assert_false(fault_was_write(0x92000007));
    assert_false(fault_was_write(0x92000147)); /* cache maintenance */
    show_exception(&out, 0x02000000, 0);
    assert_string_equal(shown(), "invalid instruction (syndrome 0x2000000)");
    show_exception(&out, 0xf2000001, 0);
    assert_string_equal(shown(), "breakpoint (syndrome 0xf2000001)");
    show_exception(&out, 0x1fe00000, 0);
    assert_string_equal(shown(), "FPU not available (syndrome 0x1fe00000)");
    show_exception(&out, 0xfe000000, 0);
    assert_string_equal(shown(), "exception (syndrome 0xfe000000)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names_processors, set_up),      cmocka_unit_test_setup(shows_a_gicv3_machine, set_up),
        cmocka_unit_test_setup(shows_a_gicv2_machine, set_up), cmocka_unit_test_setup(believes_no_counts, set_up),
        cmocka_unit_test_setup(says_what_a_fault_was, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
