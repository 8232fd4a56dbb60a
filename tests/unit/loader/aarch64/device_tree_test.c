/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader reads in device trees: memory, processors, interrupt controllers, devices, random numbers. */
#include "tree_maker.h"

static void expect_range(uint32_t index, uint64_t base, uint64_t size, uint32_t kind)
{
    assert_true(index < source.memory_count);
    assert_int_equal(source.memory[index].base, base);
    assert_int_equal(source.memory[index].size, size);
    assert_int_equal(source.memory[index].kind, kind);
}

static void test_boot_source(void **state)
{
    (void)state;
    open_tree(make_tree(add_gic_v2));
    assert_int_equal(device_tree_boot_source(&tree, &source, &error), 1);
    assert_int_equal(source.memory_count, 5);
    expect_range(0, 0x40000000, 0x40000000, HARDWARE_MEMORY_USABLE);
    expect_range(1, 0x100000000, 0x80000000, HARDWARE_MEMORY_USABLE);
    expect_range(2, 0x7f000000, 0x100000, HARDWARE_MEMORY_RESERVED);
    expect_range(3, 0x40000000, 0x10000, HARDWARE_MEMORY_RESERVED); /* that of the RAM disk is left out */
    expect_range(4, (uintptr_t)tree_bytes, fdt_totalsize(tree_bytes), HARDWARE_MEMORY_RESERVED);
    assert_int_equal(source.module_count, 1);
    assert_int_equal(source.modules[0].address, 0x48000000);
    assert_int_equal(source.modules[0].size, 0x2345);
    assert_string_equal(source.command_line, "quiet?x=1");
    assert_int_equal(warning_count, 0);
}

static void expect_interrupt(struct hardware_interrupt interrupt, uint32_t intid, uint32_t edge)
{
    assert_int_equal(interrupt.intid, intid);
    assert_int_equal(interrupt.edge, edge);
}

static void expect_registers(struct hardware_range range, uint64_t address, uint64_t size)
{
    assert_int_equal(range.address, address);
    assert_int_equal(range.size, size);
}

static void test_console(void **state)
{
    (void)state;
    open_tree(make_tree(add_gic_v2));
    device_tree_console(&tree, &hardware);
    expect_registers(hardware.arch.uart, 0x10000b000, 0x1000); /* serial@b000, behind the bus's ranges */
    assert_int_equal(hardware.arch.uart_kind, HARDWARE_UART_PL011);
    assert_int_equal(hardware.arch.uart_clock, 24000000);
    expect_interrupt(hardware.arch.uart_interrupt, 38, 1);
}

static void test_hardware_with_gic_v2(void **state)
{
    (void)state;
    const struct hardware_arch *arch = &hardware.arch;
    open_tree(make_tree(add_gic_v2));
    device_tree_hardware(&tree, 0, &hardware);
    assert_int_equal(hardware.cpu_count, 3);
    assert_int_equal(hardware.cpus[0].mpidr, 0);
    assert_int_equal(hardware.cpus[1].mpidr, 1);
    assert_int_equal(hardware.cpus[2].mpidr, 0x100);
    assert_int_equal(warning_count, 1);
    assert_string_equal(last_warning, "device tree: CPU 0x200 cannot be started by PSCI");
    assert_int_equal(arch->psci_conduit, HARDWARE_PSCI_SMC);
    assert_int_equal(arch->gic_version, 2);
    expect_registers(arch->distributor, 0x100001000, 0x1000);
    expect_registers(arch->gicc, 0x100002000, 0x2000);
    expect_registers(arch->gich, 0x100004000, 0x2000);
    expect_registers(arch->gicv, 0x100006000, 0x2000);
    expect_registers(arch->v2m, 0x100008000, 0x1000);
    assert_int_equal(arch->v2m_first_spi, 80);
    assert_int_equal(arch->v2m_spi_count, 64);
    expect_interrupt(arch->maintenance, 25, 0);
    expect_interrupt(arch->physical_timer, 30, 0);
    expect_interrupt(arch->virtual_timer, 27, 1);
    expect_interrupt(arch->hyper_timer, 26, 0);
    expect_registers(arch->rtc, 0x10000c000, 0x1000);
    assert_int_equal(hardware.tpm_start_method, 6);
    assert_int_equal(hardware.tpm_control_area, 0x10000d000);
    assert_int_equal(arch->smmu_count, 1);
    expect_registers(arch->smmus[0].registers, 0x100020000, 0x20000);
    assert_int_equal(arch->smmus[0].event_interrupt, 106);
    assert_int_equal(arch->smmus[0].error_interrupt, 109);
    assert_int_equal(arch->smmus[0].command_interrupt, 108);
    assert_int_equal(hardware.ecam_count, 1);
    assert_int_equal(hardware.ecams[0].address, 0x400f000000); /* of bus 0 */
    assert_int_equal(hardware.ecams[0].segment, 3);
    assert_int_equal(hardware.ecams[0].first_bus, 16);
    assert_int_equal(hardware.ecams[0].last_bus, 31);
    expect_registers(arch->device_tree, (uintptr_t)tree_bytes, fdt_totalsize(tree_bytes));
}

static void test_hardware_with_gic_v3(void **state)
{
    (void)state;
    const struct hardware_arch *arch = &hardware.arch;
    open_tree(make_tree(add_gic_v3));
    device_tree_hardware(&tree, 0x200, &hardware);
    assert_int_equal(hardware.cpu_count, 3); /* 1, 0x100 and the one that runs */
    assert_int_equal(hardware.cpus[2].mpidr, 0x200);
    assert_int_equal(arch->gic_version, 3);
    expect_registers(arch->distributor, 0x100010000, 0x10000);
    assert_int_equal(arch->redistributor_count, 2);
    expect_registers(arch->redistributors[0], 0x100100000, 0x80000);
    expect_registers(arch->redistributors[1], 0x100200000, 0x40000);
    assert_int_equal(arch->its_count, HARDWARE_MAX_ITS);
    assert_int_equal(arch->its[7].address, 0x1003e0000);
    assert_int_equal(arch->its[7].id, 7);
    expect_interrupt(arch->maintenance, 25, 0);
    assert_int_equal(arch->smmu_count, 0);
}

/* GRUB makes such a tree where there are ACPI tables. */
static void test_chosen_alone(void **state)
{
    (void)state;
    start_tree();
    begin("chosen");
    CELLS("linux,initrd-start", 0x50000000);
    CELLS("linux,initrd-end", 0x50001000);
    end();
    open_tree(finish_tree());
    assert_false(device_tree_chosen(&tree, &source));
    assert_int_equal(source.module_count, 1);
    assert_int_equal(source.modules[0].address, 0x50000000);
    /* Without memory it is none to start from. */
    assert_int_equal(device_tree_boot_source(&tree, &source, &error), 0);
    assert_non_null(strstr(error.text, "no memory"));
}

static void test_random_numbers(void **state)
{
    (void)state;
    static const char seed[] = "0123456789abcdefghijklmnopqrstuv", kaslr[] = "KASLRkaslr";
    struct device_tree_random random;
    start_tree();
    begin("chosen");
    text("bootargs", "before");
    assert_int_equal(fdt_property(tree_bytes, "rng-seed", seed, 32), 0);
    assert_int_equal(fdt_property(tree_bytes, "kaslr-seed", kaslr, 8), 0);
    text("stdout-path", "after");
    end();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size, 32);
    assert_memory_equal(random.seed, seed, 32);
    assert_int_equal(random.kaslr_size, 8);
    assert_memory_equal(random.kaslr, kaslr, 8);
    /* Nothing of them is left, and the rest is as it was. */
    assert_null(memmem(tree_bytes, tree.size, seed, 8));
    assert_null(memmem(tree_bytes, tree.size, kaslr, 8));
    int chosen = fdt_path_offset(tree_bytes, "/chosen");
    assert_null(fdt_getprop(tree_bytes, chosen, "rng-seed", NULL));
    assert_string_equal(fdt_getprop(tree_bytes, chosen, "bootargs", NULL), "before");
    assert_string_equal(fdt_getprop(tree_bytes, chosen, "stdout-path", NULL), "after");
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size + random.kaslr_size, 0);
}

static void test_random_numbers_of_odd_sizes(void **state)
{
    (void)state;
    static uint8_t much[200];
    struct device_tree_random random;
    memset(much, 'm', sizeof(much));
    start_tree();
    begin("chosen");
    assert_int_equal(fdt_property(tree_bytes, "rng-seed", much, sizeof(much)), 0);
    assert_int_equal(fdt_property(tree_bytes, "kaslr-seed", "", 0), 0);
    end();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size, sizeof(random.seed));
    assert_int_equal(random.kaslr_size, 0);
    assert_null(memmem(tree_bytes, tree.size, "mmmm", 4)); /* what does not fit goes, too */
}

static void test_no_random_numbers(void **state)
{
    (void)state;
    struct device_tree_random random;
    start_tree();
    open_tree(finish_tree());
    device_tree_take_random(&tree, &random);
    assert_int_equal(random.seed_size + random.kaslr_size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_boot_source),
        TEST(test_console),
        TEST(test_hardware_with_gic_v2),
        TEST(test_hardware_with_gic_v3),
        TEST(test_chosen_alone),
        TEST(test_random_numbers),
        TEST(test_random_numbers_of_odd_sizes),
        TEST(test_no_random_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
